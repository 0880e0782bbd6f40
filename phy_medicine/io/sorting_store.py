"""What the store beside a new dataset holds from the start: how it was sorted, and the motion that was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from phy_medicine.base.types import AnyArray
from phy_medicine.io.store import Store, identity_of
from phy_medicine.io.store_runs import Part


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A run and its parts, each of which is a run of its own.

    units : array -> its unit; params : settings; facts : what is known; inputs : name -> what it came from
    """

    kind: str
    arrays: Mapping[str, AnyArray]
    parts: tuple[Part, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)


def write_store(folder: Path, result: StoredResult) -> None:
    """Write the store of a dataset that is in no use yet.

    Raises
    ------
    DatasetError : the dataset cannot be read, or the store cannot be written
    """
    from phy_medicine.io.kwik_write import content_of
    from phy_medicine.io.template_model import TemplateModel

    model = TemplateModel.open(folder)
    store = Store(folder, lambda: content_of(model), name=model.store_name, identity=lambda: identity_of(model))
    store.add(
        result.kind, result.arrays, units=result.units, params=result.params, facts=result.facts, inputs=result.inputs,
        parts=result.parts,
    )  # fmt: skip
