"""Colours under phy's names: of selected clusters, colour maps, and of clusters by a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import colorcet
import numpy as np

from phy_medicine.app.phy_compat.arrays import _index_of
from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.base.types import AnyArray, FloatArray

_CATEGORICAL = np.array(colorcet.glasbey_bw_minc_20_minl_30)
_FIRST = ((0.03137, 0.5725, 0.9882), (1.0, 0.0078, 0.0078))


def _selected() -> FloatArray:
    table = _CATEGORICAL.copy()
    table[[0, 1, 2, 3, 4, 5]] = table[[3, 0, 4, 5, 2, 1]]
    table[:2] = _FIRST
    return table


colormaps = Bunch(
    blank=np.array([[0.75, 0.75, 0.75]]),
    default=_selected(),
    # noise, mua, good, none
    cluster_group=np.array([[0.4, 0.4, 0.4], [0.5, 0.5, 0.5], [0.5254, 0.8196, 0.42745], [0.75, 0.75, 0.75]]),
    categorical=_CATEGORICAL.copy(),
    rainbow=np.array(colorcet.rainbow_bgyr_35_85_c73),
    linear=np.array(colorcet.linear_wyor_100_45_c55),
    diverging=np.array(colorcet.diverging_linear_bjy_30_90_c45),
)
"""(n, 3) RGB 0..1 by name."""

_drawn: ContextVar[FloatArray | None] = ContextVar("colours of the selection", default=None)


@contextmanager
def of_selection(colors: FloatArray) -> Iterator[None]:
    """Let `selected_cluster_color` give the colours that the program's own views have now; (n, 4)."""
    token = _drawn.set(colors)
    try:
        yield
    finally:
        _drawn.reset(token)


def selected_table() -> FloatArray:
    """Return the colours of selected clusters in order, then repeated, (256, 3)."""
    table: FloatArray = colormaps.default
    drawn = _drawn.get()
    if drawn is None or not len(drawn):
        return table
    own = table.copy()
    own[: len(drawn)] = drawn[: len(own), :3]
    return own


def selected_cluster_color(i: int, alpha: float = 1.0) -> tuple[float, ...]:
    """Return the colour of the i-th selected cluster, RGBA."""
    table = selected_table()
    red, green, blue = table[int(i) % len(table)].tolist()
    return red, green, blue, alpha


def add_alpha(c: Any, alpha: float = 1.0) -> Any:
    """Return a colour, or an array of them, with an opacity.

    Raises
    ------
    ValueError : neither a tuple nor an array
    """
    if isinstance(c, tuple):
        return (*c[:3], alpha)
    if isinstance(c, np.ndarray):
        rgb = c[..., :3]
        return np.concatenate([rgb, np.full((*rgb.shape[:-1], 1), alpha)], axis=-1)
    raise ValueError(f"A colour is a tuple or an array, not {type(c).__name__}.")


def spike_colors(spike_clusters: Any, cluster_ids: Any) -> FloatArray:
    """Return the colour of each spike by the place of its cluster in `cluster_ids`, (n, 4)."""
    table = selected_table()
    colors: FloatArray = add_alpha(table[_index_of(spike_clusters, cluster_ids) % len(table)])
    return colors


def _add_selected_clusters_colors(selected_clusters: Any, cluster_ids: Any, cluster_colors: Any = None) -> Any:
    """Return colours of clusters, (n, 4), in which the selected ones have those of the selection."""
    places = {c: i for i, c in enumerate(np.asarray(cluster_ids).tolist())}
    for i, cluster_id in enumerate(np.asarray(selected_clusters).tolist()):
        if cluster_id in places:
            cluster_colors[places[cluster_id]] = selected_cluster_color(i)
    return cluster_colors


def _continuous_colormap(colormap: FloatArray, values: Any, vmin: Any = None, vmax: Any = None) -> FloatArray:
    """Return colours of values spread over a colour map, (n, 3)."""
    numbers = np.asarray(values, dtype=np.float64)
    low, high = (numbers.min() if vmin is None else vmin), (numbers.max() if vmax is None else vmax)
    share = np.nan_to_num((numbers - low) / ((high - low) or 1))
    rows = np.clip(np.round((len(colormap) - 1) * share).astype(np.int64), 0, len(colormap) - 1)
    colors: FloatArray = colormap[rows]
    return colors


