"""A sorting as the dataset that is written: what views need beside what the sorter found.

Templates are padded so that the trough is in the middle, where phy's programs look for a spike in a window; templates
and features of a spike refer to whitened voltages, `whitening_mat_inv` brings them back to the unit of the raw file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

import phy_medicine
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.job_files import as_json
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.pairs.template_pairs import best_lags
from phy_medicine.compute.sorting.result import Sorting
from phy_medicine.io.raw_file import RawFile
from phy_medicine.io.sorting_output import Rows, SortedDataset
from phy_medicine.io.sorting_store import StoredResult
from phy_medicine.io.store_runs import Part

SIMILAR_MS = 1.0
"""Templates are compared at lags up to this one."""
N_SIMILAR = 16
PIECE = 1 << 16
"""Spikes whose features are in memory at once: 16 MB for 6 components on 10 channels."""
GOOD = "good"
_BACK_STEPS = 4
"""Of a motion that differs by a tenth of a µm per µm of depth, each step leaves a tenth of the error."""
_OF_PHY = ("id", "ch", "sh", "depth", "fr", "amp", "n_spikes", "is_masked", "label")
"""Columns that phy's programs fill themselves; `label` is written under the names that they know."""
_MOTION = {"displacement": "displacement_um", "temporal_bins_s": "time_bins_s", "spatial_bins_um": "depth_bins_um"}
_MOTION_UNITS = {"displacement": "µm", "temporal_bins_s": "s", "spatial_bins_um": "µm"}


