"""Displacement of the tissue along the probe: a field over time and depth, and its value at any spike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, frozen
from phy_medicine.io.simulate.settings import SimulationSettings, stream

TIME_STEP_S = 0.1
DEPTH_STEP_UM = 100.0
ZIGZAG_PERIOD_S = 60.0


@dataclass(frozen=True, slots=True)
class Drift:
    """Displacement added to the depth of whatever rests at a depth.

    displacement_um : (n_time, n_depth) float64
    temporal_bins_s : (n_time,) float64, ascending
    spatial_bins_um : (n_depth,) float64, ascending rest depths
    """

    displacement_um: FloatArray
    temporal_bins_s: FloatArray
    spatial_bins_um: FloatArray

    def at(self, times_s: FloatArray, depths_um: FloatArray) -> FloatArray:
        """(n,) displacement in um at these times and rest depths (arrays of one shape)."""
        return displacement_at(self.displacement_um, self.temporal_bins_s, self.spatial_bins_um, times_s, depths_um)


def _cell(values: FloatArray, bins: FloatArray) -> tuple[np.ndarray, FloatArray]:
    """Return the lower bin and the share of the upper one; constant beyond the ends."""
    position = np.interp(values, bins, np.arange(len(bins)))
    low = np.minimum(position.astype(np.int64), max(len(bins) - 2, 0))
    return low, position - low


def displacement_at(
    displacement_um: FloatArray,
    temporal_bins_s: FloatArray,
    spatial_bins_um: FloatArray,
    times_s: FloatArray,
    depths_um: FloatArray,
) -> FloatArray:
    """Interpolate a displacement field, linearly in time and depth, constant beyond its ends.

    Parameters
    ----------
    displacement_um : (n_time, n_depth) float
    temporal_bins_s, spatial_bins_um : (n_time,) and (n_depth,) float, ascending
    times_s, depths_um : (n,) float, s and um

    Returns
    -------
    (n,) float64, um
    """
    row, down = _cell(times_s, temporal_bins_s)
    column, right = _cell(depths_um, spatial_bins_um)
    next_row = np.minimum(row + 1, len(temporal_bins_s) - 1)
    next_column = np.minimum(column + 1, len(spatial_bins_um) - 1)
    upper = displacement_um[row, column] * (1 - right) + displacement_um[row, next_column] * right
    lower = displacement_um[next_row, column] * (1 - right) + displacement_um[next_row, next_column] * right
    value: FloatArray = upper * (1 - down) + lower * down
    return value


def make_drift(settings: SimulationSettings, depth_range_um: tuple[float, float]) -> Drift:
    """Return the displacement field that the settings ask for; its full range is `drift_um`."""
    rng = stream(settings.own_seed, "drift")
    n_time = int(np.ceil(settings.duration_s / TIME_STEP_S)) + 1
    times = np.arange(n_time) * TIME_STEP_S
    low, high = depth_range_um
    depths = np.linspace(low, max(high, low + 1.0), max(2, int(np.ceil((high - low) / DEPTH_STEP_UM)) + 1))
    if settings.drift == "nonrigid":
        field = _nonrigid(times, depths, settings.duration_s, rng)
    else:
        curve = _RIGID[settings.drift](times, settings.duration_s, rng)
        field = np.repeat(curve[:, None], len(depths), axis=1)
    extent = float(np.ptp(field, axis=0).max())
    field = field * (settings.drift_um / extent if extent > 0 else 0.0)
    height = (depths - depths[0]) / (depths[-1] - depths[0])
    field = field + settings.moved_um * (0.8 + 0.4 * height)
    return Drift(frozen(field), frozen(times), frozen(depths))


def _still(times: FloatArray, duration_s: float, rng: np.random.Generator) -> FloatArray:
    return np.zeros(len(times))


def _zigzag(times: FloatArray, duration_s: float, rng: np.random.Generator) -> FloatArray:
    """Triangle wave that starts at its middle after a tenth of the recording at rest."""
    period = min(ZIGZAG_PERIOD_S, 0.45 * duration_s)
    phase = np.maximum(times - 0.1 * duration_s, 0.0) / period
    curve: FloatArray = 2.0 * np.abs(2.0 * ((phase + 0.25) % 1.0) - 1.0) - 1.0
    return curve


def _jump(times: FloatArray, duration_s: float, rng: np.random.Generator) -> FloatArray:
    """Sudden steps, each over within a third of a second, there and most of the way back."""
    n_jumps = 1 + int(duration_s // 180.0)
    moments = (np.arange(n_jumps) + rng.uniform(0.4, 0.6, n_jumps)) * duration_s / n_jumps
    sizes = rng.uniform(0.7, 1.0, n_jumps) * np.where(np.arange(n_jumps) % 2 == 0, 1.0, -1.0)
    steps: FloatArray = (sizes / (1.0 + np.exp(-np.clip((times[:, None] - moments) / 0.06, -50, 50)))).sum(axis=1)
    return steps if rng.random() < 0.5 else -steps


def _walk(times: FloatArray, duration_s: float, rng: np.random.Generator) -> FloatArray:
    """Random walk, smoothed over two seconds."""
    width = int(2.0 / TIME_STEP_S)
    steps = np.cumsum(rng.standard_normal(len(times) + width - 1))
    smooth = np.convolve(steps, np.ones(width) / width, mode="valid")
    curve: FloatArray = smooth - smooth.mean()
    return curve


_RIGID: dict[str, Callable[[FloatArray, float, np.random.Generator], FloatArray]] = {
    "none": _still,
    "zigzag": _zigzag,
    "jump": _jump,
    "walk": _walk,
}


def _nonrigid(times: FloatArray, depths: FloatArray, duration_s: float, rng: np.random.Generator) -> FloatArray:
    """A zigzag that grows and lags from the tip upwards, with a slow wander that differs between the ends."""
    height = (depths - depths[0]) / (depths[-1] - depths[0])
    lag_s = 0.05 * duration_s * height
    zigzag = np.stack([_zigzag(times - lag, duration_s, rng) for lag in lag_s], axis=1)
    tip, top = (_walk(times, duration_s, rng) for _ in range(2))
    wander = tip[:, None] * (1 - height) + top[:, None] * height
    field: FloatArray = (0.35 + 0.65 * height) * zigzag + 0.35 * wander / max(float(np.ptp(wander)), 1e-9)
    return field
