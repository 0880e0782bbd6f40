"""Points, histograms, lines, text, images, polygons and patches, with phy's names and arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.app.phy_compat.batches import array_of, colors_of, masked
from phy_medicine.app.phy_compat.bounds import NDC, data_bounds_of
from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.curve_visuals import LineAggGeomVisual as LineAggGeomVisual
from phy_medicine.app.phy_compat.curve_visuals import LineVisual as LineVisual
from phy_medicine.app.phy_compat.curve_visuals import PlotAggVisual as PlotAggVisual
from phy_medicine.app.phy_compat.curve_visuals import PlotVisual as PlotVisual
from phy_medicine.app.phy_compat.curve_visuals import PolygonVisual as PolygonVisual
from phy_medicine.app.phy_compat.curve_visuals import UniformPlotVisual as UniformPlotVisual
from phy_medicine.app.phy_compat.markers import MARKERS
from phy_medicine.app.phy_compat.visual_base import DEFAULT_COLOR as DEFAULT_COLOR
from phy_medicine.app.phy_compat.visual_base import BaseVisual, bounds_or_none, item_boxes, unit
from phy_medicine.base.types import AnyArray, FloatArray

if TYPE_CHECKING:
    from phy_medicine.app.phy_compat.drawing import Drawing


def positions(x: Any, y: Any, pos: Any) -> FloatArray:
    """Return (n, 2) places of either x and y or pairs.

    Raises
    ------
    ValueError : they do not fit each other
    """
    if pos is None:
        if x is None or y is None:
            raise ValueError("Either pos, or x and y are needed.")
        xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        if xs.shape != ys.shape or xs.ndim != 1:
            raise ValueError(f"x and y have the shapes {xs.shape} and {ys.shape}.")
        pos = np.stack([xs, ys], axis=1)
    points = np.atleast_2d(np.asarray(pos, dtype=np.float64))
    if points.shape[1] != 2:
        points = points.reshape(-1, 2) if points.size == 0 else points
    if points.shape[1] != 2:
        raise ValueError(f"pos has the shape {points.shape}; (n, 2) is needed.")
    return points


class _Places(BaseVisual):
    """A vertex at each of some places."""

    def vertex_count(self, x: Any = None, y: Any = None, pos: Any = None, **kwargs: Any) -> int:
        """Return the number of places."""
        return len(np.asarray(y)) if y is not None else len(pos)

    def _placed(self, points: FloatArray, color: Any, depth: Any, data_bounds: Any) -> Bunch:
        """Fill in defaults; points : (n, 2)."""
        n = len(points)
        return Bunch(
            pos=points,
            color=colors_of(color, n, self.default_color),
            depth=array_of(depth, (n, 1), 0.0),
            data_bounds=bounds_or_none(data_bounds, points),
            _n_items=n,
            _n_vertices=n,
        )


class _Markers(_Places):
    """Markers of one form; marker : one of 19 names."""

    default_marker = "disc"
    default_marker_size = 10.0

    def __init__(self, marker: str | None = None) -> None:
        super().__init__()
        self.marker = marker or self.default_marker
        if self.marker not in MARKERS:
            raise ValueError(f"There is no marker {self.marker!r}; there are {', '.join(MARKERS)}.")
        self.set_primitive_type("points")
        self.set_data_range(NDC)


class ScatterVisual(_Markers):
    """Markers of one form, each with its own place, colour and size."""

    def __init__(self, marker: str | None = None, marker_scaling: str | None = None) -> None:
        super().__init__(marker)
        self.marker_scaling = marker_scaling

    def validate(
        self,
        x: Any = None,
        y: Any = None,
        pos: Any = None,
        color: Any = None,
        size: Any = None,
        depth: Any = None,
        data_bounds: Any = None,
        **kwargs: Any,
    ) -> Bunch:
        """Fill in defaults: size in px, and what is of less depth in front."""
        data = self._placed(positions(x, y, pos), color, depth, data_bounds)
        data["size"] = array_of(size, (data._n_items, 1), self.default_marker_size)
        return data

    def add_items(self, drawing: Drawing) -> None:
        """Add discs; other markers are ink."""
        for part, data in self.drawn_parts():
            order = _back_to_front(data.depth)
            place = unit(data.pos, data.data_bounds)
            boxes = item_boxes(part.box, data)
            drawing.points(self, place, boxes, data.color, data["size"][:, 0], order)


class UniformScatterVisual(_Markers):
    """Markers of one form, colour and size."""

    def __init__(self, marker: str | None = None, color: Any = None, size: float | None = None) -> None:
        super().__init__(marker)
        self.color = self.default_color if color is None else color
        self.marker_size = size or self.default_marker_size

    def validate(
        self, x: Any = None, y: Any = None, pos: Any = None, masks: Any = None, data_bounds: Any = None, **kwargs: Any
    ) -> Bunch:
        """Fill in defaults; a mask below 1 takes the colour out of a point."""
        points = positions(x, y, pos)
        n = len(points)
        return Bunch(
            pos=points,
            masks=array_of(masks, (n, 1), 1.0),
            data_bounds=bounds_or_none(data_bounds, points),
            _n_items=n,
            _n_vertices=n,
        )

    def add_items(self, drawing: Drawing) -> None:
        """Add discs; other markers are ink."""
        for part, data in self.drawn_parts():
            n = int(data._n_items)
            color = data.get("color")
            shades = masked(colors_of(self.color, n, self.default_color) if color is None else color, data.masks)
            size = array_of(data.get("size", self.marker_size), (n, 1))[:, 0]
            order = _back_to_front(-data.masks)
            drawing.points(self, unit(data.pos, data.data_bounds), item_boxes(part.box, data), shades, size, order)


def _back_to_front(depth: AnyArray) -> AnyArray | None:
    """Return the order of drawing, None where it is that of the items."""
    flat = np.asarray(depth).reshape(-1)
    return None if not flat.size or (flat == flat[0]).all() else np.argsort(-flat, kind="stable")


class HistogramVisual(BaseVisual):
    """Filled histograms over the width of a box; ylim : value at its upper edge, the largest by default."""

    def __init__(self) -> None:
        super().__init__()
        self.set_primitive_type("triangles")
        self.set_data_range([0, 0, 1, 1])

    def vertex_count(self, hist: Any = None, **kwargs: Any) -> int:
        """Return six for each bar."""
        return 6 * int(np.atleast_2d(hist).size)

    def validate(self, hist: Any = None, color: Any = None, ylim: Any = None, **kwargs: Any) -> Bunch:
        """Fill in defaults; hist : (n_bins,) or (n, n_bins)."""
        if hist is None:
            raise ValueError("hist is needed.")
        rows = np.atleast_2d(np.asarray(hist, dtype=np.float64))
        n = len(rows)
        largest = rows.max() if rows.size else 1.0
        return Bunch(
            hist=rows,
            ylim=array_of(ylim, (n, 1), largest),
            color=colors_of(color, n, self.default_color),
            _n_items=n,
            _n_vertices=self.vertex_count(rows),
        )

    def add_items(self, drawing: Drawing) -> None:
        """Add bars."""
        for part, data in self.drawn_parts():
            heights = data.hist / np.where(data.ylim == 0, 1.0, data.ylim)
            drawing.bars(heights, item_boxes(part.box, data), data.color)


class TextVisual(BaseVisual):
    """Lines of text at places.

    anchor : which part of a line is at its place: (0, 0) the middle, (1, 1) the lower left, (-1, -1) the upper right
    corner; beyond that it moves on by half its width and height
    """

    default_color = (1.0, 1.0, 1.0, 1.0)
    default_font_size = 6.0
    _noconcat = ("text",)
    _init_keywords = ("color",)

    def __init__(self, color: Any = None, font_size: float | None = None) -> None:
        super().__init__()
        self.color = TextVisual.default_color if color is None else color
        self.font_size = font_size or self.default_font_size
        self.set_primitive_type("triangles")
        self.set_data_range(NDC)

    def vertex_count(self, **kwargs: Any) -> int:
        """Return six for each letter."""
        return 6 * sum(len(line) for line in kwargs.get("text", ()))

    def validate(
        self,
        pos: Any = None,
        text: Any = None,
        color: Any = None,
        anchor: Any = None,
        data_bounds: Any = None,
        **kwargs: Any,
    ) -> Bunch:
        """Fill in defaults: the colour is that of the visual, places are in NDC."""
        lines = [text] if isinstance(text, str) else [str(line) for line in (() if text is None else text)]
        n = len(lines)
        points = np.zeros((n, 2)) if pos is None else positions(None, None, pos)
        if len(points) != n:
            raise ValueError(f"There are {n} lines of text for {len(points)} places.")
        lengths = np.array([6 * len(line) for line in lines], dtype=np.int64)
        return Bunch(
            pos=points,
            text=lines,
            color=colors_of(self.color if color is None else color, n, self.default_color),
            anchor=array_of(anchor, (n, 2), (0.0, 0.0)),
            data_bounds=data_bounds_of(NDC if data_bounds is None else data_bounds, points, n),
            _n_items=n,
            _n_vertices=int(lengths.sum()),
            _first=np.cumsum(lengths) - lengths,
        )

    def add_ink(self, drawing: Drawing) -> None:
        """Write the lines."""
        for part, data in self.drawn_parts():
            if data._n_items:
                boxes = item_boxes(part.box, data)
                drawing.text(
                    unit(data.pos, data.data_bounds), boxes, data.text, data.anchor, data.color, self.font_size
                )


class ImageVisual(BaseVisual):
    """An image over a whole box; image : (h, w, 4) RGBA 0..1, its first row at the top."""

    def __init__(self) -> None:
        super().__init__()
        self.set_primitive_type("triangles")

    def vertex_count(self, image: Any = None, **kwargs: Any) -> int:
        """Return 6."""
        return 6

    def validate(self, image: Any = None, **kwargs: Any) -> Bunch:
        """Take an image."""
        pixels = np.asarray(image, dtype=np.float32)
        if pixels.ndim != 3 or pixels.shape[2] != 4:
            raise ValueError(f"image has the shape {pixels.shape}; (height, width, 4) is needed.")
        return Bunch(image=pixels, _n_items=1, _n_vertices=6)

    def add_ink(self, drawing: Drawing) -> None:
        """Lay the image under everything."""
        for part, data in self.drawn_parts():
            drawing.image(data.image, item_boxes(part.box, data))


class PatchVisual(_Places):
    """Filled triangles; primitive_type : "triangle_fan", "triangle_strip" or "triangles"."""

    def __init__(self, primitive_type: str = "triangle_fan") -> None:
        super().__init__()
        self.set_primitive_type(primitive_type)
        self.set_data_range(NDC)

    def validate(
        self,
        x: Any = None,
        y: Any = None,
        pos: Any = None,
        color: Any = None,
        depth: Any = None,
        data_bounds: Any = None,
        **kwargs: Any,
    ) -> Bunch:
        """Fill in defaults."""
        return self._placed(positions(x, y, pos), color, depth, data_bounds)

    def add_ink(self, drawing: Drawing) -> None:
        """Fill the triangles, under the picture."""
        for part, data in self.drawn_parts():
            corners = triangles_of(int(data._n_items), self.gl_primitive_type)
            if len(corners):
                boxes = item_boxes(part.box, data)
                drawing.patches(unit(data.pos, data.data_bounds), boxes, data.color, corners)


def triangles_of(n: int, primitive_type: str) -> AnyArray:
    """Return the corners of each triangle that n vertices make, (k, 3)."""
    if primitive_type == "triangles":
        return np.arange(n - n % 3).reshape(-1, 3)
    steps = np.arange(max(n - 2, 0))
    first = np.zeros_like(steps) if primitive_type == "triangle_fan" else steps
    return np.stack([first, steps + 1, steps + 2], axis=1)
