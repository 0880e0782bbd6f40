"""`phy-med export`: hand a dataset over to other programs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phy_medicine.app.cli import debug_option
from phy_medicine.base.errors import DatasetError

if TYPE_CHECKING:
    from phy_medicine.io.export.output import ExportReport
    from phy_medicine.session.session import Session

FORMATS = ("cluster-info", "spikeinterface", "nwb", "alf", "pynapple", "kwik")
"""What can be written."""

UNSAVED = "unsaved actions of an earlier session are not in it; open the dataset and save first."
_TIMES = (
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
)
_ONLY = {
    "raw": ("kwik",), "features": ("kwik",), "session_start": ("nwb",), "identifier": ("nwb",), "description": ("nwb",),
    "waveforms": ("nwb", "alf"), "uv_per_bit": ("nwb", "alf"), "force": FORMATS[:-1], "before": ("spikeinterface",),
    "text_ids": ("spikeinterface",), "plugins": FORMATS[:-1],
}  # fmt: skip
"""Option -> formats that it is for."""


def _format(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """A format that can be written."""
    if value.lower() not in FORMATS:
        raise click.BadParameter(f"{value!r} cannot be written; available: {', '.join(FORMATS)}.", ctx, param)
    return value.lower()


@contextmanager
def progress_bar(**options: Any) -> Iterator[Any]:
    """A progress bar on stderr after 2 s, whose length comes with the first step; nothing where nobody watches."""
    from tqdm import tqdm

    with tqdm(disable=None, leave=False, delay=2, **options) as bar:

        def step(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield step


@click.command("export")
@click.argument("params_py", type=click.Path(path_type=Path))
@click.option("--to", "to", required=True, metavar="FORMAT", callback=_format, help=f"Format: {', '.join(FORMATS)}.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="PATH", help="File to write, or a folder for it."
)
@click.option("--force", is_flag=True, help="Replace an earlier export.")
@click.option("--waveforms", type=click.IntRange(0), default=50, show_default=True,
              help="nwb, alf: average so many waveforms of each cluster; 0: take the sorter's templates.")  # fmt: skip
@click.option("--uv-per-bit", type=click.FloatRange(0, min_open=True), help="nwb, alf: µV per unit of the raw data.")
@click.option("--before", default="auto", show_default=True, metavar="LABELS",
              help="spikeinterface, to .json: clusters that the curation begins with: templates, opened, a .npy file, "
              "or auto for the oldest known.")  # fmt: skip
@click.option("--text-ids", is_flag=True, help="spikeinterface, to .json: units have text for ids, also numbers.")
@click.option("--session-start", type=click.DateTime(_TIMES), metavar="DATE", help="nwb: when the recording began.")
@click.option("--identifier", default="", help="nwb: unique name of the file.")
@click.option("--description", default="", help="nwb: what the session was.")
@click.option(
    "--raw",
    type=click.Choice(("link", "copy", "none")),
    default="link",
    show_default=True,
    help="kwik: name the raw files, copy them into a .raw.kwd file, or leave them out.",
)
@click.option(
    "--features/--no-features", default=True, show_default=True, help="kwik: write the .kwx file of features."
)
@click.option("--plugins/--no-plugins", default=True, show_default=True,
              help="All but kwik: attach the user's plugins, whose metrics are columns too.")  # fmt: skip
@click.option("--channel-group", type=int, help="Of a .kwik file.")
@click.option("--clustering", help="Of a .kwik file.")
@debug_option
@click.pass_context
def command(ctx: click.Context, /, params_py: Path, *, to: str, out: Path, **options: Any) -> None:
    """Write the dataset of PARAMS_PY (or a .kwik file), as it was last saved, for other programs.

    \b
    phy-med export params.py --to cluster-info --out clusters.csv
    phy-med export params.py --to spikeinterface --out sorting/
    phy-med export params.py --to spikeinterface --out curation.json
    phy-med export params.py --to nwb --out session.nwb --uv-per-bit 0.195
    phy-med export params.py --to alf --out alf/
    phy-med export params.py --to pynapple --out units.npz
    phy-med export params.py --to kwik --out recording.kwik
    """
    _refuse_foreign(ctx, to)
    report = _kwik(params_py, out, options) if to == "kwik" else _export(params_py, to, out, options)
    for note in report.notes:
        click.echo(f"Note: {note}", err=True)
    for path in report.files:
        click.echo(path)


def _refuse_foreign(ctx: click.Context, to: str) -> None:
    """Refuse an option that the format would not heed."""
    for name, formats in _ONLY.items():
        if to not in formats and ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name.replace('_', '-')} is not for {to}, only for {', '.join(formats)}.")


def _export(path: Path, to: str, out: Path, options: dict[str, Any]) -> ExportReport:
    from phy_medicine.app.build import open_session

    choice = {name: options[name] for name in ("channel_group", "clustering")}
    session = open_session(path, read_only=True, recover=None, **choice)
    if session.storage.pending is not None:
        click.echo(f"Note: {UNSAVED}", err=True)
    try:
        with _plugins(session, wanted=options["plugins"]), progress_bar(unit="step", desc="Clusters") as progress:
            return session.export(
                to, out, force=options["force"], n_waveforms=options["waveforms"], uv_per_bit=options["uv_per_bit"],
                progress=progress, **_own_options(to, out, options),
            )  # fmt: skip
    finally:
        session.close()


@contextmanager
def _plugins(session: Session, *, wanted: bool) -> Iterator[None]:
    """Attach what is asked for while the table is written; one that fails costs its own columns and a note."""
    if not wanted:
        yield
        return
    from phy_medicine.app.build import plugin_book

    book = plugin_book(session)
    book.attach()
    for record in book.records:
        if record.state in ("failed", "missing"):
            click.echo(f"Note: plugin {record.sentence}; phy-med plugins {session.model.path} says why.", err=True)
    try:
        yield
    finally:
        book.close_window()


def _own_options(to: str, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """What only one format understands."""
    if to == "nwb":
        from phy_medicine.io.export.nwb import NwbOptions

        start: datetime | None = options["session_start"]
        return {"options": NwbOptions(start, options["identifier"], options["description"])}
    if to == "spikeinterface" and out.suffix == ".json":
        return {"before": options["before"], "as_text": options["text_ids"]}
    return {}


def _kwik(path: Path, out: Path, options: dict[str, Any]) -> ExportReport:
    from phy_medicine.io.export.kwik import export_kwik
    from phy_medicine.io.journal_reader import unsaved_work
    from phy_medicine.io.template_model import TemplateModel

    if path.suffix == ".kwik":
        raise DatasetError(f"{path} is a Kwik file already; copy it.")
    model = TemplateModel.open(path)
    with progress_bar(unit="B", unit_scale=True, desc="Writing") as progress:
        report = export_kwik(model, out, raw=options["raw"], features=options["features"], progress=progress)
    if unsaved_work(model.dir_path, model.labels_hash(), model.labels_name).offered is not None:
        click.echo(f"Note: {UNSAVED}", err=True)
    return report
