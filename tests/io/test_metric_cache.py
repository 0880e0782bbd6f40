"""Metrics on the disk: what is put in comes out, of the same inputs alone, and a broken file costs nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.io.metric_cache import MetricCache, inputs_digest, spikes_key

WIDTHS = {"short": 2, "long": 3}


def filled(folder: Path, digest: str = "a") -> MetricCache:
    cache = MetricCache(folder, digest, WIDTHS)
    cache.put("short", (3, -7), (1.5, None))
    cache.put("long", (3, -7), (0.0, 2.0, None))
    cache.write()
    return cache


def test_what_is_put_in_comes_out(tmp_path):
    filled(tmp_path)
    again = MetricCache(tmp_path, "a", WIDTHS)
    assert again.get("short", (3, -7)) == (1.5, None) and again.get("long", (3, -7)) == (0.0, 2.0, None)
    assert again.get("short", (3, 7)) is None and again.get("long", (4, -7)) is None


def test_other_inputs_or_other_metrics_find_nothing(tmp_path):
    filled(tmp_path)
    assert MetricCache(tmp_path, "b", WIDTHS).get("short", (3, -7)) is None
    assert MetricCache(tmp_path, "a", {**WIDTHS, "long": 4}).get("short", (3, -7)) is None
    filled(tmp_path, "b")
    assert [path.name for path in tmp_path.iterdir()] == ["metrics_b.npy"]


def test_threads_that_put_in_and_write_side_by_side_lose_nothing(tmp_path, caplog):
    cache = MetricCache(tmp_path, "a", WIDTHS)

    def work(thread: int) -> None:
        for i in range(25):
            cache.put("short", (thread, i), (float(i), None))
            cache.write()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    again = MetricCache(tmp_path, "a", WIDTHS)
    assert [again.get("short", (t, i)) for t in range(4) for i in range(25)] == 4 * [
        (float(i), None) for i in range(25)
    ]
    assert caplog.records == [] and [path.name for path in tmp_path.iterdir()] == ["metrics_a.npy"]


@pytest.mark.parametrize("size", [0, 1, 60, 127, 130, -1])
def test_a_file_that_was_cut_is_as_none(tmp_path, size):
    filled(tmp_path)
    path = tmp_path / "metrics_a.npy"
    path.write_bytes(path.read_bytes()[:size])
    cache = MetricCache(tmp_path, "a", WIDTHS)
    assert cache.get("short", (3, -7)) is None
    filled(tmp_path)
    assert MetricCache(tmp_path, "a", WIDTHS).get("short", (3, -7)) == (1.5, None)


def test_a_folder_that_cannot_be_made_costs_only_the_file(tmp_path):
    (tmp_path / "taken").write_text("")
    cache = filled(tmp_path / "taken" / "cache")
    assert cache.get("short", (3, -7)) == (1.5, None)
    assert filled(tmp_path / "new" / "cache") and list((tmp_path / "new" / "cache").iterdir())


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cache = MetricCache(None, "a", WIDTHS)
    cache.put("short", (1, 1), (None, None))
    cache.write()
    assert cache.get("short", (1, 1)) == (None, None) and not list(tmp_path.iterdir())


@given(st.sets(st.integers(0, 50), min_size=1), st.sets(st.integers(0, 50), min_size=1))
def test_other_spikes_have_another_key(a, b):
    keys = [spikes_key(np.array(sorted(ids), dtype)) for ids, dtype in ((a, np.int32), (b, np.int64))]
    assert (keys[0] == keys[1]) == (a == b)


def test_the_digest_changes_with_files_and_facts(tmp_path):
    path = tmp_path / "x.npy"
    path.write_bytes(b"1")
    first = inputs_digest([path], (1, "a"))
    assert inputs_digest([path], (1, "a")) == first != inputs_digest([path], (2, "a"))
    path.write_bytes(b"2")
    assert inputs_digest([path], (1, "a")) != first
