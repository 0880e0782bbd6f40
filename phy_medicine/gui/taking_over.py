"""A dataset that somebody else is curating: who it is, and becoming the writer in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phy_medicine.gui import questions
from phy_medicine.gui.recovery_dialog import ask_recovery
from phy_medicine.session.actions import Action

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.session.storage import Storage


def take_over_action(window: MainWindow) -> Action:
    """Return the entry of the File menu."""
    return Action(
        "take_over", "Take over...", lambda: _from_the_menu(window),
        "Curate a dataset that somebody else left in use, as when their machine was switched off.", "File", "dataset",
        when=lambda: window.session.storage.holder is not None, why_not="nobody else is curating",
    )  # fmt: skip


def offer(window: MainWindow) -> None:
    """Ask at opening what to do with a dataset that somebody else is curating."""
    if window.session.storage.holder is not None:
        window.commands.guard(lambda: take_over(window))


def take_over(window: MainWindow) -> None:
    """Become the writer, once the person has confirmed that; a script is not asked.

    Raises
    ------
    ReadOnlyError : the folder cannot be written
    """
    session = window.session
    if window.scripted or questions.ask_take_over(window, session.name, str(session.storage.holder)):
        session.take_over()
        window.show_state()


def _from_the_menu(window: MainWindow) -> None:
    take_over(window)
    if not window.scripted:
        ask_recovery(window)  # of the one who was taken over


def mark_of(storage: Storage) -> str:
    """Return what the title and the status bar say of a dataset that accepts no changes, "" for any other."""
    if not storage.read_only or storage.nothing_to_change:
        return ""
    holder = storage.holder
    return "read-only" if holder is None else f"read-only, in use by {holder.user} on {holder.host}"
