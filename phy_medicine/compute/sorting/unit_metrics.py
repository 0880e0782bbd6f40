"""What can be measured of a unit: how often, how large, how pure, where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import nan

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.sorting.contamination import contamination_by_many, contamination_by_one, refractory_pairs
from phy_medicine.compute.sorting.draft import Draft
from phy_medicine.compute.sorting.isolation import isolation
from phy_medicine.compute.sorting.pair_counts import poisson_lower
from phy_medicine.compute.sorting.post_settings import PostSettings
from phy_medicine.compute.sorting.unit import Unit

PRESENCE_BIN_S, MOST_PRESENCE_BINS = 10.0, 100
NEAR_UM = 100.0
LEAST_HEIGHT = 0.25
"""Height of the channels that say where a waveform is, of the largest."""
_DRIFT_SPIKES = 10
_CUTOFF_BINS, _CUTOFF_SMOOTH, _CUTOFF_SPIKES = 40, 2, 50


def unit_metrics(draft: Draft, units: list[Unit], settings: PostSettings) -> dict[str, AnyArray]:
    """Measure units.

    Parameters
    ----------
    draft : where the units are from

    Returns
    -------
    name -> (K,) array; a value that cannot be had is NaN:
        n_spikes; rate_hz; amplitude_uv and snr, at the largest channel; amplitude_sigma, in units of the noise of the
        whole template; presence_ratio; amplitude_cutoff, part of the spikes that are missed; refractory_pairs,
        contamination, contamination_many; contamination_low, which it is above at a confidence of 95 %; l_ratio,
        isolation_distance; x_um, depth_um; spread_um; drift_um; shank
    """
    rows = [
        {**_of_train(unit, draft, settings), **_of_shape(unit, draft), "drift_um": _drift_um(unit, draft)}
        for unit in units
    ]
    table = {name: np.array([row[name] for row in rows]) for name in (rows[0] if rows else {})}
    ratio, distance = isolation(units, draft.feature_shapes)
    return {**table, "l_ratio": ratio, "isolation_distance": distance}


def _of_train(unit: Unit, draft: Draft, settings: PostSettings) -> Mapping[str, float]:
    """What spike times and amplitudes say."""
    censored, refractory = (
        round(ms * draft.sample_rate / 1000) for ms in (settings.min_isi_ms, settings.refractory_ms)
    )
    pairs = refractory_pairs(unit.times, censored, refractory)
    window = max(refractory - censored, 0) / draft.sample_rate, draft.duration_s
    return {
        "n_spikes": len(unit),
        "rate_hz": len(unit) / draft.duration_s,
        "presence_ratio": presence_ratio(unit.times / draft.sample_rate, draft.duration_s),
        "amplitude_sigma": unit.strength,
        "amplitude_cutoff": amplitude_cutoff(unit.amplitudes),
        "refractory_pairs": pairs,
        "contamination": contamination_by_one(len(unit), pairs, *window),
        "contamination_low": contamination_by_one(len(unit), poisson_lower(pairs), *window),
        "contamination_many": contamination_by_many(len(unit), pairs, *window),
    }


def _of_shape(unit: Unit, draft: Draft) -> Mapping[str, float]:
    """What the template says, in the unit of the recording."""
    waveform = draft.whitening.inverse @ unit.template
    channel = int(np.abs(waveform).max(axis=1).argmax())
    height = float(np.abs(waveform[channel]).max()) * unit.strength
    shank = np.asarray(draft.channels.shanks)
    place = footprint(np.where((shank == shank[channel])[:, None], waveform, 0), draft.channels.positions)
    return {
        "amplitude_uv": height,
        "snr": height / float(draft.whitening.noise[channel]),
        "x_um": place.x_um,
        "depth_um": place.depth_um,
        "spread_um": place.spread_um,
        "shank": int(shank[channel]),
    }


def presence_ratio(times_s: FloatArray, duration_s: float) -> float:
    """Return the part of the stretches of the recording, of 10 s or a hundredth of it, that have a spike."""
    n_bins = int(np.clip(duration_s // PRESENCE_BIN_S, 1, MOST_PRESENCE_BINS))
    return float((np.histogram(times_s, n_bins, (0, duration_s))[0] > 0).mean())


def amplitude_cutoff(amplitudes: FloatArray) -> float:
    """Return the part of the spikes that are missed, if amplitudes are distributed symmetrically, up to 0.5.

    Parameters
    ----------
    amplitudes : (n,); fewer than 50 give NaN

    Source: Hill, Mehta & Kleinfeld 2011, J. Neurosci. 31:8699, with the upper side of the histogram as the lower one.
    """
    if len(amplitudes) < _CUTOFF_SPIKES or not np.ptp(amplitudes) > 0:
        return nan
    low, median, high = np.quantile(amplitudes, (0.001, 0.5, 0.999))
    step = max(median - low, high - median) / _CUTOFF_BINS
    counts = np.histogram(amplitudes, np.arange(low, np.max(amplitudes) + 2 * step, step))[0].astype(np.float64)
    reach = 4 * _CUTOFF_SMOOTH
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / _CUTOFF_SMOOTH) ** 2)
    # The lower end may be a cliff, which smoothing must not take for a slope; there is nothing above the upper one.
    padded = np.pad(np.pad(counts, (reach, 0), mode="symmetric"), (0, reach))
    smooth = np.convolve(padded, weights / weights.sum(), "valid")
    mode = int(smooth.argmax())
    # What lies beyond the place above the mode that is as high as the lower end is what is missing below.
    beyond = np.flatnonzero(smooth[mode:] <= smooth[0])
    missing = counts[mode + beyond[0] :].sum() if beyond.size else 0.0
    return float(min(missing / (missing + len(amplitudes)), 0.5))


@dataclass(frozen=True, slots=True)
class Footprint:
    """Where on the probe a waveform is; spread : root mean square distance from there, over the whole shank."""

    x_um: float
    depth_um: float
    spread_um: float


def footprint(waveform: FloatArray, positions: FloatArray) -> Footprint:
    """Return the centre of the squared height of a waveform on its larger channels.

    waveform : (N, D), 0 on channels that do not count; positions : (N, 2), um. The centre is that of channels within
        100 um of the largest
    """
    heights = np.ptp(np.pad(waveform, ((0, 0), (1, 1))), axis=1)
    # The noise of a template on all other channels may have as much energy as its neuron.
    weights = np.where(heights >= LEAST_HEIGHT * heights.max(), heights, 0.0) ** 2
    if not weights.sum() > 0:
        return Footprint(nan, nan, nan)
    near = np.linalg.norm(positions - positions[weights.argmax()], axis=1) <= NEAR_UM
    center = np.average(positions, axis=0, weights=weights * near)
    away = np.average(((positions - center) ** 2).sum(axis=1), weights=weights)
    return Footprint(float(center[0]), float(center[1]), float(np.sqrt(away)))


def _drift_um(unit: Unit, draft: Draft) -> float:
    """How far apart in depth a unit is at most, at different times."""
    if not unit.has_features or unit.channels is None:
        return nan
    n_bins = int(np.clip(draft.duration_s // PRESENCE_BIN_S, 1, MOST_PRESENCE_BINS))
    edges = np.searchsorted(unit.times, np.linspace(0, draft.n_samples, n_bins + 1))
    real = unit.channels >= 0
    depths = drift_depths(unit.features[:, :, real], draft.channels.positions[unit.channels[real], 1], edges)
    return float(np.ptp(depths)) if len(depths) > 1 else nan


def drift_depths(features: FloatArray, depths_um: FloatArray, edges: IntArray) -> FloatArray:
    """Return the depth of the mean spike of each stretch of ten spikes or more, um.

    features : (n, P, C), with noise of 1; depths_um : (C,); edges : ascending rows between stretches
    """
    found = []
    for start, stop in pairwise(edges):
        n = stop - start
        if n < _DRIFT_SPIKES:
            continue
        mean = features[start:stop].mean(axis=0)
        # The noise of the mean adds to its energy.
        energy = np.maximum((mean**2).sum(axis=0) - features.shape[1] / n, 0)
        if energy.sum() > 0:
            found.append(float(energy @ depths_um / energy.sum()))
    return np.array(found)
