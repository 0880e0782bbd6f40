"""How the controller makes views: those of the program by phy's names, those of plugins through their creators."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from phy_medicine.app.phy_compat.events import bus
from phy_medicine.base.errors import ActionError
from phy_medicine.base.log import logger
from phy_medicine.session.extensions import Extensions

DEFAULT_VIEWS = (
    "ClusterScatterView", "CorrelogramView", "ISIView", "FiringRateView", "AmplitudeView", "ProbeView", "RasterView",
    "IPythonView", "WaveformView", "FeatureView", "TemplateView", "TraceView", "TraceImageView", "TemplateFeatureView",
)  # fmt: skip


_PHY_1 = {
    "manual_clustering": "controller.supervisor", "spikes_per_cluster": "controller.get_spike_ids",
    "connect": "phy.connect", "emit": "phy.emit", "add_view": "controller.view_creator",
    "register_view": "controller.view_creator", "get_waveforms": "controller._get_waveforms",
    "get_masks": "controller.get_best_channels",
}  # fmt: skip
"""Names of phy 1, and what phy 2 has instead."""


class ViewCreators:
    """The `create_<x>_view` methods of a controller."""

    extensions: Extensions
    gui: Any

    def _default_view_creators(self) -> dict[str, Callable[[], Any]]:
        return {name: partial(self._create_own, name) for name in DEFAULT_VIEWS}

    def _create_own(self, name: str) -> Any:
        """A view of the program, None before there is a window."""
        return None if self.gui is None else self.gui.create_and_add_view(name)

    def __getattr__(self, name: str) -> Any:
        words = name.split("_")
        if words[0] == "create" and words[-1] == "view" and len(words) > 2:
            wanted = "".join(words[1:]).lower()
            found = next((v for v in DEFAULT_VIEWS if v.lower() == wanted), None)
            if found is not None:
                return partial(self._create_own, found)
        if name in _PHY_1:
            raise AttributeError(
                f"{name!r} is of phy 1. Since phy 2 there is {_PHY_1[name]}: rewrite the plugin for it."
            )
        raise AttributeError(f"The controller has no {name!r}.")

    def at_least_one_view(self, view_name: str) -> None:
        """Add a view of a name to the window when it has none."""

        def on_gui_ready(sender: Any, gui: Any) -> None:
            if gui.view_count.get(view_name, 0) == 0:
                gui.create_and_add_view(view_name)

        bus.connect(on_gui_ready, sender=self)

    def create_gui(self, default_views: Any = None, **kwargs: Any) -> Any:
        """Return the window of the session.

        Raises
        ------
        ActionError : there is none; phy-med template-gui opens it
        """
        if self.gui is None:
            raise ActionError("There is no window yet: phy-med template-gui opens one.")
        return self.gui


def view_creator_of(controller: Any, name: str, creator: Callable[[], Any]) -> type | None:
    """Return the class of a plugin's view, for the registry of views."""
    try:
        views = import_module("phy_medicine.app.phy_compat.views")
        made: type = views.view_type(controller, name, creator)
    except ModuleNotFoundError as error:
        logger.warning("The view %s cannot be shown: %s", name, error)
        return None
    return made