def dataset_of(
    sorting: Sorting, raw: RawFile, *, log: Sequence[str] = (), texts: Mapping[str, str] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> SortedDataset:  # fmt: skip
    """Return what is written of a sorting.

    Parameters
    ----------
    raw : the recording that was sorted
    log : lines of the sorter; texts : further files
    facts : what else belongs into `sorter_settings.json`
    """
    similar = similar_templates(sorting.templates, round(SIMILAR_MS * 1e-3 * sorting.sample_rate))
    arrays: dict[str, AnyArray | Rows] = {
        **_spikes(sorting), **_templates(sorting), **_channels(sorting, raw), **_features(sorting, similar),
        **{f"motion/{name}": array for name, array in motion_arrays(sorting).items()},
        "similar_templates": similar,
    }  # fmt: skip
    if sorting.log_likelihood is not None:
        arrays["log_likelihood"] = np.asarray(sorting.log_likelihood, np.float64)
    settings = {**_provenance(sorting, raw), **(facts or {})}
    labels = tuple(str(label) for label in sorting.units.get("label", [GOOD] * len(sorting.templates)))
    metrics = {name: np.asarray(values) for name, values in sorting.units.items() if name not in _OF_PHY}
    own = {
        "sorter_settings.json": json.dumps(as_json(settings), indent=1) + "\n",
        "sorter_log.txt": "".join(f"{line}\n" for line in log),
        "suggested_merges.tsv": _merges(sorting),
    }
    return SortedDataset(raw, arrays, labels, metrics, {**own, **(texts or {})}, _stored(sorting, raw, settings))


def motion_arrays(sorting: Sorting) -> dict[str, FloatArray]:
    """Return the motion under the names that runs of motion have in a store; none without a motion."""
    if not sorting.motion:
        return {}
    return {name: np.asarray(sorting.motion[own], np.float64) for name, own in _MOTION.items()}


def similar_templates(templates: FloatArray, max_lag: int) -> FloatArray:
    """Return the cosine of all pairs of templates at the lag that suits each best, (K, K) float32, symmetric.

    Parameters
    ----------
    templates : (K, N, D); max_lag : samples, either way
    """
    templates = np.asarray(templates, np.float32)
    norms = np.linalg.norm(templates, axis=(1, 2), keepdims=True)
    unit = templates / np.where(norms > 0, norms, 1)
    footprints = np.linalg.norm(unit, axis=2)
    out = np.eye(len(unit), dtype=np.float32)
    for k in range(len(unit) - 1):
        # Templates without a common channel are at 0.
        others = np.flatnonzero(footprints[k + 1 :] @ footprints[k] > 0) + k + 1
        if others.size:
            out[k, others] = out[others, k] = best_lags(unit[k], unit[others], max_lag)[0]
    return np.clip(out, -1, 1)


def _spikes(sorting: Sorting) -> dict[str, AnyArray]:
    spikes = sorting.spikes
    units = np.asarray(spikes.units, np.int32)
    return {
        "spike_times": np.asarray(spikes.times, np.int64),
        "spike_templates": units,
        "spike_clusters": units,
        "amplitudes": np.asarray(spikes.amplitudes, np.float64),
        "spike_gain": np.asarray(spikes.gains, np.float32),
        "spike_residual": np.asarray(spikes.residuals, np.float32),
    }


def _templates(sorting: Sorting) -> dict[str, AnyArray]:
    """Templates on the channels where they are not 0, the trough in the middle."""
    templates = np.asarray(sorting.templates, np.float32)
    n_units, n_channels, width = templates.shape
    used = templates.any(axis=2)
    n_local = max(1, int(used.sum(axis=1).max(initial=0)))
    index = np.argsort(~used, axis=1, kind="stable")[:, :n_local]
    index = np.where(np.take_along_axis(used, index, axis=1), index, -1).astype(np.int32)
    local = np.take_along_axis(templates, np.maximum(index, 0)[:, :, None], axis=1) * (index >= 0)[:, :, None]
    half = max(sorting.trough, width - sorting.trough)
    centred = np.zeros((n_units, 2 * half, n_local), np.float32)
    start = half - sorting.trough
    centred[:, start : start + width] = local.transpose(0, 2, 1)
    if n_local == n_channels and (index >= 0).all():
        return {"templates": centred}
    return {"templates": centred, "template_ind": index}


def _channels(sorting: Sorting, raw: RawFile) -> dict[str, AnyArray]:
    channels, gains = sorting.channels, np.asarray(raw.gains_uv)[sorting.channels.map]
    # The sorter is given µV, `params.py` names a file in a unit of its own.
    return {
        "channel_map": np.asarray(channels.map, np.int32),
        "channel_positions": np.asarray(channels.positions, np.float64),
        "channel_shanks": np.asarray(channels.shanks, np.int32),
        "whitening_mat": np.asarray(sorting.whitening.matrix, np.float64).T * gains[:, None],
        "whitening_mat_inv": np.asarray(sorting.whitening.inverse, np.float64).T / gains,
    }


def _features(sorting: Sorting, similar: FloatArray) -> dict[str, AnyArray | Rows]:
    """Features and what is made of them; they may be mapped, so only a piece of them is in memory."""
    features, channels = sorting.spikes.features, np.asarray(sorting.feature_channels, np.int32)
    nearest = np.argsort(-similar, axis=1, kind="stable")[:, :N_SIMILAR].astype(np.int32)
    bank = _on_features(sorting, nearest)
    x_y = np.asarray(sorting.channels.positions, np.float32)
    return {
        "pc_features": Rows(features.shape[1:], np.float32, _pieces(sorting, lambda some, units: some)),
        "pc_feature_ind": channels,
        "template_features": Rows(
            nearest.shape[1:], np.float32, _pieces(sorting, lambda some, units: _scores(some, units, bank))
        ),
        "template_feature_ind": nearest,
        "spike_positions": Rows((2,), np.float32, _positions(sorting, channels, x_y)),
    }


def _positions(sorting: Sorting, channels: IntArray, x_y: FloatArray) -> Iterator[FloatArray]:
    """Where spikes were seen: features are those of the tissue at rest, and the window takes the motion out itself."""
    motion = Motion.from_arrays(arrays) if (arrays := motion_arrays(sorting)) else None
    times_s = np.asarray(sorting.spikes.times) / sorting.sample_rate
    start = 0
    for found in _pieces(sorting, lambda some, units: centres(some, channels[units], x_y)):
        if motion is not None:
            found[:, 1] = seen_depths(motion, times_s[start : start + len(found)], found[:, 1])
        start += len(found)
        yield found


def seen_depths(motion: Motion, times_s: FloatArray, depths_um: FloatArray) -> FloatArray:
    """Return the depths from which the motion brings spikes back to these, (n,)."""
    seen = np.asarray(depths_um, np.float64)
    for _ in range(_BACK_STEPS):
        seen = depths_um + motion.at(times_s, seen)
    return seen


def _pieces(sorting: Sorting, made: Callable[[FloatArray, IntArray], FloatArray]) -> Iterator[FloatArray]:
    features, units = sorting.spikes.features, np.asarray(sorting.spikes.units)
    for start in range(0, len(units), PIECE):
        yield made(np.asarray(features[start : start + PIECE], np.float32), units[start : start + PIECE])


def _on_features(sorting: Sorting, nearest: IntArray) -> FloatArray:
    """The templates most similar to each as features of its spikes, (K, J, P * C)."""
    channels = sorting.feature_channels
    bank = np.empty((*nearest.shape, len(sorting.feature_shapes) * channels.shape[1]), np.float32)
    for k, others in enumerate(nearest):
        local = sorting.templates[others][:, np.maximum(channels[k], 0)] * (channels[k] >= 0)[:, None]
        bank[k] = np.einsum("jcd,pd->jpc", local, sorting.feature_shapes).reshape(len(others), -1)
    return bank


def _scores(features: FloatArray, units: IntArray, bank: FloatArray) -> FloatArray:
    """Product of each spike with the templates most similar to its own, (n, J)."""
    out = np.empty((len(units), bank.shape[1]), np.float32)
    order = np.argsort(units, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(units[order])) + 1):
        if rows.size:
            out[rows] = features[rows].reshape(rows.size, -1) @ bank[units[rows[0]]].T
    return out


