"""What the window remembers: layout, columns, view settings; versioned JSON, written whole or not at all."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from phy_medicine.base.configuration import Configuration, Configured
from phy_medicine.base.log import logger
from phy_medicine.base.paths import OwnFiles, user_dir
from phy_medicine.base.words import shortened
from phy_medicine.gui.state_shapes import fitting
from phy_medicine.io.plain_file import read_json

VERSION = 1
_MOST_NAMED = 5


class StateFile:
    """One JSON file of nested dictionaries; a file that cannot be read counts as empty and is kept aside."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.values: dict[str, Any] = self._read()
        self._read_values = copy.deepcopy(self.values)

    def _read(self) -> dict[str, Any]:
        try:
            content = read_json(self.path)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            logger.warning("Could not read the window state %s (%s); starting from the default.", self.path, error)
            return {}
        if not isinstance(content, dict) or content.get("version") != VERSION:
            logger.warning("The window state %s is of another version; starting from the default.", self.path)
            return {}
        values = content.get("values")
        kept, odd = fitting(values if isinstance(values, dict) else {})
        if odd:
            names = ", ".join(map(shortened, odd[:_MOST_NAMED]))
            logger.warning("The window state %s holds what it cannot (%s), which is left out.", self.path, names)
        return kept

    def write(self) -> None:
        """Replace the file in one step; a folder that cannot be written costs only a log line.

        What was not changed here stays as it is in the file now: the session remembers the chosen motion in it.
        """
        mine = {k: v for k, v in self.values.items() if k not in self._read_values or v != self._read_values[k]}
        gone = set(self._read_values) - set(self.values)
        kept = {k: v for k, v in self._read().items() if k not in gone}
        text = json.dumps({"version": VERSION, "values": {**kept, **mine}}, indent=1, sort_keys=True)
        temporary = self.path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(text, "utf-8")
            temporary.replace(self.path)
        except OSError as error:
            logger.warning("Could not write the window state %s: %s.", self.path, error)


_NOTED = "configured"
"""What was configured when the window was closed, so that a line that is changed later counts."""


class WindowState:
    """Values of the dataset before values of the user before what is configured.

    A value that was changed in the window counts more than the configured one, until the line in the file is changed:
    what a person did last counts. What the dataset's own file says can be changed for that dataset only.
    """

    def __init__(self, user_file: Path, dataset_file: Path | None, configuration: Configuration | None = None) -> None:
        self._user = StateFile(user_file)
        self._dataset = StateFile(dataset_file) if dataset_file is not None else None
        self.configuration = configuration or Configuration()
        values = self.configuration.values.values()
        self._once = {c.name for c in values if c.once}
        self._fresh = {c.name for c in values if not c.once and self._is_fresh(c)}
        for name in self._fresh:
            file = self._file_of(name)
            if file is not None:
                file.values.pop(name, None)

    @classmethod
    def of_dataset(
        cls, dataset_dir: Path, *, writable: bool, clear: bool = False, configuration: Configuration | None = None,
        name: str = "state.json",
    ) -> WindowState:  # fmt: skip
        """Open the state of the user, in a file of this name, and of a dataset; `clear` deletes both files first."""
        user_file = user_dir() / name
        dataset_file = OwnFiles(dataset_dir).state if writable else None
        if clear:
            for path in filter(None, (user_file, dataset_file)):
                path.unlink(missing_ok=True)
        return cls(user_file, dataset_file, configuration)

    def _file_of(self, name: str) -> StateFile | None:
        """The file that holds what is changed in the window of this value."""
        found = self.configuration.values.get(name)
        return self._dataset if found is not None and found.local else self._user

    def _noted(self, file: StateFile | None) -> Mapping[str, Any]:
        noted = file.values.get(_NOTED) if file is not None else None
        return noted if isinstance(noted, Mapping) else {}

    def _is_fresh(self, configured: Configured) -> bool:
        """Whether a line is new, or was changed since the window noted it."""
        noted = self._noted(self._file_of(configured.name))
        return configured.name not in noted or noted[configured.name] != configured.value

    def is_fresh(self, name: str) -> bool:
        """Whether a value is configured, and counts more than what the window remembers."""
        return name in self._fresh or name in self._once

    def stays_here(self, name: str) -> bool:
        """Whether a value is configured for this dataset or this start only, so that no other must inherit it."""
        found = self.configuration.values.get(name)
        return found is not None and (found.local or found.once)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of the dataset, else of the user, else the configured one, else the default."""
        if key in self._once:
            return self.configuration.get(key)
        if self._dataset is not None and key in self._dataset.values:
            return self._dataset.values[key]
        file = self._file_of(key)
        if file is not None and key in file.values:
            return file.values[key]
        return self.configuration.get(key, default)

    def changed_since(self, section: str, remembered: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of the remembered values of a view or a job that count more than the configured ones."""
        return {name: value for name, value in remembered.items() if not self.is_fresh(f"{section}.{name}")}

    def section(self, section: str, remembered: Any = None) -> dict[str, Any]:
        """Return the values of a section: as configured, with what was changed in the window since."""
        values = remembered if isinstance(remembered, Mapping) else {}
        return {**self.configuration.section(section), **self.changed_since(section, values)}

    def merged(self, key: str) -> dict[str, Any]:
        """Return a dictionary value, the dataset's entries laid over the user's."""
        layers = (self._user.values.get(key), self._dataset.values.get(key) if self._dataset else None)
        return {name: value for layer in layers if isinstance(layer, Mapping) for name, value in layer.items()}

    def set(self, key: str, value: Any, *, local: bool = False) -> None:
        """Keep a value for the user, or for this dataset only."""
        self._once.discard(key)
        file = self._dataset if local else self._file_of(key)
        if file is not None:
            file.values[key] = value

    def write(self) -> None:
        """Write both files, with what is configured now."""
        for file, local in ((self._user, False), (self._dataset, True)):
            if file is not None:
                self._note(file, local=local)
        self._user.write()
        if self._dataset is not None and self._dataset.values:
            self._dataset.write()

    def _note(self, file: StateFile, *, local: bool) -> None:
        values = [c for c in self.configuration.values.values() if c.local is local]
        before = self._noted(file)
        noted = dict(before) if self.configuration.problems else {}  # a file with a fault may only seem to say less
        noted |= {c.name: c.value for c in values if not c.once}
        noted |= {c.name: before[c.name] for c in values if c.once and c.name in before}
        if noted or _NOTED in file.values:
            file.values[_NOTED] = noted
