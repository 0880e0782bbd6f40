"""Compiled search for the nearest of many points."""

from __future__ import annotations

from phy_medicine.base.machine_code import Kernels

kernels = Kernels(__name__)


@kernels.kernel("f4[:,:] i8 i8[:] f4[:] i8[:] f4[:] i8[:]", fused=True)
def own_among_nearest(points, n_own, rows, best, places, distances, counts):  # type: ignore[no-untyped-def]
    """Write how many of the nearest `best.size` points of each row are among the first `n_own`, itself left out.

    points : (n_dimensions, n); best, places : scratch, (k,); distances : scratch, of one block
    """
    k = best.size
    n = points.shape[1]
    for q in range(rows.size):
        row = rows[q]
        for i in range(k):
            best[i] = 3e38
            places[i] = n
        for begin in range(0, n, distances.size):
            # A slice is known to begin at 0, so that the loop over it is done several points at a time.
            away = distances[: min(distances.size, n - begin)]
            away[:] = 0
            for axis in range(points.shape[0]):
                line = points[axis, begin : begin + away.size]
                here = points[axis, row]
                for j in range(away.size):
                    away[j] += (line[j] - here) * (line[j] - here)
            for j in range(away.size):
                if away[j] < best[k - 1] and begin + j != row:
                    i = k - 1
                    while i > 0 and best[i - 1] > away[j]:
                        best[i] = best[i - 1]
                        places[i] = places[i - 1]
                        i -= 1
                    best[i] = away[j]
                    places[i] = begin + j
        found = 0
        for i in range(k):
            if places[i] < n_own:
                found += 1
        counts[q] = found
