"""Menus, toolbar and keys from the table of actions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from phy_medicine.gui.keys import MENUS, PLUGINS, pretty_keys, with_shift
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets, icon
from phy_medicine.session.actions import Action, ActionTable
from phy_medicine.views.theme import Theme

SPLIT_BY = "split_by"
"""Group of the splits of plugins, which have a menu of their own."""


class Menus(QtCore.QObject):
    """Owns the Qt actions of a window.

    run : called with an action id when its menu entry, button or key is used
    """

    def __init__(
        self, window: QtWidgets.QMainWindow, table: ActionTable, run: Callable[[str], object], theme: Theme
    ) -> None:
        super().__init__(window)
        self._window = window
        self._table = table
        self._run = run
        self._theme = theme
        self._has_icons = False
        self.actions: dict[str, QtWidgets.QAction] = {}
        self.menus: dict[str, QtWidgets.QMenu] = {}
        self._submenus: dict[str, QtWidgets.QMenu] = {}
        self._groups: dict[str, set[str]] = {}
        self._last_group: dict[str, str] = {}
        for name, title in MENUS.items():
            self.menus[name] = window.menuBar().addMenu(title)
            self.menus[name].setToolTipsVisible(True)
        self.toolbar = QtWidgets.QToolBar("Toolbar")
        self.toolbar.setObjectName("toolbar")
        self.toolbar.setMovable(False)
        self.toolbar.setIconSize(QtCore.QSize(16, 16))
        self.toolbar.setToolButtonStyle(Qt.ToolButtonTextBesideIcon)
        window.addToolBar(self.toolbar)

    def remove(self, action_id: str) -> None:
        """Take an action out of menus, and its keys away."""
        qaction = self.actions.pop(action_id, None)
        if qaction is not None:
            for widget in qaction.associatedWidgets():
                widget.removeAction(qaction)
            qaction.deleteLater()
            self.show_filled()

    def add(self, actions: Iterable[Action]) -> None:
        """Make menu entries and keys for the program's own actions; those of a group stand together."""
        for action in actions:
            self.remove(action.id)
            qaction = self._make(action)
            menu = self._menu_of(action)
            if menu is not None:
                late = self._last_group.get(action.menu) != action.group and menu is self.menus[action.menu]
                menu.insertAction(self._after_group(action.menu, action.group, action.id) if late else None, qaction)
        self.show_filled()

    def _menu_of(self, action: Action) -> QtWidgets.QMenu | None:
        """Return the menu or submenu of an action, made if it is new; the text of an entry of a submenu is short."""
        if not action.menu:
            return None
        menu = self.menu(action.menu)
        found = _submenu_of(action)
        if found is None:
            self._separate(action)
            return menu
        title, short = found
        self.actions[action.id].setText(short)
        if action.group not in self._submenus:
            submenu = self._submenus[action.group] = QtWidgets.QMenu(title, menu)
            late = action.group == SPLIT_BY  # it comes with a plugin, and stands with the other splits
            menu.insertMenu(self._after_group(action.menu, "clusters") if late else None, submenu)
        return self._submenus[action.group]

    def menu(self, name: str) -> QtWidgets.QMenu:
        """Return a menu; one that a plugin wants is made, before Help."""
        if name in self.menus:
            return self.menus[name]
        menu = self.menus[name] = QtWidgets.QMenu(name, self._window)
        menu.setToolTipsVisible(True)
        self._window.menuBar().insertMenu(self.menus["Help"].menuAction(), menu)
        return menu

    def show_filled(self) -> None:
        """Show menus of plugins while there is something in them."""
        for name, menu in (*self.menus.items(), *self._submenus.items()):
            if name == PLUGINS or name not in MENUS:
                menu.menuAction().setVisible(bool(menu.actions()))

    def _after_group(self, name: str, group: str, but: str = "") -> QtWidgets.QAction | None:
        """Return the entry of a menu that follows a group, None when the menu ends there."""
        mine = [a.id for a in self._table if (a.menu, a.group) == (name, group) and a.id != but]
        group_entries = [self.actions[i] for i in mine if i in self.actions]
        entries = self.menus[name].actions()
        last = max((i for i, entry in enumerate(entries) if entry in group_entries), default=len(entries))
        return entries[last + 1] if last + 1 < len(entries) else None

    def _separate(self, action: Action) -> None:
        """Begin a new group at the end of a menu."""
        groups = self._groups.setdefault(action.menu, set())
        if groups and action.group not in groups:
            self.menus[action.menu].addSeparator()
        if action.group not in groups:
            self._last_group[action.menu] = action.group
        groups.add(action.group)

    def add_choices(
        self,
        menu: str,
        title: str,
        choices: Iterable[str],
        run: Callable[[str], object],
        chosen: Callable[[], str] | None = None,
    ) -> None:
        """Add a submenu whose entries call `run` with their own text; chosen : tells which one is ticked."""
        submenu = self.menus[menu].addMenu(title)
        for choice in choices:
            entry = submenu.addAction(choice, lambda c=choice: run(c))
            if chosen is not None:
                entry.setCheckable(True)
                submenu.aboutToShow.connect(lambda e=entry, c=choice: e.setChecked(chosen() == c))

    def add_submenu(self, menu: str, title: str, fill: Callable[[QtWidgets.QMenu], object]) -> None:
        """Add a submenu whose entries are made each time it is opened."""
        submenu = self.menus[menu].addMenu(title)
        submenu.aboutToShow.connect(lambda: fill(submenu))

    def _make(self, action: Action) -> QtWidgets.QAction:
        qaction = QtWidgets.QAction(action.text, self._window)
        qaction.setShortcutContext(Qt.ApplicationShortcut)
        qaction.setAutoRepeat(action.repeats)
        qaction.setStatusTip(action.help)
        _show_keys(qaction, action)
        qaction.triggered.connect(lambda _checked, i=action.id: self._run(i))
        self._window.addAction(qaction)
        self.actions[action.id] = qaction
        return qaction

    def show_keys(self, actions: Iterable[Action]) -> None:
        """Use the keys that actions have now, in menus, tool tips and on the keyboard."""
        for action in actions:
            if action.id in self.actions:
                _show_keys(self.actions[action.id], action)

    def fill_toolbar(self) -> None:
        """Put the buttons of the main actions on the toolbar."""
        last = ""
        order = ("save", "undo", "redo", "reset_wizard", "previous_best", "next_best", "previous", "next")
        blank = QtGui.QPixmap(16, 16)
        blank.fill(Qt.transparent)
        for action_id in order:
            action = self._table[action_id]
            if last and action.group != last:
                self.toolbar.addSeparator()
            last = action.group
            qaction = self.actions[action_id]
            # A blank picture keeps the place of the icon, so that nothing jumps when the font has been loaded.
            qaction.setIcon(QtGui.QIcon(blank))
            qaction.setIconText(action.text)
            self.toolbar.addAction(qaction)
            self.toolbar.widgetForAction(qaction).setFocusPolicy(Qt.NoFocus)

    def load_icons(self) -> None:
        """Give the buttons their icons; loading the font costs 80 ms, so it is done after the first paint."""
        self._has_icons = True
        for action in self._table:
            if action.icon and action.id in self.actions:
                self.actions[action.id].setIcon(icon(action.icon, self._theme.text, self._theme.line))
                self.actions[action.id].setIconVisibleInMenu(False)

    def set_theme(self, theme: Theme) -> None:
        """Draw the icons in the colours of another theme, if they have been loaded."""
        self._theme = theme
        if self._has_icons:
            self.load_icons()

    def update_enabled(self) -> None:
        """Grey out what makes no sense now."""
        for action in self._table:
            if action.when is not None and action.id in self.actions:
                self.actions[action.id].setEnabled(action.when())


