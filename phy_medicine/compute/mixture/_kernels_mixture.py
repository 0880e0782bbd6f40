"""Compiled work over all points of a mixture: densities, draws of labels, sums by label.

Points are (n_dimensions, n), so that the loop over a block of them is done several at a time. Diagonal components give
`halves` (n_components, n_dimensions), half of each precision, and no `factors`; full ones give `factors`
(n_components, n_dimensions, n_dimensions), lower triangular, that make their covariance the identity. `logs` is scratch
of (n_components + 2, points of a block).
"""

from __future__ import annotations

import numpy as np

from phy_medicine.base.machine_code import Kernels

kernels = Kernels(__name__)

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_30, _27, _31, _11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
# A weight under exp(-37) of the largest is less than what a uniform number of 53 bits resolves.
_NOTHING = -37.0


@kernels.helper
def _uniform(key, n):  # type: ignore[no-untyped-def]
    """Number `n` of the stream `key`, in [0, 1). Source: SplitMix64, Steele, Lea & Flood 2014, OOPSLA."""
    z = np.uint64(key) + (np.uint64(n) + np.uint64(1)) * _STEP
    z = (z ^ (z >> _30)) * _MIX_1
    z = (z ^ (z >> _27)) * _MIX_2
    z = z ^ (z >> _31)
    return np.float64(z >> _11) * 1.1102230246251565e-16


@kernels.helper
def _fill(points, begin, m, offsets, means, halves, factors, logs):  # type: ignore[no-untyped-def]
    """Write the log of weight times density of the points from `begin` on, and its maximum after the components."""
    n_components, n_dimensions = means.shape
    best = logs[n_components, :m]
    best[:] = -np.inf
    for k in range(n_components):
        line = logs[k, :m]
        line[:] = offsets[k]
        if factors.shape[0] == 0:
            for d in range(n_dimensions):
                place = points[d, begin : begin + m]
                mean = means[k, d]
                half = halves[k, d]
                for j in range(m):
                    line[j] -= half * (place[j] - mean) * (place[j] - mean)
        else:
            white = logs[n_components + 1, :m]
            for i in range(n_dimensions):
                white[:] = 0.0
                for d in range(i + 1):
                    place = points[d, begin : begin + m]
                    mean = means[k, d]
                    factor = factors[k, i, d]
                    for j in range(m):
                        white[j] += factor * (place[j] - mean)
                for j in range(m):
                    line[j] -= 0.5 * white[j] * white[j]
        for j in range(m):
            best[j] = max(best[j], line[j])


@kernels.kernel("f8[:,:] f8[:] f8[:,:] f8[:,:] f8[:,:,:] i8 i8 f8[:,:] f8[:,:]", fused=True)
def write_logs(points, offsets, means, halves, factors, start, stop, logs, out):  # type: ignore[no-untyped-def]
    """Write the log of weight times density of points into `out` (n, n_components)."""
    for begin in range(start, stop, logs.shape[1]):
        m = min(logs.shape[1], stop - begin)
        _fill(points, begin, m, offsets, means, halves, factors, logs)
        for j in range(m):
            for k in range(means.shape[0]):
                out[begin + j, k] = logs[k, j]


@kernels.kernel("f8[:,:] f8[:] f8[:,:] f8[:,:] f8[:,:,:] i8 i8 f8[:,:] i8 i4[:]", fused=True)
def draw_labels(points, offsets, means, halves, factors, start, stop, logs, key, labels):  # type: ignore[no-untyped-def]
    """Draw the component of each point in proportion to weight times density; the same key gives the same labels."""
    n_components = means.shape[0]
    for begin in range(start, stop, logs.shape[1]):
        m = min(logs.shape[1], stop - begin)
        _fill(points, begin, m, offsets, means, halves, factors, logs)
        for j in range(m):
            best = logs[n_components, j]
            total = 0.0
            for k in range(n_components):
                away = logs[k, j] - best
                weight = np.exp(away) if away > _NOTHING else 0.0
                logs[k, j] = weight
                total += weight
            left = _uniform(key, begin + j) * total
            chosen = 0
            for k in range(n_components):
                if logs[k, j] > 0.0:
                    chosen = k
                    left -= logs[k, j]
                    if left < 0.0:
                        break
            labels[begin + j] = chosen


@kernels.kernel("f8[:,:] f8[:] f8[:,:] f8[:,:] f8[:,:,:] i8 i8 f8[:,:] f8[:,:] f8[:] f8[:]", fused=True)
def add_draw(points, offsets, means, halves, factors, start, stop, logs, shares, top, total):  # type: ignore[no-untyped-def]
    """Add what one draw of the parameters says of points.

    shares : (n, n_components), the probabilities of the components are added; top, total : (n,), the densities are
    added, as `total` times the exponential of `top`
    """
    n_components = means.shape[0]
    for begin in range(start, stop, logs.shape[1]):
        m = min(logs.shape[1], stop - begin)
        _fill(points, begin, m, offsets, means, halves, factors, logs)
        for j in range(m):
            best = logs[n_components, j]
            here = 0.0
            for k in range(n_components):
                away = logs[k, j] - best
                weight = np.exp(away) if away > _NOTHING else 0.0
                logs[k, j] = weight
                here += weight
            for k in range(n_components):
                shares[begin + j, k] += logs[k, j] / here
            if best <= top[begin + j]:
                total[begin + j] += here * np.exp(best - top[begin + j])
            else:
                total[begin + j] = total[begin + j] * np.exp(top[begin + j] - best) + here
                top[begin + j] = best


@kernels.kernel("f8[:,:] i4[:] f8[:,:] i8 i8 f8[:] f8[:,:] f8[:,:] f8[:,:,:]", fused=True)
def sum_by_label(rows, labels, centres, start, stop, sizes, sums, squares, products):  # type: ignore[no-untyped-def]
    """Write how many points each component has, and the sums of their deviations from its centre.

    rows : (n, n_dimensions); squares : (n_components, n_dimensions), or products : (n_components, n_dimensions,
    n_dimensions), whose lower triangle is written; the other is empty
    """
    sizes[:] = 0.0
    sums[:] = 0.0
    squares[:] = 0.0
    products[:] = 0.0
    for n in range(start, stop):
        k = labels[n]
        sizes[k] += 1.0
        row = rows[n]
        centre = centres[k]
        if products.shape[0] == 0:
            for d in range(row.size):
                away = row[d] - centre[d]
                sums[k, d] += away
                squares[k, d] += away * away
        else:
            for d in range(row.size):
                away = row[d] - centre[d]
                sums[k, d] += away
                for i in range(d + 1):
                    products[k, d, i] += away * (row[i] - centre[i])


@kernels.kernel("i4[:] i8[:] i4[:,:]")
def count_labels(labels, places, counts):  # type: ignore[no-untyped-def]
    """Add one to the count of each point's component; places : (n_components,), where each is counted."""
    for n in range(labels.size):
        counts[n, places[labels[n]]] += 1
