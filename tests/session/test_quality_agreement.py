"""The metrics of a session beside those that SpikeInterface computes of the same recording and clusters."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phy_medicine.session.quality_rows import metric_rows
from phy_medicine.session.session import Session

ENOUGH = 40
"""Spikes of the clusters that are compared: of fewer the mean waveform is mostly noise."""


@pytest.fixture(scope="module")
def both(simulated_dataset: Path) -> tuple[dict[int, dict[str, Any]], Any]:
    """Rows of ours, and the table of theirs."""
    import spikeinterface.full as si

    session = Session.open(simulated_dataset, read_only=True)
    session.quality.compute()
    rows = {row["cluster_id"]: row for row in metric_rows(session) if row["num_spikes"] >= ENOUGH}
    model = session.model
    recording = si.read_binary(
        model.params.dat_paths[0], model.sample_rate, model.params.dtype, model.params.n_channels_dat
    )
    recording.set_dummy_probe_from_locations(model.channel_positions)
    recording = si.filter(recording, band=150.0, btype="highpass", filter_order=3, margin_ms=20.0)
    labels = session.spike_clusters()
    trains = {c: np.asarray(model.spike_samples[labels == c]) for c in rows}
    sorting = si.NumpySorting.from_unit_dict([trains], model.sample_rate)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        analyzer = si.create_sorting_analyzer(sorting, recording, sparse=False, format="memory")
        analyzer.compute({"random_spikes": {"method": "all"}, "templates": {}, "noise_levels": {}}, progress_bar=False)
        names = ["num_spikes", "firing_rate", "snr", "isi_violation", "rp_violation"]
        params = {"rp_violation": {"refractory_period_ms": 1.5, "censored_period_ms": 0.0}}
        theirs = si.compute_quality_metrics(analyzer, metric_names=names, metric_params=params)
    session.close()
    return rows, theirs


def test_spikes_and_rates_are_the_same(both):
    rows, theirs = both
    assert len(rows) > 4
    for cluster, row in rows.items():
        assert row["num_spikes"] == theirs.loc[cluster, "num_spikes"]
        assert row["firing_rate"] == pytest.approx(theirs.loc[cluster, "firing_rate"], rel=1e-3)


def test_signal_to_noise_is_within_ten_percent(both):
    rows, theirs = both
    for cluster, row in rows.items():
        assert row["snr"] == pytest.approx(theirs.loc[cluster, "snr"], rel=0.1)


def test_violations_and_contamination_are_the_same(both):
    rows, theirs = both
    for cluster, row in rows.items():
        assert row["isi_violations_count"] == pytest.approx(theirs.loc[cluster, "isi_violations_count"], abs=1)
    # Theirs count pairs up to and with the refractory time: what differs by one such pair is not compared.
    same = [c for c, row in rows.items() if (row["contamination_many"] == 0) == (theirs.loc[c, "rp_violations"] == 0)]
    assert len(same) > 4
    for cluster in same:
        assert rows[cluster]["contamination_many"] == pytest.approx(theirs.loc[cluster, "rp_contamination"], rel=0.02)
