"""Spikes of the selected clusters in a plane: base of views that put every spike at an x and a y."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from phy_medicine.base.params import setting
from phy_medicine.base.types import BoolArray, FloatArray, IntArray, frozen
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import View
from phy_medicine.views.cluster_scatter import number
from phy_medicine.views.hover import Words
from phy_medicine.views.interact import WHEEL_FACTOR, Click
from phy_medicine.views.nearest import REACH, nearest_point, words_of_spike

# Above this many spikes points only cover each other; density shows what is there, and costs less.
POINT_BUDGET = 25_000
_LARGE_POINTS = 3_000
# Fewer spikes than this are counted in larger cells, or the picture is dust.
_DENSE = 300_000
# What is shown without a zoom: all but the outermost spikes, and some room.
_TAIL, _EDGE = 0.001, 0.05
_RANGE_SPIKES = 50_000


@dataclass(frozen=True, slots=True)
class ScatterSettings:
    """What a scatter view shows."""

    marker_size: float = setting(
        3.0, "Diameter of a spike, smaller when there are many", unit="px", minimum=1.0, maximum=20.0
    )


@dataclass(frozen=True, slots=True)
class Cloud:
    """Spikes of the selected clusters that have a place, in order of time.

    spike_ids : (n,) int64; x, y : (n,) float32; rows : (n,) uint8, the cluster's place in the selection
    n_read, n_total : spikes of the clusters that were asked for a place, and all of them
    behind : (m, 2) float32, spikes in the background
    """

    spike_ids: IntArray
    x: FloatArray
    y: FloatArray
    rows: IntArray
    n_read: int
    n_total: int
    behind: FloatArray
    titles: tuple[str, str]

    @property
    def columns(self) -> dict[str, Any]:
        """All of it, to make a larger record of."""
        return {field.name: getattr(self, field.name) for field in fields(Cloud)}

    def part(self, kept: BoolArray) -> Cloud:
        """Return the cloud with some of its spikes; kept : (n,)."""
        some = {name: frozen(getattr(self, name)[kept]) for name in ("spike_ids", "x", "y", "rows")}
        return replace(self, **some)


class ScatterView(View):
    """A subclass says where spikes are (`places`), and perhaps which of them are drawn and what is behind them."""

    has_lasso = True
    axes = Axes(x="", y="")
    settings_type = ScatterSettings
    drawn_settings = frozenset({"marker_size"})

    @abstractmethod
    def places(self, request: ViewRequest, spike_ids: IntArray) -> FloatArray:
        """Return x and y of some spikes, (n, 2) float32, NaN where there is none; in any thread.

        Raises
        ------
        DataMissing : the dataset has none
        """

    @abstractmethod
    def titles(self, request: ViewRequest) -> tuple[str, str]:
        """Return the titles of the axes, with units."""

    def drawn(self, request: ViewRequest) -> Sequence[IntArray]:
        """Return the spikes of each cluster that are drawn; by default all."""
        return request.spike_ids

    def behind(self, request: ViewRequest) -> IntArray:
        """Return spikes of other clusters that are drawn in grey; by default none."""
        return np.zeros(0, dtype=np.int64)

    def check_lasso(self, request: ViewRequest) -> None:
        """Raise an `ActionError` if it is not known where all spikes are."""

    # Arrays

    def prepare(self, request: ViewRequest) -> Cloud:
        """Find the place of each spike."""
        drawn = self.drawn(request)
        ids = np.concatenate([np.zeros(0, dtype=np.int64), *drawn])
        rows = np.repeat(np.arange(len(drawn), dtype=np.uint8), [len(part) for part in drawn])
        xy = self.places(request, ids)
        known = np.isfinite(xy).all(axis=1)
        order = np.flatnonzero(known)
        order = order[np.argsort(ids[order], kind="stable")]
        behind = self.places(request, self.behind(request))
        return Cloud(
            spike_ids=frozen(ids[order]),
            x=frozen(xy[order, 0].astype(np.float32)),
            y=frozen(xy[order, 1].astype(np.float32)),
            rows=frozen(rows[order]),
            n_read=len(ids),
            n_total=sum(map(len, request.spike_ids)),
            behind=frozen(behind[np.isfinite(behind).all(axis=1)]),
            titles=self.titles(request),
        )

    def upload(self, block: Cloud) -> None:
        """Draw points while they are few, densities when they are many."""
        self.scene.axes = Axes(x=block.titles[0], y=block.titles[1])
        self.panels.set_home(x=span_of(block.x), y=span_of(block.y))
        picture, n = self.picture, len(block.x)
        picture.clear()
        if len(block.behind):
            grey = self.scene.theme.rgba("background_spikes", 0.5)
            picture.density(block.behind[:, 0], block.behind[:, 1], color=grey, cell=2, faintest=0.4)
        size = self.settings.marker_size * float(np.clip((_LARGE_POINTS / max(n, 1)) ** 0.5, 0.5, 1.0))
        self.add_spikes(block, size if n <= POINT_BUDGET else None)
        self.status = self._summary(block)

    def add_spikes(self, block: Cloud, size: float | None) -> None:
        """Draw the spikes of the selected clusters; size : of a point, logical px, None for densities."""
        if size is not None:
            shade = self.colors * np.array([1, 1, 1, 0.75], dtype=np.float32)
            self.picture.points(block.x, block.y, color=shade, index=block.rows, size=size)
            return
        for row, color in enumerate(self.colors):
            mine = block.rows == row
            self.picture.density(block.x[mine], block.y[mine], color=color, cell=self.cell(block), faintest=0.5)

    @staticmethod
    def cell(block: Cloud) -> int:
        """Return the size of the cells of a density, logical px."""
        return 1 + (len(block.x) < _DENSE)

    def _summary(self, block: Cloud) -> str:
        n = len(block.x)
        count = f"{n:,} spikes" if n == block.n_total else f"{n:,} of {block.n_total:,} spikes"
        without = block.n_read - n
        return count + (f" · {without:,} without a value" if without else "") + " · density" * (n > POINT_BUDGET)

    # Gestures

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """Alt+wheel changes the size of the points."""
        if modifiers == {"alt"}:
            self.change(marker_size=float(np.clip(self.settings.marker_size * WHEEL_FACTOR**notches, 1.0, 20.0)))

    def on_click(self, click: Click) -> None:
        """Say which cluster a spike belongs to."""
        cluster_id = self.pick(click.x, click.y) if not click.modifiers else None
        if cluster_id is not None:
            self.host.message(f"A spike of cluster {cluster_id}.")

    def pick(self, x: float, y: float) -> int | None:
        """Return the cluster of the nearest spike within 8 px."""
        nearest = self._nearest(x, y)
        return None if nearest is None else self.cluster_ids[self.block.rows[nearest]]

    def _nearest(self, x: float, y: float) -> int | None:
        block: Cloud | None = self.block
        if block is None or self.panels.at(x, y) is None:
            return None
        return nearest_point(self.panels, 0, block.x, block.y, place=(x, y), reach=REACH * self.ratio)

    def describe(self, x: float, y: float) -> Words | None:
        nearest, block = self._nearest(x, y), self.block
        if nearest is None:
            return None
        time_s = float(self.host.data.spike_times[block.spike_ids[nearest]])
        values = f"x {number(float(block.x[nearest]))} · y {number(float(block.y[nearest]))}"
        px, py = self.panels.to_pixels(0, block.x[nearest], block.y[nearest])
        return words_of_spike(self.cluster_ids[block.rows[nearest]], time_s, values), float(px), float(py)

    def lasso_spike_ids(self) -> IntArray:
        """Return all spikes of the drawn clusters inside the lasso, drawn or not; one without a place is outside.

        Raises
        ------
        ActionError : it is not known where some spikes are
        """
        lasso, request = self.scene.lasso, self._drawn_request
        if self.block is None or not lasso.closed:
            return super().lasso_spike_ids()
        self.check_lasso(request)
        ids = np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *request.spike_ids]))
        found: IntArray = ids[lasso.contains(*self.places(request, ids).T)]
        return found


def span_of(values: FloatArray) -> tuple[float, float]:
    """Return the range of all values but the outermost 0.1 %, with room at both ends."""
    if not len(values):
        return 0.0, 1.0
    low, high = (float(q) for q in np.quantile(values[:: max(1, len(values) // _RANGE_SPIKES)], (_TAIL, 1 - _TAIL)))
    edge = _EDGE * (high - low) or max(abs(low) * _EDGE, 0.5)
    return low - edge, high + edge
