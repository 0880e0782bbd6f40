"""Columns of plugins: computed in the background, kept by id, sorted and filtered by, saved."""

from __future__ import annotations

import csv
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from phy_medicine.session.extensions import Metric, Problem
from phy_medicine.session.metrics import plain_cell
from phy_medicine.session.session import Session

from .any_steps import any_steps, take, unwritten


@pytest.fixture
def session(dataset: Path) -> Iterator[Session]:
    session = Session.open(dataset)
    yield session
    session.close()


def add(session: Session, function: Callable[[int], Any], name: str = "m", **more: Any) -> None:
    session.extensions.metrics.add(Metric(name, function, **more))


def test_a_metric_is_a_column_whose_cells_come_from_another_thread(session):
    threads: set[str] = set()

    def which(cluster_id: int) -> int:
        threads.add(threading.current_thread().name)
        return cluster_id + 1

    add(session, which, title="My metric", unit="Hz", help="One more.")
    first, table = session.cluster_ids[0], session.cluster_table
    column = next(c for c in table.columns if c.name == "m")
    assert (column.title, column.unit, column.help) == ("My metric", "Hz", "One more.")
    assert table.value(first, "m") is None and not table.known(first, "m")
    session.pool.sync()
    assert table.value(first, "m") == first + 1 and table.known(first, "m")
    assert threads and threading.current_thread().name not in threads


def test_nothing_is_computed_that_nobody_asks_for(session):
    calls: list[int] = []
    add(session, calls.append)
    session.cluster_table.value(session.cluster_ids[3], "m")
    session.pool.sync()
    assert calls == [session.cluster_ids[3]]
    session.cluster_table.value(session.cluster_ids[3], "m")
    session.pool.sync()
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (np.float32(0.5), 0.5), (np.int64(3), 3), (np.bool_(True), True), (True, True), ("good", "good"), (None, None),
        ([1, 2.5], "1, 2.5"), ((0.123456, "a"), "0.1235, a"), (np.array([[1, 2], [3, 4]]), "(1, 2), (3, 4)"),
        (np.array(7.0), 7.0), ({4}, "4"), (Path("x"), "x"),
    ],
)  # fmt: skip
def test_a_cell_is_a_plain_value(value, cell):
    assert plain_cell(value) == cell and type(plain_cell(value)) is type(cell)


def test_the_table_is_sorted_once_all_cells_are_known(session):
    enough = threading.Event()

    def slow(cluster_id: int) -> int:
        enough.wait(20)
        return -cluster_id

    add(session, slow)
    before = session.cluster_table.visible_ids()
    session.sort("m")
    assert session.cluster_table.visible_ids() == before
    assert session.cluster_table.waiting_for == ("m",)
    enough.set()
    session.pool.sync()
    assert session.cluster_table.waiting_for == ()
    assert session.cluster_table.visible_ids() == tuple(sorted(session.cluster_ids))


def test_a_filter_waits_too_and_a_new_cluster_stays_in_sight(session):
    enough = threading.Event()
    add(session, lambda c: enough.wait(20) and len(session.facts.spikes(c)), "num/spikes of it")
    session.filter("`num/spikes of it` > 1")
    assert session.cluster_table.waiting_for == ("num/spikes of it",)
    enough.set()
    session.pool.sync()
    assert session.cluster_table.n_shown == len(session.cluster_ids)
    sizes = sorted(len(session.facts.spikes(c)) for c in session.cluster_ids)
    session.filter(f"`num/spikes of it` >= {sizes[-2]}")
    assert session.cluster_table.n_shown == 2
    enough.clear()
    new = session.merge(session.cluster_table.visible_ids()).added[0]
    assert session.cluster_table.visible_ids() == (new,)
    enough.set()


def test_a_new_cluster_is_sorted_like_the_one_it_came_from_until_it_is_known(session):
    enough = threading.Event()
    enough.set()
    late = max(session.cluster_ids)

    def value(cluster_id: int) -> int:
        if cluster_id > late:
            enough.wait(20)
        return 1000 if cluster_id > late else cluster_id

    add(session, value)
    session.sort("m", ascending=True)
    session.pool.sync()
    order = session.cluster_table.visible_ids()
    enough.clear()
    new = session.merge(order[2:4]).added[0]
    assert session.cluster_table.visible_ids() == (*order[:2], new, *order[4:])
    enough.set()
    session.pool.sync()
    assert session.cluster_table.visible_ids() == (*order[:2], *order[4:], new)


def test_one_that_raises_leaves_cells_empty_and_is_told_of_once(session):
    problems: list[Problem] = []
    session.extensions.problem.connect(problems.append)
    with session.extensions.owned_by("Bad"):
        add(session, lambda c: 1 / 0)
    add(session, lambda c: c, "fine")
    session.clusters.ask_metrics()
    session.pool.sync()
    assert [p.owner for p in problems] == ["Bad"] and "ZeroDivisionError" in problems[0].sentence
    assert all(session.metrics.known(c, "m") for c in session.cluster_ids)
    assert [session.cluster_table.value(c, "fine") for c in session.cluster_ids] == list(session.cluster_ids)


