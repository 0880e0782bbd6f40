"""What was found odd in a dataset is seen without looking for it."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.gui.dataset_window import DatasetWindow, counted
from phy_medicine.gui.qt import Qt
from phy_medicine.io.checks import Check
from phy_medicine.session.session import Session

pytestmark = pytest.mark.usefixtures("few_views")

WARNING, NOTE = Check("warning", "a.npy", "is odd."), Check("note", "b.npy", "is fine.")


@pytest.mark.parametrize(
    ("checks", "text"),
    [((), ""), ((NOTE,), "1 note"), ((NOTE, NOTE), "2 notes"), ((WARNING, NOTE), "1 warning"),
     ((WARNING, WARNING), "2 warnings")],
)  # fmt: skip
def test_remarks_are_counted(checks, text):
    assert counted(checks) == text


def test_a_dataset_without_remarks_says_nothing(window):
    assert window.session.model.checks == ()
    assert not window.status.checks.isVisible()


def test_warnings_stand_in_the_status_bar_and_a_click_explains_them(dataset, open_window, qtbot):
    np.save(dataset.parent / "similar_templates.npy", np.zeros((2, 3)))
    session = Session.open(dataset)
    window = open_window(session)
    assert window.status.checks.text() == "\N{WARNING SIGN} 1 warning"
    qtbot.mouseClick(window.status.checks, Qt.LeftButton)
    dialog = window.findChild(DatasetWindow)
    assert dialog.isVisible()
    assert "similar_templates.npy" in dialog.remarks.text()
    qtbot.waitUntil(lambda: f"{session.model.n_spikes:,}" in dialog.description.toPlainText())
    window.close()
    session.close()


def test_the_file_menu_describes_the_dataset(window, qtbot):
    assert window.commands.run("about_dataset") == ""
    dialog = window.findChild(DatasetWindow)
    qtbot.waitUntil(lambda: "Sample rate" in dialog.description.toPlainText())
    assert not dialog.remarks.isVisible()
    dialog.close()
