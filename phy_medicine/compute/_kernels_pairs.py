"""Compiled counting of spike pairs."""

from __future__ import annotations

from phy_medicine.base.machine_code import Kernels

kernels = Kernels(__name__)


@kernels.kernel("i8[:] i8[:] i8 i8[:]")
def count_pairs(samples_a, samples_b, width, counts):  # type: ignore[no-untyped-def]
    """Add to `counts` the lags from each spike of `a` to the spikes of `b`; bins as in `correlogram.LagBins`."""
    n_half = counts.size // 2
    reach = ((2 * n_half + 1) * width - 1) // 2
    first = 0
    for i in range(samples_a.size):
        here = samples_a[i]
        while first < samples_b.size and samples_b[first] < here - reach:
            first += 1
        j = first
        while j < samples_b.size and samples_b[j] <= here + reach:
            lag = samples_b[j] - here
            if lag >= 0:
                counts[n_half + (2 * lag + width) // (2 * width)] += 1
            else:
                counts[n_half - (width - 2 * lag) // (2 * width)] += 1
            j += 1


@kernels.kernel("i8[:] i8 i8[:]")
def count_own_pairs(samples, width, counts):  # type: ignore[no-untyped-def]
    """Add to `counts` (from lag 0 up) the lags from each spike to the later ones."""
    reach = ((2 * counts.size - 1) * width - 1) // 2
    for i in range(samples.size):
        j = i + 1
        while j < samples.size and samples[j] - samples[i] <= reach:
            counts[(2 * (samples[j] - samples[i]) + width) // (2 * width)] += 1
            j += 1


@kernels.kernel("i8[:] i8[:] i8[:] i8[:]")
def count_before(samples_a, samples_b, edges, totals):  # type: ignore[no-untyped-def]
    """Add to `totals`, for each edge, how many pairs have the spike of `b` earlier than that of `a` plus the edge."""
    for k in range(edges.size):
        j = 0
        total = 0
        for i in range(samples_a.size):
            end = samples_a[i] + edges[k]
            while j < samples_b.size and samples_b[j] < end:
                j += 1
            total += j
        totals[k] += total


@kernels.kernel("i8[:] i8[:] i4[:] i8 i8[:]")
def count_by_table(samples_a, samples_b, table, shortest, counts):  # type: ignore[no-untyped-def]
    """Add to `counts` the lags from each spike of `a` to those of `b`, from `shortest` on; table : lag -> bin."""
    start = 0
    for i in range(samples_a.size):
        here = samples_a[i]
        while start < samples_b.size and samples_b[start] < here + shortest:
            start += 1
        j = start
        while j < samples_b.size and samples_b[j] - here < table.size:
            counts[table[samples_b[j] - here]] += 1
            j += 1
