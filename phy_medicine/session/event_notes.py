"""What a session tells of itself to a report of a fault: kinds, counts and ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from phy_medicine.base.events import EVENTS
from phy_medicine.curation.actions import Delta
from phy_medicine.curation.selection import Selection
from phy_medicine.io.safe_write import SaveReport

if TYPE_CHECKING:
    from phy_medicine.session.session import Session


def note_events(session: Session) -> None:
    """Note what happens in a session from now on."""
    model = session.model
    EVENTS.note(
        "open", spikes=model.n_spikes, clusters=len(session.cluster_ids), channels=model.n_channels,
        read_only=session.read_only,
    )  # fmt: skip
    session.selection.changed.connect(_selected)
    session.manager.changed.connect(_acted)
    session.saved.connect(_saved)
    session.jobs.changed.connect(_JobNotes())


def _selected(selection: Selection) -> None:
    EVENTS.note("select", n=len(selection.cluster_ids), best=selection.best_ids, similar=selection.similar_ids)


def _acted(delta: Delta) -> None:
    what = delta.kind if delta.direction == "do" else f"{delta.direction} {delta.kind}"
    EVENTS.note(what, added=delta.added, removed=delta.removed, changed=delta.changed)


def _saved(report: SaveReport) -> None:
    EVENTS.note("save", files=len(report.files), seconds=report.seconds)


class _JobNotes:
    """Notes each state of a job once; the name of a plugin's kind is none of the program's words."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}

    def __call__(self, job: Any) -> None:
        if self._states.get(job.id) == job.state:
            return
        self._states[job.id] = job.state
        kind = job.kind.name if job.kind.source is None else "of a plugin"
        EVENTS.note(f"job {kind} {job.state}", seconds=float(job.seconds))
