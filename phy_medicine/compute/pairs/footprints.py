"""Mean waveforms on the channels where they are large, and how alike two are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.pairs.template_pairs import best_lags


@dataclass(frozen=True, slots=True, eq=False)
class Footprint:
    """channel_ids : (n_channels,) int, each once; waveform : (n_samples, n_channels) float, 0 on all other channels."""

    channel_ids: IntArray
    waveform: FloatArray

    @property
    def norm(self) -> float:
        """Root of the sum of squares."""
        return float(np.linalg.norm(self.waveform))

    def center_um(self, positions_um: FloatArray) -> FloatArray:
        """Return the centre of mass of the squared peak-to-peak amplitudes; positions_um : (n, 2) of all -> (2,)."""
        weights = np.square(np.ptp(self.waveform, axis=0), dtype=np.float64)
        there = np.asarray(positions_um[self.channel_ids], np.float64)
        total = weights.sum()
        return weights @ there / total if total > 0 else there.mean(axis=0)


def mixed(parts: list[Footprint], shares: FloatArray) -> Footprint:
    """Return the sum of footprints of one length, each times its share, on the channels of any; shares : (n,)."""
    channels = np.unique(np.concatenate([p.channel_ids for p in parts]))
    waveform = np.zeros((len(parts[0].waveform), len(channels)), np.float32)
    for part, share in zip(parts, shares, strict=True):
        waveform[:, np.searchsorted(channels, part.channel_ids)] += np.float32(share) * part.waveform
    return Footprint(channels, waveform)


def footprint_cosine(first: Footprint, second: Footprint, max_lag: int) -> tuple[float, int]:
    """Return the cosine of two footprints at the lag that suits them best, and that lag, the shortest of equal ones.

    Parameters
    ----------
    max_lag : samples; lags from -max_lag to max_lag are tried

    Returns
    -------
    The cosine, -1 to 1, 0 without a common channel, NaN where a footprint is 0 or the two differ in length; how much
    later the second has the waveform of the first in its window, samples
    """
    norms = first.norm * second.norm
    if not (norms > 0 and np.isfinite(norms)) or len(first.waveform) != len(second.waveform):
        return float("nan"), 0
    _, rows, others = np.intersect1d(first.channel_ids, second.channel_ids, assume_unique=True, return_indices=True)
    if not rows.size:
        return 0.0, 0
    a, b = (np.ascontiguousarray(f.waveform[:, r].T, np.float32) for f, r in ((first, rows), (second, others)))
    values, lags = best_lags(a, b[None], min(max_lag, a.shape[1] - 1))
    return float(np.clip(values[0] / norms, -1, 1)), int(lags[0])
