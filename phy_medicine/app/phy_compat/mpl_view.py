"""The native side of a `ManualClusteringView` that draws with matplotlib: the figure is the widget of its dock."""

from __future__ import annotations

from typing import Any

from phy_medicine.app.phy_compat.plugin_side import PluginSide, Shown
from phy_medicine.session.view_host import ViewHost, ViewRequest
from phy_medicine.views.theme import DARK, Theme
from phy_medicine.views.widget_view import WidgetView


class MplPluginView(PluginSide, WidgetView):
    """Shows the figure of a plugin's view, which draws it in `on_select`."""

    max_clusters = None
    shares_scale = False

    def __init__(self, host: ViewHost, *, theme: Theme = DARK, settings: Any = None) -> None:
        super().__init__(host, theme=theme, settings=settings)
        self.plugin.native = self.plugin.canvas.view = self
        self.max_clusters = self.plugin.max_n_clusters or None
        self.plugin.canvas.use_theme(theme)

    def make_widget(self) -> Any:
        """Return the figure."""
        return self.plugin.canvas.make_widget()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours, in the figure as well."""
        self.plugin.canvas.use_theme(theme)
        super().set_theme(theme)

    def cached(self, request: ViewRequest) -> bool:
        """Tell that nothing is prepared."""
        return True

    def prepare(self, request: ViewRequest) -> Shown:
        """Return the selection."""
        return Shown(request)

    def show_block(self, request: ViewRequest, block: Any) -> None:
        """Let the plugin show a selection, once."""
        if isinstance(block, Shown):
            self.select(block, request)
        said = self.complaint
        super().show_block(request, block)
        self.complaint = said

    def draw_widget(self) -> None:
        """Draw the figure as the plugin left it."""
        self.plugin.canvas.update()
