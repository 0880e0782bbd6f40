"""Units that are one neuron, joined while templates are learned.

Clusters of a neuron that moved, or whose amplitude changes, may become two units. They are one if one footprint
explains the mean waveforms of both, each where the tissue was when it was seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.pairs.template_pairs import shifted
from phy_medicine.compute.sorting.averages import LEAST_NOISE, Averages, kernel
from phy_medicine.compute.sorting.learning import Pass, moments
from phy_medicine.compute.sorting.likeness import similarities
from phy_medicine.compute.sorting.model import Model


@dataclass(frozen=True, slots=True)
class Joining:
    """When two units are one.

    least_alike : cosine of their templates at rest, at the best delay, for them to be looked at
    most_apart : energy that a common footprint leaves of the mean waveforms of either, of all their energy. Of parts of
        one neuron it was 0 to 0.03, of two neurons with a cosine of 0.87 at one place it is 0.06
    least_spikes : of each; the mean of fewer could be that of any unit
    near : channels of each that are looked at
    """

    least_alike: float = 0.4
    most_apart: float = 0.05
    least_spikes: int = 20
    near: int = 24


def joined(
    found: Pass, model: Model, contacts: Contacts, how: Joining | None = None
) -> tuple[Pass, list[tuple[int, int]]]:
    """Join units, the most alike first.

    Returns
    -------
    found : in which the spikes and sums of a unit that was joined are those of the other; it has none itself
    pairs : (kept, gone) that were joined
    """
    how = how or Joining()
    pairs: list[tuple[int, int]] = []
    alike, delays = similarities(model.shapes.at(np.zeros(model.n_units)))
    gone = np.zeros(model.n_units, bool)
    rows, columns = np.nonzero(np.triu(alike > how.least_alike, 1))
    for i in np.argsort(-alike[rows, columns], kind="stable"):
        k, j = int(rows[i]), int(columns[i])
        if gone[k] or gone[j]:
            continue
        counts = np.bincount(found.spikes.units, minlength=model.n_units)
        if counts[k] < counts[j]:
            k, j = j, k
        if counts[j] < how.least_spikes:
            continue
        delay = int(delays[k, j])
        means = moments(found.spikes, model.n_units)[0]
        if apart(found.averages, k, j, delay, means, contacts.positions_um, how) < how.most_apart:
            found = found if pairs else replace(found, averages=found.averages.copy())
            found = _with(found, k, j, delay, float(means[k] / means[j]))
            gone[j] = True
            pairs.append((k, j))
    return found, pairs


def apart(
    averages: Averages, k: int, j: int, delay: int, means: FloatArray, positions: FloatArray, how: Joining
) -> float:
    """Return the share of the energy of two units' mean waveforms that one footprint does not explain, of the worse."""
    one = _seen(averages, k, 0, float(means[k]), positions, how.near)
    other = _seen(averages, j, delay, float(means[j]), positions, how.near)
    if one is None or other is None:
        return np.inf
    where = np.concatenate([one[0], other[0]])
    values = np.concatenate([one[1], other[1]])
    errors = np.concatenate([one[2], other[2]])
    power = max(float((values**2).mean(axis=1).max()), 1e-12)
    known = kernel(where, where)
    noisy = known.copy()
    noisy[np.diag_indices_from(noisy)] += errors / power + LEAST_NOISE
    left = values - known @ np.linalg.solve(noisy, values)
    shares = []
    for part in (slice(0, len(one[0])), slice(len(one[0]), None)):
        # The means' own errors are no misfit.
        excess = (left[part] ** 2 / errors[part, None]).sum() - left[part].size
        shares.append(max(0.0, excess) / max((values[part] ** 2 / errors[part, None]).sum(), 1e-12))
    return max(shares)


def _seen(
    averages: Averages, k: int, delay: int, mean: float, positions: FloatArray, near: int
) -> tuple[FloatArray, FloatArray, FloatArray] | None:
    """Places (m, 2), mean waveforms there in the unit of the data (m, L), and the variance of each value (m,)."""
    channels = averages.channels[k][:near]
    slots = np.flatnonzero(channels >= 0)
    seen, means = averages.means(k)
    if not seen.size:
        return None
    values = means[:, slots] * mean
    values = shifted(values, -delay).reshape(-1, averages.sums.shape[3]).astype(np.float64)
    moved = np.stack([np.zeros(seen.size), averages.displacements[seen]], axis=1)
    where = (positions[channels[slots]][None] - moved[:, None]).reshape(-1, 2)
    variance = np.repeat(mean**2 / averages.energies[k, seen], len(slots))
    return where, values, variance


def _with(found: Pass, k: int, j: int, delay: int, ratio: float) -> Pass:
    """What was found, with unit j as part of unit k, the averages in place; `ratio` makes amplitudes of j such of k."""
    s = found.spikes
    of_j = s.units == j
    spikes = replace(
        s, times=np.where(of_j, s.times - delay, s.times), units=np.where(of_j, k, s.units),
        amplitudes=np.where(of_j, s.amplitudes * ratio, s.amplitudes),
    )  # fmt: skip
    spikes = spikes.part(np.lexsort((spikes.units, spikes.times)))
    _pool(found.averages, k, j, delay, ratio)
    return replace(found, spikes=spikes)


def _pool(averages: Averages, k: int, j: int, delay: int, ratio: float) -> None:
    """Add the sums of unit j to those of unit k, on the channels that k has, in place."""
    sums, energies, counts, totals = averages.sums, averages.energies, averages.counts, averages.totals
    same = (averages.channels[k][:, None] == averages.channels[j]) & (averages.channels[k][:, None] >= 0)
    slots, others = np.nonzero(same)
    sums[k][:, slots] += ratio * shifted(sums[j][:, others], -delay)
    energies[k] += ratio**2 * energies[j]
    counts[k] += counts[j]
    totals[k] += ratio * totals[j]
    for array in (sums, energies, counts, totals):
        array[j] = 0
