"""Saving from a window: feedback while it lasts, and the questions of a save that does not go through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.gui import questions
from phy_medicine.gui.busy import busy
from phy_medicine.io.safe_write import FileChangedError

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow


def save(window: MainWindow) -> None:
    """Save the curation; a failure is shown in a box, because it must not be missed.

    Raises
    ------
    PhyMedError : nothing was saved; in a window that nobody sits in front of nothing is asked before
    """
    try:
        _save(window, force=False)
    except FileChangedError as error:
        if window.scripted:
            raise
        if not questions.ask_save_over(window, error.files):
            raise ActionError("Not saved: the files that changed on disk were left as they are.") from None
        _save_or_say(window)
    except PhyMedError as error:
        _say(window, error)
        raise


def _save_or_say(window: MainWindow) -> None:
    try:
        _save(window, force=True)
    except PhyMedError as error:
        _say(window, error)
        raise


def _save(window: MainWindow, *, force: bool) -> None:
    with busy(window.status, "Saving \N{HORIZONTAL ELLIPSIS}"):
        window.session.save(force=force)


def _say(window: MainWindow, error: PhyMedError) -> None:
    if not window.scripted:
        questions.say_save_failed(window, str(error))
