"""What a window does when metrics, similarities, colour schemes and filters of plugins come, change or go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phy_medicine.compute.signal_filters import HIGH_PASS

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow

SAVE_WAIT_S = 1.0
"""How long a save waits for the columns that plugins compute."""
PATIENCE_S = 0.05
"""How long a window that somebody sits in front of waits for the similarity of a plugin before it shows another."""


class PluginItems:
    """Keeps the views of one window up to date."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        session, connect = window.session, window.bridge.connect
        session.metrics.save_wait_s = SAVE_WAIT_S
        session.similarity_values.patience_s = None if window.scripted else PATIENCE_S
        session.similar.at_once = False
        for values in (session.metrics, session.schemes):
            connect(values.arrived, lambda _names: window.host.show_table())
        connect(session.quality.arrived, lambda names: session.data.table.uses(names) and window.host.show_table())
        connect(session.data.filters.changed, self._show_filters)
        for registry in (session.extensions.color_schemes, session.extensions.metrics):
            connect(registry.changed, lambda _name: self._take_back())

    @property
    def settled(self) -> bool:
        """Whether everything that was asked of plugins is known."""
        session = self._window.session
        return not any(values.busy for values in (session.metrics, session.schemes, session.similarity_values))

    def _show_filters(self, name: str) -> None:
        """Show the signal, and what is measured on it, through the filters that there are now."""
        self._take_back()
        window = self._window
        for panel in window.panels:
            if hasattr(panel.view, "filters_changed"):
                window.commands.take_view_actions(panel.kind, panel, again=True)
                panel.view.filters_changed()
            elif name == HIGH_PASS:
                window.host.update(panel.view)

    def _take_back(self) -> None:
        """Go back to the default where what was chosen is gone, and say so."""
        for view in list(self._window.host.views):
            lost = view.lost_choices()
            if lost:
                gone = ", ".join(str(getattr(view.settings, name)) for name in lost)
                view.change(**lost)
                usual = ", ".join(map(str, lost.values()))
                self._window.say(f"{gone} is gone with its plugin; {view.title} is back to {usual}.")
