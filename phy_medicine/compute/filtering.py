"""Filters of raw data: Butterworth, forwards and backwards, from closed-form coefficients."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import zip_longest

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, frozen
from phy_medicine.compute import _kernels_filter, kernels

# Samples filtered by one matrix product while the kernels load; 64 costs twice the multiplications, 16 twice the calls.
_BLOCK = 32
# Columns of one product: so few that OpenBLAS stays in this thread; its threads cost 16 ms a call on a busy machine.
_N_COLUMNS = 128


def highpass(data: AnyArray, sample_rate: float, *, cutoff_hz: float = 150.0, order: int = 3) -> FloatArray:
    """Filter forwards, flip, filter again, flip: no phase shift, no padding, the state starts at zero both times.

    Parameters
    ----------
    data : (n_samples, n_channels) or (n, n_samples, n_channels), any number type; time is the last axis but one
    sample_rate, cutoff_hz : Hz

    Returns
    -------
    float32, shape of `data`; computed in float32, off by some 1e-6 of the size of `data`

    Raises
    ------
    ValueError : data of other dimensions, or a cutoff that is not between 0 and half the sample rate
    """
    return both_ways(data, butterworth_highpass(order, cutoff_hz, sample_rate))


def both_ways(data: AnyArray, sections: FloatArray, *, offsets: FloatArray | None = None) -> FloatArray:
    """Filter as `highpass` does, with the sections of any Butterworth filter.

    Parameters
    ----------
    data : as for `highpass`; 16 bit integers are taken as they are, other types are copied
    sections : (n, 6), `b0 b1 b2 1 a1 a2`; all zeros of one section lie at 0 Hz, or all at half the sample rate
    offsets : (n_channels,) unit of `data`, subtracted before; None for none

    Raises
    ------
    ValueError : data of other dimensions, or other sections
    """
    if data.ndim not in (2, 3):
        raise ValueError(f"Traces have 2 dimensions and waveforms 3, not {data.ndim}.")
    windows = data if _kernels_filter.taken(data) else np.ascontiguousarray(data, dtype=np.float32)
    windows = windows if data.ndim == 3 else windows[np.newaxis]
    removed = np.zeros(data.shape[-1], np.float32) if offsets is None else np.ascontiguousarray(offsets, np.float32)
    units, gain = _units(sections.tobytes())
    if kernels.ready():
        out = _kernels_filter.filter_both_ways(windows, removed, units, gain)
    else:
        out = _filter_numpy(windows - removed, sections)
    return out.reshape(data.shape)


def channel_means(data: AnyArray) -> FloatArray:
    """Return the mean of each channel of (n_samples, n_channels), any number type; float32, zero without samples."""
    if not len(data):
        return np.zeros(data.shape[1], dtype=np.float32)
    if kernels.ready() and _kernels_filter.taken(data):
        return np.asarray(_kernels_filter.sums(data) / len(data), dtype=np.float32)
    return np.asarray(data.mean(axis=0, dtype=np.float64), dtype=np.float32)


@lru_cache(maxsize=32)
def butterworth_highpass(order: int, cutoff_hz: float, sample_rate: float) -> FloatArray:
    """Return a digital Butterworth high-pass filter as second-order sections.

    Bilinear transform with the cutoff pre-warped, for each pair of analogue poles `-sin(angle) +- i cos(angle)`.

    Returns
    -------
    ((order + 1) // 2, 6) float64, read-only: `b0 b1 b2 1 a1 a2`; an odd order has a first-order section first

    Raises
    ------
    ValueError : order below 1, or a cutoff that is not between 0 and half the sample rate

    Source: Oppenheim & Schafer, Discrete-Time Signal Processing, 3rd ed. 2010, section 7.2.
    """
    return frozen(np.array([[g, s * g, t * g, 1, *a] for g, _, s, t, *a in _poles(order, cutoff_hz, sample_rate, -1)]))


@lru_cache(maxsize=32)
def butterworth_lowpass(order: int, cutoff_hz: float, sample_rate: float) -> FloatArray:
    """Return a digital Butterworth low-pass filter; as `butterworth_highpass`."""
    rows = _poles(order, cutoff_hz, sample_rate, 1)
    return frozen(np.array([[g * w, s * g * w, t * g * w, 1, *a] for g, w, s, t, *a in rows]))


def _poles(order: int, cutoff_hz: float, sample_rate: float, sign: int) -> list[list[float]]:
    """Return for each section its gain, the factor of a low-pass, the numerator's b1 and b2, and a1 and a2."""
    if order < 1:
        raise ValueError(f"A filter needs an order of at least 1, not {order}.")
    if not 0 < cutoff_hz < sample_rate / 2:
        kind = "high-pass" if sign < 0 else "low-pass"
        raise ValueError(
            f"A {kind} cutoff of {cutoff_hz:g} Hz does not lie between 0 and half the sample rate of "
            f"{sample_rate:g} Hz; choose another."
        )
    warped = math.tan(math.pi * cutoff_hz / sample_rate)
    rows: list[list[float]] = []
    if order % 2:
        gain = 1 / (1 + warped)
        rows.append([gain, warped, sign, 0, (warped - 1) * gain, 0])
    for pair in range(order // 2):
        damping = 2 * warped * math.sin(math.pi * (2 * pair + 1) / (2 * order))
        gain = 1 / (1 + damping + warped**2)
        rows.append([gain, warped**2, 2 * sign, 1, 2 * (warped**2 - 1) * gain, (1 - damping + warped**2) * gain])
    return rows


@lru_cache(maxsize=32)
def _units(section_bytes: bytes) -> tuple[FloatArray, float]:
    """Return sections as the compiled filter takes them, and what it multiplies by for both ways.

    Returns
    -------
    units : (n, 5) float32, one section of first order and one of second each; where one is missing, zeros pass all on
    gain : float
    """
    sections = np.frombuffer(section_bytes).reshape(-1, 6)
    sizes = np.abs(sections[:, 1:3] / sections[:, :1]).tolist()
    if any(size not in ([1, 0], [2, 1]) for size in sizes):
        raise ValueError("Only sections of Butterworth high-passes and low-passes are filtered.")
    first = [(1 + a1, 1 + b1 / b0) for b0, b1, b2, _, a1, a2 in sections if b2 == a2 == 0]
    second = [(1 - a2, 1 + a1 + a2, 2 + b1 / b0) for b0, b1, b2, _, a1, a2 in sections if b2 or a2]
    filled = zip_longest(first, second, fillvalue=(0.0, 0.0, 0.0))
    units = [[*a[:2], *b] for a, b in filled]
    return frozen(np.array(units, dtype=np.float32)), float(np.prod(sections[:, 0]) ** 2)


def _filter_numpy(windows: FloatArray, sections: FloatArray) -> FloatArray:
    """Filter (n, n_samples, n_channels) with matrix products, all windows and channels side by side."""
    n, n_samples, n_channels = windows.shape
    # Zeros after the end would come first on the way back and, the filter at rest, change nothing.
    work = np.zeros((-(-n_samples // _BLOCK) * _BLOCK, n * n_channels))
    work[:n_samples] = windows.transpose(1, 0, 2).reshape(n_samples, n * n_channels)
    matrix = _block_matrix(sections.tobytes())
    _filter_blocks(work, matrix)
    work[n_samples:] = 0
    _filter_blocks(work[::-1], matrix)
    return np.ascontiguousarray(work[:n_samples].reshape(n_samples, n, n_channels).transpose(1, 0, 2), dtype=np.float32)


def _filter_blocks(work: FloatArray, matrix: FloatArray) -> None:
    for column in range(0, work.shape[1], _N_COLUMNS):
        together = work[:, column : column + _N_COLUMNS]
        joined = np.zeros((matrix.shape[1], together.shape[1]))
        for start in range(0, len(work), _BLOCK):
            block = together[start : start + _BLOCK]
            joined[:_BLOCK] = block
            joined = matrix @ joined
            block[:] = joined[:_BLOCK]


@lru_cache(maxsize=8)
def _block_matrix(section_bytes: bytes) -> FloatArray:
    """Return the matrix that takes (a block of input, state) to (a block of output, next state).

    A linear filter is known by what it makes of unit inputs and unit states: these are the columns.
    """
    sections = np.frombuffer(section_bytes).reshape(-1, 6)
    n_states = 2 * len(sections)
    inputs = np.eye(_BLOCK, _BLOCK + n_states)
    state = np.eye(n_states, _BLOCK + n_states, k=_BLOCK).reshape(len(sections), 2, -1)
    for t in range(_BLOCK):
        for s, (b0, b1, b2, _, a1, a2) in enumerate(sections):
            x = inputs[t].copy()
            inputs[t] = y = b0 * x + state[s, 0]
            state[s, 0] = b1 * x - a1 * y + state[s, 1]
            state[s, 1] = b2 * x - a2 * y
    return frozen(np.concatenate([inputs, state.reshape(n_states, -1)]))
