"""Size of text in views."""

from phy import IPlugin
from phy.plot.visuals import TextVisual


class ExampleFontSizePlugin(IPlugin):
    """Small text."""

    def attach_to_controller(self, controller):
        TextVisual.default_font_size = 4.0
