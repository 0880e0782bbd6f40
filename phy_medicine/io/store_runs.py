"""The runs inside a store: how one lies in the HDF5 file, is read back and is compared with another.

    /application_data/phy_medicine/<kind>/<run>      attributes: name, created, code_version, params, facts, inputs
    /application_data/phy_medicine/<kind>/<run>/<array>   attributes: unit, and those of the run but name and facts

`params`, `facts` and `inputs` are JSON; one that is too long for an attribute of HDF5 (64 KB) is a data set of bytes,
`json/<name>`, in the group of the run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.json_text import parse_json
from phy_medicine.base.types import AnyArray
from phy_medicine.io.h5 import H5File

ROOT = "/application_data/phy_medicine"
_JSON = "json"
_LONGEST = 30_000
_COMPRESSED_FROM = 1 << 16


@dataclass(frozen=True, slots=True)
class Run:
    """One result in the store, without its arrays.

    id : never used twice; kind : "motion", "localization"...; name : for people
    created : UTC; code_version : of the program that computed it
    params : what it was computed with; facts : what is known about it; inputs : name -> hash of what it came from
    units : array -> unit; shapes : array -> its shape
    """

    id: str
    kind: str
    name: str
    created: str
    params: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    code_version: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Of the run in the file."""
        return f"{ROOT}/{self.kind}/{self.id}"


@dataclass(frozen=True, slots=True)
class Part:
    """What becomes one run when a result is kept: its kind, its arrays, what is known about it."""

    kind: str
    arrays: Mapping[str, AnyArray]
    facts: Mapping[str, Any] = field(default_factory=dict)


def list_runs(file: H5File) -> tuple[Run, ...]:
    """Return all runs, by kind, the oldest first."""
    kinds = [k for k in file.children(ROOT) if not file.is_dataset(f"{ROOT}/{k}")]
    return tuple(_run(file, kind, run) for kind in sorted(kinds) for run in file.children(f"{ROOT}/{kind}"))


def _run(file: H5File, kind: str, run_id: str) -> Run:
    path = f"{ROOT}/{kind}/{run_id}"
    arrays = _arrays(file, path)
    return Run(
        run_id,
        kind,
        str(file.read_attr(path, "name", run_id)),
        str(file.read_attr(path, "created", "")),
        _read_json(file, path, "params"),
        _read_json(file, path, "facts"),
        {name: str(value) for name, value in _read_json(file, path, "inputs").items()},
        str(file.read_attr(path, "code_version", "")),
        {name: str(file.read_attr(f"{path}/{name}", "unit", "")) for name in arrays},
        {name: file.layout(f"{path}/{name}").shape for name in arrays},
    )


def _arrays(file: H5File, path: str) -> tuple[str, ...]:
    return tuple(name for name in file.children(path) if file.is_dataset(f"{path}/{name}"))


def read_arrays(file: H5File, run: Run) -> dict[str, AnyArray]:
    """Return the arrays of a run."""
    return {name: file.read(f"{run.path}/{name}") for name in _arrays(file, run.path)}


def write_run(file: H5File, run: Run, arrays: Mapping[str, AnyArray]) -> None:
    """Write a run that is not there yet.

    Raises
    ------
    DatasetError : it is there, an array cannot be stored, or the file cannot be written
    """
    if file.exists(run.path):
        raise DatasetError(f"There is a run {run.id} in {file.path.name} already; nothing is overwritten.")
    for name, array in arrays.items():
        if not name.isidentifier() or name == _JSON or array.dtype.kind not in "biuf":
            raise DatasetError(f"The array {name!r} of type {array.dtype} cannot be kept in the store.")
    file.make_group(run.path)
    facts = {"created": run.created, "code_version": run.code_version}
    for key, value in {"name": run.name, **facts}.items():
        file.write_attr(run.path, key, value)
    long = {"params": run.params, "facts": run.facts, "inputs": run.inputs}
    for key, values in long.items():
        _write_json(file, run.path, key, values)
    for name, array in arrays.items():
        where = f"{run.path}/{name}"
        file.write(where, array, chunks=array.nbytes > _COMPRESSED_FROM)
        for key, text in {"unit": run.units.get(name, ""), **facts}.items():
            file.write_attr(where, key, text)
        for key in ("params", "inputs"):
            text = json.dumps(long[key])
            file.write_attr(where, key, text if len(text) <= _LONGEST else f"see {_JSON}/{key} of the run")


def _write_json(file: H5File, path: str, name: str, values: Mapping[str, Any]) -> None:
    text = json.dumps(dict(values))
    if len(text) <= _LONGEST:
        file.write_attr(path, name, text)
    else:
        file.write(f"{path}/{_JSON}/{name}", np.frombuffer(text.encode(), dtype=np.uint8))


def _read_json(file: H5File, path: str, name: str) -> dict[str, Any]:
    """Return JSON facts; those of a damaged run are empty, its arrays may still be of use."""
    try:
        where = f"{path}/{_JSON}/{name}"
        text = file.read(where).tobytes().decode() if file.exists(where) else str(file.read_attr(path, name, "{}"))
        values = parse_json(text)
    except (ValueError, DatasetError):
        return {}
    return values if isinstance(values, dict) else {}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two runs; each mapping has only what differs, as (first, second)."""

    first: Run
    second: Run
    params: Mapping[str, tuple[Any, Any]]
    facts: Mapping[str, tuple[Any, Any]]
    inputs: Mapping[str, tuple[str, str]]
    arrays: Mapping[str, ArrayDifference]

    @property
    def same_inputs(self) -> bool:
        """Whether both were computed from the very same data."""
        return not self.inputs


@dataclass(frozen=True, slots=True)
class ArrayDifference:
    """How two arrays of one name differ; the numbers are None where the shapes do.

    rms, largest : of the difference, in the unit of the array; correlation : None for constant arrays
    """

    shapes: tuple[tuple[int, ...] | None, tuple[int, ...] | None]
    rms: float | None = None
    largest: float | None = None
    correlation: float | None = None


def compare(
    first: Run, second: Run, first_arrays: Mapping[str, AnyArray], second_arrays: Mapping[str, AnyArray]
) -> Comparison:
    """Say in what two runs differ."""
    names = sorted({*first_arrays, *second_arrays})
    return Comparison(
        first,
        second,
        _different(first.params, second.params),
        _different(first.facts, second.facts),
        _different(first.inputs, second.inputs),
        {name: _difference(first_arrays.get(name), second_arrays.get(name)) for name in names},
    )


def _different(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (a.get(name), b.get(name)) for name in sorted({*a, *b}) if a.get(name) != b.get(name)}


def _difference(a: AnyArray | None, b: AnyArray | None) -> ArrayDifference:
    shapes = (None if a is None else a.shape, None if b is None else b.shape)
    if a is None or b is None or a.shape != b.shape or a.size == 0:
        return ArrayDifference(shapes)
    x, y = a.astype(np.float64).reshape(-1), b.astype(np.float64).reshape(-1)
    d = x - y
    varies = x.std() > 0 and y.std() > 0
    return ArrayDifference(
        shapes,
        float(np.sqrt(np.mean(d**2))),
        float(np.abs(d).max()),
        float(np.corrcoef(x, y)[0, 1]) if varies else None,
    )
