"""Whether the program may write beside a dataset: never through a link that leads out of it, whoever put it there."""

from __future__ import annotations

from pathlib import Path

from phy_medicine.base.paths import OwnFiles


def why_not_written(path: Path, dataset_dir: Path) -> str:
    """Return in one sentence why nothing may be written beside a dataset, "" when it may be.

    path : the file that was opened, a `params.py` or a Kwik file
    dataset_dir : where its arrays are, and where labels would be saved
    """
    dataset, opened = dataset_dir.resolve(), path.absolute().parent.resolve()
    if not dataset.is_relative_to(opened):
        return (
            f"Its files are in {dataset}, which is not the folder of {path.name}, and nothing is written there: put "
            f"{path.name} beside them and open that."
        )
    own = OwnFiles(dataset_dir)
    for folder in (own.root, own.journal, own.cache, own.backups, own.jobs, own.unfinished, own.root / "staging"):
        try:
            there = folder.resolve()
        except (OSError, RuntimeError):  # a link in a circle
            return f"{folder} leads nowhere, and nothing is written through it: remove the link."
        if not there.is_relative_to(dataset):
            return f"{folder} is a link to {there}, and nothing is written out of the dataset: remove the link."
        if folder.exists() and not folder.is_dir():
            return f"{folder} is a file, where a folder must be: move it away."
    return ""
