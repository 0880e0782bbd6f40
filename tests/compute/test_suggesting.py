"""How probable merges, splits and labels are."""

from __future__ import annotations

from dataclasses import replace
from math import inf, log, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.types import IntArray
from phy_medicine.compute.pairs.evidence import PairEvidence
from phy_medicine.compute.pairs.pair_counts import poisson_upper
from phy_medicine.compute.suggesting.labelling import mua, noise
from phy_medicine.compute.suggesting.merging import (
    TERMS,
    WEIGHTS,
    merge_probability,
    merge_terms,
    pairs_of,
    way_of,
)
from phy_medicine.compute.suggesting.probability import MOST, of_two_neurons, probability
from phy_medicine.compute.suggesting.splitting import (
    SpikeSample,
    SplitEvidence,
    find_kinds,
    purer,
    split_probability,
    split_reasons,
    without_trend,
)

RATE = 30_000.0
ONE = PairEvidence(
    n_spikes=(1000, 500), cosine=0.97, lda_error=0.4, dip=0.0, dip_lower=0.0, dip_upper=0.2, coincidence=0.0,
    contamination_gain=0.0, presence_overlap=0.9, amplitude_continuity=0.9, distance_um=3.0,
)  # fmt: skip
TWO = replace(ONE, lda_error=0.01, dip=1.1, dip_lower=0.8, dip_upper=1.5, contamination_gain=0.3)


# The sum of log-odds


def test_probability_of_log_odds() -> None:
    assert probability(0) == 0.5
    assert probability(log(3)) == pytest.approx(0.75)
    assert (probability(1e4), probability(-1e4)) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("pairs", "expected", "sign"), [(0, 10, -1), (10, 10, 1), (0, 0, 0), (3, 0, 0), (5, inf, 0), (0, 3, -1), (3, 3, 1)]
)
def test_too_few_close_pairs_speak_for_one_neuron(pairs: int, expected: float, sign: int) -> None:
    assert np.sign(of_two_neurons(pairs, expected)) == sign


