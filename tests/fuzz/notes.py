"""Readers of the JSON that the program itself notes beside a dataset and between its processes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from phy_medicine.app.plugin_choices import Choices
from phy_medicine.compute import job_events
from phy_medicine.compute.job_files import JobFile, Manifest
from phy_medicine.compute.motion.detect import read_description
from phy_medicine.compute.pipeline import stages as pipeline_stages
from phy_medicine.compute.sorting.job import read_request
from phy_medicine.compute.sorting.stages import Stages
from phy_medicine.io.dataset_file import open_dataset
from phy_medicine.io.export import output
from phy_medicine.io.generation import pending_files, read_intent
from phy_medicine.io.lock import DatasetLock
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


def _intent(data: bytes, folder: Path) -> None:
    """What is read must name plain files of the folder: they are moved, and the folder of the stamp is removed."""
    found = read_intent(folder)
    for name in () if found is None else (found.stamp, *(file.name for file in found.files)):
        assert name not in ("", ".", "..") and not set(name) & set("/\\\0"), name
    pending_files(folder)


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


_PACKED = base64.b64encode(npy(np.zeros(0))).decode()
_EVENT_LINES = texts(
    '{"event": "progress", "fraction": 0.5, "message": "at work"}\n{"event": "started", "device": "cpu"}\n',
    '{"event": "log", "text": "x"}\nplain\n{"event": "error", "kind": "E", "text": "t"}\n{"event": "result"}\n',
    f'{{"event": "preview", "arrays": {{"a": "{_PACKED}"}}}}\n',
    '{"event": "preview", "file": "/etc/passwd"}\n',
    '{"event": "progress", "fraction": "1e999"}\n',
)


def json_target(
    name: str,
    part: str,
    file: str,
    seeds: list[Any],
    read: Callable[[bytes, Path], object],
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
        **more,
    )


def _lay(*folders: str) -> Callable[[Path], None]:
    def lay(folder: Path) -> None:
        for name in folders:
            (folder / name).mkdir(parents=True)

    return lay


_OWN = _lay(".phy_medicine")


def targets() -> tuple[Target, ...]:
    """Return the readers of notes."""
    return (
        json_target("pending", "`pending.json`", ".phy_medicine/pending.json", [_INTENT], _intent, lay=_OWN),
        json_target(
            "fields",
            "`fields.json`",
            ".phy_medicine/fields.json",
            [{"user_fields": ["a"]}],
            lambda data, folder: read_user_fields(folder),
            lay=_OWN,
        ),
        json_target(
            "lock",
            "`lock`",
            ".phy_medicine/lock",
            [{"host": "h", "user": "u", "pid": 1, "time": "2026", "started": "3"}],
            lambda data, folder: str(DatasetLock(folder).owner()),
            lay=_OWN,
            allowed=frozenset({"os.kill"}),
        ),
        json_target(
            "choice",
            "`state.json`, the chosen run",
            "state.json",
            [_STATE],
            lambda data, folder: _choice(folder),
        ),
        json_target(
            "plugin_choices",
            "choices of plugins",
            "plugins.json",
            [{"on": ["a"], "off": [], "seen": ["b"]}],
            lambda data, folder: Choices(folder / "plugins.json"),
        ),
        json_target(
            "unfinished",
            "`request.json` of a computation",
            "unfinished/1/request.json",
            [{"kind": "motion", "settings": {"a": 1}}],
            _unfinished,
            lay=_lay_unfinished,
        ),
        json_target("job", "`job.json`", "job.json", [_JOB], lambda data, folder: JobFile.read(folder / "job.json")),
        json_target("manifest", "`manifest.json` of a result", "manifest.json", [_MANIFEST], _manifest),
        json_target(
            "dataset_file",
            "which dataset a job reads",
            "dataset.json",
            [{"path": "x/params.py", "channel_group": None, "clustering": None, "files": {"a": [1, 2]}}],
            lambda data, folder: open_dataset(folder / "dataset.json"),
        ),
        json_target(
            "detect_json",
            "what `motion` reads",
            "detect.json",
            [{"recording": {"path": "x", "reader": ""}, "detection": {}}],
            lambda data, folder: read_description(folder / "detect.json"),
        ),
        json_target(
            "sort_json",
            "what `sort` reads",
            "sort.json",
            [{"recording": {"path": "x"}, "out": "o", "settings": {}, "sorter": "own"}],
            lambda data, folder: read_request(folder / "sort.json"),
        ),
        json_target(
            "sort_stages",
            "`stage.json` of a sort",
            "stages/detect/stage.json",
            [{"key": "k", "order": 1, "arrays": {"a": [[2], "<f8"]}}],
            _stages,
            lay=_lay("stages/detect"),
        ),
        json_target(
            "run_stages",
            "`stage.json` of a run",
            "run/detect/stage.json",
            [{"key": "k", "done": True, "facts": {"n": 1}, "files": {}}],
            _pipeline,
            lay=_lay("run/detect"),
        ),
        json_target(
            "export_list",
            "list of an export",
            output.MANIFEST,
            [{"files": ["a.npy", "b/c.npy"]}],
            lambda data, folder: [folder / name for name in output._listed(folder)],
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
