"""What was configured, in the window: settings of views, what is done at opening, and names that mean nothing here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from phy_medicine.base.configuration import nearest, settings_of
from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.log import logger
from phy_medicine.gui.state import WindowState
from phy_medicine.session.similar import COMBINED, POSITION

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow

S = TypeVar("S")
_HERE = "view_changes"
"""What was changed by hand in views whose setting is configured for this dataset alone."""


class ConfiguredViews:
    """Joins what is configured of views with what the window remembers of them."""

    def __init__(self, state: WindowState) -> None:
        self._state = state
        self._told: set[str] = set()
        here = state.get(_HERE)
        self._here: dict[str, Any] = dict(here) if isinstance(here, Mapping) else {}

    def settings(self, kind: str, settings: S) -> S:
        """Return the settings of a kind of view as configured; what cannot be is told of once."""
        configured, problems = settings_of(self._state.configuration, kind, settings)
        for problem in problems:
            if problem not in self._told:
                self._told.add(problem)
                logger.warning("%s", problem)
        return configured

    def without_old(self, views: dict[str, Any]) -> dict[str, Any]:
        """Return what is remembered of all views, without settings whose line was changed since."""
        return {name: self._without_old(state) for name, state in views.items()}

    def _without_old(self, state: dict[str, Any]) -> dict[str, Any]:
        kind, here = state.get("kind", ""), self._state.stays_here
        settings = dict(state.get("settings", {}))
        kept = self._state.changed_since(kind, settings)
        return {**state, "settings": {n: v for n, v in settings.items() if n in kept or here(f"{kind}.{n}")}}

    def remembered(self, kind: str, name: str, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the remembered state of a view, with those settings alone that count more than the configured ones."""
        stays = self._state.stays_here
        general = {n: v for n, v in dict(state.get("settings", {})).items() if not stays(f"{kind}.{n}")}
        here = {n: v for n, v in dict(self._here.get(name, {})).items() if stays(f"{kind}.{n}")}
        return {**state, "settings": self._state.changed_since(kind, {**general, **here})}

    def kept(self, kind: str, name: str, state: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        """Return what to remember of a view for all datasets: without what is only as configured.

        before : what was remembered of it; it stays where a setting is configured for this dataset alone
        """
        settings, old, here = dict(state["settings"]), dict(before.get("settings", {})), {}
        for key, configured in self._state.configuration.section(kind).items():
            if key not in settings:
                continue
            value = settings.pop(key)
            if self._state.stays_here(f"{kind}.{key}"):
                settings |= {key: old[key]} if key in old else {}
                here |= {key: value} if value != configured else {}
            elif value != configured:
                settings[key] = value
        if here or name in self._here:
            self._here[name] = here
            self._state.set(_HERE, self._here, local=True)
        return {**state, "settings": settings}


def apply(window: MainWindow) -> None:
    """Do what was configured for the opening of a window: filter, similarity, marks of events."""
    state, session = window.state, window.session
    text, metric = state.get("filter"), state.get("similarity", "auto")
    _try(state, "filter", lambda: session.filter(text) if text else None)
    if metric not in ("auto", "drift"):  # drift-aware as soon as a motion is in use is what auto does
        if metric in (POSITION, COMBINED):  # there once the positions used before are read
            session.similar.choose_when_there(metric)
        else:
            _try(state, "similarity", lambda: setattr(session.similar, "metric", metric))
    if state.get("show_events", True) is False:
        window.host.show_events(False)


def _try(state: WindowState, name: str, call: Callable[[], Any]) -> None:
    try:
        call()
    except PhyMedError as error:
        source = state.configuration.values[name].source if name in state.configuration.values else "window state"
        logger.warning("%s: %s: %s", source, name, error)


def unknown_names(window: MainWindow) -> list[str]:
    """Return a sentence for each configured name of a view, an action, a column or a layout that does not exist."""
    configuration, table = window.state.configuration, window.commands.table
    kinds, views = window.panels.kinds, [s for s in configuration.sections if s[:1].isupper()]
    found = [(f"{v}.", "view", v, kinds) for v in views if v not in kinds and (v.endswith("View") or nearest(v, kinds))]
    names = window.commands.shortcuts.names()
    for name in configuration.section("shortcuts"):
        owner = name.partition(".")[0] if "." in name else ""
        if name not in names and (not owner or owner not in kinds or any(a.owner == owner for a in table)):
            found.append((f"shortcuts.{name}", "action", name, names))
    for key, widget in (("columns", window.tables.clusters), ("similar_columns", window.tables.similar)):
        columns = [column.name for column in widget.model.columns]
        found += [(key, "column", name, columns) for name in configuration.get(key, ()) if name not in columns]
    layout, layouts = configuration.get("layout"), window.layouts.names()
    if layout is not None and layout.lower() not in [name.lower() for name in layouts]:
        found.append(("layout", "layout", layout, layouts))
    return [_sentence(window, *entry) for entry in found]


def tell(window: MainWindow) -> None:
    """Say in the status bar what was left out of the configuration, and how to see all of it."""
    configuration = window.state.configuration
    problems = [*configuration.problems, *(unknown_names(window) if configuration.values else ())]
    for problem in problems[len(configuration.problems) :]:
        logger.warning("%s", problem)
    if problems:
        more = len(problems) - 1
        path, colon, sentence = problems[0].partition(": ")  # the status bar has no room for folders
        window.say(
            f"{Path(path).name}{colon}{sentence}" + (f" And {more} more: `phy-med doctor` shows all." if more else ""),
            logging.WARNING,
        )


def _sentence(window: MainWindow, key: str, noun: str, name: str, known: Iterable[str]) -> str:
    values = window.state.configuration.values.values()
    source = next((c.source for c in values if c.name == key or c.name.startswith(key)), "")
    return f"{source}: There is no {noun} {name}.{nearest(name, known)}"