@given(st.integers(0, 1000), st.floats(0, 1e6))
def test_no_thing_alone_says_more_than_the_most(pairs: int, expected: float) -> None:
    assert -MOST <= of_two_neurons(pairs, expected) <= MOST
    assert -MOST <= purer(pairs, pairs // 2, 0.3) <= MOST


# Merges


def test_one_neuron_and_two_are_told_apart() -> None:
    assert merge_probability(ONE) > 0.99
    assert merge_probability(TWO) < 0.01


def test_of_what_is_not_known_nothing_is_said() -> None:
    assert merge_terms(PairEvidence()) == (0.0,) * len(TERMS)
    assert tuple(WEIGHTS) == TERMS


@given(st.integers(0, 300), st.floats(0.5, 200))
def test_pairs_and_those_expected_come_back_from_the_dip_and_its_bound(pairs: int, expected: float) -> None:
    evidence = PairEvidence(dip=pairs / expected, dip_upper=poisson_upper(pairs) / expected)
    assert pairs_of(evidence) == pytest.approx((pairs, expected), rel=0.02)


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_more_alike_the_more_probable(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert merge_probability(replace(ONE, cosine=low)) <= merge_probability(replace(ONE, cosine=high))
    assert merge_probability(replace(TWO, lda_error=low / 2)) <= merge_probability(replace(TWO, lda_error=high / 2))


def test_where_the_tissue_moved_other_features_do_not_speak_against_one_neuron() -> None:
    apart = replace(ONE, lda_error=0.01, drift_cosine=0.99, dip=nan, dip_upper=inf, presence_overlap=0.1)
    assert merge_probability(replace(apart, moved_um=0.0)) < 0.5 < merge_probability(replace(apart, moved_um=40.0))


def test_in_which_way_a_neuron_came_to_be_two_clusters() -> None:
    assert way_of(ONE) == "over-split"
    assert way_of(replace(ONE, presence_overlap=0.05)) == "drift-split"
    assert way_of(replace(ONE, moved_um=25.0)) == "drift-split"
    assert way_of(replace(ONE, coincidence=0.8)) == "duplicate"


# Splits


def _train(rng: np.random.Generator, n: int) -> IntArray:
    """A train of 600 s that waits 2 ms after each spike."""
    gaps = 60 + rng.exponential(600 * RATE / n, n)
    return np.cumsum(gaps).astype(np.int64)


def _sample(rng: np.random.Generator, sizes: tuple[int, ...], apart: float, moves: float = 0.0) -> tuple[
    SpikeSample, IntArray
]:  # fmt: skip
    """Neurons whose features are `apart` standard deviations from each other, and move together."""
    trains = [_train(rng, n) for n in sizes]
    samples = np.concatenate(trains)
    order = np.argsort(samples, kind="stable")
    unit = np.repeat(np.arange(len(sizes)), sizes)[order]
    features = rng.normal(size=(len(samples), 12))
    features[:, 3] += apart * unit
    features[:, 1] += moves * np.sin(2 * np.pi * samples[order] / (300 * RATE))
    amplitudes = rng.normal(10, 1, len(samples))
    return SpikeSample(samples[order], features, amplitudes, len(samples), int(600 * RATE)), unit


def _right(found: np.ndarray, unit: IntArray) -> float:
    same = float((found == unit).mean())
    return max(same, 1 - same)


@pytest.mark.parametrize(("apart", "moves", "least"), [(6.0, 0.0, 0.995), (6.0, 8.0, 0.99), (4.5, 0.0, 0.97)])
def test_two_neurons_are_found_and_told_apart_also_while_they_move(apart: float, moves: float, least: float) -> None:
    sample, unit = _sample(np.random.default_rng(3), (3000, 2000), apart, moves)
    found = find_kinds(sample, RATE)
    assert found is not None
    kinds, evidence = found
    assert kinds.where == "features" and split_probability(evidence) > 0.95
    assert sample.features is not None
    assert _right(kinds.second(kinds.places(sample.features)), unit) > least
    assert evidence.share == pytest.approx(0.4, abs=0.02)
    assert [r.speaks for r in split_reasons(evidence)][:2] == ["for", "for"]


@pytest.mark.parametrize("moves", [0.0, 8.0])
@pytest.mark.parametrize("seed", range(3))
def test_one_neuron_is_not_split_also_while_it_moves(moves: float, seed: int) -> None:
    sample, _ = _sample(np.random.default_rng(seed), (3000,), 0.0, moves)
    found = find_kinds(sample, RATE)
    assert found is None or split_probability(found[1]) < 0.5


def test_one_neuron_whose_bursts_change_shape_is_not_split() -> None:
    """Two kinds of spikes that wait for each other."""
    rng = np.random.default_rng(0)
    samples = _train(rng, 12_000)
    kind = rng.random(len(samples)) < 0.4
    features = rng.normal(size=(len(samples), 6))
    features[:, 0] += 4.2 * kind
    found = find_kinds(SpikeSample(samples, features, None, len(samples), int(600 * RATE)), RATE)
    assert found is not None and found[1].pairs == 0 < found[1].expected
    assert split_probability(found[1]) < 0.5
    assert "wait for each other" in split_reasons(found[1])[-1].text


def test_a_neuron_that_changes_once_is_not_split() -> None:
    evidence = SplitEvidence(1000, 0.4, "features", 0.95, 6.0, 0, 0.0, 0, 0.0, 0.0, together=0.1)
    assert split_probability(evidence) < 0.5 < split_probability(replace(evidence, together=0.9))
    assert "changed" in split_reasons(evidence)[-1].text


def test_spikes_without_features_on_a_channel_do_not_look_like_another_kind() -> None:
    sample, _ = _sample(np.random.default_rng(1), (2000,), 0.0)
    assert sample.features is not None
    features = sample.features + 20.0
    features[::3, 5:] = nan
    found = find_kinds(replace(sample, features=features), RATE)
    assert found is None or split_probability(found[1]) < 0.5


def test_too_few_spikes_are_not_looked_at() -> None:
    sample, _ = _sample(np.random.default_rng(1), (30,), 0.0)
    assert find_kinds(sample, RATE) is None


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=40), st.integers(1, 30))
def test_the_trend_is_the_mean_of_the_spikes_around_each(values: list[float], reach: int) -> None:
    n = len(values)
    near = max(1, min(reach, n // 2))
    slow = [v - np.mean(values[max(i - near, 0) : i + near + 1]) for i, v in enumerate(values)]
    assert without_trend(np.array(values)[:, None], reach=reach)[:, 0] == pytest.approx(slow, abs=1e-9)


def test_pairs_across_two_parts_speak_for_two_neurons_and_within_for_one() -> None:
    assert purer(10, 0, 0.4) > 3 > 0 > purer(5, 5, 0.4)
    assert purer(0, 0, 0.4) == 0


# Labels


def test_noise_is_small_wide_or_slow_and_not_refractory() -> None:
    bad = {"snr": 1.5, "half_width": 0.9, "spread": 130.0, "isi_violations_ratio": 1.0}
    good = {"snr": 9.0, "half_width": 0.2, "spread": 30.0, "isi_violations_ratio": 0.01}
    found = noise(bad, 700, 100.0)
    assert found.probability > 0.95 and found.spikes == 700
    assert [r.name for r in found.reasons] == ["snr", "spread", "half_width", "isi_violations_ratio"]
    assert noise(good, 700, 100.0).probability < 0.01
    assert noise({}, 700, 100.0).probability < 0.05


def test_a_refractory_time_is_not_concluded_from_few_spikes() -> None:
    small = {"snr": 2.5, "isi_violations_ratio": 0.0}
    assert noise(small, 50, 0.3).probability > noise(small, 5000, 50.0).probability


def test_mua_is_contaminated_beyond_chance() -> None:
    found = mua({"contamination_many": 0.5, "isi_violations_count": 90.0}, 1000)
    assert found.probability > 0.9 and found.spikes == 500
    assert mua({"contamination_many": 0.5, "isi_violations_count": 2.0}, 1000).probability < 0.5
    assert mua({"contamination_many": 0.01, "isi_violations_count": 2.0}, 1000).probability < 0.05
    assert mua({}, 1000).spikes == 0
