"""The reference solver: each step against loops, both forms against each other, and what it finds."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.sorting.evaluate import Spikes, evaluate
from phy_medicine.compute.sorting.priors import Exponential, TruncatedNormal
from phy_medicine.compute.sorting.simulate import random_templates, simulate

torch = pytest.importorskip("torch")

from phy_medicine.compute.sorting import dense, low_rank  # noqa: E402
from phy_medicine.compute.sorting.convolution import convolve, correlate  # noqa: E402
from phy_medicine.compute.sorting.initialise import fix_gauge, initial_templates, joint_amplitudes  # noqa: E402
from phy_medicine.compute.sorting.reference import Options, map_estimate, map_estimate_fast  # noqa: E402

FORMS = [map_estimate, map_estimate_fast]
METHODS = ["conv1d", "fft"]


@pytest.fixture(autouse=True)
def one_thread():
    """On few processors threads cost these sizes more than they bring."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tensors(*arrays):
    return tuple(torch.as_tensor(np.array(a)) for a in arrays)


def slow_convolve(templates, amplitudes):
    n_units, n_channels, _ = templates.shape
    out = np.zeros((n_channels, amplitudes.shape[1]))
    for k in range(n_units):
        for n in range(n_channels):
            out[n] += np.convolve(amplitudes[k], templates[k, n])[: out.shape[1]]
    return out


def slow_correlate(templates, data):
    padded = np.pad(data, ((0, 0), (0, templates.shape[2] - 1)))
    return np.array([sum(np.correlate(x, w) for x, w in zip(padded, unit, strict=True)) for unit in templates])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("n_units", "n_channels"), [(1, 1), (3, 1), (1, 4), (3, 4)])
