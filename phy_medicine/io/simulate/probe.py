"""Contacts of a simulated probe, and its file in the probeinterface format."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.io.simulate.settings import SimulationSettings

SHANK_PITCH_UM = 250.0
CONTACT_WIDTH_UM = 12.0


@dataclass(frozen=True, slots=True)
class SimulatedProbe:
    """Contacts of the probe; y grows away from the tip.

    positions_um : (n_channels, 2) float64, x and y
    shanks : (n_channels,) int32
    name : layout in words
    """

    positions_um: FloatArray
    shanks: IntArray
    name: str

    @property
    def n_channels(self) -> int:
        return len(self.positions_um)

    @property
    def depth_range_um(self) -> tuple[float, float]:
        """Lowest and highest contact."""
        y = self.positions_um[:, 1]
        return float(y.min()), float(y.max())

    def nearest_channels(self, channel: int, n: int) -> IntArray:
        """(n,) channels nearest to a channel, itself first; those of other shanks come last."""
        distance = np.linalg.norm(self.positions_um - self.positions_um[channel], axis=1)
        distance = distance + 1e6 * (self.shanks != self.shanks[channel])
        return np.argsort(distance, kind="stable")[:n].astype(np.int32)


def make_probe(settings: SimulationSettings) -> SimulatedProbe:
    """Return the probe that the settings name."""
    i = np.arange(settings.channels)
    shanks = np.zeros(settings.channels, dtype=np.int32)
    if settings.probe == "linear":
        x, y = np.zeros(len(i)), 25.0 * i
    elif settings.probe == "neuropixels":
        # Neuropixels 1.0: rows 20 um apart, columns 32 um apart, every second row shifted by 16 um.
        row, column = i // 2, i % 2
        x, y = 32.0 * column + 16.0 * (row % 2 == 0), 20.0 * row
    else:
        # Neuropixels 2.0, four shanks: rows 15 um apart, columns 32 um apart, no stagger.
        per_shank = -(-settings.channels // settings.n_shanks)
        shanks, j = (i // per_shank).astype(np.int32), i % per_shank
        x, y = 32.0 * (j % 2) + SHANK_PITCH_UM * shanks, 15.0 * (j // 2)
    positions = np.column_stack([x, y]).astype(np.float64)
    return SimulatedProbe(frozen(positions), frozen(shanks), settings.probe)


def _contour(positions: FloatArray, shanks: IntArray) -> list[list[float]]:
    """Outline around all contacts, with a tip below each shank."""
    bottom, top = positions[:, 1].min() - 20.0, positions[:, 1].max() + 40.0
    outline: list[list[float]] = []
    for shank in np.unique(shanks):
        x = positions[shanks == shank, 0]
        left, right = x.min() - 20.0, x.max() + 20.0
        outline += [[left, top], [left, bottom], [(left + right) / 2, bottom - 80.0], [right, bottom], [right, top]]
    return [[float(x), float(y)] for x, y in outline]


def probe_json(probe: SimulatedProbe) -> str:
    """Return the text of `probe.json`; wiring is one to one."""
    n = probe.n_channels
    description = {
        "ndim": 2,
        "si_units": "um",
        "annotations": {"name": f"simulated {probe.name}", "manufacturer": "simulated"},
        "contact_annotations": {},
        "contact_positions": probe.positions_um.tolist(),
        "contact_plane_axes": [[[1.0, 0.0], [0.0, 1.0]]] * n,
        "contact_shapes": ["square"] * n,
        "contact_shape_params": [{"width": CONTACT_WIDTH_UM}] * n,
        "probe_planar_contour": _contour(probe.positions_um, probe.shanks),
        "contact_ids": [str(i) for i in range(n)],
        "shank_ids": [str(s) for s in probe.shanks],
        "device_channel_indices": list(range(n)),
    }
    return json.dumps({"specification": "probeinterface", "version": "0.2.21", "probes": [description]}, indent=1)
