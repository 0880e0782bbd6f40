"""The pursuit on a device of torch finds what the compiled one finds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.compute.sorting import matching
from phy_medicine.compute.sorting.matching import Matcher
from phy_medicine.compute.sorting.priors import TruncatedNormal
from phy_medicine.compute.sorting.pursuit import PursuitOptions
from phy_medicine.compute.sorting.scores import Scorer
from phy_medicine.compute.sorting.simulate import simulate
from phy_medicine.compute.sorting.sparse_templates import compress
from phy_medicine.compute.sorting.torch_matching import TorchMatcher
from phy_medicine.compute.sorting.torch_pursuit import TorchPursuit
from phy_medicine.compute.sorting.torch_rows import median, subtract_rows
from phy_medicine.compute.sorting.torch_scores import TorchScorer

WIDTH = 41


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def crowded(seed, n_units=12, n_channels=24, n_samples=6000, **options):
    """Data in which most spikes overlap others: 100 spikes a second of each unit."""
    return simulate(
        n_samples, n_channels, WIDTH, n_units, seed=seed, sample_rate=30_000.0, rate_hz=100.0, mean_amplitude=18.0,
        **options,
    )  # fmt: skip


def matcher_of(sim, **options):
    prior = TruncatedNormal(18.0, 10.0, 0.002)
    n_units = len(sim.templates)
    return Matcher(compress(sim.templates), [prior] * n_units, options=PursuitOptions(min_isi=15, **options))


def as_set(found):
    return set(zip(found.times.tolist(), found.units.tolist(), strict=True))


def assert_same(one, other):
    assert as_set(one) == as_set(other)
    np.testing.assert_allclose(one.amplitudes, other.amplitudes, rtol=1e-3)
    np.testing.assert_allclose(one.taps, other.taps, atol=1e-3)
    np.testing.assert_allclose(one.gains, other.gains, rtol=1e-3, atol=0.01)
    np.testing.assert_allclose(one.explained, other.explained, rtol=1e-3, atol=0.1)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("between_from", [np.inf, 10.0])
def test_pieces_side_by_side_give_the_spikes_of_each_alone(seed, between_from):
    sim = crowded(seed)
    matcher = matcher_of(sim, between_from=between_from)
    cuts = [(0, 2000), (2000, 2000 + WIDTH), (2041, 2041 + WIDTH - 1), (2100, 6000)]
    scores = [Scorer(matcher.templates)(sim.data[:, a:b]) for a, b in cuts]
    pursuit = TorchPursuit(matcher.pursuit, "cpu")
    board = pursuit.board([torch.as_tensor(part.copy()) for part in scores])
    found = pursuit(board)
    piece = board.piece_of(found.times)
    assert len(found.times) > 150
    for number, part in enumerate(scores):
        start, stop = int(board.starts[number]), int(board.starts[number]) + part.shape[1]
        assert_same(matcher.pursuit(part), found.part(piece == number).later(-start))
        np.testing.assert_allclose(board.scores[:, start:stop], part, atol=1e-3)


def test_a_crowd_of_similar_units_is_told_apart_in_the_same_way():
    sim = crowded(3, n_units=20, n_channels=8, n_samples=4000)
    matcher = matcher_of(sim, between_from=8.0)
    (found, decoys), (again, _) = TorchMatcher(matcher, "cpu").find([torch.as_tensor(sim.data)] * 2)
    expected = np.zeros(20, np.int64)
    assert_same(matcher.find_all(sim.data, decoys=expected), found)
    assert decoys.tolist() == expected.tolist()
    assert_same(found, again)


@pytest.mark.parametrize(("n_units", "n_channels"), [(1, 1), (1, 6), (3, 1)])
def test_one_unit_and_one_channel_are_enough(n_units, n_channels):
    sim = crowded(1, n_units=n_units, n_channels=n_channels, n_samples=3000)
    matcher = matcher_of(sim)
    ((found, _),) = TorchMatcher(matcher, "cpu").find([torch.as_tensor(sim.data)])
    assert len(found.times) > 2
    assert_same(matcher.find_all(sim.data), found)


@pytest.mark.parametrize("n_samples", [0, WIDTH - 1, WIDTH, 500])
def test_data_without_spikes_have_none(n_samples):
    matcher = matcher_of(crowded(0))
    ((found, decoys),) = TorchMatcher(matcher, "cpu").find([torch.zeros((24, n_samples))])
    assert len(found.times) == 0 and not decoys.any()


def test_where_data_are_cut_the_spikes_are_those_of_the_compiled_pieces(monkeypatch):
    monkeypatch.setattr(matching, "PIECE_SCORES", 12_000)
    sim = crowded(2, n_samples=9000)
    matcher = matcher_of(sim)
    assert len(matching.pieces(WIDTH, 12, 0, None, 9000)) == 9
    ((found, _),) = TorchMatcher(matcher, "cpu").find([torch.as_tensor(sim.data)])
    assert_same(matcher.find_all(sim.data), found)


@pytest.mark.parametrize("n_samples", [WIDTH, 100, 64 + WIDTH - 1, 1000])
def test_scores_are_those_of_the_compiled_loops(n_samples):
    sim = crowded(0, n_units=40, n_channels=6)
    sparse, data = compress(sim.templates, rank=4), sim.data[:, :n_samples]
    expected = Scorer(sparse)(data)
    scores = TorchScorer(sparse, "cpu")(torch.as_tensor(data))
    np.testing.assert_allclose(scores, expected, atol=3e-4)
    np.testing.assert_allclose(TorchScorer(sparse, "cpu").noise(torch.as_tensor(data)), Scorer(sparse).noise(data),
                               rtol=1e-4)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 40), max_size=30), st.integers(1, 9), st.integers(0, 99))
def test_rows_that_overlap_are_all_subtracted(starts, length, seed):
    rng = np.random.default_rng(seed)
    # Of whole numbers the sums are exact, whatever the order.
    values = rng.integers(-9, 9, (len(starts), length)).astype(np.float32)
    expected = np.zeros(50, np.float32)
    for start, row in zip(starts, values, strict=True):
        expected[start : start + length] -= row
    flat = torch.zeros(50)
    subtract_rows(flat, torch.tensor(starts, dtype=torch.int64), torch.as_tensor(values))
    assert flat.tolist() == expected.tolist()


@pytest.mark.parametrize("n", [1, 2, 7, 8])
def test_the_median_is_that_of_numpy(n):
    values = np.random.default_rng(n).normal(size=(3, n)).astype(np.float32)
    np.testing.assert_allclose(median(torch.as_tensor(values)), np.median(values, axis=1), rtol=1e-6)
