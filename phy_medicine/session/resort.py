"""A new sorting of a part of the dataset: compared with the clusters of now, and taken over as one action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.curation.actions import Delta
from phy_medicine.curation.reassign import NONE, Contingency, Reassignment, match, split_of

if TYPE_CHECKING:
    from phy_medicine.io.store_runs import Run
    from phy_medicine.session.session import Session

KIND = "resort"
REACH_MS = 0.4
"""A present spike and a new one so near to each other are the same."""
FEW = 10
"""Units of fewer present spikes become no cluster: their spikes stay with the rest."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A new sorting beside the clusters of now.

    name : of the run; found : which present spike is of which unit; table : counted
    depths_um : (n_units,) of each unit
    ranged : whether only a stretch of time was sorted, so that clusters have spikes elsewhere too
    """

    name: str
    found: Reassignment
    table: Contingency
    depths_um: FloatArray
    ranged: bool

    @property
    def same(self) -> dict[int, int]:
        """Units that are a present cluster, and which."""
        return self.table.same()


def compare(session: Session, run: Run) -> Comparison:
    """Compare a run of the job "resort" with the clusters of now; any thread, takes a second for many spikes.

    Spikes of other clusters take part, so that they are not given to those that were chosen.

    Raises
    ------
    ActionError : the run is of another kind
    StoreError : it cannot be read
    """
    if run.kind != KIND:
        raise ActionError(f"{run.name} is no new sorting that could be compared.")
    arrays, model = session.store.read(run.id), session.model
    with session.facts.lock:
        labels = session.spike_clusters()
    start, stop = (int(run.facts[name]) for name in ("start", "stop"))
    inside = np.flatnonzero((model.spike_samples >= start) & (model.spike_samples < stop))
    samples, units = arrays["samples"], arrays["units"].astype(np.int64)
    reach = round(REACH_MS * model.sample_rate / 1000)
    given = np.full(model.n_spikes, NONE, np.int64)
    given[inside] = match(model.spike_samples[inside], labels[inside], samples, units, reach)
    chosen = arrays["spike_ids"].astype(np.int64)
    rows, named = _large(given[chosen], len(arrays["unit_depths_um"]))
    found = Reassignment(chosen, labels[chosen], named, np.bincount(units, minlength=len(rows))[rows >= 0])
    return Comparison(
        run.name, found, found.contingency(), arrays["unit_depths_um"][rows >= 0], bool(run.facts["ranged"])
    )  # fmt: skip


def apply(session: Session, comparison: Comparison, *, keep: bool) -> Delta:
    """Share out the spikes as the new sorting does, as one action that can be undone.

    keep : units that are a present cluster stay with what that cluster has elsewhere

    Raises
    ------
    ActionError : nothing would change, or the clusters became others since they were compared
    ReadOnlyError, JournalError : the action cannot be kept safe; nothing changed
    """
    found = comparison.found
    now = session.manager.assignment.labels_of(found.spike_ids)
    if not np.array_equal(now, found.clusters):
        raise ActionError("The clusters became others since they were compared; show the result again.")
    spikes = {int(c): session.manager.assignment.spikes(int(c)) for c in np.unique(found.clusters)}
    spike_ids, labels = split_of(found, spikes, comparison.same if keep else {})
    return session.split(spike_ids, labels)


def suggested(session: Session) -> dict[str, Any]:
    """Return what the dialog begins with: the selected clusters, and the time range that all views show."""
    values: dict[str, Any] = {"clusters": ", ".join(map(str, session.selection.cluster_ids))}
    time_range = session.time_ranges.a
    values["start_s"] = 0.0 if time_range is None else time_range.start_s
    values["stop_s"] = 0.0 if time_range is None else time_range.stop_s
    return values


def _large(units: IntArray, n_units: int) -> tuple[IntArray, IntArray]:
    """New number of each unit, NONE of those of few spikes; and of each spike."""
    counts = np.bincount(units[units >= 0], minlength=n_units)
    rows = np.where(counts >= FEW, np.cumsum(counts >= FEW) - 1, NONE)
    return rows, np.append(rows, NONE)[units]
