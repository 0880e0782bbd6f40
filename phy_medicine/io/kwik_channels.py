"""The channels of one channel group of a Kwik file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.io.array_files import as_integers
from phy_medicine.io.channels import Channels, separated
from phy_medicine.io.checks import CheckList
from phy_medicine.io.h5 import H5File, number_of
from phy_medicine.io.kwik_write import SHANK


def read_kwik_channels(file: H5File, group: str, checks: CheckList) -> Channels:
    """Read the channels in the order of features, masks and waveforms.

    Raises
    ------
    DatasetError : the channel group names no channels
    """
    order = _read_order(file, group, checks)
    nodes = _nodes(file, group, order)
    positions, n_missing = _read_positions(file, nodes, order)
    if n_missing:
        checks.warn(
            file.path.name, f"{n_missing} of {len(order)} channels have no position and are put at their number."
        )
    moved, channels = separated(positions)
    if len(channels):
        checks.warn(file.path.name, f"{len(channels)} of {len(order)} channels share a place and are drawn aside.")
    number = number_of(group.rpartition("/")[2]) or 0
    shanks = [number_of(file.read_attr(node, SHANK, number)) for node in nodes]
    return Channels(
        map=frozen(order),
        positions=frozen(moved),
        shanks=frozen(np.array([number if s is None else s for s in shanks], dtype=np.int32)),
        probes=frozen(np.zeros(len(order), dtype=np.int32)),
    )


def _read_order(file: H5File, group: str, checks: CheckList) -> IntArray:
    order = np.atleast_1d(file.read_attr(group, "channel_order", ()))
    if order.size == 0 or order.dtype.kind not in "iuf":
        names = [name for name in file.children(f"{group}/channels") if name.isdecimal()]
        order = np.array(names, dtype=np.int64)
        if len(order):
            checks.warn(file.path.name, f"{group} has no channel_order, so channels are taken in the order of numbers.")
    order = as_integers(order.reshape(-1), Path(f"{group}/channel_order"), np.int64)
    if len(order) == 0 or int(order.min()) < 0 or len(np.unique(order)) < len(order):
        raise DatasetError(f"{group} in {file.path.name} does not name its channels once each; the file is damaged.")
    return order


def _nodes(file: H5File, group: str, order: IntArray) -> list[str]:
    """The group of each channel: named by absolute number, in older files by place in the channel group."""
    names = set(file.children(f"{group}/channels"))
    wanted = [str(channel) for channel in order.tolist()]
    if not names.issuperset(wanted) and names.issuperset(str(k) for k in range(len(order))):
        wanted = [str(k) for k in range(len(order))]
    return [f"{group}/channels/{name}" for name in wanted]


def _read_positions(file: H5File, nodes: list[str], order: IntArray) -> tuple[FloatArray, int]:
    """(n_channels, 2) float64 in um, and how many channels have none."""
    positions = np.zeros((len(order), 2))
    positions[:, 1] = order
    n_missing = 0
    for k, node in enumerate(nodes):
        value = np.atleast_1d(file.read_attr(node, "position", ()))
        if value.size >= 2 and value.dtype.kind in "iuf" and np.isfinite(value.reshape(-1)[:2]).all():
            positions[k] = value.reshape(-1)[:2]
        else:
            n_missing += 1
    return positions, n_missing
