"""Which dataset a computation in another process reads: its path, and marks of the raw files it needs, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.json_text import WRONG_CONTENT, parse_json
from phy_medicine.base.words import shortened
from phy_medicine.io.fingerprint import fingerprint
from phy_medicine.io.model import Model
from phy_medicine.io.open_model import open_model


def write_dataset(path: Path, model: Model) -> Path:
    """Write which dataset this is, with size and time of its raw files: another recording is another description."""
    group, clustering = (getattr(model, name, None) for name in ("channel_group", "clustering"))
    content = {
        "path": str(model.path.absolute()), "channel_group": group, "clustering": clustering,
        "files": _marks(raw_files(model)),
    }  # fmt: skip
    path.write_text(json.dumps(content, indent=1), "utf-8")
    return path


def raw_files(model: Model) -> tuple[Path, ...]:
    """Return the files of the raw recording and of stored waveforms that exist."""
    named = getattr(model, "raw_paths", None) or model.params.dat_paths
    return tuple(path for path in (*named, *sorted(model.dir_path.glob("_phy_spikes_subset.*"))) if path.exists())


def open_dataset(path: Path) -> Model:
    """Open the dataset that `write_dataset` described.

    Raises
    ------
    DatasetError : the description is something else, the dataset cannot be opened, or a raw file changed since
    """
    try:
        content = parse_json(path.read_text("utf-8"))
        source, files = Path(content["path"]), dict(content["files"])
        marks = {str(Path(name).absolute()): mark for name, mark in files.items()}
        choice = {name: content[name] for name in ("channel_group", "clustering")}
    except (OSError, *WRONG_CONTENT) as error:
        raise DatasetError(f"{path} does not describe a dataset: {shortened(str(error))}.") from None
    changed = next((name for name, mark in _marks(map(Path, marks)).items() if mark != marks[name]), None)
    if changed is not None:
        raise DatasetError(f"{changed} changed since the computation was asked for; start it again.")
    return open_model(source, **choice)


def _marks(paths: Iterable[Path]) -> dict[str, list[int] | None]:
    """Size and time of each file."""
    found = {str(path.absolute()): fingerprint(path) for path in paths}
    return {name: None if mark is None else [mark.size, mark.mtime_ns] for name, mark in found.items()}
