"""What `phy-med recluster` says: a row for each cluster, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from phy_medicine.app.job_command import JobOutcome

if TYPE_CHECKING:
    from phy_medicine.session.reclustered import Reclustered

HEAD = ("cluster", "spikes", "parts", "sizes", "valley", "log evidence", "verdict")
Row = tuple[str, ...]
Done = Sequence[tuple[int, tuple[int, ...]]]
"""Clusters that were split, and what came of each."""


def rows_of(found: Sequence[Reclustered]) -> list[Row]:
    """Return a row of text for each cluster, those to be split first, by how many spikes are put right."""
    return list(map(_row, sorted(found, key=lambda one: (not one.proposed, -one.evidence.gain, one.cluster_id))))


def _row(one: Reclustered) -> Row:
    known, several = one.evidence, len(one.evidence.sizes) > 1
    numbers = ("", "", "", "")
    if not one.problem:
        sizes = " + ".join(f"{size:,}" for size in known.sizes)
        numbers = (
            str(len(known.sizes)), sizes if several else "", f"{known.depth:.0%}" if several else "",
            f"{known.log_evidence:+,.0f}",
        )  # fmt: skip
    return str(one.cluster_id), f"{known.n_spikes:,}", *numbers, one.verdict


def as_table(found: Sequence[Reclustered]) -> str:
    """Return the rows below each other, numbers to the right."""
    rows = [HEAD, *rows_of(found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD) - 1)]
    lines = []
    for *numbers, verdict in rows:
        cells = [cell.rjust(width) for cell, width in zip(numbers, widths, strict=True)]
        lines.append("  ".join([*cells, verdict]))
    return "\n".join(lines)


def as_tsv(found: Sequence[Reclustered]) -> str:
    """Return the rows with tabs between the cells."""
    return "".join("\t".join(row) + "\n" for row in (HEAD, *rows_of(found)))


def told(outcome: JobOutcome, found: Sequence[Reclustered]) -> str:
    """Return the table, and a sentence on what came of all."""
    n = sum(one.proposed for one in found)
    clusters = "1 cluster" if len(found) == 1 else f"{len(found):,} clusters"
    kept = "" if outcome.run is None else f" Kept as {outcome.run.name!r} ({outcome.run.id})."
    return f"{as_table(found)}\n\n{n:,} of {clusters} may be split; {outcome.seconds:.1f} s.{kept}"


def told_applied(found: Sequence[Reclustered], done: Done, *, saved: bool) -> str:
    """Return what became of the clusters."""
    lines = [f"Cluster {cluster_id} became {', '.join(map(str, new))}." for cluster_id, new in done]
    left = sum(one.proposed for one in found) - len(done)
    if left:
        lines.append(f"{left:,} left as they are, because this split was rejected in the window.")
    if not done:
        lines.append("Nothing was split.")
    else:
        lines.append("Saved." if saved else "Not saved yet: open the dataset to look at it.")
    return "\n".join(lines)


def as_dict(outcome: JobOutcome, found: Sequence[Reclustered], done: Done) -> dict[str, Any]:
    """Return what `--json` prints."""
    became = dict(done)
    clusters = [
        {
            "cluster": one.cluster_id, "n_spikes": one.evidence.n_spikes, "sizes": list(one.evidence.sizes),
            "depth": round(one.evidence.depth, 6), "log_evidence": round(one.evidence.log_evidence, 3),
            "probability": round(one.evidence.probability, 6), "proposed": one.proposed, "verdict": one.verdict,
            "became": list(became.get(one.cluster_id, ())),
        }
        for one in found
    ]  # fmt: skip
    return {name: value for name, value in outcome.to_dict().items() if name != "arrays"} | {"clusters": clusters}
