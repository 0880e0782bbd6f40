"""The GL side of a canvas: one program that draws coloured, textured triangles, and images made with it.

One program and one kind of texture serve shapes, text and pictures of data, because software OpenGL compiles every
program again for every canvas (25 ms each). Objects keep their numpy arrays and build buffers and textures while
drawing, once per `generation`: when a floating dock loses its GL context the generation grows, and the next frame
builds all anew. Nothing touches GL outside a `draw`.

Points, curves and histograms of data are not GL primitives but drawn by `raster.Picture`: software OpenGL needs 30 ms
for 60,000 points and 70 ms for 2,400 waveforms, the compiled kernels 2.3 ms and 4 ms (620 x 400 px, two cores).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from vispy import gloo

from phy_medicine.base.types import AnyArray
from phy_medicine.views import shaders
from phy_medicine.views.theme import RGBA


class Gpu:
    """Size of a canvas in physical pixels, its program, and the generation of its context."""

    def __init__(self) -> None:
        self.width = self.height = 1
        self.generation = 0
        self._program: gloo.Program | None = None
        self._program_generation = -1

    def begin(self, background: RGBA) -> None:
        """Set the state that all draws share, and clear."""
        if self._program is None or self._program_generation != self.generation:
            self._program = gloo.Program(shaders.source("sheet.vert"), shaders.source("sheet.frag"))
            self._program_generation = self.generation
        gloo.set_viewport(0, 0, self.width, self.height)
        # Colours are premultiplied; the alpha of the canvas stays 1.
        gloo.set_state(blend=True, depth_test=False, cull_face=False, blend_func=("one", "one_minus_src_alpha"))
        gloo.clear(color=background, depth=False)
        self._program["u_size"] = (self.width, self.height)

    def triangles(self, vertices: gloo.VertexBuffer, colors: gloo.VertexBuffer, texture: gloo.Texture2D) -> None:
        """Draw triangles; called between `begin` and the end of a frame."""
        assert self._program is not None
        self._program["a_vertex"] = vertices
        self._program["a_color"] = colors
        self._program["u_texture"] = texture
        self._program.draw("triangles")


def make_texture(pixels: AnyArray) -> gloo.Texture2D:
    """Return a texture of (h, w, 4) uint8 pixels, without smoothing."""
    return gloo.Texture2D(pixels, interpolation="nearest", wrapping="clamp_to_edge")


class Image:
    """A rectangle of premultiplied RGBA pixels, stretched over a box of the canvas."""

    def __init__(self) -> None:
        self._pixels: AnyArray | None = None
        self._box = (0.0, 0.0, 1.0, 1.0)
        self._changed = False
        self._generation = -1
        self._texture: gloo.Texture2D | None = None
        self._buffers: tuple[gloo.VertexBuffer, gloo.VertexBuffer] | None = None

    def set(self, pixels: AnyArray, box: Sequence[float]) -> None:
        """Show pixels; (h, w, 4) uint8, first row at the top; box : left, top, right, bottom in px.

        The array is kept, not copied: call again after changing it.
        """
        left, top, right, bottom = (float(edge) for edge in box)
        self._pixels, self._box, self._changed = pixels, (left, top, right, bottom), True

    def draw(self, gpu: Gpu) -> None:
        """Draw the image."""
        if self._pixels is None:
            return
        if self._changed or self._generation != gpu.generation:
            self._write(self._pixels, fresh=self._generation != gpu.generation)
            self._changed, self._generation = False, gpu.generation
        assert self._buffers is not None
        gpu.triangles(*self._buffers, self._texture)

    def _write(self, pixels: AnyArray, *, fresh: bool) -> None:
        if fresh or self._texture is None or self._texture.shape[:2] != pixels.shape[:2]:
            self._texture = make_texture(pixels)
        else:
            self._texture.set_data(pixels)
        left, top, right, bottom = self._box
        corners = [(left, top, 0, 0), (right, top, 1, 0), (right, bottom, 1, 1), (left, bottom, 0, 1)]
        vertices = np.array([corners[i] for i in (0, 1, 2, 0, 2, 3)], dtype=np.float32)
        self._buffers = gloo.VertexBuffer(vertices), gloo.VertexBuffer(np.ones((6, 4), dtype=np.float32))
