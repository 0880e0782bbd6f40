"""How alike waveforms are at the delay at which they are most alike."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.sorting.sparse_templates import compress, pair_correlations

REACH = 30
"""Samples by which two waveforms of one neuron may be shifted."""


def similarities(waveforms: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return cosines of waveforms (K, N, D) at the best delay, (K, K), and that delay; 0 where a waveform is 0.

    Sample d of waveform j is like sample d + delay [k, j] of waveform k; a spike of j at t is one of k at t - delay.
    """
    n = len(waveforms)
    alike, delays = np.zeros((n, n)), np.zeros((n, n), np.int64)
    norms = np.sqrt(np.einsum("knd,knd->k", waveforms, waveforms, dtype=np.float64))
    there = np.flatnonzero(norms > 0)  # a unit may have left the probe
    if not there.size:
        return alike, delays
    pairs = pair_correlations(compress(waveforms[there], norms=norms[there]))
    middle = pairs.values.shape[1] // 2
    reach = min(REACH, middle)
    window = pairs.values[:, middle - reach : middle + reach + 1]
    rows, columns = there[pairs.spikes_of()], there[pairs.units]
    alike[rows, columns] = window.max(axis=1)
    delays[rows, columns] = window.argmax(axis=1) - reach
    return alike, delays
