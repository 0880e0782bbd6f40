"""What configuration files say, checked line by line, and put together in the order in which they count."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from phy_medicine.app.config import plugin_dirs
from phy_medicine.app.config_files import Given, written
from phy_medicine.app.config_table import SECTIONS, STRUCTURED, USER_ONLY, general_table
from phy_medicine.base.configuration import COMMAND_LINE, Configuration, Configured, nearest
from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.json_text import parse_json
from phy_medicine.base.params import Param, params_of
from phy_medicine.base.paths import user_dir
from phy_medicine.base.words import shortened, shown

_GUI_NAMES = ("TemplateGUI", "KwikGUI", "TraceGUI", "BaseGUI")
_OF_PHY = {
    ("CorrelogramView", "bin_size"): ("bin_ms", 1000.0),
    ("CorrelogramView", "window_size"): ("window_ms", 1000.0),
    ("CorrelogramView", "refractory_period"): ("refractory_ms", 1000.0),
    ("TraceView", "show_labels"): ("labels", None),
    ("WaveformView", "show_labels"): ("labels", None),
}
"""Section and name of phy -> the name here, and a factor."""


def job_names() -> tuple[str, ...]:
    """Names of the jobs of the program."""
    from phy_medicine.compute.job_kinds import kinds

    return tuple(kind.name for kind in kinds())


def small_sections() -> tuple[str, ...]:
    return (*SECTIONS, "jobs", *job_names())


def typed(text: str) -> tuple[str, str, Any]:
    """Return section, name and value of `NAME=VALUE` as it was typed.

    Raises
    ------
    PhyMedError : no equals sign
    """
    name, sign, word = text.partition("=")
    if not sign or not name.strip():
        raise PhyMedError(f"{shown(text)} is no setting; write NAME=VALUE, such as theme=light.")
    section, _, inner = name.strip().removeprefix("c.").removeprefix("PhyMed.").rpartition(".")
    if section.partition(".")[0] in SECTIONS:  # an action of a view has a dot in its name
        section, _, inner = name.strip().partition(".")
    try:
        value: Any = parse_json(word)
    except ValueError:
        value = word.strip()
    return section, inner, value


@dataclass(slots=True)
class Reader:
    """Collects values, later ones in place of earlier ones of the same name."""

    values: dict[str, Configured] = field(default_factory=dict)
    dirs: list[Path] | None = None
    names: dict[str, list[str]] = field(default_factory=dict)
    modules: list[ModuleType] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    def take(self, path: Path, read: Callable[[], Given]) -> None:
        """Read a file and add what it says."""
        self.files.append(path)
        try:
            given = read()
        except PhyMedError as error:
            self.problems.append(str(error))
            return
        if given.module is not None:
            self.modules.append(given.module)
        for entry in sorted(given.entries, key=lambda entry: bool(entry[0])):  # what is said of one view counts more
            self.add(entry, given.source, local=given.local)

    def add(self, entry: tuple[str, str, Any], source: str, *, local: bool = False) -> None:
        """Add one value, or the sentence that says why not."""
        section, name, value = entry
        try:
            if local and (section or name) in USER_ONLY:
                raise PhyMedError(f"{section or name} cannot be set by a dataset; put it into {written(user_dir())}.")
            if section in _GUI_NAMES or section == "Plugins":
                self._add_of_phy(section, name, value)
                return
            for key, checked in self._checked(section, name, value):
                self.values[key] = Configured(key, checked, source, local, once=source == COMMAND_LINE)
        except PhyMedError as error:
            self.problems.append(f"{source}: {error}")

    def add_typed(self, entry: tuple[str, str, Any]) -> None:
        """Add a value of the command line.

        Raises
        ------
        PhyMedError : no such name, or a value that cannot be
        """
        n = len(self.problems)
        self.add(entry, COMMAND_LINE)
        if len(self.problems) > n:
            raise PhyMedError(self.problems[-1].removeprefix(f"{COMMAND_LINE}: "))

    def _add_of_phy(self, section: str, name: str, value: Any) -> None:
        """Take over what phy's own keys say of plugins."""
        if (section, name) == ("Plugins", "dirs"):
            self.dirs = [*(self.dirs or ()), *map(Path, STRUCTURED["plugin_dirs"].check(value))]
        elif name == "plugins":
            self.names.setdefault(section, []).extend(STRUCTURED["plugins"].check(value))
        else:
            advice = " Choose a layout by c.PhyMed.layout." if name == "default_views" else ""
            raise PhyMedError(f"{shortened(f'{section}.{name}')} is not used here.{advice}")

    def _checked(self, section: str, name: str, value: Any) -> Iterable[tuple[str, Any]]:
        """Return names and values as they are kept.

        Raises
        ------
        PhyMedError : no such name, or a value that cannot be
        """
        if not section and name == "filtered":
            from phy_medicine.compute.signal_filters import HIGH_PASS, NONE

            value = general_table()[name].check(value)
            signal = HIGH_PASS if value else NONE
            return (name, value), ("TraceView.filter", signal), ("TraceImageView.filter", signal)
        if not section:
            return ((name, self._general(name, value)),)
        key = f"{section}.{name}"
        if section in SECTIONS:
            return ((key, _named(SECTIONS[section].check, value, key)),)
        if section[0].islower():
            return ((key, _json(_param(section, name).check(value), key)),)
        inner, factor = _OF_PHY.get((section, name), (name, None))
        return ((f"{section}.{inner}", _json(value if factor is None else _times(value, factor, key), key)),)

    def _general(self, name: str, value: Any) -> Any:
        table = general_table()
        if name in STRUCTURED:
            checked = _named(STRUCTURED[name].check, value, name)
            if name == "plugins":
                self.names.setdefault("", []).extend(checked)
            if name == "plugin_dirs":
                self.dirs = [*(self.dirs or ()), *map(Path, checked)]
            return checked
        if name not in table:
            known = [*table, *STRUCTURED, *SECTIONS, *small_sections()]
            raise PhyMedError(f"There is no setting {shortened(name)}.{nearest(name, known)}")
        return table[name].check(value)

    def result(self) -> Configuration:
        """Return what was collected."""
        return Configuration(
            values=MappingProxyType(self.values),
            plugin_dirs=plugin_dirs(self.dirs),
            plugin_names=MappingProxyType({gui: tuple(names) for gui, names in self.names.items()}),
            modules=tuple(self.modules),
            problems=tuple(self.problems),
            files=tuple(self.files),
        )


