"""`phy-med cluster sweep`: which number of components describes spikes best."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phy_medicine.app.cli import debug_option
from phy_medicine.app.fit_source import SORTED, fit_dataset, fit_points
from phy_medicine.app.job_command import JobOutcome, typed_options
from phy_medicine.app.param_options import options_of
from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.mixture.settings import SweepSettings

if TYPE_CHECKING:
    from phy_medicine.compute.mixture.likelihood import Swept

KIND = "mixture_sweep"
HEAD = ("components", "log evidence", "BIC", "ICL", "held out", "seconds", "fit")
_WORDS = {"log_evidence": "log evidence", "bic": "BIC", "icl": "ICL", "held_out": "held-out spikes"}


@click.command("sweep")
@click.argument("source", type=click.Path(path_type=Path))
@options_of(SweepSettings)
@click.option("--resume", is_flag=True, help="Go on with the sweep that was interrupted, with its settings.")
@click.option("--store/--no-store", default=True, show_default=True, help="Keep the table as a run of the dataset.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Draw the criteria over the number of components, as .png, .pdf or .svg.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--log", is_flag=True, help="Print the log of the job to stderr.")
@debug_option
@click.pass_context
def sweep(
    ctx: click.Context, /, source: Path, *, resume: bool, store: bool, plot: Path | None, as_json: bool, log: bool,
    **values: Any,
) -> None:  # fmt: skip
    """Fit mixtures with several numbers of components to SOURCE, and say which is the best.

    The fits are made side by side, in processes here or on a cluster that sees the same files; the result is the same.
    They go into the registry. Ctrl+C cancels, and --resume goes on with the fits that were not made.
    """
    on_dataset = source.suffix in SORTED
    if not on_dataset and (resume or not values["root"]):
        raise click.UsageError("Points of a file have no dataset beside them: name a folder of the fits with --root.")
    if not store and not values["root"]:
        raise click.UsageError("With --no-store nothing is written beside the dataset: name a folder with --root.")
    given = typed_options(ctx, values, configured=not on_dataset)
    if resume and (given or not store):
        raise click.UsageError("--resume goes on with the settings of the interrupted sweep; leave out the others.")
    if values["root"]:
        given["root"] = str(Path(values["root"]).resolve())
    say = (lambda line: click.echo(line, err=True)) if log else None
    if on_dataset:
        outcome = fit_dataset(KIND, source, given, store=store, resume=resume, say=say)
    else:
        outcome = fit_points(KIND, SweepSettings(), source, given, say=say)
    rows = rows_of(outcome)
    if plot is not None:
        draw(rows, plot)
    click.echo(json.dumps(_as_dict(outcome, rows), indent=2) if as_json else told(outcome, rows))


def rows_of(outcome: JobOutcome) -> list[dict[str, Any]]:
    """Return what each number of components came to, by the names of `Tried`, ascending."""
    arrays, fits = outcome.arrays, outcome.facts["experiments"]
    rows = [
        {name: array[i].item() for name, array in arrays.items()} | {"experiment": fits[i]} for i in range(len(fits))
    ]
    return sorted(rows, key=lambda row: int(row["k"]))


def told(outcome: JobOutcome, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the table, the best of each column marked, and which number is the best by what."""
    best = outcome.facts["best"]

    def cell(row: Mapping[str, Any], name: str, shape: str) -> str:
        if not isfinite(row[name]):
            return ""
        return f"{row[name]:{shape}}{'*' if best.get(name) == row['k'] else ' '}"

    table = [HEAD] + [
        (
            f"{row['k']}", cell(row, "log_evidence", ",.0f"), cell(row, "bic", ",.0f"), cell(row, "icl", ",.0f"),
            cell(row, "held_out", ".4f"), f"{row['seconds']:.1f}", row["experiment"],
        )
        for row in rows
    ]  # fmt: skip
    widths = [max(len(line[column]) for line in table) for column in range(len(HEAD) - 1)]
    lines = [
        "  ".join([*(text.rjust(width) for text, width in zip(line[:-1], widths, strict=True)), line[-1]])
        for line in table
    ]
    kept = "" if outcome.run is None else f" Kept as {outcome.run.name!r} ({outcome.run.id})."
    verdict = ", ".join(f"{best[name]} by {words}" for name, words in _WORDS.items() if name in best)
    spikes = f"{outcome.facts['n']:,} spikes, {outcome.facts['d']} dimensions, {outcome.seconds:.1f} s"
    return "\n".join([*lines, "", f"Best (*): {verdict}. {spikes}.{kept}"])


def draw(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw the criteria over the number of components.

    Raises
    ------
    PhyMedError : the file cannot be written
    """
    from matplotlib.figure import Figure

    from phy_medicine.compute.mixture.criticism import sweep_plot
    from phy_medicine.io.durable import reason

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    sweep_plot([_swept(row) for row in rows], ax=figure.add_subplot())
    try:
        figure.savefig(path, dpi=150)
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise PhyMedError(f"The plot could not be written to {path}: {why.rstrip('.')}.") from None


def _swept(row: Mapping[str, Any]) -> Swept:
    import numpy as np

    from phy_medicine.compute.mixture.likelihood import Criteria, HeldOut, Swept

    criteria = Criteria(row["log_likelihood"], row["n_parameters"], row["bic"], row["icl"])
    # Two folds that have the mean and its standard error.
    mean, error = row["held_out"], row["held_out_error"]
    held = HeldOut(np.array([mean - error, mean + error])) if isfinite(mean) else None
    return Swept(int(row["k"]), criteria, held, row["seconds"])


def _as_dict(outcome: JobOutcome, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    plain = [{name: v if not isinstance(v, float) or isfinite(v) else None for name, v in row.items()} for row in rows]
    return {name: value for name, value in outcome.to_dict().items() if name != "arrays"} | {"table": plain}
