"""One cluster has one colour in every view and table, whatever is selected, merged, undone or chosen."""

from __future__ import annotations

import pytest

from phy_medicine.curation.colors import PALETTES
from phy_medicine.gui.main_window import MainWindow
from phy_medicine.gui.qt import QtGui
from phy_medicine.gui.state import WindowState
from phy_medicine.session.session import Session


def in_thousandths(color):
    return tuple(round(1000 * part) for part in color)


def colors_of_views(window):
    """Colour of every selected cluster, the same in all views in sight or this fails."""
    colors: dict[int, tuple[int, ...]] = {}
    views = [v for v in window.host.views if window.host.in_sight(v) and v.needs_selection]
    assert len(views) > 3
    for view in views:
        for cluster, color in zip(view.cluster_ids, view.colors[:, :3].tolist(), strict=True):
            assert colors.setdefault(cluster, in_thousandths(color)) == in_thousandths(color), view.name
    return colors


def agreed(window):
    """Colour of every selected cluster, the same in views and tables or this fails."""
    colors = colors_of_views(window)
    tables = {c: in_thousandths(color) for c, color in window.tables._colors.items()}
    assert set(tables) == set(window.session.selection.cluster_ids)
    assert {c: tables[c] for c in colors} == colors
    return colors


def of_palette(name, place):
    return in_thousandths(PALETTES[name][place].tolist())


def test_views_and_tables_agree_through_a_curation(window, press):
    for keys in (["Space"], ["Space"], ["Space"], ["G"], ["Space"], ["Ctrl+Z"], ["Backspace"], ["Down"]):
        press(*keys)
        agreed(window)


@pytest.mark.parametrize("palette", ["okabe-ito", "phy"])
def test_a_palette_reaches_views_and_tables_at_once(window, press, settle, palette):
    press("Space", "Space")
    window.commands.run_line("palette okabe-ito")
    assert window.commands.run_line(f"palette {palette}") == ""
    settle()
    colors = agreed(window)
    assert [colors[c] for c in window.session.selection.cluster_ids] == [of_palette(palette, 0), of_palette(palette, 1)]


def test_the_row_of_a_selected_cluster_is_painted_in_the_palette(window, press, settle):
    press("Space")
    window.commands.run_line("palette okabe-ito")
    settle()
    table = window.tables.clusters
    row = table.model.ids.index(window.session.selection.reference_id)
    tint = table.grid.itemDelegate().row_tint(row)
    assert tint.blue() > tint.green() > tint.red()
    picture = table.grid.viewport().grab().toImage()
    y = table.grid.rowViewportPosition(row) + 2
    assert QtGui.QColor(picture.pixel(1, y)).name() == tint.name()


def test_groups_follow_the_palette_in_tables_and_maps(window, press, settle):
    press("Space", "Alt+G")
    cluster = window.session.cluster_table.visible_ids()[0]
    window.commands.run_line("palette okabe-ito")
    settle()
    blue = (0x56 / 255, 0xB4 / 255, 0xE9 / 255)
    assert window.tables._mark(cluster).color == pytest.approx(blue)
    assert window.session.manager.groups.get("good").map_color == pytest.approx(blue)


def test_a_lasso_stays_when_the_palette_changes(window, press, settle):
    press("Space")
    view = next(v for v in window.host.views if v.has_lasso)
    for x, y in ((0, 0), (1, 0), (1, 1)):
        view.scene.lasso.add(0, x, y)
    window.commands.run_line("palette okabe-ito")
    settle()
    assert len(view.scene.lasso) == 3


def test_a_cluster_keeps_its_colour_when_another_one_goes(window, press, settle):
    a, b, c = window.session.cluster_table.visible_ids()[:3]
    window.commands.run_line(f"c {a} {b} {c}")
    settle()
    assert window.commands.run_line("keep_colors") == ""
    before = agreed(window)
    window.commands.run_line(f"c {b} {c}")
    settle()
    assert agreed(window) == {b: before[b], c: before[c]}
    window.commands.run_line("keep_colors")
    settle()
    assert agreed(window)[b] == of_palette("phy", 0)


def test_without_it_the_others_take_the_free_colour(window, settle):
    a, b = window.session.cluster_table.visible_ids()[:2]
    window.commands.run_line(f"c {a} {b}")
    window.commands.run_line(f"c {b}")
    settle()
    assert agreed(window)[b] == of_palette("phy", 0)


def test_palette_and_keeping_are_remembered(session, open_window):
    window = open_window(session)
    window.commands.run_line("palette okabe-ito")
    window.commands.run_line("keep_colors")
    window.scripted = False
    window.close()
    again = Session.open(session.model.path)
    second = MainWindow(again, WindowState.of_dataset(again.model.dir_path, writable=True), scripted=True)
    assert (again.colors.palette, again.colors.keep) == ("okabe-ito", True)
    second.close()
    again.close()


def test_an_unknown_palette_is_refused_with_the_names_of_all(window):
    assert "phy, okabe-ito" in window.commands.run_line("palette pink")


def test_the_menu_ticks_what_is_in_use(window):
    window.commands.run_line("palette okabe-ito")
    menu = window.menus.menus["View"].findChild(type(window.menus.menus["View"]))
    window.colors.fill(menu)
    assert [entry.isChecked() for entry in menu.actions() if not entry.isSeparator()] == [False, True, False]
    menu.actions()[-1].trigger()
    assert window.session.colors.keep
    menu.actions()[0].trigger()
    assert window.session.colors.palette == "phy"
