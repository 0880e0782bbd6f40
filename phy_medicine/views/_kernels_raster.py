"""Compiled drawing kernels: points, lines, histograms and densities into one RGBA image.

All kernels write premultiplied colour into `out`, (height, width) uint32, little-endian RGBA. `transforms` is
(n_panels, 4) float64: pixel = x * [0] + [2], y * [1] + [3]; `clips` (n_panels, 4) int64: left, top, right, bottom.
Colours are (n, 4) int64 in 0..255, not premultiplied.
"""

from __future__ import annotations

import numpy as np

from phy_medicine.base.machine_code import Kernels

kernels = Kernels(__name__)

_LOW = 0xFF00FF


@kernels.helper
def _blend(under, rb, ga, alpha):
    """Mix colour halves over a pixel; `alpha` is 0..256."""
    rest = 256 - alpha
    low = (((under & _LOW) * rest + rb * alpha) >> 8) & _LOW
    high = (((under >> 8) & _LOW) * rest + ga * alpha) & (_LOW << 8)
    return low | high


@kernels.kernel("u4[:,:] f4[:] f4[:] u2[:] u1[:] i8[:,:] f8[:,:] i8[:,:] i8[:,:] i8[:,:]")
def points(out, x, y, panels, colors, palette, transforms, clips, stamp, alphas):
    """Stamp a disc on every point; `stamp`: (n, 3) rows of dy, dx, coverage 0..256; `alphas`: (n_colors, n) scratch."""
    n_stamp = stamp.shape[0]
    reach = 0
    for k in range(n_stamp):
        reach = max(reach, abs(stamp[k, 0]))
    for c in range(palette.shape[0]):
        for k in range(n_stamp):
            alphas[c, k] = (palette[c, 3] * stamp[k, 2] + 127) // 255
    for i in range(x.size):
        p = panels[i]
        fx = x[i] * transforms[p, 0] + transforms[p, 2]
        fy = y[i] * transforms[p, 1] + transforms[p, 3]
        left, top, right, bottom = clips[p, 0], clips[p, 1], clips[p, 2], clips[p, 3]
        if not (left <= fx < right and top <= fy < bottom):
            continue
        px, py = int(fx), int(fy)
        c = colors[i]
        rb = palette[c, 0] | (palette[c, 2] << 16)
        ga = palette[c, 1] | (255 << 16)
        inside = left + reach <= px < right - reach and top + reach <= py < bottom - reach
        for k in range(n_stamp):
            yy, xx = py + stamp[k, 0], px + stamp[k, 1]
            if inside or (left <= xx < right and top <= yy < bottom):
                out[yy, xx] = _blend(np.int64(out[yy, xx]), rb, ga, alphas[c, k])


@kernels.helper
def _stroke(out, a0, b0, a1, b1, low, high, low_b, high_b, width, rb, ga, opacity, steep):
    """Fill one segment along its longer axis `a`, half open, so that joints are not blended twice."""
    slope = (b1 - b0) / (a1 - a0) if a1 != a0 else 0.0
    if a1 < a0:
        a0, b0, a1 = a1, b1, a0
    half = 0.5 * width * np.sqrt(1.0 + slope * slope)
    start = max(np.int64(np.ceil(max(a0, low - 1.0) - 0.5)), low)
    stop = min(np.int64(np.ceil(min(a1, high + 1.0) - 0.5)), high)
    for a in range(start, stop):
        middle = b0 + (a + 0.5 - a0) * slope
        upper, lower = middle + half, middle - half
        first = max(np.int64(np.floor(lower)), low_b)
        last = min(np.int64(np.floor(upper)), high_b - 1)
        for b in range(first, last + 1):
            cover = min(upper, b + 1.0) - max(lower, np.float64(b))
            alpha = np.int64(opacity * min(cover, 1.0) + 0.5)
            if steep:
                out[a, b] = _blend(np.int64(out[a, b]), rb, ga, alpha)
            else:
                out[b, a] = _blend(np.int64(out[b, a]), rb, ga, alpha)


