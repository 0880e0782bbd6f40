"""Counts of spikes as an image behind points and curves; it moves with the panel until a sharper one is there."""

from __future__ import annotations

import numpy as np
from vispy import gloo

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.views.gpu import Gpu, make_texture
from phy_medicine.views.layout import Panels
from phy_medicine.views.raster import Picture

# One cell in so many is fuller than what has the full opacity; a few full cells would make all others pale.
_FULLEST = 0.004
_LEAST_LARGEST, _MOST_LARGEST = 8, 1 << 16
_GAMMA = 0.7

DataBox = tuple[float, float, float, float]


class HeatPicture(Picture):
    """A picture with images under its items, at most one in each panel: pixels over a box in its data units."""

    def __init__(self) -> None:
        super().__init__()
        self._heats: dict[int, tuple[AnyArray, DataBox]] = {}
        self._textures: dict[int, gloo.Texture2D] = {}
        self._generation = -1

    def set_heat(self, pixels: AnyArray | None, box: DataBox, panel: int = 0) -> None:
        """Show premultiplied pixels, (h, w, 4) uint8, first row at the top; box : x0, x1, y0, y1 in data units."""
        self._textures.pop(panel, None)
        self._heats.pop(panel, None)
        if pixels is not None:
            self._heats[panel] = pixels, box

    def heats(self) -> tuple[tuple[int, AnyArray, DataBox], ...]:
        """Return panel, image and its box of each."""
        return tuple((panel, *heat) for panel, heat in self._heats.items())

    def draw(self, gpu: Gpu, panels: Panels, ratio: float = 1.0) -> None:
        """Draw the images, then all items."""
        if self._generation != gpu.generation:
            self._textures, self._generation = {}, gpu.generation
        for panel, pixels, box in self.heats():
            if panel not in self._textures:
                self._textures[panel] = make_texture(pixels)
            _draw_heat(gpu, panels, panel, self._textures[panel], box)
        super().draw(gpu, panels, ratio)


def _draw_heat(gpu: Gpu, panels: Panels, panel: int, texture: gloo.Texture2D, box: DataBox) -> None:
    x0, x1, y0, y1 = box
    (left, right), (top, bottom) = panels.to_pixels(panel, np.array([x0, x1]), np.array([y1, y0]))
    clip = panels.rects[panel].astype(np.float64)
    a, c = np.clip((left, right), clip[0], clip[2])
    b, d = np.clip((top, bottom), clip[1], clip[3])
    if not (c > a and d > b):
        return
    u, v = (a - left) / (right - left), (b - top) / (bottom - top)
    p, q = (c - left) / (right - left), (d - top) / (bottom - top)
    corners = [(a, b, u, v), (c, b, p, v), (c, d, p, q), (a, b, u, v), (c, d, p, q), (a, d, u, q)]
    vertices = gloo.VertexBuffer(np.array(corners, dtype=np.float32))
    gpu.triangles(vertices, gloo.VertexBuffer(np.ones((6, 4), dtype=np.float32)), texture)


def opacities(counts: IntArray, faintest: float) -> FloatArray:
    """Return the opacity 0..1 of each count from 0 on, the last for all above; (k,) float64.

    A lone spike on an empty ground has `faintest` at least; where most cells are full it steps back, so that bands
    show against what lies between them.
    """
    full = counts[counts > 0]
    largest = int(np.quantile(full, 1 - _FULLEST)) if full.size else 1
    largest = int(np.clip(largest, _LEAST_LARGEST, _MOST_LARGEST))
    low = faintest * (1 - 0.9 * full.size / max(counts.size, 1))
    table: FloatArray = low + (1 - low) * (np.arange(largest + 1) / largest) ** _GAMMA
    table[0] = 0
    return table


def tinted(counts: IntArray, color: AnyArray | tuple[float, ...], faintest: float) -> AnyArray:
    """Return counts, (h, w) with the lowest row first, in one colour; (h, w, 4) uint8 premultiplied, top row first."""
    alpha = opacities(counts, faintest) * color[3]
    table = np.empty((len(alpha), 4))
    table[:, :3], table[:, 3] = np.asarray(color)[:3] * alpha[:, None], alpha
    lut = np.round(table * 255).astype(np.uint8).view(np.uint32)[:, 0]
    return as_pixels(lut[np.minimum(counts, len(lut) - 1)])


def as_pixels(words: AnyArray) -> AnyArray:
    """Return (h, w) uint32 with the lowest row first as (h, w, 4) uint8 with the top row first."""
    flipped = np.ascontiguousarray(words[::-1])
    pixels: AnyArray = flipped.view(np.uint8).reshape(*words.shape, 4)
    return pixels


def shaded(counts: IntArray, sums: IntArray, palette: FloatArray, faintest: float) -> AnyArray:
    """Return cells in the colour of the mean rank of their spikes; palette : (256, 3) RGB 0..1; as `tinted`."""
    words = np.zeros(counts.shape, dtype=np.uint32)
    full = np.flatnonzero(counts)
    n = counts.ravel()[full]
    ranks = np.minimum(np.round(sums.ravel()[full] / n).astype(np.int64), 255)
    table = opacities(counts, faintest)
    alpha = np.round(table[np.minimum(n, len(table) - 1)] * 255)
    rgba = np.empty((len(full), 4), dtype=np.uint8)
    rgba[:, :3] = np.round(palette[ranks] * alpha[:, None])
    rgba[:, 3] = alpha
    words.ravel()[full] = rgba.view(np.uint32)[:, 0]
    return as_pixels(words)


def mixed(under: AnyArray, layers: list[IntArray], colors: FloatArray, faintest: float) -> AnyArray:
    """Lay the counts of clusters over an image, each cell in the mean colour of its spikes.

    under : (h, w, 4) uint8 premultiplied, top row first; layers : (h, w) counts, lowest row first; colors : (n, 4)
    """
    total = np.sum(layers, axis=0, dtype=np.int64)
    full = np.flatnonzero(total)
    n = total.ravel()[full]
    rgb = np.zeros((len(full), 3))
    for counts, color in zip(layers, colors, strict=True):
        rgb += counts.ravel()[full, None] * color[None, :3]
    table = opacities(total, faintest)
    alpha = table[np.minimum(n, len(table) - 1)]
    rows, columns = np.divmod(full, total.shape[1])
    out: AnyArray = under.copy()
    place = len(total) - 1 - rows, columns
    below = out[place].astype(np.float64)
    over = np.concatenate([255 * rgb / n[:, None] * alpha[:, None], 255 * alpha[:, None]], axis=1)
    out[place] = np.round(over + below * (1 - alpha[:, None])).astype(np.uint8)
    return out
