"""Time ranges against brute force: masks over the times of all spikes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError
from phy_medicine.io.events import event_train
from phy_medicine.session.ranged import RangedCache
from phy_medicine.session.session import Session
from phy_medicine.session.time_ranges import TimeRange, TimeRanges, range_read, reading

_SAME_FIXTURE = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
_ENDS = st.tuples(st.floats(-2, 22), st.floats(-2, 22))


@pytest.fixture
def session(dataset: Path) -> Iterator[Session]:
    session = Session.open(dataset)
    yield session
    session.close()


def _inside(session: Session, start_s: float, stop_s: float) -> np.ndarray:
    """Slow and obvious: which of all spikes are in a range."""
    times = session.model.spike_times
    inside = (times >= start_s) & (times < stop_s)
    return inside | (times == times.max()) if stop_s >= session.time_ranges.duration_s else inside


def _pairs_by_lag(samples: np.ndarray, sample_rate: float, bin_s: float, n_half: int) -> np.ndarray:
    """Count all pairs one by one."""
    counts = np.zeros(2 * n_half + 1, dtype=int)
    for i, a in enumerate(samples):
        for b in samples[i + 1 :]:
            lag = int(np.floor((b - a) / (bin_s * sample_rate) + 0.5))
            if lag > n_half:
                break
            counts[n_half + lag] += 1
            counts[n_half - lag] += 1
    return counts


def test_ranges_are_cut_to_the_recording_and_the_whole_is_none():
    changes = []
    ranges = TimeRanges(np.array([0.0, 1.0, 2.0, 5.0]), 5.0, lambda: changes.append((ranges.a, ranges.b)))
    assert ranges.choose(1, 2) == TimeRange(1.0, 2.0, 1, 2)
    assert ranges.choose(2, 99, "b") == TimeRange(2.0, 5.0, 2, 4)
    assert ranges.choose(-3, 7) is None and ranges.a is None and ranges.b is not None
    for start, stop in ((2, 2), (3, 1), (9, 12), (-5, 0), (float("nan"), 2)):
        with pytest.raises(ActionError, match="holds nothing"):
            ranges.choose(start, stop)
    with pytest.raises(ActionError, match="There is no time range 'c'"):
        ranges.choose(0, 1, "c")
    ranges.clear()
    ranges.clear()
    assert len(changes) == 4 and (ranges.a, ranges.b) == (None, None)


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint32])
def test_spikes_are_cut_without_a_copy(dtype):
    ids = np.array([2, 5, 9, 12], dtype=dtype)
    cut = TimeRange(0.0, 1.0, 5, 12).cut(ids)
    assert cut.tolist() == [5, 9] and np.shares_memory(cut, ids)


def test_a_range_is_said_in_words():
    assert TimeRange(0.0, 300.0, 0, 1).text == "0–300 s"
    assert TimeRange(1200.5, 3600.125, 0, 1).text == "1,200.5–3,600.125 s"


@given(_ENDS)
@_SAME_FIXTURE
def test_everything_of_a_cluster_is_of_the_range_alone(session, ends):
    start, stop = min(ends), max(ends)
    try:
        session.set_time_range(start, stop)
    except ActionError:
        return
    model, data = session.model, session.data.within(session.time_ranges.a)
    inside, labels = _inside(session, start, stop), session.spike_clusters()
    rate_s = min(stop, model.duration_s) - max(start, 0.0)
    session.select(session.cluster_ids[:2])
    request = session.request()
    for cluster_id, spikes in zip(request.cluster_ids, request.spike_ids, strict=True):
        mine = np.flatnonzero(inside & (labels == cluster_id))
        assert spikes.tolist() == data.spikes(cluster_id).tolist() == mine.tolist()
        assert data.amplitudes(cluster_id).values.tolist() == model.amplitudes[mine].tolist()
        features = data.features(cluster_id, (0, 1), n=50)
        assert features.n_total == len(mine) and np.isin(features.spike_ids, mine).all()
        assert len(features.spike_ids) == min(len(mine), 50)
        assert np.isin(data.waveforms(cluster_id, (0,), n=5).spike_ids, mine).all()
        assert session.cluster_table.value(cluster_id, "n_spikes") == len(mine)
        assert session.cluster_table.value(cluster_id, "fr") == pytest.approx(len(mine) / rate_s)
        middle = session.cluster_table.value(cluster_id, "amp_median")
        assert middle == (pytest.approx(float(np.median(model.amplitudes[mine]))) if len(mine) else None)
        assert data.table.numbers("n_spikes", [cluster_id]).tolist() == [len(mine)]
    assert np.flatnonzero(inside).tolist() == data.spikes_between(-1, 99).tolist()
    behind = data.background_features((0, 1, 2), n=40)
    assert inside[behind.spike_ids].all() and behind.n_total == inside.sum()
    assert inside[data.some_spikes(session.cluster_ids, 30)].all()


@given(_ENDS)
@_SAME_FIXTURE
def test_correlograms_count_the_pairs_inside_also_after_a_merge(session, ends):
    start, stop = min(ends), max(ends)
    try:
        chosen = session.time_ranges.make(start, stop)
    except ActionError:
        return
    data = session.data.within(chosen)
    pair = session.cluster_ids[:2]
    merged = session.merge(pair).added[0]
    samples = session.model.spike_samples[_inside(session, start, stop) & (session.spike_clusters() == merged)]
    counts = data.correlogram(merged, merged, bin_s=0.002, window_s=0.04)
    expected = _pairs_by_lag(samples, session.model.sample_rate, 0.002, len(counts) // 2)
    session.undo()
    for cluster_a, cluster_b in ((pair[0], pair[0]), (pair[1], pair[1]), pair):
        data.correlogram(cluster_a, cluster_b, bin_s=0.002, window_s=0.04)
    again = session.merge(pair).added[0]
    added = data.correlogram(again, again, bin_s=0.002, window_s=0.04)
    session.undo()
    assert counts.tolist() == added.tolist() == expected.tolist()


def test_ranges_share_one_cache_and_never_mix(session):
    data, first = session.data, session.cluster_ids[0]
    early = data.within(session.time_ranges.make(0, 5))
    late = data.within(session.time_ranges.make(15, 20))
    numbers = [part.kept(("number", first), lambda n=n: n) for n, part in enumerate((data, early, late))]
    assert numbers == [0, 1, 2]
    assert [part.kept(("number", first), lambda: -1) for part in (data, early, late)] == [0, 1, 2]
    assert early.within(late.time_range) is late and late.within(None) is data
    assert early._cache.n_bytes == data._cache.n_bytes
    assert isinstance(early._cache, RangedCache) and "nothing" not in early._cache


def test_events_outside_the_range_are_left_out(session, monkeypatch):
    trains = {"flash": event_train("flash", np.array([1.0, 5.0, 9.5]), np.array([2.0, 6.0, np.nan]))}
    monkeypatch.setattr(type(session.model), "events", trains, raising=False)
    part = session.data.within(session.time_ranges.make(5, 9.5))
    assert part.events["flash"].times_s.tolist() == [5.0] and part.events["flash"].ends_s.tolist() == [6.0]
    assert len(session.data.events["flash"]) == 3


def test_the_signal_is_cached_once_for_all_ranges(session):
    early = session.data.within(session.time_ranges.make(0, 5))
    assert early.trace_columns is session.data.trace_columns
    session.data.neighbours(session.cluster_ids[0])
    before = session.data._cache.n_bytes
    assert early.neighbours(session.cluster_ids[0]) == session.data.neighbours(session.cluster_ids[0])
    assert session.data._cache.n_bytes == before


def test_a_thread_reads_its_own_range_while_another_is_chosen():
    early, late = TimeRange(0, 1, 0, 1), TimeRange(1, 2, 1, 2)
    assert range_read(late) is late
    with reading(early):
        assert range_read(late) is early
        with reading(None):
            assert range_read(late) is None
    assert range_read(late) is late


def test_a_view_of_the_second_range_is_told_when_there_is_none(session):
    session.select(session.cluster_ids[:1])
    assert ":range2" in session.request("b").missing and session.request("a").missing == ""
    session.set_time_range(0, 5)
    session.set_time_range(10, 15, "b")
    a, b = session.request("a"), session.request("b")
    assert (a.time_range, a.other_range) == (b.other_range, b.time_range) and not b.missing
    assert a.generation < b.generation and a.spike_ids[0][-1] < b.spike_ids[0][0]


def test_one_signal_comes_after_the_tables_are_right(session):
    first, news = session.cluster_ids[0], []
    session.time_range_changed.connect(
        lambda ranges: news.append((ranges.a, session.cluster_table.value(first, "n_spikes")))
    )
    session.set_time_range(0, 5)
    session.set_time_range(0, 5)
    session.clear_time_range()
    whole = int((session.spike_clusters() == first).sum())
    early = int(((session.spike_clusters() == first) & (session.model.spike_times < 5)).sum())
    assert [(a is None, n) for a, n in news] == [(False, early), (True, whole)]


@given(seed=st.integers(0, 1000), data=st.data())
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_curation_and_save_are_the_same_bytes_with_a_range_and_without(simulated_dataset, brief_folder, seed, data):
    ranges = data.draw(st.lists(st.floats(0, 15), min_size=1, max_size=4))
    files = []
    for ranged in (False, True):
        with brief_folder() as place:
            folder = place / "dataset"
            shutil.copytree(simulated_dataset.parent, folder)
            session = Session.open(folder / simulated_dataset.name)
            rng = np.random.default_rng(seed)
            for step in range(8):
                if ranged:
                    session.set_time_range(ranges[step % len(ranges)], ranges[step % len(ranges)] + 4)
                _curate(session, rng)
            session.save()
            session.close()
            files.append({p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()})
    assert files[0] == files[1] and "cluster_info.tsv" in files[0]


def _curate(session: Session, rng: np.random.Generator) -> None:
    ids = session.cluster_ids
    pair = sorted(int(c) for c in rng.choice(ids, 2, replace=False))
    match int(rng.integers(5)):
        case 0:
            session.merge(pair)
        case 1:
            labels = session.spike_clusters()
            mine = np.flatnonzero(np.isin(labels, pair))
            session.split(mine[: max(1, len(mine) // 3)])
        case 2:
            session.move(str(rng.choice(["good", "mua", "noise"])), cluster_ids=pair)
        case 3:
            session.label("note", int(rng.integers(9)), pair)
        case _ if session.can_undo:
            session.undo()
