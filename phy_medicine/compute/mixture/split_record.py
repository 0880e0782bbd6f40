"""An accepted split in the registry of fits: the mixture, the spikes it was fitted to, and the part of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from phy_medicine.base.types import IntArray
from phy_medicine.compute.mixture.experiments import save_experiment
from phy_medicine.compute.mixture.split import ModelSplit

PARTS = "parts"
"""Stem of the file with the part of each fitted spike, which may be several of the mixture's components."""


def save_split(
    root: Path,
    split: ModelSplit,
    spike_ids: IntArray,
    *,
    clusters: Sequence[int],
    new_clusters: Sequence[int] = (),
    channels: Sequence[int] = (),
) -> str:
    """Write a split into the registry in one step, and return the name of its folder.

    Parameters
    ----------
    root : folder of the registry
    spike_ids : (n,), which spikes of a dataset the labels of the split are of
    clusters : that were split; new_clusters : that came of it, of the parts first
    channels : that the features are of

    Raises
    ------
    PhyMedError : the folder cannot be written; nothing is left then
    """
    facts = {
        "clusters": list(map(int, clusters)), "new_clusters": list(map(int, new_clusters)),
        "channels": list(map(int, channels)), "parts": list(split.sizes), "depth": split.depth,
        "log_evidence": split.log_evidence, "uncertain": split.n_uncertain, "n_spikes": len(split.labels),
    }  # fmt: skip
    fit = replace(split.fit, facts=dict(split.fit.facts) | facts)
    parts = "1 part" if len(split.sizes) == 1 else f"{len(split.sizes)} parts"
    return save_experiment(
        root, fit, split.points, name=f"Split of {', '.join(map(str, clusters))} into {parts}",
        spike_ids=np.asarray(spike_ids)[split.fitted], more={PARTS: split.labels[split.fitted]},
    )  # fmt: skip
