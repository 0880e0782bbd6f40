"""The reference model against its formulas, written plainly, and on peaks of which the motion is known."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.job_context import Cancelled
from phy_medicine.compute.motion.exact import Batches, Scaled, Trainer, blur_of, draw_batches, train
from phy_medicine.compute.motion.exact_motion import MotionFunction, triangular_kernel
from phy_medicine.compute.motion.peaks import Peaks
from phy_medicine.compute.motion.settings import MedicineSettings

torch = pytest.importorskip("torch")

SMALL = {"exact": True, "device": "cpu", "activity_network_hidden_features": (16, 8), "batch_size": 64}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Threads that wait for each other on a busy machine take longer than one alone for a model this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def drifting_peaks(n: int = 20_000, *, seed: int = 0) -> tuple[Peaks, np.ndarray]:
    """Peaks of 12 units that move up by 60 µm and down again in 40 s, and the times."""
    rng = np.random.default_rng(seed)
    units, amplitudes = rng.uniform(0, 1000, 12), rng.uniform(50, 300, 12)
    times, unit = np.sort(rng.uniform(0, 40, n)), rng.integers(0, 12, n)
    depths = units[unit] + true_motion(times) + rng.normal(0, 3, n)
    return Peaks(times, depths, -amplitudes[unit] * rng.normal(1, 0.05, n)), times


def true_motion(times: np.ndarray) -> np.ndarray:
    return 30 - np.abs(times - 20) * 3


def slow_kernel(width: float, bin_s: float) -> list[float]:
    slope, weights, k = 0.5 * width / bin_s, [1.0], 1
    while slope > 0 and 1 - k / slope > 0:
        weights = [1 - k / slope, *weights, 1 - k / slope]
        k += 1
    return [w / sum(weights) for w in weights]


def slow_displacement(w: np.ndarray, bound: float, kernel: np.ndarray) -> np.ndarray:
    """Bounded, smoothed, centred, one bin at a time."""
    found, half = np.zeros_like(w), len(kernel) // 2
    for level in range(w.shape[0]):
        for k in range(w.shape[1]):
            inside = [j for j in range(-half, half + 1) if 0 <= k + j < w.shape[1]]
            norm = sum(kernel[half + j] for j in inside)
            found[level, k] = sum(bound * np.tanh(w[level, k + j]) * kernel[half + j] for j in inside) / norm
        found[level] -= found[level].mean()
    return found


def slow_hats(depth: float, n_levels: int) -> np.ndarray:
    centres = [level / (n_levels - 1) for level in range(n_levels)] if n_levels > 1 else [0.0]
    a = np.array([max(0.0, 1 / max(1, n_levels - 1) + 1e-3 - abs(depth - c)) for c in centres])
    return a / (1e-6 + a.sum())


@pytest.mark.parametrize(("width", "bin_s"), [(30, 1), (5, 1), (4, 2), (2, 1), (1, 1), (0.5, 1), (0, 1), (7, 0.3)])
def test_the_kernel_is_a_triangle_of_at_least_one_bin(width, bin_s):
    kernel = triangular_kernel(width, bin_s)
    assert kernel == pytest.approx(slow_kernel(width, bin_s)) and kernel.size % 2 == 1


@pytest.mark.parametrize(("n_levels", "n_time", "width"), [(1, 9, 4), (2, 7, 30), (5, 6, 0), (3, 1, 5)])
def test_the_motion_function_is_bounded_smoothed_and_centred(n_levels, n_time, width):
    w, kernel = np.random.default_rng(1).normal(0, 2, (n_levels, n_time)), triangular_kernel(width, 1)
    function = MotionFunction(n_time, n_levels, bound=0.3, kernel=kernel, dtype=torch.float64)
    found = function(torch.from_numpy(w))
    assert found.numpy() == pytest.approx(slow_displacement(w, 0.3, kernel), abs=1e-12)


@pytest.mark.parametrize("n_levels", [1, 2, 5])
def test_hats_share_a_depth_among_levels(n_levels):
    function = MotionFunction(4, n_levels, bound=1, kernel=np.ones(1), dtype=torch.float64)
    depths = np.array([-0.7, 0.0, 0.3, 0.25, 1.0, 1.4, 9.0])
    found = function.hats(torch.from_numpy(depths)).numpy()
    assert found == pytest.approx(np.array([slow_hats(d, n_levels) for d in depths]), abs=1e-12)


def test_the_blur_fades_away():
    settings = MedicineSettings.of(initial_motion_noise=0.1, motion_noise_steps=4)
    assert [blur_of(step, settings) for step in (0, 1, 3, 4, 9)] == pytest.approx([0.1, 0.075, 0.025, 0, 0])


def test_noise_points_take_times_from_peaks_and_depths_beyond_the_range():
    peaks = Scaled(torch.tensor([3, 5], dtype=torch.int32), torch.tensor([0.0, 1.0]), torch.tensor([0.25, 0.75]))
    drawn = draw_batches(peaks, 4, 500, bound=0.5, blurred=True, generator=torch.Generator().manual_seed(1))
    assert set(drawn.bins.unique().tolist()) == {3, 5}
    real, noise = drawn.depths[:, :500], drawn.depths[:, 500:]
    assert set(real.unique().tolist()) == {0.0, 1.0}
    # A real peak keeps its own time and amplitude.
    assert ((drawn.bins[:, :500] == 5) == (real == 1)).all()
    assert ((drawn.amplitudes[:, :500] == 0.75) == (real == 1)).all()
    assert -0.5 <= noise.min() < -0.45 and 1.45 < noise.max() <= 1.5
    assert 0 <= drawn.amplitudes[:, 500:].min() < 0.05 and 0.95 < drawn.amplitudes[:, 500:].max() <= 1
    assert abs(float(drawn.blur.mean())) < 0.1 and float(drawn.blur.std()) == pytest.approx(1, abs=0.05)


def test_depth_and_amplitude_go_from_0_to_1_and_constant_amplitude_is_0():
    peaks = Peaks(np.array([0.0, 2.5]), np.array([100.0, 300.0]), np.array([-7.0, -7.0]))
    scaled = Scaled.of(peaks, peaks.time_bins_s(1), 1.0, "cpu")
    assert scaled.bins.tolist() == [0, 2]
    assert scaled.depths.tolist() == [0, 1] and scaled.amplitudes.tolist() == [0, 0]


def plain_loss(trainer: Trainer, drawn: Batches, step: int) -> torch.Tensor:
    """The objective as the specification writes it, for automatic differentiation."""
    settings, kernel = trainer.settings, triangular_kernel(trainer.settings.time_kernel_width, 1)
    half = len(kernel) // 2
    v = trainer.function.bound * torch.tanh(trainer.w)
    weights = torch.as_tensor(kernel, dtype=v.dtype)[None, None]
    smooth = torch.nn.functional.conv1d(v[:, None], weights, padding=half)[:, 0]
    smooth = smooth / torch.nn.functional.conv1d(torch.ones_like(v)[:, None], weights, padding=half)[:, 0]
    displacement = smooth - smooth.mean(dim=1, keepdim=True).detach()
    d, s = drawn.depths[0], drawn.amplitudes[0]
    a = torch.tensor(np.array([slow_hats(float(x), settings.num_depth_bins) for x in d]), dtype=v.dtype)
    d = d + (a * displacement[:, drawn.bins[0]].T).sum(dim=1) + blur_of(step, settings) * drawn.blur[0]
    columns = [f(x) for x in (d, s) for f in (lambda x: x, *(lambda x, n=n: torch.sin(2**n * x) for n in range(6)))]
    values = torch.stack(columns, dim=1)
    layers = trainer.network._weights
    for weight, bias in layers[:-1]:
        values = torch.relu(values @ weight.T + bias)
    p = torch.sigmoid(values @ layers[-1][0].T + layers[-1][1])[:, 0]
    n = settings.batch_size
    return -(torch.log(1e-4 + p[:n]).mean() + torch.log(1e-4 + 1 - p[n:]).mean())


@pytest.mark.parametrize(("n_levels", "hidden"), [(1, (16, 8)), (2, (16, 8)), (4, (5,)), (2, (9, 7, 6))])
def test_loss_and_gradient_equal_automatic_differentiation(n_levels, hidden):
    peaks, _ = drifting_peaks(500)
    values = {**SMALL, "num_depth_bins": n_levels, "activity_network_hidden_features": hidden, "optimizer": "SGD"}
    trainer = Trainer(peaks, MedicineSettings.of(**values, learning_rate=1.0, time_kernel_width=5), "cpu")
    with torch.no_grad():
        trainer.w.normal_(generator=torch.Generator().manual_seed(2))
        drawn = trainer.draw(0, 1)
    before = trainer.flat.clone()
    trainer.flat.grad = None
    leaf = trainer.flat.detach().requires_grad_()
    plain = plain_loss(_with_parameters(trainer, leaf), drawn, step=0)
    (gradient,) = torch.autograd.grad(plain, leaf)
    fresh = Trainer(peaks, trainer.settings, "cpu")
    with torch.no_grad():
        fresh.flat.copy_(before)
        fresh.block(0, drawn)
    assert float(fresh.losses[0]) == pytest.approx(float(plain.detach()), rel=1e-5)
    clipped = gradient * min(1.0, 1.0 / (float(gradient.norm()) + 1e-6))
    assert (before - fresh.flat).numpy() == pytest.approx(clipped.numpy(), abs=2e-6)


def _with_parameters(trainer: Trainer, flat: torch.Tensor) -> Trainer:
    """The trainer, with all parameters as views of another tensor."""
    from phy_medicine.compute.motion.exact_network import ActivityNetwork

    hidden = trainer.settings.activity_network_hidden_features
    n = flat.shape[0] - trainer.w.numel()
    trainer.w = flat[n:].view(trainer.w.shape)
    trainer.network = ActivityNetwork(flat[:n], flat[:n], hidden, 2 * trainer.settings.batch_size)
    return trainer


def test_all_steps_descend_to_the_motion():
    peaks, _ = drifting_peaks()
    settings = MedicineSettings.of(
        exact=True, device="cpu", motion_bound=200, time_kernel_width=4, num_depth_bins=1, batch_size=512,
        training_steps=900, motion_noise_steps=300, learning_rate=0.003, activity_network_hidden_features=(64, 64),
    )  # fmt: skip
    fit = train(peaks, settings)
    times = np.arange(2, 38.0)
    error = fit.motion.at(times, 500.0) - true_motion(times)
    assert np.abs(error - np.median(error)).max() < 6
    assert fit.motion.displacement.mean(axis=0) == pytest.approx([0], abs=1e-3)
    assert fit.motion.temporal_bins_s.size == 40 and fit.motion.spatial_bins_um.size == 1
    assert fit.losses.shape == (900,) and fit.losses[-100:].mean() < fit.losses[:100].mean() - 0.1
    inside, outside = fit.probability(np.full(2, peaks.depths_um[0]), peaks.amplitudes[[0, 0]] * [1, 0.5])
    assert 0 <= outside <= 1 and 0 <= inside <= 1


def test_a_seed_gives_the_same_motion_again_and_another_one_does_not():
    peaks, _ = drifting_peaks(2000)
    settings = MedicineSettings.of(**SMALL, training_steps=70, motion_noise_steps=40, seed=3)
    first, again = train(peaks, settings), train(peaks, settings)
    other = train(peaks, dataclasses.replace(settings, seed=4))
    assert (first.motion.displacement == again.motion.displacement).all() and (first.losses == again.losses).all()
    assert (first.motion.displacement != other.motion.displacement).any()


def test_a_shared_generator_of_torch_is_left_alone():
    peaks, _ = drifting_peaks(2000)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    train(peaks, MedicineSettings.of(**SMALL, training_steps=5, motion_noise_steps=2))
    assert torch.rand(1) == expected


def test_progress_grows_to_1_and_previews_show_the_motion(monkeypatch):
    monkeypatch.setattr("phy_medicine.compute.motion.exact.PREVIEW_S", 0.0)
    peaks, _ = drifting_peaks(2000)
    fractions, previews = [], []
    settings = MedicineSettings.of(**SMALL, training_steps=100, motion_noise_steps=40)
    train(peaks, settings, progress=lambda fraction, _text: fractions.append(fraction), preview=previews.append)
    assert fractions == sorted(fractions) and fractions[-1] == 1 and len(fractions) == 4
    assert all(preview.displacement.shape == (40, 2) for preview in previews) and len(previews) == 4


def test_cancelling_ends_the_training():
    stop = threading.Event()
    peaks, _ = drifting_peaks(2000)
    settings = MedicineSettings.of(**SMALL, training_steps=10**6, motion_noise_steps=40)
    with pytest.raises(Cancelled):
        train(peaks, settings, progress=lambda *_: stop.set(), cancelled=stop.is_set)


@pytest.mark.parametrize("optimizer", ["SGD", "RMSprop", "NAdam"])
def test_other_optimizers_train_too(optimizer):
    peaks, _ = drifting_peaks(2000)
    fit = train(peaks, MedicineSettings.of(**SMALL, training_steps=40, motion_noise_steps=20, optimizer=optimizer))
    assert np.isfinite(fit.losses).all() and fit.motion.displacement.any()


def test_a_device_that_is_not_there_is_refused():
    peaks, _ = drifting_peaks(500)
    with pytest.raises(PhyMedError, match="not available"):
        train(peaks, MedicineSettings.of(**{**SMALL, "device": "cuda:99"}, training_steps=5, motion_noise_steps=2))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no graphics card with CUDA")
def test_a_graphics_card_trains_as_the_processor_does():
    peaks, _ = drifting_peaks(5000)
    values = {**SMALL, "training_steps": 20, "motion_noise_steps": 10}
    trainers = [Trainer(peaks, MedicineSettings.of(**{**values, "device": d}), d) for d in ("cpu", "cuda:0")]
    with torch.no_grad():
        for step in range(20):
            drawn = trainers[0].draw(step, 1)
            for trainer in trainers:
                arrays = [getattr(drawn, f.name) for f in dataclasses.fields(drawn)]
                trainer.block(step, Batches(*(None if a is None else a.to(trainer.device) for a in arrays)))
    on_cpu, on_gpu = (trainer.motion().displacement for trainer in trainers)
    assert on_gpu == pytest.approx(on_cpu, abs=0.02)
    assert trainers[1].losses.cpu().numpy() == pytest.approx(trainers[0].losses.numpy(), rel=1e-3)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no graphics card with CUDA")
def test_a_graphics_card_repeats_itself_and_finds_the_motion():
    peaks, _ = drifting_peaks()
    settings = MedicineSettings.of(
        exact=True, device="cuda", motion_bound=200, time_kernel_width=4, num_depth_bins=1, batch_size=512,
        training_steps=900, motion_noise_steps=300, learning_rate=0.003, activity_network_hidden_features=(64, 64),
    )  # fmt: skip
    first, again = train(peaks, settings), train(peaks, settings)
    assert (first.motion.displacement == again.motion.displacement).all()
    times = np.arange(2, 38.0)
    error = first.motion.at(times, 500.0) - true_motion(times)
    assert np.abs(error - np.median(error)).max() < 6
