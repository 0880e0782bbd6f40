"""One cluster of a dataset taken apart by a model: a piece of the job "recluster", done in any process."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import DatasetError, PhyMedError
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.mixture.dataset_features import dataset_features
from phy_medicine.compute.mixture.parts_evidence import PartsEvidence, PartTrains, part_trains
from phy_medicine.compute.mixture.settings import ReclusterSettings
from phy_medicine.compute.mixture.split import split_by_model
from phy_medicine.compute.mixture.split_trains import join_by_trains
from phy_medicine.compute.mixture.spread import check
from phy_medicine.compute.pipeline.task import one_thread
from phy_medicine.io.dataset_file import open_dataset
from phy_medicine.io.model import Model


@dataclass(frozen=True, slots=True)
class ClusterTask:
    """What a worker is told.

    dataset : description that `io.dataset_file` wrote
    spikes : `.npy` file of the spikes of all clusters; rows : those of this one in it
    part : file of the result; cancel : file at whose sight the work ends
    """

    cluster_id: int
    dataset: str
    spikes: str
    rows: tuple[int, int]
    settings: ReclusterSettings
    seed: int
    part: str
    cancel: str

    def __str__(self) -> str:
        return f"Cluster {self.cluster_id}"


@dataclass(frozen=True, slots=True)
class ClusterParts:
    """What came of a cluster.

    labels : (n_spikes,) int32, the part of each spike, spikes ascending, 0 the largest, with those without features
    certainty : (n_spikes,) float32, 0 of spikes without features
    evidence : what speaks for the parts
    problem : why the cluster could not be looked at, a sentence
    source : what features they are
    """

    labels: IntArray
    certainty: FloatArray
    evidence: PartsEvidence
    problem: str = ""
    source: str = ""

    def write(self, path: Path) -> None:
        """Write it in one step."""
        known, trains = self.evidence, self.evidence.trains
        facts = {
            "sizes": known.sizes, "depth": known.depth, "log_evidence": known.log_evidence,
            "n_uncertain": known.n_uncertain, "pair": trains.pair, "pairs": trains.pairs, "expected": trains.expected,
            "together": trains.together, "problem": self.problem, "source": self.source,
            "joined": known.joined,
        }  # fmt: skip
        draft = path.with_name(f".{path.stem}.{os.getpid()}.{time.monotonic_ns()}.part")
        try:
            with draft.open("wb") as file:
                np.savez(file, labels=self.labels, certainty=self.certainty, facts=np.array(json.dumps(facts)))
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    @classmethod
    def read(cls, path: Path) -> ClusterParts:
        """Read what `write` wrote."""
        with np.load(path, allow_pickle=False) as file:
            labels, certainty, facts = file["labels"], file["certainty"], json.loads(str(file["facts"]))
        trains = PartTrains(tuple(facts["pair"]), facts["pairs"], facts["expected"], facts["together"])
        evidence = PartsEvidence(
            tuple(facts["sizes"]), facts["depth"], facts["log_evidence"], facts["n_uncertain"], trains,
            facts["joined"],
        )  # fmt: skip
        return cls(labels, certainty, evidence, facts["problem"], facts["source"])


def split_cluster(task: ClusterTask) -> str:
    """Take a cluster apart, and return the file of what came of it.

    Raises
    ------
    Cancelled : the work is to end
    DatasetError : the dataset cannot be read, or changed
    """
    check(task.cancel)
    with one_thread():  # the same result whatever the number of processors
        found = _looked_at(task, _opened(task.dataset, Path(task.dataset).stat().st_mtime_ns))
    check(task.cancel)
    found.write(Path(task.part))
    return task.part


@lru_cache(maxsize=1)
def _opened(dataset: str, _mtime: int) -> Model:
    """The dataset, opened once in each process."""
    return open_dataset(Path(dataset))


def _looked_at(task: ClusterTask, model: Model) -> ClusterParts:
    first, stop = task.rows
    spikes = np.array(np.load(task.spikes, mmap_mode="r", allow_pickle=False)[first:stop], np.int64)
    settings = task.settings
    whole = np.zeros(len(spikes), np.int32)
    try:
        found = dataset_features(
            model, spikes, settings.best_channels, seed=task.seed, progress=lambda *_: check(task.cancel)
        )
        split = split_by_model(
            found.x, model=settings.model.upper(), truncation_level=settings.components,
            least_depth=settings.least_depth, most_fitted=settings.most_spikes, seed=task.seed,
            progress=lambda *_: check(task.cancel),
        )  # fmt: skip
    except DatasetError:
        raise
    except PhyMedError as error:
        one = PartsEvidence((len(spikes),), 0.0, 0.0, 0, PartTrains())
        return ClusterParts(whole, np.zeros(len(spikes), np.float32), one, str(error))
    samples, duration = _samples(model, found.spike_ids), round(model.duration_s * model.sample_rate)
    split, joined = join_by_trains(split, samples, model.sample_rate, duration)
    places = np.searchsorted(spikes, found.spike_ids)
    labels, certainty = whole, np.zeros(len(spikes), np.float32)
    labels[places], certainty[places] = split.labels, split.certainty
    n_parts = len(split.sizes)
    trains = part_trains(_samples(model, spikes), labels, n_parts, model.sample_rate, duration)
    sizes = tuple(np.bincount(labels, minlength=n_parts).tolist())
    words = "; ".join(one.words for one in joined)
    known = PartsEvidence(sizes, split.depth, split.log_evidence, split.n_uncertain, trains, words)
    return ClusterParts(labels, certainty, known, source=found.source)


def _samples(model: Model, spikes: IntArray) -> IntArray:
    return np.asarray(model.spike_samples[spikes], np.int64)
