"""`phy-med cluster`: spikes clustered by an explicit model; the fits are kept, listed, shown and applied."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from phy_medicine.app.cli import debug_option
from phy_medicine.app.cluster_sweep import sweep
from phy_medicine.app.fit_source import SORTED, fit_dataset, fit_points
from phy_medicine.app.job_command import JobOutcome, typed_options
from phy_medicine.app.param_options import options_of
from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.mixture.settings import MixtureSettings, numbers_of

_PATH = click.Path(path_type=Path)
_NPY = click.Path(path_type=Path, dir_okay=False, exists=True)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


@click.group("cluster")
def command() -> None:
    """Cluster spikes by a mixture of Gaussians, and look after the fits.

    SOURCE is a dataset (params.py, FILE.kwik), or a .npy file of points, a row each. ROOT is the folder of the fits,
    or a dataset, whose fits are in .phy_medicine/mixture. Nothing of a curation changes. NAME is that of a fit, by
    default the newest.

    \b
    phy-med cluster fit params.py --clusters 3,7
    phy-med cluster fit features.npy --model gmm --components 13 --root fits
    phy-med cluster sweep params.py --clusters 3,7 --components 1-8
    phy-med cluster list params.py
    phy-med cluster show params.py
    phy-med cluster criticize fits --compare 2-8
    phy-med cluster assign fits --points more.npy --out labels
    """


command.add_command(sweep)


def registry(root: Path) -> Path:
    """Return the folder of the fits, of itself or of a dataset."""
    from phy_medicine.compute.mixture.job import FOLDER

    return root.parent / ".phy_medicine" / FOLDER if root.suffix in SORTED else root


def newest(root: Path, name: str) -> str:
    """Return the name of a fit, that of the newest if none is given.

    Raises
    ------
    PhyMedError : there is no fit
    """
    from phy_medicine.compute.mixture.experiments import list_experiments

    names = list_experiments(root)
    if not names:
        raise PhyMedError(f"There are no fits in {root}; make one with phy-med cluster fit.")
    return name or names[0]


@command.command("fit")
@click.argument("source", type=_PATH)
@options_of(MixtureSettings)
@click.option("--store/--no-store", default=True, show_default=True, help="Keep the labels as a run of the dataset.")
@_JSON
@click.option("--log", is_flag=True, help="Print the log of the job to stderr.")
@debug_option
@click.pass_context
def fit(ctx: click.Context, /, source: Path, *, store: bool, as_json: bool, log: bool, **values: Any) -> None:
    """Fit a model to the spikes of SOURCE and keep it in the registry."""
    say = (lambda line: click.echo(line, err=True)) if log else None
    root = str(Path(values["root"]).resolve()) if values["root"] else ""
    on_dataset = source.suffix in SORTED
    if not root and not on_dataset:
        raise click.UsageError("Points of a file have no dataset beside them: name a folder of the fits with --root.")
    if not root and not store:
        raise click.UsageError("With --no-store nothing is written beside the dataset: name a folder with --root.")
    given = typed_options(ctx, values, configured=not on_dataset) | ({"root": root} if root else {})
    if on_dataset:
        outcome = fit_dataset("mixture", source, given, store=store, say=say)
    else:
        outcome = fit_points("mixture", MixtureSettings(), source, given, say=say)
    click.echo(json.dumps(outcome.to_dict(), indent=2) if as_json else _told(outcome))


def _told(outcome: JobOutcome) -> str:
    facts = outcome.facts
    sizes = ", ".join(f"{size:,}" for size in facts["sizes"])
    groups = "1 group" if facts["n_groups"] == 1 else f"{facts['n_groups']} groups"
    kept = "" if outcome.run is None else f" Labels kept as {outcome.run.name!r} ({outcome.run.id})."
    return (
        f"{groups} of {sizes} spikes, mean certainty {facts['mean_certainty']:.3f}; {outcome.seconds:.1f} s. "
        f"The fit is {facts['experiment']} in {facts['root']}.{kept}"
    )


@command.command("list")
@click.argument("root", type=_PATH)
@_JSON
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write a page instead.")
@debug_option
def list_fits(root: Path, *, as_json: bool, html: Path | None) -> None:
    """List the fits in ROOT, the newest first."""
    from phy_medicine.compute.mixture.experiments import summarize_experiments

    table = summarize_experiments(registry(root))
    if html is not None:
        html.write_text(f"<!doctype html><meta charset=utf-8><title>Fits</title>{table.to_html()}", encoding="utf-8")
        click.echo(f"{len(table.rows)} fits in {html}.")
    elif as_json:
        click.echo(json.dumps([dict(row) for row in table.rows], indent=2))
    elif not table.rows:
        click.echo(f"No fits in {registry(root)} yet.")
    else:
        click.echo(
            table.only("name", "n", "d", "groups", "log_likelihood_per_spike", "certainty", "seconds", "problem")
        )


@command.command("show")
@click.argument("root", type=_PATH)
@click.argument("name", default="")
@_JSON
@debug_option
def show(root: Path, name: str, *, as_json: bool) -> None:
    """Say all that is known of the fit NAME in ROOT."""
    from phy_medicine.compute.mixture.experiments import summarize_experiment

    folder = registry(root)
    table = summarize_experiment(folder, newest(folder, name))
    if as_json:
        click.echo(json.dumps({row["fact"]: row["value"] for row in table.rows}, indent=2))
    else:
        click.echo("\n".join(table.to_text().splitlines()[1:]))


def _numbers(_ctx: click.Context, _param: click.Parameter, text: str) -> tuple[int, ...]:
    """Numbers of components from "2-8" or "2,3,5"."""
    try:
        return numbers_of(text) if text else ()
    except PhyMedError as error:
        raise click.BadParameter(str(error)) from None


@command.command("criticize")
@click.argument("root", type=_PATH)
@click.argument("name", default="")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="The page; by default criticism.html in the folder of the fit.")  # fmt: skip
@click.option("--samples", type=click.IntRange(100), default=1000, show_default=True,
              help="Data sets that are drawn for each check.")  # fmt: skip
@click.option("--folds", type=click.IntRange(0), default=0, show_default=True,
              help="Folds of held-out points, each of which takes another fit.")  # fmt: skip
@click.option("--compare", default="", metavar="NUMBERS", callback=_numbers,
              help="Numbers of components to compare by BIC and ICL, such as 2-8 or 2,3,5.")  # fmt: skip
@_JSON
@debug_option
def criticize(
    root: Path, name: str, *, out: Path | None, samples: int, folds: int, compare: tuple[int, ...], as_json: bool
) -> None:
    """Write a page that says how far the fit NAME in ROOT can be believed."""
    from phy_medicine.app.export import progress_bar
    from phy_medicine.compute.mixture import restore
    from phy_medicine.compute.mixture.criticism_report import REPORT, stands_out, write_criticism
    from phy_medicine.io.durable import reason

    found = restore.experiment(registry(root), newest(registry(root), name))
    path = out or found["folder"] / REPORT
    try:
        with progress_bar(unit="‰", desc="Criticism") as step:
            criticism = write_criticism(
                path, found["fit"], found["x_train"], name=found["params"].get("name") or found["folder"].name,
                params=found["params"], n_samples=samples, folds=folds, ks=compare,
                told=lambda part, _words: step(round(1000 * part), 1000),
            )  # fmt: skip
    except OSError as error:
        raise PhyMedError(f"The page could not be written to {path}: {reason(error)}.") from None
    said = stands_out(criticism)
    if as_json:
        click.echo(json.dumps({"page": str(path), "stands_out": said} | criticism.to_dict(), indent=2))
    else:
        click.echo("\n".join([*(f"- {sentence}" for sentence in said), f"The page is {path}."]))


@command.command("assign")
@click.argument("root", type=_PATH)
@click.argument("name", default="")
@click.option("--points", type=_NPY, metavar="NPY", help="Points to be labelled; by default those that were fitted.")
@click.option("--rule", default="posterior", show_default=True, type=click.Choice(["posterior", "likelihood"]),
              help="likelihood: by the means alone, as older programs did.")  # fmt: skip
@click.option("--burn-in", default=0.4, show_default=True, help="Part of each chain that is left out.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Folder of clusters.npy and certainty.npy; by default that of the fit.")  # fmt: skip
@debug_option
def assign(root: Path, name: str, *, points: Path | None, rule: str, burn_in: float, out: Path | None) -> None:
    """Give points the labels of the fit NAME in ROOT: clusters.npy, int32, and certainty.npy."""
    import numpy as np

    from phy_medicine.compute.mixture import restore
    from phy_medicine.compute.mixture.assignments import find_cluster_assignments, store_cluster_assignments

    if points is not None and out is None:
        raise click.UsageError("Labels of other points do not go to the fit: name a folder with --out.")
    folder = registry(root)
    found = restore.experiment(folder, newest(folder, name))
    x = found["x_train"] if points is None else np.load(points, allow_pickle=False)
    labels = find_cluster_assignments(found["fit"], x, burn_in, rule)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    path = store_cluster_assignments(labels, out or found["folder"])
    sizes = ", ".join(f"{size:,}" for size in np.bincount(labels.labels).tolist())
    click.echo(f"{len(labels.components)} groups of {sizes} points in {path}.")
