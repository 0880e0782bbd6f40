"""The menu in the title bar of a view."""

from __future__ import annotations

import pytest

from phy_medicine.base.params import params_of
from phy_medicine.gui.panels import KINDS
from phy_medicine.gui.qt import QtGui, QtWidgets
from phy_medicine.gui.view_menu import fill_view_menu


def menu_of(window, panel) -> QtWidgets.QMenu:
    return fill_view_menu(QtWidgets.QMenu(window), panel, window.commands)


def entry_of(menu: QtWidgets.QMenu, text: str) -> QtWidgets.QAction:
    return next(e for e in menu.actions() if e.text().partition("\t")[0] == text)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_menu_holds_every_action_every_list_of_choices_and_the_settings(window, kind):
    panel = window.panels.nth_or_new(kind, 0)
    menu = menu_of(window, panel)
    texts = [entry.text().partition("\t")[0] for entry in menu.actions()]
    for action in panel.view.actions():
        assert action.text in texts
    for param in params_of(panel.view.settings):
        assert (param.help in texts) == bool(param.choices)
    assert texts[-1] == "Settings..."


def test_keys_are_those_of_now_as_this_platform_writes_them(window):
    panel = window.panels.nth_or_new("AmplitudeView", 0)
    assert window.commands.run_line("set_shortcut next_amplitudes_type Shift+F7") == ""
    native = QtGui.QKeySequence("Shift+F7").toString(QtGui.QKeySequence.NativeText)
    keys = [entry.text().partition("\t")[2] for entry in menu_of(window, panel).actions()]
    assert native in keys


@pytest.mark.parametrize("kind", ["ClusterScatterView", "RasterView", "TemplateView"])
def test_views_of_all_clusters_offer_the_colour_schemes(window, kind):
    panel = window.panels.nth_or_new(kind, 0)
    submenus = [entry.menu() for entry in menu_of(window, panel).actions() if entry.menu() is not None]
    names = [[choice.text() for choice in submenu.actions()] for submenu in submenus]
    assert any({"depth", "firing_rate", "cluster_group"} <= set(choices) for choices in names)


def test_a_choice_is_ticked_and_chosen(window):
    panel = window.panels.nth_or_new("AmplitudeView", 0)
    param = next(p for p in params_of(panel.view.settings) if p.choices)
    submenu = entry_of(menu_of(window, panel), param.help).menu()
    assert [c.text() for c in submenu.actions() if c.isChecked()] == [str(getattr(panel.view.settings, param.name))]
    submenu.actions()[-1].trigger()
    assert getattr(panel.view.settings, param.name) == param.choices[-1]


def test_an_action_that_needs_a_value_asks_for_it_and_acts_on_this_view(window, press, qtbot):
    second = window.panels.nth_or_new("TraceView", 0)
    action = next(a for a in second.view.actions() if a.id == "go_to")
    entry_of(menu_of(window, second), action.text).trigger()
    assert window.line.isVisible()
    assert window.line.text().startswith(":tg ")
    assert second.dock.bar.focused