def centres(features: FloatArray, channels: IntArray, positions_um: FloatArray) -> FloatArray:
    """Return where spikes are: the mean of the channels' places, weighted by the energy on each.

    Parameters
    ----------
    features : (n, P, C); channels : (n, C), -1 for none; positions_um : (N, 2)

    Returns
    -------
    (n, 2) float32; a spike without energy is at the place of its first channel
    """
    energy = np.where(channels >= 0, np.square(features).sum(axis=1), 0)
    energy[:, 0] += (energy.sum(axis=1) == 0) * np.float32(1)
    found: FloatArray = np.einsum("nc,ncx->nx", energy, positions_um[np.maximum(channels, 0)])
    return (found / energy.sum(axis=1, keepdims=True)).astype(np.float32)


def _merges(sorting: Sorting) -> str:
    rows = [f"{a}\t{b}\t{score:.4f}\t{' '.join(why.split())}" for a, b, score, why in sorting.suggested_merges]
    return "\n".join(["first\tsecond\tscore\treason", *rows]) + "\n"


def _provenance(sorting: Sorting, raw: RawFile) -> dict[str, Any]:
    return {
        "settings": asdict(sorting.settings),
        "code_version": f"phy-medicine {phy_medicine.__version__}",
        "recording": raw.marks(),
        "n_samples": sorting.n_samples,
        "trough_of_templates": sorting.trough,
        "channels_left_out": sorting.channels.left_out,
        "timings_s": sorting.timings,
    }


def _stored(sorting: Sorting, raw: RawFile, settings: Mapping[str, Any]) -> StoredResult:
    """What the store gets: the units as a run of sorting, and the motion as one that the window uses."""
    spikes = np.bincount(np.asarray(sorting.spikes.units), minlength=len(sorting.templates))
    arrays: dict[str, AnyArray] = {"spikes_of_units": spikes.astype(np.int64)}
    if sorting.log_likelihood is not None:
        arrays["log_likelihood"] = np.asarray(sorting.log_likelihood, np.float64)
    facts = {name: value for name, value in settings.items() if name not in ("settings", "recording", "code_version")}
    motion = motion_arrays(sorting)
    parts = (Part("motion", motion, {"method": "sorting", "job": "sorting"}),) if motion else ()
    return StoredResult(
        "sorting", arrays, parts, _MOTION_UNITS, asdict(sorting.settings), {"job": "sorting", **facts}, raw.marks()
    )
