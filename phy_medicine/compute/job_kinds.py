"""The table of heavy computations: what each is called, what it needs, and where its code is.

A kind names its function and its settings as `module:name`, so that the table costs no import: the function is
imported in the worker, the settings when a dialog or a command line asks for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import Param, params_of

BUILT_IN = ("phy_medicine.compute.motion.job",)
"""Modules that `register` a kind when they are imported; they must be light."""


@dataclass(frozen=True, slots=True)
class JobKind:
    """One kind of heavy computation.

    name : "motion", as typed and as the store files its runs
    title : what people read, "Motion of the probe"
    settings : frozen dataclass of `setting` fields, or "module:Class" of it
    run : "module:function" of `run(context: JobContext) -> Mapping[str, array]`, called in the worker
    uses_gpu : whether it can compute on a graphics card; such jobs run one at a time
    help : one or two sentences
    inputs : names of what a dataset gives to it: "times_s", "depths_um", "amplitudes" of all spikes
    units : name of a result array -> its unit
    """

    name: str
    title: str
    settings: type | str
    run: str
    uses_gpu: bool = False
    help: str = ""
    inputs: tuple[str, ...] = ()
    units: tuple[tuple[str, str], ...] = field(default=())

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
        if isinstance(self.settings, str):
            return self.settings
        return f"{self.settings.__module__}:{self.settings.__qualname__}"


_kinds: dict[str, JobKind] = {}
_loaded = False


def register(kind: JobKind) -> JobKind:
    """Add a kind to the table, in place of one of the same name."""
    _kinds[kind.name] = kind
    return kind


def unregister(name: str) -> None:
    """Take a kind out of the table."""
    _kinds.pop(name, None)


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
        _kinds.clear()
        for module in BUILT_IN:
            if _exists(module):
                import_module(module)
        _kinds.update(registered)
    yield from tuple(_kinds.values())


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
