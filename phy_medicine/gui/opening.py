"""What is on the screen while a dataset takes its time to open."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from phy_medicine.gui.qt import QtCore, QtWidgets

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

SHOWN_AFTER_S = 0.5
"""A window that comes and goes in less would only flicker."""
_POLL_MS = 15


class _Outcome:
    """The session, or what went wrong, once the thread is through."""

    def __init__(self, open_it: Callable[[], Session]) -> None:
        self.session: Session | None = None
        self.error: BaseException | None = None
        self._open_it = open_it
        self.thread = threading.Thread(target=self._run, name="open", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.session = self._open_it()
        except BaseException as error:  # raised again in the thread that waits
            self.error = error


class OpeningWindow(QtWidgets.QWidget):
    """A small window that says what is being opened and that it goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("phy-medicine")
        self.setFixedSize(360, 88)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.addWidget(QtWidgets.QLabel("Opening the dataset \N{HORIZONTAL ELLIPSIS}"))
        bar = QtWidgets.QProgressBar()
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        bar.setFixedHeight(4)
        column.addWidget(bar)
        place = QtWidgets.QApplication.primaryScreen().availableGeometry()
        self.move(place.center() - self.rect().center())


def opened(open_it: Callable[[], Session]) -> Session:
    """Return the session that `open_it` gives, with a small window on the screen when it takes long.

    Raises
    ------
    PhyMedError : the dataset cannot be opened
    """
    outcome = _Outcome(open_it)
    outcome.thread.join(SHOWN_AFTER_S)
    if outcome.thread.is_alive():
        _wait(outcome.thread)
    if outcome.error is not None:
        raise outcome.error
    assert outcome.session is not None
    return outcome.session


def _wait(thread: threading.Thread) -> None:
    """Keep the small window alive until the thread is through."""
    window, loop, clock = OpeningWindow(), QtCore.QEventLoop(), QtCore.QTimer(interval=_POLL_MS)
    clock.timeout.connect(lambda: None if thread.is_alive() else loop.quit())
    window.show()
    clock.start()
    loop.exec_()
    clock.stop()
    thread.join()  # the small window was closed by hand
    # Closing the last window would end the application; this one is only put away.
    window.hide()
    window.deleteLater()
