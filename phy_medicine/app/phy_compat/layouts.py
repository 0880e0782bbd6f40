"""Where the boxes of a canvas are: in a grid, at places of one's own, or one above the other.

A layout knows its boxes in the square of the canvas, NDC. In a grid each box is a panel of its own with its edges;
otherwise all boxes lie on one sheet that is panned and zoomed as a whole, and a curve may reach beyond its box.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.bounds import NDC, subplot_bounds
from phy_medicine.app.phy_compat.geometry import get_closest_box, get_non_overlapping_boxes
from phy_medicine.app.phy_compat.transform import TransformChain
from phy_medicine.base.types import AnyArray, FloatArray, IntArray

STEP = 1.1
# Part of the height of two boxes that is left free above each one of a stack.
_FREE = 0.1


class BaseLayout:
    """What layouts have in common; box : a number, or a row and a column in a grid."""

    n_dims = 1
    margin = 0.0
    active_box: Any = 0
    cells = False
    """Whether each box is a panel with edges of its own."""

    def __init__(self, box_var: str | None = None) -> None:
        self.canvas: Any = None
        self.box_var = box_var or "a_box_index"
        self.gpu_transforms = TransformChain(origin=self)

    def attach(self, canvas: Any) -> None:
        """Arrange a canvas."""
        self.canvas = canvas
        canvas.layout = self

    @property
    def n_boxes(self) -> int:
        """Number of boxes."""
        return 1

    def bounds(self) -> FloatArray:
        """Return the bounds of all boxes in NDC of the canvas, (n, 4)."""
        return np.array([NDC])

    def numbers(self, box_index: Any) -> IntArray:
        """Return the number of each box, -1 where there is none; box_index : one box, or (n, n_dims) of them."""
        found = np.atleast_1d(np.asarray(box_index, dtype=np.int64)).reshape(-1)
        return np.where((found >= 0) & (found < self.n_boxes), found, -1)

    def name_of(self, number: int) -> Any:
        """Return the box of a number."""
        return number

    def get_closest_box(self, ndc: Any) -> Any:
        """Return the box at a place of the canvas, or nearest to it."""
        boxes = self.bounds()
        centres, halves = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
        outside = np.maximum(np.abs(centres - np.asarray(ndc, dtype=np.float64).reshape(-1)[:2]) - halves, 0)
        return self.name_of(int((outside**2).sum(axis=1).argmin()))

    @contextmanager
    def swap_active_box(self, box: Any) -> Iterator[BaseLayout]:
        """Have another active box for a while."""
        before, self.active_box = self.active_box, box
        try:
            yield self
        finally:
            self.active_box = before

    def map(self, arr: Any, box: Any = None, inverse: bool | None = None) -> AnyArray:
        """Return places of the canvas of places in a box, both in NDC."""
        x0, y0, x1, y1 = self.bounds()[int(self.numbers(self.active_box if box is None else box)[0])]
        points = np.atleast_2d(np.asarray(arr, dtype=np.float64))
        middle, half = np.array([(x0 + x1) / 2, (y0 + y1) / 2]), np.array([(x1 - x0) / 2, (y1 - y0) / 2])
        moved: AnyArray = (points - middle) / half if inverse else points * half + middle
        return moved

    def imap(self, arr: Any, box: Any = None) -> AnyArray:
        """Return places in a box of places of the canvas."""
        return self.map(arr, box, inverse=True)

    def box_map(self, mouse_pos: Any) -> tuple[Any, tuple[float, float]]:
        """Return the box at a pixel, which becomes the active one, and the place in it in NDC."""
        box, place = self.canvas.place_of(mouse_pos)
        self.active_box = box
        return box, place

    def update_visual(self, visual: Any) -> None:
        """Follow new data of a visual; nothing here depends on them."""

    def update(self) -> None:
        """Draw the canvas anew."""
        if self.canvas is not None:
            self.canvas.update()


class Grid(BaseLayout):
    """Rows and columns; a box is a row from the top and a column."""

    margin = 0.075
    n_dims = 2
    active_box = (0, 0)
    cells = True

    def __init__(
        self, shape: Any = (1, 1), shape_var: str = "", box_var: str | None = None, has_clip: bool = True
    ) -> None:
        super().__init__(box_var)
        self._shape = tuple(shape or (1, 1))
        self._scaling: Any = (1.0, 1.0)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns."""
        return int(self._shape[0]), int(self._shape[1])

    @shape.setter
    def shape(self, value: Any) -> None:
        self._shape = tuple(value)
        self.update()

    @property
    def scaling(self) -> Any:
        """By how much what is in the boxes is larger, in x and y."""
        return self._scaling

    @scaling.setter
    def scaling(self, value: Any) -> None:
        self._scaling = value
        self.update()

    @property
    def box_size(self) -> tuple[float, float]:
        """Half the width and half the height of a box in NDC, as in the layout of free places."""
        n_rows, n_columns = self.shape
        return 1.0 / n_columns, 1.0 / n_rows

    @property
    def n_boxes(self) -> int:
        """Rows times columns."""
        return self.shape[0] * self.shape[1]

    def bounds(self) -> FloatArray:
        """Return the bounds of all boxes, row by row."""
        n_rows, n_columns = self.shape
        rows = [subplot_bounds(self.shape, (i, j)) for i in range(n_rows) for j in range(n_columns)]
        return np.array(rows).reshape(-1, 4)

    def numbers(self, box_index: Any) -> IntArray:
        """Return the number of each box, -1 where there is none."""
        found = np.atleast_2d(np.asarray(box_index, dtype=np.int64))
        if found.shape[1] == 1:
            return super().numbers(found)
        rows, columns = found[:, 0], found[:, 1]
        there = (rows >= 0) & (rows < self.shape[0]) & (columns >= 0) & (columns < self.shape[1])
        return np.where(there, rows * self.shape[1] + columns, -1)

    def name_of(self, number: int) -> tuple[int, int]:
        """Return row and column of a number."""
        row, column = divmod(number, self.shape[1])
        return row, column

    def add_boxes(self, canvas: Any, shape: Any = None) -> None:
        """Show the boxes, which is always so."""


