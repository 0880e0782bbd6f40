"""A window that is worked in for long, and many datasets after another, do not grow."""

from __future__ import annotations

import gc
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.gl_census import Counter as GlCounter
from phy_medicine.gui.main_window import MainWindow
from phy_medicine.gui.qt import QtCore, QtWidgets
from phy_medicine.gui.state import WindowState
from phy_medicine.session.session import Session
from tests.session.test_long_session import HISTORY

from .dock_moves import settle

CACHED = {"Amplitudes", "Features", "Waveforms", "Trace", "TemplateShape", "Moments"}
"""Records of arrays in caches that are bounded in bytes, and not full here."""


def _objects() -> Counter[str]:
    """Live objects of the program, of vispy and of Qt."""
    QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.DeferredDelete)
    gc.collect()
    kinds = map(type, gc.get_objects())
    return Counter(
        f"{kind.__module__}.{kind.__qualname__}"
        for kind in kinds
        if str(kind.__module__).startswith(("phy_medicine.", "vispy.", "PyQt5."))
    )


def _work(window: MainWindow, session: Session, rng: np.random.Generator, n: int) -> None:
    """Select, and at each fifth time merge, undo and do again, split, move or label."""
    for i in range(n):
        ids = session.cluster_ids
        session.select([int(c) for c in rng.choice(ids, size=2, replace=False)])
        settle(window)
        match i % 25:
            case 0:
                session.merge()
            case 5:
                session.undo()
            case 10:
                session.move("good")
            case 15:
                session.label("note", f"n{i}")
            case 20:
                session.undo()
        if i % 5 == 0:
            settle(window)
    session.select([int(c) for c in session.cluster_ids[:2]])
    settle(window)


def test_a_window_grows_by_its_history_alone(window: MainWindow, session: Session):
    rng, census = np.random.default_rng(0), GlCounter()
    _work(window, session, rng, 50)
    before, on_card = _objects(), census()
    _work(window, session, rng, 75)
    more = {name.rsplit(".", 1)[1]: n for name, n in (_objects() - before).items()}
    assert {name for name, n in more.items() if n > 12} <= HISTORY | CACHED, more
    assert census().total - on_card.total <= 8  # a view may need one buffer more for what is selected now
    assert len(session.history.items) < 40


def test_datasets_opened_one_after_another_leave_no_object(qapp, qtbot, simulated_dataset: Path):
    census, on_card, first = GlCounter(), [], Counter()
    start = census()
    for i in range(5):
        session = Session.open(simulated_dataset, read_only=True)
        window = MainWindow(session, WindowState.of_dataset(simulated_dataset.parent, writable=False), scripted=True)
        window.open((900, 600))
        session.next()
        settle(window)
        window.close()
        session.close()
        session.pool.sync(60)
        del window, session
        QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.DeferredDelete)
        QtWidgets.QApplication.processEvents()
        gc.unfreeze()
        first = _objects() if i == 1 else first
        on_card.append(census())
    assert on_card == [start] * 5
    # A thread of the last pool may still be on its way out.
    qtbot.waitUntil(lambda: (_objects() - first).total() <= 5, timeout=20_000)
