"""A curation as the JSON that SpikeInterface applies to a sorting (`spikeinterface.curation`, format version 2).

Whatever was done, a curation only says where each spike was and where it is now: every unit of the start is cut into
the pieces that went to different clusters, and pieces of one cluster are joined. SpikeInterface refuses to join parts
of a unit that it cuts in the same curation, so such a curation is a list of two: cuts, then joins with the labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.types import BoolArray, IntArray
from phy_medicine.io.curation_start import CurationStart, UnitId
from phy_medicine.io.export.handover import ID, Handover, ranked
from phy_medicine.io.export.output import ExportReport, new_file
from phy_medicine.io.export.spikeinterface import QUALITY

_GROUP, _UNSORTED = "group", "unsorted"
_QUALITIES = ("good", "mua", "noise")
Labels = Mapping[str, Mapping[int, str]]
"""Label definition -> cluster -> value."""


@dataclass(frozen=True, slots=True)
class SiCuration:
    """steps : one curation, or two to be applied one after the other
    units : cluster -> id of the unit that SpikeInterface makes of it
    """

    steps: tuple[dict[str, Any], ...]
    units: Mapping[int, UnitId]


def export_curation(
    content: Handover, start: CurationStart, out: Path, *, fields: Sequence[str] = (), force: bool = False
) -> ExportReport:
    """Write the curation from a start to now; a list of curations where one cannot say it.

    fields : label columns beside the group that become label definitions

    Raises
    ------
    DatasetError : the file exists and `force` is not set, or it cannot be written
    """
    labels = {name: _values(content, column) for name, column in [(QUALITY, _GROUP), *((f, f) for f in fields)]}
    made = curation(start, content.labels, labels)
    text = json.dumps(made.steps[0] if len(made.steps) == 1 else made.steps)
    with new_file(out, force=force, n_bytes=len(text)) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    return ExportReport((out,), tuple(_notes(made, start)))


def curation(start: CurationStart, labels_now: IntArray, labels: Labels | None = None) -> SiCuration:
    """Return what SpikeInterface must do to get from the start to the clusters of now.

    Parameters
    ----------
    labels_now : (n_spikes,) int, cluster of each spike
    labels : label definition -> cluster -> value; `quality` has the groups
    """
    plan = _Plan.of(start, labels_now)
    labels = {name: values for name, values in (labels or {}).items() if values or name == QUALITY}
    if plan.fits_one(labels):
        return SiCuration((plan.step(plan.names, labels, cut=True, join=True),), plan.ids)
    cut = plan.step(plan.names, {}, cut=True, join=False)
    joined = plan.step(plan.pieces, labels, cut=False, join=True)
    return SiCuration((cut, joined), plan.ids)


Piece = tuple[int, int]
"""Cluster of the start, cluster of now."""


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """names : piece -> unit of the start it is in; pieces : piece -> unit after the cuts; ids : cluster -> unit at the
    end; after : cluster of the start -> cluster of now of each of its spikes, only of those that are cut
    """

    names: Mapping[Piece, UnitId]
    pieces: Mapping[Piece, UnitId]
    ids: Mapping[int, UnitId]
    after: Mapping[int, IntArray] = field(default_factory=dict)

    @staticmethod
    def of(start: CurationStart, now: IntArray) -> _Plan:
        pieces = _pieces(start.labels, now)
        names = {piece: start.name(piece[0]) for piece in pieces}
        fresh = _Fresh(names.values(), now, as_text=start.as_text)
        cut, joined = _several(b for b, _ in pieces), _several(a for _, a in pieces)
        after_cut = {
            (b, a): names[b, a] if b not in cut else fresh.new() if a in joined else fresh.like(a) for b, a in pieces
        }
        ids = {a: fresh.like(a) if a in joined else after_cut[b, a] for b, a in pieces}
        after = _by_unit(start.labels, now, cut)
        return _Plan(names, after_cut, ids, after)

    def fits_one(self, labels: Labels) -> bool:
        """Whether no part of a cut unit is joined to anything, and all parts of one have the same labels."""
        joined = _several(a for _, a in self.pieces)
        for b in self.after:
            parts = [a for unit, a in self.pieces if unit == b]
            same = all(len({values.get(a) for a in parts}) == 1 for values in labels.values())
            if not same or joined.intersection(parts):
                return False
        return True

    def step(self, units: Mapping[Piece, UnitId], labels: Labels, *, cut: bool, join: bool) -> dict[str, Any]:
        """One curation of the units that there are before it."""
        made: dict[str, Any] = {
            "format_version": "2",
            "unit_ids": list(dict.fromkeys(units.values())),
            "label_definitions": {name: _definition(name, values) for name, values in labels.items()},
            "manual_labels": [*_manual_labels(units, labels)],
            "removed": [],
            "merges": [],
            "splits": [],
        }
        if join:
            groups: dict[int, list[UnitId]] = {}
            for (_, a), unit in units.items():
                groups.setdefault(a, []).append(unit)
            made["merges"] = [
                {"unit_ids": group, "new_unit_id": self.ids[a]} for a, group in groups.items() if len(group) > 1
            ]
        if cut:
            made["splits"] = [self._split(b, after) for b, after in self.after.items()]
        return made

    def _split(self, b: int, after: IntArray) -> dict[str, Any]:
        """One unit cut up; the spikes of the largest part are those left over, which keeps the file small."""
        parts, counts = np.unique(after, return_counts=True)
        order = parts[np.argsort(counts, kind="stable")].tolist()
        return {
            "unit_id": self.names[b, order[0]],
            "mode": "indices",
            "indices": [np.flatnonzero(after == a).tolist() for a in order[:-1]],
            "new_unit_ids": [self.pieces[b, a] for a in order],
        }


def _pieces(before: IntArray, now: IntArray) -> list[Piece]:
    """Every pair of a cluster of the start and one of now that share spikes."""
    old, new = np.flatnonzero(np.bincount(before)), np.flatnonzero(np.bincount(now))
    codes = ranked(before, old.tolist()).astype(np.int64) * len(new) + ranked(now, new.tolist())
    shared = np.flatnonzero(np.bincount(codes)) if len(old) * len(new) < 1 << 26 else np.unique(codes)
    return [(int(old[code // len(new)]), int(new[code % len(new)])) for code in shared.tolist()]


def _by_unit(before: IntArray, now: IntArray, units: set[int]) -> dict[int, IntArray]:
    """Cluster of now of the spikes of each of some clusters of the start, by time."""
    ids = sorted(units)
    if not ids:
        return {}
    cut: BoolArray = np.zeros(int(before.max()) + 1, dtype=bool)
    cut[ids] = True
    chosen = cut[before]
    ranks = ranked(before[chosen], ids)
    order, ends = np.argsort(ranks, kind="stable"), np.cumsum(np.bincount(ranks, minlength=len(ids)))
    return dict(zip(ids, np.split(now[chosen][order], ends[:-1]), strict=True))


class _Fresh:
    """Ids for new units: that of our cluster where no unit has it, else one that nobody has."""

    def __init__(self, names: Iterable[UnitId], now: IntArray, *, as_text: bool) -> None:
        self._taken, self._as_text = {str(name) for name in names}, as_text
        numbers = [int(name) for name in self._taken if name.isdecimal()]
        self._next = max([*numbers, int(now.max())]) + 1

    def like(self, cluster: int) -> UnitId:
        return self.new() if str(cluster) in self._taken else self._typed(cluster)

    def new(self) -> UnitId:
        self._next += 1
        return self._typed(self._next - 1)

    def _typed(self, number: int) -> UnitId:
        return str(number) if self._as_text else number


def _several(values: Iterable[int]) -> set[int]:
    """Those that come more than once."""
    seen: set[int] = set()
    return {value for value in values if value in seen or seen.add(value)}  # type: ignore[func-returns-value]


def _values(content: Handover, column: str) -> dict[int, str]:
    cells = {int(row[ID]): row.get(column) for row in content.rows}
    return {
        c: str(cell) for c, cell in cells.items() if cell not in (None, "") and (column, cell) != (_GROUP, _UNSORTED)
    }


def _definition(name: str, values: Mapping[int, str]) -> dict[str, Any]:
    given = list(_QUALITIES) if name == QUALITY else []
    options = list(dict.fromkeys([*given, *sorted(set(values.values()))]))
    return {"name": name, "label_options": options if len(options) > 1 else [*options, ""], "exclusive": True}


def _manual_labels(units: Mapping[Piece, UnitId], labels: Labels) -> Iterable[dict[str, Any]]:
    """The labels that every unit will have at the end: SpikeInterface keeps what all parts of a merge share."""
    found: dict[UnitId, dict[str, list[str]]] = {}
    for (_, a), unit in units.items():
        found[unit] = {name: [values[a]] for name, values in labels.items() if a in values}
    return ({"unit_id": unit, "labels": given} for unit, given in found.items() if given)


def _notes(made: SiCuration, start: CurationStart) -> Iterable[str]:
    yield f"The curation begins with {start.source}; apply it to a sorting with those units."
    if len(made.steps) > 1:
        yield (
            "Parts of units that were split were joined or labelled, which one curation of SpikeInterface cannot say: "
            "the file is a list of two. Read it with json.load and give it to spikeinterface.curation.apply_curation."
        )
    renamed = {c: unit for c, unit in made.units.items() if str(unit) != str(c)}
    if renamed:
        first = ", ".join(f"{c} is {unit}" for c, unit in list(renamed.items())[:8])
        more = ", ..." if len(renamed) > 8 else ""
        yield f"{len(renamed)} clusters have another number as units of SpikeInterface: {first}{more}."
