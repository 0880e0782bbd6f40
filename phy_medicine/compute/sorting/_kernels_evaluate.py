"""Compiled matching of spike trains."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def count_matches(times_a, starts_a, times_b, starts_b, tolerance, out):  # type: ignore[no-untyped-def]
    """Write how many spikes of each train of a match one of each train of b, each used once, (n_a, n_b)."""
    for a in range(starts_a.size - 1):
        for b in range(starts_b.size - 1):
            i, j, n = starts_a[a], starts_b[b], 0
            while i < starts_a[a + 1] and j < starts_b[b + 1]:
                apart = times_b[j] - times_a[i]
                if apart < -tolerance:
                    j += 1
                elif apart > tolerance:
                    i += 1
                else:
                    n += 1
                    i += 1
                    j += 1
            out[a, b] = n
