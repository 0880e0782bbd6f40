"""Write docs/shortcuts.md, all keys and gestures, from the program itself: `python scripts/shortcuts_page.py`.

A window with a view of every kind is opened on a simulated recording, on a virtual display where there is no other.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from virtual_display import ensure_display

if TYPE_CHECKING:
    from phy_medicine.session.actions import Action

PAGE = Path(__file__).resolve().parent.parent / "docs" / "shortcuts.md"
ATTRIBUTES = "Spike...View"
TOP = """# Keys and snippets

<!-- written by scripts/shortcuts_page.py from the table of actions -->

Everything that can be done, with its default keys. In the window <kbd>H</kbd> shows the same with the keys that you
chose, and changes them ([keys of your own](window.md#keys)); <kbd>?</kbd> shows those of one view.

What begins with a colon is a *snippet*, typed after <kbd>:</kbd>, given as `--do` on the command line without the
colon, or found by <kbd>Ctrl</kbd>+<kbd>Shift</kbd>+<kbd>P</kbd>. Values in brackets may be left out. Where there are
two, the long one is also the name of the action in files of shortcuts and in the [configuration](configuration.md);
of an action of a view, with the view before it: `TraceView.widen`.

Keys of a view are meant for the view that has the keyboard, else for the first of its kind; so views of different
kinds may share a key.
"""
MENUS_HEAD = (
    """Actions of the menus *File*, *Edit*, *Select*, *View*, *Jobs* and *Help*, and those that are only typed."""
)


def main() -> None:
    """Write the page."""
    ensure_display()
    from phy_medicine.gui.app import create_app

    create_app()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"PHY_MEDICINE_HOME": f"{folder}/home", "PHY_MEDICINE_PHY_DIR": f"{folder}/phy"}
        PAGE.write_text(page(*everything(Path(folder))), "utf-8")


def everything(folder: Path) -> tuple[list[Action], dict[str, str], tuple[tuple[str, str, str], ...]]:
    """Return all actions, what the kinds of views show, and all gestures, of a window opened on data in a folder."""
    from phy_medicine.gui.gestures import GESTURES
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.gui.panels import view_class
    from phy_medicine.gui.qt import QtCore
    from phy_medicine.gui.state import WindowState
    from phy_medicine.gui.view_help import description
    from phy_medicine.io.simulate import SimulationSettings, simulate
    from phy_medicine.session.session import Session

    settings = SimulationSettings(channels=8, units=4, duration_s=5.0, raw=False)
    params_py = simulate(folder / "data", settings)
    np.save(params_py.parent / "spike_width.npy", np.zeros(len(np.load(params_py.parent / "spike_times.npy"))))
    with closing(Session.open(params_py)) as session:
        window = MainWindow(session, WindowState.of_dataset(params_py.parent, writable=True), scripted=True)
        for kind in window.panels.kinds:
            if all(panel.kind != kind for panel in window.panels):
                window.panels.add(kind)
        actions = list(window.commands.table)
        words = {kind: description(view_class(kind)) for kind in window.panels.kinds}
        window.close()
        QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.DeferredDelete)
    return actions, words, GESTURES


def page(actions: Sequence[Action], kinds: dict[str, str], gestures: Iterable[tuple[str, str, str]]) -> str:
    """Return the whole page.

    kinds : kind of view -> what it shows, in the order of the page; gestures : (views, gesture, meaning)
    """
    parts = [TOP, "## In the whole program\n", f"{MENUS_HEAD}\n"]
    menus = dict.fromkeys(a.menu for a in actions if not a.owner)
    for menu in sorted(menus, key=lambda m: not m):
        mine = [a for a in actions if not a.owner and a.menu == menu]
        parts += [f"### {menu or 'Only typed'}\n", _actions(mine)]
    sections: dict[str, list[tuple[str, str]]] = {}
    for views, gesture, meaning in gestures:
        for view in views.split(", "):
            sections.setdefault(view, []).append((gesture, meaning))
    general = [name for name in sections if name not in kinds and name != ATTRIBUTES]
    parts.append("## With the mouse\n")
    for name in general:
        parts += [f"### {name}\n", _gestures(sections[name])]
    parts.append("## In one view\n")
    for kind in dict.fromkeys(_kind(k) for k in kinds):
        mine = {a.text: a for a in actions if _kind(a.owner) == kind}
        parts += [f"### {kind}\n", f"{_shows(kind, kinds)}\n"]
        parts += [_gestures(sections[kind])] if kind in sections else []
        parts += [_actions(list(mine.values()))] if mine else []
    return "\n".join(parts)


def _kind(owner: str) -> str:
    """All views of attributes are one kind here."""
    return ATTRIBUTES if re.fullmatch(r"Spike.+View", owner) else owner


def _shows(kind: str, kinds: dict[str, str]) -> str:
    return kinds.get(kind, "An attribute of the spikes, `spike_<name>.npy`, over time or in a plane.")


def _actions(actions: Sequence[Action]) -> str:
    rows = [(a.text.rstrip("."), _keys(a.shortcuts), _typed(a), a.help) for a in actions]
    return _table(("action", "key", "snippet", ""), rows)


def _gestures(rows: Sequence[tuple[str, str]]) -> str:
    return _table(("mouse", ""), [(gesture, meaning) for gesture, meaning in rows])


def _keys(keys: Iterable[str]) -> str:
    """Return keys as they are marked in a page: <kbd>Ctrl</kbd>+<kbd>S</kbd>."""
    from phy_medicine.gui.keys import canonical

    words = ("+".join(f"<kbd>{_sign(part)}</kbd>" for part in _parts(canonical(key))) for key in keys)
    return ", ".join(f'<span class="keys">{word}</span>' for word in words)


def _parts(key: str) -> list[str]:
    head, plus, last = key.rpartition("+") if not key.endswith("+") else (key[:-2], "+", "+")
    return [*filter(None, head.split("+")), last] if plus else [last]


def _sign(part: str) -> str:
    arrows = {"Left": "←", "Right": "→", "Up": "↑", "Down": "↓"}
    return arrows.get(part, {"<": "&lt;", ">": "&gt;"}.get(part, part))


def _typed(action: Action) -> str:
    """Return the snippet, and after a short one the name."""
    return f"`{action.usage}`" + (f" `:{action.id}`" if action.alias and action.alias != action.id else "")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n"


if __name__ == "__main__":
    main()
