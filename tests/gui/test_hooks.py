"""What others may listen to and add to in a window: actions, closing, docks, menus of views, looks of rows."""

from __future__ import annotations

import pytest

from phy_medicine.gui.qt import QtGui, QtWidgets
from phy_medicine.gui.table_delegate import RowStyle
from phy_medicine.gui.view_menu import fill_view_menu

pytestmark = pytest.mark.usefixtures("few_views")


def test_an_action_is_told_of_before_it_runs_and_after_it_was_not_refused(window, press):
    said: list[str] = []
    window.commands.begins = lambda action, args: said.append(f"begins {action.id} {args}")
    window.commands.done = lambda action: said.append(f"done {action.id}")
    press("Home")
    assert said == ["begins first ()", "done first"]
    said.clear()
    assert window.commands.run_line("c 9999") != ""
    assert said == ["begins select ((9999,),)"]


def test_a_window_stays_when_who_is_asked_says_no(session, open_window):
    window = open_window(session, scripted=False)
    window.closing.ask_plugins = lambda: False
    assert not window.close()
    assert window.isVisible() and not window.is_closed
    window.closing.ask_plugins = lambda: True
    assert window.close()


def test_a_dock_stays_open_when_who_is_asked_says_no(window):
    dock = next(iter(window.panels)).dock
    dock.may_close = lambda: False
    assert not dock.close() and dock.isVisible()


def test_what_is_added_to_the_menu_of_a_dock_stands_at_its_end(window):
    panel = next(iter(window.panels))
    panel.dock.more_menu = QtWidgets.QMenu(panel.dock)
    panel.dock.more_menu.addAction("Mine")
    menu = fill_view_menu(QtWidgets.QMenu(window), panel, window.commands)
    assert [entry.text() for entry in menu.actions()][-2:] == ["", "Mine"]


def test_the_style_of_a_row_is_seen(window, settle):
    cluster_id = window.session.cluster_table.visible_ids()[3]
    ground = QtGui.QColor("#123456")
    window.tables.style_of = lambda c: RowStyle(QtGui.QColor("#ff0000"), ground) if c == cluster_id else None
    window.tables.refresh_groups()
    settle()
    table = window.tables.clusters
    row = table.grid.visualRect(table.model.index(3, 0))
    picture = table.grid.viewport().grab(row).toImage()
    colors = {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(picture.height())}
    assert "#123456" in colors
    assert any(QtGui.QColor(c).red() > 200 and QtGui.QColor(c).blue() < 60 for c in colors)


def test_a_status_leaves_room_for_any_widget_of_the_title_bar(window, settle):
    panel = next(iter(window.panels))
    box = QtWidgets.QCheckBox("a long text of a check box", panel.dock.bar)
    panel.dock.bar.layout().insertWidget(1, box)
    box.show()
    panel.dock.bar.set_status("x" * 400)
    settle()
    panel.dock.bar.layout().activate()
    room = QtGui.QImage(panel.dock.bar.size(), QtGui.QImage.Format_RGB32)
    panel.dock.bar.render(room, flags=QtWidgets.QWidget.RenderFlags(QtWidgets.QWidget.DrawWindowBackground))
    left = [room.pixelColor(x, y) for x in range(box.x(), box.geometry().right()) for y in range(room.height())]
    assert len({c.name() for c in left}) == 1
    assert panel.dock.bar.status == "x" * 400
