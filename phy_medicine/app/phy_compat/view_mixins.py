"""What views of plugins can have beside their picture: a scale, a size of markers, a lasso, colours of all clusters."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from phy_medicine.app.phy_compat import events
from phy_medicine.app.phy_compat.bounds import NDC
from phy_medicine.app.phy_compat.colors import ClusterColorSelector
from phy_medicine.app.phy_compat.geometry import range_transform
from phy_medicine.app.phy_compat.rotating import RotatingProperty
from phy_medicine.base.log import logger
from phy_medicine.base.types import AnyArray, FloatArray

# What follows is mixed with a view; without one its calls upwards end here.
_Base: Any = object


class BaseWheelMixin(_Base):  # type: ignore[misc]
    """The end of the line for turns of the wheel."""

    def on_mouse_wheel(self, e: Any) -> None:
        """React to the wheel; for subclasses."""


class BaseGlobalView(_Base):  # type: ignore[misc]
    """A view of all clusters, in the order of the cluster table."""

    all_cluster_ids: Any = ()
    sorted_cluster_ids: Any = ()
    cluster_idxs: Any = ()
    cluster_ids: Any = ()

    def _iter_clusters(self) -> Iterator[tuple[int, int, int]]:
        """Give number, place in the table and id of each cluster, by id."""
        for i in range(len(self.all_cluster_ids)):
            yield i, self.cluster_idxs[i], self.sorted_cluster_ids[i]

    def set_cluster_ids(self, cluster_ids: Any) -> None:
        """Take over the clusters there are; for subclasses."""

    def set_spike_clusters(self, spike_clusters: Any) -> None:
        """Take over the cluster of each spike; for subclasses."""

    def update_cluster_sort(self, cluster_ids: Any) -> None:
        """Take over the order of the cluster table; for subclasses."""

    def on_select(self, sender: Any = None, cluster_ids: Any = (), **kwargs: Any) -> None:
        """Note the selection."""
        if cluster_ids:
            self.cluster_ids = cluster_ids


class BaseColorView(BaseWheelMixin):
    """Colour schemes: a colour for every cluster, by a value that it has."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.state_attrs += ("color_scheme",)
        self.color_schemes = RotatingProperty()
        self.add_color_scheme(fun=0, name="blank", colormap="blank", categorical=True)

    def add_color_scheme(
        self,
        fun: Any = None,
        name: str | None = None,
        cluster_ids: Any = None,
        colormap: Any = None,
        categorical: bool | None = None,
        logarithmic: bool | None = None,
    ) -> Any:
        """Add a scheme; without a function it is a decorator of one. Arguments as of `ClusterColorSelector`."""
        look = {"colormap": colormap, "categorical": categorical, "logarithmic": logarithmic}
        if fun is None:
            return partial(self.add_color_scheme, name=name, cluster_ids=cluster_ids, **look)
        field = name or fun.__name__
        self.color_schemes.add(field, ClusterColorSelector(fun, cluster_ids=cluster_ids, **look))
        return fun

    def get_cluster_colors(self, cluster_ids: Any, alpha: float = 1.0) -> FloatArray:
        """Return the colours of clusters in the scheme of now, (n, 4)."""
        colors: FloatArray = self.color_schemes.get().get_colors(cluster_ids, alpha=alpha)
        return colors

    def next_color_scheme(self) -> None:
        """Use the next scheme."""
        self._neighbor_color_scheme(1)

    def previous_color_scheme(self) -> None:
        """Use the scheme before."""
        self._neighbor_color_scheme(-1)

    def _neighbor_color_scheme(self, dir: int = 1) -> None:
        self.color_schemes._neighbor(dir=dir)
        self.update_color()
        self.update_select_color()
        self.update_status()

    def update_color(self) -> None:
        """Follow the scheme; for subclasses."""

    def update_select_color(self) -> None:
        """Follow the selection; for subclasses."""

    @property
    def color_scheme(self) -> str | None:
        """Name of the scheme of now."""
        return self.color_schemes.current

    @color_scheme.setter
    def color_scheme(self, name: str) -> None:
        self.color_schemes.set(name)
        self.update_color()
        self.update_status()

    def attach(self, gui: Any) -> None:
        """Add the actions that choose a scheme."""
        super().attach(gui)
        for name in list(self.color_schemes.keys()):
            choose = partial(setattr, self, "color_scheme", name)
            words = f"Change color scheme to {name}"
            self.actions.add(choose, show_shortcut=False, name=words, view_submenu="Change color scheme")
        self.actions.add(self.next_color_scheme)
        self.actions.add(self.previous_color_scheme)
        self.actions.separator()

    def on_mouse_wheel(self, e: Any) -> None:
        """Shift: another scheme."""
        super().on_mouse_wheel(e)
        if e.modifiers == ("Shift",):
            self._neighbor_color_scheme(1 if e.delta > 0 else -1)


