"""Reading a curation that SpikeInterface, or a program that writes its format, made."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.json_text import WRONG_CONTENT
from phy_medicine.base.types import IntArray
from phy_medicine.base.words import shortened
from phy_medicine.io.plain_file import read_json

UnitId = int | str


@dataclass(frozen=True, slots=True)
class UnitMerge:
    """Units that become one; `new_id` names it in the next step."""

    unit_ids: tuple[UnitId, ...]
    new_id: UnitId | None = None


@dataclass(frozen=True, slots=True, eq=False)
class UnitSplit:
    """A unit that is cut: by lists of positions in its train, what is left being one part more, or a label a spike.

    new_ids : names of the parts in the next step: of the lists and the rest, or of the labels, ascending
    """

    unit_id: UnitId
    groups: tuple[IntArray, ...] = ()
    labels: IntArray | None = None
    new_ids: tuple[UnitId, ...] = ()

    def parts(self, n_spikes: int) -> IntArray:
        """Return the part of each spike of the unit, (n_spikes,) int.

        Raises
        ------
        DatasetError : the unit has another number of spikes
        """
        if self.labels is not None:
            if len(self.labels) != n_spikes:
                raise self._wrong(f"{len(self.labels):,} labels", n_spikes)
            return np.unique(self.labels, return_inverse=True)[1]
        parts = np.full(n_spikes, len(self.groups))
        for part, positions in enumerate(self.groups):
            if len(positions) and not 0 <= int(positions.min()) <= int(positions.max()) < n_spikes:
                raise self._wrong(f"the spike {int(positions.max()):,}", n_spikes)
            parts[positions] = part
        return parts

    def _wrong(self, what: str, n_spikes: int) -> DatasetError:
        return DatasetError(
            f"The curation splits unit {self.unit_id} by {what}, but it has {n_spikes:,} spikes; it was made for "
            "another sorting."
        )


@dataclass(frozen=True, slots=True)
class CurationStep:
    """What is done to the units of one moment, in this order: labels, removals, merges, splits.

    labels : field -> unit -> value
    """

    unit_ids: tuple[UnitId, ...]
    labels: Mapping[str, Mapping[UnitId, str]]
    removed: tuple[UnitId, ...] = ()
    merges: tuple[UnitMerge, ...] = ()
    splits: tuple[UnitSplit, ...] = ()


def read_curation(source: Path | Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> tuple[CurationStep, ...]:
    """Read a curation, or a list of them that follow each other, in any version that SpikeInterface reads.

    Raises
    ------
    DatasetError : no such file, no JSON, or no curation
    """
    name = str(source) if isinstance(source, Path) else "The curation"
    values = _load(source) if isinstance(source, Path) else source
    many: list[Any] = list(values) if isinstance(values, list | tuple) else [values]
    if not many or not all(isinstance(one, Mapping) for one in many):
        raise DatasetError(f"{name} is no curation of SpikeInterface: it must be an object, or a list of them.")
    from spikeinterface.curation.curation_model import Curation, SequentialCuration

    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints which version it converts
            steps = [Curation(**one) for one in many]
            if len(steps) > 1:
                SequentialCuration(curation_steps=steps)
    except (*WRONG_CONTENT, RecursionError, StopIteration) as error:
        raise DatasetError(f"{name} is no curation that SpikeInterface accepts: {shortened(_short(error))}.") from None
    return tuple(_step(one) for one in steps)


def _load(path: Path) -> Any:
    try:
        return read_json(path)
    except FileNotFoundError:
        raise DatasetError(f"{path} does not exist; check the path.") from None
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} is no JSON file ({error}).") from None


def _step(curation: Any) -> CurationStep:
    labels: dict[str, dict[UnitId, str]] = {name: {} for name in curation.label_definitions or {}}
    for one in curation.manual_labels or ():
        for name, values in one.labels.items():
            if values:
                labels.setdefault(name, {})[one.unit_id] = ", ".join(values)
    return CurationStep(
        tuple(curation.unit_ids),
        labels,
        tuple(dict.fromkeys(curation.removed or ())),
        tuple(UnitMerge(tuple(m.unit_ids), m.new_unit_id) for m in curation.merges or ()),
        tuple(_split(split) for split in curation.splits or ()),
    )


def _split(split: Any) -> UnitSplit:
    new_ids = tuple(split.new_unit_ids or ())
    if split.mode == "labels":
        return UnitSplit(split.unit_id, labels=np.array(split.labels, dtype=np.int64), new_ids=new_ids)
    groups = tuple(np.array(positions, dtype=np.int64) for positions in split.indices)
    return UnitSplit(split.unit_id, groups, new_ids=new_ids)


def _short(error: Exception) -> str:
    """The first sentence of what pydantic has to say."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = [line.removeprefix("Value error, ") for line in lines if line.startswith("Value error, ")]
    text = said[0] if said else (" ".join(lines[1:3]) if len(lines) > 2 else str(error) or type(error).__name__)
    return text.partition(" [type=")[0].rstrip(".")
