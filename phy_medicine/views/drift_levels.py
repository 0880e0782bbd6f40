"""What decides the colour of each spike in the drift view, if it is not its cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray, IntArray, frozen
from phy_medicine.compute.spike_map import amplitude_ranks
from phy_medicine.session.localization import ALPHA, Positions, Z
from phy_medicine.views.color_scale import ColorScale, PositionScales, palette_of
from phy_medicine.views.drift_marks import amplitude_palette
from phy_medicine.views.theme import Theme

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService

CLUSTER, AMPLITUDE = "cluster", "amplitude"
COLORS = (CLUSTER, AMPLITUDE, ALPHA, Z)


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """A number of all spikes as places on a scale of colours.

    values : (n_spikes,) uint8; known : (n_spikes,) bool, spikes that have the number, None for all; scale : None where
    the places are ranks of amplitudes
    """

    color: str
    values: IntArray
    known: BoolArray | None
    scale: ColorScale | None

    @property
    def ends(self) -> tuple[str, str]:
        """Words at both ends of the legend."""
        return ("Amplitude: weak", "strong") if self.scale is None else self.scale.ends

    def palette(self, theme: Theme) -> FloatArray:
        """Return the colours, (256, 3) RGB 0..1."""
        return amplitude_palette(theme) if self.scale is None else palette_of(self.scale.table, theme)


class DriftLevels:
    """The levels of all spikes by what decides the colour, kept while the same positions are in use; any thread."""

    def __init__(self, data: DataService) -> None:
        self._data = data
        self._scales = PositionScales()
        self._ranks: Levels | None = None
        self._of_positions: tuple[Positions | None, dict[str, Levels]] = (None, {})

    def of(self, color: str) -> Levels | None:
        """Return the levels; None where the cluster decides, or the positions in use do not have the number.

        Raises
        ------
        DataMissing : the dataset has no amplitudes
        """
        if color == AMPLITUDE:
            if self._ranks is None:
                every = self._data.amplitudes_of(np.arange(self._data.n_spikes)).values
                self._ranks = Levels(AMPLITUDE, frozen(amplitude_ranks(every)), None, None)
            return self._ranks
        positions = self._data.localization.current if color in (ALPHA, Z) else None
        if positions is None or not positions.has(color):
            return None
        if self._of_positions[0] is not positions:
            self._of_positions = (positions, {})
        made = self._of_positions[1]
        if color not in made:
            values, scale = positions.values(color, slice(None)), self._scales.of(positions, color)
            known = np.isfinite(values)
            made[color] = Levels(color, frozen(scale.levels(values)), None if known.all() else frozen(known), scale)
        return made[color]
