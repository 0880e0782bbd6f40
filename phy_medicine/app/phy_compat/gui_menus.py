"""Menus and status bar as plugins call them."""

from __future__ import annotations

from functools import partial
from typing import Any

from phy_medicine.app.phy_compat.loose_qt import QtWidgets
from phy_medicine.gui.keys import MENUS
from phy_medicine.gui.qt import in_main_thread


class GuiMenus:
    """The part of the façade that makes menus and says things."""

    main: Any

    def begin_menus(self) -> None:
        """Know the menus of the program."""
        self._submenus: dict[str, Any] = {}
        self._status_locked = False

    def get_menu(self, name: str, insert_before: str | None = None) -> Any:
        """Return a menu of the menu bar, or a submenu; one that is not there is made, before another or before Help."""
        menus, plain = self.main.menus.menus, name.replace("&", "")
        found = menus.get(plain) or self._submenus.get(plain)
        if found is None:
            found = self.main.menus.menu(plain)
            found.setTitle(name)
            before = menus.get((insert_before or "").replace("&", ""))
            if before is not None:
                self.main.menuBar().insertMenu(before.menuAction(), found)
            self.note(partial(self.remove_menu, name))
        return found

    def get_submenu(self, menu: str, name: str) -> Any:
        """Return a submenu of a menu; one that is not there is made."""
        key = name.replace("&", "")
        if key not in self._submenus:
            made = self._submenus[key] = self.get_menu(menu).addMenu(name)
            self.note(partial(self._drop_submenu, key, made))
        return self._submenus[key]

    def _drop_submenu(self, key: str, submenu: Any) -> None:
        self._submenus.pop(key, None)
        submenu.deleteLater()

    def remove_menu(self, name: str) -> None:
        """Take a menu out that a plugin made."""
        plain = name.replace("&", "")
        if plain not in MENUS and plain in self.main.menus.menus:
            menu = self.main.menus.menus.pop(plain)
            self.main.menuBar().removeAction(menu.menuAction())
            menu.deleteLater()

    def note(self, undo: Any) -> None:
        """Remember how to undo something that a plugin did."""
        raise NotImplementedError

    @property
    def status_message(self) -> str:
        """The message in the status bar."""
        return str(self.main.status.message.text())

    @status_message.setter
    def status_message(self, value: Any) -> None:
        if self._status_locked:
            return
        show = partial(self.main.status.show_text, str(value))
        if in_main_thread():
            show()
        else:
            self.main.bridge.post(show)

    def lock_status(self) -> None:
        """Let plugins change the message no more."""
        self._status_locked = True

    def unlock_status(self) -> None:
        """Let plugins change the message again."""
        self._status_locked = False

    @property
    def _status_bar(self) -> Any:
        return self.main.status

    @property
    def _toolbar(self) -> Any:
        return self.main.menus.toolbar

    def dialog(self, message: str) -> Any:
        """Return a box with a message; the plugin shows it."""
        box = QtWidgets.QMessageBox(self.main)
        box.setText(message)
        return box
