"""Readers of the JSON of other programs: probes, curations, recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from phy_medicine.compute.sorting import source as sort_source
from phy_medicine.io.contacts import read_contacts
from phy_medicine.io.probe_file import read_probe
from phy_medicine.io.raw_file import compressed_facts
from phy_medicine.io.si_curation import read_curation
from tests.fuzz.notes import json_target
from tests.fuzz.target import Target

_POSITIONS = np.array([[16.0 * (i % 2), 20.0 * (i // 2)] for i in range(4)])
_PROBE = {
    "specification": "probeinterface",
    "version": "0.2.24",
    "probes": [
        {
            "ndim": 2,
            "si_units": "um",
            "annotations": {},
            "contact_annotations": {},
            "contact_positions": _POSITIONS.tolist(),
            "contact_plane_axes": [[[1.0, 0.0], [0.0, 1.0]]] * 4,
            "contact_shapes": ["circle", "square", "rect", "circle"],
            "contact_shape_params": [{"radius": 5}, {"width": 8}, {"width": 8, "height": 4}, {"radius": 5}],
            "probe_planar_contour": [[0.0, 0.0], [20.0, 0.0], [10.0, 90.0]],
            "device_channel_indices": [3, 2, 1, 0],
            "shank_ids": ["0", "0", "1", "1"],
        }
    ],
}
_KILOSORT_PROBE = {
    "xc": [0, 16, 0, 16],
    "yc": [0, 0, 20, 20],
    "kcoords": [0, 0, 1, 1],
    "chanMap": [0, 1, 2, 3],
    "connected": [1, 1, 0, 1],
}
_CURATION = {
    "format_version": "2",
    "unit_ids": [0, 1, 2, 5],
    "label_definitions": {"quality": {"label_options": ["good", "noise"], "exclusive": True}},
    "manual_labels": [{"unit_id": 1, "labels": {"quality": ["good"]}}],
    "removed": [5],
    "merges": [{"unit_ids": [0, 2], "new_unit_id": 7}],
    "splits": [{"unit_id": 1, "mode": "indices", "indices": [[0, 2], [3]], "new_unit_ids": [8, 9]}],
}
_CH = {
    "version": "1.0",
    "algorithm": "zlib",
    "comp_level": -1,
    "do_time_diff": True,
    "do_spatial_diff": False,
    "dtype": "int16",
    "n_channels": 4,
    "sample_rate": 30000.0,
    "chunk_bounds": [0, 3],
    "chunk_offsets": [0, 20],
    "sha1_compressed": "",
    "sha1_uncompressed": "",
    "chunk_order": "F",
}


def _probe(data: bytes, folder: Path) -> None:
    found = read_probe(str(folder / "x.json"), 4)
    assert np.isfinite(found.positions_um).all() and len(np.unique(found.positions_um, axis=0)) == found.n_channels


def _contacts(data: bytes, folder: Path) -> None:
    found = read_contacts(folder, _POSITIONS)
    assert found is None or found.size_um.shape == (4, 2)


def _curation(data: bytes, folder: Path) -> None:
    for step in read_curation(folder / "curation.json"):
        for split in step.splits:
            assert len(split.parts(5)) == 5


def _recording(data: bytes, folder: Path) -> None:
    sort_source.find_known(folder) if hasattr(sort_source, "find_known") else sort_source._of_folder(folder)


def targets() -> tuple[Target, ...]:
    """Return the readers of what other programs wrote."""
    return (
        json_target("probe_json", "probe files (JSON)", "x.json", [_PROBE, _KILOSORT_PROBE], _probe),
        json_target("contacts", "`probe.json` beside a dataset", "probe.json", [_PROBE], _contacts),
        json_target(
            "si_curation",
            "curations of SpikeInterface",
            "curation.json",
            [_CURATION, [_CURATION, _CURATION]],
            _curation,
            coverage=False,
        ),
        json_target(
            "ch",
            "`.ch` of a compressed recording",
            "x.ch",
            [_CH],
            lambda data, folder: compressed_facts(folder / "x.cbin"),
        ),
        json_target(
            "binary_json",
            "`binary.json` of SpikeInterface",
            sort_source._BINARY,
            [
                {
                    "kwargs": {
                        "file_paths": ["a.raw"],
                        "num_channels": 4,
                        "gain_to_uV": [1, 1, 1, 1],
                        "dtype": "int16",
                        "sampling_frequency": 30000.0,
                        "file_offset": 0,
                        "time_axis": 0,
                    },
                    "annotations": {"is_filtered": True},
                }
            ],
            _recording,
        ),
    )
