"""Views that show a widget of their own, such as a figure of matplotlib, in the place of a GL canvas."""

from __future__ import annotations

from typing import Any

from phy_medicine.views.base import View
from phy_medicine.views.canvas import ViewCanvas, WidgetCanvas


class WidgetView(View):
    """A view around any Qt widget; it takes part in selection, layouts, settings and state as the others do.

    What there is to say instead of a picture stands in `scene.message`, and is shown by the dock.

        class FigureView(WidgetView):
            name = "FigureView"

            def make_widget(self):
                self.figure = Figure()
                return FigureCanvasQTAgg(self.figure)

            def prepare(self, request):              # any thread: arrays
                return self.host.data.spikes(request.cluster_ids[0])

            def draw_widget(self):                   # GUI thread; the arrays are in self.block
                self.figure.clear()
                self.figure.subplots().hist(self.block)
                self.figure.canvas.draw()
    """

    def make_widget(self) -> Any:
        """Return the widget, a QWidget; called once."""
        raise NotImplementedError(f"{type(self).__name__} has no make_widget.")

    def draw_widget(self) -> None:
        """Bring the widget up to date with `block`, `cluster_ids` and `colors`; called while there is a block."""
        raise NotImplementedError(f"{type(self).__name__} has no draw_widget.")

    def upload(self, block: Any) -> None:
        """Take over arrays; `draw_widget` finds them in `block`."""

    def make_canvas(self) -> ViewCanvas:
        """Return the widget as a canvas."""
        return WidgetCanvas(self.make_widget(), self._draw_block)

    def _draw_block(self) -> None:
        if self.block is not None and not self.scene.message:
            self.draw_widget()