def test_convolutions_are_those_of_loops(method, n_units, n_channels):
    rng = np.random.default_rng(0)
    templates, amplitudes = rng.normal(size=(n_units, n_channels, 7)), rng.normal(size=(n_units, 50))
    data = rng.normal(size=(n_channels, 50))
    w, a, x = tensors(templates, amplitudes, data)
    np.testing.assert_allclose(convolve(w, a, method=method), slow_convolve(templates, amplitudes), atol=1e-10)
    np.testing.assert_allclose(correlate(w, x, method=method), slow_correlate(templates, data), atol=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_axes_of_one_unit_or_one_channel_may_be_left_out(method):
    rng = np.random.default_rng(1)
    w, a, x = tensors(rng.normal(size=(3, 4, 7)), rng.normal(size=(3, 50)), rng.normal(size=(4, 50)))
    alike = [
        (convolve(w[1], a[1], method=method), convolve(w[1:2], a[1:2], method=method)),
        (convolve(w[1, 0], a[1], method=method), convolve(w[1:2, :1], a[1:2], method=method)[0]),
        (convolve(w[:, 0], a, method=method), convolve(w[:, :1], a, method=method)[0]),
        (correlate(w[1], x, method=method), correlate(w[1:2], x, method=method)[0]),
        (correlate(w[1, 0], x[0], method=method), correlate(w[1:2, :1], x[:1], method=method)[0]),
        (correlate(w[:, 0], x[0], method=method), correlate(w[:, :1], x[:1], method=method)),
    ]
    for short, full in alike:
        assert short.shape == full.shape
        np.testing.assert_allclose(short, full, atol=1e-12)


def test_the_back_ends_agree_in_single_precision():
    sim = simulate(20_000, 16, 81, 3)
    w, a, x = tensors(sim.templates, sim.amplitudes, sim.data)
    assert float((convolve(w, a) - convolve(w, a, method="fft")).abs().max()) < 1e-4
    assert float((correlate(w, x) - correlate(w, x, method="fft")).abs().max()) < 1e-4


def test_the_likelihood_at_the_truth_is_that_of_the_noise(monkeypatch):
    monkeypatch.setattr(dense, "_BLOCK", 7000)  # blocks meet inside of spikes
    sim = simulate(30_000, 32, 81, 10, seed=3)
    assert dense.log_likelihood(*tensors(sim.templates, sim.amplitudes, sim.data), 1.0) == pytest.approx(
        -1.41894, abs=0.002
    )
    loud = simulate(30_000, 32, 81, 10, seed=3, noise_std=2.0)
    expected = -1.41894 - np.log(2)
    assert dense.log_likelihood(*tensors(loud.templates, loud.amplitudes, loud.data), 2.0) == pytest.approx(
        expected, abs=0.002
    )


def test_the_residual_of_a_unit_holds_that_unit_and_the_noise():
    sim = simulate(5000, 8, 31, 3, noise_std=0.0, seed=1)
    w, a, x = tensors(sim.templates, sim.amplitudes, sim.data)
    alone = slow_convolve(sim.templates[1:2], sim.amplitudes[1:2])
    np.testing.assert_allclose(dense.compute_residual(1, w, a, x), alone, atol=1e-4)
    score = dense.compute_score(1, w, a, x).numpy()
    spikes = np.flatnonzero(sim.amplitudes[1])
    inside = spikes[spikes <= 5000 - 31]
    np.testing.assert_allclose(score[inside], sim.amplitudes[1, inside], rtol=1e-4)
    np.testing.assert_allclose(dense.compute_residual(0, w[:1], a[:1], x), x)


def test_spikes_are_the_highest_peaks_apart_and_shrunk():
    score = torch.zeros(100)
    score[[10, 14, 40, 80]] = torch.tensor([9.0, 12.0, 5.5, 4.0])
    found = dense.peak_amplitudes(score, 8, noise_std=1.0, prior=Exponential(5.0))
    assert {i: float(found[i]) for i in torch.nonzero(found)[:, 0].tolist()} == {14: 7.0, 40: 0.5}
    pulled = dense.peak_amplitudes(score, 8, noise_std=1.0, prior=TruncatedNormal(10.0, 1.0, 0.01))
    assert float(pulled[14]) == pytest.approx(11.0)


def test_the_best_template_is_the_truncated_svd_of_norm_one_whatever_its_sign():
    target = np.random.default_rng(0).normal(size=(6, 9))
    left, values, right = np.linalg.svd(target)
    expected = (left[:, :2] * values[:2]) @ right[:2] / np.linalg.norm(values[:2])
    for sign in (1, -1):
        footprint, profile = dense.factors(torch.as_tensor(sign * target), 2)
        np.testing.assert_allclose(footprint @ profile, sign * expected, atol=1e-12)


def test_a_target_leaves_out_spikes_that_run_past_the_end():
    amplitude = torch.zeros(20)
    amplitude[[2, 9, 17]] = torch.tensor([2.0, 1.0, 5.0])
    data = torch.arange(40.0).reshape(2, 20)
    target = dense.template_target(amplitude, data, 4)
    assert target.tolist() == [[13, 16, 19, 22], [73, 76, 79, 82]]
    assert dense.can_learn(amplitude, 4)
    amplitude[[2, 9]] = 0
    assert not dense.can_learn(amplitude, 4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("prior", [Exponential(5.0), Exponential(1.0, 0.01), TruncatedNormal(10.0, 8.0, 0.005)])
@pytest.mark.parametrize("rank", [1, 3])
def test_both_forms_give_the_same_likelihood_and_spikes(prior, rank, method):
    sim = simulate(6000, 12, 41, 4, seed=4)
    found = []
    for solve in FORMS:
        templates = random_templates(4, 12, 41, np.random.default_rng(9))
        w, a, x = tensors(templates, np.zeros((4, 6000), np.float32), sim.data)
        likelihood = solve(w, a, x, Options(num_iters=5, rank=rank, tol=0, method=method), priors=[prior] * 4)
        found.append((likelihood, a.numpy() > 0, w.numpy()))
    (slow, slow_spikes, slow_w), (fast, fast_spikes, fast_w) = found
    assert len(slow) == len(fast) == 6
    np.testing.assert_allclose(fast, slow, atol=1e-4)
    np.testing.assert_array_equal(fast_spikes, slow_spikes)
    np.testing.assert_allclose(fast_w, slow_w, atol=1e-3)
    assert slow[-1] > slow[0] and slow_spikes.any()


def test_a_unit_without_spikes_gets_the_same_new_template_in_both_forms():
    sim = simulate(4000, 8, 31, 2, noise_std=0.1, seed=0)
    found = []
    for solve in FORMS:
        silent = np.stack([sim.templates[0], -sim.templates[0]])
        w, a, x = tensors(silent, np.zeros((2, 4000), np.float32), np.abs(sim.data) * 0.01)
        solve(w, a, x, Options(num_iters=1, amp_rate=50.0, seed=3))
        found.append(w.numpy())
    np.testing.assert_allclose(found[0], random_templates_of(3, 2, 8, 31), atol=1e-5)
    np.testing.assert_allclose(found[1], found[0], atol=1e-5)


def random_templates_of(seed, n_units, n_channels, width):
    rng = np.random.default_rng(seed)
    return np.concatenate([random_templates(1, n_channels, width, rng) for _ in range(n_units)])


def test_the_residual_that_is_kept_does_not_drift():
    sim = simulate(6000, 12, 41, 4, seed=4)
    w, a, x = tensors(sim.templates, np.zeros((4, 6000), np.float32), sim.data)
    state = low_rank.LowRank.of(w, a, x, 1)
    for _ in range(5):
        for k in range(4):
            low_rank.update_residual(k, state)
            low_rank.update_amplitude_fast(k, state, noise_std=1.0, prior=Exponential(5.0))
            low_rank.update_template_factors(k, state)
            low_rank.downdate_residual(k, state)
    np.testing.assert_allclose(state.residual, x - convolve(state.templates, a), atol=1e-4)


def test_it_stops_when_the_likelihood_stays_and_tells_of_every_pass():
    sim = simulate(6000, 12, 41, 3, rate_hz=2.0, seed=4)
    w, a, x = tensors(sim.templates, np.zeros((3, 6000), np.float32), sim.data)
    told = []
    found = map_estimate_fast(w, a, x, Options(num_iters=20, progress=lambda *pair: told.append(pair)))
    assert len(found) < 21 and abs(found[-1] - found[-2]) < 1e-4
    assert told == list(enumerate(found[1:]))


def test_templates_that_are_known_can_stay():
    sim = simulate(6000, 12, 41, 3, seed=4)
    w, a, x = tensors(sim.templates, np.zeros((3, 6000), np.float32), sim.data)
    map_estimate_fast(w, a, x, Options(num_iters=2, learn_templates=False))
    np.testing.assert_allclose(w, sim.templates, atol=1e-5)


def test_priors_learn_the_amplitudes_of_each_unit():
    sim = simulate(30_000, 12, 41, 2, rate_hz=3.0, mean_amplitude=20.0, shape_amplitude=25.0, seed=4)
    w, a, x = tensors(sim.templates, np.zeros((2, 30_000), np.float32), sim.data)
    priors = [TruncatedNormal(10.0, 10.0, 0.01)] * 2
    map_estimate_fast(w, a, x, Options(num_iters=4), priors=priors)
    for prior, row in zip(priors, sim.amplitudes, strict=True):
        assert prior.mean == pytest.approx(20.0, rel=0.1) and prior.std == pytest.approx(4.0, rel=0.3)
        assert prior.probability == pytest.approx(np.count_nonzero(row) / 30_000, rel=0.05)


def test_from_the_data_alone_it_is_as_good_as_from_the_truth():
    sim = simulate(20_000, 16, 41, 4, rate_hz=5.0, seed=0)
    truth = Spikes.of(sim.amplitudes, sim.templates)
    x = torch.as_tensor(sim.data)
    found = []
    for w in (torch.as_tensor(sim.templates.copy()), initial_templates(x, 4, 41)):
        a = joint_amplitudes(w, x)
        likelihood = map_estimate_fast(w, a, x, Options(num_iters=10))
        found.append((likelihood[-1], evaluate(truth, Spikes.of(a.numpy(), w.numpy()), 10)))
    (at_truth, cheating), (alone, honest) = found
    assert alone == pytest.approx(at_truth, abs=1e-3)
    assert honest.similarity.min() > 0.98
    assert honest.recall.mean() >= cheating.recall.mean() - 0.005
    assert honest.precision.mean() >= cheating.precision.mean() - 0.005


def test_where_spikes_overlap_it_is_better_to_find_all_at_once_first():
    sim = simulate(10_000, 16, 41, 8, rate_hz=10.0, seed=1)
    truth, x = Spikes.of(sim.amplitudes, sim.templates), torch.as_tensor(sim.data)
    recall = []
    for start in (lambda w: torch.zeros(8, 10_000), lambda w: joint_amplitudes(w, x)):
        w = torch.as_tensor(sim.templates.copy())
        a = start(w)
        map_estimate_fast(w, a, x, Options(num_iters=10))
        recall.append(evaluate(truth, Spikes.of(a.numpy(), w.numpy()), 10).recall.mean())
    assert recall[1] > recall[0] + 0.03


def test_the_gauge_shifts_templates_and_spikes_alike():
    sim = simulate(3000, 8, 41, 3, rate_hz=3.0, noise_std=0.0, seed=6)
    w, a = tensors(np.roll(sim.templates, -3, axis=2), sim.amplitudes)
    fix_gauge(w, a, 20)
    assert np.abs(w.numpy()).max(axis=1).argmax(axis=1).tolist() == [20, 20, 20]
    np.testing.assert_allclose(np.linalg.norm(w, axis=(1, 2)), 1, rtol=1e-6)
    shift = 20 - np.abs(np.roll(sim.templates, -3, axis=2)).max(axis=1).argmax(axis=1)
    for k in range(3):
        before = np.flatnonzero(sim.amplitudes[k]) - shift[k]
        assert np.flatnonzero(a[k].numpy()).tolist() == before[(before >= 0) & (before < 3000)].tolist()


@pytest.mark.parametrize(
    ("shapes", "options", "message"),
    [
        (((2, 4, 9), (3, 50), (4, 50)), Options(), "Shapes must be"),
        (((2, 4, 9), (2, 50), (5, 50)), Options(), "Shapes must be"),
        (((2, 4, 9), (2, 50), (4, 50)), Options(rank=5), "cannot have rank 5"),
    ],
)
def test_what_does_not_fit_is_refused(shapes, options, message):
    for solve in FORMS:
        with pytest.raises(PhyMedError, match=message):
            solve(*(torch.zeros(s) for s in shapes), options)


def test_data_that_are_not_finite_are_refused():
    data = torch.zeros(4, 50)
    data[1, 7] = torch.nan
    with pytest.raises(PhyMedError, match="not finite"):
        map_estimate_fast(torch.zeros(2, 4, 9), torch.zeros(2, 50), data)


@pytest.mark.parametrize("data", [torch.zeros(4, 400), torch.ones(4, 30)])
def test_templates_are_not_made_of_nothing(data):
    with pytest.raises(PhyMedError, match="nothing stands out"):
        initial_templates(data, 2, 41)
