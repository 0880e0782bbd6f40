"""Array aliases used in signatures, and the values a label may take."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.integer[Any]]
FloatArray = npt.NDArray[np.floating[Any]]
BoolArray = npt.NDArray[np.bool_]
AnyArray = npt.NDArray[Any]

LabelValue = int | float | str
"""What a cell of a label column holds; an empty cell is absent, never None in the table."""


def frozen(array: AnyArray) -> AnyArray:
    """Return the array with its write flag cleared (a view when it does not own its data)."""
    view = array if array.flags.owndata else array.view()
    view.flags.writeable = False
    return view
