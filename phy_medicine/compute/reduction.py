"""Fewer points for the same picture of a trace: the lowest and highest sample of every pixel column."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import AnyArray, IntArray


def minmax_reduce(data: AnyArray, n_columns: int) -> AnyArray:
    """Keep the minimum and the maximum of each channel in each of `n_columns` stretches of time.

    Parameters
    ----------
    data : (n_samples, n_channels), any number type; a NaN makes its stretch NaN
    n_columns : pixel columns; the stretches are those of `column_edges`

    Returns
    -------
    (2 * n_columns, n_channels), dtype of `data`: minimum and maximum of the first stretch, then of the next;
        `data` itself when it has no more rows than that

    Raises
    ------
    ValueError : `n_columns` below 1
    """
    n_samples, n_channels = data.shape
    edges = column_edges(n_samples, n_columns)
    if n_samples <= 2 * n_columns:
        return data
    reduced = np.empty((n_columns, 2, n_channels), dtype=data.dtype)
    n_long = n_samples % n_columns
    # Two blocks of equal stretches: 2 ms for 7,500 x 384, where ufunc.reduceat takes 26 ms.
    for columns in (slice(0, n_long), slice(n_long, n_columns)):
        n_here = columns.stop - columns.start
        if n_here:
            block = data[edges[columns.start] : edges[columns.stop]].reshape(n_here, -1, n_channels)
            block.min(axis=1, out=reduced[columns, 0])
            block.max(axis=1, out=reduced[columns, 1])
    return reduced.reshape(2 * n_columns, n_channels)


def column_edges(n_samples: int, n_columns: int) -> IntArray:
    """Return where each stretch starts: lengths differ by at most one sample, the longer ones come first.

    Returns
    -------
    (n_columns + 1,) int64, from 0 to `n_samples`

    Raises
    ------
    ValueError : `n_columns` below 1
    """
    if n_columns < 1:
        raise ValueError(f"A trace needs at least one column of pixels, not {n_columns}.")
    length, n_long = divmod(n_samples, n_columns)
    columns = np.arange(n_columns + 1, dtype=np.int64)
    return columns * length + np.minimum(columns, n_long)
