"""The quality metrics of a session: right after any action, on the disk, in tables and files."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings

from phy_medicine.base.errors import DatasetError
from phy_medicine.compute.metrics.amplitudes import amplitude_cutoff
from phy_medicine.compute.metrics.isolation import l_ratio_and_distance
from phy_medicine.compute.metrics.neighbours import silhouette
from phy_medicine.io.metadata import METRICS_FILE
from phy_medicine.io.metric_cache import MetricCache
from phy_medicine.session.extensions import Metric
from phy_medicine.session.quality_columns import QUALITY, QUALITY_COLUMNS, TABLE, TRAINS
from phy_medicine.session.quality_rows import metric_rows
from phy_medicine.session.session import Session

from .any_steps import any_steps, take, unwritten


@pytest.fixture
def session(dataset: Path) -> Iterator[Session]:
    session = Session.open(dataset)
    yield session
    session.close()


def forget_the_disk(session: Session) -> None:
    """What other tests left beside the dataset is not to be found."""
    session.quality._kept._cache = MetricCache(None, "", {family: len(columns) for family, columns in QUALITY.items()})


def slow_train(session: Session, spikes: np.ndarray) -> dict[str, float | None]:
    """Pair by pair, and stretch by stretch."""
    model = session.model
    samples = [int(s) for s in model.spike_samples[spikes]]
    reach, n, duration_s = round(0.0015 * model.sample_rate), len(samples), model.duration_s
    pairs = sum(samples[j] - samples[i] < reach for i in range(n) for j in range(i + 1, min(i + 60, n)))
    short = sum(b - a < reach for a, b in pairwise(samples))
    share = pairs / (n**2 * reach / model.sample_rate / duration_s)
    n_bins = int(min(max(duration_s // 10, 1), 100))
    bins = {min(int(t / duration_s * n_bins), n_bins - 1) for t in model.spike_times[spikes]}
    cutoff = amplitude_cutoff(model.amplitudes[spikes])
    return {
        "presence_ratio": len(bins) / n_bins,
        "isi_violations_count": short,
        "isi_violations_ratio": short / (2 * n**2 * reach / model.sample_rate / duration_s),
        "contamination": 0.5 * (1 - np.sqrt(1 - 2 * share)) if share <= 0.5 else 1.0,
        "contamination_many": 1 - np.sqrt(1 - share) if share <= 1 else 1.0,
        "amplitude_cutoff": cutoff if np.isfinite(cutoff) else None,
    }


def slow_isolation(session: Session, cluster_id: int, spikes: np.ndarray) -> dict[str, float | None]:
    """All spikes of all templates, for a dataset that is small enough to need no choice."""
    model, features = session.model, session.model.features
    first = int(np.bincount(model.spike_templates[spikes]).argmax())
    with_scores = set(features.local_channels(first).tolist())
    channels = [int(c) for c in session.clusters.channels.of(cluster_id) if int(c) in with_scores][:4]
    near = [
        t
        for t in np.unique(model.spike_templates)
        if 2 * len(set(features.local_channels(int(t)).tolist()) & set(channels)) >= len(channels)
    ]
    rest = np.flatnonzero(np.isin(model.spike_templates, near) & ~np.isin(np.arange(model.n_spikes), spikes))

    def points(ids: np.ndarray) -> np.ndarray:
        return np.nan_to_num(features.get(ids, np.array(channels))).reshape(len(ids), -1)

    own, others = points(spikes), points(rest)
    if len(spikes) <= 2 * own.shape[1]:
        return {}
    ratio, distance = l_ratio_and_distance(own, others, n_own=len(own))
    found = {
        "l_ratio": ratio,
        "isolation_distance": distance,
        "silhouette": silhouette(own, others, model.spike_templates[rest]),
    }
    return {name: value if np.isfinite(value) else None for name, value in found.items()}


def cells(session: Session, cluster_id: int) -> dict[str, float | None]:
    return {name: session.quality.peek(cluster_id, name) for name in QUALITY_COLUMNS}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=any_steps())
@example(steps=[("m", 0, 140)])  # a cluster with more spikes than its neighbours has no isolation distance
def test_every_metric_is_that_of_a_fresh_computation_after_any_actions(simulated_dataset, steps):
    with unwritten(simulated_dataset) as session:
        forget_the_disk(session)
        session.quality.compute()
        for step in steps:
            take(session, *step)
            session.quality.compute()
        labels = session.spike_clusters()
        some = session.cluster_ids[:: max(1, len(session.cluster_ids) // 6)]
        for cluster_id in {*some, *session.cluster_ids[-3:]}:
            found, spikes = cells(session, cluster_id), np.flatnonzero(labels == cluster_id)
            expected = slow_train(session, spikes)
            assert {name: found[name] for name in expected} == pytest.approx(expected)
            few = slow_isolation(session, cluster_id, spikes)
            whole = session.quality._quality._near.around(cluster_id)
            if few and whole is not None and whole.step == 1 and len(whole.own) == len(spikes):
                defined = {name: value for name, value in few.items() if value is not None}
                assert {name: found[name] for name in defined} == pytest.approx(defined, rel=1e-4, abs=1e-9)
                assert [found[name] for name in few if name not in defined] == [None] * (len(few) - len(defined))


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=any_steps())
def test_no_metric_depends_on_the_way_to_a_cluster(simulated_dataset, steps):
    with unwritten(simulated_dataset) as session, unwritten(simulated_dataset) as other:
        forget_the_disk(session)
        forget_the_disk(other)
        session.quality.compute()
        for step in steps:
            take(session, *step)
            session.quality.compute()
            take(other, *step)
        other.quality.compute()
        assert session.cluster_ids == other.cluster_ids
        assert [cells(session, c) for c in session.cluster_ids] == [cells(other, c) for c in other.cluster_ids]


def test_merged_clusters_alone_are_computed(session, monkeypatch):
    session.quality.compute()
    asked: list[tuple[str, int]] = []
    values = session.quality._quality.values
    monkeypatch.setattr(session.quality._quality, "values", lambda f, c: asked.append((f, c)) or values(f, c))
    new = session.merge(session.cluster_ids[:2]).added[0]
    session.quality.compute()
    assert asked == [(family, new) for family in QUALITY]
    session.undo()
    session.quality.compute()
    assert len(asked) == len(QUALITY)


def test_a_new_cluster_is_measured_in_the_background_once_all_are(session):
    session.warm_up()
    assert session.quality.wait(120) == 0 and session.quality.complete()
    new = session.merge(session.cluster_ids[:2]).added[0]
    assert session.quality.wait(120) == 0
    assert session.cluster_table.value(new, "snr") > 0


def test_what_is_interactive_goes_first(session):
    go_on, begun = threading.Event(), threading.Event()
    session.pool.submit("view", lambda: begun.set() or go_on.wait(60))
    assert begun.wait(60)
    session.quality.ask_all()
    assert session.quality.wait(0.3) > 0 and session.quality.progress == 0
    go_on.set()
    assert session.quality.wait(120) == 0


def test_nothing_is_computed_that_nobody_asks_for(session):
    session.select(session.cluster_ids[:1])
    session.pool.sync()
    assert not any(session.quality.known(c, name) for c in session.cluster_ids for name in QUALITY_COLUMNS)


def test_tables_sort_and_filter_by_a_metric(session):
    session.filter("snr > 5 and contamination < .1")
    assert session.cluster_table.waiting_for == ("snr", "contamination")
    session.quality.wait(120)
    session.pool.sync()
    good = {c for c in session.cluster_ids if (session.quality.peek(c, "snr") or 0) > 5}
    assert session.cluster_table.waiting_for == () and set(session.cluster_table.visible_ids()) <= good
    session.filter("")
    session.sort("snr", ascending=False)
    values = [session.quality.peek(c, "snr") for c in session.cluster_table.visible_ids()]
    assert values == sorted(values, reverse=True)


def test_clusters_are_coloured_by_a_metric(session):
    assert {"snr", "l_ratio"} <= set(session.data.table.more_schemes())
    ids = session.cluster_ids
    session.quality.compute()
    by_value = sorted(ids, key=lambda c: session.quality.peek(c, "snr"))
    colors = session.data.table.colors("snr", by_value)
    assert not np.array_equal(colors[0], colors[-1]) and session.data.table.uses(frozenset({"snr"}))


def test_a_plugin_takes_the_place_of_a_metric_until_it_goes(session):
    first = session.cluster_ids[0]
    session.quality.compute()
    own = session.cluster_table.value(first, "snr")
    session.extensions.metrics.add(Metric("snr", lambda c: -1.0))
    session.metrics.compute("snr", session.cluster_ids)
    assert session.cluster_table.value(first, "snr") == -1.0 == metric_rows(session, ["snr"])[0]["snr"]
    assert session.cluster_table.column_names.count("snr") == 1
    session.extensions.metrics.remove("snr")
    assert session.cluster_table.value(first, "snr") == own


def test_what_a_sorter_measured_stays_and_new_clusters_get_our_value(dataset):
    ids = Session.open(dataset, read_only=True).cluster_ids
    lines = ["cluster_id\tsnr", *(f"{c}\t{100 + c}" for c in ids)]
    (dataset.parent / "cluster_snr.tsv").write_text("\n".join(lines) + "\n")
    session = Session.open(dataset)
    assert [session.cluster_table.value(c, "snr") for c in ids] == [100 + c for c in ids]
    assert session.cluster_table.column_names.count("snr") == 1
    new = session.merge(ids[:2]).added[0]
    assert session.cluster_table.value(new, "snr") is None and not session.cluster_table.known(new, "snr")
    session.quality.compute([new])
    assert 0 < session.cluster_table.value(new, "snr") < 100
    assert new not in session.manager.labels.values("snr")
    session.close()


def test_the_note_of_a_curator_comes_before_a_metric(session):
    first = session.cluster_ids[0]
    session.label("spread", "mine", [first])
    session.quality.compute([first])
    assert session.cluster_table.value(first, "spread") == "mine" and not session.clusters.late("spread")


def test_what_was_computed_is_there_when_the_dataset_is_opened_again(dataset, monkeypatch):
    session = Session.open(dataset)
    session.quality.compute()
    session.merge(session.cluster_ids[:2])
    session.quality.compute()
    session.save()
    before = {c: cells(session, c) for c in session.cluster_ids}
    session.close()
    again = Session.open(dataset)
    computed: list[str] = []
    values = again.quality._quality.values
    monkeypatch.setattr(again.quality._quality, "values", lambda f, c: computed.append(f) or values(f, c))
    again.quality.compute()
    assert {c: cells(again, c) for c in again.cluster_ids} == before
    assert set(computed) == {"drift"}
    again.close()


def test_nothing_is_kept_of_a_cluster_that_goes_while_it_is_measured(session, monkeypatch):
    a, b = session.cluster_ids[:2]
    values, merged = session.quality._quality.values, []

    def interrupted(family: str, cluster_id: int) -> tuple[float | None, ...]:
        if cluster_id == a and not merged:
            merged.extend(session.merge([a, b]).added)
        return values(family, cluster_id)

    monkeypatch.setattr(session.quality._quality, "values", interrupted)
    session.quality.compute([a], names=["presence_ratio"])
    assert merged and not session.quality.known(a, "presence_ratio")
    session.undo()
    session.quality.compute([a])
    assert session.quality.peek(a, "presence_ratio") > 0


def test_other_amplitudes_are_other_metrics(dataset):
    with_cache = Session.open(dataset)
    with_cache.quality.compute(names=["amplitude_cutoff"])
    with_cache.close()
    path = dataset.parent / "amplitudes.npy"
    np.save(path, np.load(path)[::-1] ** 3)
    fresh = Session.open(dataset)
    kept = fresh.quality._kept._cache
    assert kept.get(TRAINS, (0, 0)) is None and not any(kept._rows.values())
    fresh.close()


def test_a_broken_cache_costs_a_computation_and_no_more(dataset):
    session = Session.open(dataset)
    session.quality.compute()
    first = cells(session, session.cluster_ids[0])
    session.close()
    (path,) = (dataset.parent / ".phy_medicine" / "cache").glob("metrics_*.npy")
    path.write_bytes(path.read_bytes()[:200])
    again = Session.open(dataset)
    again.quality.compute()
    assert cells(again, again.cluster_ids[0]) == first
    again.close()


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_a_save_writes_the_metrics_once_they_are_known_and_they_are_no_labels(dataset):
    session = Session.open(dataset)
    session.move("good", cluster_ids=session.cluster_ids[:1])
    session.save()
    assert not (dataset.parent / METRICS_FILE).exists()
    session.quality.compute()
    session.move("mua", cluster_ids=session.cluster_ids[:1])
    session.save()
    rows = read(dataset.parent / METRICS_FILE)
    assert [int(row["cluster_id"]) for row in rows] == list(session.cluster_ids) and set(rows[0]) == {
        "cluster_id",
        *TABLE,
    }
    assert float(rows[0]["snr"]) == pytest.approx(session.quality.peek(session.cluster_ids[0], "snr"))
    assert rows[0]["drift_ptp_corrected"] == ""
    session.close()
    again = Session.open(dataset)
    assert again.label_fields == session.label_fields
    again.move("good", cluster_ids=again.cluster_ids[:1])
    (dataset.parent / METRICS_FILE).write_bytes((dataset.parent / METRICS_FILE).read_bytes() + b"\r\n")
    again.save()
    again.close()


def test_phy_reads_a_dataset_with_metrics(dataset):
    phylib_model = pytest.importorskip("phylib.io.model")
    session = Session.open(dataset)
    session.quality.compute()
    session.move("good", cluster_ids=session.cluster_ids[:1])
    session.save()
    model = phylib_model.load_model(dataset)
    first = session.cluster_ids[0]
    assert model.metadata["group"][first] == "good"
    assert model.metadata["snr"][first] == pytest.approx(session.quality.peek(first, "snr"))
    session.close()


def test_metrics_of_another_program_stay_as_they_are(dataset):
    path = dataset.parent / METRICS_FILE
    path.write_text("cluster_id\tsnr\n0\t3.5\n")
    session = Session.open(dataset)
    assert session.manager.labels.get("snr", 0) == 3.5
    session.quality.compute()
    session.move("good", cluster_ids=session.cluster_ids[:1])
    session.save()
    assert path.read_text() == "cluster_id\tsnr\n0\t3.5\n"
    session.close()


def test_a_label_called_metrics_is_not_lost(dataset):
    session = Session.open(dataset)
    session.quality.compute()
    session.label("metrics", "fine", session.cluster_ids[:1])
    session.save()
    session.close()
    again = Session.open(dataset)
    assert again.manager.labels.get("metrics", again.cluster_ids[0]) == "fine"
    again.close()


def test_metrics_are_exported(session, tmp_path):
    (path,) = session.export_metrics(tmp_path / "m.json", names=["snr", "num_spikes"]).files
    rows = json.loads(path.read_text())
    assert [row["cluster_id"] for row in rows] == list(session.cluster_ids)
    assert set(rows[0]) == {"cluster_id", "snr", "num_spikes"} and rows[0]["snr"] > 0
    assert session.export_metrics(tmp_path).files == (tmp_path / METRICS_FILE,)
    with pytest.raises(DatasetError, match="exists already"):
        session.export_metrics(tmp_path)
    with pytest.raises(DatasetError, match="no metric loudness"):
        session.export_metrics(tmp_path / "x.csv", names=["loudness"])


def test_data_frames_have_them_when_asked(session):
    assert "snr" not in session.clusters.to_dicts()[0]
    assert session.clusters.to_dicts(quality=True)[0]["snr"] > 0


def test_another_filter_measures_the_signal_again(session):
    from phy_medicine.compute.signal_filters import HIGH_PASS
    from phy_medicine.session.extensions import TraceFilter

    session.quality.compute()
    first = session.cluster_ids[0]
    before = session.quality.peek(first, "snr"), session.quality.peek(first, "presence_ratio")
    session.extensions.filters.add(TraceFilter(HIGH_PASS, lambda data, rate: data * 0))
    session.quality.wait(120)
    assert session.quality.peek(first, "snr") is None
    session.extensions.filters.remove(HIGH_PASS)
    session.quality.wait(120)
    assert (session.quality.peek(first, "snr"), session.quality.peek(first, "presence_ratio")) == before
