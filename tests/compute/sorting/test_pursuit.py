"""The pursuit against a slow, dense one that forms the residual anew in every round."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.sorting import matching
from phy_medicine.compute.sorting.matching import Matcher
from phy_medicine.compute.sorting.priors import Exponential, TruncatedNormal
from phy_medicine.compute.sorting.pursuit import Pursuit, PursuitOptions
from phy_medicine.compute.sorting.scores import Scorer
from phy_medicine.compute.sorting.simulate import add_spikes, simulate
from phy_medicine.compute.sorting.sparse_templates import compress, pair_correlations

PLAIN = PursuitOptions(min_isi=8, n_refinements=0)


def dense_scores(templates, data):
    width = templates.shape[2]
    windows = np.lib.stride_tricks.sliding_window_view(data, width, axis=1)
    return np.einsum("ntd,knd->kt", windows, templates)


def two_probes(seed=0, n_samples=3000, **options):
    """Units of which some share no channel: two simulations, one below the other."""
    parts = [simulate(n_samples, 6, 31, 3, seed=seed + i, **options) for i in range(2)]
    templates = np.zeros((6, 12, 31), np.float32)
    templates[:3, :6], templates[3:, 6:] = parts[0].templates, parts[1].templates
    sparse = compress(templates)
    amplitudes = np.concatenate([p.amplitudes for p in parts])
    amplitudes[:, n_samples - 31 :] = 0
    data = np.random.default_rng(seed).normal(size=(12, n_samples)).astype(np.float32)
    add_spikes(data, sparse.dense(), amplitudes)
    return sparse, amplitudes, data


def as_set(found):
    return set(zip(found.times.tolist(), found.units.tolist(), strict=True))


def plain(pursuit, scores):
    """Spikes and amplitudes as the pursuit finds them, without refinement."""
    from phy_medicine.compute.sorting._kernels_pursuit import pursue_all

    o, none = pursuit.options, (np.zeros((0, 2), np.int64), np.zeros(0), np.zeros((0, 3)))
    board = pursuit.board(scores)
    return pursue_all(board, pursuit.judge, pursuit.links, o.min_isi, o.max_rounds, pursuit.block, *none, 16)[:2]


class SlowPursuit:
    """Rounds of a dense matching pursuit: whatever is best within half a template, of units with common channels."""

    def __init__(self, templates, priors, min_isi):
        self.templates, self.priors, self.min_isi = templates, priors, min_isi
        has = np.abs(templates).max(axis=2) > 0
        self.shares = (has[:, None] & has[None]).any(axis=2)
        self.reach = templates.shape[2] // 2

    def __call__(self, data):
        left, spikes = data.astype(np.float64), []
        while True:
            scores = dense_scores(self.templates, left)
            gains = np.stack([prior.gain(row, 1.0) for prior, row in zip(self.priors, scores, strict=True)])
            for time, k, _ in spikes:
                gains[k, max(0, time - self.min_isi + 1) : time + self.min_isi] = -np.inf
            new = [(t, k) for k, t in np.argwhere(gains > 0).tolist() if self.is_best(gains, k, t)]
            if not new:
                return spikes
            for t, k in new:
                size = float(self.priors[k].amplitude(scores[k, t], 1.0))
                spikes.append((t, k, size))
                left[:, t : t + self.templates.shape[2]] -= size * self.templates[k]

    def is_best(self, gains, k, t):
        low, stop = max(0, t - self.reach), min(gains.shape[1], t + self.reach + 1)
        others = [(-gains[j, u], u, j) for j in np.flatnonzero(self.shares[k]) for u in range(low, stop)]
        return min(others) == (-gains[k, t], t, k)


def greedy(templates, priors, data, min_isi):
    """The plainest pursuit: the one best spike of all, again and again."""
    left, spikes = data.astype(np.float64), []
    while True:
        scores = dense_scores(templates, left)
        gains = np.stack([prior.gain(row, 1.0) for prior, row in zip(priors, scores, strict=True)])
        for time, k, _ in spikes:
            gains[k, max(0, time - min_isi + 1) : time + min_isi] = -np.inf
        k, t = np.unravel_index(gains.argmax(), gains.shape)
        if gains[k, t] <= 0:
            return spikes
        spikes.append((int(t), int(k), float(priors[k].amplitude(scores[k, t], 1.0))))
        left[:, t : t + templates.shape[2]] -= spikes[-1][2] * templates[k]


def test_compressed_templates_lose_little_and_have_norm_one():
    templates = simulate(100, 40, 61, 12, seed=1).templates
    sparse = compress(templates, most_channels=10)
    assert sparse.channels.shape[1] == 10 and len(sparse.basis) >= 6
    np.testing.assert_allclose(sparse.basis @ sparse.basis.T, np.eye(len(sparse.basis)), atol=1e-5)
    for k, channels in enumerate(sparse.channels):
        used = channels[channels >= 0]
        height = np.abs(templates[k]).max(axis=1)
        expected = [n for n in np.argsort(-height, kind="stable")[:10] if height[n] >= 0.03 * height.max()]
        assert used.tolist() == sorted(expected)
        alone = templates[k, used] / np.linalg.norm(templates[k, used])
        assert (sparse.dense()[k, used] * alone).sum() ** 2 >= 0.99
    np.testing.assert_allclose(np.linalg.norm(sparse.dense(), axis=(1, 2)), 1, rtol=1e-5)


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_template_of_nothing_is_refused(value):
    templates = np.ones((2, 3, 9))
    templates[1] = value
    with pytest.raises(PhyMedError, match="Template 1 is empty"):
        compress(templates)


def test_pairs_hold_what_a_spike_adds_to_the_scores_of_others():
    sparse, _, _ = two_probes()
    dense, pairs = sparse.dense(), pair_correlations(sparse)
    for k in range(6):
        data = np.zeros((12, 121))
        data[:, 60:91] = dense[k]
        scores = dense_scores(dense, data)[:, 30:91]
        others = pairs.units[pairs.starts[k] : pairs.starts[k + 1]]
        assert others.tolist() == ([0, 1, 2] if k < 3 else [3, 4, 5])
        np.testing.assert_allclose(pairs.values[pairs.starts[k] : pairs.starts[k + 1]], scores[others], atol=1e-5)


@pytest.mark.parametrize("n_samples", [31, 94, 95, 500])
def test_scores_are_products_with_the_dense_templates(n_samples):
    sparse, _, data = two_probes()
    data = data[:, :n_samples]
    np.testing.assert_allclose(Scorer(sparse)(data), dense_scores(sparse.dense(), data), atol=1e-4)


def test_scores_are_louder_where_the_noise_is_slow():
    sparse, _, _ = two_probes()
    rng = np.random.default_rng(0)
    white = rng.normal(size=(12, 30_000)).astype(np.float32)
    slow = np.stack([np.convolve(row, np.full(9, 1 / 3), "same") for row in white]).astype(np.float32)
    scorer = Scorer(sparse)
    np.testing.assert_allclose(scorer.noise(white), 1, atol=0.05)
    np.testing.assert_allclose(scorer.noise(slow), scorer(slow).std(axis=1), rtol=0.05)
    assert (scorer.noise(slow) > 1.5).all()


def test_units_may_have_noise_of_their_own():
    sparse, _, data = two_probes()
    priors = [TruncatedNormal(15.0, 9.0, 0.003)] * 6
    quiet, loud = (Matcher(sparse, priors, noise_std=std).find(data) for std in (1.0, 3.0))
    mixed = Matcher(sparse, priors, noise_std=np.array([1.0, 1, 1, 3, 3, 3])).find(data)
    for units, same in ((range(3), quiet), (range(3, 6), loud)):
        assert {p for p in as_set(mixed) if p[1] in units} == {p for p in as_set(same) if p[1] in units}
    assert len(loud.times) < len(quiet.times)


def test_data_shorter_than_a_template_have_no_scores_nor_spikes():
    sparse, _, data = two_probes()
    assert Scorer(sparse)(data[:, :30]).shape == (6, 0)
    assert as_set(Matcher(sparse, [Exponential(5.0)] * 6).find(data[:, :30])) == set()


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), normal=st.booleans())
def test_spikes_and_amplitudes_are_those_of_the_dense_pursuit(seed, normal):
    sparse, _, data = two_probes(seed, 400, rate_hz=25.0)
    priors = [TruncatedNormal(15.0, 9.0, 0.01) if normal else Exponential(3.0, 0.01)] * 6
    spikes, amplitudes = plain(Pursuit(sparse, priors, options=PLAIN), Scorer(sparse)(data))
    expected = sorted(SlowPursuit(sparse.dense(), priors, 8)(data))
    assert len(expected) > 5
    assert sorted(zip(*spikes.T.tolist(), strict=True)) == [(t, k) for t, k, _ in expected]
    order = np.lexsort(spikes.T[::-1])
    np.testing.assert_allclose(amplitudes[order], [a for *_, a in expected], rtol=1e-3, atol=1e-3)


def test_on_spikes_that_hardly_overlap_it_is_the_plainest_pursuit():
    sparse, amplitudes, _ = two_probes(3, 2500)
    priors = [TruncatedNormal(15.0, 9.0, 0.003)] * 6
    units, times = np.nonzero(amplitudes)
    some = np.argsort(times, kind="stable")[::2]
    kept = np.zeros_like(amplitudes)
    kept[units[some], times[some]] = amplitudes[units[some], times[some]]
    data = np.random.default_rng(5).normal(size=(12, 2500)).astype(np.float32)
    add_spikes(data, sparse.dense(), kept)
    spikes, _ = plain(Pursuit(sparse, priors, options=PLAIN), Scorer(sparse)(data))
    expected = {(t, k) for t, k, _ in greedy(sparse.dense(), priors, data, 8)}
    found = set(map(tuple, spikes.tolist()))
    assert len(found & expected) >= 0.95 * len(found | expected)


def test_amplitudes_of_overlapping_spikes_solve_the_joint_equations():
    sparse, _, data = two_probes(1, rate_hz=25.0)
    prior = TruncatedNormal(15.0, 9.0, 0.01)
    options = PursuitOptions(n_sweeps=500, tolerance=1e-9)
    found = Pursuit(sparse, [prior] * 6, options=options)(Scorer(sparse)(data))
    columns = np.zeros((found.times.size, *data.shape))
    for column, t, k in zip(columns, found.times, found.units, strict=True):
        column[:, t : t + 31] = sparse.dense()[k]
    columns = columns.reshape(len(columns), -1)
    overlap, scores = columns @ columns.T, columns @ data.ravel()
    expected = np.linalg.solve(overlap + np.eye(len(scores)) / 9.0**2, scores + 15.0 / 9.0**2)
    assert ((np.abs(overlap) > 0.05).sum(axis=1) > 1).mean() > 0.3
    np.testing.assert_allclose(found.amplitudes, expected, atol=2e-3)
    left = scores - overlap @ found.amplitudes + found.amplitudes
    np.testing.assert_allclose(found.gains, prior.gain(left, 1.0), atol=0.05)
    assert (found.gains > 0).all()
    residual = data.ravel() - found.amplitudes @ columns
    assert np.sum(data**2) - found.explained.sum() == pytest.approx(np.sum(residual**2), rel=1e-5)


def test_a_unit_is_silent_for_the_refractory_period_only():
    sparse, _, _ = two_probes()
    data = np.zeros((12, 300), np.float32)
    amplitudes = np.zeros((6, 300), np.float32)
    amplitudes[1, [50, 70]] = 20, 15
    add_spikes(data, sparse.dense(), amplitudes)
    priors = [TruncatedNormal(15.0, 9.0, 0.001)] * 6
    both = Matcher(sparse, priors, options=PursuitOptions(min_isi=20)).find(data)
    assert [(t, k) for t, k in sorted(as_set(both)) if k == 1] == [(50, 1), (70, 1)]
    one = Matcher(sparse, priors, options=PursuitOptions(min_isi=21)).find(data)
    assert np.diff(one.times[one.units == 1]).min() >= 21


def test_refinement_explains_more_and_never_breaks_the_refractory_rule():
    sparse, amplitudes, data = two_probes(8, rate_hz=15.0)
    priors = [TruncatedNormal(15.0, 9.0, 0.01)] * 6

    def posterior(found):
        left = np.array(data)
        dense = np.zeros_like(amplitudes)
        dense[found.units, found.times] = found.amplitudes
        add_spikes(left, -sparse.dense(), dense)
        prior = -((found.amplitudes - 15.0) ** 2) / (2 * 81.0)
        return -np.sum(left**2) / 2 + prior.sum() - len(prior) * (np.log(99) + np.log(9.0))

    found = [Matcher(sparse, priors, options=PursuitOptions(n_refinements=n)).find(data) for n in (0, 2)]
    assert posterior(found[1]) > posterior(found[0])
    for k in range(6):
        assert np.diff(found[1].times[found[1].units == k]).min(initial=99) >= 21
    order = np.lexsort((found[1].units, found[1].times))
    np.testing.assert_array_equal(order, np.arange(order.size))


def test_more_spikes_than_there_is_room_for_at_first_change_nothing(monkeypatch):
    from phy_medicine.compute.sorting import pursuit

    sparse, _, data = two_probes(2, rate_hz=15.0)
    priors = [TruncatedNormal(15.0, 9.0, 0.01)] * 6
    expected = Matcher(sparse, priors).find(data)
    monkeypatch.setattr(pursuit, "ROOM", 1)
    found = Matcher(sparse, priors).find(data)
    np.testing.assert_array_equal(found.times, expected.times)
    np.testing.assert_array_equal(found.amplitudes, expected.amplitudes)


@pytest.mark.parametrize(("batch", "piece", "n_threads"), [(15_000, 4000, 1), (60_000, 30_000, 2)])
def test_spikes_do_not_depend_on_the_stretches_nor_on_the_threads(batch, piece, n_threads, monkeypatch):
    sparse, _, data = two_probes(4, 120_000, rate_hz=4.0)
    matcher = Matcher(sparse, [TruncatedNormal(15.0, 9.0, 0.003)] * 6)
    names = set()

    def read(start, stop):
        names.add(threading.current_thread().name)
        assert 0 <= start < stop <= 120_000
        return data[:, start:stop]

    told = []
    expected = matcher.match(read, 120_000, batch_samples=30_000)
    monkeypatch.setattr(matching, "PIECE_SCORES", 6 * piece)
    found = matcher.match(read, 120_000, batch_samples=batch, n_threads=n_threads, progress=told.append)
    both, either = (len(f(as_set(expected.spikes), as_set(found.spikes))) for f in (set.__and__, set.__or__))
    assert both >= 0.999 * either and both > 1000
    assert (np.diff(found.spikes.times) >= 0).all()
    assert told[-1] == 1.0 and told == sorted(told)
    assert len(names) >= n_threads
    assert found.log_likelihood() == pytest.approx(expected.log_likelihood(), abs=1e-5)


def test_the_likelihood_needs_no_residual():
    sparse, _, data = two_probes(4, 10_000)
    matcher = Matcher(sparse, [TruncatedNormal(15.0, 9.0, 0.005)] * 6)
    found = matcher.match(lambda a, b: data[:, a:b], 10_000, batch_samples=3000)
    left, dense = np.array(data), np.zeros((6, 10_000), np.float32)
    dense[found.spikes.units, found.spikes.times] = found.spikes.amplitudes
    add_spikes(left, -sparse.dense(), dense)
    expected = -0.5 * np.log(2 * np.pi) - np.mean(left**2) / 2
    assert found.log_likelihood() == pytest.approx(expected, abs=1e-5)


def test_progress_may_end_the_work():
    sparse, _, data = two_probes()

    def stop(fraction):
        raise KeyboardInterrupt

    for n_threads in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            matcher = Matcher(sparse, [Exponential(5.0)] * 6)
            matcher.match(lambda a, b: data[:, a:b], 3000, batch_samples=500, n_threads=n_threads, progress=stop)


def test_what_cannot_be_matched_is_refused():
    sparse, _, data = two_probes()
    with pytest.raises(PhyMedError, match="5 priors for 6 units"):
        Matcher(sparse, [Exponential(5.0)] * 5)
    with pytest.raises(PhyMedError, match="between 1 and 31 samples apart, not 32"):
        Matcher(sparse, [Exponential(5.0)] * 6, options=PursuitOptions(min_isi=32))
    matcher = Matcher(sparse, [Exponential(5.0)] * 6)
    with pytest.raises(PhyMedError, match="shorter than a template"):
        matcher.match(lambda a, b: data[:, a:b], 3000, batch_samples=30)
    data[3, 1200] = np.nan
    with pytest.raises(PhyMedError, match="between samples 1,000 and 2,000"):
        matcher.match(lambda a, b: data[:, a:b], 3000, batch_samples=1000)


def test_templates_have_the_lowest_rank_that_loses_little_enough():
    rng = np.random.default_rng(0)
    left, _ = np.linalg.qr(rng.normal(size=(8, 3)))
    right, _ = np.linalg.qr(rng.normal(size=(31, 3)))
    template = (left * np.sqrt([0.9, 0.08, 0.02])) @ right.T

    def ranks(**options):
        sparse = compress(np.stack([template, template]), least_share=0.0, **options)
        return np.linalg.matrix_rank(sparse.full_weights(), tol=1e-4).tolist()

    assert ranks() == [3, 3]
    assert ranks(rank=2) == [2, 2]
    assert ranks(most_lost=0.15) == [1, 1]
    assert ranks(most_lost=np.array([0.05, 0.15])) == [2, 1]


def test_units_without_a_common_channel_are_no_neighbours_however_many_channels_there_is_room_for():
    templates = np.zeros((2, 40, 31), np.float32)
    parts = simulate(100, 6, 31, 2, seed=4).templates
    templates[0, 3:9], templates[1, 30:36] = parts
    sparse = compress(templates, most_channels=30, least_share=0.0)
    assert [row[row >= 0].tolist() for row in sparse.channels] == [list(range(3, 9)), list(range(30, 36))]
    assert pair_correlations(sparse).units.tolist() == [0, 1]
