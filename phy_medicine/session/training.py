"""Training on a simulated dataset: the truth is kept aside, and compared with the curation when that is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from phy_medicine.base.types import FloatArray
from phy_medicine.curation.actions import GROUP
from phy_medicine.curation.agreement import agreement_of
from phy_medicine.curation.scoring import (
    Kind,
    LabelCheck,
    Mistake,
    UnitScores,
    check_labels,
    match_units,
    mistakes,
    total_score,
)
from phy_medicine.io.simulate.training import read_mark, read_truth
from phy_medicine.io.viewing_record import read_viewings

if TYPE_CHECKING:
    from phy_medicine.io.simulate.training import Truth
    from phy_medicine.session.session import Session


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """How far a curation agrees with the truth.

    title : which dataset
    before, after : the clusters that the sorter left, and those of now, against the neurons
    peaks_uv : (n_sources,) float64, of each source
    at_start, left : mistakes of the sorter, and those of now
    labels : of the clusters of now
    names : of the sources that are no neurons
    seconds, keys, decisions : what it took, as recorded
    """

    title: str
    before: UnitScores
    after: UnitScores
    peaks_uv: FloatArray
    at_start: tuple[Mistake, ...]
    left: tuple[Mistake, ...]
    labels: tuple[LabelCheck, ...]
    names: dict[int, str]
    seconds: float
    keys: int
    decisions: int

    @property
    def right_labels(self) -> float:
        """Share of the clusters that have the right label."""
        return sum(check.right for check in self.labels) / max(len(self.labels), 1)

    @property
    def score(self) -> float:
        """0 to 100, see `curation.scoring.total_score`."""
        return total_score(self.before.mean, self.after.mean, self.right_labels)

    def done(self, kind: Kind) -> tuple[int, int]:
        """Return how many of the missed merges or splits of the start are done, and how many there were."""
        first, now = (_total(every, kind) for every in (self.at_start, self.left))
        return max(first - now, 0), first

    def made(self, kind: Kind) -> int:
        """Return how many mistakes of a kind there are now."""
        return _total(self.left, kind)

    def name(self, source: int) -> str:
        """Return what a source is called: `neuron 3`, `artifact`, `far-away neurons`."""
        return self.names.get(source, f"neuron {source}")


class Training:
    """The truth of the dataset of a session.

    Raises
    ------
    DatasetError : it was not simulated
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._truth: Truth = read_truth(session.model.dir_path, session.model.n_spikes)
        mark = read_mark(session.model.dir_path)
        self.title = session.name if mark is None else f"{mark['level']}, seed {mark['seed']}"

    def report(self) -> TrainingReport:
        """Compare the clusters of now with the truth."""
        session, truth = self._session, self._truth
        session.record.flush()
        viewings, _ = read_viewings(session.model.dir_path)
        start, now = session.model.spike_templates, session.spike_clusters()
        found = agreement_of(truth.spike_sources, now)
        others = {*truth.artifacts, *truth.far}
        groups = {c: str(g) for c, g in session.manager.labels.values(GROUP).items()}
        return TrainingReport(
            title=self.title,
            before=match_units(agreement_of(truth.spike_sources, start), truth.neurons),
            after=match_units(found, truth.neurons),
            peaks_uv=truth.peaks_uv,
            at_start=mistakes(truth.spike_sources, start, start, others),
            left=mistakes(truth.spike_sources, start, now, others),
            labels=check_labels(found, groups, truth.artifacts, truth.far),
            names={**dict.fromkeys(truth.artifacts, "artifact"), **dict.fromkeys(truth.far, "far-away neurons")},
            seconds=sum(v.seconds for v in viewings),
            keys=sum(v.keys for v in viewings),
            decisions=sum(bool(v.decision) for v in viewings),
        )


def _total(every: Iterable[Mistake], kind: Kind) -> int:
    return sum(mistake.n for mistake in every if mistake.kind == kind)
