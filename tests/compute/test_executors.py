from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from phy_medicine.compute import executors
from phy_medicine.compute.executors import Workers, WorkersError, executor_of
from phy_medicine.compute.job_context import Cancelled
from phy_medicine.compute.ordered_map import TaskError, ordered_map

from .clusters import dask_cluster, ipyparallel_cluster
from .toy_pieces import deadly_two, divide, killed_once, refuse_three, seen, square


@pytest.fixture(scope="module")
def local() -> Iterator[Workers]:
    with executor_of("local:2") as workers:
        yield workers


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def test_results_come_in_the_order_of_the_items(threads):
    assert list(ordered_map(threads, square, range(6))) == [0, 1, 4, 9, 16, 25]


def test_only_so_many_items_are_taken_ahead(threads):
    taken = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    assert next(ordered_map(threads, square, items(), in_flight=3)) == 0
    assert taken == [0, 1, 2]


def test_progress_counts_results(threads):
    told: list[int] = []
    list(ordered_map(threads, square, range(3), progress=told.append))
    assert told == [1, 2, 3]


def test_an_error_of_the_function_comes_with_its_item(threads):
    with pytest.raises(TaskError, match=r"3: Three is not taken\.") as caught:
        list(ordered_map(threads, refuse_three, range(6)))
    assert caught.value.item == 3


def test_an_unexpected_error_is_named_with_its_traceback(threads):
    with pytest.raises(TaskError, match="0: ZeroDivisionError") as caught:
        list(ordered_map(threads, divide, [1, 0]))
    assert "return 1 / number" in caught.value.trace


def test_cancelling_begins_nothing_more(threads, tmp_path):
    done = []
    with pytest.raises(Cancelled):
        for number in ordered_map(
            threads, seen, ((tmp_path, k) for k in range(100)), in_flight=1, cancelled=lambda: len(done) == 2
        ):
            done.append(number)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0", "1"]


def test_a_killed_process_costs_only_time(local, tmp_path):
    items = [(tmp_path, k) for k in range(6)]
    assert list(ordered_map(local, killed_once, items)) == [0, 1, 2, 3, 4, 5]
    assert (tmp_path / "killed").exists()


def test_a_piece_that_ends_every_worker_is_named_and_no_other(local):
    with pytest.raises(WorkersError, match=r"^2: 3 workers were lost with it"):
        list(ordered_map(local, deadly_two, range(6)))
    assert list(ordered_map(local, square, [5, 6])) == [25, 36]


def test_dask_gives_the_same_also_when_a_worker_is_killed(tmp_path):
    with dask_cluster() as address, executor_of(f"dask:{address}") as workers:
        assert workers.n_workers == 2
        assert list(ordered_map(workers, square, range(6))) == [0, 1, 4, 9, 16, 25]
        assert list(ordered_map(workers, killed_once, [(tmp_path, k) for k in range(6)])) == [0, 1, 2, 3, 4, 5]
        with pytest.raises(TaskError, match=r"3: Three is not taken\."):
            list(ordered_map(workers, refuse_three, range(6)))


def test_ipyparallel_gives_the_same_also_when_an_engine_is_killed(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    with ipyparallel_cluster() as profile, executor_of(f"ipyparallel:{profile}") as workers:
        assert workers.n_workers == 2
        assert list(ordered_map(workers, square, range(6))) == [0, 1, 4, 9, 16, 25]
        with pytest.raises(TaskError, match=r"3: Three is not taken\."):
            list(ordered_map(workers, refuse_three, range(6)))
        assert list(ordered_map(workers, killed_once, [(tmp_path, k) for k in range(6)])) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("cloud", "Workers are local, local:N, dask:ADDRESS or ipyparallel:PROFILE, not 'cloud'."),
        ("local:0", "local:N takes a number of processes"),
        ("dask:", "Workers are local"),
        ("dask:nowhere", "No dask scheduler with workers answers at nowhere"),
        ("ipyparallel:none-of-this-name", "No ipyparallel cluster answers for profile none-of-this-name"),
    ],
)
def test_places_that_are_not_there_are_refused(text, sentence, monkeypatch):
    monkeypatch.setattr(executors, "CONNECT_S", 1.0)
    with pytest.raises(WorkersError, match=sentence):
        executor_of(text)
