"""Readers of JSON: what the program noted beside a dataset, what a person hands over, what other programs wrote."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from phy_medicine.app.plugin_choices import Choices
from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute import job_events
from phy_medicine.compute.job_files import JobFile, Manifest
from phy_medicine.compute.motion.detect import read_description
from phy_medicine.compute.pipeline import stages as pipeline_stages
from phy_medicine.compute.sorting import source as sort_source
from phy_medicine.compute.sorting.job import read_request
from phy_medicine.compute.sorting.stages import Stages
from phy_medicine.io.contacts import read_contacts
from phy_medicine.io.dataset_file import open_dataset
from phy_medicine.io.export import output
from phy_medicine.io.generation import pending_files, read_intent
from phy_medicine.io.lock import DatasetLock
from phy_medicine.io.probe_file import read_probe
from phy_medicine.io.raw_file import compressed_facts
from phy_medicine.io.si_curation import read_curation
from phy_medicine.io.user_fields import read_user_fields
from phy_medicine.session.unfinished import unfinished
from phy_medicine.session.used_run import read_choice
from tests.fuzz import shapes
from tests.fuzz.arrays import npy
from tests.fuzz.target import Target, in_file, texts

WORDS = texts(
    "{",
    "}",
    "[",
    "]",
    '"',
    ":",
    ",",
    "null",
    "NaN",
    "Infinity",
    "-1",
    "1e999",
    "true",
    "9" * 5000,
    "\\ud800",
    "\\u0000",
    "..",
    "/",
    "[" * 2000,
    "{}",
)

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
_INTENT = {
    "version": 1,
    "stamp": "20260101-000000-000000",
    "files": [
        {"name": "spike_clusters.npy", "size": 3, "sha256": "0" * 64, "old": [5, 17]},
        {"name": "cluster_group.tsv", "size": 0, "sha256": "", "old": None},
    ],
}
_JOB = {
    "id": "1",
    "kind": "motion",
    "run": "a:b",
    "settings_class": "a:B",
    "settings": {"x": 1},
    "folder": "out",
    "inputs": {"times": {"path": "times.npy", "sha256": ""}},
    "plugin": {"path": "p.py", "sha256": "00"},
    "uses_gpu": False,
    "device": "auto",
    "seed": 0,
    "kept": "",
    "cancel": "",
    "threads": 2,
    "nice": 3,
    "version": 1,
}
_MANIFEST = {
    "job": "1",
    "kind": "motion",
    "arrays": {"depth": {"file": "depth.npy", "shape": [2], "dtype": "<f8", "sha256": "0" * 64, "unit": "um"}},
    "facts": {"n": 1},
    "inputs": {"a": "b"},
    "settings": {},
    "device": "cpu",
    "seed": 0,
    "code_version": "1",
    "started": "",
    "finished": "",
    "version": 1,
}
_STATE = {"version": 1, "values": {"motion": "run1", "theme": "light", "layouts": {}}}
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


def _intent(data: bytes, folder: Path) -> None:
    """What is read must name plain files of the folder: they are moved, and the folder of the stamp is removed."""
    found = read_intent(folder)
    for name in () if found is None else (found.stamp, *(file.name for file in found.files)):
        assert name not in ("", ".", "..") and not set(name) & set("/\\\0"), name
    pending_files(folder)


def _curation(data: bytes, folder: Path) -> None:
    for step in read_curation(folder / "curation.json"):
        for split in step.splits:
            assert len(split.parts(5)) == 5


def _choice(folder: Path) -> None:
    assert isinstance(read_choice(folder / "state.json", "motion"), str | None)


def _manifest(data: bytes, folder: Path) -> None:
    Manifest.read(folder).load(folder)


def _stages(data: bytes, folder: Path) -> None:
    stages = Stages(folder / "stages")
    stages.kept()


def _pipeline(data: bytes, folder: Path) -> None:
    path = folder / "run"
    assert isinstance(pipeline_stages.facts_of(path, ["detect"]), dict)
    pipeline_stages.StageFolder(path / "detect", "k").facts  # noqa: B018
    pipeline_stages.timings(path / "detect")


def _unfinished(data: bytes, folder: Path) -> None:
    for one in unfinished(folder / "unfinished"):
        assert isinstance(one.settings, dict)


def _lay_unfinished(folder: Path) -> None:
    (folder / "unfinished" / "1").mkdir(parents=True)
    (folder / "unfinished" / "1" / "kept.npy").write_bytes(b"x")


def _event(data: bytes, folder: Path) -> None:
    import io

    for line in job_events.lines(io.BytesIO(data)):
        found = job_events.parse(line)
        assert found is None or 0 <= found.fraction <= 1
        assert job_events.as_text(line).isprintable() or "\t" in job_events.as_text(line)


def _recording(data: bytes, folder: Path) -> None:
    sort_source.find_known(folder) if hasattr(sort_source, "find_known") else sort_source._of_folder(folder)


_PACKED = base64.b64encode(npy(np.zeros(0))).decode()
_EVENT_LINES = texts(
    '{"event": "progress", "fraction": 0.5, "message": "at work"}\n{"event": "started", "device": "cpu"}\n',
    '{"event": "log", "text": "x"}\nplain\n{"event": "error", "kind": "E", "text": "t"}\n{"event": "result"}\n',
    f'{{"event": "preview", "arrays": {{"a": "{_PACKED}"}}}}\n',
    '{"event": "preview", "file": "/etc/passwd"}\n',
    '{"event": "progress", "fraction": "1e999"}\n',
)


def _json(
    name: str,
    part: str,
    file: str,
    seeds: list[Any],
    read: Callable[[bytes, Path], object],
    share: float = 0.5,
    **more: Any,
) -> Target:
    """Return a reader of one JSON file."""
    contents = (*(json.dumps(seed).encode() for seed in seeds), b"[" * 3000, b'{"a":' * 3000, b"\xff\xfe", b"")
    return Target(
        name,
        part,
        read,
        in_file(file),
        seeds=contents,
        words=WORDS,
        shapes=shapes.json_like(seeds),
        share=share,
        **more,
    )


def _lay(*folders: str) -> Callable[[Path], None]:
    def lay(folder: Path) -> None:
        for name in folders:
            (folder / name).mkdir(parents=True)

    return lay


_OWN = _lay(".phy_medicine")


def targets() -> tuple[Target, ...]:
    """Return the readers of JSON."""
    return (
        _json("probe_json", "probe files (JSON)", "x.json", [_PROBE, _KILOSORT_PROBE], _probe, share=1),
        _json("contacts", "`probe.json` beside a dataset", "probe.json", [_PROBE], _contacts),
        _json(
            "si_curation",
            "curations of SpikeInterface",
            "curation.json",
            [_CURATION, [_CURATION, _CURATION]],
            _curation,
            coverage=False,
        ),
        _json("pending", "`pending.json`", ".phy_medicine/pending.json", [_INTENT], _intent, lay=_OWN, share=1),
        _json(
            "fields",
            "`fields.json`",
            ".phy_medicine/fields.json",
            [{"user_fields": ["a"]}],
            lambda data, folder: read_user_fields(folder),
            lay=_OWN,
            share=0.3,
        ),
        _json(
            "lock",
            "`lock`",
            ".phy_medicine/lock",
            [{"host": "h", "user": "u", "pid": 1, "time": "2026", "started": "3"}],
            lambda data, folder: str(DatasetLock(folder).owner()),
            lay=_OWN,
            allowed=frozenset({"os.kill"}),
        ),
        _json(
            "choice",
            "`state.json`, the chosen run",
            "state.json",
            [_STATE],
            lambda data, folder: _choice(folder),
            share=0.3,
        ),
        _json(
            "plugin_choices",
            "choices of plugins",
            "plugins.json",
            [{"on": ["a"], "off": [], "seen": ["b"]}],
            lambda data, folder: Choices(folder / "plugins.json"),
            share=0.3,
        ),
        _json(
            "unfinished",
            "`request.json` of a computation",
            "unfinished/1/request.json",
            [{"kind": "motion", "settings": {"a": 1}}],
            _unfinished,
            lay=_lay_unfinished,
            share=0.3,
        ),
        _json("job", "`job.json`", "job.json", [_JOB], lambda data, folder: JobFile.read(folder / "job.json")),
        _json("manifest", "`manifest.json` of a result", "manifest.json", [_MANIFEST], _manifest),
        _json(
            "dataset_file",
            "which dataset a job reads",
            "dataset.json",
            [{"path": "x/params.py", "channel_group": None, "clustering": None, "files": {"a": [1, 2]}}],
            lambda data, folder: open_dataset(folder / "dataset.json"),
            share=0.3,
        ),
        _json(
            "detect_json",
            "what `motion` reads",
            "detect.json",
            [{"recording": {"path": "x", "reader": ""}, "detection": {}}],
            lambda data, folder: read_description(folder / "detect.json"),
            share=0.3,
        ),
        _json(
            "sort_json",
            "what `sort` reads",
            "sort.json",
            [{"recording": {"path": "x"}, "out": "o", "settings": {}, "sorter": "own"}],
            lambda data, folder: read_request(folder / "sort.json"),
            share=0.3,
        ),
        _json(
            "sort_stages",
            "`stage.json` of a sort",
            "stages/detect/stage.json",
            [{"key": "k", "order": 1, "arrays": {"a": [[2], "<f8"]}}],
            _stages,
            lay=_lay("stages/detect"),
            share=0.3,
        ),
        _json(
            "run_stages",
            "`stage.json` of a run",
            "run/detect/stage.json",
            [{"key": "k", "done": True, "facts": {"n": 1}, "files": {}}],
            _pipeline,
            lay=_lay("run/detect"),
            share=0.3,
        ),
        _json(
            "export_list",
            "list of an export",
            output.MANIFEST,
            [{"files": ["a.npy", "b/c.npy"]}],
            lambda data, folder: [folder / name for name in output._listed(folder)],
            share=0.3,
        ),
        _json(
            "ch",
            "`.ch` of a compressed recording",
            "x.ch",
            [_CH],
            lambda data, folder: compressed_facts(folder / "x.cbin"),
        ),
        _json(
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
            share=0.3,
        ),
        Target(
            "job_events",
            "events of a worker",
            _event,
            seeds=_EVENT_LINES,
            words=(*WORDS, *texts('"event"', '"preview"', '"arrays"', "\n")),
            shapes=st.lists(
                shapes.json_like(
                    [
                        json.loads(line)
                        for seed in _EVENT_LINES
                        for line in seed.decode().splitlines()
                        if line.startswith("{")
                    ]
                ),
                max_size=3,
            ).map(b"\n".join),
        ),
    )


Errors = (PhyMedError,)
_ = partial
