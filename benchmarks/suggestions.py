"""How good sortings get when suggestions are accepted in order, and how many keys that takes, beside phy's wizard.

python -m benchmarks.suggestions [--seeds 1 2 3 --quick --out result.json]

Simulated recordings with known mistakes (`benchmarks.corrupted`). The accuracy of a neuron is that of SpikeInterface's
comparison with the truth; the gain that can be attained is what is missing to 1. Two curators who know the truth press
keys until a given part of it is reached: one walks through the queue of suggestions, accepts what is right and rejects
the rest, one key each; the other goes as with phy's wizard through the table of clusters and the clusters similar to
each, one key for every step, merge and split, where the split is as good as ours.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.corrupted import Corrupted, corrupted, opened
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.curation.suggestions import SURE, Suggestion
from phy_medicine.io.simulate import SimulationSettings
from phy_medicine.session.session import Session

THRESHOLD = SURE
LEAST_MATCH = 0.5
"""SpikeInterface calls a neuron found from this agreement on; the accuracy of others is 0."""
PURE, PURER = 0.97, 0.01
"""Part of the spikes of one neuron from which a cluster needs no split, and by how much a split must raise it."""
TARGETS = (0.5, 0.8, 0.9, 0.95)
SIMILARITIES = (0.9, 0.8, 0.7, 0.6, 0.4, 0.2)
"""phy's curator looks at clusters down to one of these similarities; the best of them is reported."""


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of recording."""

    channels: int
    units: int
    drift: str
    drift_um: float = 40.0

    @property
    def name(self) -> str:
        """Row of the table."""
        return f"{self.channels} channels, {self.units} neurons, " + (
            f"{self.drift} {self.drift_um:g} µm" if self.drift != "none" else "no drift"
        )

    def settings(self, seed: int) -> SimulationSettings:
        """Return what is simulated."""
        return SimulationSettings(
            channels=self.channels, units=self.units, duration_s=600, drift=self.drift, drift_um=self.drift_um,
            oversplit=0, overmerge=0, raw=False, seed=seed,
        )  # fmt: skip


CASES = (Case(32, 20, "none"), Case(64, 45, "jump"), Case(128, 90, "zigzag"), Case(384, 240, "walk"))


class Truth:
    """Accuracy of clusters against the neurons that the spikes are of.

    units : (n_spikes,) int, neuron of each spike
    """

    def __init__(self, units: IntArray) -> None:
        self.units = np.unique(units, return_inverse=True)[1]
        self._sizes = np.bincount(self.units)

    def accuracies(self, labels: IntArray) -> FloatArray:
        """Return the accuracy of each neuron, (n_units,): common spikes by those of either, of the matched cluster.

        The formula of SpikeInterface's `compare_sorter_to_ground_truth` with the match "hungarian" where both have the
        same spike times.
        """
        n_clusters = int(labels.max()) + 1
        counts = np.bincount(self.units * n_clusters + labels, minlength=len(self._sizes) * n_clusters)
        counts = counts.reshape(-1, n_clusters)
        counts = counts[:, counts.any(axis=0)]
        agreement = counts / (self._sizes[:, None] + counts.sum(axis=0) - counts)
        agreement[agreement < LEAST_MATCH] = 0
        rows, columns = linear_sum_assignment(agreement, maximize=True)
        found = np.zeros(len(self._sizes))
        found[rows] = agreement[rows, columns]
        return found

    def mean(self, labels: IntArray) -> float:
        """Return the mean accuracy of all neurons."""
        return float(self.accuracies(labels).mean())

    def of(self, session: Session, cluster_id: int) -> int:
        """Return the neuron that most spikes of a cluster are of."""
        return int(np.bincount(self.units[session.facts.spikes(cluster_id)]).argmax())

    def purity(self, session: Session, cluster_id: int) -> float:
        """Return the part of the spikes of a cluster that are of that neuron."""
        units = self.units[session.facts.spikes(cluster_id)]
        return float(np.bincount(units).max() / len(units))


@dataclass(slots=True)
class Course:
    """What became of one curation: mean accuracy at first and after each key, how many merges, and how many wrong."""

    accuracy: list[float]
    n_merges: int = 0
    n_wrong: int = 0
    n_splits: int = 0
    seconds: float = 0.0
    left: list[str] = field(default_factory=list)

    @property
    def gain(self) -> float:
        """Part of the attainable gain that was reached."""
        return (self.accuracy[-1] - self.accuracy[0]) / (1 - self.accuracy[0])

    def keys_to(self, part: float) -> int | None:
        """Return after how many keys so large a part of the attainable gain was reached, None for never."""
        wanted = self.accuracy[0] + part * (1 - self.accuracy[0])
        return next((i for i, a in enumerate(self.accuracy) if a >= wanted), None)


def accept_all(session: Session, truth: Truth, threshold: float = THRESHOLD) -> Course:
    """Accept every merge and split of at least this probability in the order of the queue."""
    begin = time.perf_counter()
    course = Course([truth.mean(session.spike_clusters())])
    session.suggestions.compute()
    while (suggestion := _next(session, threshold)) is not None:
        _accept(session, truth, course, suggestion)
        course.accuracy.append(truth.mean(session.spike_clusters()))
    course.seconds = time.perf_counter() - begin
    return course


def walk_queue(session: Session, truth: Truth) -> Course:
    """Accept what is right and reject the rest, one key each."""
    course = Course([truth.mean(session.spike_clusters())])
    session.suggestions.compute()
    while (suggestion := _next(session, 0.0)) is not None:
        if _is_right(session, truth, suggestion):
            _accept(session, truth, course, suggestion)
            course.accuracy.append(truth.mean(session.spike_clusters()))
        else:
            session.suggestions.queue.go_to(suggestion)
            session.suggestions.reject()
            course.accuracy.append(course.accuracy[-1])
    return course


def walk_wizard(session: Session, truth: Truth, least: float) -> Course:
    """Go through the table of clusters, and of each through those similar to it down to a similarity, as in phy.

    `next` and `next_best` are a key each, `merge` and `split` too; after a merge the merged cluster is the best one and
    its similar clusters are begun again. A cluster that is two neurons is split when it is the best one.
    """
    course = Course([truth.mean(session.spike_clusters())])

    def press(*, done: bool = False) -> None:
        course.accuracy.append(truth.mean(session.spike_clusters()) if done else course.accuracy[-1])

    waiting = list(session.cluster_table.visible_ids())
    while waiting:
        best = waiting.pop(0)
        press()  # next_best
        while True:
            parts = _right_parts(session, truth, best)
            if parts is not None:
                delta = session.split(session.facts.spikes(best), parts)
                press(done=True)
                best, *rest = sorted(delta.added, key=lambda c: -len(session.facts.spikes(c)))
                waiting = [*rest, *waiting]
            partner = _wizard_partner(session, truth, best, least, press)
            if partner is None:
                break
            (best,) = session.merge([best, partner]).added
            press(done=True)
            waiting = [c for c in waiting if c != partner]
    return course


def _wizard_partner(session: Session, truth: Truth, best: int, least: float, press: Callable[[], None]) -> int | None:
    """Step through the clusters similar to a cluster, and return the first one that is of the same neuron."""
    for other, similarity in session.similar.template_rows(best).items():
        if similarity < least:
            return None
        press()
        if truth.of(session, other) == truth.of(session, best):
            return other
    return None


def _right_parts(session: Session, truth: Truth, cluster_id: int) -> IntArray | None:
    """The parts that we would suggest, if they are purer by far than the cluster: what a lasso would do in phy."""
    if truth.purity(session, cluster_id) > PURE:
        return None
    session.suggestions.splits.compute([cluster_id])
    parts = session.suggestions.splits.parts(cluster_id)
    if parts is None or len(np.unique(parts)) < 2:
        return None
    units = truth.units[session.facts.spikes(cluster_id)]
    n_right = sum(np.bincount(units[parts == part]).max() for part in np.unique(parts))
    return parts if n_right / len(units) > truth.purity(session, cluster_id) + PURER else None


def _next(session: Session, threshold: float) -> Suggestion | None:
    queue = session.suggestions.queue
    wanted = (s for s in queue.waiting if s.kind in ("merge", "split") and s.confidence >= threshold)
    return next(wanted, None)


def _is_right(session: Session, truth: Truth, suggestion: Suggestion) -> bool:
    if suggestion.kind == "merge":
        a, b = suggestion.cluster_ids
        return truth.of(session, a) == truth.of(session, b)
    return _right_parts(session, truth, suggestion.cluster_ids[0]) is not None


def _accept(session: Session, truth: Truth, course: Course, suggestion: Suggestion) -> None:
    right = _is_right(session, truth, suggestion)
    session.suggestions.queue.go_to(suggestion)
    delta = session.suggestions.accept()
    if suggestion.kind == "merge":
        course.n_merges += 1
        course.n_wrong += not right
    else:
        course.n_splits += 1
    session.suggestions.compute(delta.added)


def courses(data: Corrupted, threshold: float = THRESHOLD) -> Iterator[tuple[str, Course]]:
    """Curate one dataset in every way, each time from the same clusters."""
    truth = Truth(data.units)
    ways: dict[str, Callable[[Session], Course]] = {
        "accepted": lambda s: accept_all(s, truth, threshold),
        "queue": lambda s: walk_queue(s, truth),
        **{f"phy {least:g}": lambda s, least=least: walk_wizard(s, truth, least) for least in SIMILARITIES},  # type: ignore[misc]
    }
    session = opened(data)
    try:
        session.discard_journal()
        for name, way in ways.items():
            yield name, way(session)
            session.jump_to(0)  # what is known of the first clusters holds
    finally:
        session.close()


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--cases", type=int, nargs="+", default=list(range(len(CASES))))
    parser.add_argument("--threshold", type=float, default=THRESHOLD)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    rows = []
    for case in (CASES[i] for i in args.cases):
        for seed in args.seeds:
            with tempfile.TemporaryDirectory() as folder:
                data = corrupted(Path(folder) / "dataset", case.settings(seed))
                found = dict(courses(data, args.threshold))
            rows.append({"case": case.name, "seed": seed, **{name: asdict(course) for name, course in found.items()}})
            print(_line(case, seed, found), flush=True)
    if args.out:
        args.out.write_text(json.dumps(rows))


def _line(case: Case, seed: int, found: dict[str, Course]) -> str:
    accepted, queue = found["accepted"], found["queue"]
    cells = [
        case.name, str(seed), f"{accepted.accuracy[0]:.3f}", f"{accepted.accuracy[-1]:.3f}", f"{accepted.gain:.1%}",
        f"{accepted.n_wrong} of {accepted.n_merges}", str(accepted.n_splits), f"{accepted.seconds:.0f} s",
    ]  # fmt: skip
    for target in TARGETS:
        phy = [n for name, course in found.items() if name.startswith("phy") and (n := course.keys_to(target))]
        cells.append(f"{queue.keys_to(target)} / {min(phy, default=None)}")
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
