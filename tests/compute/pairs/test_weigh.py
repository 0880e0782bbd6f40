"""The evidence of a pair, each source against an obvious version, and known neurons."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.compute.pairs.combine import WEIGHTS, combined, scores
from phy_medicine.compute.pairs.evidence import VALUES, PairEvidence
from phy_medicine.compute.pairs.footprints import Footprint, footprint_cosine, mixed
from phy_medicine.compute.pairs.overlap import lda_error
from phy_medicine.compute.pairs.weigh import PairSide, Recorded, pair_evidence
from tests.compute.sorting.neurons import N_SAMPLES, RATE, neuron_train, poisson_train

RECORDED = Recorded(RATE, N_SAMPLES)


def random_footprint(rng, n_channels=6, n_samples=12):
    channels = np.sort(rng.choice(9, rng.integers(1, n_channels + 1), replace=False))
    return Footprint(channels, rng.normal(size=(n_samples, len(channels))).astype(np.float32))


def dense(footprint, n_samples=12):
    out = np.zeros((n_samples, 9))
    out[:, footprint.channel_ids] = footprint.waveform
    return out


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.integers(0, 5))
def test_the_cosine_is_the_largest_of_all_lags(seed, max_lag):
    rng = np.random.default_rng(seed)
    first, second = random_footprint(rng), random_footprint(rng)
    a, b = dense(first), np.pad(dense(second), ((max_lag, max_lag), (0, 0)))
    of_lag = {lag: (a * b[max_lag + lag : max_lag + lag + 12]).sum() for lag in range(-max_lag, max_lag + 1)}
    value, lag = footprint_cosine(first, second, max_lag)
    norms = np.linalg.norm(dense(first)) * np.linalg.norm(dense(second))
    assert value == pytest.approx(max(of_lag.values()) / norms, abs=1e-5)
    assert of_lag[lag] == pytest.approx(max(of_lag.values()), abs=1e-4)


def test_the_lag_says_how_much_later_the_second_has_the_waveform():
    wave = np.zeros((20, 1), np.float32)
    wave[5], wave[7] = -3, 2
    later = np.roll(wave, 4, axis=0)
    assert footprint_cosine(Footprint(np.array([2]), wave), Footprint(np.array([2]), later), 6) == (pytest.approx(1), 4)


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_a_mixture_is_the_sum_of_its_parts(seed):
    rng = np.random.default_rng(seed)
    parts, shares = [random_footprint(rng) for _ in range(3)], rng.random(3)
    expected = sum(share * dense(part) for share, part in zip(shares, parts, strict=True))
    assert dense(mixed(parts, shares)) == pytest.approx(expected, abs=1e-5)


def slow_lda_error(first, second):
    """Fisher's axis of every other spike, written out, for the ones between."""
    wrong = []
    for k in (0, 1):
        a, b = (np.asarray(s[k::2], float).reshape(len(s[k::2]), -1) for s in (first, second))
        seen = [np.asarray(s[1 - k :: 2], float).reshape(len(s[1 - k :: 2]), -1) for s in (first, second)]
        within = ((len(a) - 1) * np.cov(a.T) + (len(b) - 1) * np.cov(b.T)) / (len(a) + len(b) - 2)
        axis = np.linalg.inv(within + 1e-3 * np.trace(within) / len(within) * np.eye(len(within))) @ (
            a.mean(0) - b.mean(0)
        )
        middle = (a.mean(0) + b.mean(0)) @ axis / 2
        wrong.append((np.mean(seen[0] @ axis < middle) + np.mean(seen[1] @ axis > middle)) / 2)
    return min(np.mean(wrong), 0.5)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(10, 60), st.integers(10, 60))
def test_the_error_is_that_of_spikes_that_were_not_learnt(seed, n_first, n_second):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(n_first, 2, 2)), rng.normal(1, 1.5, size=(n_second, 2, 2))
    assert lda_error(first, second) == pytest.approx(slow_lda_error(first, second), abs=1e-9)


