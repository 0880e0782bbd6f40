"""Reclustering in the window: the job is begun with a key press, and what it proposes is among the suggestions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError
from phy_medicine.session import reclustered
from phy_medicine.session.actions import Action, Arg

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from phy_medicine.compute.job import Job
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.io.store_runs import Run

MUA = "mua"


class Reclustering:
    """The window's commands on the job "recluster" and its results."""

    def __init__(self, window: MainWindow) -> None:
        self._window, self._session = window, window.session

    def actions(self) -> tuple[Action, ...]:
        """Return what can be looked at by a model."""
        group = Arg("group", "rest", choices=lambda: reclustered.groups_of(self._session))
        return (
            Action("recluster_selected", "Recluster selected clusters", self.selected,
                   "Find out in the background, by a model, how many neurons there are in each selected cluster; "
                   "splits become suggestions.", "Jobs", "recluster"),
            Action("recluster_mua", "Recluster all mua", partial(self.group, MUA),
                   "Find out in the background how many neurons there are in each cluster of the group mua; splits "
                   "become suggestions.", "Jobs", "recluster",
                   when=lambda: MUA in reclustered.groups_of(self._session)),
            Action("recluster_group", "Recluster a group...", self.group,
                   "The same for each cluster of a group that is named, such as unsorted.", "Jobs", "recluster",
                   args=(group,)),
        )  # fmt: skip

    def selected(self) -> None:
        """Look at the selected clusters.

        Raises
        ------
        ActionError : none is selected
        PhyMedError : see `SessionJobs.start`
        """
        ids = self._session.selection.cluster_ids
        if not ids:
            raise ActionError("No cluster is selected that could be looked at.")
        self._start(ids)

    def group(self, name: str) -> None:
        """Look at the clusters of a group.

        Raises
        ------
        ActionError : none is in it
        PhyMedError : see `SessionJobs.start`
        """
        self._start(reclustered.members(self._session, [name]))

    def show(self, run: Run) -> None:
        """Put the splits of a result among the suggestions, and look at the first of them."""
        window, session = self._window, self._session
        session.pool.submit(
            "splits of a run", lambda: session.suggestions.reclustered.take(run),
            on_done=lambda _none: window.bridge.post(partial(self._look, run)),
        )  # fmt: skip

    def said(self, job: Job) -> str:
        """Return in a sentence what came of a job, "" if it is of another kind."""
        if job.kind.name != reclustered.KIND or job.delivered is None:
            return ""
        facts: dict[str, Any] = dict(job.delivered.facts)
        n, all_ = int(facts.get("n_proposed", 0)), int(facts.get("n_clusters", 0))
        if not n:
            return f"no cluster of {all_:,} looks like several neurons."
        clusters = "1 cluster" if all_ == 1 else f"{all_:,} clusters"
        return f"{n:,} of {clusters} may be several neurons; the splits are among the suggestions (J, Q)."

    def _look(self, run: Run) -> None:
        queue = self._session.suggestions.queue
        first = next((s for s in queue.open if s.source == reclustered.source_of(run.name)), None)
        if first is None:
            self._window.say(
                f"{run.name!r} proposes no split of a cluster that is still there and waits for a decision."
            )
            return
        queue.kinds |= {first.kind}
        queue.go_to(first)
        self._window.suggesting.show()

    def _start(self, cluster_ids: Sequence[int]) -> None:
        self._session.jobs.start(reclustered.KIND, clusters=", ".join(map(str, cluster_ids)))
        self._window.jobs.tool.bring()
