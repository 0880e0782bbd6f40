"""The GL side of a canvas: a program for coloured, textured triangles, one for marks of data, and images.

The first serves shapes, text and images, the second discs and strokes; no more than two, because software OpenGL
compiles a program again for every canvas. Objects keep their numpy arrays and build buffers and textures while
drawing, once per `generation`: when a floating dock loses its GL context the generation grows, and the next frame
builds all anew. Nothing touches GL outside a `draw`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from vispy import gloo

from phy_medicine.base.crash_report import REPORTER
from phy_medicine.base.types import AnyArray
from phy_medicine.views import shaders
from phy_medicine.views.theme import RGBA

_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "software rasterizer", "svga3d", "microsoft basic render", "gdi generic")


class Gpu:
    """Size of a canvas in physical pixels, its programs, and the generation of its context."""

    def __init__(self) -> None:
        self.width = self.height = 1
        self.generation = 0
        self.renderer = ""
        self._programs: dict[str, gloo.Program] = {}
        self._built_for = -1

    @property
    def software(self) -> bool:
        """Whether OpenGL runs on the processor, as far as its name tells; known once a frame was begun."""
        return is_software(self.renderer)

    def begin(self, background: RGBA) -> None:
        """Set the state that all draws share, and clear."""
        if self._built_for != self.generation:
            self._programs.clear()
            self._built_for = self.generation
            self.renderer = str(gloo.gl.glGetParameter(gloo.gl.GL_RENDERER) or "")
            REPORTER.learn("OpenGL", self.renderer)
        gloo.set_viewport(0, 0, self.width, self.height)
        # Colours are premultiplied; the alpha of the canvas stays 1.
        gloo.set_state(blend=True, depth_test=False, cull_face=False, blend_func=("one", "one_minus_src_alpha"))
        gloo.clear(color=background, depth=False)

    def program(self, name: str) -> gloo.Program:
        """Return a program, compiled when it is first used; called between `begin` and the end of a frame."""
        if name not in self._programs:
            self._programs[name] = gloo.Program(shaders.source(f"{name}.vert"), shaders.source(f"{name}.frag"))
        program = self._programs[name]
        program["u_size"] = (self.width, self.height)
        return program

    def triangles(self, vertices: gloo.VertexBuffer, colors: gloo.VertexBuffer, texture: gloo.Texture2D) -> None:
        """Draw textured triangles."""
        program = self.program("sheet")
        program["a_vertex"] = vertices
        program["a_color"] = colors
        program["u_texture"] = texture
        program.draw("triangles")


def is_software(renderer: str) -> bool:
    """Tell from GL_RENDERER whether OpenGL runs on the processor."""
    return any(name in renderer.lower() for name in _SOFTWARE)


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


class Marks:
    """Vertices of the program `marks`: points, or lines or triangles given by an index."""

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self._arrays: dict[str, AnyArray] = {}
        self._order: AnyArray | None = None
        self._buffers: dict[str, gloo.VertexBuffer] = {}
        self._index: gloo.IndexBuffer | None = None
        self._generation = -1

    def set(self, **arrays: AnyArray) -> None:
        """Take over attributes by name, (n, k) float32; the arrays are kept, not copied."""
        for name, array in arrays.items():
            self._arrays[name] = array
            self._buffers.pop(name, None)

    def index(self, vertices: AnyArray) -> None:
        """Take over which vertices make each line or triangle, (2 n,) or (3 n,) uint32."""
        self._order, self._index = vertices, None

    def draw(self, gpu: Gpu) -> None:
        """Draw the marks; buffers are written where arrays are new."""
        n = len(self._arrays.get("a_here", ())) if self._order is None else self._order.size
        if n == 0 or "a_here" not in self._arrays:
            return
        if self._generation != gpu.generation:
            self._buffers, self._index, self._generation = {}, None, gpu.generation
        program = gpu.program("marks")
        for name, array in self._arrays.items():
            if name not in self._buffers:
                self._buffers[name] = gloo.VertexBuffer(array)
            program[name] = self._buffers[name]
        if self._index is None and self._order is not None:
            self._index = gloo.IndexBuffer(self._order)
        program.draw(self._mode, self._index)
