"""Spikes that were found twice: by the same unit, or by two units that are alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray, IntArray
from phy_medicine.compute.pairs.pair_counts import pair_counts
from phy_medicine.compute.pairs.template_pairs import SIMILARITY_LAG_S, TemplateBank
from phy_medicine.compute.sorting.post_settings import PostSettings
from phy_medicine.compute.sorting.unit import Unit, units_of

_FEWEST = 5
"""Coincident spikes below which a peak is not one."""
_SAME_PLACE = 0.1
"""Product of the norms of the channels from which two templates are near each other on the probe."""


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What is left when every spike counts once.

    keep : (n,) bool, of the spikes; those of a unit that goes are all kept, it is for the caller to leave it out
    duplicate_of : (K,) int, the unit that has most spikes of a unit that goes; -1 for one that stays
    """

    keep: BoolArray
    duplicate_of: IntArray


def duplicate_units(
    templates: FloatArray,
    times: IntArray,
    units: IntArray,
    amplitudes: FloatArray,
    *,
    sample_rate: float,
    settings: PostSettings | None = None,
    gains: FloatArray | None = None,
) -> Duplicates:
    """Find spikes and units that were found twice.

    Parameters
    ----------
    templates : (K, N, D), norm 1; times, units, amplitudes : (n,), in the order of time, samples
    gains : (n,), what each spike is worth; None: amplitude² / 2
    """
    more = {} if gains is None else {"gains": gains}
    before = units_of(templates, times, units, amplitudes, **more)
    after = without_duplicates(before, sample_rate, settings or PostSettings())
    keep = np.zeros(len(times), bool)
    for unit in after:
        keep[unit.unit.rows] = True
    return Duplicates(keep, np.array([unit.duplicate_of for unit in after], np.int64))


@dataclass(frozen=True, slots=True)
class Single:
    """A unit without its duplicate spikes, or all of it if it is a duplicate of another unit."""

    unit: Unit
    duplicate_of: int = -1


def without_duplicates(units: list[Unit], sample_rate: float, settings: PostSettings) -> list[Single]:
    """Take the spikes that were found twice from units, and say which units are duplicates."""
    if not units:
        return []
    kept = [without_own_duplicates(unit, sample_rate, settings) for unit in units]
    gone = [-1] * len(units)
    bank = TemplateBank.of(np.array([u.template for u in units]), round(SIMILARITY_LAG_S * sample_rate))
    # The most similar first: of three alike, the two nearest are compared before one of them goes.
    for i, j, cosine, lag in sorted(bank.pairs(settings.duplicate_cosine), key=lambda pair: (-pair[2], pair[:2])):
        # The same spike is found earlier by the template that has its waveform later.
        times = {i: kept[i].times, j: kept[j].times + lag}
        if gone[i] >= 0 or gone[j] >= 0 or not _share_spikes(times[i], times[j], sample_rate, settings):
            continue
        weak, strong = sorted((i, j), key=lambda k: (_worth(kept[k]), len(kept[k]), -k))
        left = kept[weak].kept(~coincident(times[weak], times[strong], _reach(sample_rate, settings)))
        lost = len(kept[weak]) - len(left)
        if len(units[weak]) - len(left) > settings.duplicate_share * len(units[weak]):
            gone[weak] = strong
        else:
            kept[weak] = left.told(f"{lost} spikes taken off that a unit of cosine {cosine:.2f} has as well")
    for i, j in bank.near(_SAME_PLACE):
        weak, strong = sorted((i, j), key=lambda k: (_worth(kept[k]), len(kept[k]), -k))
        if gone[i] < 0 and gone[j] < 0 and _follows(kept[weak].times, kept[strong].times, sample_rate, settings):
            gone[weak] = strong
    return [Single(units[k] if gone[k] >= 0 else kept[k], gone[k]) for k in range(len(units))]


def without_own_duplicates(unit: Unit, sample_rate: float, settings: PostSettings) -> Unit:
    """Return a unit without spikes nearer than `min_isi` to one that is worth more."""
    keep = keep_largest(unit.times, unit.gains, round(settings.min_isi_ms * sample_rate / 1000))
    lost = int((~keep).sum())
    return unit.kept(keep).told(f"{lost} spikes taken off that follow too soon") if lost else unit


def keep_largest(times: IntArray, gains: FloatArray, apart: int) -> BoolArray:
    """Return which spikes stay if, of those less than `apart` samples apart, the one with the larger gain does.

    times : (n,) int, ascending; of equal gains the earlier spike stays
    """
    from phy_medicine.compute.sorting import _kernels_duplicates as kernels

    keep = np.ones(len(times), bool)
    order = np.argsort(-np.asarray(gains, np.float64), kind="stable")
    kernels.keep_largest(np.asarray(times, np.int64), order, apart, keep)
    return keep


def coincident(times: IntArray, others: IntArray, reach: int) -> BoolArray:
    """Return which spikes have one of another train within `reach` samples; both ascending."""
    from phy_medicine.compute.sorting import _kernels_duplicates as kernels

    near = np.zeros(len(times), bool)
    kernels.near_any(np.asarray(times, np.int64), np.asarray(others, np.int64), reach, near)
    return near


def _reach(sample_rate: float, settings: PostSettings) -> int:
    return round(settings.duplicate_ms * sample_rate / 1000)


def _share_spikes(first: IntArray, second: IntArray, sample_rate: float, settings: PostSettings) -> bool:
    """Whether there are far more coincident spikes than by chance; a few always happen to be."""
    reach = _reach(sample_rate, settings)
    refractory = round(settings.refractory_ms * sample_rate / 1000)
    counts = pair_counts(first, second, reach, refractory, sample_rate)
    return counts.coincident >= _FEWEST and counts.coincident > settings.duplicate_peak * counts.expected_coincident


def _follows(times: IntArray, others: IntArray, sample_rate: float, settings: PostSettings) -> bool:
    """Whether most spikes come at one lag from those of another unit: of what is left of these when they are explained.

    No neuron follows another so surely and so soon.
    """
    if min(len(times), len(others)) < _FEWEST:
        return False
    reach = _reach(sample_rate, settings)
    later = np.clip(np.searchsorted(others, times), 1, len(others) - 1)
    lags = np.stack([others[later - 1] - times, others[later] - times])
    lags = np.take_along_axis(lags, np.abs(lags).argmin(axis=0)[None], axis=0)[0]
    lags = lags[np.abs(lags) <= round(SIMILARITY_LAG_S * sample_rate)]
    if len(lags) <= settings.duplicate_share * len(times):
        return False
    return bool((np.abs(lags - np.median(lags)) <= reach).sum() > settings.duplicate_share * len(times))


def _worth(unit: Unit) -> float:
    return float(np.median(unit.gains)) if len(unit) else 0.0