@kernels.kernel("u4[:,:] f4[:] f4[:] i8[:] u2[:] u1[:] i8[:,:] f8[:,:] i8[:,:] f8")
def lines(out, x, y, starts, panels, colors, palette, transforms, clips, width):
    """Draw anti-aliased polylines; line i owns the points starts[i]:starts[i + 1]."""
    for i in range(starts.size - 1):
        p, c = panels[i], colors[i]
        rb = palette[c, 0] | (palette[c, 2] << 16)
        ga = palette[c, 1] | (255 << 16)
        opacity = palette[c, 3] * (256.0 / 255.0)
        left, top, right, bottom = clips[p, 0], clips[p, 1], clips[p, 2], clips[p, 3]
        sx, sy, ox, oy = transforms[p, 0], transforms[p, 1], transforms[p, 2], transforms[p, 3]
        x1 = x[starts[i]] * sx + ox
        y1 = y[starts[i]] * sy + oy
        for j in range(starts[i] + 1, starts[i + 1]):
            x0, y0 = x1, y1
            x1 = x[j] * sx + ox
            y1 = y[j] * sy + oy
            if max(x0, x1) < left or min(x0, x1) > right or max(y0, y1) < top or min(y0, y1) > bottom:
                continue
            if not (np.isfinite(x0) and np.isfinite(x1) and np.isfinite(y0) and np.isfinite(y1)):
                continue
            steep = abs(y1 - y0) > abs(x1 - x0)
            if steep:
                _stroke(out, y0, x0, y1, x1, top, bottom, left, right, width, rb, ga, opacity, True)
            else:
                _stroke(out, x0, y0, x1, y1, left, right, top, bottom, width, rb, ga, opacity, False)


