"""Matched units as a table."""

from __future__ import annotations

import json
from pathlib import Path

from phy_medicine.compute.sessions.shift import Shift
from phy_medicine.io.export.output import ExportReport, new_file
from phy_medicine.session.match_sessions import MatchedUnit, SessionMatch


def as_tsv(match: SessionMatch) -> str:
    """Return a row for each unit: the matched ones by depth, then those that one session alone has.

    Columns: `unit`, `n_sessions`, `certainty`, `score`, then `cluster NAME` and `depth_um NAME` for each session; the
    depths are those of the first session, with the shift taken out.
    """
    names = [s.name for s in match.sessions]
    head = ["unit", "n_sessions", "certainty", "score"]
    head += [f"{what} {name}" for name in names for what in ("cluster", "depth_um")]
    rows = [_row(match, i, unit) for i, unit in enumerate((*match.matched, *_alone(match)))]
    return "\n".join("\t".join(row) for row in (head, *rows)) + "\n"


def as_json(match: SessionMatch) -> str:
    """Return the same as JSON, with the shift of each session."""
    sessions = [
        {
            "name": s.name,
            "shift_um": None if s.shift is None else s.shift.rigid_um,
            "shift_by_depth": None if s.shift is None else [s.shift.depths_um.tolist(), s.shift.values_um.tolist()],
        }
        for s in match.sessions
    ]
    units = [
        {"clusters": list(u.clusters), "certainty": round(u.certainty, 4), "score": round(u.score, 4)}
        for u in match.matched
    ]
    found = {"sessions": sessions, "matched": units, "alone": [list(ids) for ids in match.alone]}
    return json.dumps({**found, "notes": list(match.notes)}, indent=1) + "\n"


def summary(match: SessionMatch) -> str:
    """Return in a few lines how many units were matched, and how far the tissue moved."""
    n = [len(s.units.cluster_ids) for s in match.sessions]
    lines = [f"{len(match.matched):,} units matched in {len(n)} sessions of {', '.join(map(str, n))} units."]
    first = match.sessions[0].name
    lines += [f"{s.name}: the tissue lies {_moved(s.shift, first)}." for s in match.sessions if s.shift is not None]
    return "\n".join((*lines, *match.notes))


def _moved(shift: Shift, first: str) -> str:
    """Say in whole µm where the tissue is."""
    ends = (shift.values_um.min(), shift.values_um.max())
    middle, low, high = (f"{round(float(v)):+d}".replace("+0", "0") for v in (shift.rigid_um, *ends))
    if low == high == "0":
        return f"where it lay in {first}"
    return f"{middle} µm from where it lay in {first} ({low} to {high} along the probe)"


def export_match(match: SessionMatch, path: Path, *, force: bool = False) -> ExportReport:
    """Write the table as TSV, or as JSON where the name ends with `.json`.

    Raises
    ------
    DatasetError : the file exists and `force` is not set, or it cannot be written
    """
    text = as_json(match) if path.suffix.lower() == ".json" else as_tsv(match)
    with new_file(path, force=force, n_bytes=len(text)) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")
    return ExportReport((path,))


def depth_of(match: SessionMatch, session: int, cluster: int) -> float:
    """Return the depth of a cluster as the first session has it, µm."""
    facts = match.sessions[session]
    return float(facts.depths_um[facts.units.cluster_ids.searchsorted(cluster)])


def _alone(match: SessionMatch) -> list[MatchedUnit]:
    n = len(match.sessions)
    return [
        MatchedUnit(tuple(cluster if i == s else None for i in range(n)), 0.0, 0.0)
        for s, clusters in enumerate(match.alone)
        for cluster in clusters
    ]


def _row(match: SessionMatch, i: int, unit: MatchedUnit) -> list[str]:
    numbers = [f"{unit.certainty:.3f}", f"{unit.score:.3f}"] if unit.n > 1 else ["", ""]
    places = [
        text
        for s, cluster in enumerate(unit.clusters)
        for text in (("", "") if cluster is None else (str(cluster), f"{depth_of(match, s, cluster):.1f}"))
    ]
    return [str(i), str(unit.n), *numbers, *places]
