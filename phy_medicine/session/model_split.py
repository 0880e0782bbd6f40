"""Split by a model: the parts of clusters by the features of their spikes, seen before the split, and kept with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.log import logger
from phy_medicine.session.suppose import Origin

if TYPE_CHECKING:
    from phy_medicine.compute.mixture.dataset_features import DatasetFeatures
    from phy_medicine.compute.mixture.split import ModelSplit
    from phy_medicine.compute.mixture.split_axes import SplitAxes
    from phy_medicine.compute.mixture.split_trains import Joined
    from phy_medicine.curation.actions import Delta
    from phy_medicine.session.session import Session
    from phy_medicine.session.suppose import Supposition

N_CHANNELS = 8
"""Best channels that features are taken from."""
NOTE = "by a model"
_READ = 0.3

Progress = Callable[[float, str], object]
"""Told how much is done, 0 to 1, and what is going on; what it raises ends the work."""


@dataclass(frozen=True, slots=True)
class FoundParts:
    """The parts of some clusters.

    cluster_ids : clusters whose spikes were put together
    features : of their spikes, without those that have none; split : their parts
    n_without : spikes that have no features, and stay together
    axes : the parts as they are seen from the side that separates them best, of at most 4,000 spikes; None with one
    joined : parts that were taken for one neuron, because of their trains
    """

    cluster_ids: tuple[int, ...]
    features: DatasetFeatures
    split: ModelSplit
    n_without: int
    axes: SplitAxes | None
    joined: tuple[Joined, ...] = ()

    @property
    def supported(self) -> bool:
        """Whether there is more than one part."""
        return self.split.supported

    @property
    def words(self) -> str:
        """What was found, in a sentence or two."""
        reason = self.split.reason
        if self.joined and not self.supported:
            evidence = f"log evidence difference {self.split.log_evidence:+,.0f}"
            reason = f"No split supported ({evidence}): {'; '.join(one.words for one in self.joined)}."
        if not self.n_without:
            return reason
        verb = "has" if self.n_without == 1 else "have"
        return f"{reason} {self.n_without:,} spikes {verb} no features and stay where they are."

    @property
    def evidence(self) -> str:
        """How far apart the parts are and how certain the spikes, beside their sizes."""
        split = self.split
        valley = "Valley" if len(split.sizes) == 2 else "Shallowest valley"
        few = f"{split.n_uncertain:,} spikes below 60%" if split.n_uncertain else "no spike below 60%"
        without = f", {self.n_without:,} without features stay" if self.n_without else ""
        pairs = "; ".join(f"{a:,} and {b:,}" for a, b in (one.sizes for one in self.joined))
        one = f" By their trains one neuron: parts of {pairs} spikes." if self.joined else ""
        return (
            f"{valley} {split.depth:.0%} deep, log evidence {split.log_evidence:+,.0f}, "
            f"certainty {split.certainty.mean():.1%}, {few}{without}.{one}"
        )

    @property
    def note(self) -> str:
        """What is kept with the split, in a few words."""
        return f"{NOTE}: valley {self.split.depth:.0%} deep, log evidence {self.split.log_evidence:+,.0f}"


def find_parts(
    session: Session, cluster_ids: Sequence[int], progress: Progress | None = None, *, by_trains: bool = True
) -> FoundParts:
    """Say of which parts the spikes of clusters are, in any thread; clusters must stay as they are meanwhile.

    by_trains : join parts whose trains are those of one neuron; False: parts by the shapes of the spikes alone

    Raises
    ------
    ActionError : no clusters, or one that does not exist
    PhyMedError : neither features nor a recording, or too few spikes
    """
    from phy_medicine.compute.mixture.dataset_features import dataset_features
    from phy_medicine.compute.mixture.split import split_by_model
    from phy_medicine.compute.mixture.split_axes import axes_of
    from phy_medicine.compute.mixture.split_trains import join_by_trains

    if not cluster_ids:
        raise ActionError("Select the clusters that are to be split.")
    if unknown := [c for c in cluster_ids if not session.facts.contains(c)]:
        raise ActionError(f"There is no cluster {unknown[0]}.")
    told: Progress = progress or (lambda _fraction, _message: None)
    spikes = np.sort(np.concatenate([session.facts.spikes(c) for c in cluster_ids]))
    told(0.0, "Reading features")
    features = dataset_features(
        session.model, spikes, N_CHANNELS, progress=lambda fraction, message: told(_READ * fraction, message)
    )
    split = split_by_model(
        features.x, progress=lambda fraction, message: told(_READ + (1 - _READ) * fraction, message)
    )  # fmt: skip
    joined: tuple[Joined, ...] = ()
    if by_trains:
        model = session.model
        samples = np.asarray(model.spike_samples[features.spike_ids], np.int64)
        split, joined = join_by_trains(split, samples, model.sample_rate, round(model.duration_s * model.sample_rate))
    axes = axes_of(split) if split.supported else None
    return FoundParts(tuple(cluster_ids), features, split, len(spikes) - len(features.spike_ids), axes, joined)


def suppose_parts(session: Session, found: FoundParts) -> Supposition:
    """Show the parts in every view; accepted, they are split as one action, and the fit goes into the registry.

    Raises
    ------
    ActionError : there is one part only
    """
    if not found.supported:
        raise ActionError(found.words)
    origin = Origin(found.evidence, partial(_keep, session, found), found.axes)
    return session.suppose.split(found.features.spike_ids, found.split.labels, note=found.note, origin=origin)


def split_parts(session: Session, found: FoundParts) -> Delta:
    """Split into the parts at once, as one action, and put the fit into the registry; errors as `Session.split`."""
    if not found.supported:
        raise ActionError(found.words)
    delta = session.split(found.features.spike_ids, found.split.labels, note=found.note)
    _keep(session, found, delta)
    return delta


def _keep(session: Session, found: FoundParts, delta: Delta) -> None:
    """Write the fit into the registry of the dataset, in the background: the split is done whatever becomes of it."""
    from phy_medicine.compute.mixture.job import FOLDER
    from phy_medicine.compute.mixture.split_record import save_split

    def told(error: BaseException) -> None:
        logger.warning("The split is done, but its fit was not kept in the registry: %s", error)

    features = found.features
    session.pool.submit(
        ("fit of a split", delta.added),
        partial(
            save_split, session.model.dir_path / ".phy_medicine" / FOLDER, found.split, features.spike_ids,
            clusters=found.cluster_ids, new_clusters=delta.added, channels=features.channel_ids.tolist(),
        ),
        on_error=told,
    )  # fmt: skip
