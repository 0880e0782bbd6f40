"""The pictures of docs/first_steps.md: what the page says is done with real keys and clicks in the real window.

    python scripts/first_steps.py        # docs/images/first_steps/*.png; also a part of `make gallery`

The recording is the one that the page simulates, made in a temporary folder.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from virtual_display import ensure_display

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.views.base import View

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "images" / "first_steps"
SIMULATION = {"drift": "zigzag", "oversplit": 0.25, "overmerge": 0.1}
"""As on the page: `phy-med simulate example --drift zigzag --oversplit 0.25 --overmerge 0.1`."""
SIZE = (1280, 800)
LIMIT_S = 60.0
LARGE_AMPLITUDES = ((1.0, 40.0), (118.0, 40.0), (118.0, 79.0), (1.0, 79.0))
"""Corners of the lasso in s and the unit of the amplitude view."""


class Person:
    """Presses keys and clicks in a window, and waits until it is at rest."""

    def __init__(self, window: MainWindow) -> None:
        from PyQt5.QtTest import QTest

        self.window, self._test = window, QTest
        self.wait()

    def press(self, *keys: str) -> None:
        """Press keys, written as in the help."""
        from phy_medicine.gui.qt import Qt, QtGui, QtWidgets

        for key in keys:
            code = QtGui.QKeySequence(key)[0]
            held = int(Qt.KeyboardModifierMask)
            target = QtWidgets.QApplication.focusWidget() or self.window
            self._test.keyClick(target, Qt.Key(code & ~held), Qt.KeyboardModifiers(code & held))
            self.wait()

    def type(self, text: str) -> None:
        """Type text where the keyboard is."""
        from phy_medicine.gui.qt import QtWidgets

        self._test.keyClicks(QtWidgets.QApplication.focusWidget(), text)
        self.wait()

    def draw_lasso(self, view: View, corners: tuple[tuple[float, float], ...]) -> None:
        """Click corners in the first panel of a view, with Ctrl held."""
        from phy_medicine.gui.qt import Qt, QtCore

        for x, y in corners:
            px, py = (float(p[0]) / view.ratio for p in view.panels.to_pixels(0, np.array([x]), np.array([y])))
            place = QtCore.QPoint(round(px), round(py))
            self._test.mouseClick(view.canvas.native, Qt.LeftButton, Qt.ControlModifier, place)
            self.wait()

    def wait(self) -> None:
        """Let the window come to rest."""
        from phy_medicine.gui.qt import QtWidgets

        end = time.monotonic() + LIMIT_S
        for _ in range(3):
            QtWidgets.QApplication.processEvents()
            while not self.window.at_rest:
                if time.monotonic() > end:
                    sys.exit("The window did not come to rest within a minute.")
                self._test.qWait(10)

    def linger(self) -> None:
        """Let the icons of the toolbar come, which are drawn when nothing else is to do."""
        self._test.qWait(1000)
        self.wait()

    def picture(self, name: str) -> None:
        """Save a picture of the window."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.window.grab().save(str(PICTURES / f"{name}.png"))


def main() -> None:
    """Do what the page says."""
    ensure_display()
    from phy_medicine.gui.app import create_app
    from phy_medicine.io.simulate import SimulationSettings, simulate

    create_app()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"PHY_MEDICINE_HOME": f"{folder}/home", "PHY_MEDICINE_PHY_DIR": f"{folder}/phy"}
        tour(simulate(Path(folder) / "example", SimulationSettings(**SIMULATION)))
    for picture in sorted(PICTURES.glob("*.png")):
        shrink(picture)
        print(f"  {picture.relative_to(ROOT)}  {picture.stat().st_size / 1000:.0f} kB")


def tour(params_py: Path) -> None:
    """Curate three clusters, and take a picture of each step."""
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.gui.state import WindowState
    from phy_medicine.session.session import Session

    with closing(Session.open(params_py)) as session:
        window = MainWindow(session, WindowState.of_dataset(params_py.parent, writable=True), scripted=True)
        window.open(SIZE)
        window.activateWindow()
        person = Person(window)
        person.linger()
        person.picture("1-opened")
        person.press("Space")
        person.picture("2-largest")
        amplitudes = next(panel.view for panel in window.panels if panel.kind == "AmplitudeView")
        person.draw_lasso(amplitudes, LARGE_AMPLITUDES)
        person.picture("3-lasso")
        person.press("K")
        person.picture("4-split")
        person.press(":")
        person.type("c 21")
        person.press("Return")
        person.press("Space")
        person.picture("5-two-halves")
        person.press("G")
        person.picture("6-merged")
        person.press(":")
        person.type("l note drifts")
        person.picture("7-label")
        person.press("Return", "Alt+G", "Ctrl+S")
        person.picture("8-saved")
        window.close()


def shrink(picture: Path) -> None:
    """Write a PNG with a palette, which is a third of the size."""
    from PIL import Image

    with Image.open(picture) as image:
        small = image.convert("RGB").quantize(128, method=Image.Quantize.MAXCOVERAGE, kmeans=3)
    small.save(picture, optimize=True)


if __name__ == "__main__":
    main()
