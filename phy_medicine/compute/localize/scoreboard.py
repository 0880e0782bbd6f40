"""Methods of localization side by side: how steady the picture is, how spread, and how far from what is known."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.types import AnyArray, BoolArray, FloatArray, IntArray
from phy_medicine.compute.localize.pictures import Grid, score_pictures
from phy_medicine.compute.motion.motion import Motion

_AXES = ("x", "y", "z")


@dataclass(frozen=True, slots=True)
class Method:
    """Positions of one method, (n_spikes, 3) µm, and the motion that is taken out of them, if any."""

    name: str
    um: FloatArray
    motion: Motion | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is compared with.

    monopolar_um : (n_spikes, 3); anchors_um : (n_spikes, 2)
    truth_um : (n_spikes, 3) where each spike really came from at its time, NaN where unknown, or None
    units : (n_spikes,) int, the true unit of each spike, -1 unknown, or None
    """

    monopolar_um: FloatArray
    anchors_um: FloatArray
    truth_um: FloatArray | None = None
    units: IntArray | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line; NaN where nothing is known.

    rho, entropy : rho-bar and H-bar, with the motion taken out
    gain : rho less that of the baseline, monopolar positions with motion
    r_* : correlation with the monopolar positions, and of the offsets from the anchors
    rmse_um : distance from the monopolar positions
    error_* : median distance from the truth; spread_um : median deviation of depth, corrected, within a unit
    """

    method: str
    n_spikes: int
    rho: float
    entropy: float
    gain: float = math.nan
    r_x: float = math.nan
    r_y: float = math.nan
    r_z: float = math.nan
    r_local_x: float = math.nan
    r_local_y: float = math.nan
    rmse_um: float = math.nan
    error_3d_um: float = math.nan
    error_xy_um: float = math.nan
    error_depth_um: float = math.nan
    spread_um: float = math.nan


def scoreboard(
    times_s: AnyArray,
    methods: Sequence[Method],
    known: Known,
    grid: Grid,
    *,
    baseline: str,
    part: BoolArray | None = None,
    bin_s: float = 1.0,
    window_s: float = 30.0,
) -> list[Row]:
    """Score methods on the same spikes.

    Parameters
    ----------
    baseline : name of the method that `gain` is counted from
    part : (n_spikes,) spikes that count, such as those held out; None is all
    """
    chosen = np.ones(len(times_s), bool) if part is None else part
    rows = [_row(times_s, method, known, grid, chosen, bin_s=bin_s, window_s=window_s) for method in methods]
    base = next((row["rho"] for row in rows if row["method"] == baseline), math.nan)
    return [Row(**row, gain=row["rho"] - base) for row in rows]


def _row(
    times_s: AnyArray, method: Method, known: Known, grid: Grid, chosen: BoolArray, *, bin_s: float, window_s: float
) -> dict[str, Any]:
    spikes = np.flatnonzero(chosen & np.isfinite(method.um).all(axis=1))
    times, um = np.asarray(times_s)[spikes], method.um[spikes].astype(np.float64)
    depths = um[:, 1] if method.motion is None else method.motion.corrected(times, um[:, 1])
    found = score_pictures(grid, times, um[:, 0], depths, bin_s=bin_s, window_s=window_s)
    row: dict[str, Any] = {
        "method": method.name,
        "n_spikes": len(spikes),
        "rho": found.rho,
        "entropy": found.entropy,
    }
    return row | _beside_monopolar(um, known, spikes) | _errors(um, depths, known, spikes)


def _beside_monopolar(um: FloatArray, known: Known, spikes: IntArray) -> dict[str, Any]:
    """How near the monopolar positions."""
    theirs, anchors = known.monopolar_um[spikes], known.anchors_um[spikes]
    both = np.isfinite(theirs).all(axis=1)
    if both.sum() < 2:
        return {}
    um, theirs, anchors = um[both], theirs[both], anchors[both]
    out: dict[str, Any] = {f"r_{axis}": correlation(um[:, k], theirs[:, k]) for k, axis in enumerate(_AXES)}
    for k, axis in enumerate(_AXES[:2]):
        out[f"r_local_{axis}"] = correlation(um[:, k] - anchors[:, k], theirs[:, k] - anchors[:, k])
    out["rmse_um"] = float(np.sqrt(((um - theirs) ** 2).sum(axis=1).mean()))
    return out


def _errors(um: FloatArray, depths_um: FloatArray, known: Known, spikes: IntArray) -> dict[str, Any]:
    """How far from the truth, and how spread within a unit."""
    out: dict[str, Any] = {}
    if known.truth_um is not None:
        away = um - known.truth_um[spikes]
        away = away[np.isfinite(away).all(axis=1)]
        if len(away):
            out["error_3d_um"] = float(np.median(np.linalg.norm(away, axis=1)))
            out["error_xy_um"] = float(np.median(np.linalg.norm(away[:, :2], axis=1)))
            out["error_depth_um"] = float(np.median(np.abs(away[:, 1])))
    if known.units is not None:
        units = known.units[spikes]
        spreads = [depths_um[units == k].std() for k in np.unique(units[units >= 0]) if (units == k).sum() > 10]
        if spreads:
            out["spread_um"] = float(np.median(spreads))
    return out


def correlation(a: AnyArray, b: AnyArray) -> float:
    """Return Pearson's correlation of arrays of one shape, NaN where one side does not vary."""
    a, b = (np.asarray(values, np.float64).ravel() for values in (a, b))
    a, b = a - a.mean(), b - b.mean()
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if size else math.nan


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Write the scoreboard, one line for each method."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(Row)])
        writer.writeheader()
        writer.writerows({k: "" if v != v else v for k, v in asdict(row).items()} for row in rows)


def text_table(rows: Sequence[Row]) -> str:
    """Return the scoreboard as lines of text; columns of which nothing is known are left out."""
    names = [f.name for f in fields(Row) if any(getattr(row, f.name) == getattr(row, f.name) for row in rows)]
    cells = [[_cell(getattr(row, name)) for name in names] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    lines = []
    for line in [names, *cells]:
        rest = (cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))
        lines.append("  ".join([line[0].ljust(widths[0]), *rest]))
    return "\n".join(lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
