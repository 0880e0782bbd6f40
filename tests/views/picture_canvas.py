"""A canvas that shows one picture and nothing else, in a buffer of any size, however small."""

from __future__ import annotations

import numpy as np
from vispy import gloo

from phy_medicine.views.canvas import Canvas
from phy_medicine.views.gpu import Gpu
from phy_medicine.views.layout import Panels
from phy_medicine.views.raster import Picture


class PictureCanvas:
    """Draws a picture off screen.

    canvas = PictureCanvas(picture, panels)
    image = canvas.pixels(20)                  # (20, 20, 4) uint8, premultiplied
    """

    def __init__(self, picture: Picture, panels: Panels) -> None:
        self.picture, self.panels = picture, panels
        self.canvas = Canvas(self, None, size=(200, 200))
        self.canvas.show()
        for _ in range(50):
            self.canvas.app.process_events()
            if self.canvas.ready:
                return
        raise AssertionError("The canvas was not initialised; is there a display?")

    def paint(self, gpu: Gpu, ratio: float) -> None:
        """Draw nothing on the screen; `pixels` draws."""

    def pixels(self, size: int | tuple[int, int]) -> np.ndarray:
        """Return what the picture puts on (height, width) pixels."""
        height, width = (size, size) if isinstance(size, int) else size
        canvas, gpu = self.canvas, self.canvas.gpu
        canvas.set_current()
        with gloo.FrameBuffer(gloo.RenderBuffer((height, width))) as buffer:
            gpu.width, gpu.height = width, height
            gpu.begin((0.0, 0.0, 0.0, 0.0))
            self.picture.draw(gpu, self.panels)
            return buffer.read("color")

    def close(self) -> None:
        """Give back the widget."""
        self.canvas.close()
