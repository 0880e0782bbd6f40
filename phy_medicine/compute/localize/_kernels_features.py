"""Compiled features of spikes: what is taken from the signal around each of them, contact by contact."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.machine_code import Kernels

kernels = Kernels(__name__)


@kernels.kernel("f4[:,:] i8[:] i8[:] i4[:,:] i8 i8 i8 i8 f4[:] f4[:,:]")
def peak_to_peak(signal, samples, rows, table, before, after, first, stop, low, out):  # type: ignore[no-untyped-def]
    """Write the largest less the smallest value around each spike; NaN where there is no contact or no signal.

    samples : row of `signal` of each spike; rows : of `table`; first, stop : rows of `signal` that were recorded
    low : (n_slots,) scratch
    """
    n_slots = table.shape[1]
    for i in range(samples.size):
        row, high = table[rows[i]], out[i]
        n = 0
        while n < n_slots and row[n] >= 0:
            low[n], high[n] = np.inf, -np.inf
            n += 1
        for t in range(max(samples[i] - before, first), min(samples[i] + after, stop)):
            for j in range(n):
                v = signal[t, row[j]]
                low[j] = min(low[j], v)
                high[j] = max(high[j], v)
        for j in range(n_slots):
            high[j] = high[j] - low[j] if j < n and high[j] >= low[j] else np.nan


@kernels.kernel("f4[:,:] i8[:] i8[:] i4[:,:] f4[:] i8 i8 i8 f4[:,:]")
def project(signal, samples, rows, table, shape, before, first, stop, out):  # type: ignore[no-untyped-def]
    """Write the scalar product of the signal with a course in time whose sample `before` is the spike's."""
    n_slots = table.shape[1]
    for i in range(samples.size):
        row, sums = table[rows[i]], out[i]
        for j in range(n_slots):
            sums[j] = 0.0 if row[j] >= 0 else np.nan
        start = samples[i] - before
        for t in range(max(start, first), min(start + shape.size, stop)):
            for j in range(n_slots):
                if row[j] >= 0:
                    sums[j] += shape[t - start] * signal[t, row[j]]


@kernels.kernel("f4[:,:] i8[:] i8[:] i4[:,:] i8 i8 i8 f4[:,:,:]")
def cut(signal, samples, rows, table, before, first, stop, out):  # type: ignore[no-untyped-def]
    """Write the signal around each spike, contacts before samples; 0 where there is no contact or no signal."""
    n_slots, n_samples = out.shape[1], out.shape[2]
    for i in range(samples.size):
        row, start = table[rows[i]], samples[i] - before
        for j in range(n_slots):
            for s in range(n_samples):
                t = start + s
                out[i, j, s] = signal[t, row[j]] if row[j] >= 0 and first <= t < stop else 0.0


@kernels.kernel("f4[:,:] i8[:] i4[:,:] i4[:,:] i4[:]")
def fall_off(amplitudes, rows, order, starts, parents):  # type: ignore[no-untyped-def]
    """Bring each amplitude down to the largest of its parents, from the inside out; NaN is nobody's parent."""
    for i in range(rows.size):
        values, c = amplitudes[i], rows[i]
        for place in range(order.shape[1]):
            begin, end = starts[c, place], starts[c, place + 1]
            if end == begin:
                continue
            limit = -1.0
            for p in range(begin, end):
                limit = max(limit, values[parents[p]]) if values[parents[p]] >= 0 else limit
            slot = order[c, place]
            if limit >= 0 and values[slot] > limit:
                values[slot] = limit
