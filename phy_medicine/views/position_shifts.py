"""Where another run of positions puts the spikes: lines from there, and how far that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, BoolArray, FloatArray, IntArray, frozen
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.localization import DEPTH, LocalizationState, Positions, X, Z
from phy_medicine.views.cluster_scatter import number
from phy_medicine.views.color_scale import ColorScale, scale_of
from phy_medicine.views.raster import Picture

if TYPE_CHECKING:
    from phy_medicine.views.scatter import Cloud

# More lines are a thicket; these are even in time.
_MOST_LINES = 2_000
_SCALE_SPIKES = 50_000


@dataclass(frozen=True, slots=True)
class Shifts:
    """How far spikes are from where another run puts them.

    run : its name; starts : (n, 2) float32, its places in the plane that is shown; um : (n,) float32, the distance in
    space, or across and along the probe where one of the runs has no z; NaN where the run has no position
    """

    run: str
    starts: FloatArray
    um: FloatArray
    scale: ColorScale

    def part(self, kept: BoolArray) -> Shifts:
        """Return some of them; kept : (n,)."""
        return replace(self, starts=frozen(self.starts[kept]), um=frozen(self.um[kept]))

    @property
    def words(self) -> str:
        """What the status says."""
        known = self.um[np.isfinite(self.um)]
        middle = f"{number(float(np.median(known)))} µm" if len(known) else "nothing in common"
        return f"{middle} from {self.run}"


class ShiftSource:
    """Compares positions with those of another run; the scale of a pair of runs is kept."""

    def __init__(self) -> None:
        self._scale: tuple[Positions | None, Positions | None, ColorScale | None] = (None, None, None)

    def of(
        self,
        localization: LocalizationState,
        positions: Positions,
        name: str,
        spike_ids: IntArray,
        place: Callable[[Positions, IntArray], FloatArray],
    ) -> Shifts:
        """Return how far some spikes are from where a run puts them.

        name : of the run; of none, or one that is not in this store, the usual one; place : positions and spikes ->
        (n, 2) in the plane that is shown

        Raises
        ------
        DataMissing : there is no other run
        """
        try:
            usual = name if name in {run.name for run in localization.others()} else localization.usual_baseline()
            baseline = localization.named(usual)
        except PhyMedError as error:
            raise DataMissing(str(error)) from error
        um = distances(positions, baseline, spike_ids)
        starts = place(baseline, spike_ids)
        return Shifts(usual, frozen(starts), frozen(um), self._scale_of(positions, baseline))

    def _scale_of(self, positions: Positions, baseline: Positions) -> ColorScale:
        ours, theirs, scale = self._scale
        if scale is None or ours is not positions or theirs is not baseline:
            every = np.arange(0, len(positions.x_um), max(1, len(positions.x_um) // _SCALE_SPIKES))
            scale = scale_of("Moved by (µm)", distances(positions, baseline, every), from_zero=True)
            self._scale = positions, baseline, scale
        return scale


def distances(positions: Positions, baseline: Positions, spike_ids: IntArray) -> FloatArray:
    """Return how far apart two runs put spikes, (n,) float32, µm; without z where one of them has none."""
    axes = (X, DEPTH, Z) if positions.has(Z) and baseline.has(Z) else (X, DEPTH)
    apart = [np.square(positions.values(a, spike_ids) - baseline.values(a, spike_ids)) for a in axes]
    away: FloatArray = np.sqrt(np.sum(apart, axis=0))
    return away


def draw_shifts(picture: Picture, shifts: Shifts, cloud: Cloud, colors: AnyArray, rows: IntArray) -> None:
    """Draw lines from where the other run puts some of the spikes; colors, rows : of the spikes, as of points."""
    known = np.flatnonzero(np.isfinite(shifts.starts).all(axis=1))
    some = known[:: max(1, -(-len(known) // _MOST_LINES))]
    x = np.stack([shifts.starts[some, 0], cloud.x[some]], axis=1)
    y = np.stack([shifts.starts[some, 1], cloud.y[some]], axis=1)
    shade = colors * np.array([1, 1, 1, 0.5], dtype=np.float32)
    picture.lines(x, y, color=shade, index=rows[some], width=1.0)
