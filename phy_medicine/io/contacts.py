"""Shapes of the contacts of a probe, from a file of probeinterface: `probe.json` beside a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.json_text import WRONG_CONTENT
from phy_medicine.base.log import logger
from phy_medicine.base.types import BoolArray, FloatArray, IntArray, frozen
from phy_medicine.io.plain_file import read_json

PROBE_NAME = "probe.json"
# A contact of the file is the channel at this distance or nearer.
_SAME_UM = 1.0
# Points compared at once with all contacts: 20 MB for 5,000 of them.
_CHUNK = 256
_TO_UM = {"um": 1.0, "mm": 1e3, "m": 1e6}


@dataclass(frozen=True, slots=True)
class Contacts:
    """One row per displayed channel.

    size_um : (n_channels, 2) float64, width and height; round : (n_channels,) bool
    """

    size_um: FloatArray
    round: BoolArray


def read_contacts(path: Path | None, positions_um: FloatArray) -> Contacts | None:
    """Return the contacts of the channels at (n_channels, 2) positions; None without a file that tells of all of them.

    Source: the format of probeinterface, https://probeinterface.readthedocs.io, version 0.2.
    """
    if path is None or not path.exists():
        return None
    try:
        rows = [row for probe in read_json(path)["probes"] for row in _rows(probe)]
        table = np.array(rows, dtype=np.float64).reshape(-1, 5)
    except (OSError, *WRONG_CONTENT) as error:
        logger.warning("The shapes of contacts in %s could not be read: %s.", path, error)
        return None
    if not len(table):
        return None
    nearest, distances = _nearest(positions_um, table[:, :2])
    if (distances > _SAME_UM).any():
        logger.info("%s does not tell of all channels; contacts are drawn as discs.", path)
        return None
    found = table[nearest]
    return Contacts(frozen(found[:, 2:4]), frozen(found[:, 4] > 0))


def _nearest(points: FloatArray, others: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return for each point the nearest of others, and how far it is."""
    rows, distances = [], []
    for start in range(0, len(points), _CHUNK):
        each = np.hypot(*(points[start : start + _CHUNK, None] - others[None]).transpose(2, 0, 1))
        rows.append(each.argmin(axis=1))
        distances.append(each.min(axis=1))
    return np.concatenate(rows), np.concatenate(distances)


def _rows(probe: dict[str, Any]) -> list[tuple[float, float, float, float, bool]]:
    """Return x, y, width, height, µm, and whether it is round, of each contact."""
    to_um = _TO_UM[probe.get("si_units", "um")]
    described = zip(probe["contact_positions"], probe["contact_shapes"], probe["contact_shape_params"], strict=True)
    rows = []
    for (x, y), shape, params in described:
        width = 2 * params["radius"] if shape == "circle" else params["width"]
        height = params["height"] if shape == "rect" else width
        rows.append((x * to_um, y * to_um, width * to_um, height * to_um, shape == "circle"))
    return rows
