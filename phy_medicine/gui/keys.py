"""Key sequences as text: how they are compared, how they are written, and the keys that cannot be given away."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from phy_medicine.base.errors import ActionError
from phy_medicine.gui.qt import Qt, QtGui
from phy_medicine.session.actions import Action

PLUGINS = "Plugins"
"""Menu of the actions of plugins that say no other one; seen while there are some."""

MENUS = {
    "File": "&File", "Edit": "&Edit", "Select": "Sele&ct", "View": "&View", "Jobs": "Jobs", PLUGINS: "Plugins",
    "Help": "&Help",
}  # fmt: skip
"""Menu names with mnemonics that leave the keys of the trace view (Alt+S, Alt+L, Alt+T, Alt+O, Alt+R) alone.

The menus that phy does not have have none: other letters with Alt are what plugins of phy use.
"""

MNEMONICS = {f"Alt+{title.partition('&')[2][:1].upper()}": name for name, title in MENUS.items() if "&" in title}
"""Key that opens a menu -> name of the menu."""

_DIALOG_KEYS = {Qt.Key_Return: "Enter", Qt.Key_Enter: "Enter", Qt.Key_Tab: "Tab", Qt.Key_Backtab: "Shift+Tab"}


@lru_cache(maxsize=1024)
def canonical(key: str) -> str:
    """Return a key sequence as it is compared and stored, `shift+ctrl+k` -> `Ctrl+Shift+K`; "" for what is none."""
    return QtGui.QKeySequence(key).toString(QtGui.QKeySequence.PortableText)


def pretty_key(key: str) -> str:
    """Return a key sequence as this platform writes it."""
    return QtGui.QKeySequence(key).toString(QtGui.QKeySequence.NativeText) or key


def pretty_keys(keys: Iterable[str]) -> str:
    """Return key sequences as this platform writes them, separated by commas."""
    return ", ".join(map(pretty_key, keys))


def with_shift(key: str) -> str:
    """Return a key sequence with Shift held as well, `Ctrl++` -> `Ctrl+Shift++`."""
    return canonical(f"Shift+{key}")


def checked_key(key: str) -> str:
    """Return a key sequence in its canonical form.

    Raises
    ------
    ActionError : it is no single key, or one that menus and dialogs need
    """
    sequence = QtGui.QKeySequence(key)
    text = canonical(key)
    if sequence.count() != 1 or not text or not text.isprintable() or sequence[0] & 0x1FFFFFF == Qt.Key_unknown:
        raise ActionError(f"{key!r} is not a key; write it as Ctrl+Shift+M or F5.")
    if text in MNEMONICS:
        raise ActionError(f"{pretty_key(text)} opens the {MNEMONICS[text]} menu; choose another key.")
    if sequence[0] in _DIALOG_KEYS:
        raise ActionError(f"{pretty_key(text)} is needed in lines and dialogs; choose another key.")
    return text


def of_event(event: QtGui.QKeyEvent) -> str:
    """Return the key of a key press in canonical form, "" while only Shift, Ctrl, Alt or Meta are held."""
    if event.key() in (Qt.Key_Shift, Qt.Key_Control, Qt.Key_Alt, Qt.Key_Meta, Qt.Key_AltGr, 0, Qt.Key_unknown):
        return ""
    modifiers = event.modifiers() & ~Qt.KeypadModifier
    # A sign that needs Shift on this keyboard is written as the sign alone: `?`, not `Shift+?`.
    if modifiers == Qt.ShiftModifier and 0x20 < event.key() < 0x7F and not chr(event.key()).isalnum():
        modifiers = Qt.NoModifier
    return canonical(QtGui.QKeySequence(int(modifiers) | event.key()).toString())


def owner_words(action: Action) -> str:
    """Return whose action it is: `the program`, or the kind of view."""
    return action.owner or "the program"
