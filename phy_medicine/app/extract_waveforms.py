"""`phy-med extract-waveforms`: waveforms of some spikes, stored beside the dataset."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from phy_medicine.app.cli import debug_option
from phy_medicine.base.errors import DatasetError


@click.command("extract-waveforms")
@click.argument("params_py", type=click.Path(path_type=Path))
@click.argument("n", type=click.IntRange(1), default=500)
@click.option("--nc", default=16, show_default=True, type=click.IntRange(1, 100_000), metavar="C",
              help="Channels of each spike; at least n_closest_channels of params.py, by default 12.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of the choice of spikes.")
@click.option("--sample2unit", default=1.0, show_default=True, type=float, metavar="FACTOR",
              help="Multiply the samples by this, as by the µV per raw unit.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace waveforms that are stored already.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@debug_option
def command(params_py: Path, n: int, *, nc: int, seed: int, sample2unit: float, force: bool, as_json: bool) -> None:
    """Store waveforms of up to N spikes (500) of each template beside PARAMS_PY, to be seen without the recording.

    The spikes are chosen at random in at most 20 pieces of 10 min, evenly spaced in the recording. Their waveforms, on
    the best channels of their template, are raw: not filtered. Written are _phy_spikes_subset.waveforms.npy,
    .channels.npy and .spikes.npy, all or none; phy reads them too, and prefers them to the recording. Ctrl+C cancels
    and leaves nothing.

    \b
    phy-med extract-waveforms params.py
    phy-med extract-waveforms params.py 200 --nc 16 --force
    """
    from phy_medicine.app.export import progress_bar
    from phy_medicine.io.export.waveform_subset import extract_subset
    from phy_medicine.io.template_model import TemplateModel

    if params_py.suffix == ".kwik":
        raise DatasetError(f"{params_py} is a Kwik file, beside which no waveforms are stored; give a params.py.")
    model = TemplateModel.open(params_py)
    with progress_bar(unit="spike", desc="Waveforms") as progress:
        report = extract_subset(
            model, n, n_channels=nc, seed=seed, sample2unit=sample2unit, force=force, progress=progress
        )
    if as_json:
        click.echo(json.dumps({**asdict(report), "files": [str(path) for path in report.files]}, indent=2))
        return
    for note in report.notes:
        click.echo(f"Note: {note}", err=True)
    click.echo(
        f"{report.n_spikes:,} waveforms of {report.n_templates:,} templates: {report.n_samples} samples on "
        f"{report.n_channels} channels, {report.n_bytes / 1e6:,.1f} MB."
    )
    for path in report.files:
        click.echo(path)
