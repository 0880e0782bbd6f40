"""Noise-free spike waveforms of every unit on its contacts, at every displacement it will see."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.io.simulate.drift import Drift
from phy_medicine.io.simulate.probe import SimulatedProbe
from phy_medicine.io.simulate.settings import Clock
from phy_medicine.io.simulate.units import (
    AFTER_GAIN,
    AFTER_LAG,
    AFTER_WIDTH,
    BEFORE_GAIN,
    BEFORE_LEAD,
    BEFORE_WIDTH,
    LEFT,
    RETURN_GAIN,
    RIGHT,
    Units,
)

REACH_UM = 160.0  # contacts farther than this see nothing
FADE_UM = 70.0  # over which the footprint is brought down to that
CLOSEST_UM = 8.0
SPEED_UM_PER_MS = 900.0
STEP_UM = 2.0  # linear interpolation between footprints so close errs by under 1 % of the peak
MOST_STEPS = 33


@dataclass(frozen=True, slots=True)
class Footprints:
    """Waveforms at a regular grid of displacements, to be interpolated.

    waveforms : (n_units, n_steps, n_samples, n_local) float32, uV
    channels : (n_units, n_local) int32, -1 where unused, used ones first
    lowest_um, step_um : (n_units,) float64, displacement of step 0 and between steps
    """

    waveforms: FloatArray
    channels: IntArray
    lowest_um: FloatArray
    step_um: FloatArray

    def steps_at(self, units: IntArray, displacement_um: FloatArray) -> FloatArray:
        """(n,) float32 fractional steps of these units at these displacements."""
        steps = (displacement_um - self.lowest_um[units]) / self.step_um[units]
        return np.clip(steps, 0.0, self.waveforms.shape[1] - 1).astype(np.float32)

    def peaks_uv(self, units: IntArray, steps: FloatArray) -> FloatArray:
        """(n,) float32 depth of the trough on the best contact, at these fractional steps."""
        table = -self.waveforms.min(axis=(2, 3))
        low = np.minimum(steps.astype(np.int64), max(table.shape[1] - 2, 0))
        high = np.minimum(low + 1, table.shape[1] - 1)
        share = steps - low
        peaks: FloatArray = table[units, low] * (1 - share) + table[units, high] * share
        return peaks

    def dense_mean(self, unit: int, weights: FloatArray, n_channels: int) -> FloatArray:
        """(n_samples, n_channels) float32 sum of one unit's waveforms with weights (n_steps,)."""
        used = self.channels[unit] >= 0
        dense = np.zeros((self.waveforms.shape[2], n_channels), dtype=np.float32)
        dense[:, self.channels[unit, used]] = np.tensordot(
            weights.astype(np.float32), self.waveforms[unit][:, :, used], axes=1
        )
        return dense


def make_footprints(units: Units, probe: SimulatedProbe, drift: Drift | None, clock: Clock) -> Footprints:
    """Compute the waveforms of all units over the range of their displacement (at rest only without drift)."""
    lowest, highest = _displacement_ranges(units, drift)
    extent = float((highest - lowest).max())
    n_steps = int(min(np.ceil(extent / STEP_UM) + 1, MOST_STEPS))
    step = np.maximum((highest - lowest) / max(n_steps - 1, 1), 1e-6)
    local = [_local_channels(units.positions_um[u], probe, lowest[u], highest[u]) for u in range(units.n_units)]
    n_local = max(len(c) for c in local)
    channels = np.full((units.n_units, n_local), -1, dtype=np.int32)
    waveforms = np.zeros((units.n_units, n_steps, clock.n_samples, n_local), dtype=np.float32)
    for u, ids in enumerate(local):
        channels[u, : len(ids)] = ids
        shifts = lowest[u] + step[u] * np.arange(n_steps)
        waveforms[u, :, :, : len(ids)] = _waveforms(units, u, probe.positions_um[ids], shifts, clock)
    return Footprints(frozen(waveforms), frozen(channels), frozen(lowest), frozen(step))


def with_artifacts(
    footprints: Footprints, rows: IntArray, peaks_uv: FloatArray, n_channels: int, clock: Clock
) -> Footprints:
    """Let some units be an artifact: the same slow swing on all contacts, wherever the tissue is.

    rows : (n,) of the units; peaks_uv : (n_units,) of all
    """
    if not len(rows):
        return footprints
    n_units, n_steps, n_samples, _ = footprints.waveforms.shape
    waveforms = np.zeros((n_units, n_steps, n_samples, n_channels), np.float32)
    n_local = min(footprints.waveforms.shape[3], n_channels)
    waveforms[..., :n_local] = footprints.waveforms[..., :n_local]
    channels = np.full((n_units, n_channels), -1, np.int32)
    channels[:, :n_local] = footprints.channels[:, :n_local]
    channels[rows] = np.arange(n_channels)
    swing = -np.sin(np.pi * clock.times_ms / 0.9 + 0.5 * np.pi) * np.exp(-((clock.times_ms / 0.7) ** 2)) * _edges(clock)
    waveforms[rows] = peaks_uv[rows, None, None, None] * swing[None, None, :, None]
    return replace(footprints, waveforms=frozen(waveforms), channels=frozen(channels))