def test_one_cloud_has_an_error_of_a_half_also_in_many_dimensions():
    rng = np.random.default_rng(1)
    assert lda_error(rng.normal(size=(400, 48)), rng.normal(size=(300, 48))) == pytest.approx(0.5, abs=0.05)
    assert lda_error(rng.normal(size=(400, 4)), rng.normal(8, size=(300, 4))) == 0
    assert isnan(lda_error(np.ones((9, 2)), np.ones((50, 2))))


def test_parts_of_one_neuron_are_refractory_together_and_two_neurons_are_not():
    rng = np.random.default_rng(2)
    train, other = neuron_train(rng, 20), poisson_train(rng, 20)
    half = rng.random(len(train)) < 0.5
    one = pair_evidence(PairSide(train[half]), PairSide(train[~half]), RECORDED)
    two = pair_evidence(PairSide(train), PairSide(other), RECORDED)
    assert one.dip == 0 and one.dip_upper < 0.15 and one.contamination_gain == pytest.approx(0, abs=1e-9)
    assert two.dip == pytest.approx(1, abs=0.2) and two.dip_lower < two.dip < two.dip_upper
    assert two.contamination_gain > 0.2
    assert one.n_spikes == (half.sum(), (~half).sum())


def test_spikes_found_twice_coincide_and_clusters_of_other_times_do_not_meet():
    rng = np.random.default_rng(3)
    train = poisson_train(rng, 10)
    twice = pair_evidence(PairSide(train), PairSide(train[::2] + 3), RECORDED)
    assert twice.coincidence == pytest.approx(1, abs=0.02)
    early, late = train[train < N_SAMPLES // 3], train[train > N_SAMPLES // 2]
    apart = pair_evidence(PairSide(early), PairSide(late), RECORDED)
    assert apart.presence_overlap == 0 and apart.coincidence == 0
    assert isnan(apart.dip) and apart.dip_upper == np.inf


def test_what_is_missing_is_not_known():
    found = pair_evidence(PairSide(np.arange(5)), PairSide(np.zeros(0, np.int64)), RECORDED)
    assert not any(found.known(name) for name in VALUES if name not in ("dip_lower", "dip_upper", "contamination_gain"))


def test_the_combined_number_is_the_weighted_geometric_mean_of_what_is_known():
    evidence = PairEvidence(cosine=0.8, lda_error=0.1, distance_um=25.0)
    assert scores(evidence) == pytest.approx({"template": 0.8, "features": 0.2, "distance": 0.5})
    assert combined(evidence) == pytest.approx((0.8 * 0.2 * 0.5**0.5) ** (1 / 2.5))
    assert combined(evidence, {"template": 1.0, "mine": 3.0}, {"mine": 0.4}) == pytest.approx((0.8 * 0.4**3) ** 0.25)
    assert combined(evidence, {"mine": 1.0}, {"mine": 0.0}) == pytest.approx(0.01)
    assert isnan(combined(evidence, {})) and isnan(combined(PairEvidence()))
    assert combined(evidence, {"template": 1.0, "mine": 3.0}, {"mine": nan}) == pytest.approx(0.8)


def test_a_correlogram_counts_as_much_as_it_can_tell():
    few = PairEvidence(cosine=0.5, dip=0.0, dip_lower=0.0, dip_upper=np.inf)
    some = PairEvidence(cosine=0.5, dip=0.25, dip_lower=0.1, dip_upper=0.6)
    assert combined(few) == pytest.approx(0.5)
    assert combined(some) == pytest.approx((0.5 * 0.75**0.5) ** (1 / 1.5))


def test_what_is_seen_at_another_depth_counts_less():
    still = PairEvidence(cosine=0.2, drift_cosine=0.9, moved_um=0.0)
    moved = PairEvidence(cosine=0.2, drift_cosine=0.9, moved_um=60.0)
    assert combined(still) == pytest.approx((0.2 * 0.9**2) ** (1 / 3)) and combined(moved) == pytest.approx(
        0.9, abs=1e-6
    )


@given(st.dictionaries(st.sampled_from(VALUES), st.floats(-2, 200), max_size=8))
def test_the_combined_number_is_between_none_and_one(values):
    value = combined(PairEvidence(**values), WEIGHTS)
    assert isnan(value) or 0 <= value <= 1
