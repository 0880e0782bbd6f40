"""Forms, timers, threads and dialogs of `phy.gui`."""

from __future__ import annotations

import threading

import pytest

from phy_medicine.app.phy_compat import dialogs
from phy_medicine.app.phy_compat.finder import facade, names
from phy_medicine.app.phy_compat.timing import AsyncCaller, Debouncer, Worker, _block, thread_pool
from phy_medicine.app.phy_compat.widgets import Barrier, KeyValueWidget
from phy_medicine.gui.qt import QtWidgets

from .windows import *  # noqa: F403


def test_a_form_gives_what_was_typed(qapp, qtbot):
    form = KeyValueWidget()
    qtbot.addWidget(form)
    form.add_pair("text", "abc")
    form.add_pair("long", "one\ntwo", "multiline")
    form.add_pair("count", 3)
    form.add_pair("rate", 0.5)
    form.add_pair("on", True)
    form.add_pair("cells", [1, 2])
    form.get_widget("count").setValue(4)
    form.get_widget("cells[1]").setValue(9)
    assert form.to_dict() == {
        "text": "abc", "long": "one\ntwo", "count": 4, "rate": 0.5, "on": True, "cells": [1, 9]
    }  # fmt: skip
    assert form.names == ["cells", "count", "long", "on", "rate", "text"]
    with pytest.raises(ValueError, match="There is no field for values of the kind complex"):
        form.add_pair("bad", 1j)


def test_a_barrier_waits_for_all():
    barrier = Barrier()
    first, second = barrier("a"), barrier(2)
    done: list[int] = []
    barrier.after_all_finished(lambda: done.append(1))
    first(1, x=2)
    assert not barrier.have_all_finished() and done == []
    second()
    barrier.wait()
    assert barrier.result("a") == ((1,), {"x": 2}) and done == [1]


def test_a_debouncer_calls_the_first_at_once_and_the_last_later(qapp, qtbot):
    got: list[int] = []
    debouncer = Debouncer(delay=30)
    for i in range(5):
        debouncer.submit(got.append, i)
    assert got == [0]
    qtbot.waitUntil(lambda: got == [0, 4])


def test_an_async_caller_calls_only_the_last(qapp, qtbot):
    got: list[int] = []
    caller = AsyncCaller(delay=1)
    caller.set(lambda: got.append(1))
    caller.set(lambda: got.append(2))
    qtbot.waitUntil(lambda: got == [2])


def test_a_worker_tells_its_result_or_its_error(qapp, qtbot):
    where: list[object] = []
    good = Worker(lambda x: (where.append(threading.current_thread()), x + 1)[1], 2)
    results: list[int] = []
    good.signals.result.connect(results.append)
    bad = Worker(lambda: 1 / 0)
    errors: list[tuple[object, ...]] = []
    bad.signals.error.connect(errors.append)
    thread_pool().start(good)
    thread_pool().start(bad)
    qtbot.waitUntil(lambda: results == [3] and len(errors) == 1)
    assert where[0] is not threading.main_thread()
    assert errors[0][0] is ZeroDivisionError


def test_blocking_ends_with_the_condition_or_with_an_error(qapp):
    _block(lambda: True)
    with pytest.raises(RuntimeError, match="Timeout"):
        _block(lambda: False, timeout=0.05)


def test_a_prompt_returns_the_name_of_the_button(qapp, qtbot):
    box = dialogs.prompt("Sure?", buttons=["yes", "cancel"], title="Well")
    qtbot.addWidget(box)
    assert box.windowTitle() == "Well" and box.text() == "Sure?"
    assert box.defaultButton() is box.button(QtWidgets.QMessageBox.Yes)
    from phy_medicine.gui.qt import QtCore

    QtCore.QTimer.singleShot(0, box.button(QtWidgets.QMessageBox.Cancel).click)
    assert dialogs.show_box(box) == "cancel"


def test_the_pointer_is_as_before_after_an_error(qapp):
    with pytest.raises(RuntimeError), dialogs.busy_cursor():
        raise RuntimeError
    assert QtWidgets.QApplication.overrideCursor() is None


def test_a_picture_of_a_widget_is_saved_where_asked(qapp, qtbot, tmp_path):
    label = QtWidgets.QLabel("x")
    qtbot.addWidget(label)
    path = dialogs.screenshot(label, dir=tmp_path / "shots")
    assert path.parent == tmp_path / "shots" and path.name.endswith("_QLabel.png")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_every_name_of_the_table_is_there(qapp):
    for module in ("phy.gui", "phy.gui.actions", "phy.gui.widgets", "phy.gui.qt", "phy.gui.gui", "phy.gui.state"):
        for name in names()[module]:
            assert getattr(facade(module), name) is not None, f"{module}.{name}"
    supervisor = facade("phy.cluster.supervisor")
    assert supervisor.ClusterView is facade("phy.cluster").ClusterView


def test_a_plugin_imports_them(run_plugin, qapp):
    module = run_plugin(
        "from phy.gui import Actions, GUI, Table, KeyValueWidget, IPythonView, busy_cursor, Debouncer\n"
        "from phy.gui.qt import QTimer, Qt, pyqtSignal, QAction, _wait\n"
        "from phy.gui.actions import _get_qkeysequence\n"
        "from phy.cluster.supervisor import ClusterView, TaskLogger\n"
        "import phy.gui.widgets as w\n"
        "barrier = w.Barrier()\n"
    )
    assert isinstance(module.barrier, Barrier)