@kernels.kernel("u4[:,:] f4[:] f4[:] f8[:] i8[:] i8")
def count(counts, x, y, transform, clip, cell):
    """Count points in square cells of `cell` pixels, from the clip's left and top."""
    left, top, right, bottom = clip[0], clip[1], clip[2], clip[3]
    for i in range(x.size):
        fx = x[i] * transform[0] + transform[2]
        fy = y[i] * transform[1] + transform[3]
        if left <= fx < right and top <= fy < bottom:
            counts[(int(fy) - top) // cell, (int(fx) - left) // cell] += np.uint32(1)


@kernels.kernel("u4[:,:] u4[:,:] i8[:] i8[:] i8[:] i8")
def tint(out, counts, alphas, color, clip, cell):
    """Lay counts over the image in one colour; `alphas` (n,) 0..256 is looked up by count, the last for all above."""
    rb = color[0] | (color[2] << 16)
    ga = color[1] | (255 << 16)
    top_count = alphas.size - 1
    for yy in range(clip[1], clip[3]):
        row = (yy - clip[1]) // cell
        for xx in range(clip[0], clip[2]):
            n = np.int64(counts[row, (xx - clip[0]) // cell])
            if n > 0:
                out[yy, xx] = _blend(np.int64(out[yy, xx]), rb, ga, alphas[min(n, top_count)])


@kernels.kernel("u4[:,:] f4[:,:] u2[:] u1[:] f8[:,:] i8[:,:] f8[:,:] i8[:,:] i8")
def steps(out, values, panels, colors, edges, palette, transforms, clips, sideways):
    """Fill histograms from zero to their values; a pixel column shows the mean of the bins it covers.

    values : (n, n_bins); edges : (n, 2) first and last edge in data units; `sideways`: 1 where bins run along y, else 0
    """
    n_bins = values.shape[1]
    for i in range(values.shape[0]):
        p, c = panels[i], colors[i]
        rb = palette[c, 0] | (palette[c, 2] << 16)
        ga = palette[c, 1] | (255 << 16)
        opacity = palette[c, 3] * (256.0 / 255.0)
        u, v = (1, 0) if sideways else (0, 1)
        low, high, low_b, high_b = clips[p, u], clips[p, u + 2], clips[p, v], clips[p, v + 2]
        e0 = edges[i, 0] * transforms[p, u] + transforms[p, u + 2]
        e1 = edges[i, 1] * transforms[p, u] + transforms[p, u + 2]
        per_pixel = n_bins / (e1 - e0)
        zero = transforms[p, v + 2]
        for a in range(max(low, np.int64(min(e0, e1))), min(high, np.int64(max(e0, e1) + 1.0))):
            f0, f1 = (a - e0) * per_pixel, (a + 1 - e0) * per_pixel
            if f1 < f0:
                f0, f1 = f1, f0
            if f1 - f0 < 0.5:
                f0 = f1 = 0.5 * (f0 + f1)
            total, weight = 0.0, 0.0
            for k in range(max(0, np.int64(np.floor(f0))), min(n_bins - 1, np.int64(np.floor(f1))) + 1):
                part = max(min(f1, k + 1.0) - max(f0, np.float64(k)), 1e-9)
                total += part * values[i, k]
                weight += part
            if weight == 0.0 or total == 0.0:
                continue
            end = total / weight * transforms[p, v] + zero
            near, far = min(zero, end), max(zero, end)
            for b in range(max(low_b, np.int64(np.floor(near))), min(high_b, np.int64(np.ceil(far)))):
                cover = min(far, b + 1.0) - max(near, np.float64(b))
                alpha = np.int64(opacity * min(cover, 1.0) + 0.5)
                if sideways:
                    out[a, b] = _blend(np.int64(out[a, b]), rb, ga, alpha)
                else:
                    out[b, a] = _blend(np.int64(out[b, a]), rb, ga, alpha)


@kernels.kernel("u4[:,:] f4[:,:,:] i8[:,:]")
def triangles(out, corners, colors):
    """Fill triangles, (n, 3, 2) px, where the middle of a pixel is inside, as GL does; no edge is filled twice."""
    height, width = out.shape
    for i in range(corners.shape[0]):
        ax, ay = np.float64(corners[i, 0, 0]), np.float64(corners[i, 0, 1])
        bx, by = np.float64(corners[i, 1, 0]), np.float64(corners[i, 1, 1])
        cx, cy = np.float64(corners[i, 2, 0]), np.float64(corners[i, 2, 1])
        if (bx - ax) * (cy - ay) - (by - ay) * (cx - ax) < 0.0:
            bx, by, cx, cy = cx, cy, bx, by
        rb = colors[i, 0] | (colors[i, 2] << 16)
        ga = colors[i, 1] | (255 << 16)
        alpha = (colors[i, 3] * 256 + 127) // 255
        # A middle that lies on an edge belongs to the triangle whose upper or left edge it is.
        edge_ab = (by == ay and bx > ax) or by < ay
        edge_bc = (cy == by and cx > bx) or cy < by
        edge_ca = (ay == cy and ax > cx) or ay < cy
        left, right = max(np.int64(np.floor(min(ax, bx, cx))), 0), min(np.int64(np.ceil(max(ax, bx, cx))), width)
        top, bottom = max(np.int64(np.floor(min(ay, by, cy))), 0), min(np.int64(np.ceil(max(ay, by, cy))), height)
        for yy in range(top, bottom):
            y = yy + 0.5
            for xx in range(left, right):
                x = xx + 0.5
                ab = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
                bc = (cx - bx) * (y - by) - (cy - by) * (x - bx)
                ca = (ax - cx) * (y - cy) - (ay - cy) * (x - cx)
                inside = (ab > 0.0 or (ab == 0.0 and edge_ab)) and (bc > 0.0 or (bc == 0.0 and edge_bc))
                if inside and (ca > 0.0 or (ca == 0.0 and edge_ca)):
                    out[yy, xx] = _blend(np.int64(out[yy, xx]), rb, ga, alpha)
