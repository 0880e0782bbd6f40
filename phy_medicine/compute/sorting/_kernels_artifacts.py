"""Compiled search for samples at which many channels are large."""

from __future__ import annotations

from phy_medicine.base.machine_code import Kernels

kernels = Kernels(__name__)


@kernels.kernel("f4[:,:] f4[:] i8 u1[:]")
def mark(signal, limits, most, marked):  # type: ignore[no-untyped-def]
    """Mark the rows of (n, N) in which more channels than `most` are beyond their limit, either sign."""
    for t in range(signal.shape[0]):
        row = signal[t]
        n = 0
        for c in range(limits.size):
            n += (row[c] > limits[c]) | (row[c] < -limits[c])
        marked[t] = n > most
