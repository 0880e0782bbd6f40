"""Quality metrics in the window: which columns are shown, cells that come later, and the file."""

from __future__ import annotations

import csv

import pytest

from phy_medicine.gui.table_model import UNKNOWN
from phy_medicine.session.quality_columns import QUALITY_COLUMNS, SHOWN

pytestmark = pytest.mark.usefixtures("few_views")


def cells(table, name):
    column = table.model.column_of(name)
    return {c: table.model.text(row, column) for row, c in enumerate(table.model.ids)}


def hidden(table):
    return {c.name for i, c in enumerate(table.model.columns) if table.header.isSectionHidden(i)}


def test_the_columns_are_there_and_few_are_shown_at_first(window, settle):
    table = window.tables.clusters
    settle()
    assert set(QUALITY_COLUMNS) <= {c.name for c in table.model.columns}
    assert set(QUALITY_COLUMNS) - set(SHOWN) <= hidden(table) and not set(SHOWN) & set(table.hidden)


def test_a_cell_says_that_it_comes_and_then_its_value(window, qtbot, settle):
    table, quality = window.tables.clusters, window.session.quality
    qtbot.waitUntil(lambda: UNKNOWN not in cells(table, "snr").values(), timeout=60_000)
    quality.hold()
    new = window.session.merge(window.session.cluster_ids[:2]).added[0]
    settle()
    assert cells(table, "snr")[new] == UNKNOWN
    quality.release()
    qtbot.waitUntil(lambda: UNKNOWN not in cells(table, "snr").values(), timeout=60_000)
    assert float(cells(table, "snr")[new]) == pytest.approx(quality.peek(new, "snr"), rel=0.01)


def test_a_filter_waits_for_metrics_and_the_title_says_so(window, qtbot, settle):
    window.session.quality.hold()
    window.session.merge(window.session.cluster_ids[:2])
    assert window.commands.run_line("f snr > 5") == ""
    settle()
    assert "arranged once snr is known" in window.tables.docks["Clusters"].bar.status
    window.session.quality.release()
    table = window.session.cluster_table
    qtbot.waitUntil(lambda: not table.waiting_for and table.n_shown < table.n_total, timeout=60_000)
    assert all(window.session.quality.peek(c, "snr") > 5 for c in table.visible_ids())


def test_metrics_are_exported_by_name_or_once_they_are_known(window, qtbot, settle, tmp_path):
    session, window.scripted = window.session, False
    session.quality.hold()
    session.merge(session.cluster_ids[:2])
    assert window.commands.run_line(f"export_metrics {tmp_path / 'mine'}") == ""
    path = tmp_path / "mine.tsv"
    assert not path.exists()
    session.quality.release()
    qtbot.waitUntil(path.exists, timeout=60_000)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [int(row["cluster_id"]) for row in rows] == list(session.cluster_ids)
    assert float(rows[0]["snr"]) > 0
    settle()
