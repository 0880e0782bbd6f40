"""Presets that find merges by the criteria of SpikeInterface's automatic merging, with its thresholds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from math import hypot, nan

import numpy as np

from phy_medicine.base.reasons import Reason
from phy_medicine.base.types import IntArray
from phy_medicine.compute.pairs.footprints import Footprint
from phy_medicine.compute.suggesting import train_criteria as trains
from phy_medicine.compute.suggesting.train_criteria import Periods

_OF_TRAINS = ("num_spikes", "remove_contaminated", "unit_locations", "template_similarity")
PRESETS: dict[str, tuple[str, ...]] = {
    "similarity_correlograms": (*_OF_TRAINS, "correlogram", "quality_score"),
    "temporal_splits": (*_OF_TRAINS, "presence_distance", "quality_score"),
    "x_contaminations": (*_OF_TRAINS, "cross_contamination", "quality_score"),
    "feature_neighbors": ("num_spikes", "snr", "remove_contaminated", "unit_locations", "knn", "quality_score"),
    "slay": ("template_similarity", "slay_score"),
}
"""Name -> what a pair must pass, in this order. Source: SpikeInterface 0.105, `compute_merge_unit_groups`."""

MIN_SPIKES, MIN_SNR, MAX_CONTAMINATION, MAX_DISTANCE_UM = 100, 2.0, 0.2, 150.0
CENSORED_MS, REFRACTORY_MS = 0.3, 1.0
MAX_TEMPLATE_DIFFERENCE, MAX_CORRELOGRAM_DIFFERENCE, MIN_PRESENCE_DISTANCE_S = 0.25, 0.16, 100.0
CROSS_LIMIT, CROSS_P, BALANCE, N_NEIGHBOURS = 0.1, 0.2, 1.5, 10
SLAY_CORRELATION, SLAY_VIOLATIONS, MIN_SLAY = 0.25, 1.0, 0.5


@dataclass(frozen=True, slots=True, eq=False)
class UnitFacts:
    """What one cluster is judged by.

    samples : (n,) int, ascending; footprint : mean template, None without; place_um : x and y, µm
    snr, contamination : NaN where not known
    neighbours : clusters of the spikes that are nearest to its own in amplitude and place
    """

    cluster_id: int
    samples: IntArray
    footprint: Footprint | None
    place_um: tuple[float, float]
    contamination: float
    snr: float = nan
    neighbours: frozenset[int] = field(default_factory=frozenset)


def periods_of(sample_rate: float, n_samples: int) -> Periods:
    """Return the censored and the refractory time of all presets, in samples."""
    return Periods(round(CENSORED_MS * sample_rate / 1000), round(REFRACTORY_MS * sample_rate / 1000), n_samples)


def may_merge(preset: str, unit: UnitFacts) -> bool:
    """Tell whether a cluster can be part of any merge of a preset."""
    steps = PRESETS[preset]
    return not (
        ("num_spikes" in steps and len(unit.samples) < MIN_SPIKES)
        or ("snr" in steps and unit.snr < MIN_SNR)
        or ("remove_contaminated" in steps and unit.contamination > MAX_CONTAMINATION)
    )


def judged(
    preset: str, first: UnitFacts, second: UnitFacts, periods: Periods, sample_rate: float
) -> tuple[Reason, ...] | None:
    """Return what speaks for a merge of two clusters that each `may_merge`, None if a criterion is not met.

    first : the one of the lower id
    """
    pair, found = _Pair(first, second, periods, sample_rate), []
    for step in PRESETS[preset]:
        if step in _CRITERIA:
            reason = _CRITERIA[step](pair)
            if reason is None:
                return None
            found.append(reason)
    return tuple(found)


def template_difference(first: Footprint, second: Footprint) -> float:
    """Return the sum of the differences of two templates by the sum of both, 0 to 1; 1 without a common channel.

    Not moved against each other in time. NaN where both are 0 or they differ in length.
    """
    if len(first.waveform) != len(second.waveform):
        return nan
    _, rows, others = np.intersect1d(first.channel_ids, second.channel_ids, assume_unique=True, return_indices=True)
    if not rows.size:
        return 1.0
    total = float(np.abs(first.waveform).sum() + np.abs(second.waveform).sum())
    a, b = first.waveform[:, rows], second.waveform[:, others]
    # On a channel of one alone the difference is its waveform.
    apart = total - float(np.abs(a).sum() + np.abs(b).sum()) + float(np.abs(a - b).sum())
    return apart / total if total > 0 else nan


@dataclass
class _Pair:
    first: UnitFacts
    second: UnitFacts
    periods: Periods
    sample_rate: float

    @cached_property
    def template_difference(self) -> float:
        a, b = self.first.footprint, self.second.footprint
        return nan if a is None or b is None else template_difference(a, b)

    @cached_property
    def cross(self) -> IntArray:
        return trains.correlogram_1ms(self.first.samples, self.second.samples, self.sample_rate)


def _distance(pair: _Pair) -> Reason | None:
    (x, y), (other_x, other_y) = pair.first.place_um, pair.second.place_um
    value = hypot(x - other_x, y - other_y)
    text = f"near each other, {value:.0f} µm of at most {MAX_DISTANCE_UM:.0f}"
    return _reason(value <= MAX_DISTANCE_UM, text, "distance_um", value)


def _templates(pair: _Pair) -> Reason | None:
    value = pair.template_difference
    text = f"templates differ by {value:.0%}, less than {MAX_TEMPLATE_DIFFERENCE:.0%}"
    return _reason(value < MAX_TEMPLATE_DIFFERENCE, text, "template_difference", value)


def _correlograms(pair: _Pair) -> Reason | None:
    first, second = (trains.correlogram_1ms(u.samples, None, pair.sample_rate) for u in (pair.first, pair.second))
    n_spikes = len(pair.first.samples), len(pair.second.samples)
    value = trains.correlogram_difference((first, second), pair.cross, n_spikes)
    text = f"the cross-correlogram is like the autocorrelograms, difference {value:.2f} of {MAX_CORRELOGRAM_DIFFERENCE}"
    return _reason(value < MAX_CORRELOGRAM_DIFFERENCE, text, "correlogram_difference", value)


def _presence(pair: _Pair) -> Reason | None:
    value = trains.presence_distance(pair.first.samples, pair.second.samples, pair.periods.n_samples, pair.sample_rate)
    text = f"there at different times, {value:.0f} s apart, more than {MIN_PRESENCE_DISTANCE_S:.0f} s"
    return _reason(value > MIN_PRESENCE_DISTANCE_S, text, "presence_distance", value)


def _cross_contamination(pair: _Pair) -> Reason | None:
    first, second = pair.first, pair.second
    value = trains.cross_contamination_p(first.samples, second.samples, pair.periods, first.contamination, CROSS_LIMIT)
    text = f"they do not contaminate each other by more than {CROSS_LIMIT:.0%}, p {value:.2f}, above {CROSS_P}"
    return _reason(value > CROSS_P, text, "cross_contamination_p", value)


def _neighbours(pair: _Pair) -> Reason | None:
    near = pair.second.cluster_id in pair.first.neighbours
    text = f"spikes of both among the {N_NEIGHBOURS} nearest in amplitude and place"
    return _reason(near, text, "neighbours", float(near))


def _quality(pair: _Pair) -> Reason | None:
    union = trains.joined(pair.first.samples, pair.second.samples, pair.periods.censored)
    contamination = trains.contamination_of(union, pair.periods)
    alone = [trains.quality(len(u.samples), u.contamination, BALANCE) for u in (pair.first, pair.second)]
    together = trains.quality(len(union), contamination, BALANCE)
    text = f"better together than each alone, contamination {contamination:.2f} of {len(union):,} spikes"
    return _reason(not any(together < value for value in alone), text, "contamination", contamination)


def _slay(pair: _Pair) -> Reason | None:
    seen, violated = trains.slay_correlation(pair.cross), trains.slay_violations(pair.cross)
    value = 1 - pair.template_difference + SLAY_CORRELATION * seen - SLAY_VIOLATIONS * violated
    text = f"SLAy score {value:.2f}, above {MIN_SLAY}: correlation {seen:.2f}, violations {violated:.2f}"
    return _reason(value > MIN_SLAY, text, "slay_score", value)


def _reason(met: bool, text: str, name: str, value: float) -> Reason | None:
    return Reason(text, name, value, "for") if met else None


_CRITERIA: dict[str, Callable[[_Pair], Reason | None]] = {
    "unit_locations": _distance,
    "template_similarity": _templates,
    "correlogram": _correlograms,
    "presence_distance": _presence,
    "cross_contamination": _cross_contamination,
    "knn": _neighbours,
    "quality_score": _quality,
    "slay_score": _slay,
}
