"""What a person sees while the window cannot answer: another pointer, and a sentence that says what goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from phy_medicine.gui.qt import Qt, QtWidgets
from phy_medicine.gui.status_bar import StatusBar


@contextmanager
def busy(bar: StatusBar, sentence: str) -> Iterator[None]:
    """Show the sentence at once and the waiting pointer for as long as the block takes."""
    bar.show_text(sentence)
    bar.message.repaint()
    QtWidgets.QApplication.setOverrideCursor(Qt.WaitCursor)
    try:
        yield
    finally:
        QtWidgets.QApplication.restoreOverrideCursor()
