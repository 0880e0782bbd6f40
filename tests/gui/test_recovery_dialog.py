"""What is asked at opening about unsaved work, and what each answer does; what does not fit is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from phy_medicine.gui import recovery_dialog
from phy_medicine.gui.qt import QtWidgets
from phy_medicine.gui.questions import Recovery
from phy_medicine.gui.recovery_dialog import RecoveryDialog, ask_recovery
from phy_medicine.io.journal_reader import journals, read_journal
from phy_medicine.session.session import Session

pytestmark = pytest.mark.usefixtures("few_views")


@pytest.fixture
def unsaved(dataset: Path) -> Path:
    """A dataset whose last session ended without saving: a merge, a move, and a label that was undone."""
    session = Session.open(dataset)
    a, b, c = session.cluster_ids[:3]
    session.merge([a, b])
    session.move("good", cluster_ids=[c])
    session.label("note", "x", [c])
    session.undo()
    session.close()
    return dataset


@pytest.fixture
def asked(open_window, monkeypatch):
    """Opens a window on a dataset, presses a button of the dialog; returns the session, the dialog and the boxes."""
    sessions = []

    def ask(dataset: Path, answer: Recovery | None, **options):
        session = Session.open(dataset, **options)
        sessions.append(session)
        window = open_window(session, scripted=False)
        dialogs, boxes = [], []

        def press(dialog: RecoveryDialog) -> int:
            dialogs.append(dialog)
            dialog.show()
            if answer is None:
                dialog.reject()
            else:
                dialog.buttons[answer].click()
            return dialog.result()

        monkeypatch.setattr(RecoveryDialog, "exec_", press)
        monkeypatch.setattr(recovery_dialog.questions, "say_partly_recovered", lambda _w, text: boxes.append(text))
        ask_recovery(window)
        return session, (dialogs or [None])[0], boxes

    yield ask
    for session in sessions:
        session.close()


def words(dialog: RecoveryDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QtWidgets.QLabel))


def rows(dialog: RecoveryDialog) -> list[tuple[str, str]]:
    model = dialog.table.model()
    return [(model.index(i, 2).data(), model.index(i, 4).data()) for i in range(model.rowCount())]


def test_it_lists_what_would_be_restored_and_recovers_it(unsaved, asked):
    session, dialog, boxes = asked(unsaved, Recovery.RECOVER)
    (path,) = journals(unsaved.parent)
    head = read_journal(path).header
    assert "2 actions of an earlier session were not saved" in words(dialog)
    assert f"By {head.user} on {head.host}, 20" in words(dialog)
    assert "1 more had been undone" in words(dialog)
    assert [what for what, _ in rows(dialog)] == ["Merge", "Move to good", "Label note: x"]
    merge = session.history.items[0]
    assert rows(dialog)[0][1] == " + ".join(f"{n:,}" for n in merge.counts)
    assert (session.history.position, len(session.history.items)) == (2, 3)
    assert session.dirty
    assert boxes == []


@pytest.mark.parametrize("answer", [Recovery.LATER, None])
def test_kept_for_later_it_is_asked_again(unsaved, asked, answer):
    session, _, _ = asked(unsaved, answer)
    assert not session.history.items
    assert Session.open(unsaved, read_only=True).storage.pending is not None


def test_discarded_it_is_not_asked_again_and_the_journal_stays(unsaved, asked):
    session, _, _ = asked(unsaved, Recovery.LEAVE_ASIDE)
    assert not session.history.items
    assert Session.open(unsaved, read_only=True).storage.pending is None
    (path,) = journals(unsaved.parent)
    assert read_journal(path).closed == "discarded"


def test_labels_that_changed_outside_are_said_with_what_differs(unsaved, asked):
    a, b = Session.open(unsaved, read_only=True).cluster_ids[:2]
    other = Session.open(unsaved)
    other.merge(other.cluster_ids[:2])
    other.save()
    other.close()
    session, dialog, _ = asked(unsaved, Recovery.LATER)
    assert "2 unsaved actions do not fit this dataset any more" in words(dialog)
    assert f"{a}, {b} \N{RIGHTWARDS ARROW}" in words(dialog)
    assert "began with the same clusters and saved 1 action." in words(dialog)
    assert Recovery.RECOVER not in dialog.buttons
    assert len(rows(dialog)) == 3
    assert not session.history.items
    assert len(session.storage.stale) == 1


def test_labels_of_another_number_of_spikes_are_said(unsaved, asked):
    folder = unsaved.parent
    for name in ("spike_clusters.npy", "spike_times.npy", "spike_templates.npy", "amplitudes.npy"):
        np.save(folder / name, np.load(folder / name)[:-1])
    for name in ("pc_features.npy", "template_features.npy", "spike_positions.npy"):
        if (folder / name).exists():
            np.save(folder / name, np.load(folder / name)[:-1])
    n = read_journal(journals(folder)[0]).header.n_spikes
    _, dialog, _ = asked(unsaved, None)
    assert f"It was made on {n:,} spikes and the dataset has {n - 1:,} now" in words(dialog)


def test_a_damaged_line_is_said_before_and_after(unsaved, asked):
    (path,) = journals(unsaved.parent)
    path.write_bytes(path.read_bytes().replace(b'"good"', b'"goad"'))
    session, dialog, (text,) = asked(unsaved, Recovery.RECOVER)
    assert "1 action of an earlier session was not saved" in words(dialog)
    assert "3 later actions cannot be done again" in words(dialog)
    assert text.startswith("Recovered 1 of 4 unsaved actions.")
    assert session.history.position == 1


def test_a_read_only_window_asks_nothing(unsaved, asked):
    session, dialog, _ = asked(unsaved, Recovery.RECOVER, read_only=True)
    assert dialog is None
    assert not session.history.items


def test_ten_thousand_actions_are_listed_at_once(unsaved, asked):
    session = Session.open(unsaved, recover=True)
    session.storage.log_all([{"kind": "group", "cluster_ids": [session.cluster_ids[0]], "group": "good"}] * 10_000)
    session.close()
    _, dialog, _ = asked(unsaved, Recovery.LATER)
    assert dialog.table.model().rowCount() == 10_002
    assert "10,002 actions" in words(dialog)
