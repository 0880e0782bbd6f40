"""Which templates are alike, at the lag that suits them best; those that cannot be are not looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray

SIMILARITY_LAG_S = 0.001
"""Templates are compared at lags up to this."""


@dataclass(frozen=True, slots=True)
class TemplateBank:
    """Templates of norm 1 and where on the probe they are; `replace` changes one in place.

    templates : (K, N, D) float32; footprints : (K, N) float32, norm of each channel; max_lag : samples
    """

    templates: FloatArray
    footprints: FloatArray
    max_lag: int

    @classmethod
    def of(cls, templates: FloatArray, max_lag: int) -> TemplateBank:
        """Copy templates and give each a norm of 1; one that is 0 stays 0 and is like no other."""
        copied = np.array(templates, np.float32)
        norms = np.linalg.norm(copied, axis=(1, 2))
        copied /= np.where(norms > 0, norms, 1)[:, None, None]
        return cls(copied, np.linalg.norm(copied, axis=2), max_lag)

    def replace(self, k: int, template: FloatArray) -> None:
        """Put another template of norm 1, or 0 for none, in the place of one."""
        self.templates[k] = template
        self.footprints[k] = np.linalg.norm(template, axis=1)

    def near(self, least: float) -> list[tuple[int, int]]:
        """Return the pairs of templates of which the norms of the channels have a product of at least so much."""
        product = np.triu(self.footprints @ self.footprints.T, 1)
        return [(int(i), int(j)) for i, j in np.argwhere(product >= least)]

    def similar(self, k: int, cosine: float, first: int = 0) -> list[tuple[int, float, int]]:
        """Return other, cosine and lag of the templates from `first` on that are at least so similar to one.

        The lag is how much later the other has the same waveform in its window.
        """
        # The product of the channels' norms is never below the cosine at any lag (Cauchy and Schwarz).
        bound = self.footprints[first:] @ self.footprints[k]
        others = np.flatnonzero(bound >= cosine - 1e-5) + first
        others = others[others != k]
        if not others.size:
            return []
        cosines, lags = best_lags(self.templates[k], self.templates[others], self.max_lag)
        return [(int(j), float(c), int(lag)) for j, c, lag in zip(others, cosines, lags, strict=True) if c >= cosine]

    def pairs(self, cosine: float) -> list[tuple[int, int, float, int]]:
        """Return unit, later unit, cosine and lag of all pairs that are at least so similar."""
        return [(k, *pair) for k in range(len(self.templates)) for pair in self.similar(k, cosine, k + 1)]


def best_lags(template: FloatArray, others: FloatArray, max_lag: int) -> tuple[FloatArray, IntArray]:
    """Return the largest product of a template with others over lags, and the lag, the shortest of equal ones.

    Parameters
    ----------
    template : (N, D); others : (m, N, D)
    """
    width = template.shape[1]
    channels = np.flatnonzero(template.any(axis=1))
    padded = np.pad(template[channels], ((0, 0), (max_lag, max_lag)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1)
    lags = np.array(sorted(range(-max_lag, max_lag + 1), key=abs))
    shifted = windows[:, max_lag - lags].transpose(1, 0, 2).reshape(len(lags), -1)
    products = shifted @ others[:, channels].reshape(len(others), -1).T
    best = products.argmax(axis=0)
    return products[best, np.arange(len(others))], lags[best]


def shifted(template: FloatArray, lag: int) -> FloatArray:
    """Return a template `lag` samples earlier in its window, zeros where there was nothing."""
    out = np.zeros_like(template)
    width = template.shape[-1]
    if abs(lag) < width:
        out[..., max(-lag, 0) : width - max(lag, 0)] = template[..., max(lag, 0) : width - max(-lag, 0)]
    return out
