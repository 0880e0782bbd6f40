"""Axes to draw on, and one colour for each group in every figure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.localize.figure_parts import clean, new_figure
from phy_medicine.data.color_tables import CATEGORICAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Color = tuple[float, float, float]
# Red, green and violet of the table first lie close to each other for many eyes; blue and orange open it instead.
_APART, _BRIGHTEST = 0.3, 0.7
_FIRST = "1f77b4ff7f0e2ca02cd627289467bd17becfe377c2bcbd228c564b7f7f7f"


def group_color(group: int) -> Color:
    """Return the colour of a group, RGB 0..1, the same in every figure."""
    red, green, blue = _colors()[int(group) % len(_colors())].tolist()
    return (red, green, blue)


def group_colors(groups: AnyArray) -> FloatArray:
    """Return the colours (n, 3) of groups (n,)."""
    found: FloatArray = _colors()[np.asarray(groups, dtype=np.int64) % len(_colors())]
    return found


@cache
def _colors() -> FloatArray:
    first, others = (
        np.frombuffer(bytes.fromhex(digits), dtype=np.uint8).reshape(-1, 3) / 255.0
        for digits in (_FIRST, "".join(CATEGORICAL))
    )
    away = np.linalg.norm(others[:, None] - first, axis=2).min(axis=1)
    brightness = others @ [0.299, 0.587, 0.114]
    return np.concatenate([first, others[(away > _APART) & (brightness < _BRIGHTEST)]])


def axes_for(ax: Axes | None, width: float = 5.0, height: float = 3.6) -> Axes:
    """Return the axes that are given, else those of a new figure without a window."""
    if ax is None:
        ax = new_figure(width, height).subplots()
    clean(ax)
    return ax


def grid_for(
    axes: AnyArray | Sequence[Axes] | None, n: int, *, columns: int = 4, size: tuple[float, float] = (2.6, 1.9),
    **shared: Any,
) -> list[Axes]:  # fmt: skip
    """Return n axes, those that are given or those of a new figure; the rest of the last row is hidden.

    Raises
    ------
    PhyMedError : fewer axes than panels
    """
    if axes is not None:
        given: list[Axes] = list(np.ravel(np.asarray(axes, dtype=object)))
        if len(given) < n:
            raise PhyMedError(f"This plot has {n} panels; it was given {len(given)} axes.")
    else:
        n_columns = max(min(columns, n), 1)
        n_rows = -(-n // n_columns)
        figure = new_figure(size[0] * n_columns, size[1] * n_rows + 0.3)
        given = list(figure.subplots(n_rows, n_columns, squeeze=False, **shared).ravel())
    hide(given[n:])
    clean(*given[:n])
    return given[:n]


def hide(axes: Iterable[Axes]) -> None:
    """Leave axes empty."""
    for ax in axes:
        ax.set_axis_off()
