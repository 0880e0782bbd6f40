"""A curation as a sorting of SpikeInterface, in a folder that `spikeinterface.load` reads."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.io.export.handover import Handover
from phy_medicine.io.export.output import ExportReport, new_folder, written

QUALITY = "quality"
"""What SpikeInterface calls the group of a cluster; its own `group` is a group of channels."""
_NAMES = {"group": QUALITY, "ch": "main_channel", "sh": "group"}


def to_sorting(content: Handover) -> Any:
    """Return a `spikeinterface.NumpySorting`; units have the numbers of the clusters.

    Properties are the columns of the cluster table: `quality` is the group, `group` the shank, `main_channel` the
    name of the peak channel; the others keep their names.
    """
    core = _core()
    vector = np.zeros(content.n_spikes, dtype=core.base.minimum_spike_dtype)
    vector["sample_index"], vector["unit_index"] = content.samples, content.cluster_rows
    sorting = core.NumpySorting(vector, content.sample_rate, np.array(content.cluster_ids, dtype=np.int64))
    for name in content.columns:
        sorting.set_property(
            _NAMES.get(name, name if name not in _NAMES.values() else f"{name}_label"), content.column(name)
        )
    return sorting


def export_sorting(content: Handover, out: Path, *, force: bool = False) -> ExportReport:
    """Write a folder that `spikeinterface.load` reads, with the probe as `probe.json` of probeinterface.

    Raises
    ------
    DatasetError : the folder holds files and `force` is not set, or it cannot be written
    """
    sorting, n_bytes = to_sorting(content), 24 * content.n_spikes
    with new_folder(out, force=force, n_bytes=n_bytes) as folder:
        folder.rmdir()  # SpikeInterface makes it itself
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a sorting in memory has no provenance
            sorting.save(folder=folder, format="numpy_folder")
        _write_probe(content, folder / "probe.json")
    return ExportReport(written(out))


def _write_probe(content: Handover, path: Path) -> None:
    from probeinterface import Probe, ProbeGroup, write_probeinterface

    group, channels = ProbeGroup(), content.channels
    for number in np.unique(channels.probes):
        rows = np.flatnonzero(channels.probes == number)
        probe = Probe(ndim=2, si_units="um")
        probe.set_contacts(
            positions=channels.positions[rows], shapes="circle", shape_params={"radius": 5.0},
            shank_ids=channels.shanks[rows].astype(str),
        )  # fmt: skip
        probe.set_device_channel_indices(channels.map[rows])
        probe.set_contact_ids([content.channel_labels[row] for row in rows])
        group.add_probe(probe)
    write_probeinterface(path, group)


def _core() -> Any:
    import spikeinterface.core as core

    return core
