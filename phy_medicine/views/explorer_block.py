"""What the explorer shows, prepared in any thread: counts of all spikes, the selected ones, and the picked one."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.count_maps import Axis, CountMap, count_maps, ranks_of
from phy_medicine.compute.density import bin_points
from phy_medicine.session.explored_spikes import ExploredSpike, LocalColumns
from phy_medicine.views.explorer_layout import PAIRS
from phy_medicine.views.fields import summed
from phy_medicine.views.scatter import span_of

if TYPE_CHECKING:
    from phy_medicine.compute.motion.motion import Motion
    from phy_medicine.session.data import DataService
    from phy_medicine.session.time_ranges import TimeRange
    from phy_medicine.session.view_host import ViewRequest

POINT_BUDGET = 6_000
"""Selected spikes above this many are counts: each is drawn in nine panels."""
_CELLS, _DEPTH_CELLS, _X_CELLS = 384, 1536, 512
_LAYER_CELLS = 160
# At either end of each quantity of a cluster these are points, so that the cells of its image are small.
_OUTER_SHARE, _OUTER_SPIKES = 0.01, 200
_AROUND_UM, _LEAST_UM = 60.0, 240.0
_LEAST_X_UM = 80.0
_BEYOND_UM = 30.0
_TYPICAL_SPIKES = 20_000
# A piece of the waveforms that teach the denoising; the view shows what there is in between.
_LEARN_S = 0.2
# Both time ranges, with and without the motion.
_KEPT = 4

Range = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Everything:
    """All spikes of a time range.

    depth : (n_spikes,) float32, µm, of the map; removed : motion that was taken out of it
    homes : what is shown of each quantity; maps : one for each of `PAIRS`; n_spikes : with a position
    """

    columns: LocalColumns
    removed: Motion | None
    time_range: TimeRange | None
    depth: FloatArray
    homes: Mapping[str, Range]
    maps: tuple[CountMap, ...]
    n_spikes: int

    def values(self, name: str) -> FloatArray:
        """Return a quantity of all spikes of the dataset, float32."""
        c = self.columns
        by_name = {"lx": c.lx, "ly": c.ly, "z": c.z, "a": c.log_alpha, "x": c.positions.x_um, "y": self.depth}
        return by_name[name]

    def of(self, spike_ids: IntArray | slice, panel: int) -> tuple[FloatArray, FloatArray]:
        """Return where some spikes are in one of the nine panels."""
        x, y = PAIRS[panel]
        return self.values(x)[spike_ids], self.values(y)[spike_ids]


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """Many selected spikes: counts, for `Picture.cells`, and the outermost ones, for `Picture.points`.

    sums, boxes, panels, rows : one image for each panel and cluster
    x, y : (m,) float32, of spikes outside of the image of their panel and cluster; point_panels, point_rows : (m,)
    """

    sums: IntArray
    boxes: FloatArray
    panels: IntArray
    rows: IntArray
    x: FloatArray
    y: FloatArray
    point_panels: IntArray
    point_rows: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class ExplorerBlock:
    """The nine panels and the picked spike.

    spike_ids : (n,) int64, selected spikes with a position; rows : (n,) uint8, the cluster's place in the selection
    n_selected : spikes of the selected clusters; layers : their counts where they are many
    region : what the map shows in x and depth; asked : the spike that was to be shown, None for any
    learnt : part of the waveforms that the denoising waits for
    """

    everything: Everything
    spike_ids: IntArray
    rows: IntArray
    n_selected: int
    layers: Layers | None
    region: tuple[Range, Range]
    asked: int | None
    picked: ExploredSpike | None
    learnt: float

    def home(self, panel: int) -> tuple[Range, Range]:
        """Return what a panel shows in x and y without a zoom."""
        homes = {**self.everything.homes, "x": self.region[0], "y": self.region[1]}
        x, y = PAIRS[panel]
        return homes[x], homes[y]


class ExplorerBlocks:
    """Makes blocks; safe in any thread."""

    def __init__(self, data: DataService) -> None:
        self._data = data
        self._lock = threading.Lock()
        self._known: list[Everything] = []

    def block(self, request: ViewRequest, picked: int | None, *, whole_probe: bool) -> ExplorerBlock:
        """Return what is shown of a selection.

        picked : the spike that was picked; it stays while it is among those of the selected clusters

        Raises
        ------
        DataMissing : no positions are in use, or they are not enough
        """
        everything = self._everything(request)
        ids = np.concatenate([np.zeros(0, dtype=np.int64), *request.spike_ids]).astype(np.int64)
        rows = np.repeat(np.arange(len(request.spike_ids), dtype=np.uint8), [len(part) for part in request.spike_ids])
        known = np.isfinite(everything.columns.lx[ids]) & np.isfinite(everything.columns.ly[ids])
        n_selected, ids, rows = len(ids), ids[known], rows[known]
        spike_id = self._chosen(everything, request, ids, rows, picked)
        learnt = 1.0 if spike_id is None else self._data.explored.learn(_LEARN_S)
        return ExplorerBlock(
            everything, frozen(ids), frozen(rows), n_selected,
            make_layers(everything, ids, rows, len(request.spike_ids)) if len(ids) > POINT_BUDGET else None,
            self._region(everything, ids, whole_probe=whole_probe), picked,
            None if spike_id is None else self._data.explored.spike(spike_id), learnt,
        )  # fmt: skip

    def _everything(self, request: ViewRequest) -> Everything:
        columns, motion = self._data.explored.columns(), self._data.motion
        removed = motion.shown if motion.corrected else None
        with self._lock:
            for known in self._known:
                same = known.columns is columns and known.removed is removed
                if same and known.time_range == request.time_range:
                    return known
            made = self._count(columns, removed, request.time_range)
            self._known = [*self._known, made][-_KEPT:]
            return made

    def _count(self, columns: LocalColumns, removed: Motion | None, time_range: TimeRange | None) -> Everything:
        depth = columns.positions.depth_um
        if removed is not None:
            depth = self._data.depths.moved(depth, np.arange(len(depth)), removed)
        quantities = {
            "lx": columns.lx, "ly": columns.ly, "z": columns.z, "a": columns.log_alpha,
            "x": columns.positions.x_um, "y": depth,
        }  # fmt: skip
        cells = {"x": _X_CELLS, "y": _DEPTH_CELLS}
        axes = {name: Axis.of(values, cells.get(name, _CELLS)) for name, values in quantities.items()}
        shown = slice(*self._data.within(time_range).id_range)
        part = {name: values[shown] for name, values in quantities.items()}
        ranks = ranks_of(part["a"], columns.strength)
        homes = {name: span_of(values[np.isfinite(values)]) for name, values in quantities.items()}
        n_known = int(np.count_nonzero(np.isfinite(part["lx"])))
        return Everything(columns, removed, time_range, depth, homes, count_maps(part, PAIRS, axes, ranks), n_known)

    def _chosen(
        self, everything: Everything, request: ViewRequest, ids: IntArray, rows: IntArray, picked: int | None
    ) -> int | None:
        """The picked spike while it is one of those that are shown, else a typical one of the first cluster."""
        first, stop = self._data.within(request.time_range).id_range
        known = picked is not None and first <= picked < stop and np.isfinite(everything.columns.lx[picked])
        if known and (not request.cluster_ids or (ids == picked).any()):
            return picked
        return typical(everything, self._data.explored.with_waveforms(ids[rows == rows[0]])) if len(ids) else None

    def _region(self, everything: Everything, ids: IntArray, *, whole_probe: bool) -> tuple[Range, Range]:
        """What the map shows: around the selected spikes, or the whole probe."""
        contacts = self._data.channel_positions
        whole = tuple(
            (min(low, float(at.min()) - _BEYOND_UM), max(high, float(at.max()) + _BEYOND_UM))
            for at, (low, high) in zip(contacts.T, (everything.homes["x"], everything.homes["y"]), strict=True)
        )
        if whole_probe or not len(ids):
            return whole[0], whole[1]
        x, y = everything.of(ids[:: max(1, len(ids) // _TYPICAL_SPIKES)], 6)
        return _around(x, whole[0], _LEAST_X_UM), _around(y, whole[1], _LEAST_UM)


def typical(everything: Everything, spike_ids: IntArray) -> int:
    """Return the spike nearest to the medians of some spikes, in units of how far these spread."""
    some = spike_ids[:: max(1, len(spike_ids) // _TYPICAL_SPIKES)]
    away = np.zeros(len(some))
    for name in ("lx", "ly", "z", "a"):
        values = everything.values(name)[some].astype(np.float64)
        if np.isfinite(values).any():
            off = np.abs(values - np.nanmedian(values))
            off /= np.nanmedian(off) or 1.0
            # A spike without the value is no typical one.
            away += np.where(np.isfinite(off), off, np.inf) ** 2
    return int(some[np.argmin(away)])


def _around(values: FloatArray, whole: Range, least: float) -> Range:
    low, high = (float(q) for q in np.nanquantile(values, (0.02, 0.98)))
    middle, half = (low + high) / 2, max(high - low + 2 * _AROUND_UM, least) / 2
    low, high = max(middle - half, whole[0]), min(middle + half, whole[1])
    return (low, high) if high > low else whole


def make_layers(everything: Everything, ids: IntArray, rows: IntArray, n_clusters: int) -> Layers:
    """Count the selected spikes of each panel and cluster: each is in an image, or a point beside it."""
    n, shape = len(PAIRS), (_LAYER_CELLS, _LAYER_CELLS)
    counts, boxes = np.zeros((n, n_clusters, *shape), dtype=np.int64), np.zeros((n, n_clusters, 4))
    beside: list[tuple[FloatArray, FloatArray, IntArray, IntArray]] = []
    for panel in range(n):
        places = everything.of(ids, panel)
        known = np.isfinite(places[0]) & np.isfinite(places[1])
        for row in range(n_clusters):
            x, y = (values[(rows == row) & known] for values in places)
            (x0, x1), (y0, y1) = _span(x), _span(y)
            boxes[panel, row] = x0, x1, y0, y1
            inside = (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
            counts[panel, row] = bin_points(x[inside], y[inside], (x0, x1), (y0, y1), shape=shape)
            m = int(np.count_nonzero(~inside))
            beside.append((x[~inside], y[~inside], np.full(m, panel), np.full(m, row)))
    panels, clusters = np.divmod(np.arange(n * n_clusters), n_clusters)
    points = [frozen(np.concatenate(parts)) for parts in zip(*beside, strict=True)]
    sums = frozen(summed(counts.reshape(-1, *shape)))
    return Layers(sums, frozen(boxes.reshape(-1, 4)), panels, clusters, *points)


def _span(values: FloatArray) -> Range:
    """The range of all values but some outermost ones, never empty."""
    if not len(values):
        return 0.0, 1.0
    tail = min(_OUTER_SHARE, _OUTER_SPIKES / len(values))
    low, high = (float(q) for q in np.quantile(values, (tail, 1 - tail)))
    return (low, high) if high > low else (low - 0.5, high + 0.5)
