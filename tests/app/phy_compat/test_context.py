"""What functions of plugins gave is kept as long as it is right, and read without running code."""

from __future__ import annotations

import pickle
import tracemalloc
from pathlib import Path

import numpy as np

from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.context import Context


class Labels:
    """Labels on disk that a test can change."""

    hash, ids, writable = "one", frozenset({1, 2}), True

    def context(self, path: Path) -> Context:
        return Context(
            path, labels_hash=lambda: self.hash, cluster_ids=lambda: self.ids, writable=lambda: self.writable
        )


def test_memory_is_kept_for_clusters_on_disk_until_the_labels_change(tmp_path: Path):
    labels, calls = Labels(), []

    def metric(cluster_id):
        calls.append(cluster_id)
        return Bunch(value=np.float64(cluster_id) / 2)

    first = labels.context(tmp_path)
    f = first.memcache(metric)
    assert [f(1).value, f(1).value, f(9).value] == [0.5, 0.5, 4.5]
    first.save_memcache()
    f = labels.context(tmp_path).memcache(metric)
    assert f(1) == {"value": 0.5}
    assert calls == [1, 9]
    f(9)  # a cluster of the last session: its id may be another's by now
    assert calls == [1, 9, 9]
    labels.hash = "two"
    labels.context(tmp_path).memcache(metric)(1)
    assert calls == [1, 9, 9, 1]


def test_a_disk_cache_goes_by_arguments_and_code(tmp_path: Path):
    labels, calls = Labels(), []

    def coords(cluster_ids, scale=1):
        calls.append(tuple(cluster_ids))
        return np.asarray(cluster_ids) * scale

    f = labels.context(tmp_path).cache(coords)
    assert f([1, 2]).tolist() == f([1, 2]).tolist() == [1, 2]
    assert f([1, 2], scale=2).tolist() == [2, 4]
    assert labels.context(tmp_path).cache(coords)([1, 2]).tolist() == [1, 2]
    assert calls == [(1, 2), (1, 2)]
    f([1, 9])
    f([1, 9])
    labels.context(tmp_path).cache(coords)([1, 9])
    assert calls[2:] == [(1, 9), (1, 9)]


def test_data_are_kept_by_name(tmp_path: Path):
    context = Labels().context(tmp_path)
    context.save("a", {"x": 1})
    context.save("b", {"x": np.arange(3)}, kind="pickle")
    assert context.load("a") == {"x": 1} and context.load("b")["x"].tolist() == [0, 1, 2]
    assert context.load("c") == {}


def test_a_file_that_would_run_code_is_passed_over(tmp_path: Path):
    class Bad:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    (tmp_path / "x.pkl").write_bytes(pickle.dumps(Bad()))
    assert Labels().context(tmp_path).load("x") == {}
    assert not (tmp_path / "ran").exists()


def test_nothing_is_written_to_a_dataset_that_is_read_only(tmp_path: Path):
    labels = Labels()
    labels.writable = False
    context = labels.context(tmp_path / "cache")
    context.memcache(abs)(1)
    context.save_memcache()
    context.save("a", {})
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_claims_many_objects_takes_no_memory(tmp_path):
    (tmp_path / "x.pkl").write_bytes(b"\x80\x04Nr\xff\xff\xff\x07.")
    tracemalloc.start()
    assert Labels().context(tmp_path).load("x") == {}
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000
