"""Whether the amplitudes of one cluster go on where those of another one end."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray

_ENOUGH, _MOST = 100, 500


def amplitude_continuity(
    first_times: IntArray,
    first_amplitudes: FloatArray,
    second_times: IntArray,
    second_amplitudes: FloatArray,
    *,
    step: int,
) -> float:
    """Return how alike the amplitudes of two clusters are where these are near in time, 0 to 1.

    Looked at are the spikes of each that are nearest to one of the other, in whole steps: of two that are there one
    after the other those around the time at which the one takes over, of two that are there together all.

    Parameters
    ----------
    first_times, second_times : (n,), (m,) int, ascending, samples; amplitudes : of the same spikes
    step : samples; distances in time are told apart by so much

    Returns
    -------
    1 less the largest difference of the two cumulative distributions; NaN without spikes

    Source: Smirnov 1948, Ann. Math. Statist. 19:279, the two-sample statistic.
    """
    if not (len(first_times) and len(second_times)):
        return float("nan")
    a = first_amplitudes[_near(first_times, second_times, step)]
    b = second_amplitudes[_near(second_times, first_times, step)]
    return 1 - _largest_difference(np.asarray(a, np.float64), np.asarray(b, np.float64))


def _near(times: IntArray, others: IntArray, step: int) -> IntArray:
    """Rows of the spikes nearest to another train, at least 100 where there are, at most 500, evenly."""
    after = np.searchsorted(others, times)
    away = np.minimum(
        np.abs(times - others[np.maximum(after - 1, 0)]), np.abs(others[np.minimum(after, len(others) - 1)] - times)
    )
    steps = away // max(step, 1)
    enough = min(_ENOUGH, len(times)) - 1
    rows = np.flatnonzero(steps <= np.partition(steps, enough)[enough])
    return rows[:: -(-len(rows) // _MOST)]


def _largest_difference(first: FloatArray, second: FloatArray) -> float:
    first, second = np.sort(first), np.sort(second)
    every = np.concatenate([first, second])
    shares = [np.searchsorted(values, every, "right") / len(values) for values in (first, second)]
    return float(np.abs(shares[0] - shares[1]).max())
