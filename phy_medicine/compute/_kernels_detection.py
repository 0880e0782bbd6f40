"""Compiled search for peaks: candidates, one channel at a time, then which of them no other one near them exceeds."""

from __future__ import annotations

from phy_medicine.base.machine_code import Kernels

kernels = Kernels(__name__)


@kernels.kernel("f4[:,:] f4[:] f4[:] i8 i8 i8[:] i8[:] i8[:]")
def find(signal, low, high, first, stop, rows, channels, n_found):  # type: ignore[no-untyped-def]
    """Write all samples that are extreme in time and reach a limit of their channel; `n_found[0]` counts them.

    low, high : limits of troughs and of crests; of equal samples in a row the first is the extreme one
    rows, channels : of as many as there is room for
    """
    n = 0
    for t in range(max(first, 1), min(stop, signal.shape[0] - 1)):
        before, here, after = signal[t - 1], signal[t], signal[t + 1]
        # Most rows have none: this loop uses wide instructions, the next one cannot.
        some = 0
        for c in range(low.size):
            some += (here[c] <= low[c]) | (here[c] >= high[c])
        if some == 0:
            continue
        for c in range(low.size):
            x = here[c]
            trough = x <= low[c] and x < before[c] and x <= after[c]
            crest = x >= high[c] and x > before[c] and x >= after[c]
            if trough or crest:
                if n < rows.size:
                    rows[n], channels[n] = t, c
                n += 1
    n_found[0] = n


@kernels.kernel("i8[:] i8[:] f4[:] u1[:,:] i8 i8 i8 u1[:]")
def keep(rows, channels, sizes, near, reach, first, stop, kept):  # type: ignore[no-untyped-def]
    """Mark those of the rows first to stop that no other within reach exceeds; of equal ones the first stays.

    rows : ascending; near : (n_channels, n_channels), 1 where two channels exclude each other
    """
    for i in range(rows.size):
        kept[i] = first <= rows[i] < stop
        if not kept[i]:
            continue
        j = i - 1
        while j >= 0 and rows[j] >= rows[i] - reach:
            if near[channels[i], channels[j]] and sizes[j] >= sizes[i]:
                kept[i] = 0
                break
            j -= 1
        j = i + 1
        while kept[i] and j < rows.size and rows[j] <= rows[i] + reach:
            if near[channels[i], channels[j]] and sizes[j] > sizes[i]:
                kept[i] = 0
            j += 1
