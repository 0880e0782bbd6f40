"""Compiled search for the nearest of many points."""

from __future__ import annotations

from phy_medicine.base.machine_code import Kernels

kernels = Kernels(__name__)


@kernels.kernel("f4[:,:] i8 u1[:] i8[:] f4[:] u1[:] f4[:] i8[:]", fused=True)
def own_among_nearest(points, axis, own, rows, best, mine, distances, counts):  # type: ignore[no-untyped-def]
    """Write how many of the nearest `best.size` points of each row are own ones, itself left out.

    points : (n_dimensions, n), in ascending order of one `axis`; own : (n,), 1 for own points
    best, mine : scratch, (k,); distances : scratch, of one block
    """
    k, n, size = best.size, points.shape[1], distances.size
    n_blocks = (n + size - 1) // size
    for q in range(rows.size):
        row = rows[q]
        here = points[axis, row]
        for i in range(k):
            best[i] = 3e38
            mine[i] = 0
        block = row // size
        left, right = block - 1, block + 1
        while True:
            begin = block * size
            # A slice is known to begin at 0, so that the loop over it is done several points at a time.
            away = distances[: min(size, n - begin)]
            away[:] = 0
            for d in range(points.shape[0]):
                line = points[d, begin : begin + away.size]
                place = points[d, row]
                for j in range(away.size):
                    away[j] += (line[j] - place) * (line[j] - place)
            for j in range(away.size):
                if away[j] < best[k - 1] and begin + j != row:
                    i = k - 1
                    while i > 0 and best[i - 1] > away[j]:
                        best[i] = best[i - 1]
                        mine[i] = mine[i - 1]
                        i -= 1
                    best[i] = away[j]
                    mine[i] = own[begin + j]
            # What is farther along the axis than all that were found need not be looked at.
            before = here - points[axis, left * size + size - 1] if left >= 0 else 3e38
            behind = points[axis, right * size] - here if right < n_blocks else 3e38
            gap = min(before, behind)
            if (left < 0 and right >= n_blocks) or gap * gap >= best[k - 1]:
                break
            if before <= behind:
                block = left
                left -= 1
            else:
                block = right
                right += 1
        found = 0
        for i in range(k):
            found += mine[i]
        counts[q] = found
