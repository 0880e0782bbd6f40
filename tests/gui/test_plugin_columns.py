"""Columns of plugins in the window: cells that come later, order, choice of columns, and the state of the header."""

from __future__ import annotations

import threading
import time

import pytest

from phy_medicine.gui.table_model import UNKNOWN
from phy_medicine.session.extensions import Metric
from phy_medicine.session.quality_columns import QUALITY_COLUMNS

pytestmark = pytest.mark.usefixtures("few_views")


@pytest.fixture
def metrics(session):
    return session.extensions.metrics


def cells(table, name):
    column = table.model.column_of(name)
    return {c: table.model.text(row, column) for row, c in enumerate(table.model.ids)}


def shown(table):
    header = table.header
    order = [header.logicalIndex(v) for v in range(header.count())]
    return [table.model.columns[i].name for i in order if not header.isSectionHidden(i)]


def test_a_column_comes_with_its_plugin_and_its_cells_when_they_are_known(window, metrics, qtbot, settle):
    table, session = window.tables.clusters, window.session
    enough = threading.Event()
    with session.extensions.owned_by("Mine"):
        metrics.add(Metric("half", lambda c: enough.wait(20) and c / 2, "Half", help="Half of the id."))
    settle()
    assert set(cells(table, "half").values()) == {UNKNOWN}
    assert "half" in shown(table) and "half" in shown(window.tables.similar)
    table.grid.viewport().repaint()
    enough.set()
    qtbot.waitUntil(lambda: UNKNOWN not in cells(table, "half").values(), timeout=20_000)
    assert float(cells(table, "half")[3]) == 1.5
    session.extensions.remove_of("Mine")
    settle()
    assert "half" not in shown(table)


def test_a_slow_metric_holds_up_neither_keys_nor_merges_and_the_table_says_that_it_waits(
    window, metrics, qtbot, settle, press
):
    session, begun = window.session, threading.Event()
    enough = threading.Event()

    def slow(cluster_id):
        begun.set()
        enough.wait(20)
        return -cluster_id

    metrics.add(Metric("slow", slow))
    window.commands.run_line("sort slow desc")
    settle()
    assert begun.wait(10)
    assert window.tables.docks["Clusters"].bar._status == "arranged once slow is known, 0%"
    start = time.perf_counter()
    press("Down")
    press("Space")
    press("G")
    assert session.can_undo and time.perf_counter() - start < 10
    enough.set()
    ids = sorted(session.cluster_ids)
    qtbot.waitUntil(lambda: list(window.tables.clusters.model.ids) == ids, timeout=20_000)
    qtbot.waitUntil(lambda: window.tables.docks["Clusters"].bar._status == "", timeout=20_000)


def test_a_filter_with_an_odd_name_is_typed_in_the_box(window, metrics, qtbot, settle):
    metrics.add(Metric("num RPV/num", lambda c: "yes" if c in (2, 3) else "no"))
    box = window.tables.clusters.filter_box
    box.edit.setFocus()
    qtbot.keyClicks(box.edit, "`num RPV/num` ~ 'Y'")
    qtbot.waitUntil(lambda: set(window.tables.clusters.model.ids) == {2, 3}, timeout=20_000)
    assert box.error.isHidden()
    window.commands.run_line('sort "num RPV/num" asc')
    assert window.session.cluster_table.sort_keys[0].column == "num RPV/num"
    window.commands.run_line("snum asc")
    assert window.session.cluster_table.sort_keys[0].column == "num RPV/num"


def test_columns_chosen_by_a_plugin_are_shown_in_its_order(window, settle):
    clusters, table = window.session.clusters, window.tables.clusters
    before = [n for n in shown(table) if n not in QUALITY_COLUMNS]
    clusters.choose_columns(["n_spikes", "not there", "amp_median", "group"])
    settle()
    assert shown(table) == ["id", "n_spikes", "amp_median", "group"]
    assert shown(window.tables.similar) == ["id", "n_spikes", "amp_median", "group"]
    clusters.choose_columns()
    settle()
    # Of the metrics as many are shown as there is room for, which their cells decide.
    assert [n for n in shown(table) if n not in QUALITY_COLUMNS] == before


def test_columns_arranged_by_hand_stay_when_a_plugin_chooses_others(window, settle):
    table = window.tables.clusters
    table.header._show_column(table.model.column_of("ch"), False)
    window.session.clusters.choose_columns(["ch"])
    settle()
    assert "ch" not in shown(table) and "depth" in shown(table)
