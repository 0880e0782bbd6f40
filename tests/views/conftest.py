"""One vispy application on Qt for all view tests, with shared contexts as in the program."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest

os.environ.setdefault("VISPY_PYQT5_SHARE_CONTEXT", "true")
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def gl_app():
    """A vispy application; skipped without a display."""
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        pytest.skip("no display to draw on")
    from vispy import app

    return app.use_app("pyqt5")


@pytest.fixture
def drawn(gl_app, old_objects_left_alone):
    """Return a function that draws a view and closes its canvas at the end of the test."""
    from fake_host import picture_of

    views = []

    def draw(view, size=(620, 400)):
        views.append(view)
        return picture_of(view, size)

    yield draw
    for view in views:
        view.close()
    # A widget that the garbage collector destroys in the middle of a later frame would take the GL context with it.
    views.clear()
    gc.collect()


@pytest.fixture
def gl_pixels(gl_app, old_objects_left_alone):
    """Return a function that draws a picture on an empty canvas and returns (size, size, 4) uint8, premultiplied."""
    from picture_canvas import PictureCanvas

    canvases = []

    def draw(picture, panels, size=20):
        canvases.append(PictureCanvas(picture, panels))
        return canvases[-1].pixels(size)

    yield draw
    for canvas in canvases:
        canvas.close()
    canvases.clear()
    gc.collect()
