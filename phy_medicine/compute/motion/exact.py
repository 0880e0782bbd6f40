"""The reference model of MEDiCINe: motion function and activity network, trained together by steps of an optimizer.

Every formula is that of the paper's own implementation. What differs is only how it is computed: random numbers are
drawn for many steps at once, the gradients are written out, and all parameters lie in one tensor, so that a step is
some forty operations and the processor never waits for the graphics card.

Source: Watters, Buccino & Jazayeri 2025, MEDiCINe: Motion Correction for Neural Electrophysiology Recordings, eNeuro.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.device import resolve
from phy_medicine.compute.job_context import Cancelled
from phy_medicine.compute.motion.exact_motion import MotionFunction, triangular_kernel
from phy_medicine.compute.motion.exact_network import ActivityNetwork, n_parameters
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.motion.peaks import Peaks
from phy_medicine.compute.motion.settings import MedicineSettings

if TYPE_CHECKING:
    from torch import Generator, Tensor

BLOCK = 32
"""Steps whose random numbers are drawn at once: 10 MB at 4096 peaks a step."""
PREVIEW_S = 0.5
CLIP_NORM = 1.0
ONE_THREAD = 500_000
"""Values in a layer below which one thread is faster than two: 1.3 ms instead of 15 ms of two processors a step for
1024 points and 64 units, beside other programs."""


@dataclass(frozen=True, slots=True)
class ExactFit:
    """A trained model.

    losses : (n_steps,) float32
    saturation : fraction of time bins and levels at more than 95 % of the bound
    probability : p at depths (µm, corrected) and amplitudes, arrays of the same length
    """

    motion: Motion
    losses: FloatArray
    saturation: float
    probability: Callable[[FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True, slots=True)
class Scaled:
    """Peaks as the model sees them, on its device: time bin, depth and amplitude in units of their range."""

    bins: Tensor  # (n_peaks,) int32
    depths: Tensor  # (n_peaks,) float32, 0..1
    amplitudes: Tensor  # (n_peaks,) float32, 0..1, or all 0

    @classmethod
    def of(cls, peaks: Peaks, times_s: FloatArray, bin_s: float, device: str) -> Scaled:
        """Put peaks on a device; `times_s` are the left edges of the time bins."""
        import torch

        bins = np.floor((np.asarray(peaks.times_s, np.float64) - times_s[0]) / bin_s).astype(np.int32)
        np.clip(bins, 0, times_s.size - 1, out=bins)
        return cls(
            torch.from_numpy(bins).to(device),
            torch.from_numpy(_unit(peaks.depths_um)).to(device),
            torch.from_numpy(_unit(peaks.amplitudes)).to(device),
        )


def _unit(values: FloatArray) -> FloatArray:
    """Values mapped to 0..1 by their least and greatest; 0 when they are all the same."""
    low, high = float(values.min()), float(values.max())
    return np.asarray((values - low) / ((high - low) or 1.0), np.float32)


@dataclass(frozen=True, slots=True)
class Batches:
    """What is random in some steps: real peaks in the first half of each row, noise points in the second."""

    bins: Tensor  # (n_steps, 2 batch) int64
    depths: Tensor  # (n_steps, 2 batch)
    amplitudes: Tensor  # (n_steps, 2 batch)
    blur: Tensor | None  # (n_steps, 2 batch), of the standard normal distribution


def draw_batches(
    peaks: Scaled, n_steps: int, batch: int, *, bound: float, blurred: bool, generator: Generator
) -> Batches:
    """Draw real peaks with replacement, and noise: the time of a random peak, depth and amplitude uniform."""
    import torch

    shape = (n_steps, batch)
    options: dict[str, Any] = {"generator": generator, "device": peaks.depths.device}
    rows = torch.randint(peaks.depths.shape[0], (n_steps, 2 * batch), **options)
    real = rows[:, :batch]
    noise_depths = torch.rand(shape, **options).mul_(1 + 2 * bound).sub_(bound)
    return Batches(
        peaks.bins[rows].long(),
        torch.cat([peaks.depths[real], noise_depths], dim=1),
        torch.cat([peaks.amplitudes[real], torch.rand(shape, **options)], dim=1),
        torch.randn((n_steps, 2 * batch), **options) if blurred else None,
    )


def blur_of(step: int, settings: MedicineSettings) -> float:
    """Return the standard deviation of the noise on the depths at a step, in units of the depth range."""
    return settings.initial_motion_noise * max(0.0, 1.0 - step / settings.motion_noise_steps)


class Trainer:
    """The model and one optimizer on one device."""

    def __init__(self, peaks: Peaks, settings: MedicineSettings, device: str) -> None:
        import torch

        self.settings, self.device = settings, device
        self.times_s = peaks.time_bins_s(settings.time_bin_size, epsilon=settings.epsilon)
        self.depths_um = peaks.depth_bins_um(settings.num_depth_bins)
        self.low_um = float(peaks.depths_um.min())
        self.range_um = float(peaks.depths_um.max()) - self.low_um
        self.amplitude_range = (float(peaks.amplitudes.min()), float(peaks.amplitudes.max()))
        self.scaled = Scaled.of(peaks, self.times_s, settings.time_bin_size, device)
        n_time, n_levels, hidden = self.times_s.size, settings.num_depth_bins, settings.activity_network_hidden_features
        self.function = MotionFunction(
            n_time,
            n_levels,
            bound=0.5 * settings.motion_bound / self.range_um,
            kernel=triangular_kernel(settings.time_kernel_width, settings.time_bin_size),
            device=device,
        )
        n_network = n_parameters(hidden)
        self.flat = torch.zeros(n_network + n_levels * n_time, device=device)
        self.flat.grad = torch.zeros_like(self.flat)
        self.w = self.flat[n_network:].view(n_levels, n_time)
        self._w_gradient = self.flat.grad[n_network:].view(n_levels, n_time)
        self.network = ActivityNetwork(
            self.flat[:n_network], self.flat.grad[:n_network], hidden, 2 * settings.batch_size
        )
        self.network.initialize(torch.Generator().manual_seed(settings.seed))
        self.generator = torch.Generator(device=device).manual_seed(settings.seed)
        self.optimizer = _optimizer(settings, self.flat)
        self.losses = torch.zeros(settings.training_steps, device=device)

    def draw(self, first: int, n_steps: int) -> Batches:
        """Draw what is random in some steps."""
        return draw_batches(
            self.scaled,
            n_steps,
            self.settings.batch_size,
            bound=self.function.bound,
            blurred=blur_of(first, self.settings) > 0,
            generator=self.generator,
        )

    def block(self, first: int, drawn: Batches) -> None:
        """Train for the steps of some batches, of which the first is step `first`."""
        import torch

        hats = self.function.hats(drawn.depths)
        # Places in the displacement laid out by time, then level: one look-up for all levels of a point.
        n_levels = self.function.n_levels
        places = drawn.bins[..., None] * n_levels + torch.arange(n_levels, device=self.device)
        for i in range(drawn.bins.shape[0]):
            sigma, depths = blur_of(first + i, self.settings), drawn.depths[i]
            if drawn.blur is not None and sigma > 0:
                depths = depths.add(drawn.blur[i], alpha=sigma)
            self._step(depths, drawn.amplitudes[i], hats[i], places[i], self.losses[first + i])

    def _step(self, depths: Tensor, amplitudes: Tensor, hats: Tensor, places: Tensor, loss: Tensor) -> None:
        """One step: `depths` are blurred already."""
        import torch

        displacement = self.function(self.w).T.reshape(-1)
        moved = depths + (displacement[places] * hats).sum(dim=1)
        by_depth = self.network.step(moved, amplitudes, loss)
        by_place = torch.zeros_like(displacement)
        by_place.index_add_(0, places.reshape(-1), (by_depth[:, None] * hats).reshape(-1))
        self._w_gradient.copy_(self.function.gradient(self.w, by_place.view(-1, self.function.n_levels).T.contiguous()))
        gradient = self.flat.grad
        assert gradient is not None
        # As torch.nn.utils.clip_grad_norm_, without waiting for the norm.
        gradient.mul_((CLIP_NORM / (gradient.norm() + 1e-6)).clamp_(max=1.0))
        self.optimizer.step()

    def motion(self) -> Motion:
        """Return the motion as it is now, on the grid of time bins and depth levels."""
        hats = self.function.hats(self.function.levels)
        at_levels = hats @ self.function(self.w)
        displacement = at_levels.T.cpu().double().numpy() * -self.range_um
        return Motion(displacement, self.times_s, self.depths_um)

    def fit(self) -> ExactFit:
        """Return the model as it is now."""
        return ExactFit(self.motion(), self.losses.cpu().numpy(), self.function.saturation(self.w), self._probability)

    def _probability(self, depths_um: FloatArray, amplitudes: FloatArray) -> FloatArray:
        import torch

        low, high = self.amplitude_range
        depths = (np.asarray(depths_um, np.float64) - self.low_um) / self.range_um
        heights = (np.asarray(amplitudes, np.float64) - low) / ((high - low) or 1.0)
        points = [torch.from_numpy(x.astype(np.float32)).to(self.device) for x in (depths, heights)]
        return np.asarray(self.network.probabilities(*points).cpu().numpy())


def _optimizer(settings: MedicineSettings, flat: Tensor) -> Any:
    """The optimizer by name, in its fastest form."""
    import torch

    made = getattr(torch.optim, settings.optimizer)
    with contextlib.suppress(TypeError, RuntimeError, ValueError):
        return made([flat], lr=settings.learning_rate, fused=True)
    return made([flat], lr=settings.learning_rate)


def train(
    peaks: Peaks,
    settings: MedicineSettings,
    *,
    progress: Callable[[float, str], object] = lambda fraction, message: None,
    preview: Callable[[Motion], object] = lambda motion: None,
    cancelled: Callable[[], object] = lambda: False,
) -> ExactFit:
    """Train the reference model.

    Parameters
    ----------
    peaks : after the cut by amplitude
    progress : called with the fraction done and a line of text
    preview : called with the motion so far, about twice a second
    cancelled : asked at every step; true, or raising, ends the work

    Raises
    ------
    Cancelled : `cancelled` returned true
    PhyMedError : the device does not exist here
    """
    import torch

    device = resolve(settings.device)
    with _repeatable(device), _threads_for(settings), torch.no_grad():
        trainer = Trainer(peaks, settings, device)
        next_preview = time.monotonic() + PREVIEW_S
        for first in range(0, settings.training_steps, BLOCK):
            n_steps = min(BLOCK, settings.training_steps - first)
            if cancelled():
                raise Cancelled
            trainer.block(first, trainer.draw(first, n_steps))
            done = first + n_steps
            progress(done / settings.training_steps, f"Step {done:,} of {settings.training_steps:,}")
            if time.monotonic() >= next_preview:
                preview(trainer.motion())
                next_preview = time.monotonic() + PREVIEW_S
        return trainer.fit()


@contextlib.contextmanager
def _threads_for(settings: MedicineSettings) -> Iterator[None]:
    """Let one thread compute a small model: threads would wait for each other longer than they work."""
    import torch

    before = torch.get_num_threads()
    if 2 * settings.batch_size * max(settings.activity_network_hidden_features) < ONE_THREAD:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def _repeatable(device: str) -> Iterator[None]:
    """On a graphics card, let sums be added up in the same order at each run."""
    if not device.startswith("cuda"):
        yield
        return
    import torch

    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])


def estimate_motion_exact(peaks: Peaks, settings: MedicineSettings, **hooks: Any) -> Motion:
    """Return the motion of the trained reference model; hooks are those of `train`."""
    return train(peaks, settings, **hooks).motion
