"""Draws from the inverse Wishart distribution."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray


def normal_inverse_wishart(
    rng: np.random.Generator, mean: FloatArray, kappa: FloatArray, nu: FloatArray, scale: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Draw means and covariances together.

    Parameters
    ----------
    mean : (k, d); kappa, nu : (k,), nu in degrees of freedom; scale : (k, d, d)

    Returns
    -------
    (k, d) and (k, d, d) float64

    Source: Bartlett 1933, Proc. R. Soc. Edinb. 53:260.
    """
    k, d = mean.shape
    bartlett = np.zeros((k, d, d))
    rows = np.arange(d)
    bartlett[:, rows, rows] = np.sqrt(rng.chisquare(nu[:, None] - rows))
    below = np.tril_indices(d, -1)
    bartlett[:, below[0], below[1]] = rng.standard_normal((k, len(below[0])))
    # The inverse of a Wishart draw L^-T A A^T L^-1 is R R^T with R = L A^-T.
    root = np.linalg.cholesky(scale) @ np.linalg.inv(bartlett).transpose(0, 2, 1)
    noise = (root @ rng.standard_normal((k, d, 1)))[:, :, 0]
    return mean + noise / np.sqrt(kappa)[:, None], root @ root.transpose(0, 2, 1)