def _submenu_of(action: Action) -> tuple[str, str] | None:
    """Return the title of the submenu that an action is in and its text there, None when it is in none."""
    if action.group.startswith("move_"):
        return f"Move {action.group.removeprefix('move_')} to", action.text.rpartition(" to ")[2]
    if action.group == SPLIT_BY:
        short = action.text.removeprefix("Split by ")
        return "Split by", short[:1].upper() + short[1:]
    return None


def _show_keys(qaction: QtWidgets.QAction, action: Action) -> None:
    """Give a Qt action the keys of an action, and name them in its tool tip."""
    qaction.setShortcuts([QtGui.QKeySequence(key) for key in action.shortcuts])
    keys = pretty_keys(action.shortcuts)
    qaction.setToolTip(f"{action.help} ({keys})" if keys else action.help)


class ViewKeys(QtCore.QObject):
    """Keys of views: one key may mean something in several kinds of view, the focused one decides.

    run : called with the ids of all actions that claim a key; those of the same key with Shift come last, while Shift
    is held: where a sign needs it, as plus on a US keyboard, Qt takes Ctrl+Shift++ for Ctrl++
    """

    def __init__(self, window: QtWidgets.QMainWindow, run: Callable[[tuple[str, ...]], object]) -> None:
        super().__init__(window)
        self._window = window
        self._run = run
        self._actions: list[QtWidgets.QAction] = []

    def set(self, claims: Mapping[str, tuple[str, ...]]) -> None:
        """Take over these keys: key sequence -> ids of the actions that claim it."""
        for qaction in self._actions:
            self._window.removeAction(qaction)
            qaction.deleteLater()
        self._actions = []
        for key, ids in claims.items():
            qaction = QtWidgets.QAction(self._window)
            qaction.setShortcut(QtGui.QKeySequence(key))
            qaction.setShortcutContext(Qt.ApplicationShortcut)
            shifted = claims.get(with_shift(key), ())
            qaction.triggered.connect(lambda _checked, i=ids, more=shifted: self._run_with_shift(i, more))
            self._window.addAction(qaction)
            self._actions.append(qaction)

    def _run_with_shift(self, ids: tuple[str, ...], shifted: tuple[str, ...]) -> None:
        held = bool(QtWidgets.QApplication.keyboardModifiers() & Qt.ShiftModifier)
        self._run((*ids, *shifted) if held else ids)
