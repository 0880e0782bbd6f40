"""Labels to begin a fit with."""

from __future__ import annotations

import warnings

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray

KMEANS, PRIOR = "kmeans", "prior"
INITS = (KMEANS, PRIOR)


def kmeans_labels(x: FloatArray, k: int, seed: int) -> IntArray:
    """Return (n,) int32, labels of points (n, d) by k-means; fewer than k of them where points are the same."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = KMeans(k, n_init=3, random_state=seed).fit_predict(x)
    return np.ascontiguousarray(found, dtype=np.int32)