class Boxed(BaseLayout):
    """Boxes around places of one's own, as large as they can be without overlapping."""

    margin = 0.1
    _scaling_param_increment = STEP

    def __init__(self, box_pos: Any = None, box_var: str | None = None, keep_aspect_ratio: bool = False) -> None:
        super().__init__(box_var)
        self.keep_aspect_ratio = keep_aspect_ratio
        self._box_scaling: Any = (1.0, 1.0)
        self._layout_scaling: Any = (1.0, 1.0)
        self.update_boxes(np.zeros((1, 2)) if box_pos is None else box_pos)

    def update_boxes(self, box_pos: Any) -> None:
        """Put the boxes elsewhere; (n, 2) in any unit."""
        self.box_pos, self.box_size = get_non_overlapping_boxes(box_pos)

    def add_boxes(self, canvas: Any) -> None:
        """Show the outlines of the boxes."""
        from phy_medicine.app.phy_compat.visuals import LineVisual

        ends = np.array([(-1, -1, 1, -1), (1, -1, 1, 1), (1, 1, -1, 1), (-1, 1, -1, -1)], dtype=np.float64)
        outlines = LineVisual()
        canvas.add_visual(outlines, clearable=False, pos=np.tile(ends, (self.n_boxes, 1)), color=(0.5, 0.5, 0.5, 1.0))
        outlines.set_box_index(np.repeat(np.arange(self.n_boxes), 8))
        canvas.update()

    @property
    def n_boxes(self) -> int:
        """Number of boxes."""
        return len(self.box_pos)

    @property
    def box_bounds(self) -> FloatArray:
        """(n, 4) bounds of the boxes without their scaling."""
        half = np.array(self.box_size)
        return np.hstack([self.box_pos - half, self.box_pos + half])

    def bounds(self) -> FloatArray:
        """Return the bounds of all boxes as they are scaled."""
        half = np.array(self.box_size) * np.array(self._box_scaling)
        centres = self.box_pos * np.array(self._layout_scaling)
        return np.hstack([centres - half, centres + half])

    def get_closest_box(self, ndc: Any) -> int:
        """Return the box at a place of the canvas, or nearest to it."""
        bounds = self.bounds()
        half = (bounds[0, 2:] - bounds[0, :2]) / 2
        place = np.asarray(ndc, dtype=np.float64).reshape(-1)[:2]
        return get_closest_box(place, bounds[:, :2] + half, (float(half[0]), float(half[1])))

    # Sizes

    @property
    def box_scaling(self) -> Any:
        """By how much boxes are wider and higher."""
        return self._box_scaling

    @property
    def layout_scaling(self) -> Any:
        """By how much boxes are further apart in x and y."""
        return self._layout_scaling

    def _scale(self, name: str, x: float = 1.0, y: float = 1.0) -> None:
        before = getattr(self, name)
        setattr(self, name, (before[0] * x, before[1] * y))
        self.update()

    def expand_box_width(self) -> None:
        """Make boxes wider."""
        self._scale("_box_scaling", x=STEP)

    def shrink_box_width(self) -> None:
        """Make boxes narrower."""
        self._scale("_box_scaling", x=1 / STEP)

    def expand_box_height(self) -> None:
        """Make boxes higher."""
        self._scale("_box_scaling", y=STEP)

    def shrink_box_height(self) -> None:
        """Make boxes lower."""
        self._scale("_box_scaling", y=1 / STEP)

    def expand_layout_width(self) -> None:
        """Move boxes apart along x."""
        self._scale("_layout_scaling", x=STEP)

    def shrink_layout_width(self) -> None:
        """Move boxes together along x."""
        self._scale("_layout_scaling", x=1 / STEP)

    def expand_layout_height(self) -> None:
        """Move boxes apart along y."""
        self._scale("_layout_scaling", y=STEP)

    def shrink_layout_height(self) -> None:
        """Move boxes together along y."""
        self._scale("_layout_scaling", y=1 / STEP)


