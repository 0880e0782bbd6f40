"""Spikes that the model of their cluster does not explain, and spikes that are more probably of a neighbour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import IntArray
from phy_medicine.curation.groups import NOISE
from phy_medicine.curation.regrouping import plan_reassign
from phy_medicine.session.model_features import ModelFeatures, Progress, model_features
from phy_medicine.session.suppose import Origin

if TYPE_CHECKING:
    from phy_medicine.compute.mixture.uncertain import Uncertain
    from phy_medicine.session.session import Session
    from phy_medicine.session.suppose import Supposition

N_NEAREST = 3
LEAST_SIMILARITY = 0.5
"""Clusters whose templates are less alike than this have no spikes that could be of the other."""


OUTLIERS = "off outliers"
"""What is noted with their split."""
ALIKE = 0.3
"""Uncertain spikes, of the smaller of two clusters, from which on it is said that the two may be one."""
_FEW = 4


def nothing_told(_fraction: float, _message: str) -> None:
    """Tell nobody how far it is."""


@dataclass(frozen=True, slots=True)
class OddSpikes:
    """Outliers of clusters.

    spike_ids : (n,) int64, ascending; clusters : (n,) int64, that they are of
    note : what was found, a sentence for each cluster
    """

    spike_ids: IntArray
    clusters: IntArray
    note: str


def outliers_of(session: Session, cluster_ids: Sequence[int], progress: Progress = nothing_told) -> OddSpikes:
    """Return the outliers of clusters, each by its own model; in a worker.

    Raises
    ------
    ActionError : an unknown cluster
    PhyMedError : too few spikes, or nothing to describe them by
    """
    from phy_medicine.compute.mixture.outliers import find_outliers

    found, notes = [], []
    for i, cluster_id in enumerate(cluster_ids):
        told = _part(progress, i, len(cluster_ids))
        features = model_features(session, [cluster_id], _part(told, 0, 2))
        outliers = find_outliers(features.x, progress=_part(told, 1, 2))
        found.append(features.spike_ids[outliers.rows])
        notes.append(f"Cluster {cluster_id}: {outliers.reason}" if len(cluster_ids) > 1 else _begun(outliers.reason))
    spikes = np.sort(np.concatenate(found))
    return OddSpikes(spikes, session.facts.labels_of(spikes).astype(np.int64), " ".join(notes))


def suppose_outliers(session: Session, found: OddSpikes) -> Supposition:
    """Show the outliers of each cluster as a cluster of their own.

    Raises
    ------
    ActionError : there are none, or the clusters changed meanwhile
    """
    if not len(found.spike_ids):
        raise ActionError(f"There are no outliers. {found.note}")
    clusters, labels = np.unique(found.clusters, return_inverse=True)
    action = session.manager.plan_split(found.spike_ids, labels, note=OUTLIERS)
    names = [f"{c} outliers" for c in clusters.tolist()] + [f"{c} rest" for c in clusters.tolist()]
    return session.suppose.action(action, names, _origin("Outliers", found.note))


@dataclass(frozen=True, slots=True)
class UncertainSpikes:
    """Spikes whose cluster is less than 60 % certain.

    spike_ids : (n,) int64, ascending
    clusters, seconds : (n,) int64, the cluster that each is in, and the most probable other one
    found : probabilities of both, by row
    compared : clusters that were compared; sizes : spikes of each
    """

    spike_ids: IntArray
    clusters: IntArray
    seconds: IntArray
    found: Uncertain
    compared: tuple[int, ...]
    sizes: tuple[int, ...]

    @property
    def flows(self) -> list[tuple[int, int, int, int]]:
        """(from, to, how many of these are more probably there, how many are uncertain), most first."""
        pairs, rows = np.unique(np.stack([self.clusters, self.seconds]), axis=1, return_inverse=True)
        rows = rows.reshape(-1)
        moved = np.bincount(rows, self.found.better, minlength=pairs.shape[1]).astype(int).tolist()
        total = np.bincount(rows, minlength=pairs.shape[1]).tolist()
        found = [(int(a), int(b), n, m) for (a, b), n, m in zip(pairs.T, moved, total, strict=True)]
        return sorted(found, key=lambda flow: (-flow[2], -flow[3], flow[:2]))

    @property
    def note(self) -> str:
        """What was found, in sentences."""
        from phy_medicine.compute.mixture.uncertain import LEAST

        n, better, flows = len(self.spike_ids), int(self.found.better.sum()), self.flows
        listed = ", ".join(f"{a} to {b}: {n:,} of {m:,}" for a, b, n, m in flows[:_FEW])
        more = f", and {len(flows) - _FEW} more" if len(flows) > _FEW else ""
        said = f"{n:,} spike{' is' if n == 1 else 's are'} less than {LEAST:.0%} certain"
        if better:
            said += f", {better:,} of them more probable in another cluster ({listed}{more})"
        return ". ".join([said, *(f"{a} and {b} may be one cluster" for a, b in self.alike)]) + "."

    @property
    def alike(self) -> list[tuple[int, int]]:
        """Pairs of clusters of which the smaller one has so many uncertain spikes that the two may be one."""
        size, counts = dict(zip(self.compared, self.sizes, strict=True)), dict[tuple[int, int], int]()
        for a, b, _, n in self.flows:
            pair = min(a, b), max(a, b)
            counts[pair] = counts.get(pair, 0) + n
        return sorted(pair for pair, n in counts.items() if n > ALIKE * min(size[c] for c in pair))


def neighbours_of(session: Session, cluster_id: int) -> tuple[int, ...]:
    """Return a cluster and at most three with the most similar templates that share channels with it; no noise."""
    from phy_medicine.compute.mixture.neuron import FEWEST

    chosen = [cluster_id]
    for other, similarity in session.similar.template_rows(cluster_id).items():
        if similarity < LEAST_SIMILARITY or len(chosen) > N_NEAREST:
            break
        large = session.manager.assignment.count(other) >= FEWEST
        if large and session.manager.group(other) != NOISE and _have_features(session, [*chosen, other]):
            chosen.append(other)
    return tuple(chosen)


def uncertain_of(
    session: Session, cluster_ids: Sequence[int], progress: Progress = nothing_told
) -> UncertainSpikes:  # fmt: skip
    """Return the uncertain spikes of clusters, of one cluster those of it and of its neighbours; in a worker.

    Of one cluster only spikes that would go from it, or to it.

    Raises
    ------
    ActionError : nothing to compare with
    PhyMedError : too few spikes, or nothing to describe them by
    """
    from phy_medicine.compute.mixture.uncertain import find_uncertain

    compared = tuple(cluster_ids) if len(cluster_ids) > 1 else neighbours_of(session, cluster_ids[0])
    if len(compared) < 2:
        raise ActionError(f"No cluster is similar enough to {compared[0]} for spikes to be of either.")
    features = model_features(session, compared, _part(progress, 0, 2))
    ids = np.array(compared, np.int64)
    labels = np.argmax(features.clusters[:, None] == ids, axis=1)
    found = find_uncertain(features.x, labels, progress=_part(progress, 1, 2))
    if len(cluster_ids) == 1:
        found = found.of((found.groups == 0) | (found.seconds == 0))
    return _named(features, ids, found)


def suppose_reassigned(session: Session, found: UncertainSpikes) -> Supposition:
    """Show the clusters with the spikes that are more probable in another one given to that.

    Raises
    ------
    ActionError : there are none, or the clusters changed meanwhile
    """
    better = found.found.better
    if not better.any():
        raise ActionError(f"No spike is more probable in another cluster. {found.note}")
    action = plan_reassign(session.manager, found.spike_ids[better], found.seconds[better])
    names, moved = [f"{c}'" for c in action.old_ids], {"moved": found.spike_ids[better]}
    return session.suppose.action(action, names, _origin("Reassign", found.note), moved)


def _origin(title: str, reason: str) -> Origin:
    return Origin(reason, lambda _delta: None, title=title, action="what_if")


def _named(features: ModelFeatures, ids: IntArray, found: Uncertain) -> UncertainSpikes:
    return UncertainSpikes(
        features.spike_ids[found.rows], ids[found.groups], ids[found.seconds], found, tuple(ids.tolist()),
        tuple(int((features.clusters == c).sum()) for c in ids),
    )  # fmt: skip


def _have_features(session: Session, cluster_ids: Sequence[int]) -> bool:
    return session.model.features is None or len(session.pairs.sides.shared_channels(cluster_ids)) > 1


def _part(progress: Progress, place: int, n: int) -> Progress:
    """One of n equal parts of the work."""
    return lambda fraction, message: progress((place + min(fraction, 1.0)) / n, message)


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]
