"""Compiled recursions over time: the best path over shifts, and the smoother of a random walk."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def best_path(scores, step_cost, jump_cost):  # type: ignore[no-untyped-def]
    """Path (n_times,) of the largest sum of scores (n_times, n_shifts) less the cost of its moves.

    A move by n shifts costs min(n * step_cost, jump_cost), so that one pass up and one down find the best origin of
    every shift.
    """
    n_times, n_shifts = scores.shape
    back = np.zeros((n_times, n_shifts), np.int32)
    best = np.zeros(n_shifts)
    for s in range(n_shifts):
        best[s] = scores[0, s]
    for t in range(1, n_times):
        origin = back[t]
        top = 0
        for s in range(n_shifts):
            origin[s] = s
            if best[s] > best[top]:
                top = s
        jumped = best[top] - jump_cost
        for s in range(1, n_shifts):
            if best[s - 1] - step_cost > best[s]:
                best[s] = best[s - 1] - step_cost
                origin[s] = origin[s - 1]
        for s in range(n_shifts - 2, -1, -1):
            if best[s + 1] - step_cost > best[s]:
                best[s] = best[s + 1] - step_cost
                origin[s] = origin[s + 1]
        for s in range(n_shifts):
            if jumped > best[s]:
                best[s] = jumped
                origin[s] = top
            best[s] += scores[t, s]
    path = np.zeros(n_times, np.int32)
    path[n_times - 1] = np.argmax(best)
    for t in range(n_times - 1, 0, -1):
        path[t - 1] = back[t, path[t]]
    return path


@njit(cache=True, nogil=True)
def _invert(a, out):  # type: ignore[no-untyped-def]
    """Inverse of a symmetric positive matrix (overwritten), by Gauss and Jordan."""
    n = a.shape[0]
    for i in range(n):
        for j in range(n):
            out[i, j] = 1.0 if i == j else 0.0
    for i in range(n):
        pivot = 1.0 / a[i, i]
        for j in range(n):
            a[i, j] *= pivot
            out[i, j] *= pivot
        for r in range(n):
            if r != i:
                f = a[r, i]
                for j in range(n):
                    a[r, j] -= f * a[i, j]
                    out[r, j] -= f * out[i, j]
    for i in range(n):
        for j in range(i):
            out[i, j] = out[j, i] = 0.5 * (out[i, j] + out[j, i])


@njit(cache=True, nogil=True)
def _multiply(a, b, factor, out):  # type: ignore[no-untyped-def]
    n = a.shape[0]
    for i in range(n):
        for j in range(n):
            out[i, j] = 0.0
        for m in range(n):
            f = a[i, m] * factor
            for j in range(n):
                out[i, j] += f * b[m, j]


@njit(cache=True, nogil=True)
def smooth_walk(b, h, h1, precision, weights):  # type: ignore[no-untyped-def]
    """Posterior of a random walk whose observations have information h (tridiagonal over levels) and vector b.

    Parameters
    ----------
    b, h, h1 : (n_times, n_levels); h1[:, l] couples level l and l + 1
    precision : (n_levels, n_levels) of one step of the walk
    weights : (n_times,) factor of the precision of the step that leads to each time; the first is not used

    Returns
    -------
    mean (n_times, n_levels); moments (n_levels, n_levels), sum over steps of weight times the expected square of the
    step; distance (n_times,), expected squared step in units of its variance (weight left out)
    """
    n_times, n = b.shape
    inverses = np.zeros((n_times, n, n))
    vectors = np.zeros((n_times, n))
    a = np.zeros((n, n))
    gain = np.zeros((n, n))
    other = np.zeros((n, n))
    for k in range(n_times):
        before = weights[k] if k > 0 else 0.0
        after = weights[k + 1] if k + 1 < n_times else 0.0
        for i in range(n):
            for j in range(n):
                a[i, j] = (before + after) * precision[i, j]
            vectors[k, i] = b[k, i]
        for i in range(n):
            a[i, i] += h[k, i] + 1e-9
            if i + 1 < n:
                a[i, i + 1] += h1[k, i]
                a[i + 1, i] += h1[k, i]
        if k > 0:
            _multiply(inverses[k - 1], precision, before, gain)
            _multiply(precision, gain, before, other)
            for i in range(n):
                for j in range(n):
                    a[i, j] -= other[i, j]
                    vectors[k, i] += gain[j, i] * vectors[k - 1, j]
        _invert(a, inverses[k])
    mean = np.zeros((n_times, n))
    moments = np.zeros((n, n))
    distance = np.zeros(n_times)
    covariance = inverses[n_times - 1].copy()
    cross = np.zeros((n, n))
    here = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            mean[n_times - 1, i] += covariance[i, j] * vectors[n_times - 1, j]
    for k in range(n_times - 2, -1, -1):
        after = weights[k + 1]
        _multiply(inverses[k], precision, after, gain)
        _multiply(gain, covariance, 1.0, cross)
        for i in range(n):
            for j in range(n):
                mean[k, i] += inverses[k, i, j] * vectors[k, j] + gain[i, j] * mean[k + 1, j]
                f = inverses[k, i, j]
                for m in range(n):
                    f += cross[i, m] * gain[j, m]
                here[i, j] = f
        for i in range(n):
            di = mean[k + 1, i] - mean[k, i]
            for j in range(n):
                dj = mean[k + 1, j] - mean[k, j]
                square = here[i, j] + covariance[i, j] - cross[i, j] - cross[j, i] + di * dj
                moments[i, j] += after * square
                distance[k + 1] += precision[i, j] * square
        for i in range(n):
            for j in range(n):
                covariance[i, j] = 0.5 * (here[i, j] + here[j, i])
    return mean, moments, distance
