"""Numbers that plugins set on the controller, in the program's own views."""

from __future__ import annotations

from typing import Any

from phy_medicine.app.phy_compat.events import bus

_SETTINGS = {"n_spikes_waveforms": ("WaveformView", "n_waveforms")}
"""Number of the controller -> class of views, and the setting of theirs."""


def follow_settings(controller: Any) -> None:
    """Set them in the views that are open, and in those to come."""

    def apply(sender: Any, *args: Any) -> None:
        window = getattr(controller.gui, "main", None)
        if window is None:
            return
        for name, value in controller.changed_settings.items():
            kind, setting = _SETTINGS.get(name, ("", ""))
            for panel in window.panels:
                view = panel.view
                if type(view).__name__ == kind and getattr(view.settings, setting) != value:
                    view.change(**{setting: int(value)})

    bus.connect(apply, event="controller_setting", sender=controller, owner="")
    bus.connect(apply, event="gui_ready", sender=controller, owner="", last=True)
    bus.connect(apply, event="view_attached", owner="", last=True)
