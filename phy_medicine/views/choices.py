"""Settings of a view: what they can be now, where plugins add choices, and what is kept of them."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from phy_medicine.base.params import Param, changed, params_of


class Choices:
    """The part of a view that knows what its settings can be now, and keeps them."""

    settings: Any
    settings_type: ClassVar[type]
    auto_update: bool

    def more_choices(self, setting: str) -> tuple[str, ...]:
        """Return what plugins add to the choices of a setting."""
        return ()

    def params(self) -> tuple[Param, ...]:
        """Return the table of the view's settings, with the choices that there are now."""
        return tuple(
            dataclasses.replace(p, choices=(*p.choices, *self.more_choices(p.name)), more=False) if p.more else p
            for p in params_of(self.settings)
        )

    def checked(self, **values: Any) -> Any:
        """Return the settings with new values.

        Raises
        ------
        PhyMedError : unknown setting, value out of range, or a choice that is not there now
        """
        for param in self.params() if values else ():
            if param.choices and param.name in values:
                param.check(values[param.name])
        return changed(self.settings, **values)

    def lost_choices(self) -> dict[str, Any]:
        """Return the default of each setting whose choice is gone with its plugin, by name."""
        return {
            p.name: p.default for p in self.params() if p.choices and getattr(self.settings, p.name) not in p.choices
        }

    def next_choice(self, setting: str, by: int = 1) -> Any:
        """Return the choice after the one that a setting has now, or before it."""
        choices = next(p.choices for p in self.params() if p.name == setting)
        return choices[(choices.index(getattr(self.settings, setting)) + by) % len(choices)]

    def state(self) -> dict[str, Any]:
        """Return what is saved between sessions, as JSON values."""
        return {"settings": dataclasses.asdict(self.settings), "auto_update": self.auto_update}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over a saved state; settings unknown to this version are left out.

        Raises
        ------
        PhyMedError : a value out of range
        """
        known = {field.name for field in dataclasses.fields(self.settings_type)}
        values = {key: value for key, value in state.get("settings", {}).items() if key in known}
        self.settings = changed(self.settings, **values)
        self.settings = changed(self.settings, **self.lost_choices())
        self.auto_update = bool(state.get("auto_update", True))
