"""The files of a job: `job.json` tells a worker what to do, `manifest.json` what came of it.

Both are plain JSON, so that any program can start a job or use its result. The manifest is written last and in one
step: a folder without one holds nothing that may be used.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy_format

from phy_medicine.base.errors import DatasetError, PhyMedError
from phy_medicine.base.json_text import WRONG_CONTENT, parse_json
from phy_medicine.base.types import AnyArray
from phy_medicine.base.words import shortened
from phy_medicine.io.array_files import load_array
from phy_medicine.io.durable import reason, replace_file

VERSION = 1
MANIFEST = "manifest.json"
_BLOCK = 1 << 22


class JobError(PhyMedError):
    """A job that cannot be started, that failed, or whose result cannot be used."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that a job reads, and the hash of its content ("" when nobody looked)."""

    path: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class JobFile:
    """What `job.json` says.

    id, kind : of the job
    run, settings_class : `module:name` of the function and of the class of its settings
    plugin : the file that they are in, when they are no module that can be imported
    settings : their values, by name
    inputs : by name; `.npy` files are handed over mapped into memory, others as paths
    device, seed : of the computation; device may be "auto"
    folder : where result and manifest go
    kept : folder that outlives the job, for what it needs to go on after an interruption ("" none)
    cancel : the job ends when this file exists ("" never)
    threads : of every library that has threads of its own, 0 leaves them alone
    nice : how far the worker stands back behind the window
    """

    id: str
    kind: str
    run: str
    settings_class: str
    settings: Mapping[str, Any]
    folder: str
    inputs: Mapping[str, InputFile] = field(default_factory=dict)
    plugin: InputFile | None = None
    uses_gpu: bool = False
    device: str = "auto"
    seed: int = 0
    kept: str = ""
    cancel: str = ""
    threads: int = 0
    nice: int = 0
    version: int = VERSION

    def write(self, path: Path) -> None:
        """Write the file in one step."""
        replace_file(path, json.dumps(asdict(self), indent=1).encode())

    @classmethod
    def read(cls, path: Path) -> JobFile:
        """Read a file.

        Raises
        ------
        JobError : missing, or not what a worker of this version understands
        """
        try:
            content = parse_json(path.read_text("utf-8"))
            if content["version"] != VERSION:
                raise ValueError(f"it is of version {content['version']}, this program writes {VERSION}")
            content["inputs"] = {name: InputFile(**facts) for name, facts in content["inputs"].items()}
            content["plugin"] = InputFile(**content["plugin"]) if content.get("plugin") else None
            return cls(**content)
        except (OSError, *WRONG_CONTENT) as error:
            raise JobError(f"{path} is no job that can be run: {shortened(str(error))}.") from None


@dataclass(frozen=True, slots=True)
class ArrayFile:
    """One array of a result."""

    file: str
    shape: tuple[int, ...]
    dtype: str
    sha256: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What came of a job.

    arrays : by name
    facts : what the job says about its result, JSON values
    inputs : name -> hash of what was computed on
    settings, device, seed, code_version : with what; device is the one that was used
    started, finished : UTC
    """

    job: str
    kind: str
    arrays: Mapping[str, ArrayFile]
    facts: Mapping[str, Any]
    inputs: Mapping[str, str]
    settings: Mapping[str, Any]
    device: str
    seed: int
    code_version: str
    started: str
    finished: str
    version: int = VERSION

    def write(self, folder: Path) -> None:
        """Write it into the folder of the arrays; what makes the result valid."""
        replace_file(folder / MANIFEST, json.dumps(asdict(self), indent=1).encode())

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read the manifest of a folder.

        Raises
        ------
        JobError : missing or not understood
        """
        try:
            content = parse_json((folder / MANIFEST).read_text("utf-8"))
            arrays = {
                name: ArrayFile(**{**facts, "shape": tuple(facts["shape"])})
                for name, facts in content["arrays"].items()
            }
            return cls(**{**content, "arrays": arrays})
        except FileNotFoundError:
            raise JobError("The worker ended without a result; its log says what it did last.") from None
        except (OSError, *WRONG_CONTENT) as error:
            raise JobError(
                f"The result in {folder} cannot be understood ({shortened(str(error))}); run the job again."
            ) from None

    @property
    def units(self) -> dict[str, str]:
        """Name of an array -> its unit."""
        return {name: array.unit for name, array in self.arrays.items()}

    def load(self, folder: Path) -> dict[str, AnyArray]:
        """Read the arrays and compare each with what the manifest says of it.

        Raises
        ------
        JobError : an array is missing or is not what was written
        """
        return {name: _load(folder, name, facts) for name, facts in self.arrays.items()}


def _load(folder: Path, name: str, facts: ArrayFile) -> AnyArray:
    path, name = folder / facts.file, shortened(name)
    try:
        if path.parent != folder:
            raise ValueError("outside of its folder")
        if facts.sha256 != file_hash(path):
            raise ValueError("changed since the job ended")
        array = load_array(path)
    except (OSError, ValueError, DatasetError) as error:
        why = str(error).rstrip(".")
        raise JobError(f"The array {name} of the result cannot be used ({why}); run the job again.") from None
    if array.shape != facts.shape or array.dtype.str != facts.dtype:
        raise JobError(f"The array {name} has another shape or type than its manifest says; run the job again.")
    return array


def write_array(folder: Path, name: str, array: AnyArray, unit: str = "") -> ArrayFile:
    """Write one array of a result and return its facts.

    Raises
    ------
    JobError : a name that cannot be a file's, or an array of objects
    OSError : disk full, no rights
    """
    if not name.replace("_", "").isalnum() or array.dtype.hasobject:
        raise JobError(f"The result {name!r} of type {array.dtype} cannot be stored as an array.")
    path = folder / f"{name}.npy"
    with path.open("wb") as file:
        npy_format.write_array(file, np.ascontiguousarray(array).reshape(array.shape), allow_pickle=False)
        file.flush()
        # Not synced: a result that a power cut tears has no valid hash, and the job is run again.
    return ArrayFile(path.name, array.shape, array.dtype.str, file_hash(path), unit)


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def as_json(value: Any) -> Any:
    """Return a value as JSON can hold it: numpy numbers and small arrays too, NaN and infinities as null.

    Raises
    ------
    TypeError : a value that is neither
    """
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(k): as_json(v) for k, v in value.items()}
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return [as_json(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def disk_sentence(error: OSError, folder: Path) -> str:
    """Return what to do about a file operation that failed."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk of {folder} is full; free space and start the job again."
    return f"{error.filename or folder} cannot be used: {reason(error)}."
