"""Asks OpenGL who it is and prints JSON; run as a program of its own, because a broken driver ends its process."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from phy_medicine.gui.qt import QtGui, QtWidgets

_SOFTWARE = re.compile(r"llvmpipe|softpipe|swrast|software|swiftshader|gdi generic|warp", re.IGNORECASE)


def facts() -> dict[str, Any]:
    """Return vendor, renderer, versions, and whether the processor draws; `error` when there is no context.

    The context is as the views have it: whatever the driver gives by default.
    """
    app = QtWidgets.QApplication(sys.argv[:1])
    surface, context = QtGui.QOffscreenSurface(), QtGui.QOpenGLContext()
    surface.create()
    if not context.create() or not context.makeCurrent(surface):
        return {"error": "no OpenGL context could be made"}
    from vispy.gloo import gl

    names = {"vendor": gl.GL_VENDOR, "renderer": gl.GL_RENDERER, "version": gl.GL_VERSION}
    found = {name: str(gl.glGetParameter(constant)) for name, constant in names.items()}
    found["shading_language"] = str(gl.glGetParameter(gl.GL_SHADING_LANGUAGE_VERSION))
    texture = int(gl.glGetParameter(gl.GL_MAX_TEXTURE_SIZE) or 0)
    screen = app.primaryScreen()
    size = "" if screen is None else f"{screen.size().width()} x {screen.size().height()}"
    font = app.font().family()
    context.doneCurrent()
    software = bool(_SOFTWARE.search(found["renderer"]))
    return {**found, "software": software, "texture_size": texture, "screen": size, "font": font}


if __name__ == "__main__":
    print(json.dumps(facts()))