def _displacement_ranges(units: Units, drift: Drift | None) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest displacement of every unit."""
    if drift is None:
        return np.zeros(units.n_units), np.zeros(units.n_units)
    low, high = np.empty(units.n_units), np.empty(units.n_units)
    for u, depth in enumerate(units.positions_um[:, 1]):
        curve = drift.at(drift.temporal_bins_s, np.full(len(drift.temporal_bins_s), depth))
        low[u], high[u] = curve.min(), curve.max()
    return low, high


def _local_channels(position: FloatArray, probe: SimulatedProbe, lowest: float, highest: float) -> IntArray:
    """Contacts that see the unit somewhere on its way; always at least the nearest one."""
    x, y = (probe.positions_um - position[:2]).T
    beyond = np.maximum(np.maximum(lowest - y, y - highest), 0.0)
    distance = np.sqrt(x**2 + beyond**2 + position[2] ** 2)
    return np.flatnonzero(distance <= max(REACH_UM, float(distance.min()))).astype(np.int32)


def _waveforms(units: Units, unit: int, contacts: FloatArray, shifts_um: FloatArray, clock: Clock) -> FloatArray:
    """(n_shifts, n_samples, n_contacts) uV; scaled so that the trough at rest has the unit's depth."""
    shifts = np.concatenate([[0.0], shifts_um])
    soma = _distances(units.positions_um[unit], contacts, shifts)
    back = _distances(units.returns_um[unit], contacts, shifts)
    fade = 0.5 + 0.5 * np.cos(np.pi * np.clip((soma - REACH_UM + FADE_UM) / FADE_UM, 0.0, 1.0))
    delay = (soma - soma[0].min()) / SPEED_UM_PER_MS
    times = clock.times_ms[None, :, None] - delay[:, None, :]
    shape = units.shapes[unit]
    wave = _sink(times, shape, 1.0 + soma[:, None, :] / 500.0) / soma[:, None, :]
    wave += shape[RETURN_GAIN] * np.exp(-0.5 * ((times - 0.12) / 0.3) ** 2) / back[:, None, :]
    wave *= fade[:, None, :] * _edges(clock)[None, :, None]
    trough = -float(wave[0].min())
    scaled: FloatArray = wave[1:] * (units.peaks_uv[unit] / max(trough, 1e-9))
    return scaled


def _distances(position: FloatArray, contacts: FloatArray, shifts: FloatArray) -> FloatArray:
    """(n_shifts, n_contacts) um from a point moved along the probe to the contacts."""
    x = position[0] - contacts[:, 0]
    y = position[1] + shifts[:, None] - contacts[None, :, 1]
    distance: FloatArray = np.maximum(np.sqrt(x**2 + y**2 + position[2] ** 2), CLOSEST_UM)
    return distance


def _sink(times: FloatArray, shape: FloatArray, broader: FloatArray) -> FloatArray:
    """Extracellular spike close to the soma: perhaps a first positive bump, the trough, the slow return."""
    width = np.where(times < 0, shape[LEFT], shape[RIGHT]) * broader
    wave: FloatArray = -np.exp(-0.5 * (times / width) ** 2)
    wave += shape[AFTER_GAIN] * np.exp(-0.5 * ((times - shape[AFTER_LAG]) / (shape[AFTER_WIDTH] * broader)) ** 2)
    wave += shape[BEFORE_GAIN] * np.exp(-0.5 * ((times + shape[BEFORE_LEAD]) / (shape[BEFORE_WIDTH] * broader)) ** 2)
    return wave


def _edges(clock: Clock) -> FloatArray:
    """Window that is one inside and falls to zero at both ends, so that a spike adds no step to the signal."""
    n = np.arange(clock.n_samples)
    rise = np.clip(n / (0.4 * clock.n_before), 0.0, 1.0)
    fall = np.clip((clock.n_samples - 1 - n) / (0.6 * clock.n_before), 0.0, 1.0)
    window: FloatArray = np.sin(0.5 * np.pi * rise) ** 2 * np.sin(0.5 * np.pi * fall) ** 2
    return window
