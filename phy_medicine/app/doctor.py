"""`phy-med doctor`: the machine, what is in force and from where, and what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click

from phy_medicine.app import doctor_checks as checks
from phy_medicine.app.build import check_display
from phy_medicine.app.cli import debug_option
from phy_medicine.app.config import read_configuration
from phy_medicine.app.doctor_probes import OPENGL, TORCH, Probe
from phy_medicine.app.doctor_report import Report, Section
from phy_medicine.base.errors import PhyMedError

_SLOW_S = 2.0


@click.command("doctor")
@click.argument("dataset", type=click.Path(path_type=Path), required=False)
@click.option("--all", "all_settings", is_flag=True, help="List also the settings that have their defaults.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@debug_option
@click.pass_context
def command(ctx: click.Context, dataset: Path | None, *, all_settings: bool, as_json: bool) -> None:
    """Say what this machine has, which settings are in force and from where they come, and what is wrong.

    With DATASET, a params.py or FILE.kwik, also what is to be known before it is curated. Nothing is changed, and no
    plugin is run. The exit code is 1 when something makes the program unusable.

    \b
    phy-med doctor
    phy-med doctor params.py --json
    """
    report = examine(dataset, all_settings=all_settings)
    click.echo(json.dumps(report.to_dict(), indent=2) if as_json else report.to_text())
    ctx.exit(0 if report.usable else 1)


def examine(dataset: Path | None = None, *, all_settings: bool = False) -> Report:
    """Ask everything; with a progress bar on stderr when it takes long."""
    from tqdm import tqdm

    torch = Probe(TORCH)
    window = Probe(OPENGL) if _has_display() else None
    with tqdm(total=7, delay=_SLOW_S, leave=False, disable=None, bar_format="{desc} {bar} {elapsed}") as bar:

        def done(words: str, make: Callable[[], Section]) -> Section:
            bar.set_description_str(words)
            section = make()
            bar.update()
            return section

        sections = [
            done("machine", checks.machine),
            done("packages", checks.python),
            done("display", lambda: checks.opengl(None if window is None else window.wait(bar.refresh))),
            done("torch", lambda: checks.torch(torch.wait(bar.refresh))),
            done("reports", checks.faults),
            *(done("configuration", make) for make in _configured(dataset, all_settings=all_settings)),
        ]
        if dataset is not None:
            sections.append(done("dataset", lambda: checks.dataset(dataset.expanduser())))
    return Report(tuple(sections))


def _has_display() -> bool:
    try:
        check_display()
    except PhyMedError:
        return False
    return True


def _configured(dataset: Path | None, *, all_settings: bool) -> tuple[Callable[[], Section], Callable[[], Section]]:
    path = None if dataset is None else dataset.expanduser()
    folder = None if path is None else path if path.is_dir() else path.parent
    configuration = read_configuration(folder)
    kwik = path is not None and path.suffix == ".kwik"

    def settings() -> Section:
        try:
            from phy_medicine.app.settings_table import settings_in_force, view_problems

            in_force, problems = settings_in_force(configuration, folder), view_problems(configuration)
        except ImportError as error:  # without a library of the window there are no views to ask
            in_force, problems = [], [f"The settings of views cannot be shown: {error}."]
        section = checks.settings(configuration, in_force, all_of_them=all_settings)
        for problem in problems:
            section.warn(problem)
        return section

    return settings, lambda: checks.plugins(configuration, kwik=kwik)
