"""Curves and straight lines, with phy's names and arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.app.phy_compat.batches import array_of, colors_of, masked
from phy_medicine.app.phy_compat.bounds import NDC, data_bounds_of
from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.visual_base import BaseVisual, item_boxes, unit
from phy_medicine.base.types import FloatArray

if TYPE_CHECKING:
    from phy_medicine.app.phy_compat.drawing import Drawing


def curves_of(x: Any, y: Any) -> tuple[list[FloatArray], list[FloatArray]]:
    """Return x and y of each curve: of one array, of a list of them, or of the rows of a table.

    Raises
    ------
    ValueError : they do not fit each other
    """
    if y is None:
        raise ValueError("y is needed.")
    ys = _rows(y)
    xs: list[FloatArray] = [np.linspace(-1.0, 1.0, len(row)) for row in ys] if x is None else _rows(x)
    if len(xs) == 1 and len(ys) > 1:
        xs = xs * len(ys)
    if [len(row) for row in xs] != [len(row) for row in ys]:
        raise ValueError("x and y must have the same lengths.")
    return xs, ys


def _rows(values: Any) -> list[FloatArray]:
    if isinstance(values, np.ndarray):
        return list(np.atleast_2d(values.astype(np.float64)))
    if len(values) and np.ndim(values[0]) == 0:
        return [np.asarray(values, dtype=np.float64)]
    return [np.asarray(row, dtype=np.float64) for row in values]


def bounds_of_curves(data_bounds: Any, x: list[FloatArray], y: list[FloatArray]) -> FloatArray | None:
    """Return bounds for each curve; "auto" makes each one fill its box; None stays, for NDC."""
    if data_bounds is None:
        return None
    if isinstance(data_bounds, str):
        ends = [(_low(a), _low(b), _high(a), _high(b)) for a, b in zip(x, y, strict=True)]
        data_bounds = np.array(ends).reshape(-1, 4)
        if not len(data_bounds):
            return None
    return data_bounds_of(data_bounds, length=len(y))


def _low(values: FloatArray) -> float:
    return float(np.nanmin(values)) if values.size and not np.isnan(values).all() else 0.0


def _high(values: FloatArray) -> float:
    return float(np.nanmax(values)) if values.size and not np.isnan(values).all() else 0.0


class PlotVisual(BaseVisual):
    """Curves, each with a colour; NaN breaks a curve."""

    line_width = 1.0
    closed = False
    _noconcat = ("x", "y")

    def __init__(self) -> None:
        super().__init__()
        self.set_primitive_type("line_strip")
        self.set_data_range(NDC)

    def vertex_count(self, y: Any = None, **kwargs: Any) -> int:
        """Return the number of points."""
        return int(y.size) if isinstance(y, np.ndarray) else sum(len(row) for row in y)

    def validate(
        self,
        x: Any = None,
        y: Any = None,
        color: Any = None,
        depth: Any = None,
        masks: Any = None,
        data_bounds: Any = None,
        **kwargs: Any,
    ) -> Bunch:
        """Fill in defaults: x from -1 to 1, and a mask of 1, which leaves the colour as it is."""
        xs, ys = curves_of(x, y)
        n = len(ys)
        lengths = np.array([len(row) for row in ys], dtype=np.int64)
        return Bunch(
            x=xs,
            y=ys,
            color=self._colors(color, n),
            depth=array_of(depth, (n, 1), 0.0),
            masks=array_of(masks, (n, 1), 1.0),
            data_bounds=bounds_of_curves(data_bounds, xs, ys),
            _n_items=n,
            _n_vertices=int(lengths.sum()),
            _first=np.cumsum(lengths) - lengths,
        )

    def _colors(self, color: Any, n: int) -> FloatArray:
        return colors_of(color, n, self.default_color)

    def add_items(self, drawing: Drawing) -> None:
        """Add the curves, those in front last."""
        for part, data in self.drawn_parts():
            lengths = np.array([len(row) for row in data.y], dtype=np.int64)
            if not lengths.sum():
                continue
            bounds = data.data_bounds
            pos = np.stack([np.concatenate(data.x), np.concatenate(data.y)], axis=1)
            place = unit(pos, None if bounds is None else np.repeat(bounds, lengths, axis=0))
            shades = masked(data.color, data.masks)
            rank = -data.depth[:, 0] + np.floor(data.masks[:, 0] * 0.99999)
            order = np.argsort(rank, kind="stable") if (rank != rank[0]).any() else None
            drawing.curves(
                place, lengths, item_boxes(part.box, data), shades, order=order, width=self.line_width,
                closed=self.closed,
            )  # fmt: skip


class UniformPlotVisual(PlotVisual):
    """Curves of one colour."""

    def __init__(self, color: Any = None, depth: float | None = None) -> None:
        super().__init__()
        self.color = self.default_color if color is None else color
        self.depth = depth

    def validate(  # type: ignore[override]
        self, x: Any = None, y: Any = None, masks: Any = None, data_bounds: Any = None, **kwargs: Any
    ) -> Bunch:
        """Fill in defaults."""
        return super().validate(x=x, y=y, masks=masks, data_bounds=data_bounds)

    def _colors(self, color: Any, n: int) -> FloatArray:
        return colors_of(self.color, n, self.default_color)


class PlotAggVisual(PlotVisual):
    """Curves of some width, in px, perhaps closed; all of one length."""

    default_line_width = 3.0

    def __init__(self, line_width: float | None = None, closed: bool = False) -> None:
        super().__init__()
        self.line_width = line_width or self.default_line_width
        self.closed = closed


class LineVisual(BaseVisual):
    """Straight lines; pos : (n, 4) x0, y0, x1, y1."""

    default_color = (0.3, 0.3, 0.3, 1.0)
    _init_keywords = ("color",)

    def __init__(self) -> None:
        super().__init__()
        self.set_primitive_type("lines")
        self.set_data_range(NDC)

    def vertex_count(self, pos: Any = None, **kwargs: Any) -> int:
        """Return two for each line."""
        return 2 * len(np.atleast_2d(pos))

    def validate(self, pos: Any = None, color: Any = None, data_bounds: Any = None, **kwargs: Any) -> Bunch:
        """Fill in defaults; places are in NDC."""
        if pos is None:
            raise ValueError("pos is needed.")
        ends = np.asarray(pos, dtype=np.float64).reshape(-1, 4)
        n = len(ends)
        return Bunch(
            pos=ends,
            color=colors_of(color, n, self.default_color),
            data_bounds=data_bounds_of(NDC if data_bounds is None else data_bounds, length=n),
            _n_items=n,
            _n_vertices=2 * n,
        )

    def add_items(self, drawing: Drawing) -> None:
        """Add the lines."""
        for part, data in self.drawn_parts():
            n = int(data._n_items)
            place = unit(data.pos.reshape(-1, 2), np.repeat(data.data_bounds, 2, axis=0))
            drawing.curves(place, np.full(n, 2), item_boxes(part.box, data), data.color)


class LineAggGeomVisual(BaseVisual):
    """One line of some width, in px, through points, closed."""

    default_color = (0.75, 0.75, 0.75, 1.0)

    def __init__(self) -> None:
        super().__init__()
        self.set_primitive_type("lines_adjacency")
        self.set_data_range(NDC)

    def vertex_count(self, pos: Any = None, **kwargs: Any) -> int:
        """Return the number of points."""
        return len(pos)

    def validate(
        self, pos: Any = None, color: Any = None, line_width: float = 10.0, data_bounds: Any = None, **kwargs: Any
    ) -> Bunch:
        """Fill in defaults; places are in NDC."""
        points = np.asarray(pos, dtype=np.float64).reshape(-1, 2)
        return Bunch(
            pos=points,
            color=colors_of(color, 1, self.default_color),
            line_width=float(line_width),
            data_bounds=data_bounds_of(NDC if data_bounds is None else data_bounds, length=1),
            _n_items=1,
            _n_vertices=len(points),
        )

    def add_items(self, drawing: Drawing) -> None:
        """Add the line."""
        for part, data in self.drawn_parts():
            n = np.array([len(data.pos)])
            width = data.line_width
            drawing.curves(
                unit(data.pos, data.data_bounds), n, item_boxes(part.box, data), data.color, width=width, closed=True
            )


class PolygonVisual(BaseVisual):
    """The outline of a polygon."""

    default_color = (1.0, 1.0, 1.0, 1.0)

    def __init__(self) -> None:
        super().__init__()
        self.set_primitive_type("line_loop")
        self.set_data_range(NDC)

    def vertex_count(self, pos: Any = None, **kwargs: Any) -> int:
        """Return the number of corners."""
        return len(pos)

    def validate(self, pos: Any = None, data_bounds: Any = None, **kwargs: Any) -> Bunch:
        """Fill in defaults; places are in NDC."""
        points = np.asarray(pos, dtype=np.float64).reshape(-1, 2)
        return Bunch(
            pos=points,
            color=colors_of(None, 1, self.default_color),
            data_bounds=data_bounds_of(NDC if data_bounds is None else data_bounds, length=1),
            _n_items=1,
            _n_vertices=len(points),
        )

    def add_items(self, drawing: Drawing) -> None:
        """Add the outline."""
        for part, data in self.drawn_parts():
            place, n = unit(data.pos, data.data_bounds), np.array([len(data.pos)])
            if len(place):
                drawing.curves(place, n, item_boxes(part.box, data), data.color, closed=True)
