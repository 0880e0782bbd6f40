"""The window as plugins see it: views, docks, messages, state, and the events that it sends."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from phy_medicine.app.phy_compat.dock import DockWidget
from phy_medicine.app.phy_compat.events import connect, emit
from phy_medicine.app.phy_compat.gui import GUI, announce, open_gui
from phy_medicine.app.phy_compat.ipython_view import IPythonView
from phy_medicine.app.phy_compat.state import GUIState
from phy_medicine.gui.qt import Qt, QtWidgets
from phy_medicine.session.session import Session

from .windows import *  # noqa: F403
from .windows import facade_of, stand_in_controller


def told(event: str, **options) -> list:
    """Returns a list that fills with the senders and arguments of an event."""
    found: list = []
    connect(lambda *args: found.append(args), event=event, **options)
    return found


def test_every_view_is_told_of_before_the_window_is(window, controller, session):
    order = []
    connect(lambda view, gui: order.append(view.name), event="view_attached")
    connect(lambda sender, gui: order.append(gui.name), event="gui_ready", sender=controller)
    attached = told("attach_gui", sender=controller.supervisor)
    gui = open_gui(controller, window, facade_of)
    assert len(attached) == 1 and order == []
    announce(gui)
    assert order == [*(p.kind for p in window.panels), "IPythonView", "TemplateGUI"]
    assert isinstance(gui, GUI) and controller.gui is gui
    supervisor = controller.supervisor
    assert supervisor.actions is gui.edit_actions and supervisor.select_actions is gui.select_actions
    assert supervisor.view_actions is gui.view_actions and supervisor.cluster_view is gui.cluster_view


def test_a_view_that_is_opened_later_is_told_of_and_named_with_a_number(gui, window, settle, qtbot):
    added = told("view_attached")
    window.commands.run("add_view", "WaveformView")
    qtbot.waitUntil(lambda: len(added) == 1)
    view, who = added[0]
    assert view.name == "WaveformView (1)" and who is gui
    assert view.actions.name == "WaveformView (1)" and view.gui is gui
    assert gui.get_view("WaveformView", 1) is view
    assert gui.view_count["WaveformView"] == 2
    assert view in gui.list_views(type(view))


def test_a_plugin_that_comes_later_hears_of_views_and_window_alone(gui, controller, session):
    before, after = told("gui_ready"), []
    with session.extensions.owned_by("Late"):
        connect(lambda sender, gui: after.append(gui), event="gui_ready", sender=controller)
        views = told("view_attached")
    announce(gui, owner="Late")
    assert before == [] and after == [gui]
    assert [view.name for view, _ in views] == [*(s.view.name for s in gui._views), "IPythonView"]


def test_a_view_opened_through_the_gui_is_returned(gui, settle):
    view = gui.create_and_add_view("ISIView")
    assert type(view).__name__ == "ISIView" and view.dock is not None
    assert gui.create_and_add_view("NoSuchView") is None


def test_closing_a_view_is_told_with_its_dock(gui, window):
    views, docks = told("close_view"), told("close_dock_widget")
    view = gui.get_view("ProbeView")
    view.dock.close()
    assert views == [(view, gui)] and docks == [(view.dock,)]
    assert gui.get_view("ProbeView") is None and "ProbeView" not in gui.view_count


def test_a_widget_gets_a_dock_that_views_list_and_events_tell_of(gui, window, qtbot):
    label = QtWidgets.QLabel("mine")
    dock = gui.add_view(label, position="bottom", floating=False)
    assert isinstance(dock, DockWidget) and label.dock is dock and label.name == "QLabel"
    assert label.isVisible() and window.dockWidgetArea(dock.dock) == Qt.BottomDockWidgetArea
    assert gui.get_view(QtWidgets.QLabel) is label and label in gui.views
    second = QtWidgets.QLabel("too")
    gui.add_view(second, closable=False, floatable=False)
    assert window.tabifiedDockWidgets(second.dock.dock) and second.isVisible()
    third = QtWidgets.QLabel("left")
    gui.add_view(third, position="left")
    assert third.dock.x() == window.tables.docks["Similar"].x() < second.dock.x()
    assert second.name == "QLabel (1)"
    assert not second.dock.close() and second.isVisible()
    closed = told("close_view", sender=label)
    dock.close()
    assert closed == [(label, gui)] and label not in gui.views


def test_a_figure_gets_a_dock(gui):
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().plot([0, 1])
    dock = gui.add_view(figure)
    assert dock.view is figure and dock.dock.content.isVisible()
    assert dock.dock.content.figure is figure


def test_what_a_plugin_showed_goes_with_it(gui, window, plugin):
    with plugin():
        label = QtWidgets.QLabel("mine")
        gui.add_view(label)
        gui.get_view("WaveformView").dock.add_button(lambda on: None, text="T", name="mine")
    gui.remove_of("Mine")
    assert label not in gui.views
    assert "mine" not in gui.get_view("WaveformView").dock._dock_widgets


def test_a_button_of_a_dock_calls_with_its_check_mark_and_follows_an_event(gui, window, qtbot, plugin, problems):
    view = gui.get_view("WaveformView")
    got: list[bool] = []
    with plugin():

        @view.dock.add_button(icon="f105", checkable=True, event="my_event")
        def on_next(checked):
            got.append(checked)

        view.dock.add_button(lambda on: 1 / 0, text="Boom", name="boom")
    button = view.dock.get_widget("on_next")
    assert button.isVisible() and button.toolTip() == "Next" and button.text() == "\uf105"
    qtbot.mouseClick(button, Qt.LeftButton)
    assert got == [True]
    emit("my_event", view, False)
    assert not button.isChecked() and got == [True]
    qtbot.mouseClick(view.dock.get_widget("boom"), Qt.LeftButton)
    assert [p.owner for p in problems] == ["Mine"] and "ZeroDivisionError" in problems[0].sentence


def test_a_check_box_of_a_dock_calls_with_its_check_mark(gui, qtbot):
    view = gui.get_view("WaveformView")
    got: list[bool] = []
    box = view.dock.add_checkbox(got.append, text="fast", checked=True, name="fast")
    assert box.isVisible() and box.isChecked()
    box.click()
    assert got == [False]
    assert view.dock.get_widget("fast") is box


def test_the_status_of_a_dock(gui):
    dock = gui.get_view("WaveformView").dock
    dock.set_status("short")
    assert dock.status == "short"
    dock.set_status("a" * 50 + "b" * 50)
    assert dock.status == "a" * 32 + " ... " + "b" * 32


def test_the_title_bar_tells_plugins_whether_a_view_follows(gui, window, qtbot):
    view = gui.get_view("WaveformView")
    panel = gui.panel_of(view)
    got = told("toggle_auto_update", sender=view)
    qtbot.mouseClick(panel._update, Qt.LeftButton)
    assert got == [(view, False)] and not panel.view.auto_update
    emit("toggle_auto_update", view, True)
    assert panel._update.isChecked()


def test_entries_of_a_plugin_stand_in_the_menu_of_a_view(gui, window, plugin):
    from phy_medicine.gui.view_menu import fill_view_menu

    view = gui.get_view("WaveformView")
    got: list[int] = []
    with plugin():
        view.actions.add(lambda n: got.append(n), name="channels", prompt=True, alias="ch", view_submenu="More")
    panel = gui.panel_of(view)
    texts = [a.text() for a in fill_view_menu(QtWidgets.QMenu(window), panel, window.commands).actions()]
    assert texts[-1] == "More"
    assert [a.text() for a in view.dock.submenu("More").actions()] == ["Channels"]
    assert window.commands.table["channels"].owner == "WaveformView"
    assert window.commands.run_line("ch 7") == "" and got == [7]


def test_a_snippet_of_a_view_is_for_the_view_that_has_the_keyboard(gui, window, settle):
    first = gui.get_view("WaveformView")
    second = gui.create_and_add_view("WaveformView")
    got: list[str] = []
    for view in (first, second):
        view.actions.add(lambda name=view.name: got.append(name), name="who")
    gui.panel_of(second).dock.give_focus()
    settle()
    window.commands.run_line("who")
    gui.panel_of(first).dock.give_focus()
    settle()
    window.commands.run_line("who")
    assert got == ["WaveformView (1)", "WaveformView"]


def test_the_message_can_be_set_read_and_locked(gui, window):
    gui.status_message = "from a plugin"
    assert gui.status_message == "from a plugin" == window.status.message.text()
    gui.lock_status()
    gui.status_message = "no"
    assert gui.status_message == "from a plugin"
    gui.unlock_status()
    gui.status_message = 3
    assert gui.status_message == "3"


def test_the_gui_is_a_window_and_the_parent_of_dialogs(gui, window):
    assert isinstance(gui, QtWidgets.QMainWindow)
    dialog = QtWidgets.QDialog(gui)
    assert dialog.parentWidget().window() is window
    assert gui.windowTitle() == window.windowTitle() and gui.width() == window.width() and gui.isVisible()
    gui.setWindowTitle("mine")
    assert window.windowTitle() == "mine"
    assert gui._toolbar is window.menus.toolbar and gui._status_bar is window.statusBar()
    assert gui.session is window.session
    with pytest.raises(AttributeError, match="The GUI has no 'no_such_thing'"):
        gui.no_such_thing  # noqa: B018
    box = gui.dialog("a sentence")
    assert box.text() == "a sentence" and box.parent() is window
    assert not QtWidgets.QMainWindow.isVisible(gui)


def test_a_handler_of_close_keeps_the_window(session, open_window, controller):
    window = open_window(session, scripted=False)
    gui = open_gui(controller, window, facade_of)
    announce(gui)
    stays = [True]
    connect(lambda sender: False if stays[0] else None, event="close", sender=gui)
    assert not gui.close() and window.isVisible()
    stays[0] = False
    assert gui.close() and window.is_closed


def test_what_a_plugin_connected_to_a_window_is_gone_with_it(session, open_window, controller):
    from phy_medicine.app.phy_compat.events import bus

    window = open_window(session)
    before = len(bus.connections)
    gui = open_gui(controller, window, facade_of)
    announce(gui)
    connect(lambda *args: None, event="select_channel", sender=gui.get_view("WaveformView"))
    window.close()
    gc.collect()
    assert len(bus.connections) == before
    session.select([session.cluster_ids[0]])


def test_show_is_told(gui, window):
    got = told("show", sender=gui)
    window.hide()
    gui.show()
    assert got == [(gui,)]


def test_saving_is_told_once_whoever_asks(gui, window, session, press):
    got = told("request_save", sender=gui)
    saved: list[object] = []
    session.saved.connect(saved.append)
    press("Ctrl+S")
    assert got == [(gui,)] and len(saved) == 1
    emit("request_save", gui)
    assert len(got) == 2 and len(saved) == 2


def test_a_handler_of_saving_that_raises_keeps_nothing_from_the_disk(gui, session, press, problems):
    def on_request_save(sender):
        raise RuntimeError("no")

    session.select([session.cluster_ids[0]])
    session.move("good")
    connect(on_request_save, sender=gui)
    press("Ctrl+S")
    assert not session.dirty and len(problems) == 1


def test_busy_views_are_told_of(gui, session, settle):
    got = told("is_busy")
    session.select([session.cluster_ids[1]])
    settle()
    assert {view.name for view, busy in got if busy} == {s.view.name for s in gui._views}
    done = {view.name for view, busy in got if not busy}
    assert "WaveformView" in done


def test_snippets_run_lines_and_open_the_command_line(gui, window, session, settle):
    gui.snippets.run(f":c {session.cluster_ids[2]}")
    assert session.selection.best_ids == (session.cluster_ids[2],)
    gui.snippets.mode_on()
    assert gui.snippets.is_mode_on() and gui.snippets.command == ":"
    gui.snippets.mode_off()
    assert not gui.snippets.is_mode_on()


def test_state_is_remembered_by_user_and_by_dataset(session, open_window, controller):
    window = open_window(session, scripted=False)
    gui = open_gui(controller, window, facade_of)
    gui.state["MyPlugin"] = {"n": 3, "cells": [1]}
    gui.state.add_local_keys(["MyPlugin.cells"])
    gui.state["_private"] = 1
    gui.state["bad"] = object()
    view = gui.cluster_view
    gui.state.update_view_state(view, {"width": 2})
    window.close()
    again = Session.open(session.model.path)
    second = open_gui(stand_in_controller(again), open_window(again), facade_of)
    assert second.state.MyPlugin == {"n": 3, "cells": [1]}
    assert second.state.get_view_state(second.cluster_view).width == 2
    assert "_private" not in second.state and "bad" not in second.state
    assert second.main.state._user.values["phy_gui_state"]["MyPlugin"] == {"n": 3}
    second.close()
    again.close()


def test_a_state_in_a_file_of_its_own(tmp_path):
    state = GUIState(tmp_path / "deep" / "state.json", View={"zoom": 2})
    state.save()
    assert GUIState(tmp_path / "deep" / "state.json").View.zoom == 2


def test_names_that_are_injected_before_the_console_is_there_are_kept():
    view = IPythonView()
    view.inject(x=1)
    assert view._before == {"x": 1} and view.console is None


def test_spikes_that_plugins_offer_are_split_off(gui, session, press, controller):
    cluster = session.cluster_ids[0]
    spikes = np.flatnonzero(session.spike_clusters() == cluster)
    connect(lambda sender: spikes[:5].tolist(), event="request_split", sender=controller.supervisor)
    connect(lambda sender: None, event="request_split")
    connect(lambda sender: ["no", "spikes"], event="request_split")
    connect(lambda sender: [10**9, -1, spikes[5]], event="request_split")
    session.select([cluster])
    press("K")
    labels = session.spike_clusters()
    assert len(set(labels[spikes[:6]])) == 1 and labels[spikes[6]] != labels[spikes[5]]


def test_columns_that_a_plugin_chose_come_first(window, controller, session):
    controller.supervisor.columns = ["id", "fr", "no such column", "n_spikes"]
    open_gui(controller, window, facade_of)
    shown = [c.name for c in session.cluster_table.columns]
    assert shown[:3] == ["id", "fr", "n_spikes"]


def test_names_go_into_the_console_when_it_is_opened(window, controller, settle):
    def on_view_attached(view, gui):
        if isinstance(view, IPythonView):
            view.inject(mine=42)

    connect(on_view_attached)
    gui = open_gui(controller, window, facade_of)
    announce(gui)
    assert not window.console.tool.made and gui.get_view(IPythonView) is None
    view = gui.create_and_add_view("IPythonView")
    assert isinstance(view, IPythonView) and gui.view_count["IPythonView"] == 1
    space = view.shell.user_ns
    assert space["mine"] == 42 and space["controller"] is controller and space["session"] is window.session
    view.inject(late=1)
    assert space["late"] == 1
    assert view.dock.dock is window.console.tool.dock
    view.stop()
    assert gui.get_view("IPythonView") is None


def test_a_widget_of_a_plugin_is_in_the_menu_and_in_layouts(gui, window, settle):
    label = QtWidgets.QLabel("mine")
    gui.add_view(label)
    assert "QLabel" in window.arrangement.kinds
    label.dock.close()
    assert window.commands.run("add_view", "QLabel") == ""
    assert label.isVisible()
    window.commands.run("reset_layout")
    assert not label.isVisible()
    window.commands.run("add_view", "QLabel")
    assert label.isVisible()
    window.commands.run("theme", "light")
    assert label.dock.bar._theme is window.theme
