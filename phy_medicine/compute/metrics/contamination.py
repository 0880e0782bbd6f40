"""How much of a unit is not of one neuron, from spikes that follow each other too soon."""

from __future__ import annotations

from math import nan, sqrt

import numpy as np

from phy_medicine.base.types import IntArray
from phy_medicine.compute.spike_pairs import spike_pairs

NOT_SINGLE = 1.0


def refractory_pairs(times: IntArray, censored: int, refractory: int) -> int:
    """Count the pairs of spikes that are `censored` samples apart or more, but less than `refractory`.

    times : (n,) int, ascending, samples
    """
    return len(spike_pairs(times, None, (censored, refractory - 1))) if refractory > censored else 0


def short_intervals(times: IntArray, threshold: int) -> int:
    """Count the intervals from a spike to the next one that are below a threshold; times : (n,) int, ascending."""
    return int(np.count_nonzero(np.diff(times) < threshold))


def isi_violations_ratio(n_spikes: int, n_short: int, threshold_s: float, duration_s: float) -> float:
    """Return the rate of short intervals, by what a train of the same rate without a refractory time would have.

    0 for a single neuron and about 1 for a Poisson train; while it is small, twice the share of foreign spikes or less.
    NaN where none would be expected at all

    Source: Hill, Mehta & Kleinfeld 2011, J. Neurosci. 31:8699, in the linear form of Allen's ecephys_spike_sorting and
    of SpikeInterface.
    """
    expected = 2 * n_spikes**2 * threshold_s / duration_s if duration_s > 0 else 0.0
    return n_short / expected if expected > 0 else nan


def contamination_by_one(n_spikes: int, n_pairs: float, window_s: float, duration_s: float) -> float:
    """Return the part of the spikes that is of another neuron, if there is a single other.

    Parameters
    ----------
    n_spikes, n_pairs : of the unit, and its unordered pairs within the refractory time
    window_s : refractory time less the censored one

    Returns
    -------
    0 to 0.5; `NOT_SINGLE` where even two equal neurons would have fewer pairs

    Source: Hill, Mehta & Kleinfeld 2011, J. Neurosci. 31:8699, solved for pairs among both trains.
    """
    share = _share(n_spikes, n_pairs, window_s, duration_s)
    return (1 - sqrt(1 - 2 * share)) / 2 if share <= 0.5 else NOT_SINGLE


def contamination_by_many(n_spikes: int, n_pairs: float, window_s: float, duration_s: float) -> float:
    """Return the part of the spikes that is of other neurons, if they are many; as `contamination_by_one`, 0 to 1.

    Source: Llobet, Wyngaard & Barbour 2022, bioRxiv 2022.02.08.479192. SpikeInterface's `rp_contamination` is this one;
    with a censored window it also takes that window around every spike out of the duration.
    """
    share = _share(n_spikes, n_pairs, window_s, duration_s)
    return 1 - sqrt(1 - share) if share <= 1 else NOT_SINGLE


def _share(n_spikes: int, n_pairs: float, window_s: float, duration_s: float) -> float:
    """Pairs by how many a Poisson train of the same rate has."""
    expected = n_spikes**2 * window_s / duration_s
    return n_pairs / expected if expected > 0 else 0.0