class ScalingMixin(BaseWheelMixin):
    """A scale that grows and shrinks with Control and the wheel."""

    _scaling_param_increment = 1.1
    _scaling_param_min, _scaling_param_max = 1e-3, 1e3
    _scaling_default = 1.0
    _scaling_modifiers: tuple[str, ...] = ("Control",)

    def attach(self, gui: Any) -> None:
        """Add the actions."""
        super().attach(gui)
        self.actions.add(self.increase)
        self.actions.add(self.decrease)
        self.actions.add(self.reset_scaling)
        self.actions.separator()

    def on_mouse_wheel(self, e: Any) -> None:
        """Control: the scale."""
        super().on_mouse_wheel(e)
        if e.modifiers == self._scaling_modifiers:
            (self.increase if e.delta > 0 else self.decrease)()

    def _get_scaling_value(self) -> float:
        return float(self.scaling)

    def _set_scaling_value(self, value: float) -> None:
        self.scaling = value

    def increase(self) -> None:
        """Make it larger."""
        self._set_scaling_value(min(self._scaling_param_max, self._get_scaling_value() * self._scaling_param_increment))

    def decrease(self) -> None:
        """Make it smaller."""
        self._set_scaling_value(max(self._scaling_param_min, self._get_scaling_value() / self._scaling_param_increment))

    def reset_scaling(self) -> None:
        """Make it as it was at first."""
        self._set_scaling_value(self._scaling_default)


class MarkerSizeMixin(BaseWheelMixin):
    """A size of markers, in px, that grows and shrinks with Alt and the wheel; `visual` is what has them."""

    _marker_size = _default_marker_size = 5.0
    _marker_size_min, _marker_size_max = 1e-2, 1e2
    _marker_size_increment = 1.1

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.state_attrs += ("marker_size",)

    @property
    def marker_size(self) -> float:
        """Diameter of a marker, px."""
        return self._marker_size

    @marker_size.setter
    def marker_size(self, val: float) -> None:
        if not val > 0:
            raise ValueError("The size of markers must be above 0.")
        self._marker_size = val
        self.visual.set_marker_size(val)
        self.canvas.update()

    def attach(self, gui: Any) -> None:
        """Add the actions."""
        super().attach(gui)
        self.actions.add(self.increase_marker_size)
        self.actions.add(self.decrease_marker_size)
        self.actions.add(self.reset_marker_size)
        self.actions.separator()

    def increase_marker_size(self) -> None:
        """Make markers larger."""
        self.marker_size = min(self._marker_size_max, self.marker_size * self._marker_size_increment)

    def decrease_marker_size(self) -> None:
        """Make markers smaller."""
        self.marker_size = max(self._marker_size_min, self.marker_size / self._marker_size_increment)

    def reset_marker_size(self) -> None:
        """Make markers as large as they were at first."""
        self.marker_size = self._default_marker_size

    def on_mouse_wheel(self, e: Any) -> None:
        """Alt: the size of markers."""
        super().on_mouse_wheel(e)
        if e.modifiers == ("Alt",):
            (self.increase_marker_size if e.delta > 0 else self.decrease_marker_size)()


class LassoMixin(_Base):  # type: ignore[misc]
    """A lasso that splits: `get_clusters_data(load_all=True)` says where all spikes are."""

    def on_request_split(self, sender: Any = None) -> AnyArray:
        """Return the spikes inside the lasso, and clear it."""
        nothing = np.zeros(0, dtype=np.int64)
        lasso = self.canvas.lasso
        if lasso is None or lasso.count < 3 or not len(self.cluster_ids):
            return nothing
        takes_all = "load_all" in inspect.signature(self.get_clusters_data).parameters
        bunchs = self.get_clusters_data(load_all=True) if takes_all else self.get_clusters_data()
        # Points in the background have no cluster.
        shown = [b for b in bunchs or () if not ("cluster_id" in b and b["cluster_id"] is None)]
        if not shown:
            logger.warning("%s has no spikes to split.", type(self).__name__)
            return nothing
        pos = np.vstack([np.asarray(b["pos"], dtype=np.float64) for b in shown])
        spike_ids = np.concatenate([np.asarray(b["spike_ids"]) for b in shown])
        inside = lasso.in_polygon(range_transform([self.data_bounds], [NDC], pos))
        lasso.clear()
        return np.unique(spike_ids[inside])

    def attach(self, gui: Any) -> None:
        """Take part in splits."""
        super().attach(gui)
        events.connect(self.on_request_split)