def _named(check: Any, value: Any, name: str) -> Any:
    try:
        return check(value)
    except PhyMedError as error:
        raise PhyMedError(f"{shortened(name)} {error}") from None


def _param(section: str, name: str) -> Param:
    """Return the setting of a job, or of the queue of jobs.

    Raises
    ------
    PhyMedError : no such job or setting
    """
    if section != "jobs" and section not in job_names():
        raise PhyMedError(f"There is no job {shortened(section)}.{nearest(section, small_sections())}")
    table = {param.name: param for param in section_table(section)}
    if name not in table:
        raise PhyMedError(f"{section} has no setting {shortened(name)}.{nearest(name, table)}")
    return table[name]


def section_table(section: str) -> tuple[Param, ...]:
    """Return the settings of a job by its name, or of the queue, "jobs"."""
    from phy_medicine.compute.job import QueueSettings
    from phy_medicine.compute.job_kinds import kind

    return params_of(QueueSettings) if section == "jobs" else kind(section).offered


def _json(value: Any, name: str) -> Any:
    """Return the value as JSON would give it back.

    Raises
    ------
    PhyMedError : JSON cannot hold it
    """
    try:
        return parse_json(json.dumps(value))
    except (TypeError, ValueError, RecursionError):
        raise _wrong(name, value) from None


def _times(value: Any, factor: float, name: str) -> float:
    """Return a number of phy in our unit.

    Raises
    ------
    PhyMedError : it is none
    """
    try:
        return float(value) * factor
    except (TypeError, ValueError, OverflowError):
        raise _wrong(name, value) from None


def _wrong(name: str, value: Any) -> PhyMedError:
    return PhyMedError(f"{shortened(name)} cannot be {shown(value)}; give a number, a text, True or False.")
