"""How far the tissue moved between two sessions, from the units that both have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.sessions.unit_set import UnitSet

MOST_UM = 300.0
"""Larger shifts between sessions are not looked for."""
_STEP_UM = 1.0
_BLUR_UM = 8.0
_WINDOW_UM = 250.0
"""Units this near in depth say together how far the tissue moved there."""
_NEAR_UM = 40.0
_FEW = 0.3
"""Weight of the rigid shift against that of the pairs at a depth."""
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Shift:
    """Depth in a session less depth in the reference session, for what rests at a depth of that session.

    depths_um, values_um : (n,) float64, ascending depths of the session, and the shift there; rigid_um : of all
    """

    depths_um: FloatArray
    values_um: FloatArray
    rigid_um: float

    def at(self, depths_um: FloatArray) -> FloatArray:
        """Return the shift at depths of the session, (n,) float64, µm; constant beyond the ends."""
        return np.asarray(np.interp(depths_um, self.depths_um, self.values_um))


def estimate_shift(reference: UnitSet, other: UnitSet) -> Shift:
    """Return how far the tissue of `other` lies above that of `reference`, by depth; 0 without units.

    Notes
    -----
    Pairs of units with alike waveforms on the largest contact, alike size and x vote for the difference of their
    depths; the most voted one is the rigid shift. Near it, at every depth, pairs that choose each other then say
    how much more or less it is there; where few do, the rigid shift counts.
    """
    if not reference.n or not other.n:
        return Shift(np.zeros(1), np.zeros(1), 0.0)
    votes = _alike(reference, other)
    apart = other.centers_um[None, :, 1] - reference.centers_um[:, None, 1]
    rigid = _rigid(votes, apart)
    low, high = float(other.centers_um[:, 1].min()), float(other.centers_um[:, 1].max())
    depths = np.linspace(low, high, max(2, int((high - low) / 50.0) + 1))
    shift = Shift(depths, np.full(len(depths), rigid), rigid)
    for _ in range(_ROUNDS):
        shift = _refined(shift, votes, apart, other.centers_um[:, 1])
    return shift


def _alike(a: UnitSet, b: UnitSet) -> FloatArray:
    """(n_a, n_b) weight of each pair, 0 to 1, whatever its depths."""
    waves = [_unit(s.peak_waves - s.peak_waves.mean(axis=1, keepdims=True)) for s in (a, b)]
    alike = np.maximum(waves[0] @ waves[1].T, 0.0) ** 8
    sizes = np.log(np.maximum(a.amplitudes, 1e-9))[:, None] - np.log(np.maximum(b.amplitudes, 1e-9))[None, :]
    beside = a.centers_um[:, None, 0] - b.centers_um[None, :, 0]
    weight: FloatArray = alike * np.exp(-0.5 * (sizes / 0.4) ** 2) * np.exp(-0.5 * (beside / 15.0) ** 2)
    return weight


def _unit(waves: FloatArray) -> FloatArray:
    return np.asarray(waves / np.maximum(np.linalg.norm(waves, axis=1, keepdims=True), 1e-12))


def _rigid(votes: FloatArray, apart: FloatArray) -> float:
    """The difference of depths with most votes near it."""
    grid = np.arange(-MOST_UM, MOST_UM + _STEP_UM, _STEP_UM)
    inside = np.abs(apart) <= MOST_UM
    if not (votes[inside] > 0).any():
        return 0.0
    counts = np.histogram(apart[inside], np.append(grid - _STEP_UM / 2, grid[-1] + _STEP_UM / 2), weights=votes[inside])
    offsets = np.arange(-4 * _BLUR_UM, 4 * _BLUR_UM + 1, _STEP_UM)
    blurred = np.convolve(counts[0], np.exp(-0.5 * (offsets / _BLUR_UM) ** 2), mode="same")
    return float(grid[blurred.argmax()])


def _refined(shift: Shift, votes: FloatArray, apart: FloatArray, depths_um: FloatArray) -> Shift:
    """Look again, at every depth, among the pairs that choose each other by the shift so far."""
    rest = apart - shift.at(depths_um)[None, :]
    score = votes * np.exp(-0.5 * (rest / 15.0) ** 2) * (np.abs(rest) < _NEAR_UM)
    rows, columns = np.nonzero(
        (score > 0) & (score == score.max(axis=1, keepdims=True)) & (score == score.max(axis=0, keepdims=True))
    )
    weights, found, places = score[rows, columns], apart[rows, columns], depths_um[columns]
    if not weights.sum() > 0:
        return shift
    rigid = _weighted_median(found, weights)
    values = np.array([_line(places - depth, found - rigid, weights) for depth in shift.depths_um])
    return Shift(shift.depths_um, rigid + values, rigid)


def _line(places_um: FloatArray, values_um: FloatArray, weights: FloatArray) -> float:
    """Value at 0 of a line through what lies near, which outliers do not draw; towards 0 where little does."""
    near = weights * np.exp(-0.5 * (places_um / _WINDOW_UM) ** 2)
    line = np.array([np.ones_like(places_um), places_um / _WINDOW_UM])
    hold, value = np.diag([_FEW, _FEW]), np.zeros(2)
    trust = near
    for _ in range(5):
        value = np.linalg.solve((line * trust) @ line.T + hold, (line * trust) @ values_um)
        trust = near / (1.0 + ((values_um - value @ line) / 6.0) ** 2)
    return float(value[0])


def _weighted_median(values: FloatArray, weights: FloatArray) -> float:
    order = np.argsort(values)
    summed = np.cumsum(weights[order])
    middle = np.interp(0.5 * summed[-1], summed - 0.5 * weights[order], values[order])
    return float(middle)
