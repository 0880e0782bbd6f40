"""What can be measured of a unit: how often, how large, how pure, where."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from math import nan

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.metrics.amplitudes import amplitude_cutoff
from phy_medicine.compute.metrics.contamination import contamination_by_many, contamination_by_one, refractory_pairs
from phy_medicine.compute.metrics.footprint import footprint
from phy_medicine.compute.metrics.presence import presence_bins, presence_ratio
from phy_medicine.compute.pairs.pair_counts import poisson_lower
from phy_medicine.compute.sorting.draft import Draft
from phy_medicine.compute.sorting.isolation import isolation
from phy_medicine.compute.sorting.post_settings import PostSettings
from phy_medicine.compute.sorting.unit import Unit

_DRIFT_SPIKES = 10


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


def _drift_um(unit: Unit, draft: Draft) -> float:
    """How far apart in depth a unit is at most, at different times."""
    if not unit.has_features or unit.channels is None:
        return nan
    edges = np.searchsorted(unit.times, np.linspace(0, draft.n_samples, presence_bins(draft.duration_s) + 1))
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
