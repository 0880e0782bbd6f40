"""The whole of post-processing on a draft with every kind of mistake."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.compute.sorting.postprocess import postprocess
from phy_medicine.compute.sorting.unit import joined
from tests.compute.sorting.neurons import neuron_train, template
from tests.compute.sorting.test_unit_metrics import draft_of


@pytest.fixture(scope="module")
def mistaken():
    """Neurons at channels 0 to 7: one found in two halves, two as one, one twice; and the true trains."""
    rng = np.random.default_rng(0)
    trains = [neuron_train(rng, rate) for rate in (12, 9, 9, 8, 6)]
    waveforms = [template(1), template(4), template(4, width_um=1.7), template(6), template(2, width_um=0.8)]
    half = rng.random(len(trains[0])) < 0.5
    again = trains[3][rng.random(len(trains[3])) < 0.8] + 2
    order = [waveforms[0], waveforms[0], waveforms[1], waveforms[2], waveforms[3], waveforms[3], waveforms[4]]
    draft = draft_of(
        [trains[0][half], trains[0][~half], trains[1], trains[2], trains[3], again, trains[4]],
        [25.0, 25.0, 30.0, 30.0, 25.0, 9.0, 25.0], order,
    )  # fmt: skip
    units = draft.units()
    mixed = joined(units[2], units[3], 0, draft.feature_shapes)
    return draft.with_units([units[6], units[5], mixed, units[1], units[4], units[0]]), trains


def test_every_mistake_is_mended(mistaken):
    draft, trains = mistaken
    told = []
    found, table, suggested = postprocess(draft, progress=lambda fraction, message: told.append(fraction))
    assert table["label"].tolist().count("good") == 5
    assert np.diff(table["depth_um"]).min() >= 0
    accuracy = []
    for train in trains:
        mine = [found.spikes.times[found.spikes.units == k] for k in np.flatnonzero(table["label"] == "good")]
        hits = [np.isin(train, t).sum() for t in mine]
        accuracy.append(max(h / (len(train) + len(t) - h) for h, t in zip(hits, mine, strict=True)))
    assert min(accuracy) > 0.98
    assert suggested == ()
    assert told[0] == 0 and told[-1] == 1 and told == sorted(told)


def test_what_was_done_is_said(mistaken):
    draft, _ = mistaken
    found, table, _ = postprocess(draft)
    reasons = table["reason"].tolist()
    assert sum("joined of" in r for r in reasons) == 1 and sum("taken apart from" in r for r in reasons) == 2
    (duplicate,) = [k for k, r in enumerate(reasons) if "most of its spikes are those of unit" in r]
    of = int(reasons[duplicate].split("unit ")[1].split(";")[0])
    assert table["label"][duplicate] == "noise" and table["label"][of] == "good"
    assert (found.templates[duplicate] * found.templates[of]).sum() > 0.99
    assert (found.spikes.units == duplicate).sum() == table["n_spikes"][duplicate] > 1000


def test_the_same_draft_gives_the_same_result(mistaken):
    first, second = postprocess(mistaken[0]), postprocess(mistaken[0])
    assert all(
        np.array_equal(first[1][name], second[1][name], equal_nan=name not in ("label", "reason")) for name in first[1]
    )
    assert np.array_equal(first[0].spikes.features, second[0].spikes.features)


@settings(max_examples=12)
@given(st.integers(0, 1000), st.integers(1, 5))
def test_spikes_dealt_out_at_random_are_kept_but_for_those_too_close(seed, n_units):
    rng = np.random.default_rng(seed)
    train = neuron_train(rng, 3)[:400]
    labels = rng.integers(0, n_units, len(train))
    draft = draft_of([train[labels == k] for k in range(n_units)], [20.0] * n_units, [template(3)] * n_units)
    found, table, _ = postprocess(draft)
    assert found.spikes.times.tolist() == train.tolist()
    assert table["n_spikes"].sum() == len(train)
    assert found.spikes.features.shape[0] == len(train) == len(found.spikes.gains) == len(found.spikes.residuals)
    assert found.templates.shape[0] == len(table["label"]) == len(found.feature_channels)


def test_a_unit_without_spikes_is_noise():
    train = neuron_train(np.random.default_rng(1), 5)
    empty = np.zeros(0, np.int64)
    _, table, _ = postprocess(draft_of([train, empty], [20.0, 0.0], [template(3), template(5)]))
    assert table["label"].tolist() == ["good", "noise"] and "0.000 Hz" in table["reason"][1]


def test_nothing_found_is_no_error():
    draft = draft_of([np.zeros(0, np.int64)], [0.0], [template(3)])
    empty = replace(draft, templates=draft.templates[:0], feature_channels=draft.feature_channels[:0])
    found, table, suggested = postprocess(empty)
    assert (found, suggested) == (empty, ()) and table["label"].tolist() == table["reason"].tolist() == []


def test_features_may_be_in_files(mistaken, tmp_path):
    draft, _ = mistaken
    given, made = tmp_path / "given.npy", tmp_path / "made.npy"
    np.save(given, draft.spikes.features)
    kept = replace(draft, spikes=replace(draft.spikes, features=np.load(given, mmap_mode="r")))

    def in_a_file(shape):
        return np.lib.format.open_memmap(made, "w+", np.float32, shape)

    found, _, _ = postprocess(kept, empty=in_a_file)
    assert np.array_equal(np.load(made), postprocess(draft)[0].spikes.features)
    assert found.spikes.features.filename == made


def test_what_is_left_of_a_larger_unit_is_found_within_another():
    rng = np.random.default_rng(9)
    large, other = neuron_train(rng, 8), neuron_train(rng, 8)
    left = large[rng.random(len(large)) < 0.5] + 12
    waveforms = [template(1), template(5), template(2, width_um=0.8)[:, ::-1]]
    draft = draft_of([large, other, left], [80.0, 40.0, 12.0], waveforms)
    units = draft.units()
    mixed = joined(units[1], units[2], 0, draft.feature_shapes)
    _, table, _ = postprocess(draft.with_units([units[0], mixed]))
    assert sorted(table["label"].tolist()) == ["good", "good", "noise"]
    noise = int(np.flatnonzero(table["label"] == "noise")[0])
    assert abs(table["n_spikes"][noise] - len(left)) < 60
    of = int(table["reason"][noise].split("unit ")[1].split(";")[0])
    assert table["n_spikes"][of] == len(large)
