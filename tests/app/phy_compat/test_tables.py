"""The tables as plugins see them, and a plugin's own table."""

from __future__ import annotations

import pytest

from phy_medicine.app.phy_compat.events import connect, emit
from phy_medicine.app.phy_compat.gui import open_gui
from phy_medicine.app.phy_compat.plain_table import Table
from phy_medicine.app.phy_compat.row_styles import Style, read_sheet
from phy_medicine.app.phy_compat.table_calls import sibling
from phy_medicine.app.phy_compat.tables import ClusterView, _color

from .test_gui import told
from .windows import *  # noqa: F403
from .windows import facade_of


def test_a_value_is_returned_and_given_to_the_callback_on_the_next_turn(gui, session, qtbot):
    got: list[object] = []
    rows = gui.cluster_view.get_ids(got.append)
    assert rows == list(session.cluster_table.visible_ids()) and got == []
    qtbot.waitUntil(lambda: got == [rows])


def test_get_ids_stands_over_a_function(gui, session, qtbot):
    @gui.cluster_view.get_ids
    def first_three(cluster_ids):
        session.select(cluster_ids[:3])

    assert first_three == list(session.cluster_table.visible_ids())
    qtbot.waitUntil(lambda: len(session.selection.best_ids) == 3)


def test_a_callback_that_raises_is_told_of(gui, plugin, problems, qtbot):
    def broken(ids):
        raise RuntimeError("no")

    with plugin():
        gui.cluster_view.get_selected(broken)
    qtbot.waitUntil(lambda: len(problems) == 1)
    assert problems[0].sentence == "Plugin Mine: callback broken of cluster_view failed: RuntimeError: no"


def test_selecting_and_walking_change_the_session(gui, session):
    view, rows = gui.cluster_view, list(session.cluster_table.visible_ids())
    told_ = view.select([rows[2], 9999, rows[0]])
    assert session.selection.best_ids == (rows[2], rows[0])
    assert told_ == {"selected": [rows[2], rows[0]], "next": rows[1], "kwargs": {}}
    view.first()
    assert session.selection.best_ids == (rows[0],)
    assert view.get_next_id() == rows[1] and view.get_previous_id() is None
    view.next()
    view.next()
    view.previous()
    assert session.selection.best_ids == (rows[1],)
    view.last()
    assert view.get_selected() == [rows[-1]]
    view.select_until(rows[-3])
    assert sorted(view.get_selected()) == sorted(rows[-3:])
    view.select_toggle(rows[-2])
    assert rows[-2] not in view.get_selected()


def test_masked_rows_are_passed_over():
    masked = {2, 3}.__contains__
    assert sibling([1, 2, 3, 4], 1, 1, masked) == 4
    assert sibling([1, 2, 3, 4], 4, -1, masked) == 1
    assert sibling([1, 2, 3, 4], 4, 1, masked) is None
    assert sibling([1, 2, 3, 4], 1, -1, masked) is None
    assert sibling([1], 5, 1, masked) is None


def test_sort_and_filter_are_the_sessions_and_are_told_of(gui, session):
    sorts, filters = told("table_sort", sender=gui.cluster_view), told("table_filter", sender=gui.cluster_view)
    gui.cluster_view.sort_by("id", "asc")
    assert gui.cluster_view.get_current_sort() == ["id", "asc"]
    assert sorts[-1][1] == sorted(session.cluster_ids)
    session.sort("id")
    assert gui.cluster_view.get_current_sort() == ["id", "desc"] and len(sorts) == 2
    gui.cluster_view.sort_by("no such column")
    assert len(sorts) == 2
    gui.cluster_view.filter(f"id < {session.cluster_ids[2]}")
    assert filters[-1][1] == sorted(session.cluster_ids[:2], reverse=True)
    assert gui.cluster_view.get_ids() == filters[-1][1]


def test_a_filter_that_cannot_be_understood_shows_all_and_is_told_of(gui, session, window, settle):
    gui.cluster_view.filter("id < 2")
    gui.cluster_view.filter("import os")
    settle()
    assert len(gui.cluster_view.get_ids()) == len(session.cluster_ids)
    assert window.status.message.text() != ""


def test_a_selection_is_told_in_the_name_of_the_table(gui, session, press):
    clusters, similar = told("select", sender=gui.cluster_view), told("select", sender=gui.similarity_view)
    press("Home", "Space")
    best, similar_ids = list(session.selection.best_ids), list(session.selection.similar_ids)
    assert clusters[-1][1]["selected"] == best and similar[-1][1]["selected"] == similar_ids
    gui.similarity_view.select([])
    assert session.selection.similar_ids == () and session.selection.best_ids == tuple(best)


def test_a_row_has_its_values(gui, session):
    cluster = session.cluster_ids[0]
    row = gui.cluster_view.get(cluster)
    assert row["id"] == cluster and row["is_masked"] is False
    assert row["n_spikes"] == session.cluster_table.value(cluster, "n_spikes")
    assert gui.cluster_view.get(9999) is None


