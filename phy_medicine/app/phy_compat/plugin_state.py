"""What a plugin's view names to be remembered, as plain values that a file can hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from phy_medicine.base.log import logger

_LARGEST = 10_000


def plain_state(view: Any) -> dict[str, Any]:
    """Return the state of a view by attribute; what cannot be written is left out."""
    try:
        state = dict(view.state)
    except Exception as error:
        logger.warning("The state of %s was not saved: %s", type(view).__name__, error)
        return {}
    out = {}
    for name, value in state.items():
        try:
            out[str(name)] = plain(value)
        except TypeError:
            logger.debug("%s of %s is not saved: it is a %s.", name, type(view).__name__, type(value).__name__)
    return out


def plain(value: Any) -> Any:
    """Return a value as JSON has it.

    Raises
    ------
    TypeError : it has no such form, or is too large
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        if value.size > _LARGEST:
            raise TypeError
        return value.tolist()
    if isinstance(value, list | tuple | set | range):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    raise TypeError
