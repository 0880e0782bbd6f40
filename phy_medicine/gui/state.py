"""What the window remembers: layout, columns, view settings; versioned JSON, written whole or not at all."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from phy_medicine.base.log import logger
from phy_medicine.base.paths import OwnFiles, user_dir

VERSION = 1


class StateFile:
    """One JSON file of nested dictionaries; a file that cannot be read counts as empty and is kept aside."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.values: dict[str, Any] = self._read()
        self._read_values = copy.deepcopy(self.values)

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            logger.warning("Could not read the window state %s (%s); starting from the default.", self.path, error)
            return {}
        if not isinstance(content, dict) or content.get("version") != VERSION:
            logger.warning("The window state %s is of another version; starting from the default.", self.path)
            return {}
        values = content.get("values")
        return values if isinstance(values, dict) else {}

    def write(self) -> None:
        """Replace the file in one step; a folder that cannot be written costs only a log line.

        What was not changed here stays as it is in the file now: the session remembers the chosen motion in it.
        """
        mine = {k: v for k, v in self.values.items() if k not in self._read_values or v != self._read_values[k]}
        text = json.dumps({"version": VERSION, "values": {**self._read(), **mine}}, indent=1, sort_keys=True)
        temporary = self.path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(text, "utf-8")
            temporary.replace(self.path)
        except OSError as error:
            logger.warning("Could not write the window state %s: %s.", self.path, error)


class WindowState:
    """Values of the dataset before values of the user."""

    def __init__(self, user_file: Path, dataset_file: Path | None) -> None:
        self._user = StateFile(user_file)
        self._dataset = StateFile(dataset_file) if dataset_file is not None else None

    @classmethod
    def of_dataset(cls, dataset_dir: Path, *, writable: bool, clear: bool = False) -> WindowState:
        """Open the state of the user and of a dataset; `clear` deletes both files first."""
        user_file = user_dir() / "state.json"
        dataset_file = OwnFiles(dataset_dir).state if writable else None
        if clear:
            for path in filter(None, (user_file, dataset_file)):
                path.unlink(missing_ok=True)
        return cls(user_file, dataset_file)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of the dataset, else of the user, else the default."""
        if self._dataset is not None and key in self._dataset.values:
            return self._dataset.values[key]
        return self._user.values.get(key, default)

    def merged(self, key: str) -> dict[str, Any]:
        """Return a dictionary value, the dataset's entries laid over the user's."""
        layers = (self._user.values.get(key), self._dataset.values.get(key) if self._dataset else None)
        return {name: value for layer in layers if isinstance(layer, Mapping) for name, value in layer.items()}

    def set(self, key: str, value: Any, *, local: bool = False) -> None:
        """Keep a value for the user, or for this dataset only."""
        if not local:
            self._user.values[key] = value
        elif self._dataset is not None:
            self._dataset.values[key] = value

    def write(self) -> None:
        """Write both files."""
        self._user.write()
        if self._dataset is not None and self._dataset.values:
            self._dataset.write()
