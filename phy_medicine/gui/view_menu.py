"""The menu in the title bar of a view: its actions with the keys of now, its lists of choices, its settings."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from phy_medicine.base.params import Param
from phy_medicine.gui.keys import pretty_keys
from phy_medicine.gui.qt import QtWidgets
from phy_medicine.views.base import ViewAction

if TYPE_CHECKING:
    from phy_medicine.gui.commands import Commands
    from phy_medicine.gui.panels import ViewPanel


def fill_view_menu(menu: QtWidgets.QMenu, panel: ViewPanel, commands: Commands) -> QtWidgets.QMenu:
    """Write what a view can do into a menu; return it."""
    for action in panel.view.actions():
        keys = pretty_keys(commands.of_view(panel.kind, action.id).shortcuts)
        text = action.text.replace("&", "&&")
        entry = menu.addAction(f"{text}\t{keys}" if keys else text, partial(_choose, panel, commands, action))
        entry.setToolTip(action.help)
        if action.checked is not None:
            entry.setCheckable(True)
            entry.setChecked(action.checked())
    if panel.twin is not None and panel.view.shares_scale:
        entry = menu.addAction("Scale of its own", panel.toggle_own_scale)
        entry.setToolTip(
            "This view and its twin of the other time range: one scale and zoom for both, or one for each."
        )
        entry.setCheckable(True)
        entry.setChecked(panel.scales_apart)
    menu.addSeparator()
    for param in panel.view.params():
        if param.choices:
            _add_choices(menu, panel, commands, param)
    menu.addAction("Save picture...", panel.ask_picture)
    menu.addAction("Settings...", panel.show_settings)
    if panel.dock.more_menu is not None and panel.dock.more_menu.actions():
        menu.addSeparator()
        menu.addActions(panel.dock.more_menu.actions())
    menu.setToolTipsVisible(True)
    return menu


def _add_choices(menu: QtWidgets.QMenu, panel: ViewPanel, commands: Commands, param: Param) -> None:
    """Add a submenu of what a setting can be: a colour scheme, a type of waveforms."""
    submenu = menu.addMenu((param.help or param.name).replace("&", "&&"))
    now = getattr(panel.view.settings, param.name)
    for choice in param.choices:
        change = partial(panel.view.change, **{param.name: choice})
        entry = submenu.addAction(str(choice), partial(commands.guard, change))
        entry.setCheckable(True)
        entry.setChecked(choice == now)


def _choose(panel: ViewPanel, commands: Commands, action: ViewAction) -> None:
    """Run an action on this very view; one that needs a value asks for it in the command line."""
    if action.needs_arguments:
        panel.dock.give_focus()
        commands.run(commands.of_view(panel.kind, action.id).id)
    else:
        commands.guard(lambda: panel.run_action(action.id))
