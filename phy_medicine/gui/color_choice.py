"""Which colours selected clusters and groups have: a palette, and whether a cluster keeps its own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError
from phy_medicine.base.log import logger
from phy_medicine.curation.colors import PALETTES
from phy_medicine.gui.qt import QtWidgets
from phy_medicine.session.actions import Action, Arg

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow

_TITLES = {"phy": "phy", "okabe-ito": "Okabe-Ito (colour-blind safe)"}


class ColorChoice:
    """Sets the session's colours, shows them everywhere at once, and remembers them."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._colors = window.session.colors
        self._restore()
        window.bridge.connect(self._colors.changed, self._show)

    def _restore(self) -> None:
        state = self._window.state
        try:
            self._colors.palette = str(state.get("palette") or self._colors.palette)
        except ActionError as error:
            logger.warning("The remembered palette was left out: %s", error)
        self._colors.keep = bool(state.get("keep_colors"))

    def actions(self) -> tuple[Action, ...]:
        """Return what the command line offers."""
        return (
            Action("palette", "Palette of colours", self.use, "Colours of selected clusters and of groups.",
                   "", "layout", args=(Arg("name", choices=tuple(PALETTES)),)),
            Action("keep_colors", "Keep colours", self.toggle_keep,
                   "A cluster keeps its colour while it stays selected, or has that of its place in the selection.", "",
                   "layout"),
        )  # fmt: skip

    def fill(self, menu: QtWidgets.QMenu) -> None:
        """Write the entries of the submenu as they are now."""
        menu.clear()
        run = self._window.commands.run
        for name in PALETTES:
            entry = menu.addAction(_TITLES.get(name, name), partial(run, "palette", name))
            entry.setCheckable(True)
            entry.setChecked(name == self._colors.palette)
        menu.addSeparator()
        keep = menu.addAction("Keep a cluster's colour while it stays selected", partial(run, "keep_colors"))
        keep.setCheckable(True)
        keep.setChecked(self._colors.keep)

    def use(self, name: str) -> None:
        """Use the colours of a palette.

        Raises
        ------
        ActionError : there is none of this name
        """
        self._colors.palette = name
        self._window.state.set("palette", name)
        self._window.say(f"Colours of {name}.")

    def toggle_keep(self) -> None:
        """Let clusters keep their colours while they stay selected, or have that of their place in the selection."""
        self._colors.keep = not self._colors.keep
        self._window.state.set("keep_colors", self._colors.keep)
        kept = "A cluster keeps its colour while it stays selected."
        self._window.say(kept if self._colors.keep else "The place in the selection gives the colour.")

    def _show(self) -> None:
        window = self._window
        window.tables.show_colors()
        window.host.show_colors()
