"""`phy-med template-gui`: the main job."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from phy_medicine.app.build import open_session, open_training, run_window
from phy_medicine.app.window_command import prepared, window_options


@click.command("template-gui")
@click.argument("params_py", type=click.Path(readable=False, path_type=Path))
@click.option("--train", is_flag=True, help="Train on a simulated dataset: its truth is told when you ask for it.")
@window_options
def command(
    params_py: Path, *, train: bool, read_only: bool, recover: bool | None, take_over: bool, **values: Any
) -> None:
    """Open the phy or Kilosort dataset of PARAMS_PY and curate it.

    \b
    phy-med template-gui params.py
    phy-med template-gui params.py --do "c 3 5" --do merge --do save --quit
    """
    options = prepared(params_py, values)
    opening = partial(
        open_training if train else open_session,
        params_py,
        read_only=read_only,
        recover=recover,
        take_over=take_over,
        configuration=options.configuration,
        use_runs=False,
    )
    code = run_window(opening, options)
    click.get_current_context().exit(code)
