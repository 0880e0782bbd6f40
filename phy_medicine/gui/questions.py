"""The few boxes that stop the work: unsaved work, found work, failures that must not be missed."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path

from phy_medicine.gui.qt import Qt, QtWidgets

Box = QtWidgets.QMessageBox


class Recovery(Enum):
    """What to do with the unsaved work of an earlier session."""

    RECOVER = "recover"
    LEAVE_ASIDE = "leave aside"
    LATER = "later"


def _box(parent: QtWidgets.QWidget | None, icon: Box.Icon, title: str, text: str, more: str) -> Box:
    box = Box(icon, title, text, parent=parent)
    box.setInformativeText(more)
    return box


def ask_save(parent: QtWidgets.QWidget) -> int:
    """Ask at closing with unsaved work; return Save, Discard or Cancel of QMessageBox."""
    text = "Save the curation before closing?"
    more = "Without saving, the dataset's files stay as they are; the journal keeps your work."
    box = _box(parent, Box.Question, "Unsaved work", text, more)
    box.setStandardButtons(Box.Save | Box.Discard | Box.Cancel)
    box.setDefaultButton(Box.Save)
    return box.exec_()


def ask_save_over(parent: QtWidgets.QWidget, files: Sequence[str]) -> bool:
    """Ask whether files that another program changed since they were read may be replaced."""
    names = ", ".join(files)
    text = f"{names} changed on disk since this dataset was opened."
    more = "Saving over it puts the other version into the backups, in .phy_medicine/backups beside the dataset."
    box = _box(parent, Box.Warning, "Changed on disk", text, more)
    over = box.addButton("Save over it", Box.DestructiveRole)
    box.setDefaultButton(box.addButton(Box.Cancel))
    box.exec_()
    return box.clickedButton() is over


def ask_end_jobs(parent: QtWidgets.QWidget, n: int) -> bool:
    """Ask whether jobs that run or wait may be ended with the window."""
    text = "A job is still running. End it and close?" if n == 1 else f"{n} jobs are still running. End them and close?"
    more = "What they computed so far is lost, unless they can be resumed. Your curation is not touched."
    box = _box(parent, Box.Question, "Jobs", text, more)
    end = box.addButton("End and close", Box.DestructiveRole)
    box.setDefaultButton(box.addButton("Go on", Box.RejectRole))
    box.exec_()
    return box.clickedButton() is end


def ask_delete_run(parent: QtWidgets.QWidget, name: str) -> bool:
    """Ask whether a result may be removed from the store."""
    text = f"Delete the result {name!r}?"
    box = _box(parent, Box.Warning, "Delete a result", text, "It can be computed again, but not brought back.")
    delete = box.addButton("Delete", Box.DestructiveRole)
    box.setDefaultButton(box.addButton(Box.Cancel))
    box.exec_()
    return box.clickedButton() is delete


def say_partly_recovered(parent: QtWidgets.QWidget, text: str) -> None:
    """Say that unsaved work was done again only in part."""
    box = _box(parent, Box.Warning, "Not all was recovered", text, "Save when you are content with what was done.")
    box.exec_()


def ask_take_over(parent: QtWidgets.QWidget, dataset: str, owner: str) -> bool:
    """Ask whether a dataset that somebody else seems to be curating may be taken over."""
    text = f"{dataset} is being curated by {owner}."
    more = (
        "You can look at everything, but change nothing. Take it over only when that session is gone, as after its "
        "machine was switched off: one that still runs could save no more. What it did not save stays in its journal."
    )
    box = _box(parent, Box.Question, "In use", text, more)
    over = box.addButton("Take over", Box.DestructiveRole)
    box.setDefaultButton(box.addButton("Open read-only", Box.RejectRole))
    box.exec_()
    return box.clickedButton() is over


def say_save_failed(parent: QtWidgets.QWidget, text: str) -> None:
    """Say that a save failed."""
    box = _box(parent, Box.Warning, "Not saved", text, "Nothing is lost: every action is in the journal.")
    box.exec_()


def show_problem(parent: QtWidgets.QWidget | None, text: str, details: str, report: Path | None) -> None:
    """Show an unexpected error with its traceback, and where the report is."""
    more = "Your work is in the journal. You may go on, or save and restart."
    if report is not None:
        more += (
            f"\n\nA report is in {report}. Nothing of your data is in it; please send it to who maintains the program."
        )
    box = _box(parent, Box.Critical, "Unexpected error", text, more)
    box.setTextInteractionFlags(Qt.TextSelectableByMouse)
    box.setDetailedText(details)
    box.exec_()
