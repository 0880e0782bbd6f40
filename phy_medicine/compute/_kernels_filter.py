"""Compiled recursive filter in single precision, channels side by side.

Sections run on integrators: with u the sum of y, and v that of u, both up to the sample before,

    y = x - p u - q v,    output = y + c v

where c is 0 for a high-pass and 4 for a low-pass; those of first order have y = x - p u, output = y + c u, with c 0 and
2. Of a high-pass far below the sample rate the poles lie near 1: p and q are then small, all their digits are kept, and
errors of rounding do not pile up as they do in the direct forms.
"""

from __future__ import annotations

import numpy as np

from phy_medicine.base.machine_code import Kernels
from phy_medicine.base.types import AnyArray, FloatArray

kernels = Kernels(__name__)

_ROWS = 8  # run by one section before the next: its state stays in registers, the rows in the innermost cache
_TINY = np.float32(1e-30)
_SUMMED = 64  # numbers that are added up in single precision; 16 bit ones exactly


@kernels.helper
def _some(x):  # type: ignore[no-untyped-def]
    """Return zero for numbers near the smallest, with which some processors are a hundred times slower."""
    return x if abs(x) > _TINY else np.float32(0.0)


@kernels.helper
def _run(out, t, step, n, units, w, u, v):  # type: ignore[no-untyped-def]
    """Filter n rows of `out` in place, from row t on; n and step are constants where this is compiled into.

    The state is in three arrays: of one, the compiler could not know that rows do not overlap, and would not use wide
    instructions.
    """
    for s in range(units.shape[0]):
        p1, c1, p, q, c2 = units[s, 0], units[s, 1], units[s, 2], units[s, 3], units[s, 4]
        for c in range(out.shape[1]):
            a, b, d = w[s, c], u[s, c], v[s, c]
            for k in range(n):
                x = out[t + k * step, c] - p1 * a
                y = x + c1 * a - q * d - p * b
                out[t + k * step, c] = y + c2 * d
                a += x
                b += y
                d += b
            w[s, c], u[s, c], v[s, c] = _some(a), _some(b), _some(d)


def _filter(data, offsets, gain, units, out, w, u, v):  # type: ignore[no-untyped-def]
    """Filter windows forwards and backwards.

    offsets : (n_channels,) subtracted before; gain : of both ways
    units : (n_units, 5) of a first-order and a second-order section each; w, u, v : (n_units, n_channels) scratch
    """
    n_samples, n_channels = data.shape[1], data.shape[2]
    scale = np.float32(gain)
    for i in range(2 * data.shape[0]):
        window, result = data[i // 2], out[i // 2]
        first, step = (n_samples - 1, -1) if i % 2 else (0, 1)
        for s in range(w.shape[0]):
            for c in range(n_channels):
                w[s, c] = u[s, c] = v[s, c] = 0.0
        for done in range(0, n_samples, _ROWS):
            n = min(_ROWS, n_samples - done)
            if step > 0:
                for t in range(done, done + n):
                    for c in range(n_channels):
                        result[t, c] = (np.float32(window[t, c]) - offsets[c]) * scale
            if n == _ROWS:
                _run(result, first + done * step, step, _ROWS, units, w, u, v)
            else:
                for t in range(done, n_samples):
                    _run(result, first + t * step, step, 1, units, w, u, v)


def _sum_up(data, some, total):  # type: ignore[no-untyped-def]
    """Add up each column; some : (n_channels,) scratch."""
    n_samples, n_channels = data.shape
    for c in range(n_channels):
        total[c] = 0.0
    for start in range(0, n_samples, _SUMMED):
        for c in range(n_channels):
            some[c] = 0
        for t in range(start, min(start + _SUMMED, n_samples)):
            for c in range(n_channels):
                some[c] += data[t, c]
        for c in range(n_channels):
            total[c] += some[c]


_SUMS = {"i2": "i4", "f4": "f4"}
_FILTER = {
    kind: kernels.kernel(
        f"{kind}[:,:,:] f4[:] f8 f4[:,:] f4[:,:,:] f4[:,:] f4[:,:] f4[:,:]", name=f"filter_{kind}", fused=True
    )(_filter)
    for kind in _SUMS
}
_SUM_UP = {
    kind: kernels.kernel(f"{kind}[:,:] {some}[:] f8[:]", name=f"sum_up_{kind}")(_sum_up) for kind, some in _SUMS.items()
}


def taken(data: AnyArray) -> bool:
    """Whether the kernels take these data as they are: 16 bit integers or single precision, in the order of C."""
    return data.dtype.str[1:] in _SUMS and data.dtype.isnative and data.flags.c_contiguous


def filter_both_ways(data: AnyArray, offsets: FloatArray, units: FloatArray, gain: float) -> FloatArray:
    """Run units, (n_units, 5) float32, forwards, then backwards, along axis 1; the state starts at zero each time."""
    out = np.empty(data.shape, dtype=np.float32)
    state = [np.empty((len(units), data.shape[2]), dtype=np.float32) for _ in range(3)]
    _FILTER[data.dtype.str[1:]](data, offsets, gain, units, out, *state)
    return out


def sums(data: AnyArray) -> FloatArray:
    """Return the sum of each column of (n_samples, n_channels) that the kernels take, float64."""
    kind, total = data.dtype.str[1:], np.empty(data.shape[1])
    _SUM_UP[kind](data, np.empty(data.shape[1], dtype=_SUMS[kind]), total)
    return total
