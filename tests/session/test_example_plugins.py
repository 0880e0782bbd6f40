"""The example plugins that compute metrics, similarities, colours and filters: what each of them does."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.compute.signal_filters import SIGNAL_FILTERS
from phy_medicine.session.extensions import Problem
from phy_medicine.session.session import Session

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


@pytest.fixture
def session(dataset: Path) -> Iterator[Session]:
    session = Session.open(dataset)
    problems: list[Problem] = []
    session.extensions.problem.connect(problems.append)
    yield session
    session.close()
    assert problems == []


def load(name: str):
    spec = importlib.util.spec_from_file_location(name, PLUGINS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def attach(session: Session, file: str, plugin: str):
    module = load(file)
    with session.extensions.owned_by(plugin):
        getattr(module, plugin)().attach(session)
    return module


def test_isi_metrics_count_short_intervals_and_bursts(session):
    attach(session, "isi_metrics", "IsiMetrics")
    for cluster_id in session.cluster_ids:
        row = session.clusters.row(cluster_id)
        times = session.model.spike_times[session.facts.spikes(cluster_id)]
        short = sum(b - a < 0.0015 for a, b in pairwise(times))
        assert row["isi_violations"] == pytest.approx(100 * short / (len(times) - 1))
        lags_ms = (times[:, None] - times[None, :])[np.tril_indices(len(times), -1)] * 1000
        near, far = np.mean((lags_ms > 2.5) & (lags_ms < 5.5)) / 3, np.mean((lags_ms > 199.5) & (lags_ms < 299.5)) / 100
        assert row["burst_index"] == pytest.approx(near / far, rel=0.1, abs=0.05)
    session.filter("isi_violations < 0.01")
    assert 0 < session.cluster_table.n_shown <= len(session.cluster_ids)


def test_waveform_similarity_finds_the_other_part_of_a_split_cluster(session):
    attach(session, "waveform_similarity", "WaveformSimilarity")
    session.similar.metric = "waveform"
    biggest = max(session.cluster_ids, key=lambda c: len(session.facts.spikes(c)))
    one, other = session.split(session.facts.spikes(biggest)[::2]).added
    rows = session.similar.rows(one)
    assert next(iter(rows)) == other and rows[other] > 0.95
    assert list(rows.values()) == sorted(rows.values(), reverse=True) and max(rows.values()) <= 1 + 1e-6
    assert session.similar.title == "mean waveforms"


def test_peak_time_colors_go_from_start_to_end(session):
    attach(session, "peak_time_colors", "PeakTimeColors")
    half = session.model.duration_s / 2
    biggest = max(session.cluster_ids, key=lambda c: len(session.facts.spikes(c)))
    spikes = session.facts.spikes(biggest)
    early, late = session.split(spikes[session.model.spike_times[spikes] < half]).added
    assert session.data.table.more_schemes()[0] == "peak_time"
    session.data.table.colors("peak_time", [early, late])
    session.pool.sync()
    colors = session.data.table.colors("peak_time", [early, late])
    assert colors[0, 2] > 0.5 > colors[0, 0] and colors[1, 0] > 0.5 > colors[1, 2]


def test_the_notch_takes_the_mains_out_and_leaves_spikes(session):
    module = attach(session, "mains_notch", "MainsNotch")
    rate = 30_000.0
    t = np.arange(int(rate)) / rate
    hum = 50 * np.sin(2 * np.pi * 50 * t) + 20 * np.sin(2 * np.pi * 150 * t + 1)
    spikes = np.zeros_like(t)
    spikes[np.arange(1000, len(t), 3000)[:, None] + np.arange(20)] = -100 * np.hanning(20)
    left = module.without_mains((hum + spikes)[:, None], rate)[9000:21_000, 0]
    assert np.abs(module.without_mains(hum[:, None], rate)[9000:21_000]).max() < 1.0
    assert np.corrcoef(left, spikes[9000:21_000])[0, 1] > 0.97
    assert session.data.filters["mains notch"].words == "without 50 Hz and 4 overtones"
    assert session.data.filters.names == (*SIGNAL_FILTERS, "mains notch")
    found = session.data.trace(1.0, 1.2, (0, 1), filter="mains notch").data
    raw = session.data.trace(1.0, 1.2, (0, 1), filter="none").data
    assert found.shape == raw.shape and np.corrcoef(found[:, 0], raw[:, 0])[0, 1] > 0.5
