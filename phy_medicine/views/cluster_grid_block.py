"""What the grid of all clusters draws: of each cluster in sight itself and its nearest in their plane."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.session.blocks import DataMissing
from phy_medicine.views.feature_scores import nearest_source
from phy_medicine.views.lda_block import in_plane, pair_errors, shown_clusters

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService

# Cells are worked out for so long before those that are ready are shown.
_AT_ONCE_S = 0.25
# All but the outermost spikes are inside of a cell.
_TAIL = 0.005


@dataclass(frozen=True, slots=True)
class Cell:
    """A cluster and its nearest.

    cluster_ids : itself first; places : (n, 2) float32, 0 to 1 across and up the cell, in order of time
    rows : (n,) uint8, the cluster's place in `cluster_ids`; error : the largest of those that tell it from the others,
    NaN where none is known; missing : why there is nothing, ""
    """

    cluster_ids: tuple[int, ...]
    places: FloatArray
    rows: IntArray
    error: float
    missing: str = ""


@dataclass(frozen=True, slots=True)
class GridBlock:
    """The clusters of the table in its order, and the cells that are known.

    cluster_ids : (n,); cells : by the place in the table; n_waiting : cells in sight that are not known yet
    colors : of every cluster in the cells, RGBA, as if none were selected
    """

    cluster_ids: tuple[int, ...]
    cells: Mapping[int, Cell]
    n_waiting: int
    colors: Mapping[int, FloatArray]


def cell_of(data: DataService, cluster_id: int, k: int, *, mode: str, source: str, n_spikes: int) -> Cell:
    """Return the cell of a cluster, with the numbers of the view of discriminants; arguments as of its `build`."""
    empty = np.zeros((0, 2), np.float32), np.zeros(0, np.uint8)
    try:
        shown = shown_clusters(data, (cluster_id,), k)
        key = ("grid cell", cluster_id, shown.cluster_ids, mode, source, n_spikes)

        def work_out() -> Cell:
            spikes = in_plane(data, shown, mode=mode, source=source, n_spikes=n_spikes)
            parts = None if nearest_source(data, source) == "file" else spikes.parts
            pairs = [(0, row) for row in range(1, len(shown.cluster_ids))]
            errors = pair_errors(data, shown.cluster_ids, parts, pairs)
            order = np.argsort(spikes.ids, kind="stable")
            places = _in_unit_square(spikes.plane.places)[order]
            error = errors[0].error if errors else nan
            return Cell(shown.cluster_ids, frozen(places), frozen(spikes.rows[order]), error)

        return data.kept(key, work_out)
    except DataMissing as error:
        return Cell((cluster_id,), *empty, nan, str(error))


def gather_cells(wanted: Sequence[int], known: Mapping[int, Cell], make: Callable[[int], Cell]) -> dict[int, Cell]:
    """Return cells by their places, those that are known and as many more as a quarter of a second leaves time for.

    At least one more is made, so that all are there in the end.
    """
    begin = time.perf_counter()
    cells = {place: known[place] for place in wanted if place in known}
    for place in wanted:
        if place not in cells:
            cells[place] = make(place)
            if time.perf_counter() - begin > _AT_ONCE_S:
                break
    return cells


def build_grid(
    data: DataService,
    cluster_ids: Sequence[int],
    cells: Mapping[int, Cell],
    n_wanted: int,
    colors: Callable[[Sequence[int]], FloatArray],
) -> GridBlock:
    """Return what is drawn of the cells that there are, of all that are in sight.

    Raises
    ------
    DataMissing : there are no clusters, or nothing to compare any by
    """
    if not cluster_ids:
        raise DataMissing("No clusters: the filter of the cluster table leaves none.")
    missing = {cell.missing for cell in cells.values()}
    if len(missing) == 1 and "" not in missing and not data.has_features and not data.has_waveforms:
        raise DataMissing(missing.pop())
    named = list(dict.fromkeys(c for cell in cells.values() for c in cell.cluster_ids))
    shades = dict(zip(named, colors(named), strict=True))
    return GridBlock(tuple(cluster_ids), cells, n_wanted - len(cells), shades)


def _in_unit_square(places: FloatArray) -> FloatArray:
    """Return places (n, 2) such that all but the outermost lie between 0 and 1."""
    low, high = np.quantile(places, (_TAIL, 1 - _TAIL), axis=0)
    span = np.where(high > low, high - low, 1.0)
    found: FloatArray = ((places - low) / span).astype(np.float32)
    return found
