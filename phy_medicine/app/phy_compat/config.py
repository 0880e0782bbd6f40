"""phy's configuration folder and files; they are read, and never made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from traitlets.config import Config
from traitlets.config.loader import JSONFileConfigLoader, PyFileConfigLoader

from phy_medicine.app.phy_compat.finder import plugin_builtins
from phy_medicine.base.log import logger
from phy_medicine.base.paths import phy_dir


class _PythonFile(PyFileConfigLoader):
    """A Python configuration file whose imports of phy find our names."""

    def _read_file_as_dict(self) -> None:
        def load_subconfig(fname: str, path: str | None = None) -> None:
            self.config.merge(_PythonFile(fname, path or self.path).load_config())

        space = {
            "c": self.config,
            "load_subconfig": load_subconfig,
            "get_config": lambda: self.config,
            "__file__": self.full_filename,
            "__name__": "phy_config",
            "__builtins__": plugin_builtins(),
        }
        source = Path(self.full_filename).read_bytes()
        exec(compile(source, self.full_filename, "exec", dont_inherit=True), space)


def ensure_dir_exists(path: str | Path) -> None:
    """Make a folder and those above it where they are missing."""
    Path(path).mkdir(parents=True, exist_ok=True)


def load_config(path: str | Path | None = None) -> Config:
    """Read a Python or JSON configuration file; empty when there is none."""
    file = Path(path) if path else None
    if file is None or not file.exists():
        return Config()
    loader = JSONFileConfigLoader if file.suffix == ".json" else _PythonFile
    config: Config = loader(file.name, str(file.parent), log=logger).load_config()
    return config


def load_master_config(config_dir: str | Path | None = None) -> Config:
    """Read `phy_config.py` of a folder, phy's own by default; empty when it is not there or fails."""
    path = Path(config_dir or phy_dir()) / "phy_config.py"
    try:
        return load_config(path)
    except Exception as error:
        logger.warning("%s failed: %s: %s", path, type(error).__name__, error, exc_info=error)
        return Config()


def save_config(path: str | Path, config: Mapping[str, Any]) -> None:
    """Write a configuration as JSON."""
    Path(path).write_text(json.dumps({**config, "version": 1}))
