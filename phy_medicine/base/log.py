"""The program's logger; silent until `configure` is called, as a library should be."""

from __future__ import annotations

import logging

logger = logging.getLogger("phy_medicine")
logger.addHandler(logging.NullHandler())


def configure(*, debug: bool = False) -> None:
    """Send log lines to stderr: INFO and above, or everything."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname).1s %(name)s: %(message)s", "%H:%M:%S"))
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if debug else logging.INFO)
