"""What a supposed merge or split would make of the numbers that a curator goes by: parts and whole, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.compute.metrics.contamination import contamination_by_one, refractory_pairs, short_intervals
from phy_medicine.compute.metrics.presence import presence_ratio

if TYPE_CHECKING:
    from phy_medicine.session.session import Session
    from phy_medicine.session.suppose import Supposition

REFRACTORY_MS = 2.0
_CENSORED_MS = 0.25
"""Sorters find no second spike of a unit so soon after one."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """What is known of one cluster, real or supposed.

    name : its id, or what it is made of; supposed : whether it does not exist
    rate_hz : spikes by the length of the recording
    amplitude : median of the spikes' amplitudes, NaN without any
    too_close : share of the intervals below `REFRACTORY_MS`, 0..1
    contamination : share of foreign spikes by the pairs below it, 0..1; 1 where one neuron cannot be
    presence : share of the stretches of the recording in which there are spikes, 0..1
    depth_um : where its main template is largest
    """

    name: str
    supposed: bool
    n_spikes: int
    rate_hz: float
    amplitude: float
    too_close: float
    contamination: float
    presence: float
    depth_um: float


def before_and_after(session: Session, supposed: Supposition) -> tuple[Numbers, ...]:
    """Return the numbers of the clusters that would go, then of those that would come."""
    real = [numbers_of(session, c, name=str(c)) for c in supposed.parts]
    return (*real, *(numbers_of(session, c, name=str(c), supposed=True) for c in supposed.ids))


def numbers_of(session: Session, cluster_id: int, *, name: str, supposed: bool = False) -> Numbers:
    """Return the numbers of one cluster over the whole recording."""
    model, data = session.model, session.data
    spikes, stats = session.facts.spikes(cluster_id), session.facts.stats(cluster_id)
    samples, n = model.spike_samples[spikes], len(spikes)
    refractory, censored = (round(ms * 1e-3 * model.sample_rate) for ms in (REFRACTORY_MS, _CENSORED_MS))
    n_pairs = refractory_pairs(samples, censored, refractory)
    window_s = (refractory - censored) / model.sample_rate
    known = n > 1 and model.duration_s > 0
    median = stats.amplitude_median
    return Numbers(
        name,
        supposed,
        n,
        n / model.duration_s if model.duration_s > 0 else nan,
        nan if median is None else float(median),
        short_intervals(samples, refractory) / (n - 1) if n > 1 else nan,
        contamination_by_one(n, n_pairs, window_s, model.duration_s) if known else nan,
        presence_ratio(model.spike_times[spikes], model.duration_s) if known else nan,
        float(data.channel_positions[data.peak_channel(cluster_id), 1]),
    )


def as_rows(numbers: Sequence[Numbers]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the titles of a table, and its rows, written."""
    titles = (
        "Cluster",
        "Spikes",
        "Rate (Hz)",
        "Amplitude",
        f"< {REFRACTORY_MS:g} ms",
        "Contam.",
        "Presence",
        "Depth (µm)",
    )
    rows: list[tuple[str, ...]] = [
        (
            n.name,
            f"{n.n_spikes:,}",
            _short(n.rate_hz),
            _short(n.amplitude),
            _percent(n.too_close),
            "not single" if n.contamination >= 1 else _percent(n.contamination),
            _percent(n.presence, digits=0),
            _short(n.depth_um),
        )
        for n in numbers
    ]
    return titles, rows


def _short(value: float) -> str:
    return "" if np.isnan(value) else f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _percent(value: float, digits: int = 2) -> str:
    return "" if np.isnan(value) else f"{100 * value:.{digits}f} %"
