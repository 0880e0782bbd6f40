"""The pass over time: signal, raw file and measurements, one chunk in memory at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import write_array_header_1_0

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.io.simulate.features import N_PCS, FeatureModel, Measured, Projection, measure, summarise
from phy_medicine.io.simulate.footprints import Footprints
from phy_medicine.io.simulate.noise import (
    BLOCK_LENGTH,
    CALIBRATION_LENGTH,
    FIELD_RATE_HZ,
    NoiseStream,
    Whitening,
    make_slow_field,
)
from phy_medicine.io.simulate.probe import SimulatedProbe
from phy_medicine.io.simulate.settings import Clock, SimulationSettings, stream
from phy_medicine.io.simulate.sorting import Motion, Sorting
from phy_medicine.io.simulate.trains import Spikes

SPIKES_A_DRAW = 50_000

Report = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is fixed before the signal is made."""

    settings: SimulationSettings
    probe: SimulatedProbe
    clock: Clock
    footprints: Footprints
    spikes: Spikes
    motion: Motion
    sorting: Sorting
    projection: Projection
    whitening: Whitening

    @property
    def n_samples(self) -> int:
        return int(self.settings.duration_s * self.settings.sample_rate_hz)


class _Columns:
    """The three per-spike files, appended to in order of the spikes (a memory map would keep them all resident)."""

    def __init__(self, out_dir: Path, n_spikes: int, n_local: int) -> None:
        shapes = {"pc_features": (N_PCS, n_local), "amplitudes": (), "spike_positions": (2,)}
        self._files = {name: (out_dir / f"{name}.npy").open("wb") for name in shapes}
        for name, shape in shapes.items():
            header = {"descr": "<f4", "fortran_order": False, "shape": (n_spikes, *shape)}
            write_array_header_1_0(self._files[name], header)

    def __enter__(self) -> _Columns:
        return self

    def __exit__(self, *error: object) -> None:
        for file in self._files.values():
            file.close()

    def append(self, measured: Measured) -> None:
        self._files["pc_features"].write(measured.features.tobytes())
        self._files["amplitudes"].write(measured.amplitudes.tobytes())
        self._files["spike_positions"].write(measured.positions_um.tobytes())


def write_measured(out_dir: Path, scene: Scene, report: Report, *, chunk_length: int = BLOCK_LENGTH) -> None:
    """Make the signal; write `recording.dat` and the files measured on it.

    Parameters
    ----------
    report : called with the share done after each chunk; what it raises ends the pass
    chunk_length : samples held at once; the raw file does not depend on it
    """
    from phy_medicine.io.simulate._kernels_signal import quantise

    field = make_slow_field(scene.settings, scene.probe)
    pace = FIELD_RATE_HZ / scene.settings.sample_rate_hz
    margin = scene.clock.n_samples
    columns = _Columns(out_dir, len(scene.spikes.samples), scene.projection.n_local)
    with columns, (out_dir / "recording.dat").open("wb") as raw:
        for start, signal in _signal_chunks(scene, chunk_length, margin):
            stop = start + len(signal) - 2 * margin
            _measure_chunk(scene, columns, signal, start, stop)
            inner = signal[margin : margin + stop - start]
            bits = np.empty(inner.shape, dtype=np.int16)
            nodes, shares = field.nodes, field.shares
            quantise(inner, start, field.values, pace, nodes, shares, np.float32(1.0 / scene.settings.gain_uv), bits)
            raw.write(bits.tobytes())
            report(stop / scene.n_samples)


def _signal_chunks(scene: Scene, chunk_length: int, margin: int) -> Iterator[tuple[int, FloatArray]]:
    """Give (first sample, signal in uV with `margin` more samples at both ends); noise is made one chunk ahead."""
    from phy_medicine.io.simulate._kernels_signal import add_spikes

    noise = NoiseStream(scene.settings, scene.probe, scene.clock)
    starts = range(0, scene.n_samples, chunk_length)
    lengths = [min(chunk_length, scene.n_samples - s) for s in starts]
    spikes, steps, footprints = scene.spikes, scene.motion.steps, scene.footprints
    with ThreadPoolExecutor(1) as ahead:
        carried = noise.take(2 * margin)
        coming = ahead.submit(noise.take, lengths[0])
        for i, start in enumerate(starts):
            signal = np.concatenate([carried, coming.result()])
            if i + 1 < len(lengths):
                coming = ahead.submit(noise.take, lengths[i + 1])
            carried = signal[-2 * margin :].copy()
            near = slice(*np.searchsorted(spikes.samples, [start - 2 * margin, start + lengths[i] + 2 * margin]))
            rows = spikes.samples[near] - (start - margin) - scene.clock.n_before
            units, scales = spikes.units[near], spikes.scales[near]
            add_spikes(signal, rows, units, steps[near], scales, footprints.waveforms, footprints.channels)
            yield start, signal


def _measure_chunk(scene: Scene, columns: _Columns, signal: FloatArray, start: int, stop: int) -> None:
    """Measure the spikes whose trough lies in [start, stop)."""
    first, last = (int(i) for i in np.searchsorted(scene.spikes.samples, [start, stop]))
    if first == last:
        return
    whitened = signal @ scene.whitening.matrix.astype(np.float32)
    rows = scene.spikes.samples[first:last] - (start - scene.clock.n_samples) - scene.clock.n_before
    labels: IntArray = scene.sorting.labels[first:last]
    features = measure(whitened, rows, labels, scene.projection)
    columns.append(summarise(features, labels, scene.projection, scene.probe))


def write_drawn(out_dir: Path, scene: Scene, report: Report) -> None:
    """Write the measured files without making a signal; `report` as for `write_measured`."""
    spikes, steps, labels = scene.spikes, scene.motion.steps, scene.sorting.labels
    noise = NoiseStream(scene.settings, scene.probe, scene.clock).take(CALIBRATION_LENGTH)
    white = scene.whitening.matrix
    model = FeatureModel(noise @ white.astype(np.float32), white, scene.projection, scene.sorting, scene.footprints)
    with _Columns(out_dir, len(spikes.samples), scene.projection.n_local) as columns:
        for start in range(0, len(spikes.samples), SPIKES_A_DRAW):
            part = slice(start, min(start + SPIKES_A_DRAW, len(spikes.samples)))
            rng = stream(scene.settings.own_seed, "draw", start // SPIKES_A_DRAW)
            features = model.draw(rng, labels[part], spikes.units[part], steps[part], spikes.scales[part])
            columns.append(summarise(features, labels[part], scene.projection, scene.probe))
            report(part.stop / len(spikes.samples))