class Stacked(Boxed):
    """Boxes one above the other, the first at the bottom, or with the origin "top" at the top."""

    margin = 0.0

    def __init__(self, n_boxes: int | None = 1, box_var: str | None = None, origin: str | None = None) -> None:
        self._origin = origin or "bottom"
        if self._origin not in ("top", "bottom"):
            raise ValueError(f"The origin is top or bottom, not {origin!r}.")
        super().__init__(self.get_box_pos(n_boxes or 1), box_var)

    def update_boxes(self, box_pos: Any) -> None:
        """Take over centres, (n, 2), which are equally far apart."""
        n = len(box_pos)
        height = max((2.0 - _FREE) / n / 2, 1e-6)
        self.box_pos, self.box_size = np.asarray(box_pos, dtype=np.float64), (1.0, height)

    def get_box_pos(self, n_boxes: int) -> FloatArray:
        """Return the centres of the boxes, (n, 2)."""
        lows = -1 + np.arange(n_boxes) * 2.0 / n_boxes
        middles = lows + (2.0 - _FREE) / n_boxes / 2
        centres = np.stack([np.zeros(n_boxes), middles], axis=1)
        return centres[::-1] if self._origin == "top" else centres

    @property
    def n_boxes(self) -> int:
        """Number of boxes."""
        return len(self.box_pos)

    @n_boxes.setter
    def n_boxes(self, n_boxes: int) -> None:
        if n_boxes >= 1:
            self.update_boxes(self.get_box_pos(int(n_boxes)))
            self.update()

    @property
    def origin(self) -> str:
        """Where the first box is, "top" or "bottom"."""
        return self._origin

    @origin.setter
    def origin(self, value: str) -> None:
        self._origin = value
        self.update_boxes(self.get_box_pos(self.n_boxes))
        self.update()
