"""`GUIState`: what plugins remember between sessions, kept in the state of the window."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.base.log import logger

KEY = "phy_gui_state"


class GUIState(Bunch):
    """Values by name of the view or of the plugin's choosing; those of "local keys" belong to the dataset.

    window_state : where they are kept; without one nothing is
    """

    __slots__ = ("_beside",)

    def __init__(self, path: str | Path | None = None, window_state: Any = None, **values: Any) -> None:
        super().__init__(**values)
        # Attributes are items; a slot is not.
        self._beside = _Beside(window_state, Path(path) if path else None)
        self.load()

    def get_view_state(self, view: Any) -> Any:
        """Return what is remembered of a view, by its name."""
        return self.get(view.name, Bunch())

    def update_view_state(self, view: Any, state: dict[str, Any]) -> None:
        """Remember values of a view."""
        self.setdefault(view.name, Bunch()).update(state)

    def add_local_keys(self, keys: Iterable[str]) -> None:
        """Remember these values, written as `View.field`, with the dataset."""
        beside = self._beside
        beside.local_keys.extend(key for key in keys if key not in beside.local_keys)

    def load(self) -> None:
        """Take over what was remembered."""
        beside = self._beside
        if beside.path is not None and beside.path.exists():
            self.update(_bunches(json.loads(beside.path.read_text("utf-8"))))
        if beside.window_state is not None:
            self.update(_bunches(beside.window_state.get(KEY, {})))
            for key, fields in beside.window_state.get(f"{KEY}_local", {}).items():
                self.setdefault(key, Bunch()).update(_bunches(fields))

    def save(self) -> None:
        """Keep the values; what cannot be written as JSON, and names with an underscore, are left out."""
        beside = self._beside
        everywhere, local = self._parts(beside.local_keys)
        if beside.path is not None:
            beside.path.parent.mkdir(parents=True, exist_ok=True)
            beside.path.write_text(json.dumps(everywhere, indent=1), "utf-8")
        if beside.window_state is not None:
            beside.window_state.set(KEY, everywhere)
            if local:
                beside.window_state.set(f"{KEY}_local", local, local=True)

    def _parts(self, local_keys: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
        everywhere, local = {}, dict[str, Any]()
        for name, value in self.items():
            try:
                if not str(name).startswith("_"):
                    everywhere[name] = copy.deepcopy(json.loads(json.dumps(value)))
            except (TypeError, ValueError) as error:
                logger.warning("%s is not remembered between sessions: %s.", name, error)
        for view, _, field in (key.partition(".") for key in local_keys):
            if isinstance(everywhere.get(view), dict) and field in everywhere[view]:
                local.setdefault(view, {})[field] = everywhere[view].pop(field)
        return everywhere, local


class _Beside:
    def __init__(self, window_state: Any, path: Path | None) -> None:
        self.window_state, self.path = window_state, path
        self.local_keys: list[str] = []


def _bunches(values: Any) -> Any:
    """Dictionaries as Bunches, to any depth."""
    return Bunch({k: _bunches(v) for k, v in values.items()}) if isinstance(values, dict) else values
