"""What all visuals of phy have in common: data that stay, in batches, for a box each, shown or hidden.

A visual knows no OpenGL. `canvas.update()` asks each one for picture items (`add_items`), and whenever the picture is
laid out for what must keep its size on the screen: text, markers and patches (`add_ink`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.app.phy_compat import events
from phy_medicine.app.phy_compat.batches import array_of, colors_of
from phy_medicine.app.phy_compat.bounds import NDC, data_bounds_of
from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.shader_hooks import GLSLInserter, Program, skipped
from phy_medicine.app.phy_compat.transform import Range, TransformChain
from phy_medicine.base.types import AnyArray, FloatArray, IntArray

if TYPE_CHECKING:
    from phy_medicine.app.phy_compat.drawing import Drawing

DEFAULT_COLOR = (0.03, 0.57, 0.98, 0.75)


@dataclass(slots=True)
class Part:
    """Data of a visual that were given together; box : of all its items, one for each, or None for the current one."""

    data: Bunch
    box: Any = None


class BaseVisual:
    """A set of drawn things of one kind; see the module text."""

    default_color: Any = DEFAULT_COLOR
    _noconcat: tuple[str, ...] = ()
    _init_keywords: tuple[str, ...] = ()
    _hidden = False

    def __init__(self) -> None:
        self.canvas: Any = None
        self.gl_primitive_type = ""
        self.inserter, self.program = GLSLInserter(), Program()
        self.transforms = TransformChain()
        self.data_range = Range(NDC)
        self.index_buffer = None
        self.n_vertices = 0
        self.parts: list[Part] = []
        self._batch: list[Part] = []
        # A batch that was emptied and stays so shows nothing from the next update on.
        self._emptied = False
        self._own: dict[str, Any] = {}

    # Hooks into shaders, which do nothing here

    def set_shader(self, name: str) -> None:
        """Name a shader."""
        skipped(f"set_shader({name!r})")

    def set_primitive_type(self, primitive_type: str) -> None:
        """Name what vertices make."""
        self.gl_primitive_type = primitive_type

    def set_data_range(self, data_range: Any) -> None:
        """Name the rectangle that is shown."""
        self.data_range = Range(data_range)
        self.transforms.add(self.data_range)

    def on_draw(self) -> None:
        """Draw; called by nobody, the canvas draws."""
        skipped("on_draw")

    def on_resize(self, width: int, height: int) -> None:
        """Follow the size of the window; nothing here depends on it."""

    def emit_visual_set_data(self) -> None:
        """Tell that there are new data."""
        events.emit("visual_set_data", self.canvas, self)

    # Shown or hidden

    def hide(self) -> None:
        """Show nothing from the next update on."""
        self._hidden = True

    def show(self) -> None:
        """Show it again."""
        self._hidden = False

    def toggle(self) -> None:
        """Hide or show."""
        self._hidden = not self._hidden

    def close(self) -> None:
        """Forget all data."""
        self.parts, self._batch, self.n_vertices = [], [], 0

    # Data

    def validate(self, **kwargs: Any) -> Bunch:
        """Return data with every default filled in, as arrays.

        Raises
        ------
        ValueError : shapes that do not fit each other
        """
        return Bunch(kwargs, _n_items=0, _n_vertices=0)

    def vertex_count(self, **kwargs: Any) -> int:
        """Return of how many vertices phy would make this."""
        return 0

    def set_data(self, *args: Any, **kwargs: Any) -> Bunch:
        """Show these data instead of those before, from the next update on."""
        data = self.validate(*args, **kwargs)
        self.take([Part(data)])
        return data

    def add_batch_data(self, **kwargs: Any) -> None:
        """Add data to the batch, which the canvas shows with `update_visual`; box_index : the box they are in."""
        box = kwargs.pop("box_index", None)
        self._batch.append(Part(self.validate(**kwargs), box))

    def reset_batch(self) -> None:
        """Begin a new batch."""
        self._batch, self._emptied = [], True

    def set_box_index(self, box_index: Any, data: Any = None) -> None:
        """Move everything to a box, or each item or vertex to its own."""
        boxes = np.asarray(box_index) if isinstance(box_index, np.ndarray) else box_index
        start = 0
        for part in self.parts:
            n = int(part.data._n_vertices)
            each = isinstance(boxes, np.ndarray) and len(boxes) == self.n_vertices and len(self.parts) > 1
            part.box = boxes[start : start + n] if each else boxes
            start += n

    def take(self, parts: list[Part]) -> None:
        """Show these parts."""
        self.parts, self._own, self._emptied = parts, {}, False
        self.n_vertices = sum(int(part.data._n_vertices) for part in parts)
        self.emit_visual_set_data()

    @property
    def pending(self) -> list[Part] | None:
        """The batch to be shown at the next update; None if there is no batch."""
        return list(self._batch) if self._batch or self._emptied else None

    # Looks of what is there

    def set_color(self, color: Any) -> None:
        """Colour everything anew: one colour, or one for each vertex."""
        self._own["color"] = np.asarray(color, dtype=np.float32)

    def set_marker_size(self, marker_size: Any) -> None:
        """Change the size of all markers: one size, or one for each.

        Raises
        ------
        ValueError : not above 0
        """
        sizes = np.asarray(marker_size, dtype=np.float64)
        if not (sizes > 0).all():
            raise ValueError("The size of markers must be above 0.")
        self._own["size"] = sizes

    # Drawing

    def drawn_parts(self) -> Iterator[tuple[Part, Bunch]]:
        """Give each part with its data as they look now."""
        start = 0
        for part in self.parts:
            data, n = part.data, int(part.data._n_vertices)
            if self._own and part.data._n_items:
                data = data.copy()
                self._repaint(data, start)
            start += n
            yield part, data

    def _repaint(self, data: Bunch, start: int) -> None:
        n_items, n_vertices = int(data._n_items), int(data._n_vertices)
        color = self._own.get("color")
        if color is not None:
            whole = colors_of(color, len(color) if color.ndim > 1 else 1, self.default_color)
            rows = whole[start : start + n_vertices : max(n_vertices // n_items, 1)] if len(whole) > 1 else whole
            data["color"] = np.resize(rows, (n_items, 4))
        if "size" in self._own:
            sizes = self._own["size"].ravel()
            data["size"] = array_of(sizes if sizes.size == 1 else sizes[start : start + n_items], (n_items, 1))

    def add_items(self, drawing: Drawing) -> None:
        """Add picture items."""

    def add_ink(self, drawing: Drawing) -> None:
        """Add shapes and text of a fixed size, once the picture is laid out."""


def unit(pos: AnyArray, bounds: FloatArray | None) -> FloatArray:
    """Return places in a box, 0..1 from its left and bottom; pos : (n, 2); bounds : (n, 4) or (1, 4), None for NDC."""
    points = np.asarray(pos, dtype=np.float64)
    if bounds is None:
        halves: FloatArray = (points + 1) / 2
        return halves
    low, high = bounds[:, :2], bounds[:, 2:]
    share: FloatArray = (points - low) / (high - low)
    return share


def item_boxes(box: Any, data: Bunch) -> Any:
    """Return a box for each item of one given for each vertex, as plugins of phy do; else what was given."""
    if not isinstance(box, np.ndarray) or box.ndim == 0:
        return box
    n_items, n_vertices = int(data._n_items), int(data._n_vertices)
    if len(box) == n_vertices and n_vertices != n_items and n_items:
        firsts: IntArray = np.asarray(data.get("_first", np.arange(n_items) * (n_vertices // n_items)))
        return box[firsts]
    return box


def bounds_or_none(data_bounds: Any, pos: AnyArray) -> FloatArray | None:
    """Return bounds for each point, or None where none were given: then places are in NDC."""
    return None if data_bounds is None else data_bounds_of(data_bounds, pos)
