"""Training in the window: the truth comes by one key and not before, and at the end."""

from __future__ import annotations

import shutil

import pytest

from phy_medicine.gui.qt import Qt
from phy_medicine.gui.training import ReportDialog
from phy_medicine.session.training import Training

pytestmark = pytest.mark.usefixtures("few_views")


@pytest.fixture
def training_window(session, open_window):
    session.training = Training(session)
    return open_window(session)


def test_one_key_shows_the_report_of_now(training_window, press_keys_in, qtbot, tmp_path):
    window = training_window
    assert window.training.dialog is None
    assert window.recording.mark.isVisible()
    press_keys_in(window, "Home", "Space")
    qtbot.waitUntil(lambda: window.at_rest)
    press_keys_in(window, "G", "Ctrl+Shift+T")
    dialog = window.training.dialog
    qtbot.waitUntil(dialog.isVisible)
    report = window.session.training.report()
    assert dialog.score.text() == f"{report.score:.0f}"
    assert dialog.tabs.widget(1).rowCount() == 8
    assert dialog.tabs.widget(2).rowCount() == len(window.session.cluster_ids)
    table = dialog.tabs.widget(1)
    for column in range(table.columnCount()):
        title, cell = table.horizontalHeaderItem(column), table.item(0, column)
        assert title.textAlignment() == cell.textAlignment() == int(Qt.AlignRight | Qt.AlignVCenter)
    assert table.rowHeight(0) < 2 * table.fontMetrics().height()
    texts = [dialog.facts.itemAt(i).widget().text() for i in range(dialog.facts.count())]
    assert texts[texts.index("Decisions") + 1] == "1"
    # The key that asks is counted once its viewing is written.
    assert texts[texts.index("Key presses") + 1] in ("3", "4")
    dialog.close()
    assert window.commands.run("export_training_report", str(tmp_path / "r.tsv")) == ""
    assert (tmp_path / "r.tsv").read_text().startswith("table\tid\t")


def test_the_report_comes_before_the_window_closes(training_window, monkeypatch):
    shown = []
    monkeypatch.setattr(ReportDialog, "exec_", lambda self: shown.append(self.windowTitle()))
    training_window.state.set("ask_before_closing", False)
    training_window.scripted = False
    training_window.close()
    assert shown == [f"Training {training_window.session.name}"]


def test_elsewhere_the_key_tells_nothing(window, press):
    press("Ctrl+Shift+T")
    assert window.training.dialog is None
    assert "phy-med train" in window.commands.why_not(window.commands.table["training_report"])


def test_nothing_of_the_truth_is_read_by_an_ordinary_window(dataset, window, press):
    shutil.move(dataset.parent / "ground_truth.npz", dataset.parent / "elsewhere.npz")
    press("Home", "Space", "G", "Ctrl+Z")
    assert window.session.training is None
