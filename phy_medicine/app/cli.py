"""`phy-med`: the command line. The module of a command is imported when the command is called."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import click

import phy_medicine
from phy_medicine.base.errors import PhyMedError

COMMANDS = {
    "template-gui": "phy_medicine.app.template_gui",
    "template-describe": "phy_medicine.app.template_describe",
    "kwik-gui": "phy_medicine.app.kwik_gui",
    "kwik-describe": "phy_medicine.app.kwik_describe",
    "trace-gui": "phy_medicine.app.trace_gui",
    "sort": "phy_medicine.app.sort",
    "sort-gui": "phy_medicine.app.sort_gui",
    "match": "phy_medicine.app.match",
    "motion": "phy_medicine.app.motion",
    "localize": "phy_medicine.app.localize",
    "explore": "phy_medicine.app.explore",
    "sln": "phy_medicine.app.sln",
    "cluster": "phy_medicine.app.cluster",
    "recluster": "phy_medicine.app.recluster",
    "runs": "phy_medicine.app.runs",
    "run": "phy_medicine.app.run",
    "simulate": "phy_medicine.app.simulate",
    "train": "phy_medicine.app.train",
    "export": "phy_medicine.app.export",
    "extract-waveforms": "phy_medicine.app.extract_waveforms",
    "metrics": "phy_medicine.app.metrics",
    "suggest": "phy_medicine.app.suggest",
    "plugins": "phy_medicine.app.plugins_command",
    "import": "phy_medicine.app.import_curation",
    "history": "phy_medicine.app.history",
    "record": "phy_medicine.app.record",
    "replay": "phy_medicine.app.replay",
    "diff": "phy_medicine.app.diff",
    "doctor": "phy_medicine.app.doctor",
    "bench": "phy_medicine.app.bench",
}
"""Command name -> the module whose `command` it is."""
_WINDOWS = ("template-gui", "kwik-gui", "trace-gui", "sort-gui")
_BLAS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class PhyMed(click.Group):
    """Loads commands by name, and turns errors into one sentence and exit code 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        if cmd_name in _WINDOWS:
            one_thread_for_algebra()
        command: click.Command = import_module(COMMANDS[cmd_name]).command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            sentence = _sentence(error)
            if ctx.meta.get("debug"):
                raise
            raise click.ClickException(sentence) from error


def one_thread_for_algebra() -> None:
    """Keep products of matrices in the thread that asks; before numpy is loaded, and unless the user says otherwise.

    A window has a pool of threads for views and metrics, whose matrices are small. On a machine with other work the
    threads of the library of linear algebra wait for each other in every product of 36 x 36: 190 ms instead of 1.3 ms
    for the discriminants of two clusters. Jobs are processes of their own and set theirs.
    """
    for name in _BLAS:
        os.environ.setdefault(name, "1")


def _sentence(error: Exception) -> str:
    """What the user reads: our own errors as they are, anything else with the way to find out more."""
    if isinstance(error, PhyMedError):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}."
    from phy_medicine.base.crash_report import REPORTER

    report = REPORTER.report(error, "a command")
    where = "" if report is None else f" Please send the report {report}; nothing of your data is in it."
    return f"{type(error).__name__}: {error}. This is a fault of the program; --debug shows where.{where}"


def _remember_debug(ctx: click.Context, _: click.Parameter, debug: bool) -> None:
    if debug:
        from phy_medicine.base.log import configure

        configure(debug=True)
    ctx.meta["debug"] = debug or ctx.meta.get("debug", False)


def debug_option(command: Any) -> Any:
    """Give a command `--debug`: every log line on stderr, and the traceback of an error."""
    return click.option(
        "--debug",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_remember_debug,
        help="Write every log line to stderr, and the traceback of an error.",
    )(command)


@click.command(cls=PhyMed, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(phy_medicine.__version__, prog_name="phy-med")
@debug_option
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Curate sorted spikes by hand, with the probe's motion in view."""
    from phy_medicine.app.config import job_options

    ctx.default_map = job_options(ctx.invoked_subcommand or "")


def main() -> None:
    """Run the command line; the entry point of `phy-med`."""
    cli.main(prog_name="phy-med")
