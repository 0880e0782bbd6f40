"""The plugins of a window: their panel, and the mark in the status bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError
from phy_medicine.gui.qt import Qt, QtWidgets
from phy_medicine.session.actions import Action

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.gui.plugin_panel import PluginPanel
    from phy_medicine.session.plugin_record import PluginRecord, PluginSource
    from phy_medicine.views.theme import Theme


class WindowPlugins:
    """Shows the state of the plugins; without a source of them there is nothing to show."""

    def __init__(self, window: MainWindow, source: PluginSource | None) -> None:
        self._window = window
        self.source = source
        self._panel: PluginPanel | None = None
        self.mark = QtWidgets.QToolButton()
        self.mark.setFocusPolicy(Qt.NoFocus)
        self.mark.clicked.connect(self.show)
        window.status.add_mark(self.mark)
        self.mark.hide()
        if source is not None:
            window.bridge.connect(source.changed, self._changed)
        self._show_mark()

    def actions(self) -> tuple[Action, ...]:
        """Return what the window offers."""
        return (
            Action("plugins", "Plugins...", self.show,
                   "What plugins there are, which failed and why; switch them on and off.", "View", "plugins"),
        )  # fmt: skip

    def open(self) -> None:
        """Tell the plugins of the window, before it has views."""
        if self.source is not None:
            self.source.open_window(self._window)

    def announce(self) -> None:
        """Tell the plugins that the window and its views are there, before the first picture."""
        if self.source is not None:
            self.source.announce()

    def close(self) -> None:
        """Tell the plugins that the window goes."""
        if self.source is not None:
            self.source.close_window()

    def show(self) -> None:
        """Open the panel.

        Raises
        ------
        ActionError : this window was opened without plugins
        """
        if self.source is None:
            raise ActionError("This window was opened without plugins.")
        if self._panel is None:
            from phy_medicine.gui.plugin_panel import PluginPanel

            window = self._window
            self._panel = PluginPanel(self.source, window.commands.guard, window.theme, window)
            self._panel.finished.connect(window.activateWindow)
        self._panel.refresh()
        self._panel.show()
        self._panel.raise_()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        if self._panel is not None:
            self._panel.set_theme(theme)
        self._show_mark()

    def _changed(self) -> None:
        self._window.later.put("plugins", self._refresh)
        self._window.host.wake()

    def _refresh(self) -> None:
        self._show_mark()
        if self._panel is not None and self._panel.isVisible():
            self._panel.refresh()

    def _show_mark(self) -> None:
        records = () if self.source is None else self.source.records
        text = mark_of(records)
        self.mark.setText(f"\N{WARNING SIGN} {text}")
        self.mark.setToolTip("\n".join(r.sentence for r in records if r.state != "found"))
        self.mark.setVisible(bool(text))
        self.mark.setStyleSheet(f"QToolButton {{ color: {self._window.theme.warning}; }}")


def mark_of(records: tuple[PluginRecord, ...]) -> str:
    """Return `2 plugins failed`, `1 plugin not found`, `1 new plugin`, or "" when all is well."""
    for states, one, many in (
        (("failed",), "plugin failed", "plugins failed"),
        (("missing",), "plugin not found", "plugins not found"),
        (("new",), "new plugin", "new plugins"),
    ):
        n = sum(record.state in states for record in records)
        if n:
            return f"{n} {one if n == 1 else many}"
    return ""
