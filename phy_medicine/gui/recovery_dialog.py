"""What is asked at opening about unsaved work: what it is, whether to do it again, and what does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from phy_medicine.base.errors import PhyMedError
from phy_medicine.curation.entries import LogEntry, log_entries, remaining
from phy_medicine.gui import questions
from phy_medicine.gui.action_list import ActionModel, ActionRow, ActionTable
from phy_medicine.gui.qt import QtWidgets
from phy_medicine.gui.questions import Recovery
from phy_medicine.io.journal_reader import JournalFile
from phy_medicine.session.past import local_time
from phy_medicine.session.recovery import Offer, actions
from phy_medicine.session.stale import what_differs
from phy_medicine.views.theme import Theme

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow

_RECOVER = (
    "<b>Recover</b> does these actions again. You can look at them, undo them, and save them.",
    "<b>Keep for later</b> opens the dataset as it was saved, and asks again the next time. Once other changes are "
    "saved, these actions no longer fit.",
    "<b>Discard</b> opens the dataset as it was saved, and does not ask again. The journal stays in "
    ".phy_medicine/journal, where <i>phy-med history</i> lists it.",
)
_STALE = (
    "<b>Keep for later</b> leaves the journal as it is, and says this again the next time.",
    "<b>Discard</b> does not say it again. The journal stays in .phy_medicine/journal: <i>phy-med replay</i> does it "
    "on a copy of the dataset with the clusters of then.",
)


class RecoveryDialog(QtWidgets.QDialog):
    """A summary, the list of actions, and buttons with what follows from each; `answer` is the choice.

    title : in a few words; paragraphs : below it; consequences : of the buttons, as rich text
    """

    def __init__(
        self,
        parent: QtWidgets.QWidget,
        theme: Theme,
        title: str,
        paragraphs: Sequence[str],
        entries: Sequence[LogEntry],
        *,
        can_recover: bool,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Unsaved work")
        self.answer = Recovery.LATER
        heading = QtWidgets.QLabel(title)
        font = heading.font()
        font.setPointSizeF(1.3 * font.pointSizeF())
        heading.setFont(font)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        for text in (heading, *map(QtWidgets.QLabel, paragraphs)):
            text.setWordWrap(True)
            column.addWidget(text)
        self.table = ActionTable(ActionModel(lambda i: _row(entries[i]), len(entries), theme))
        self.table.setColumnHidden(0, True)
        if entries:
            column.addWidget(self.table, 1)
        for text in _RECOVER if can_recover else _STALE:
            label = QtWidgets.QLabel(text)
            label.setWordWrap(True)
            label.setProperty("dim", True)
            column.addWidget(label)
        column.addLayout(self._buttons(can_recover=can_recover))
        self.resize(720, 300 + min(len(entries), 11) * self.table.verticalHeader().defaultSectionSize())
        self._default.setFocus()

    def _buttons(self, *, can_recover: bool) -> QtWidgets.QHBoxLayout:
        self.buttons: dict[Recovery, QtWidgets.QPushButton] = {}
        row = QtWidgets.QHBoxLayout()
        row.setSpacing(8)
        names = {Recovery.LEAVE_ASIDE: "Discard", Recovery.LATER: "Keep for later", Recovery.RECOVER: "Recover"}
        for answer, text in names.items():
            if answer is Recovery.RECOVER and not can_recover:
                continue
            button = self.buttons[answer] = QtWidgets.QPushButton(text)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _on, a=answer: self._choose(a))
            row.addWidget(button)
            if answer is Recovery.LEAVE_ASIDE:
                row.addStretch(1)
        default = self.buttons[Recovery.RECOVER if can_recover else Recovery.LATER]
        default.setDefault(True)
        self._default = default
        return row

    def _choose(self, answer: Recovery) -> None:
        self.answer = answer
        self.accept()


def offer_dialog(parent: QtWidgets.QWidget, theme: Theme, offer: Offer) -> RecoveryDialog:
    """Return what asks whether unsaved work is to be done again."""
    n = len(offer.entries) - offer.n_undone
    title = f"{n:,} {actions(n)} of an earlier session {'was' if n == 1 else 'were'} not saved"
    more = [f"By {_who(offer.journal)}."]
    if offer.n_undone:
        more.append(f"{offer.n_undone:,} more had been undone (dimmed in the list) and can be redone.")
    paragraphs = [" ".join(more)]
    if offer.n_lost:
        paragraphs.append(
            f"A line of the journal is damaged, so that {offer.n_lost:,} later {actions(offer.n_lost)} cannot be done "
            "again. Recovering keeps the journal as it is in a copy beside it."
        )
    return RecoveryDialog(parent, theme, title, paragraphs, offer.entries, can_recover=True)


def stale_dialog(parent: QtWidgets.QWidget, theme: Theme, stale: Sequence[JournalFile], why: str) -> RecoveryDialog:
    """Return what says that unsaved work does not fit; why : in what the labels differ."""
    newest = stale[-1]
    entries = remaining(log_entries(newest.records))
    n = sum(entry.fate == "done" for entry in entries)
    title = f"{n:,} unsaved {actions(n)} {'does' if n == 1 else 'do'} not fit this dataset any more"
    paragraphs = [
        f"By {_who(newest)}. The clusters are not those that the journal begins with, so nothing was applied.",
        why,
    ]
    if len(stale) > 1:
        paragraphs.append(f"{len(stale) - 1:,} older journals do not fit either; phy-med history lists them all.")
    return RecoveryDialog(parent, theme, title, paragraphs, entries, can_recover=False)


def ask_recovery(window: MainWindow) -> None:
    """Offer the unsaved work of an earlier session, and say what does not fit, if there is some."""
    storage = window.session.storage
    if storage.read_only:
        if storage.pending is not None:
            window.say(
                "There is unsaved work of an earlier session; it can be recovered where the dataset may be changed."
            )
        return
    try:
        offer = storage.offer()
    except PhyMedError as error:
        window.say(str(error))
        return
    if offer is not None:
        dialog = offer_dialog(window, window.theme, offer)
    elif storage.stale:
        why = what_differs(window.session.model, storage.stale[-1])
        dialog = stale_dialog(window, window.theme, storage.stale, why)
    else:
        return
    dialog.exec_()
    if dialog.answer is Recovery.RECOVER:
        window.commands.guard(lambda: _recover(window))
    elif dialog.answer is Recovery.LEAVE_ASIDE:
        window.commands.guard(window.session.discard_journal)


def _recover(window: MainWindow) -> None:
    report = window.session.recover()
    if report.why:
        questions.say_partly_recovered(window, report.text)


def _who(journal: JournalFile) -> str:
    """User, machine and time of a journal, as "anna on lab3, 2026-11-26 14:03 to 16:20"."""
    head = journal.header
    begin = local_time(head.created)
    end = local_time(str(journal.records[-1].get("time", "")), "%Y-%m-%d %H:%M") if journal.records else begin
    day, _, minute = end.partition(" ")
    until = "" if end == begin else f" to {minute if begin.startswith(day) else end}"
    return f"{head.user} on {head.host}, {begin}{until}"


def _row(entry: LogEntry) -> ActionRow:
    said = entry.entry
    tip = f"{said.what} {said.ids_text}\n{local_time(entry.time, '%Y-%m-%d %H:%M:%S')}"
    undone = entry.fate != "done"
    time = local_time(entry.time, "%H:%M:%S")
    return ActionRow(
        time, said.what, said.ids_text, said.counts_text, tip=f"{tip}\nUndone" if undone else tip, dim=undone
    )
