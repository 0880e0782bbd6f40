"""Everything in the recording that is not a unit: band noise, far-away spikes, the slow field.

Noise is made in blocks of one fixed length, each from its own random stream, so the signal does not depend on how
it is later cut into chunks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.io.simulate.footprints import make_footprints
from phy_medicine.io.simulate.probe import SimulatedProbe
from phy_medicine.io.simulate.settings import Clock, SimulationSettings, stream
from phy_medicine.io.simulate.units import make_far_units

FFT_LENGTH = 16384
KERNEL_LENGTH = 512
BLOCK_LENGTH = FFT_LENGTH - KERNEL_LENGTH + 1  # half a second: 25 MB for 384 channels
CALIBRATION_LENGTH = 2 * BLOCK_LENGTH  # samples of noise that the whitening is measured on
FAR_MEAN_UV = 9.0  # mean trough of a far-away spike, exponentially distributed
FIELD_RATE_HZ = 250.0
FIELD_NODE_UM = 200.0


class NoiseStream:
    """Noise and far-away spikes of a recording, read once from its start.

    Parameters
    ----------
    settings, probe, clock : of the recording
    """

    def __init__(self, settings: SimulationSettings, probe: SimulatedProbe, clock: Clock) -> None:
        from scipy.fft import rfft

        self._settings = settings
        self._mixing = _mixing(probe, settings.noise_uv)
        self._transfer = rfft(_temporal_kernel(settings.sample_rate_hz), FFT_LENGTH).astype(np.complex64)
        self._far = make_footprints(make_far_units(settings, probe), probe, None, clock)
        self._tail = np.zeros((KERNEL_LENGTH - 1, probe.n_channels), dtype=np.float32)
        self._rest = np.zeros((0, probe.n_channels), dtype=np.float32)
        self._n_blocks = 0

    def take(self, n_samples: int) -> FloatArray:
        """Return the next samples, (n_samples, n_channels) float32, uV."""
        parts, missing = [], n_samples
        while missing > 0:
            if not len(self._rest):
                self._rest = self._next_block()
            parts.append(self._rest[:missing])
            self._rest = self._rest[missing:]
            missing -= len(parts[-1])
        return np.concatenate(parts)

    def _next_block(self) -> FloatArray:
        """Filter one block of white noise and add its far-away spikes; what runs over goes into the next."""
        from scipy.fft import irfft, rfft

        rng = stream(self._settings.own_seed, "noise", self._n_blocks)
        n_channels = len(self._mixing)
        white = rng.standard_normal((n_channels, BLOCK_LENGTH), dtype=np.float32)
        spectrum = rfft(white, FFT_LENGTH, axis=1, workers=2)
        spectrum *= self._transfer
        shaped = irfft(spectrum, FFT_LENGTH, axis=1, workers=2, overwrite_x=True)
        block: FloatArray = shaped.T @ self._mixing  # the mixing is symmetric; this order leaves rows of samples
        self._add_far_spikes(rng, block)
        block[: len(self._tail)] += self._tail
        self._tail = block[BLOCK_LENGTH:].copy()
        self._n_blocks += 1
        return block[:BLOCK_LENGTH]

    def _add_far_spikes(self, rng: np.random.Generator, block: FloatArray) -> None:
        from phy_medicine.io.simulate._kernels_signal import add_spikes

        n_channels = block.shape[1]
        expected = self._settings.hash * n_channels * BLOCK_LENGTH / self._settings.sample_rate_hz
        n = int(rng.poisson(expected))
        starts = np.sort(rng.integers(0, BLOCK_LENGTH, n))
        sources = rng.integers(0, len(self._far.channels), n).astype(np.int32)
        scales = rng.exponential(FAR_MEAN_UV, n).astype(np.float32)
        far = self._far
        add_spikes(block, starts, sources, np.zeros(n, np.float32), scales, far.waveforms, far.channels)


def _mixing(probe: SimulatedProbe, noise_uv: float) -> FloatArray:
    """(n_channels, n_channels) float32 symmetric root of the noise covariance: own, shared nearby, common."""
    position = probe.positions_um
    distance = np.linalg.norm(position[:, None] - position[None], axis=2)
    covariance = 0.46 * np.eye(len(position)) + 0.50 * np.exp(-distance / 45.0) + 0.04
    values, vectors = np.linalg.eigh(covariance)
    root: FloatArray = (noise_uv * (vectors * np.sqrt(values)) @ vectors.T).astype(np.float32)
    return root


def _temporal_kernel(sample_rate_hz: float) -> FloatArray:
    """(KERNEL_LENGTH,) filter of unit energy: 1/f towards low frequencies, high-pass 120 Hz, low-pass 7 kHz."""
    from scipy.fft import irfft

    frequency = np.fft.rfftfreq(KERNEL_LENGTH, 1.0 / sample_rate_hz)
    frequency[0] = frequency[1] / 100.0
    gain = np.sqrt(1.0 + 900.0 / frequency)
    gain *= frequency**2 / np.sqrt(frequency**4 + 120.0**4)
    gain /= np.sqrt(1.0 + (frequency / 7000.0) ** 4)
    kernel = np.roll(irfft(gain, KERNEL_LENGTH), KERNEL_LENGTH // 2) * np.hanning(KERNEL_LENGTH)
    unit: FloatArray = kernel / np.linalg.norm(kernel)
    return unit


@dataclass(frozen=True, slots=True)
class SlowField:
    """Local field potential at a low rate on a few depths, to be interpolated.

    values : (n_rows, n_nodes) float32, uV, at FIELD_RATE_HZ
    nodes : (n_channels,) int64 node below each channel; shares : (n_channels,) float32 of the way to the next
    """

    values: FloatArray
    nodes: IntArray
    shares: FloatArray


def make_slow_field(settings: SimulationSettings, probe: SimulatedProbe) -> SlowField:
    """Draw the slow field: amplitude as 1/f from 1 to about 80 Hz, smooth along the probe."""
    low, high = probe.depth_range_um
    n_nodes = int((high - low) / FIELD_NODE_UM) + 2
    place = (probe.positions_um[:, 1] - low) / FIELD_NODE_UM
    nodes = np.minimum(place.astype(np.int64), n_nodes - 2)
    n_rows = int(np.ceil(settings.duration_s * FIELD_RATE_HZ)) + 2
    values = np.empty((n_rows, n_nodes), dtype=np.float32)
    shared = _pink(stream(settings.own_seed, "field"), n_rows)
    for k in range(n_nodes):
        values[:, k] = 0.8 * shared + 0.6 * _pink(stream(settings.own_seed, "field", k), n_rows)
    values *= settings.lfp_uv
    return SlowField(frozen(values), frozen(nodes), frozen((place - nodes).astype(np.float32)))


def _pink(rng: np.random.Generator, n: int) -> FloatArray:
    """(n,) float64 of unit variance."""
    frequency = np.fft.rfftfreq(n, 1.0 / FIELD_RATE_HZ)
    gain = np.exp(-((frequency / 60.0) ** 2)) * frequency / (frequency**2 + 1.0)
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * gain, n)
    return noise / max(float(noise.std()), 1e-12)


@dataclass(frozen=True, slots=True)
class Whitening:
    """Symmetric whitening of the noise, in uV.

    matrix, inverse : (n_channels, n_channels) float64
    """

    matrix: FloatArray
    inverse: FloatArray


def measure_whitening(block: FloatArray) -> Whitening:
    """Return the whitening of a stretch of noise (n_samples, n_channels), uV."""
    covariance = (block.T @ block).astype(np.float64) / len(block)
    values, vectors = np.linalg.eigh(covariance)
    roots = np.sqrt(np.maximum(values, 1e-3 * values.mean()))
    return Whitening(frozen((vectors / roots) @ vectors.T), frozen((vectors * roots) @ vectors.T))
