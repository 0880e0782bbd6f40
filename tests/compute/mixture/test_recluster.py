"""Many clusters looked at by a model: the same wherever it is computed, gone on with after an interruption."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.job_context import Cancelled, JobContext
from phy_medicine.compute.mixture import recluster
from phy_medicine.compute.mixture.dataset_features import dataset_features
from phy_medicine.compute.mixture.parts_evidence import PartsEvidence, PartTrains, part_trains
from phy_medicine.compute.mixture.settings import ReclusterSettings
from phy_medicine.compute.mixture.split import split_by_model
from phy_medicine.compute.mixture.split_trains import join_by_trains
from phy_medicine.io.dataset_file import write_dataset
from phy_medicine.io.open_model import open_model

from ..clusters import dask_cluster


@pytest.fixture(scope="module")
def merged(simulated_dataset: Path, tmp_path_factory):
    """A dataset, its description, and clusters of which number 99 is two."""
    model = open_model(simulated_dataset)
    labels = np.array(model.spike_clusters).ravel()
    depths = model.channel_positions[model.template_peak_channels[model.spike_templates], 1]
    mean = {c: depths[labels == c].mean() for c in np.unique(labels) if (labels == c).sum() > 80}
    truth = labels.copy()
    labels[np.isin(labels, [min(mean, key=mean.get), max(mean, key=mean.get)])] = 99
    return model, write_dataset(tmp_path_factory.mktemp("described") / "dataset.json", model), labels, truth


def run(merged, folder: Path, *, cancelled=lambda: False, kept=None, **settings):
    folder.mkdir()
    inputs = {"dataset": merged[1], "clusters": merged[2]}
    said: list[str] = []
    context = JobContext(
        ReclusterSettings(**settings), inputs, folder=folder, kept=kept, cancelled=cancelled,
        send=lambda event, **facts: said.append(facts.get("text", "")),
    )  # fmt: skip
    return recluster.run(context), context, said


@pytest.fixture(scope="module")
def whole(merged, tmp_path_factory):
    """What is found of all clusters in this process."""
    return run(merged, tmp_path_factory.mktemp("here") / "result")[:2]


def same(one, other):
    return one.keys() == other.keys() and all(one[name].tobytes() == other[name].tobytes() for name in one)


def test_a_cluster_that_is_two_is_taken_apart_and_its_spikes_are_those_of_the_two(whole, merged):
    arrays, context = whole
    row = arrays["cluster_ids"].tolist().index(99)
    own = slice(*arrays["first_row"][row : row + 2])
    assert arrays["n_parts"][row] == 2 and arrays["depth"][row] > 0.3 and context.facts["n_proposed"] >= 1
    assert arrays["spike_ids"][own].tolist() == np.flatnonzero(merged[2] == 99).tolist()
    truth, parts = merged[3][arrays["spike_ids"][own]], arrays["parts"][own]
    agree = np.mean((truth == truth.max()) == parts)
    assert max(agree, 1 - agree) > 0.95


def test_what_is_found_of_each_is_what_the_model_says_of_its_features(whole, merged):
    arrays, _ = whole
    model, _, labels, _ = merged
    for row, cluster_id in enumerate(arrays["cluster_ids"].tolist()):
        spikes = np.flatnonzero(labels == cluster_id)
        assert arrays["n_spikes"][row] == len(spikes)
        own = slice(*arrays["first_row"][row : row + 2])
        if len(spikes) < 40:
            assert arrays["n_parts"][row] == 1
            continue
        split = split_by_model(dataset_features(model, spikes, 8).x)
        times = np.asarray(model.spike_samples[spikes], np.int64)
        split, _ = join_by_trains(split, times, model.sample_rate, round(model.duration_s * model.sample_rate))
        assert arrays["n_parts"][row] == len(split.sizes)
        assert arrays["parts"][own].tolist() == (split.labels.tolist() if split.supported else [])


def test_a_cluster_that_cannot_be_looked_at_is_said_and_the_others_go_on(merged, tmp_path):
    model, described, labels, truth = merged
    few = labels.copy()
    few[np.flatnonzero(labels == 99)[:9]] = 100
    arrays, context, _ = run((model, described, few, truth), tmp_path / "r", clusters="99, 100")
    assert arrays["n_parts"].tolist() == [2, 1] and list(context.facts["problems"]) == ["100"]
    assert "9 spikes are too few" in context.facts["problems"]["100"]
    with pytest.raises(PhyMedError, match="9 spikes are too few"):
        run((model, described, few, truth), tmp_path / "alone", clusters="100")
    with pytest.raises(PhyMedError, match=r"There is no cluster 12345\."):
        run(merged, tmp_path / "absent", clusters="12345")


def test_an_interrupted_one_goes_on_and_comes_to_the_same(whole, merged, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    some = lambda: len(list(kept.glob("*.npz"))) >= 2  # noqa: E731
    with pytest.raises(Cancelled):
        run(merged, tmp_path / "first", kept=kept, cancelled=some)
    before = {path: path.stat().st_mtime_ns for path in kept.glob("*.npz")}
    assert 2 <= len(before) < len(whole[0]["cluster_ids"])
    arrays, _, said = run(merged, tmp_path / "second", kept=kept)
    assert same(arrays, whole[0]) and any("before the interruption" in line for line in said)
    assert all(path.stat().st_mtime_ns == mtime for path, mtime in before.items())


def test_a_cluster_that_changed_since_the_interruption_is_looked_at_again(merged, tmp_path):
    model, described, labels, truth = merged
    kept = tmp_path / "kept"
    kept.mkdir()
    run(merged, tmp_path / "first", kept=kept, clusters="99")
    other = labels.copy()
    other[np.flatnonzero(labels == 99)[:50]] = 100
    arrays, _, said = run((model, described, other, truth), tmp_path / "second", kept=kept, clusters="99")
    assert arrays["n_spikes"].tolist() == [np.sum(labels == 99) - 50] and not any("interruption" in s for s in said)


def test_processes_and_a_dask_cluster_come_to_the_same(whole, merged, tmp_path):
    with dask_cluster(1) as address:
        arrays, _, said = run(merged, tmp_path / "dask", executor=f"dask:{address}")
    assert same(arrays, whole[0]) and any("dask at" in line for line in said)


def test_pairs_of_parts_are_counted_and_the_two_most_like_one_neuron_are_told():
    rng = np.random.default_rng(0)
    free = [np.sort(rng.choice(30_000 * 60, 3000, replace=False)) for _ in range(2)]
    # A third that waits for the first, as if both were one neuron.
    third = np.concatenate([free[0][::2] + 300, free[0][::2] - 300])
    near = np.abs(third[:, None] - free[0]).min(axis=1) < 45
    third = np.sort(third[~near & (third >= 0)])
    samples = np.concatenate([*free, third])
    labels = np.repeat([0, 1, 2], [3000, 3000, len(third)])
    order = np.argsort(samples, kind="stable")
    found = part_trains(samples[order], labels[order], 3, 30_000.0, 30_000 * 60)
    assert found.pair == (0, 2) and found.pairs == 0 and found.expected > 10 and found.log_odds < -4
    across = free[1][:, None] - free[0]
    two = part_trains(np.sort(np.concatenate(free)), np.repeat([0, 1], 3000)[np.argsort(np.concatenate(free))], 2,
                      30_000.0, 30_000 * 60)  # fmt: skip
    assert two.pairs == int(((abs(across) > 9) & (abs(across) < 45)).sum()) and two.log_odds > 4


@pytest.mark.parametrize(
    ("trains", "proposed", "words"),
    [
        (PartTrains((0, 1), 20, 20.0, 0.9), True, "split into 2"),
        (PartTrains((0, 1), 0, 20.0, 0.9), False, "not proposed: parts 1 and 2 wait for each other"),
        (PartTrains((0, 1), 20, 20.0, 0.1), False, "not proposed: parts 1 and 2 are there at different times"),
        (PartTrains((0, 1), 0, 0.0, 0.9), True, "split into 2"),
    ],
)
def test_trains_of_one_neuron_speak_against_a_split(trains, proposed, words):
    known = PartsEvidence((600, 400), 0.5, 1234.0, 90, trains)
    assert known.proposed is proposed and known.verdict.startswith(words)
    assert known.gain == pytest.approx(400 * known.probability)
    said = {reason.name: reason.speaks for reason in known.reasons}
    assert said["depth"] == "for" and said["n_uncertain"] == "against"
    assert PartsEvidence((1000,), 0.0, 3.0, 0, PartTrains()).verdict == "no split supported"
    assert PartsEvidence((9,), 0.0, 3.0, 0, PartTrains(), "a and b").verdict == "no split supported: a and b"
