"""What a person configured: values by name, each with the file it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, TypeVar

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import changed, params_of
from phy_medicine.base.words import shortened

S = TypeVar("S")

COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Configured:
    """One value.

    name : "theme", or "WaveformView.n_spikes" of a view, "motion.depth_bin_um" of a job, "shortcuts.merge"
    value : checked, made of what JSON can hold
    source : the file, or "command line"
    local : from the dataset's own file, so that it holds for no other
    once : from the command line, so that it holds for this start
    """

    name: str
    value: Any
    source: str
    local: bool = False
    once: bool = False


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that was configured for one dataset; nothing at all by default.

    values : by name, of each name the last that counts
    plugin_dirs : folders of plugin files, those of phy first
    plugin_names : `gui_name` of phy -> classes to attach; under "" those for every window
    modules : configuration files that were run, which may define plugins themselves
    problems : one sentence for each line that was left out
    files : files that were read
    """

    values: Mapping[str, Configured] = field(default_factory=lambda: MappingProxyType({}))
    plugin_dirs: tuple[Path, ...] = ()
    plugin_names: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    modules: tuple[ModuleType, ...] = ()
    problems: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value, or the default when nobody configured it."""
        found = self.values.get(name)
        return default if found is None else found.value

    def section(self, name: str) -> dict[str, Any]:
        """Return what was configured of a view, a job, the shortcuts or the groups, by the name within it."""
        begin = f"{name}."
        return {key.removeprefix(begin): c.value for key, c in self.values.items() if key.startswith(begin)}

    @property
    def sections(self) -> tuple[str, ...]:
        """Names of all sections."""
        return tuple(dict.fromkeys(name.partition(".")[0] for name in self.values if "." in name))

    def names_for(self, gui_name: str) -> tuple[str, ...]:
        """Return the plugins to attach to a window that phy calls `gui_name`, in order, each once."""
        return tuple(dict.fromkeys((*self.plugin_names.get(gui_name, ()), *self.plugin_names.get("", ()))))


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that names the nearest match: " Did you mean theme?", "" when none is near."""
    import difflib

    by_lower = {k.lower(): k for k in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    return f" Did you mean {by_lower[found[0]]}?" if found else ""


def settings_of(configuration: Configuration, section: str, settings: S) -> tuple[S, tuple[str, ...]]:
    """Return settings of a view or a job with what was configured of them, and a sentence for each value left out."""
    known = [p.name for p in params_of(settings)]
    problems = []
    for name, value in configuration.section(section).items():
        source = configuration.values[f"{section}.{name}"].source
        if name not in known:
            problems.append(f"{source}: {section} has no setting {shortened(name)}.{nearest(name, known)}")
            continue
        try:
            settings = changed(settings, **{name: value})
        except PhyMedError as error:
            problems.append(f"{source}: {section}.{error} The line was left out.")
    return settings, tuple(problems)
