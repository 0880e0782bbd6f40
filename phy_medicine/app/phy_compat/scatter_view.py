"""`ScatterView`: spikes of the selected clusters at places that a plugin's function gives, with a lasso that splits."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import numpy as np

from phy_medicine.app.phy_compat.base_view import ManualClusteringView
from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.colors import selected_cluster_color, spike_colors
from phy_medicine.app.phy_compat.view_mixins import LassoMixin, MarkerSizeMixin
from phy_medicine.app.phy_compat.visuals import ScatterVisual
from phy_medicine.base.log import logger

# More points than this are drawn smaller, or they only cover each other.
_MANY = 3_000


class ScatterView(MarkerSizeMixin, LassoMixin, ManualClusteringView):
    """Spikes in a plane.

    coords : cluster ids -> a Bunch(x, y or pos, spike_ids[, data_bounds]) for each, or one of all with
    spike_clusters; with an argument `load_all` it is asked for all spikes when a lasso splits
    """

    max_n_clusters = 8
    _default_position = "right"
    default_shortcuts: ClassVar[dict[str, Any]] = {"change_marker_size": "alt+wheel"}

    def __init__(self, coords: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if coords is None:
            raise ValueError("A ScatterView needs a function: ScatterView(coords=f).")
        self.coords = coords
        self.canvas.enable_axes()
        self.canvas.enable_lasso()
        self.visual = ScatterVisual()
        self.canvas.add_visual(self.visual)

    def get_clusters_data(self, load_all: Any = None) -> list[Bunch]:
        """Return what `coords` gives, with `pos` and a colour.

        Raises
        ------
        ValueError : it gives neither a list nor a Bunch
        """
        if load_all and "load_all" in inspect.signature(self.coords).parameters:
            found = self.coords(self.cluster_ids, load_all=load_all)
        else:
            if load_all:
                logger.warning(
                    "%s splits only the spikes that it shows: its function takes no load_all.", type(self).__name__
                )
            found = self.coords(self.cluster_ids)
        if isinstance(found, dict):
            whole = _with_pos(found)
            whole["color"] = spike_colors(whole["spike_clusters"], self.cluster_ids)
            return [whole]
        if found is None or isinstance(found, list | tuple):
            return [self._one(i, bunch) for i, bunch in enumerate(found or ())]
        raise ValueError(f"coords() must return a list of Bunches, or a Bunch, not a {type(found).__name__}.")

    def _one(self, i: int, bunch: Any) -> Bunch:
        one = _with_pos(bunch)
        one["cluster_id"] = bunch.get("cluster_id", self.cluster_ids[i] if i < len(self.cluster_ids) else None)
        one["color"] = selected_cluster_color(i, 0.75)
        return one

    def _plot_cluster(self, bunch: Any) -> None:
        self.visual.add_batch_data(
            pos=bunch["pos"], color=bunch["color"], size=self._shown_size, data_bounds=self.data_bounds
        )

    def plot(self, **kwargs: Any) -> None:
        """Draw the spikes of the selected clusters."""
        bunchs = [bunch for bunch in self.get_clusters_data() if len(bunch["pos"])]
        self.visual.reset_batch()
        if bunchs:
            n = sum(len(bunch["pos"]) for bunch in bunchs)
            self._shown_size = self._marker_size * float(np.clip((_MANY / n) ** 0.5, 0.5, 1.0))
            self.data_bounds = self._get_data_bounds(bunchs)
            for bunch in bunchs:
                self._plot_cluster(bunch)
            self.visual.show()
            self._update_axes()
        else:
            self.visual.hide()
        self.canvas.update_visual(self.visual)
        self.canvas.update()

    _shown_size = MarkerSizeMixin._default_marker_size


def _with_pos(bunch: Any) -> Bunch:
    """Return an own Bunch that has `pos`, (n, 2)."""
    own = Bunch(bunch)
    if "pos" not in own:
        own["pos"] = np.stack([np.asarray(own["x"]), np.asarray(own["y"])], axis=1)
    if "spike_ids" not in own:
        raise ValueError("coords() must return the spike_ids of its points.")
    return own
