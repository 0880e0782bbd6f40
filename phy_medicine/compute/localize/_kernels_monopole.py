"""Compiled fit of a point source to the amplitudes of a spike, one spike after the other.

Amplitudes fall off with a power of the distance, 1 for the monopole.
"""

from __future__ import annotations

from math import inf, log, nan, sqrt

from phy_medicine.base.machine_code import Kernels

kernels = Kernels(__name__)


@kernels.helper
def _gather(amplitudes, row, positions, work):  # type: ignore[no-untyped-def]
    """Put x, depth and relative amplitude of the contacts into `work` (3, n_slots); how many, and the largest."""
    n, largest = 0, 0.0
    for j in range(row.size):
        if row[j] >= 0 and amplitudes[j] >= 0:
            work[0, n], work[1, n] = positions[row[j], 0], positions[row[j], 1]
            work[2, n] = amplitudes[j]
            largest = max(largest, work[2, n])
            n += 1
    if largest > 0:
        for j in range(n):
            work[2, j] /= largest
    return n, largest


@kernels.helper
def _sums(x, y, z, n, work, penalty, power, s):  # type: ignore[no-untyped-def]
    """Write into `s` all sums over the contacts of which value, slope and curvature are made; value and strength.

    With q the inverse distance to a power, d its slopes and v the amplitudes, s holds vq, qq, then vd, qd for x, y, z,
    then dd for xx, yy, zz, xy, xz, yz.
    """
    vv = 0.0
    for k in range(14):
        s[k] = 0.0
    for j in range(n):
        dx, dy, v = x - work[0, j], y - work[1, j], work[2, j]
        q2 = 1.0 / (dx * dx + dy * dy + z * z)
        inverse = sqrt(q2)
        q = inverse
        for _ in range(1, power):
            q *= inverse
        q3 = -power * q * q2
        jx, jy, jz = q3 * dx, q3 * dy, q3 * z
        vv += v * v
        s[0] += v * q
        s[1] += q * q
        s[2] += v * jx
        s[3] += v * jy
        s[4] += v * jz
        s[5] += q * jx
        s[6] += q * jy
        s[7] += q * jz
        s[8] += jx * jx
        s[9] += jy * jy
        s[10] += jz * jz
        s[11] += jx * jy
        s[12] += jx * jz
        s[13] += jy * jz
    a = s[0] / s[1]
    return (vv - a * s[0]) / n - penalty * log(1.0 + 10.0 * z), a


@kernels.helper
def _slope(a, z, n, s, penalty, g):  # type: ignore[no-untyped-def]
    """Write the gradient of the value."""
    c = -2.0 * a / n
    for k in range(3):
        g[k] = c * (s[2 + k] - a * s[5 + k])
    g[2] -= 10.0 * penalty / (1.0 + 10.0 * z)


@kernels.helper
def _curvature(a, z, n, s, penalty, h):  # type: ignore[no-untyped-def]
    """Write the Gauss-Newton curvature with the strength projected out: xx, yy, zz, xy, xz, yz."""
    c = 2.0 * a * a / n
    h[0] = c * (s[8] - s[5] * s[5] / s[1])
    h[1] = c * (s[9] - s[6] * s[6] / s[1])
    h[2] = c * (s[10] - s[7] * s[7] / s[1]) + 100.0 * penalty / (1.0 + 10.0 * z) ** 2
    h[3] = c * (s[11] - s[5] * s[6] / s[1])
    h[4] = c * (s[12] - s[5] * s[7] / s[1])
    h[5] = c * (s[13] - s[6] * s[7] / s[1])


@kernels.helper
def _step(damping, g, h, free, step):  # type: ignore[no-untyped-def]
    """Solve the damped equations by cofactors for the coordinates that are free; the others stay."""
    fx, fy, fz = free[0], free[1], free[2]
    a = h[0] * (1.0 + damping) * fx + 1.0 - fx + 1e-12
    b = h[1] * (1.0 + damping) * fy + 1.0 - fy + 1e-12
    c = h[2] * (1.0 + damping) * fz + 1.0 - fz + 1e-12
    ab, ac, bc = h[3] * fx * fy, h[4] * fx * fz, h[5] * fy * fz
    gx, gy, gz = g[0] * fx, g[1] * fy, g[2] * fz
    c00, c01, c02 = b * c - bc * bc, ac * bc - ab * c, ab * bc - ac * b
    c11, c12, c22 = a * c - ac * ac, ab * ac - a * bc, a * b - ab * ab
    det = a * c00 + ab * c01 + ac * c02 + 1e-30
    step[0] = -(c00 * gx + c01 * gy + c02 * gz) / det * fx
    step[1] = -(c01 * gx + c11 * gy + c12 * gz) / det * fy
    step[2] = -(c02 * gx + c12 * gy + c22 * gz) / det * fz