def _categorical_colormap(
    colormap: FloatArray, values: Any, vmin: Any = None, vmax: Any = None, categorize: bool | None = None
) -> FloatArray:
    """Return colours of whole numbers, which are rows of the colour map, or with `categorize` by first appearance."""
    rows: AnyArray = np.asarray(values)
    if categorize or (categorize is None and vmin is None and vmax is None):
        seen: dict[int, int] = {}
        rows = np.array([seen.setdefault(v, len(seen)) for v in rows.tolist()], dtype=np.int64)
    colors: FloatArray = colormap[rows % len(colormap)]
    return colors


def _words(values: Sequence[Any]) -> list[str]:
    """Return all texts among values, in alphabetical order; none is ""."""
    return sorted({"" if value is None else str(value).lower() for value in values})


def _categorize(values: Sequence[Any], words: Sequence[str] = ()) -> Sequence[Any]:
    """Return numbers for texts, their places among `words`, or among these alone; numbers stay as they are."""
    if not (words or any(isinstance(value, str) for value in values)):
        return values
    known = list(words) + [word for word in _words(values) if word not in words]
    return [known.index("" if value is None else str(value).lower()) for value in values]


class ClusterColorSelector:
    """Colours of clusters by a value of each.

    fun : cluster id -> value, or one value for all; categorical : a value is a row of the colour map; logarithmic :
    equal ratios are equal steps; cluster_ids : whose values span the colour map
    """

    def __init__(
        self,
        fun: Callable[[int], Any] | Any = None,
        colormap: Any = None,
        categorical: bool | None = None,
        logarithmic: bool | None = None,
        cluster_ids: Any = None,
    ) -> None:
        self._fun = None
        self._colormap: FloatArray = colormaps.categorical
        self._categorical, self._logarithmic = True, False
        self._words: list[str] = []
        self.vmin: Any = 0
        self.vmax: Any = 1
        self.cluster_ids = () if cluster_ids is None else cluster_ids
        self.set_color_mapping(fun, colormap, categorical, logarithmic)

    def set_color_mapping(
        self, fun: Any = None, colormap: Any = None, categorical: bool | None = None, logarithmic: bool | None = None
    ) -> None:
        """Change what is not None."""
        self._fun = self._fun or fun
        if colormap is not None:
            self._colormap = colormaps[colormap] if isinstance(colormap, str) else np.asarray(colormap)
        self._categorical = self._categorical if categorical is None else categorical
        self._logarithmic = self._logarithmic if logarithmic is None else logarithmic
        self.set_cluster_ids(self.cluster_ids)

    def set_cluster_ids(self, cluster_ids: Any) -> None:
        """Spread the colour map over the values of these clusters."""
        self.cluster_ids = cluster_ids
        given = [self._get_cluster_value(cluster_id) for cluster_id in cluster_ids]
        self._words = _words(given) if any(isinstance(value, str) for value in given) else []
        values = self.get_values(cluster_ids)
        known = values[np.isfinite(values)] if values.dtype.kind in "biuf" else values
        self.vmin, self.vmax = (known.min(), known.max()) if len(known) else (0, 1)

    def _get_cluster_value(self, cluster_id: int) -> Any:
        return self._fun(cluster_id) if callable(self._fun) else self._fun or 0

    def get_values(self, cluster_ids: Any) -> AnyArray:
        """Return the values of clusters; a text is its place among those of all clusters, in alphabetical order."""
        values: Sequence[Any] = [self._get_cluster_value(cluster_id) for cluster_id in cluster_ids]
        if self._categorical:
            values = _categorize(values, self._words)
        return np.array([np.nan if value is None else value for value in values])

    def map(self, values: Any) -> FloatArray:
        """Return the colours of values, (n, 3)."""
        numbers, low, high = np.asarray(values), self.vmin, self.vmax
        if self._categorical and np.issubdtype(numbers.dtype, np.integer) and not self._logarithmic:
            return _categorical_colormap(self._colormap, numbers, vmin=low, vmax=high)
        if self._logarithmic:
            least = min((v for v in (low, high, *numbers.tolist()) if v > 0), default=1.0)
            numbers, low, high = (np.log(np.maximum(v, least)) for v in (numbers, low, high))
        return _continuous_colormap(self._colormap, numbers, vmin=low, vmax=high)

    def get(self, cluster_id: int, alpha: float | None = None) -> tuple[float, ...]:
        """Return the colour of a cluster, RGBA."""
        red, green, blue = self.map(self.get_values([cluster_id]))[0].tolist()
        return red, green, blue, 1.0 if alpha is None else alpha

    def get_colors(self, cluster_ids: Any, alpha: float = 1.0) -> FloatArray:
        """Return the colours of clusters, (n, 4)."""
        colors: FloatArray = add_alpha(self.map(self.get_values(cluster_ids)), alpha)
        return colors
