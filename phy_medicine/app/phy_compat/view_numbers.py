"""How many spikes the program's views draw, as plugins set it on the controller."""

from __future__ import annotations

from typing import Any

from phy_medicine.app.phy_compat.events import bus
from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.log import logger

NUMBERS = {
    "n_spikes_waveforms": ("WaveformView", "n_waveforms"),
    "n_spikes_features": ("FeatureView", "n_spikes"),
    "n_spikes_features_background": ("FeatureView", "n_background"),
}
"""Number of the controller -> kind of view and its setting; the other views draw all spikes, whatever the number."""


def follow_numbers(controller: Any) -> None:
    """Give views the numbers that plugins have set and will set, those that are opened later too."""

    def on_controller_setting(sender: Any, name: str, value: Any) -> None:
        if name in NUMBERS and controller.gui is not None:
            for panel in controller.gui.main.panels:
                _set(panel, name, value)

    def on_view_attached(view: Any, gui: Any) -> None:
        panel = gui.panel_of(view) if gui is controller.gui else None
        for name, value in controller.changed_settings.items():
            if panel is not None and name in NUMBERS:
                _set(panel, name, value)

    bus.connect(on_controller_setting, sender=controller, owner="")
    bus.connect(on_view_attached, owner="", last=True)


def _set(panel: Any, name: str, value: Any) -> None:
    kind, setting = NUMBERS[name]
    if panel.kind != kind:
        return
    try:
        panel.view.change(**{setting: value})
    except PhyMedError as error:
        logger.warning("%s: %s", name, error)
