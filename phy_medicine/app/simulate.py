"""`phy-med simulate`: a recording of which the truth is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from phy_medicine.app.cli import debug_option
from phy_medicine.app.param_options import options_of
from phy_medicine.io.simulate import SimulationSettings

PROGRESS_AFTER_S = 2.0


@click.command("simulate")
@click.argument("out_dir", type=click.Path(path_type=Path, file_okay=False))
@options_of(SimulationSettings)
@click.option("--overwrite", is_flag=True, help="Replace a dataset that is already in OUT_DIR.")
@debug_option
def command(out_dir: Path, *, overwrite: bool, **settings: Any) -> None:
    """Write a ground-truth recording and its sorted dataset into OUT_DIR.

    OUT_DIR/params.py opens with `phy-med template-gui`; the truth is in ground_truth.npz.
    """
    from phy_medicine.io.simulate import simulate

    with simulation_bar() as progress:
        params_py = simulate(out_dir, SimulationSettings(**settings), progress=progress, overwrite=overwrite)
    click.echo(params_py)


@contextmanager
def simulation_bar() -> Iterator[Callable[[float, str], None]]:
    """Give what shows the progress of a simulation, once it takes long."""
    from tqdm import tqdm

    layout = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
    with tqdm(total=1.0, delay=PROGRESS_AFTER_S, bar_format=layout, leave=False, disable=None) as bar:

        def show(fraction: float, text: str) -> None:
            bar.set_description_str(text, refresh=False)
            bar.update(fraction - bar.n)

        yield show
