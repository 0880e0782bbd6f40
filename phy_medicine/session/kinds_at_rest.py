"""Two kinds of spikes of one cluster, told apart wherever the tissue was: which of them are the same neuron there.

Along one axis of the features two neurons may change places when the tissue moves: what lies above in one position is
another neuron than what lies above in the next. By what they look like at rest they are told which is which.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray, IntArray
from phy_medicine.curation.drift_similarity import LocalTemplates, at_rest

STRATUM_UM = 10.0
"""Positions of the tissue that differ by less count as one."""
FEWEST, MOST = 20, 400
"""Spikes of a kind that a mean is taken of, in one position of the tissue."""
_CLEAR = 0.3
"""Cosine from which differences at rest are sure to point the same way, or the opposite one."""

FeaturesOf = Callable[[IntArray], FloatArray]


def same_kinds(
    second: BoolArray, moved_um: FloatArray, features: FeaturesOf, channel_ids: IntArray, positions_um: FloatArray
) -> BoolArray:
    """Return which spikes are of the second kind, with the kinds of each position of the tissue matched to each other.

    The difference of the mean features of the two kinds, moved to where their neurons rest, points the same way in
    every position; where it points the opposite way, the kinds have changed places. Positions with too few spikes of
    a kind follow the nearest one.

    second : (n,) bool; moved_um : (n,) of the tissue at each spike
    features : gives those of some of the n spikes, (k, n_channels, n_components), NaN where one has none; the
        components are the same on every channel
    channel_ids : (n_channels,); positions_um : (n_all_channels, 2)
    """
    if float(np.ptp(moved_um)) < STRATUM_UM:
        return second
    stratum = _strata(moved_um)
    known: list[int] = []
    differences: list[FloatArray] = []
    for k in range(int(stratum.max()) + 1):
        sides = [np.flatnonzero((stratum == k) & side) for side in (second, ~second)]
        if min(map(len, sides)) >= FEWEST:
            a, b = (_mean(features(_some(rows))) for rows in sides)
            known.append(k)
            differences.append(a - b)
    if len(known) < 2:
        return second
    places = np.array([float(moved_um[stratum == k].mean()) for k in known])
    still = _still(np.stack(differences), places, channel_ids, positions_um)
    swapped = _swapped(still, places, np.array([int((stratum == k).sum()) for k in known]))
    middles = np.bincount(stratum, moved_um) / np.bincount(stratum)
    nearest = np.abs(middles[:, None] - places[None, :]).argmin(axis=1)
    return np.asarray(second ^ swapped[nearest][stratum])


def _strata(moved_um: FloatArray) -> IntArray:
    """The position of each spike, (n,) int64: each begins at the first value that is in none before it."""
    values = np.sort(moved_um)
    begins = [0]
    while (following := int(np.searchsorted(values, values[begins[-1]] + STRATUM_UM))) < len(values):
        begins.append(following)
    return np.asarray(np.searchsorted(values[begins], moved_um, side="right") - 1)


def _still(
    differences: FloatArray, places_um: FloatArray, channel_ids: IntArray, positions_um: FloatArray
) -> FloatArray:
    """Maps of features moved to where they are at rest, (n, n_all_channels * n_components), of norm 1 or 0."""
    n, _, n_components = differences.shape
    waves = differences.transpose(0, 2, 1).astype(np.float32)
    rest = at_rest(LocalTemplates(waves, np.tile(channel_ids, (n, 1)), positions_um), places_um)
    whole = np.zeros((n, len(positions_um), n_components))
    for row, wave, channels in zip(whole, rest.waveforms, rest.channel_ids, strict=True):
        used = channels >= 0
        row[channels[used]] = wave[:, used].T
    flat = whole.reshape(n, -1)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12))


def _swapped(still: FloatArray, places_um: FloatArray, n_spikes: IntArray) -> BoolArray:
    """Whether the kinds have changed places in each position, against the position with most spikes.

    From there on, always the position is next that is nearest to one that is settled.
    """
    settled = [int(n_spikes.argmax())]
    signs = np.zeros(len(still))
    signs[settled] = 1.0
    while len(settled) < len(still):
        left = np.flatnonzero(signs == 0)
        i = int(left[np.abs(places_um[left][:, None] - places_um[settled]).min(axis=1).argmin()])
        mean = (signs[settled] * n_spikes[settled]) @ still[settled]
        along = float(still[i] @ mean) / max(float(np.linalg.norm(mean)), 1e-12)
        signs[i] = -1.0 if along < -_CLEAR else 1.0
        settled.append(i)
    return np.asarray(signs < 0)


def _some(rows: IntArray) -> IntArray:
    return rows if len(rows) <= MOST else rows[np.linspace(0, len(rows) - 1, MOST).astype(np.int64)]


def _mean(features: FloatArray) -> FloatArray:
    """Mean of what is known, 0 where nothing is."""
    known = np.isfinite(features)
    return np.asarray(np.where(known, features, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))
