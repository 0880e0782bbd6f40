"""The displayed channels: raw column, place, shank and probe of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import BoolArray, FloatArray, IntArray, frozen
from phy_medicine.io.array_files import DatasetFolder, as_floats, as_integers, column, load_array
from phy_medicine.io.checks import CheckList

_FARTHEST_UM = 1e7
"""Ten metres: what is farther away is no place on a probe, and squares of it overflow."""


@dataclass(frozen=True, slots=True)
class Channels:
    """One row per displayed channel.

    map : (n_channels,) int64, column of the raw file
    positions : (n_channels, 2) float64, um, all distinct
    shanks, probes : (n_channels,) int32
    """

    map: IntArray
    positions: FloatArray
    shanks: IntArray
    probes: IntArray


def read_channels(folder: DatasetFolder, checks: CheckList) -> Channels:
    """Read channel map, positions, shanks and probes.

    Raises
    ------
    DatasetError : map or positions missing or of the wrong shape
    """
    path = folder.find("channel_map.npy", "channels.rawInd*.npy")
    if path is None:
        raise DatasetError(f"channel_map.npy is missing in {folder.path}; export the sorting again.")
    channel_map = as_integers(column(load_array(path), None, path, "channel"), path, np.int64)
    if len(channel_map) == 0 or int(channel_map.min()) < 0:
        raise DatasetError(f"{path.name} is empty or holds negative columns; export the sorting again.")
    n = len(channel_map)
    n_repeats = n - len(np.unique(channel_map))
    if n_repeats:
        checks.warn(path.name, f"{n_repeats} of {n} channels repeat the raw column of another one.")
    return Channels(
        map=frozen(channel_map),
        positions=frozen(_read_positions(folder, n, checks)),
        shanks=frozen(
            _read_index(folder, n, checks, "channel_shanks.npy", "channels.shanks*.npy", "channel_groups.npy")
        ),
        probes=frozen(_read_index(folder, n, checks, "channel_probe.npy", "channels.probes*.npy")),
    )


def _read_positions(folder: DatasetFolder, n_channels: int, checks: CheckList) -> FloatArray:
    path = folder.find("channel_positions.npy", "channels.localCoordinates*.npy")
    if path is None:
        raise DatasetError(f"channel_positions.npy is missing in {folder.path}; export the sorting again.")
    positions = as_floats(load_array(path), path, np.float64)
    if n_channels == 1 and positions.size == 2:
        positions = positions.reshape(1, 2)
    if positions.shape != (n_channels, 2):
        raise DatasetError(
            f"{path.name} has the shape {positions.shape}, expected ({n_channels}, 2): one row for each channel of the "
            "channel map; export it again."
        )
    with np.errstate(invalid="ignore"):
        positions = np.where(np.abs(positions) <= _FARTHEST_UM, positions, np.nan)
    moved, channels = separated(positions)
    if len(channels):
        names = ", ".join(map(str, channels[:8])) + (" and others" if len(channels) > 8 else "")
        checks.warn(
            path.name,
            f"{len(channels)} of {n_channels} channels share a place or have none and are drawn aside: {names}.",
        )
    return moved


def separated(positions: FloatArray) -> tuple[FloatArray, IntArray]:
    """Move channels that share a place, or have none, to the right until all places are distinct.

    Parameters
    ----------
    positions : (n_channels, 2) float64, um

    Returns
    -------
    (n_channels, 2) float64 copy, and the moved channels, ascending; the first channel of a place stays
    """
    out = np.where(np.isfinite(positions), positions, np.nan).astype(np.float64)
    lost: BoolArray = np.isnan(out.sum(axis=1))
    out[lost] = 0
    step = _clash_step(out)
    # The first channel of a place stays; all places are taken before the others are moved between them.
    owners = {(x, y): int(channel) for channel, (x, y) in reversed(list(enumerate(out.tolist()))) if not lost[channel]}
    taken = set(owners)
    moved = [channel for channel, (x, y) in enumerate(out.tolist()) if owners.get((x, y)) != channel or lost[channel]]
    for channel in moved:
        x, y = out[channel].tolist()
        while (x, y) in taken:
            x += step
        taken.add((x, y))
        out[channel] = x, y
    return out, np.array(moved, dtype=np.int64)


def _clash_step(positions: FloatArray) -> float:
    """A quarter of the smallest gap between columns, so that a moved channel stays beside its place."""
    gaps = np.diff(np.unique(positions[:, 0]))
    return float(gaps.min()) / 4 if len(gaps) and gaps.min() > 0 else 5.0


def _read_index(folder: DatasetFolder, n_channels: int, checks: CheckList, *names: str) -> IntArray:
    path = folder.find(*names)
    if path is None:
        return np.zeros(n_channels, dtype=np.int32)
    try:
        return as_integers(column(load_array(path), n_channels, path, "channel"), path, np.int32)
    except DatasetError as error:
        checks.warn(path.name, f"{error} All channels are taken as one group.")
        return np.zeros(n_channels, dtype=np.int32)
