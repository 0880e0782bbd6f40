"""Panels: boxes on the canvas, each with its own data range; pan and zoom, linked between panels. Pure numpy.

Pixels are physical, from the top left corner of the canvas; data y grows upwards.

    panels = Panels(16, x_links=..., y_links=...)   # panels with the same link number move together, -1 never moves
    panels.set_rects(grid(4, 4, box, gap=8))
    panels.set_home(x=(0, 60), y=(-1, 1))           # what a reset shows
    panels.zoom(i, (x, y), (2, 2)); panels.pan(i, (dx, dy)); panels.reset()
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen

Box = tuple[float, float, float, float]

# Beyond these, rounding of float32 data shows, or the data are a dot.
_SMALLEST, _LARGEST = 1e-6, 8.0
_moves = itertools.count(1)


def grid(n_rows: int, n_columns: int, box: Sequence[float], *, gap: float | tuple[float, float] = 0.0) -> IntArray:
    """Return equal boxes on whole pixels, row by row from the top left; (n_rows * n_columns, 4) int64.

    gap : between columns and between rows, or one for both
    """
    left, top, right, bottom = box
    gap_x, gap_y = gap if isinstance(gap, tuple) else (gap, gap)
    lefts, rights = _spans(left, right, n_columns, gap_x)
    tops, bottoms = _spans(top, bottom, n_rows, gap_y)
    rows, columns = np.divmod(np.arange(n_rows * n_columns), n_columns)
    return np.stack([lefts[columns], tops[rows], rights[columns], bottoms[rows]], axis=1)


def _spans(start: float, stop: float, n: int, gap: float) -> tuple[IntArray, IntArray]:
    size = max((stop - start - gap * (n - 1)) / n, 1.0)
    starts = start + np.arange(n) * (size + gap)
    lows = np.round(starts).astype(np.int64)
    return lows, np.maximum(np.round(starts + size).astype(np.int64), lows + 1)


class Panels:
    """Boxes with data ranges. `version` grows with every change of a transform.

    Parameters
    ----------
    x_links, y_links : (n,) link numbers; by default all panels share one link in each direction
    equal : one unit has the same length in x and y (maps of the probe)
    common : directions, "x", "y" or "xy", in which the home ranges join those of a twin
    """

    def __init__(
        self,
        n: int = 1,
        *,
        x_links: Sequence[int] | None = None,
        y_links: Sequence[int] | None = None,
        equal: bool = False,
        common: str = "xy",
    ) -> None:
        self.version = 0
        # Which of all panels were moved by hand last, and who wants to know.
        self.moved = 0
        self.on_move: Callable[[], object] = lambda: None
        self._common = common
        self._beside: FloatArray | None = None
        self._arrays: dict[str, tuple[int, FloatArray]] = {}
        self._equal = equal
        self.resize(n, x_links=x_links, y_links=y_links)

    def resize(self, n: int, *, x_links: Sequence[int] | None = None, y_links: Sequence[int] | None = None) -> None:
        """Change the number of panels; ranges and zoom start anew."""
        links = [np.zeros(n, np.int64) if link is None else np.asarray(link, np.int64) for link in (x_links, y_links)]
        self._links = np.stack(links, axis=1)
        self.rects = np.tile(np.array([0, 0, 1, 1], dtype=np.int64), (n, 1))
        self._home = np.tile(np.array([0.0, 1.0, 0.0, 1.0]), (n, 1))
        # Part of the home range shown, for each link number, in x and y.
        self._shown = np.tile(np.array([0.0, 1.0]), (2, max(n, int(self._links.max(initial=0)) + 1), 1))
        self._beside = None
        self.version += 1

    def __len__(self) -> int:
        return len(self.rects)

    @property
    def equal(self) -> bool:
        """Whether one unit has the same length in x and y."""
        return self._equal

    @equal.setter
    def equal(self, equal: bool) -> None:
        if equal != self._equal:
            self._equal = equal
            self.version += 1

    def set_rects(self, rects: AnyArray) -> None:
        """Place the panels; (n, 4) left, top, right, bottom in px."""
        rounded = np.round(np.asarray(rects, dtype=np.float64)).astype(np.int64).reshape(-1, 4)
        if not np.array_equal(rounded, self.rects):
            self.rects = rounded
            self.version += 1

    def set_home(
        self,
        panel: int | slice = slice(None),
        *,
        x: tuple[float, float] | None = None,
        y: tuple[float, float] | None = None,
    ) -> None:
        """Set the range that a panel shows when it is not zoomed; an empty range is widened."""
        for column, span in ((0, x), (2, y)):
            if span is not None:
                low, high = float(span[0]), float(span[1])
                if not high > low:
                    low, high = low - 0.5, low + 0.5
                self._home[panel, column : column + 2] = low, high
        self.version += 1

    @property
    def own_home(self) -> FloatArray:
        """(n, 4) home ranges as they were set, without those of a twin."""
        return frozen(self._home.copy())

    def join(self, home: FloatArray | None) -> None:
        """Widen the home ranges by those of a twin, (n, 4); None, or of other panels: show the own ones."""
        beside = home if home is not None and self._common and home.shape == self._home.shape else None
        before = self._beside
        if not (before is beside or (before is not None and beside is not None and np.array_equal(before, beside))):
            self._beside = beside
            self.version += 1

    def home(self) -> FloatArray:
        """Return (n, 4) x0, x1, y0, y1 as shown without zoom: with those of a twin, and `equal`; read-only."""
        return self._kept("home", self._compute_home)

    def ranges(self) -> FloatArray:
        """Return (n, 4) x0, x1, y0, y1 as shown now; read-only."""
        return self._kept("ranges", self._compute_ranges)

    def transforms(self) -> FloatArray:
        """Return (n, 4) float64 a, b, c, d with pixel x = a * x + c and pixel y = b * y + d; read-only."""
        return self._kept("transforms", self._compute_transforms)

    def _kept(self, name: str, compute: Callable[[], FloatArray]) -> FloatArray:
        """An array that stays until the version changes: a frame asks for it fifty times, at 60 µs each."""
        known = self._arrays.get(name)
        if known is None or known[0] != self.version:
            known = self._arrays[name] = (self.version, frozen(compute()))
        return known[1]

    def _compute_home(self) -> FloatArray:
        home = self._home.copy()
        if self._beside is not None:
            for column in [2 * "xy".index(axis) for axis in self._common]:
                home[:, column] = np.minimum(home[:, column], self._beside[:, column])
                home[:, column + 1] = np.maximum(home[:, column + 1], self._beside[:, column + 1])
        if self._equal:
            size = np.maximum(self.rects[:, 2:] - self.rects[:, :2], 1).astype(np.float64)
            spans = home[:, [1, 3]] - home[:, [0, 2]]
            spans_equal = (spans / size).max(axis=1, keepdims=True) * size
            grow = (spans_equal - spans) / 2
            home += np.stack([-grow[:, 0], grow[:, 0], -grow[:, 1], grow[:, 1]], axis=1)
        return home

    def _compute_ranges(self) -> FloatArray:
        home = self.home()
        ranges = home.copy()
        for axis in (0, 1):
            link = self._links[:, axis]
            shown = np.where(link[:, None] >= 0, self._shown[axis][link], np.array([0.0, 1.0]))
            low, span = home[:, 2 * axis], home[:, 2 * axis + 1] - home[:, 2 * axis]
            ranges[:, 2 * axis : 2 * axis + 2] = low[:, None] + shown * span[:, None]
        return ranges

    def _compute_transforms(self) -> FloatArray:
        ranges, rects = self.ranges(), self.rects.astype(np.float64)
        scale_x = (rects[:, 2] - rects[:, 0]) / (ranges[:, 1] - ranges[:, 0])
        scale_y = -(rects[:, 3] - rects[:, 1]) / (ranges[:, 3] - ranges[:, 2])
        return np.stack(
            [scale_x, scale_y, rects[:, 0] - scale_x * ranges[:, 0], rects[:, 3] - scale_y * ranges[:, 2]], axis=1
        )

    def to_pixels(self, panel: int, x: AnyArray | float, y: AnyArray | float) -> tuple[AnyArray, AnyArray]:
        """Return canvas pixels of data coordinates."""
        a, b, c, d = self.transforms()[panel]
        return np.asarray(x) * a + c, np.asarray(y) * b + d

    def to_data(self, panel: int, x: AnyArray | float, y: AnyArray | float) -> tuple[AnyArray, AnyArray]:
        """Return data coordinates of canvas pixels."""
        a, b, c, d = self.transforms()[panel]
        return (np.asarray(x) - c) / a, (np.asarray(y) - d) / b

    def at(self, x: float, y: float) -> int | None:
        """Return the panel under a pixel."""
        left, top, right, bottom = self.rects.T
        hits = np.flatnonzero((left <= x) & (x < right) & (top <= y) & (y < bottom))
        return int(hits[0]) if len(hits) else None

    @property
    def zoomed(self) -> bool:
        """Whether any panel shows something else than its home range."""
        return not bool((self._shown == np.array([0.0, 1.0])).all())

    def reset(self) -> None:
        """Show the home ranges."""
        self._shown[...] = (0.0, 1.0)
        self._tell()

    def _tell(self) -> None:
        self.version += 1
        self.moved = next(_moves)
        self.on_move()

    def pan(self, panel: int, by: tuple[float, float]) -> None:
        """Move what a panel and its links show by pixels to the right and down."""
        left, top, right, bottom = self.rects[panel]
        for axis, shift, size in ((0, -by[0], right - left), (1, by[1], bottom - top)):
            link = self._links[panel, axis]
            if link >= 0:
                shown = self._shown[axis, link]
                shown += shift / max(size, 1) * (shown[1] - shown[0])
        self._tell()

    def zoom(self, panel: int, at: tuple[float, float], factors: tuple[float, float]) -> None:
        """Magnify around a pixel; `factors` in x and y, above 1 shows less. With `equal` the first holds for both."""
        left, top, right, bottom = (float(edge) for edge in self.rects[panel])
        if self._equal:
            factors = (factors[0], factors[0])
        places = ((at[0] - left) / max(right - left, 1), (bottom - at[1]) / max(bottom - top, 1))
        for axis in (0, 1):
            link = self._links[panel, axis]
            if link >= 0:
                low, high = self._shown[axis, link]
                span = np.clip((high - low) / factors[axis], _SMALLEST, _LARGEST)
                fixed = low + places[axis] * (high - low)
                self._shown[axis, link] = fixed - places[axis] * span, fixed + (1 - places[axis]) * span
        self._tell()

    def state(self) -> list[list[list[float]]]:
        """Return the zoom, to be given to `restore`."""
        return self._shown.tolist()

    def restore(self, state: list[list[list[float]]]) -> None:
        """Set a zoom saved by `state`; one that does not fit is ignored."""
        shown = np.asarray(state, dtype=np.float64)
        fits = shown.shape == self._shown.shape and np.isfinite(shown).all() and (shown[..., 1] > shown[..., 0]).all()
        if fits and not np.array_equal(shown, self._shown):
            self._shown = shown
            self.version += 1
