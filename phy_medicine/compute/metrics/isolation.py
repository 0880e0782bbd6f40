"""How far the spikes of a cluster are from all others in feature space, against how far they spread."""

from __future__ import annotations

from math import nan

import numpy as np

from phy_medicine.base.types import FloatArray

_RIDGE = 1e-3


def l_ratio_and_distance(
    own: FloatArray, others: FloatArray, *, n_own: int, step: float = 1, n_directions: int | None = None
) -> tuple[float, float]:
    """Return the L-ratio and the isolation distance of a cluster.

    Parameters
    ----------
    own, others : (n, ...), features; n_own : spikes of the cluster, of which `own` may be a part
    step : each of the others stands for so many
    n_directions : only so many directions are looked at, those in which all vary most; all by default

    Returns
    -------
    L-ratio, 0 without others; distance, NaN where there are fewer other spikes than own

    Source: Schmitzer-Torbert et al. 2005, Neuroscience 131:1, of the squared Mahalanobis distance, with a ridge of a
    thousandth of the mean variance, which SpikeInterface's has not; where there are fewer other spikes than own its
    distance is that of the farthest one.
    """
    from scipy.special import gammaincc

    if not len(others):
        return 0.0, nan
    a, b = (np.asarray(f, np.float64).reshape(len(f), -1) for f in (own, others))
    pooled = np.concatenate([a, b])
    axes = np.eye(pooled.shape[1])
    if n_directions is not None:
        axes = np.linalg.eigh(np.cov(pooled, rowvar=False))[1][:, -n_directions:]
    center = a.mean(axis=0)
    within = np.atleast_2d(np.cov((a - center) @ axes, rowvar=False))
    within += _RIDGE * np.trace(within) / len(within) * np.eye(len(within))
    places = (b - center) @ axes
    squared = (places * np.linalg.solve(within, places.T).T).sum(axis=1)
    ratio = step * float(gammaincc(axes.shape[1] / 2, squared / 2).sum()) / n_own
    rank = max(1, round(n_own / step))
    return ratio, float(np.partition(squared, rank - 1)[rank - 1]) if len(squared) >= rank else nan
