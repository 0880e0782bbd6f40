"""The stages of a run in one folder: what is there already, and what is to be computed.

    folder/detect/    stage.json, noise.npy, peaks.npy      stage.json says what the files are made of, and is written
    folder/localize/  stage.json, positions.npy             first with `done` false, then with `done` true
    folder/motion/    stage.json, motion.npy, ...

A stage is made of the recording, of its settings, and of the stage before it. Their hash is its key: files of another
key are computed again, pieces of the same key are not.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.json_text import WRONG_CONTENT, parse_json
from phy_medicine.compute.job_files import as_json
from phy_medicine.io.durable import replace_file

STAGES = ("detect", "localize", "motion", "sort", "metrics")
VERSION = 1
MANIFEST, TIMINGS = "stage.json", "timings.json"
NOT_USED = ("device", "out", "plot_figures", "signal")
"""Settings that change no result."""


@dataclass(frozen=True, slots=True)
class StageFolder:
    """The folder of one stage.

    key : of what it is to hold
    """

    path: Path
    key: str

    @property
    def facts(self) -> dict[str, Any] | None:
        """What is known of the result, None while there is none of this key or a file of it is missing."""
        found = self._manifest()
        return found["facts"] if found is not None and found["done"] and found["files"] == self._sizes() else None

    def begin(self) -> None:
        """Make the folder; what is in it of another key is removed."""
        if self._manifest() is None:
            self.forget()
            self.path.mkdir(parents=True)
            self._write(done=False, facts={})

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Say that the result is there."""
        self._write(done=True, facts=facts)

    def forget(self) -> None:
        """Remove the folder; without its manifest it holds nothing, whatever happens next."""
        (self.path / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(self.path, ignore_errors=True)

    def _write(self, *, done: bool, facts: Mapping[str, Any]) -> None:
        content = {"key": self.key, "done": done, "facts": as_json(facts), "files": self._sizes()}
        replace_file(self.path / MANIFEST, json.dumps(content, indent=1).encode())

    def _sizes(self) -> dict[str, int]:
        """Size of each file beside the manifest."""
        files = (p for p in self.path.rglob("*") if p.is_file() and p.name != MANIFEST and not p.name.startswith("."))
        return {str(p.relative_to(self.path)): p.stat().st_size for p in sorted(files)}

    def _manifest(self) -> dict[str, Any] | None:
        """The manifest if it is of this key."""
        try:
            content: dict[str, Any] = parse_json((self.path / MANIFEST).read_text("utf-8"))
            return content if content["key"] == self.key and {"done", "facts", "files"} <= content.keys() else None
        except (OSError, *WRONG_CONTENT):
            return None


def key_of(stage: str, inputs: Mapping[str, Any], settings: Mapping[str, Any], before: str) -> str:
    """Return the key of a stage.

    inputs : what tells this recording from others; settings : of the stage; before : key of the stage before
    """
    used = {name: value for name, value in settings.items() if name not in NOT_USED}
    content = json.dumps(as_json([VERSION, stage, inputs, used, before]), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def forget_from(folder: Path, stages: tuple[str, ...], stage: str) -> None:
    """Remove the results of a stage and of those after it.

    Raises
    ------
    PhyMedError : the stage before it was never begun there
    """
    number = stages.index(stage)
    missing = next((name for name in stages[:number] if not (folder / name / MANIFEST).exists()), None)
    if missing is not None:
        raise PhyMedError(
            f"{folder} holds no result of {missing}, so nothing can go on from {stage}; leave out --from."
        )
    for name in reversed(stages[number:]):
        StageFolder(folder / name, "").forget()


def facts_of(folder: Path, stages: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Return what is known of the results of stages, of those that are done."""
    found: dict[str, Mapping[str, Any]] = {}
    for stage in stages:
        content = _json(folder / stage / MANIFEST)
        if content.get("done") and isinstance(content.get("facts"), dict):
            found[stage] = content["facts"]
    return found


def timings(folder: Path) -> dict[str, str]:
    """Return by stage how long it took, and where."""
    return _json(folder / TIMINGS)


def _json(path: Path) -> dict[str, Any]:
    """The content of a file, nothing where it cannot be read."""
    try:
        content = parse_json(path.read_text("utf-8"))
        return content if isinstance(content, dict) else {}
    except (OSError, ValueError):
        return {}
