"""From a path to the dataset that it names."""

from __future__ import annotations

from pathlib import Path

from phy_medicine.base.errors import DatasetError
from phy_medicine.io.model import Model


def open_model(path: Path, *, channel_group: int | None = None, clustering: str | None = None) -> Model:
    """Open the dataset of a `params.py` (or of the folder that holds one), or a Kwik file.

    channel_group, clustering : of a Kwik file; by default the first channel group and `main`

    Raises
    ------
    DatasetError : a file is missing or cannot be understood
    """
    if path.suffix == ".kwik":
        from phy_medicine.io.kwik_model import KwikModel  # h5py takes 0.1 s, and most datasets need none

        return KwikModel.open(path, channel_group=channel_group, clustering=clustering)
    if channel_group is not None or clustering is not None:
        raise DatasetError(f"{path} is no .kwik file; only those have channel groups and clusterings to choose from.")
    from phy_medicine.io.template_model import TemplateModel

    return TemplateModel.open(path)
