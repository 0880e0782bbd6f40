"""Where the program keeps its own files: beside the dataset, and in the user's home."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

REQUEST_NAME = "request.json"
"""In the folder of a computation that can go on after an interruption: what it was told."""


def user_dir() -> Path:
    """Folder of the user's own state and caches; `PHY_MEDICINE_HOME` overrides `~/.phy_medicine`."""
    return Path(os.environ.get("PHY_MEDICINE_HOME") or Path.home() / ".phy_medicine")


def phy_dir() -> Path:
    """Folder of phy's configuration and plugins, which is only read; `PHY_MEDICINE_PHY_DIR` overrides `~/.phy`."""
    return Path(os.environ.get("PHY_MEDICINE_PHY_DIR") or Path.home() / ".phy")


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """Files of the program beside one dataset; nothing is created by asking for a path."""

    dataset_dir: Path

    @property
    def root(self) -> Path:
        return self.dataset_dir / ".phy_medicine"

    @property
    def journal(self) -> Path:
        return self.root / "journal"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def state(self) -> Path:
        return self.root / "state.json"

    @property
    def log(self) -> Path:
        """Folder of the log of the windows on this dataset."""
        return self.root / "log"

    @property
    def fields(self) -> Path:
        """Names of the label columns that the curator made."""
        return self.root / "fields.json"

    @property
    def suggestions(self) -> Path:
        """What the curator decided about suggestions."""
        return self.root / "suggestions.json"

    @property
    def jobs(self) -> Path:
        """A folder for each heavy computation: its inputs while it runs, its log."""
        return self.root / "jobs"

    @property
    def unfinished(self) -> Path:
        """A folder for each computation that was interrupted and can go on: what it needs for that."""
        return self.root / "unfinished"

    @property
    def lock(self) -> Path:
        return self.root / "lock"
