"""`phy-med sort-gui`: the dialog that sorts a recording, without a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from phy_medicine.app.cli import debug_option

_FIELDS = {"sample_rate": "rate", "channels": "channels", "dtype": "dtype", "offset": "offset", "gain": "gain"}


@click.command("sort-gui")
@click.argument("recording", type=click.Path(path_type=Path, exists=True), required=False)
@click.option("--probe", default="", metavar="PROBE", help="As for phy-med sort.")
@click.option("--sample-rate", type=float, help="Of a flat binary file. [Hz]")
@click.option("--channels", type=int, help="Of a flat binary file.")
@click.option("--dtype", help="Of a flat binary file.")
@click.option("--offset", type=int, help="Bytes before the samples of a flat binary file.")
@click.option("--gain", type=float, help="One unit of a file of plain numbers. [µV]")
@click.option("--theme", type=click.Choice(["dark", "light"]), default="dark", show_default=True, help="Colours.")
@debug_option
def command(recording: Path | None, *, probe: str, theme: str, **values: Any) -> None:
    """Look at a raw RECORDING and sort it, in a window.

    The dialog shows the recording as the sorter will read it, and takes everything that phy-med sort takes. The result
    is a dataset that opens in a window when it is done.
    """
    from phy_medicine.base.crash_watch import WATCH
    from phy_medicine.gui.sort_window import run_sort_window
    from phy_medicine.views.theme import THEMES

    fields = {name: values[option] for option, name in _FIELDS.items() if values[option] is not None}
    if recording is not None:
        fields["path"] = str(recording.absolute())
    WATCH.begin()
    try:
        code = run_sort_window(THEMES[theme], {**fields, **({"probe": probe} if probe else {})})
    finally:
        WATCH.end()
    raise SystemExit(code)
