"""A sorter that knows the truth, as `made_sortings.fake_sort`, and writes down which motion it was given."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.compute.sorting.made_sortings import fake_sort

given: list[Any] = []


def sort(*args: Any, motion: Any = None, **more: Any) -> Any:
    """Sort; remember the motion."""
    given.append(None if motion is None else np.array(motion.displacement))
    return fake_sort(*args, **more)