@kernels.kernel("f4[:,:] i8[:] i4[:,:] f8[:,:] f8[:] i8 f8[:,:] f8[:,:] f8[:,:] u1[:]")
def fit(amplitudes, rows, table, positions, limits, power, work, small, out, converged):  # type: ignore[no-untyped-def]
    """Write x, depth, z and strength of each spike, NaN where there are fewer than four contacts.

    limits : furthest x and depth from the centre of mass, smallest and largest z, first z, tolerance, longest step,
        steps at most, weight of the logarithm
    work : (3, n_slots) scratch; small : (5, 14) scratch
    """
    s, g, h, free, step = small[0], small[1], small[2], small[3], small[4]
    far, z_low, z_high, z_first, tolerance, longest = limits[0], limits[1], limits[2], limits[3], limits[4], limits[5]
    penalty = limits[7]
    for i in range(rows.size):
        n, largest = _gather(amplitudes[i], table[rows[i]], positions, work)
        converged[i] = 0
        if n < 4 or not 0.0 < largest < inf:
            out[i, 0] = out[i, 1] = out[i, 2] = out[i, 3] = nan
            continue
        total = x0 = y0 = 0.0
        for j in range(n):
            total += work[2, j]
            x0 += work[2, j] * work[0, j]
            y0 += work[2, j] * work[1, j]
        x0, y0 = x0 / total, y0 / total
        x, y, z, damping = x0, y0, z_first, 1e-2
        value, a = _sums(x, y, z, n, work, penalty, power, s)
        fresh = True
        for _ in range(int(limits[6])):
            if fresh:
                _slope(a, z, n, s, penalty, g)
                _curvature(a, z, n, s, penalty, h)
                # At a bound that the slope pushes against, a coordinate stays, and the others move without it.
                free[0] = 0.0 if (x <= x0 - far and g[0] > 0) or (x >= x0 + far and g[0] < 0) else 1.0
                free[1] = 0.0 if (y <= y0 - far and g[1] > 0) or (y >= y0 + far and g[1] < 0) else 1.0
                free[2] = 0.0 if (z <= z_low and g[2] > 0) or (z >= z_high and g[2] < 0) else 1.0
            _step(damping, g, h, free, step)
            nx = min(max(x + min(max(step[0], -longest), longest), x0 - far), x0 + far)
            ny = min(max(y + min(max(step[1], -longest), longest), y0 - far), y0 + far)
            nz = min(max(z + min(max(step[2], -longest), longest), z_low), z_high)
            move = max(abs(nx - x), max(abs(ny - y), abs(nz - z)))
            found, strength = _sums(nx, ny, nz, n, work, penalty, power, s)
            fresh = found < value
            if fresh:
                x, y, z, value, a = nx, ny, nz, found, strength
                damping = max(damping * 0.2, 1e-9)
            else:
                damping = min(damping * 6.0, 1e9)
            if move < tolerance:
                converged[i] = 1
                break
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = x, y, z, a * largest


@kernels.kernel("f4[:,:] i8[:] i4[:,:] f8[:,:] f8[:,:] f8 i8 f8[:,:] f8[:,:] f8[:,:]")
def evaluate(amplitudes, rows, table, positions, points, penalty, power, work, small, out):  # type: ignore[no-untyped-def]
    """Write value and gradient of what is minimised at a point for each spike, and the strength there: (n, 5)."""
    s, g = small[0], small[1]
    for i in range(rows.size):
        n, largest = _gather(amplitudes[i], table[rows[i]], positions, work)
        value, a = _sums(points[i, 0], points[i, 1], points[i, 2], n, work, penalty, power, s)
        _slope(a, points[i, 2], n, s, penalty, g)
        out[i, 0], out[i, 1], out[i, 2], out[i, 3], out[i, 4] = value, g[0], g[1], g[2], a * largest
