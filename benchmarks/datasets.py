"""The dataset that a benchmark is of: the one that was named, or a small one that is simulated for this run."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SMALL = {"channels": 64, "units": 60, "duration_s": 40.0}
"""Simulated in some ten seconds."""


def add_dataset(parser: argparse.ArgumentParser) -> None:
    """Give a command line the argument DATASET, which may be left out."""
    text = "folder of a dataset, or its params.py; without it a small one is simulated"
    parser.add_argument("dataset", type=Path, nargs="?", metavar="DATASET", help=text)


@contextmanager
def named_or_small(dataset: Path | None, *, window: bool = False, **other: Any) -> Iterator[Path]:
    """Give the folder of the dataset; that of a simulated one is gone afterwards.

    window : the benchmark opens one; other : settings of the simulation that are not those of `SMALL`

    Raises
    ------
    SystemExit : there is no dataset of this name
    PhyMedError : a window is needed and there is no display
    """
    if window:
        from phy_medicine.app.build import check_display

        check_display()
    if dataset is not None:
        yield folder_of(dataset)
        return
    from phy_medicine.io.simulate import SimulationSettings, simulate  # takes time that some benchmarks count

    settings = SimulationSettings(**SMALL | other)
    with tempfile.TemporaryDirectory() as place:
        small = f"{settings.channels} channels, {settings.units} units, {settings.duration_s:g} s"
        print(f"The figures are of a small simulated dataset ({small}); name a DATASET for one of yours.", flush=True)
        yield simulate(Path(place) / "dataset", settings).parent


def folder_of(dataset: Path) -> Path:
    """Return the folder of a dataset that was named by its folder or its params.py.

    Raises
    ------
    SystemExit : there is no dataset
    """
    folder = dataset.parent if dataset.name == "params.py" else dataset
    if not (folder / "params.py").is_file():
        sys.exit(f"{dataset} is no dataset: name a folder that holds params.py, or leave it out.")
    return folder
