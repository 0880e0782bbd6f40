"""The program's logger; silent until `configure` is called, as a library should be."""

from __future__ import annotations

import logging

logger = logging.getLogger("phy_medicine")
logger.addHandler(logging.NullHandler())


def configure(*, debug: bool = False) -> None:
    """Send log lines to stderr: INFO and above, or everything; the last call counts."""
    handler = logging.StreamHandler()
    handler.set_name("stderr")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname).1s %(name)s: %(message)s", "%H:%M:%S"))
    for old in [old for old in logger.handlers if old.get_name() == "stderr"]:
        logger.removeHandler(old)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if debug else logging.INFO)
