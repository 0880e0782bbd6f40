"""What the user switched on and off by hand, which lasts."""

from __future__ import annotations

import json
from pathlib import Path

from phy_medicine.base.json_text import WRONG_CONTENT, parse_json
from phy_medicine.base.log import logger


class Choices:
    """What the user switched on and off by hand, and which new files may run; a small JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.on, self.off, self.seen = set[str](), set[str](), set[str]()
        try:
            values = parse_json(path.read_text("utf-8"))
            self.on, self.off, self.seen = (set(map(str, values.get(k, ()))) for k in ("on", "off", "seen"))
        except FileNotFoundError:
            return
        except (OSError, *WRONG_CONTENT) as error:
            logger.warning("Could not read %s (%s); plugins are used as the configuration says.", path, error)

    def write(self) -> None:
        """Replace the file; a folder that cannot be written costs a log line."""
        text = json.dumps({"on": sorted(self.on), "off": sorted(self.off), "seen": sorted(self.seen)}, indent=1)
        temporary = self._path.with_suffix(".tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(text, "utf-8")
            temporary.replace(self._path)
        except OSError as error:
            logger.warning("Could not write %s: %s.", self._path, error)
