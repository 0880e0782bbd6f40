"""The report of a training in words, as a table, and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from phy_medicine.base.errors import DatasetError
from phy_medicine.curation.scoring import Mistake
from phy_medicine.io.export.output import ExportReport, new_file
from phy_medicine.session.training import TrainingReport

TSV_COLUMNS = ("table", "id", "before", "after", "precision", "recall", "clusters", "text")


class Facts(NamedTuple):
    """One table of the report: titles of its columns, and rows of text."""

    titles: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def summary(report: TrainingReport) -> list[tuple[str, str]]:
    """Return the main facts, each with its name."""
    merges, splits = report.done("missed merge"), report.done("missed split")
    labels = sum(check.right for check in report.labels)
    return [
        ("Score", f"{report.score:.0f} of 100"),
        ("Mean accuracy of the neurons", f"{report.before.mean:.3f} before, {report.after.mean:.3f} now"),
        ("Merges done", f"{merges[0]} of {merges[1]}"),
        ("Splits done", f"{splits[0]} of {splits[1]}"),
        ("Wrong merges", str(report.made("wrong merge"))),
        ("Wrong splits", str(report.made("wrong split"))),
        ("Right labels", f"{labels} of {len(report.labels)}"),
        ("Time", _minutes(report.seconds)),
        ("Key presses", f"{report.keys:,}"),
        ("Decisions", f"{report.decisions:,}"),
    ]


def units(report: TrainingReport) -> Facts:
    """Return the accuracy of every neuron, by number."""
    before, after = report.before, report.after
    rows = [
        (
            str(unit), f"{report.peaks_uv[unit]:.0f}", _cluster(after.cluster_ids[i]), f"{before.accuracy[i]:.3f}",
            f"{after.accuracy[i]:.3f}", f"{after.precision[i]:.3f}", f"{after.recall[i]:.3f}",
        )
        for i, unit in enumerate(after.unit_ids.tolist())
    ]  # fmt: skip
    return Facts(("Neuron", "Peak µV", "Cluster", "Accuracy before", "now", "Precision", "Recall"), rows)


def mistakes(report: TrainingReport) -> Facts:
    """Return what is still wrong, in words."""
    return Facts(("What", "Where", "Actions"), [(m.kind, in_words(report, m), str(m.n)) for m in report.left])


def labels(report: TrainingReport) -> Facts:
    """Return the label of every cluster, wrong ones first."""
    checks = sorted(report.labels, key=lambda check: (check.right, check.cluster))
    rows = [(str(c.cluster), c.given or "unsorted", c.expected, "right" if c.right else "wrong") for c in checks]
    return Facts(("Cluster", "Label", "Is", ""), rows)


def in_words(report: TrainingReport, mistake: Mistake) -> str:
    """Return a mistake in one sentence."""
    sources = _listed([report.name(s) for s in mistake.sources])
    clusters = _listed([str(c) for c in mistake.clusters])
    match mistake.kind:
        case "missed merge":
            return f"{sources} is in the clusters {clusters}"
        case "wrong split":
            return f"{sources} was split into the clusters {clusters}"
        case "wrong merge":
            return f"cluster {clusters} joins {sources}"
    return f"cluster {clusters} still holds {sources}"


def as_text(report: TrainingReport) -> str:
    """Return the report for a terminal."""
    lines = [f"Training {report.title}", *(f"{name}: {value}" for name, value in summary(report))]
    for title, facts in (("Still wrong", mistakes(report)), ("Neurons", units(report)), ("Labels", labels(report))):
        if facts.rows:
            lines += ["", title, *("  ".join(row).rstrip() for row in _aligned([facts.titles, *facts.rows]))]
    return "\n".join(lines) + "\n"


def as_tsv(report: TrainingReport) -> str:
    """Return the report as one table: rows of the score, of neurons, mistakes and labels."""
    merges, splits = report.done("missed merge"), report.done("missed split")
    facts = {
        "score": f"{report.score:.1f}", "seconds": f"{report.seconds:.1f}", "keys": report.keys,
        "decisions": report.decisions, "merges_done": merges[0], "merges_to_do": merges[1], "splits_done": splits[0],
        "splits_to_do": splits[1],
    }  # fmt: skip
    rows = [("score", name, "", str(value), "", "", "", "") for name, value in facts.items()]
    rows.append(("score", "mean_accuracy", f"{report.before.mean:.4f}", f"{report.after.mean:.4f}", "", "", "", ""))
    for unit, _, cluster, before, after, precision, recall in units(report).rows:
        rows.append(("neuron", unit, before, after, precision, recall, cluster, ""))
    for m in report.left:
        clusters = ",".join(map(str, m.clusters))
        rows.append(("mistake", m.kind, "", str(m.n), "", "", clusters, in_words(report, m)))
    for c in report.labels:
        text = f"{c.given or 'unsorted'}, is {c.expected}"
        rows.append(("label", str(c.cluster), "", str(int(c.right)), "", "", str(c.cluster), text))
    return "\n".join("\t".join(row) for row in (TSV_COLUMNS, *rows)) + "\n"


def as_html(report: TrainingReport) -> str:
    """Return the report as a page that needs nothing else."""
    title = f"Training {escape(report.title)}"
    facts = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in summary(report))
    parts = [f"<h1>{title}</h1><table class='facts'>{facts}</table>"]
    for heading, found, none in (
        ("Still wrong", mistakes(report), "Nothing: every neuron is one cluster, and every cluster one neuron."),
        ("Neurons", units(report), ""),
        ("Labels", labels(report), ""),
    ):
        parts.append(f"<h2>{heading}</h2>{_html_table(found) if found.rows else f'<p>{none}</p>'}")
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{title}</title><style>{_STYLE}</style>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def write_report(report: TrainingReport, path: Path, *, force: bool = False) -> ExportReport:
    """Write the report as a page or a table, by the ending of the name.

    Raises
    ------
    DatasetError : another ending, the file exists and `force` is not set, or it cannot be written
    """
    make = {".html": as_html, ".tsv": as_tsv}.get(path.suffix.lower())
    if make is None:
        raise DatasetError(f"{path.name} is neither .html nor .tsv.")
    text = make(report)
    with new_file(path, force=force, n_bytes=len(text)) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")
    return ExportReport((path,))


_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse}th,td{padding:.2em 1em .2em 0;text-align:left;border-bottom:1px solid #ddd}"
    "th{font-weight:600}.facts tr:first-child td{font-size:1.6em;font-weight:700}"
    "@media(prefers-color-scheme:dark){body{background:#14171c;color:#ddd}th,td{border-color:#333}}"
)


def _html_table(facts: Facts) -> str:
    head = "".join(f"<th>{escape(t)}</th>" for t in facts.titles)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in facts.rows)
    return f"<table><tr>{head}</tr>{rows}</table>"


def _aligned(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]


def _cluster(cluster_id: int) -> str:
    return "none" if cluster_id < 0 else str(cluster_id)


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
