"""Pan and zoom of a plugin's canvas under phy's names: one place that both the mouse and the plugin move."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from phy_medicine.app.phy_compat import events
from phy_medicine.app.phy_compat.bounds import pixels_to_ndc
from phy_medicine.app.phy_compat.panels import BoxPanels
from phy_medicine.app.phy_compat.transform import Scale, Translate
from phy_medicine.base.types import AnyArray, FloatArray

_LEAST, _MOST = 1e-5, 1e5


class PanZoom:
    """What of the canvas is shown: x in NDC is shown at (x + pan) * zoom.

    constrain_bounds : how far may be panned and zoomed out, x0, y0, x1, y1
    """

    keyboard_shortcuts = {  # noqa: RUF012
        "pan": ("left click and drag", "arrows"),
        "zoom": ("right click and drag", "+", "-"),
        "reset": "r",
    }

    def __init__(
        self,
        aspect: float | None = None,
        pan: Any = (0.0, 0.0),
        zoom: Any = (1.0, 1.0),
        zmin: float = _LEAST,
        zmax: float = _MOST,
        constrain_bounds: Any = None,
        **kwargs: Any,
    ) -> None:
        self.aspect, self.zmin, self.zmax = aspect, zmin, zmax
        self.enable_keyboard_pan = True
        self.canvas: Any = None
        self._panels = BoxPanels()
        if constrain_bounds is None and "xmin" in kwargs:
            constrain_bounds = tuple(kwargs[name] for name in ("xmin", "ymin", "xmax", "ymax"))
        self.set_constrain_bounds(constrain_bounds)
        if tuple(pan) != (0.0, 0.0) or np.any(np.asarray(zoom) != 1):
            self.set_pan_zoom(pan, zoom)

    def attach(self, canvas: Any) -> None:
        """Move a canvas."""
        limits, shown = self._panels.limits, self._panels.shown
        canvas.panzoom, self.canvas, self._panels = self, canvas, canvas.panels
        self._panels.limits, self._panels.by_hand = limits, self.emit_update_events
        if not np.array_equal(shown, self._panels.shown):
            self._panels.show(shown)

    def set_constrain_bounds(self, bounds: Any) -> None:
        """Set how far may be panned and zoomed out; None: anywhere."""
        self._panels.limits = None if bounds is None else [float(b) for b in bounds]

    def _limit(self, i: int) -> float | None:
        return None if self._panels.limits is None else self._panels.limits[i]

    @property
    def xmin(self) -> float | None:
        """Leftmost x that can be shown."""
        return self._limit(0)

    @property
    def ymin(self) -> float | None:
        """Lowest y that can be shown."""
        return self._limit(1)

    @property
    def xmax(self) -> float | None:
        """Rightmost x that can be shown."""
        return self._limit(2)

    @property
    def ymax(self) -> float | None:
        """Highest y that can be shown."""
        return self._limit(3)

    # What is shown

    def get_range(self) -> tuple[float, float, float, float]:
        """Return what is shown, x0, y0, x1, y1 in NDC."""
        (x0, x1), (y0, y1) = (2 * self._panels.shown - 1).tolist()
        return x0, y0, x1, y1

    def set_range(self, bounds: Any, keep_aspect: bool = False) -> None:
        """Show a rectangle in NDC; keep_aspect : as much more as makes the zoom equal in x and y."""
        x0, y0, x1, y1 = (float(b) for b in bounds)
        pan, zoom = -0.5 * np.array([x0 + x1, y0 + y1]), 2.0 / np.array([x1 - x0, y1 - y0])
        self.set_pan_zoom(pan, np.full(2, zoom.min()) if keep_aspect else zoom)
        self.emit_update_events()

    @property
    def pan(self) -> list[float]:
        """By how much the picture is moved, in NDC before the zoom."""
        x0, y0, x1, y1 = self.get_range()
        return [-(x0 + x1) / 2, -(y0 + y1) / 2]

    @pan.setter
    def pan(self, value: Any) -> None:
        before = self.pan
        self.set_pan_zoom(value, self.zoom)
        if self.pan != before:
            events.emit("pan", self, tuple(self.pan))

    @property
    def zoom(self) -> list[float]:
        """By how much the picture is magnified in x and y."""
        x0, y0, x1, y1 = self.get_range()
        return [2 / (x1 - x0), 2 / (y1 - y0)]

    @zoom.setter
    def zoom(self, value: Any) -> None:
        before = self.zoom
        self.set_pan_zoom(self.pan, (value, value) if np.ndim(value) == 0 else value)
        if self.zoom != before:
            events.emit("zoom", self, tuple(self.zoom))

    def set_pan_zoom(self, pan: Any = None, zoom: Any = None) -> None:
        """Set both at once."""
        moves = np.asarray(self.pan if pan is None else pan, dtype=np.float64)
        scales = np.clip(np.asarray(self.zoom if zoom is None else zoom, dtype=np.float64), self.zmin, self.zmax)
        low, high = -1.0 / scales - moves, 1.0 / scales - moves
        self._panels.show((np.stack([low, high], axis=1) + 1) / 2)
        self.update()

    def pan_delta(self, d: Any) -> None:
        """Move the picture by a part of the canvas, in NDC."""
        self.pan = [p + float(x) / z for p, x, z in zip(self.pan, d, self.zoom, strict=True)]

    def zoom_delta(self, d: Any, p: Any = (0.0, 0.0), c: float = 1.0) -> None:
        """Magnify by exp(1.5 * c * d) around a place of the canvas."""
        before = self.zoom
        after = [
            min(max(z * math.exp(1.5 * c * float(x)), self.zmin), self.zmax) for z, x in zip(before, d, strict=True)
        ]
        moves = [m - float(x) * (1 / b - 1 / a) for m, x, b, a in zip(self.pan, p, before, after, strict=True)]
        self.set_pan_zoom(moves, after)
        self.emit_update_events()

    def reset(self) -> None:
        """Show everything."""
        self.set_pan_zoom((0.0, 0.0), (1.0, 1.0))
        self.emit_update_events()

    def emit_update_events(self) -> None:
        """Tell of the pan and the zoom."""
        events.emit("pan", self, tuple(self.pan))
        events.emit("zoom", self, tuple(self.zoom))

    # Places

    @property
    def size(self) -> tuple[int, int]:
        """Size of the canvas, px."""
        size: tuple[int, int] = (1, 1) if self.canvas is None else self.canvas.get_size()
        return size

    def window_to_ndc(self, pos: Any) -> FloatArray:
        """Return the place of the picture at a pixel of the canvas, in NDC; (2,)."""
        if self.canvas is not None:
            place: FloatArray = self.canvas.window_to_ndc(pos)
            return place
        shown: FloatArray = pixels_to_ndc(pos, self.size) / np.array(self.zoom) - np.array(self.pan)
        return shown

    def map(self, arr: Any) -> AnyArray:
        """Return where places of the picture are shown."""
        moved: AnyArray = Scale(self.zoom).apply(Translate(self.pan).apply(np.asarray(arr, dtype=np.float64)))
        return moved

    def imap(self, arr: Any) -> AnyArray:
        """Return which places of the picture are shown there."""
        moved: AnyArray = Translate(self.pan).inverse().apply(Scale(self.zoom).inverse().apply(np.asarray(arr)))
        return moved

    def update_visual(self, visual: Any) -> None:
        """Follow new data of a visual; nothing here depends on them."""

    def update(self) -> None:
        """Draw the canvas anew."""
        if self.canvas is not None:
            self.canvas.redraw()
