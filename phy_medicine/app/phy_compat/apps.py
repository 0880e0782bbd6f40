"""Functions of `phy.apps`: the program's own commands, and what else plugins import from there."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def template_gui(params_path: str | Path, **kwargs: Any) -> None:
    """Open the window on a dataset, and return when it is closed."""
    from phy_medicine.app.template_gui import command

    command.main([str(params_path)], standalone_mode=False)


def kwik_gui(path: str | Path, **kwargs: Any) -> None:
    """Open the window on a Kwik file, and return when it is closed."""
    from phy_medicine.app.kwik_gui import command

    command.main([str(path)], standalone_mode=False)


def template_describe(params_path: str | Path) -> None:
    """Print what a dataset holds."""
    from phy_medicine.app.phy_compat.model import load_model

    load_model(params_path).describe()
