"""Whether the program may write beside a dataset: never through a link that leads out of it, whoever put it there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from phy_medicine.base.paths import OwnFiles
from phy_medicine.io.plain_file import kind_of


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
    root = OwnFiles(dataset_dir).root
    kind = kind_of(root)
    if kind not in ("nothing", "a folder"):
        return f"{root} is {kind}, where a folder must be: move it away."
    for place in (root, *_inside(root)):
        if place.is_symlink() and not _leads_into(place, dataset):
            return (
                f"{place} is a link to {place.readlink()}, and nothing is written out of the dataset: remove the link."
            )
    for log in _entries(root / "log"):
        if kind_of(log) != "a file":
            return f"{log} is {kind_of(log)}, where a file must be: move it away."
    return ""


def _inside(root: Path) -> Iterator[Path]:
    """What lies in the folder, and in the folders in it."""
    for entry in _entries(root):
        yield entry
        if not entry.is_symlink():
            yield from _entries(entry)


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:  # a file, nothing, or no right to look
        return []


def _leads_into(link: Path, dataset: Path) -> bool:
    try:
        return link.resolve().is_relative_to(dataset)
    except (OSError, RuntimeError):  # a circle
        return False
