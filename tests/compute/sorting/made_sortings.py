"""Sortings that no sorter made: of a small recording whose truth is known, and of random numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.compute.filtered_recording import Recorded
from phy_medicine.compute.sorting.preprocess import FilteredChannels
from phy_medicine.compute.sorting.result import SortedChannels, SortedSpikes, Sorting
from phy_medicine.compute.sorting.settings import SortingSettings
from phy_medicine.compute.sorting.stages import Stages
from phy_medicine.compute.sorting.whitening import Whitening
from phy_medicine.io.raw_file import RawFile

RATE, WIDTH, TROUGH, GAIN = 20_000.0, 40, 13, 0.5
N_COLUMNS, N_SAMPLES = 10, 40_000
COLUMNS = np.array([1, 2, 3, 4, 5, 7, 8, 9])  # the file has two more
POSITIONS = np.column_stack([np.tile([0.0, 16.0], 4), 20.0 * np.arange(8)])
CENTRES = np.array([10.0, 70.0, 130.0])
SETTINGS = SortingSettings(band_pass=False, common_reference=False)
Values = np.ndarray[Any, np.dtype[Any]]


def waveforms_uv() -> Values:
    """Three units, (3, 8, WIDTH), µV."""
    t = (np.arange(WIDTH) - TROUGH) / RATE * 1e3
    shape = -np.exp(-((t / 0.12) ** 2)) + 0.4 * np.exp(-(((t - 0.4) / 0.25) ** 2))
    across = np.exp(-(((POSITIONS[:, 1] - CENTRES[:, None]) / 25) ** 2))
    return 150 * across[:, :, None] * np.stack([shape, shape, np.roll(shape, 1)])[:, None] * (across > 0.05)[..., None]


def true_spikes() -> tuple[Values, Values]:
    """Times of the troughs, samples, and the units of the spikes."""
    times = np.arange(200, N_SAMPLES - 200, 97)
    return times, np.random.default_rng(5).integers(0, 3, len(times))


def write_recording(path: Path) -> tuple[RawFile, Values, Values]:
    """Write a recording of 2 s and return it with the times of the troughs and the units of its spikes."""
    times, units = true_spikes()
    rng = np.random.default_rng(6)
    data = np.zeros((N_SAMPLES, N_COLUMNS))
    data[:, COLUMNS] = rng.normal(0, 8, (N_SAMPLES, 8))
    waveforms = waveforms_uv()
    for time, unit in zip(times, units, strict=True):
        data[time - TROUGH : time - TROUGH + WIDTH, COLUMNS] += waveforms[unit].T
    np.round(data / GAIN).astype("<i2").tofile(path)
    return RawFile((path,), N_COLUMNS, RATE, np.full(N_COLUMNS, GAIN), "int16"), times, units


def true_sorting(path: Path) -> tuple[Sorting, RawFile]:
    """Write a recording, and return what a perfect sorter would find in it."""
    raw, times, units = write_recording(path)
    channels = SortedChannels(COLUMNS, POSITIONS, np.zeros(8, np.int32), {0: "dead"})
    signal = FilteredChannels.of(raw.open(), channels, SETTINGS, gain_uv=GAIN)
    return sorting_of(signal, channels, times, units, SETTINGS), raw


def sorting_of(
    signal: FilteredChannels, channels: SortedChannels, times: Values, units: Values, settings: SortingSettings
) -> Sorting:
    """The sorting of a recording whose spikes are known."""
    whitening = Whitening.of(signal, POSITIONS)
    white = np.einsum("mn,knd->kmd", whitening.matrix, waveforms_uv())
    norms = np.linalg.norm(white, axis=(1, 2))
    templates = (white / norms[:, None, None]).astype(np.float32)
    shapes = np.linalg.svd(templates.reshape(-1, WIDTH), full_matrices=False)[2][:4].astype(np.float32)
    near = np.argsort(-np.abs(templates).max(axis=2), axis=1)[:, :5].astype(np.int32)
    cut = np.stack([signal.read(t - TROUGH, t - TROUGH + WIDTH) for t in times])
    voltage = np.einsum("mn,sdn->smd", whitening.matrix, cut)
    features = np.einsum("scd,pd->spc", voltage[np.arange(len(times))[:, None], near[units]], shapes)
    spikes = SortedSpikes(
        times, units.astype(np.int32), norms[units].astype(np.float32), norms[units].astype(np.float32) ** 2 / 2,
        np.ones(len(times), np.float32), features.astype(np.float32),
    )  # fmt: skip
    table = {
        "label": np.array(["good", "good", "mua"]),
        "snr": np.array([12.0, np.nan, 8.5]),
        "reason": np.array(["a b", "", "c\td"]),
    }
    motion = {
        "time_bins_s": np.array([0.5, 1.5]),
        "depth_bins_um": np.array([70.0]),
        "displacement_um": np.array([[1.0], [-1.0]]),
    }
    return Sorting(
        spikes, templates, TROUGH, near, shapes, table, ((0, 1, 0.5, "alike"),), channels, whitening, RATE, N_SAMPLES,
        settings, motion, np.array([-1.5, -1.42]), {"detect": 0.25},
    )  # fmt: skip


def random_sorting(seed: int, n_spikes: int, n_units: int, n_channels: int, n_local: int) -> tuple[Sorting, RawFile]:
    """A sorting in which every value is drawn; its raw file does not exist."""
    rng = np.random.default_rng(seed)
    n_local = min(n_local, n_channels)
    times = np.sort(rng.integers(0, N_SAMPLES, n_spikes))
    units = rng.integers(0, n_units, n_spikes).astype(np.int32)
    order = np.lexsort((units, times))
    templates = rng.normal(0, 1, (n_units, n_channels, WIDTH)).astype(np.float32)
    templates *= rng.random((n_units, n_channels, 1)) < 0.6
    near = np.stack([rng.permutation(n_channels)[:n_local] for _ in range(n_units)]).astype(np.int32)
    near[rng.random(near.shape) < 0.2] = -1
    shapes = np.linalg.qr(rng.normal(0, 1, (WIDTH, 3)))[0].T.astype(np.float32)
    columns = np.sort(rng.permutation(n_channels + 3)[:n_channels])
    channels = SortedChannels(
        columns, rng.permutation(4 * n_channels)[: 2 * n_channels].reshape(-1, 2).astype(float),
        rng.integers(0, 2, n_channels).astype(np.int32),
    )  # fmt: skip
    matrix = np.eye(n_channels) + 0.1 * rng.normal(0, 1, (n_channels, n_channels))
    spikes = SortedSpikes(
        times[order], units[order], *rng.random((3, n_spikes)).astype(np.float32),
        rng.normal(0, 1, (n_spikes, 3, n_local)).astype(np.float32),
    )  # fmt: skip
    found = Sorting(
        spikes, templates, TROUGH, near, shapes, {}, (), channels,
        Whitening(matrix.astype(np.float32), np.linalg.inv(matrix), np.ones(n_channels)), RATE, N_SAMPLES, SETTINGS,
    )  # fmt: skip
    return found, RawFile((), n_channels + 3, RATE, np.ones(n_channels + 3))


def fake_sort(
    recording: Recorded, channels: SortedChannels, settings: SortingSettings, *, gain_uv: float, stages: Stages,
    progress: Callable[[str, float], object], log: Callable[[str], object], n_threads: int,
) -> Sorting:  # fmt: skip
    """A sorter that knows the truth of `write_recording`, and keeps it as two stages."""
    times, units = true_spikes()
    progress("templates", 0.0)
    kept = stages.get("templates", lambda: _computed(log, "templates", {"all": np.unique(units)}), uses=["seed"])
    progress("spikes", 0.0)
    assert kept["all"].tolist() == [0, 1, 2]
    found = stages.get("spikes", lambda: _computed(log, "spikes", {"times": times, "units": units}), uses=["rounds"])
    progress("units", 1.0)
    signal = FilteredChannels.of(recording, channels, settings, gain_uv=gain_uv)
    return sorting_of(signal, channels, found["times"], found["units"], settings)


def empty_sort(*args: Any, **more: Any) -> Sorting:
    """A sorter that finds no spikes."""
    found = fake_sort(*args, **more)
    return replace(found, spikes=SortedSpikes(*(getattr(found.spikes, f.name)[:0] for f in fields(SortedSpikes))))


def _computed(log: Callable[[str], object], name: str, arrays: dict[str, Values]) -> dict[str, Values]:
    log(f"computed {name}")
    return arrays
