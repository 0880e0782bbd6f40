"""The table of heavy computations: what each is called, what it needs, and where its code is.

A kind of the program names its function and its settings as `module:name`, so that the table costs no import: the
function is imported in the worker, the settings when a dialog or a command line asks for them. A plugin gives them
themselves; the worker runs the file of the plugin for them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import Param, params_of

BUILT_IN = (
    "phy_medicine.compute.motion.job",
    "phy_medicine.compute.localize.job",
    "phy_medicine.compute.localize.network_job",
    "phy_medicine.compute.sorters.resort",
    "phy_medicine.compute.sorting.job",
    "phy_medicine.compute.mixture.job",
    "phy_medicine.compute.mixture.recluster",
    "phy_medicine.compute.mixture.sweep",
)
"""Modules that `register` a kind when they are imported; they must be light."""


@dataclass(frozen=True, slots=True)
class JobKind:
    """One kind of heavy computation.

    name : "motion", as typed and as the store files its runs
    title : what people read, "Motion of the probe"
    settings : frozen dataclass of `setting` fields, or "module:Class" of it
    run : `run(context: JobContext) -> Mapping[str, array]`, called in the worker; or "module:function" of it
    uses_gpu : whether it can compute on a graphics card; such jobs run one at a time
    help : one or two sentences
    inputs : names of what a dataset gives to it: "times_s", "depths_um", "amplitudes", "spike_samples",
        "peak_channels" of all spikes; "dataset" is a description that `io.dataset_file` opens
    units : name of a result array -> its unit
    stored_as : kind under which the store files its runs, where that is another one's; "" is `name`
    parts : arrays of the result that become a run of another kind, linked to the first: (kind, names of arrays)
    resumable : an interrupted one can go on with what it wrote into `JobContext.kept`
    makes_dataset : it is no job on a dataset, but makes one of a recording
    """

    name: str
    title: str
    settings: type | str
    run: str | Callable[[Any], Mapping[str, Any]]
    uses_gpu: bool = False
    help: str = ""
    inputs: tuple[str, ...] = ()
    units: tuple[tuple[str, str], ...] = field(default=())
    stored_as: str = ""
    parts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    resumable: bool = False
    makes_dataset: bool = False

    @property
    def settings_class(self) -> type:
        """The settings' class, imported now if it was named only."""
        found = load(self.settings) if isinstance(self.settings, str) else self.settings
        if not isinstance(found, type):
            raise PhyMedError(f"{self.settings} of the job {self.name} is no class of settings.")
        return found

    @property
    def offered(self) -> tuple[Param, ...]:
        """The settings that matter when the result goes into the store."""
        return tuple(param for param in params_of(self.settings_class) if not param.files)

    @property
    def settings_path(self) -> str:
        """`module:Class` of the settings."""
        return _path_of(self.settings)

    @property
    def run_path(self) -> str:
        """`module:function` of the function."""
        return _path_of(self.run)

    @property
    def source(self) -> Path | None:
        """The file of the function, when it is no module that another process could import by its name."""
        module = sys.modules.get(self.run_path.partition(":")[0])
        scope = getattr(self.run, "__globals__", {} if module is None else vars(module))
        file = scope.get("__file__")
        return Path(file) if file and scope.get("__spec__", self) is None else None


def _path_of(thing: Any) -> str:
    return thing if isinstance(thing, str) else f"{thing.__module__}:{thing.__qualname__}"


_kinds: dict[str, JobKind] = {}
_own: set[str] = set()
_loaded = False


def register(kind: JobKind) -> JobKind:
    """Add a kind to the table, in place of one of the same name."""
    _kinds[kind.name] = kind
    return kind


def unregister(name: str) -> None:
    """Take a kind out of the table."""
    _kinds.pop(name, None)


def is_own(name: str) -> bool:
    """Whether a kind is the program's own."""
    return any(found.name == name for found in _all()) and name in _own


def kinds() -> tuple[JobKind, ...]:
    """Return all kinds, those of the program first."""
    return tuple(_all())


def kind(name: str) -> JobKind:
    """Return the kind of a name.

    Raises
    ------
    PhyMedError : there is none
    """
    for found in _all():
        if found.name == name:
            return found
    raise PhyMedError(f"There is no job {name!r}; there are {', '.join(k.name for k in _all()) or 'none'}.")


def _all() -> Iterator[JobKind]:
    global _loaded
    if not _loaded:
        _loaded = True
        registered = dict(_kinds)
        for module in BUILT_IN:
            if _exists(module):
                import_module(module)
        # Some of them may have been imported, and registered, before.
        known = [k for k in (*registered.values(), *_kinds.values()) if _module_of(k) in BUILT_IN]
        own = {k.name: k for k in sorted(known, key=lambda k: BUILT_IN.index(_module_of(k)))}
        _own.update(own)
        _kinds.clear()
        _kinds.update(own)
        _kinds.update({name: k for name, k in registered.items() if _module_of(k) not in BUILT_IN})
    yield from tuple(_kinds.values())


def _module_of(kind: JobKind) -> str:
    return kind.run.partition(":")[0] if isinstance(kind.run, str) else str(kind.run.__module__)


def _exists(module: str) -> bool:
    package = module.rpartition(".")[0]
    return find_spec(package) is not None and find_spec(module) is not None


def load(path: str) -> Any:
    """Return the object that `module:name` stands for.

    Raises
    ------
    PhyMedError : there is no such module or name
    """
    module, _, name = path.partition(":")
    try:
        found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise PhyMedError(f"{path} cannot be loaded ({error}); is the plugin it belongs to installed?") from error
    return found
