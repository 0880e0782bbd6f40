"""Pictures of views that a plugin asks for."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from phy_medicine.base.paths import user_dir
from phy_medicine.views.still import Pose


def save_picture(view: Any, name: str, folder: Any = None) -> Path:
    """Write a picture of a view as it is on the screen, as PNG, by default into the folder of pictures.

    Raises
    ------
    ActionError : the folder or the file cannot be written
    """
    from phy_medicine.gui.figure import save_view

    now = f"{datetime.now():%Y-%m-%d_%H-%M-%S}"
    path = (user_dir() / "screenshots" if folder is None else Path(folder)) / f"phy_screenshot_{now}_{name}.png"
    (width, height), ratio = view.scene.size, view.ratio
    save_view(view, path, Pose((max(round(width / ratio), 1), max(round(height / ratio), 1)), ratio), title=name)
    return path
