"""Suggestions as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from phy_medicine.curation.suggestions import Suggestion
from phy_medicine.io.export.output import ExportReport, new_file

HEAD = ("kind", "clusters", "gain", "confidence", "source", "for", "against")


def as_tsv(suggestions: Sequence[Suggestion]) -> str:
    """Return a row for each: kind, clusters, spikes to gain, confidence, source, and what speaks for and against it."""
    return "".join("\t".join(row) + "\n" for row in (HEAD, *map(_row, suggestions)))


def as_json(suggestions: Sequence[Suggestion]) -> str:
    """Return the same as a list of objects, with the value of each reason."""
    rows = [
        {
            "kind": s.kind,
            "clusters": list(s.cluster_ids),
            "gain": round(s.gain, 3),
            "confidence": round(s.confidence, 6),
            "recommended": s.recommended,
            "source": s.source,
            "reasons": [{"text": r.text, "name": r.name, "value": r.value, "speaks": r.speaks} for r in s.reasons],
        }
        for s in suggestions
    ]
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"


def export_suggestions(suggestions: Sequence[Suggestion], path: Path, *, force: bool = False) -> ExportReport:
    """Write the table as TSV, or as JSON where the name ends with `.json`.

    Raises
    ------
    DatasetError : the file exists and `force` is not set, or it cannot be written
    """
    text = as_json(suggestions) if path.suffix.lower() == ".json" else as_tsv(suggestions)
    with new_file(path, force=force, n_bytes=len(text)) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")
    return ExportReport((path,))


def _row(suggestion: Suggestion) -> tuple[str, ...]:
    said = {
        speaks: "; ".join(r.text for r in suggestion.reasons if r.speaks == speaks) for speaks in ("for", "against")
    }
    clusters = ",".join(map(str, suggestion.cluster_ids))
    numbers = f"{suggestion.gain:.1f}", f"{suggestion.confidence:.3f}"
    return suggestion.kind, clusters, *numbers, suggestion.source, said["for"], said["against"]
