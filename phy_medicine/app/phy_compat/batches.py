"""Arrays of one item each out of what plugins give: a value for all, a row for each, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.base.types import AnyArray, FloatArray


def array_of(value: Any, shape: tuple[int, int], default: Any = None, dtype: Any = np.float64) -> AnyArray:
    """Return an own array of a shape, filled with a value, a row of values, or the default."""
    given = default if value is None or (hasattr(value, "__len__") and len(value) == 0) else value
    values = np.asarray(given, dtype=dtype)
    out: AnyArray = values.reshape(shape).copy() if values.size == shape[0] * shape[1] else np.resize(values, shape)
    return out


def colors_of(color: Any, n: int, default: Sequence[float]) -> FloatArray:
    """Return (n, 4) float32 colours of one for all or one for each; opaque where there are three numbers."""
    given = np.asarray(default if color is None or len(color) == 0 else color, dtype=np.float32)
    rows = np.atleast_2d(given)
    if rows.shape[1] == 3:
        rows = np.hstack([rows, np.ones((len(rows), 1), dtype=np.float32)])
    if rows.shape[1] != 4 or len(rows) not in (1, n):
        raise ValueError(f"color has the shape {given.shape}; (4,) or ({n}, 4) is needed.")
    return np.ascontiguousarray(np.broadcast_to(rows, (n, 4)))


def masked(colors: FloatArray, masks: AnyArray) -> FloatArray:
    """Return colours with as much of their saturation as the masks leave; the whole part of a mask only orders."""
    share = np.asarray(masks, dtype=np.float64).reshape(-1, 1)
    share = np.where((share > 0) & (share % 1 == 0), 1.0, share % 1)
    grey = colors[:, :3].mean(axis=1, keepdims=True)
    return np.hstack([grey + (colors[:, :3] - grey) * share, colors[:, 3:]]).astype(np.float32)


def get_linear_x(n_signals: int, n_samples: int) -> FloatArray:
    """Return x from -1 to 1 for each signal, (n_signals, n_samples)."""
    return np.tile(np.linspace(-1.0, 1.0, n_samples), (n_signals, 1))


class BatchAccumulator:
    """Collects arrays of one kind of item under names, and joins them."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.items: dict[str, list[Any]] = {}
        self.noconcat: tuple[str, ...] = ()

    def add(
        self,
        b: dict[str, Any],
        noconcat: tuple[str, ...] = (),
        n_items: int = 0,
        n_vertices: int = 0,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Add values by name: lists under names of `noconcat` are extended, all else is made one row for each item.

        A `box_index` has a row for each vertex instead.
        """
        b.update(kwargs)
        self.noconcat = noconcat
        for key, value in b.items():
            kept = self.items.setdefault(key, [])
            if value is None:
                continue
            if key in noconcat:
                kept.extend(value)
                continue
            n = n_vertices if key == "box_index" else n_items
            if isinstance(value, np.ndarray):
                width = 1 if value.ndim == 1 else value.shape[1]
            else:
                width = len(value) if isinstance(value, tuple | list) else 1
            kept.append(array_of(value, (n, width)))
        return b

    def __getattr__(self, key: str) -> Any:
        arrays = self.__dict__.get("items", {}).get(key)
        if arrays is None:
            raise AttributeError(key)
        if not arrays:
            return None
        return arrays if key in self.noconcat else np.concatenate(arrays, axis=0)

    @property
    def data(self) -> Bunch:
        """Everything, joined."""
        return Bunch({key: getattr(self, key) for key in self.items})