def test_rows_cannot_be_made_or_taken_by_a_plugin(gui, session):
    gui.cluster_view.remove([session.cluster_ids[0]])
    gui.cluster_view.add([{"id": 12345}])
    gui.cluster_view.remove_all()
    assert sorted(gui.cluster_view.get_ids()) == list(session.cluster_ids)


def test_similar_clusters_are_answered(gui, session):
    cluster = session.cluster_ids[0]
    session.quality.compute()  # values that come between two answers would make them differ
    rows = emit("request_similar_clusters", gui.similarity_view, cluster)[0]
    assert [r["id"] for r in rows] == list(session.similar.rows(cluster))
    assert gui.similarity_view.reset([cluster])[0] == rows


def test_tables_are_told_of_before_they_are_built_and_when_ready(window, controller, qtbot):
    order: list[str] = []
    for event in ("cluster_view_init", "pre_build", "similarity_view_init", "ready"):
        connect(lambda sender, e=event: order.append(f"{e} {sender.name}"), event=event)
    open_gui(controller, window, facade_of)
    qtbot.waitUntil(lambda: len(order) == 6)
    assert order[:4] == ["cluster_view_init ClusterView", "pre_build ClusterView",
                         "similarity_view_init SimilarityView", "pre_build SimilarityView"]  # fmt: skip
    assert order[4:] == ["ready ClusterView", "ready SimilarityView"]


def test_expressions_of_the_web_table(gui, session):
    assert gui.cluster_view.eval_js("table._getIds();") == gui.cluster_view.get_ids()
    assert gui.cluster_view.eval_js("table.selected()") == list(session.selection.best_ids)
    assert gui.cluster_view.eval_js("alert(1)") is None


def colors_of_row(window, row: int) -> set[str]:
    table = window.tables.clusters
    rect = table.grid.visualRect(table.model.index(row, 0))
    rect.setRight(table.grid.viewport().width())
    picture = table.grid.viewport().grab(rect).toImage()
    return {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(picture.height())}


def test_styles_of_the_web_table_are_seen_in_rows(window, controller, session, settle):
    ClusterView._styles += """
        /* good ones in red */
        table tr[data-group='good'] { color: #ff0000; background-color: rgb(1, 2, 90); font-weight: bold; }
        body { color: white; }
    """
    cluster = session.cluster_table.visible_ids()[2]
    open_gui(controller, window, facade_of)
    session.move("good", cluster_ids=[cluster])
    session.select([])
    settle()
    row = list(session.cluster_table.visible_ids()).index(cluster)
    assert "#01025a" in colors_of_row(window, row)
    assert "#ff0000" in colors_of_row(window, row)
    assert "#01025a" not in colors_of_row(window, row + 1)


def test_style_sheets_of_qt_are_put_on_the_table(window, controller, settle):
    ClusterView._styles += "QTableView { background-color: #00ff00; }"
    open_gui(controller, window, facade_of)
    settle()
    assert "#00ff00" in colors_of_row(window, 1)


def test_rules_of_a_style_sheet():
    sheet = read_sheet(
        "table tr[data-group='mua'], tr[data-is_masked=true] td { color: yellow }"
        "tr { background: #111 } tr[data-quality] {font-weight: 700; color: red !important}"
        "td.id { color: blue } QHeaderView::section { color: pink }"
    )
    row = {"group": "mua"}
    assert sheet.style(row.get) == Style("yellow", "#111", None)
    assert sheet.style({"is_masked": True}.get) == Style("yellow", "#111", None)
    assert sheet.style({"group": "mua", "quality": 3}.get) == Style("red", "#111", True)
    assert sheet.style({}.get) == Style(None, "#111", None)
    assert sheet.for_qt == "QHeaderView::section { color: pink }"


@pytest.mark.parametrize(
    ("text", "name"), [("red", "#ff0000"), ("#0f0", "#00ff00"), ("rgb(1, 2, 3)", "#010203"), ("no color", None)]
)
def test_colors_of_a_style_sheet(text, name):
    color = _color(text)
    assert (color.name() if color is not None else None) == name


def test_a_table_of_a_plugins_own_rows(qapp, qtbot):
    table = Table(columns=["id", "x"], data=[{"id": 1, "x": 5}, {"id": 2, "x": 3}], sort=("x", "asc"))
    qtbot.addWidget(table)
    assert table.get_ids() == [2, 1]
    table.add({"id": 7, "x": 4})
    table.change([{"id": 7, "x": 9}])
    assert table.get_ids() == [2, 1, 7] and table.get(7) == {"id": 7, "x": 9}
    table.filter("x > 4")
    assert table.get_ids() == [1, 7]
    selected = told("select", sender=table)
    table.select([7])
    assert table.get_selected() == [7] and selected[-1][1]["selected"] == [7]
    table.filter("")
    assert table.get_selected() == [7]
    table.sort_by("x", "desc")
    assert table.get_ids() == [7, 1, 2] and table.get_current_sort() == ["x", "desc"]
    table.remove([1])
    assert table.get_ids() == [7, 2]
    table.remove_all()
    assert table.get_ids() == []
