"""Which channel groups and clusterings a Kwik file holds, and which of them is meant."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import IntArray, frozen
from phy_medicine.io.h5 import H5File
from phy_medicine.io.kwik_write import MAIN
from phy_medicine.io.spike_table import LARGEST_ID


def channel_groups(file: H5File) -> tuple[int, ...]:
    """Return the numbers of the channel groups, ascending."""
    return tuple(int(name) for name in file.children("/channel_groups") if name.isdecimal())


def clusterings(file: H5File, group: str) -> tuple[str, ...]:
    """Return the names of the clusterings of a channel group, `main` first, then by name."""
    path = f"{group}/spikes/clusters"
    names = [name for name in file.children(path) if file.is_dataset(f"{path}/{name}")]
    return tuple(sorted(names, key=lambda name: (name != MAIN, name)))


def choose_group(file: H5File, wanted: int | None) -> int:
    """Return the channel group to open: the wanted one, or the first that has spikes.

    Raises
    ------
    DatasetError : there is no such group, or none at all
    """
    there = channel_groups(file)
    if wanted is not None:
        if wanted not in there:
            raise DatasetError(
                f"{file.path.name} has no channel group {wanted}; it has {', '.join(map(str, there)) or 'none'}."
            )
        return wanted
    if not there:
        raise DatasetError(f"{file.path.name} has no channel groups; there is nothing to curate.")
    sorted_ones = [number for number in there if clusterings(file, f"/channel_groups/{number}")]
    return (sorted_ones or list(there))[0]


def choose_clustering(file: H5File, group: str, wanted: str | None) -> str:
    """Return the clustering to open: the wanted one, else `main`, else the first by name.

    Raises
    ------
    DatasetError : there is no such clustering, or none at all
    """
    there = clusterings(file, group)
    number = group.rpartition("/")[2]
    if not there:
        raise DatasetError(f"Channel group {number} of {file.path.name} has no clusterings; sort it first.")
    if wanted is not None and wanted not in there:
        raise DatasetError(
            f"Channel group {number} of {file.path.name} has no clustering {wanted}; it has {', '.join(there)}."
        )
    return wanted or there[0]


def read_clusters(file: H5File, group: str, clustering: str, n_spikes: int | None = None) -> IntArray:
    """Read the cluster of each spike, (n_spikes,) int32, read-only.

    Raises
    ------
    DatasetError : another number of spikes, or ids that cannot be clusters
    """
    path = f"{group}/spikes/clusters/{clustering}"
    labels = file.read(path).reshape(-1)
    if n_spikes is not None and len(labels) != n_spikes:
        raise DatasetError(
            f"{path} in {file.path.name} has {len(labels):,} labels for {n_spikes:,} spikes; sort again."
        )
    if labels.dtype.kind not in "iu" or (len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) <= LARGEST_ID):
        raise DatasetError(f"{path} in {file.path.name} holds labels that are no cluster numbers; sort again.")
    return frozen(labels.astype(np.int32))
