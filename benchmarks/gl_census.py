"""How many OpenGL objects there are in this process: asked of the driver, name by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_SPAN = 4096
"""Names are looked for up to so many past the one that the driver gives next."""


@dataclass(frozen=True, slots=True)
class Census:
    """Objects that all contexts of the application share."""

    buffers: int
    textures: int
    programs: int
    shaders: int

    def __sub__(self, other: Census) -> Census:
        return Census(
            self.buffers - other.buffers, self.textures - other.textures, self.programs - other.programs,
            self.shaders - other.shaders,
        )  # fmt: skip

    @property
    def total(self) -> int:
        """All of them."""
        return self.buffers + self.textures + self.programs + self.shaders


class Counter:
    """Looks through a context that shares its objects with those of all views; needs `AA_ShareOpenGLContexts`."""

    def __init__(self) -> None:
        from phy_medicine.gui.qt import QtGui

        shared = QtGui.QOpenGLContext.globalShareContext()
        assert shared is not None, "the application was made without shared contexts"
        self._surface = QtGui.QOffscreenSurface()
        self._surface.setFormat(shared.format())
        self._surface.create()
        self._context: Any = QtGui.QOpenGLContext()
        self._context.setFormat(shared.format())
        self._context.setShareContext(shared)
        assert self._context.create()

    def __call__(self) -> Census:
        from vispy.gloo import gl

        from phy_medicine.gui.qt import QtGui

        before = QtGui.QOpenGLContext.currentContext()
        surface = before.surface() if before is not None else None
        assert self._context.makeCurrent(self._surface)
        found = Census(
            buffers=_count(gl.glIsBuffer, gl.glCreateBuffer, gl.glDeleteBuffer),
            textures=_count(gl.glIsTexture, gl.glCreateTexture, gl.glDeleteTexture),
            programs=_count(gl.glIsProgram, gl.glCreateProgram, gl.glDeleteProgram),
            shaders=_count(gl.glIsShader, lambda: gl.glCreateShader(gl.GL_VERTEX_SHADER), gl.glDeleteShader),
        )
        self._context.doneCurrent()
        if before is not None and surface is not None:
            before.makeCurrent(surface)
        return found


def _count(is_one: Any, create: Any, delete: Any) -> int:
    """Drivers give the lowest free name or the one after the last; a process that lived long has gaps of any length."""
    top = create()
    delete(top)
    return sum(bool(is_one(name)) for name in range(1, top + _SPAN))
