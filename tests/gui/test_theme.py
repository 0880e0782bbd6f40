"""Dark and light, live and remembered."""

from __future__ import annotations

import pytest

from phy_medicine.gui.main_window import MainWindow
from phy_medicine.gui.qt import QtGui, QtWidgets
from phy_medicine.gui.theme import wear
from phy_medicine.session.session import Session
from phy_medicine.views.theme import DARK, LIGHT

pytestmark = pytest.mark.usefixtures("few_views")


@pytest.fixture(autouse=True)
def dark_again(qapp):
    yield
    wear(DARK)


def corner(widget: QtWidgets.QWidget) -> str:
    """Colour of the outermost pixel at the lower right of a widget."""
    picture = widget.grab().toImage()
    return QtGui.QColor(picture.pixel(picture.width() - 2, picture.height() - 2)).name()


def test_the_theme_reaches_tables_docks_and_views_at_once(window, settle, press):
    press("Space")
    for name, theme in (("light", LIGHT), ("dark", DARK)):
        assert window.commands.run_line(f"theme {name}") == ""
        settle()
        views = [p for p in window.panels if p.dock.isVisible() and not p.dock.visibleRegion().isEmpty()]
        assert views
        for panel in views:
            assert corner(panel.view.canvas.native) == theme.view, panel.name
            assert corner(panel.dock.bar) == theme.panel
        assert corner(window.tables.clusters.grid.viewport()) == theme.view
        assert corner(window.status) == theme.window


def test_an_unknown_theme_is_refused(window):
    assert "dark, light" in window.commands.run_line("theme pink")


def test_the_theme_is_remembered(session, open_window):
    from phy_medicine.gui.app import _window

    window = open_window(session)
    window.commands.run_line("theme light")
    window.scripted = False
    window.close()
    again = Session.open(session.model.path)
    second: MainWindow = _window(again, scripted=True, clear_state=False)
    assert second.theme is LIGHT
    assert all(v.scene.theme is LIGHT for v in second.host.views)
    second.close()
    again.close()
