"""The tables of all settings together: what doctor shows and the documentation lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phy_medicine.app.config_reader import job_names, section_table
from phy_medicine.app.config_table import SECTIONS, STRUCTURED, general_table
from phy_medicine.base.configuration import Configuration, nearest, settings_of
from phy_medicine.base.params import Param, params_of
from phy_medicine.gui.state import WindowState

BUILT_IN, WINDOW = "default", "changed in the window"


@dataclass(frozen=True, slots=True)
class InForce:
    """A setting as it counts now, and from where it comes."""

    name: str
    value: Any
    source: str
    unit: str = ""

    @property
    def chosen(self) -> bool:
        """Whether somebody chose it."""
        return self.source != BUILT_IN


def view_settings() -> dict[str, Any]:
    """Return kind of view -> its settings as they are by default; loads the views, but opens nothing."""
    from phy_medicine.gui.panels import KINDS, view_class

    return {kind: view_class(kind).settings_type() for kind in sorted(KINDS)}


def job_tables() -> dict[str, tuple[Param, ...]]:
    """Return job -> the table of its settings; "jobs" is the queue."""
    return {name: section_table(name) for name in (*job_names(), "jobs")}


def settings_in_force(configuration: Configuration, dataset_dir: Path | None = None) -> list[InForce]:
    """Return every setting with the value that a window on the dataset would have."""
    from phy_medicine.base.paths import OwnFiles, user_dir

    state = WindowState(
        user_dir() / "state.json", None if dataset_dir is None else OwnFiles(dataset_dir).state, configuration
    )
    return [*_general(state), *_jobs(state), *_views(state)]


def _general(state: WindowState) -> Iterator[InForce]:
    for param in general_table().values():
        yield _one(state, param.name, state.get(param.name, param.default), param.default, param.unit)
    for name in STRUCTURED:
        if name in state.configuration.values:
            yield _one(state, name, state.configuration.get(name), None)
    for section in SECTIONS:
        remembered = state.get(section)
        chosen = state.changed_since(section, remembered) if isinstance(remembered, dict) else {}
        for name, value in {**state.configuration.section(section), **chosen}.items():
            yield _one(state, f"{section}.{name}", value, None)


def _jobs(state: WindowState) -> Iterator[InForce]:
    all_jobs = state.get("job_settings", {})
    for section, table in job_tables().items():
        remembered = state.get("jobs", {}) if section == "jobs" else dict(all_jobs).get(section, {})
        values = state.section(section, remembered)
        for param in table:
            name = f"{section}.{param.name}"
            yield _one(state, name, values.get(param.name, param.default), param.default, param.unit)


def _views(state: WindowState) -> Iterator[InForce]:
    panels = {name: dict(value) for name, value in state.merged("views").items() if "kind" in value}
    for kind, default in view_settings().items():
        configured, _ = settings_of(state.configuration, kind, default)
        for param in params_of(default):
            name, base = f"{kind}.{param.name}", getattr(configured, param.name)
            yield _one(state, name, base, param.default, param.unit)
            for panel, remembered in panels.items():
                settings = dict(remembered.get("settings", {}))
                changed = remembered["kind"] == kind and not state.is_fresh(name) and not state.stays_here(name)
                if changed and settings.get(param.name, base) != base:
                    yield InForce(name, settings[param.name], f"{WINDOW}, {panel}", param.unit)


def _one(state: WindowState, name: str, value: Any, default: Any, unit: str = "") -> InForce:
    configured = state.configuration.values.get(name)
    if configured is not None and value == configured.value:
        return InForce(name, value, configured.source, unit)
    return InForce(name, value, BUILT_IN if value == default else WINDOW, unit)


def view_problems(configuration: Configuration) -> list[str]:
    """Return a sentence for each configured value of a view that cannot be used."""
    views = view_settings()
    problems: list[str] = []
    for section in configuration.sections:
        if section in views:
            problems += settings_of(configuration, section, views[section])[1]
        elif section[:1].isupper() and nearest(section, views):
            source = next(c.source for c in configuration.values.values() if c.name.startswith(f"{section}."))
            problems.append(f"{source}: There is no view {section}.{nearest(section, views)}")
    return problems


def markdown() -> str:
    """Return the tables of all settings for the documentation."""
    views = {kind: params_of(default) for kind, default in view_settings().items()}
    blocks = ["### Of the program\n", _table("", tuple(general_table().values()))]
    blocks += ["Lists and dictionaries:\n", "| setting | meaning | example |\n|---|---|---|"]
    blocks += [f"| `{s.name}` | {s.help} | `{s.example}` |" for s in (*STRUCTURED.values(), *SECTIONS.values())]
    for title, tables in (("Of jobs", job_tables()), ("Of views", views)):
        blocks.append(f"\n### {title}\n")
        blocks += [_table(f"{section}.", table) for section, table in tables.items() if table]
    return "\n".join(blocks)


def _table(prefix: str, table: tuple[Param, ...]) -> str:
    rows = [
        f"| `{prefix}{p.name}` | {_cell(p.help)} | {_default(p)} | {_cell(_limits(p))} |" for p in table
    ]  # fmt: skip
    return "\n".join(["| setting | meaning | default | may be |", "|---|---|---|---|", *rows, ""])


def _default(param: Param) -> str:
    return "" if param.default == "" else f"{param.default} {param.unit}".strip()


def _limits(param: Param) -> str:
    if param.choices:
        return ", ".join(str(choice) or "empty" for choice in param.choices)
    limits = param.limits.removeprefix("lie ").removeprefix("be ")
    words = {bool: "True or False", str: "a text"}
    return limits or words.get(param.type, "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
