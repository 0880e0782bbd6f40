"""Text of another size: in views, tables and window, at once and remembered."""

from __future__ import annotations

import pytest

from phy_medicine.gui.app import _window
from phy_medicine.gui.qt import QtWidgets
from phy_medicine.gui.theme import wear
from phy_medicine.session.session import Session
from phy_medicine.views.theme import DARK, LIGHT

pytestmark = pytest.mark.usefixtures("few_views")


@pytest.fixture(autouse=True)
def usual_size_again(qapp):
    yield
    wear(DARK)


def test_the_usual_size_is_the_theme_itself():
    assert DARK.sized(10) is DARK
    assert (DARK.sized(20).font_px, DARK.sized(20).text) == (24, DARK.text)


def test_the_size_reaches_views_tables_bars_and_menus_at_once(window, press, settle):
    press("Space")
    grid, bar = window.tables.clusters.grid, window.tables.docks["Clusters"].bar
    before = grid.rowHeight(0), bar.height(), window.menuBar().height(), window.tables.clusters.header.height()
    assert window.commands.run_line("font_size 16") == ""
    settle()
    after = grid.rowHeight(0), bar.height(), window.menuBar().height(), window.tables.clusters.header.height()
    assert all(b > a for a, b in zip(before, after, strict=True)), (before, after)
    assert {v.scene.theme.font_px for v in window.host.views} == {19}
    assert window.tables.clusters.font().pointSizeF() == 16
    window.commands.run_line("font_size 10")
    settle()
    assert (grid.rowHeight(0), bar.height(), window.menuBar().height()) == before[:3]


def test_a_window_has_its_own_size_after_another_of_larger_text(window, session, open_window):
    height = window.menuBar().height()
    window.commands.run_line("font_size 14")
    assert window.menuBar().height() > height
    window.close()
    second = open_window(session)
    assert (second.menuBar().height(), second.tables.clusters.font().pointSizeF()) == (height, 10)


def test_columns_are_wide_enough_for_large_text(window, settle):
    window.commands.run_line("font_size 18")
    settle()
    table = window.tables.clusters
    metrics = table.grid.fontMetrics()
    section = table.model.column_of("id")
    widest = max(metrics.horizontalAdvance(str(c)) for c in window.session.cluster_ids)
    assert table.header.sectionSize(section) >= widest + 8


def test_words_of_the_bars_are_not_cut(window, settle):
    window.commands.run_line("font_size 16")
    settle()
    for label in (window.status.dirty, window.status.journal, window.tables.clusters.filter_box.count):
        assert label.width() >= label.fontMetrics().horizontalAdvance(label.text())


def test_one_step_and_the_limits(window):
    run = window.commands.run_line
    assert run("larger_text") == ""
    assert window.theme.points == 11
    assert run("smaller_text") == run("smaller_text") == ""
    assert "9 to 24" in run("smaller_text")
    assert "9 to 24" in run("font_size huge")
    assert "9 to 24" in run("font_size 10.5")
    assert window.theme.points == 9


def test_theme_and_size_do_not_disturb_each_other(window):
    window.commands.run_line("font_size 12")
    window.commands.run_line("theme light")
    assert window.theme == LIGHT.sized(12)


def test_the_size_is_remembered(session, open_window):
    window = open_window(session)
    window.commands.run_line("font_size 14")
    window.scripted = False
    window.close()
    again = Session.open(session.model.path)
    second = _window(again, scripted=True, clear_state=False)
    assert second.theme.points == 14
    assert QtWidgets.QApplication.font().pointSizeF() == 14
    second.close()
    again.close()
