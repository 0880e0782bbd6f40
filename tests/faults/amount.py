"""How many faults there are: a few in every run of the tests, all of them in `make faults`."""

from __future__ import annotations

import os

LONG = os.environ.get("PHY_MEDICINE_FAULTS") == "all"


def parts(n: int) -> range:
    """Return the parts of a long test, which run side by side; of a short one there is one."""
    return range(n if LONG else 1)
