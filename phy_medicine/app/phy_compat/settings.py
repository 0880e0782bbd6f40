"""Numbers of the controller that plugins set, such as `n_spikes_waveforms`."""

from __future__ import annotations

from typing import Any

from phy_medicine.app.phy_compat.events import bus


class Setting:
    """An attribute with a default; setting it emits `controller_setting` (name, value) of the controller."""

    def __init__(self, default: Any) -> None:
        self._default = default
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, controller: Any, owner: type) -> Any:
        if controller is None:
            return self._default
        return controller.changed_settings.get(self._name, self._default)

    def __set__(self, controller: Any, value: Any) -> None:
        controller.changed_settings[self._name] = value
        bus.emit("controller_setting", controller, self._name, value)