def test_what_comes_of_a_cluster_that_is_gone_is_dropped_and_computed_when_it_is_back(session):
    begun, go_on = threading.Event(), threading.Event()

    def value(cluster_id: int) -> int:
        begun.set()
        go_on.wait(20)
        return len(session.facts.spikes(cluster_id))

    add(session, value)
    a, b = session.cluster_ids[:2]
    n = len(session.facts.spikes(a))
    session.cluster_table.value(a, "m")
    assert begun.wait(20)
    session.merge([a, b])
    go_on.set()
    session.pool.sync()
    assert not session.metrics.known(a, "m")
    session.undo()
    session.cluster_table.value(a, "m")
    session.pool.sync()
    assert session.cluster_table.value(a, "m") == n


def test_one_of_labels_is_computed_again_for_the_clusters_that_were_labelled(session):
    calls: list[int] = []

    def value(cluster_id: int) -> str | None:
        calls.append(cluster_id)
        return session.manager.group(cluster_id)

    add(session, value, of_labels=True)
    a, b = session.cluster_ids[:2]
    session.metrics.compute("m", [a, b])
    session.move("good", cluster_ids=[b])
    session.metrics.compute("m", [a, b])
    assert session.cluster_table.value(b, "m") == "good" and calls == [a, b, b]


def test_a_metric_takes_the_place_of_a_built_in_column_until_it_goes(session):
    first = session.cluster_ids[0]
    before, names = session.cluster_table.value(first, "fr"), session.cluster_table.column_names
    add(session, lambda c: -1.0, "fr", title="My rate")
    assert session.cluster_table.column_names == names
    session.metrics.compute("fr", [first])
    assert session.cluster_table.value(first, "fr") == -1.0
    session.set_time_range(0.0, 5.0)
    assert session.cluster_table.value(first, "fr") == -1.0
    session.clear_time_range()
    session.extensions.metrics.remove("fr")
    assert session.cluster_table.value(first, "fr") == before


def test_neither_id_nor_group_is_replaced_and_a_label_comes_before_a_metric(session):
    first = session.cluster_ids[0]
    for name in ("id", "group", "note"):
        add(session, lambda c: "plugin", name)
    session.label("note", "mine", [first])
    row = session.clusters.row(first)
    assert (row["id"], row["group"], row["note"]) == (first, None, "mine")
    assert session.cluster_table.column_names.count("note") == 1


def info(session: Session) -> list[dict[str, str]]:
    with (session.model.dir_path / "cluster_info.tsv").open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_a_save_without_a_window_computes_what_is_missing(session):
    add(session, lambda c: c * 2, "a/b")
    session.move("good", cluster_ids=session.cluster_ids[:1])
    session.save()
    assert [row["a/b"] for row in info(session)] == [str(2 * c) for c in session.cluster_ids]


def test_a_save_that_may_not_wait_leaves_cells_empty_and_says_so(session):
    enough, said = threading.Event(), []
    add(session, lambda c: enough.wait(20))
    session.message.connect(said.append)
    session.metrics.save_wait_s = 0.0
    session.move("good", cluster_ids=session.cluster_ids[:1])
    session.save()
    enough.set()
    assert {row["m"] for row in info(session)} == {""}
    assert said[-1].startswith(f"{len(session.cluster_ids)} cells of m are not computed yet")


def test_columns_that_are_chosen_come_first_and_unknown_ones_are_passed_over(session):
    session.clusters.choose_columns(["n_spikes", "nothing", "ch"])
    names = [c.name for c in session.clusters.columns]
    assert names[:3] == ["id", "n_spikes", "ch"] and set(names) == set(session.cluster_table.column_names)
    shown = [c.name for c in session.clusters.columns if session.clusters.choice.shows(c)]
    assert shown == ["id", "n_spikes", "ch"]
    session.label("later", "x", session.cluster_ids[:1])
    assert [c.name for c in session.clusters.columns if session.clusters.choice.shows(c)] == [*shown, "later"]
    session.clusters.choose_columns()
    assert [c.name for c in session.clusters.columns][:3] == ["id", "group", "ch"]


def test_a_column_that_is_not_shown_is_not_computed_ahead(session):
    add(session, lambda c: c, "seen")
    add(session, lambda c: c, "unseen")
    session.clusters.choose_columns(["seen"])
    session.clusters.ask_metrics()
    session.pool.sync()
    first = session.cluster_ids[0]
    assert session.metrics.known(first, "seen") and not session.metrics.known(first, "unseen")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=any_steps())
def test_every_cell_is_right_after_any_actions(simulated_dataset, steps):
    with unwritten(simulated_dataset) as session:
        add(session, lambda c: int(session.facts.spikes(c).sum()))
        for step in steps:
            session.clusters.ask_metrics()
            take(session, *step)
        assert session.metrics.wait(session.cluster_ids, 20) == 0
        labels = session.spike_clusters()
        cells = {c: session.cluster_table.value(c, "m") for c in session.cluster_ids}
        assert cells == {c: int(np.flatnonzero(labels == c).sum()) for c in cells}
