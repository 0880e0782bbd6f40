"""Clicks, order, columns and looks of the two tables."""

from __future__ import annotations

import pytest

from phy_medicine.curation.colors import VIRIDIS_COLORS
from phy_medicine.curation.order import SortKey
from phy_medicine.gui import theme as themes
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets
from phy_medicine.gui.table_delegate import SELECTED_ALPHA
from phy_medicine.gui.tables import clicked
from phy_medicine.session.pair_columns import SHOWN
from phy_medicine.views.theme import DARK, LIGHT

from .dock_moves import settle as settle_window

pytestmark = pytest.mark.usefixtures("few_views")


@pytest.mark.parametrize(
    ("selected", "click", "keys", "expected"),
    [
        ([], 3, "", [3]),
        ([1, 2], 3, "", [3]),
        ([1], 3, "ctrl", [1, 3]),
        ([1, 3], 1, "ctrl", [3]),
        ([5], 2, "shift", [5, 4, 3, 2]),
        ([2], 4, "shift", [2, 3, 4]),
        ([4, 1], 3, "shift", [4, 1, 2, 3]),
        ([], 3, "shift", [3]),
        ([9], 3, "shift", [3]),
    ],
)
def test_a_click_selects_as_in_phy(selected, click, keys, expected):
    rows = [1, 2, 3, 4, 5]
    assert clicked(selected, rows, click, toggle=keys == "ctrl", extend=keys == "shift") == expected


def click_row(qtbot, table, row, modifiers=Qt.NoModifier, button=Qt.LeftButton):
    grid = table.grid
    x = grid.columnViewportPosition(0) + 5
    y = grid.rowViewportPosition(row) + grid.rowHeight(row) // 2
    qtbot.mouseClick(grid.viewport(), button, modifiers, QtCore.QPoint(x, y))


def test_clicks_reach_the_session(window, qtbot, settle):
    tables, session = window.tables, window.session
    rows = session.cluster_table.visible_ids()
    click_row(qtbot, tables.clusters, 0)
    click_row(qtbot, tables.clusters, 2, Qt.ShiftModifier)
    assert session.selection.best_ids == rows[:3]
    click_row(qtbot, tables.clusters, 1, Qt.ControlModifier)
    assert session.selection.best_ids == (rows[0], rows[2])
    settle()
    similar = session.similarity_table.visible_ids()
    click_row(qtbot, tables.similar, 1)
    assert session.selection.similar_ids == (similar[1],)
    assert session.selection.best_ids == (rows[0], rows[2])


def test_ctrl_right_click_sends_a_cluster_to_the_other_table(window, qtbot):
    session = window.session
    rows = session.cluster_table.visible_ids()
    session.select(rows[:2])
    click_row(qtbot, window.tables.clusters, 1, Qt.ControlModifier, Qt.RightButton)
    assert session.selection.best_ids == rows[:1]
    assert session.selection.similar_ids == rows[1:2]


def test_a_header_click_sorts_up_then_down_and_shift_adds_a_key(window):
    table, header = window.session.cluster_table, window.tables.clusters.header
    header.sort_asked.emit("depth", False)
    assert [(k.column, k.ascending) for k in table.sort_keys] == [("depth", True)]
    header.sort_asked.emit("depth", False)
    assert [(k.column, k.ascending) for k in table.sort_keys] == [("depth", False)]
    header.sort_asked.emit("n_spikes", True)
    assert [(k.column, k.ascending) for k in table.sort_keys] == [("depth", False), ("n_spikes", True)]


def test_both_tables_show_the_rows_of_the_session_after_every_action(window, settle):
    session, tables = window.session, window.tables
    session.next()
    session.next()
    for act in (session.merge, session.undo, session.redo, lambda: session.move("noise"), session.next_best):
        act()
        settle()
        assert tables.clusters.model.ids == session.cluster_table.visible_ids()
        assert tables.similar.model.ids == session.similarity_table.visible_ids()
        assert tables.clusters.model.rowCount() == len(session.cluster_ids)


def test_a_new_label_field_adds_a_column_and_keeps_the_widths(window, settle):
    table, session = window.tables.clusters, window.session
    section = table.model.column_of("depth")
    table.header.resizeSection(section, 123)
    session.next()
    session.label("note", "fine", None)
    settle()
    assert table.model.column_of("note") is not None
    assert table.header.sectionSize(table.model.column_of("depth")) == 123
    assert table.model.text(table.model.row_of(session.selection.reference_id), table.model.column_of("note")) == "fine"


@pytest.mark.parametrize("layout", ["curation", "drift", "traces", "minimal"])
@pytest.mark.parametrize("size", [(1280, 800), (1600, 1000), (1920, 1200)])
def test_no_column_is_cut_in_any_layout(session, open_window, size, layout):
    window = open_window(session, size=size)
    window.commands.run("layout", layout)
    settle_window(window)
    for table in (window.tables.clusters, window.tables.similar):
        assert table.header.length() <= table.grid.viewport().width()


def test_no_evidence_of_a_pair_is_cut(session, open_window):
    """No cell is there when the widths are chosen, since nothing is selected."""
    table = open_window(session, size=(1920, 1200)).tables.similar
    metrics = table.header.fontMetrics()
    for name in SHOWN:
        section = table.model.column_of(name)
        assert not table.header.isSectionHidden(section)
        assert table.header.sectionSize(section) >= metrics.horizontalAdvance("1.229") + 14


def test_the_rate_is_hidden_after_amplitude_and_channel(window):
    table = window.tables.clusters
    sections = {c.name: i for i, c in enumerate(table.model.columns)}
    gone: list[str] = []
    for width in range(900, 100, -10):
        table.header.hide_until_fit(width, table.hidden)
        gone += [n for n in ("fr", "ch", "amp") if table.header.isSectionHidden(sections[n]) and n not in gone]
    assert gone == ["amp", "ch", "fr"]


def test_columns_are_remembered_by_name(window):
    header = window.tables.clusters.header
    section = window.tables.clusters.model.column_of("depth")
    header.moveSection(header.visualIndex(section), 0)
    header.setSectionHidden(window.tables.clusters.model.column_of("fr"), True)
    state = header.to_state()
    header.moveSection(0, 3)
    header.setSectionHidden(window.tables.clusters.model.column_of("fr"), False)
    header.apply_state(state)
    assert header.visualIndex(section) == 0
    assert header.isSectionHidden(window.tables.clusters.model.column_of("fr"))


def test_the_selected_row_is_brought_into_sight(session, open_window, qtbot):
    window = open_window(session, size=(900, 420))
    grid = window.tables.clusters.grid
    session.last()
    qtbot.waitUntil(lambda: window.at_rest)
    row = window.tables.clusters.model.row_of(session.selection.reference_id)
    assert 0 <= grid.rowViewportPosition(row) <= grid.viewport().height() - grid.rowHeight(row)


def test_a_selected_row_has_the_colour_of_its_place(window, settle):
    session = window.session
    session.next()
    settle()
    delegate = window.tables.clusters.delegate
    expected = themes.blend((0x08 / 255, 0x92 / 255, 0xFC / 255), themes.rgb(DARK.view), SELECTED_ALPHA)
    tint = delegate.row_tint(0)
    assert [tint.red(), tint.green(), tint.blue()] == [round(255 * c) for c in expected]


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_text_is_readable_on_every_selection_colour(theme):
    from phy_medicine.curation.colors import selection_color

    for i in range(256):
        ground = themes.blend(tuple(selection_color(i)[:3]), themes.rgb(theme.view), SELECTED_ALPHA)
        assert themes.contrast(themes.rgb(themes.text_color_on(ground)), ground) >= 4.5


@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize("ink", ["text", "dim", "warning", "error"])
def test_words_are_readable_on_every_ground(theme, ink):
    for ground in ("window", "view", "panel"):
        assert themes.contrast(themes.rgb(getattr(theme, ink)), themes.rgb(getattr(theme, ground))) >= 4.5


def test_copy_gives_the_rows_as_tab_separated_text(window, press):
    window.tables.clusters.setFocus()
    press("Ctrl+C")
    lines = QtWidgets.QApplication.clipboard().text().splitlines()
    assert lines[0].split("\t")[0] == "id"
    assert [int(line.split("\t")[0]) for line in lines[1:]] == list(window.session.cluster_table.visible_ids())


def test_columns_come_and_go_with_the_width_until_somebody_arranges_them(session, open_window):
    window = open_window(session, size=(1920, 1200))
    table = window.tables.clusters
    table.fit_width()  # on a slow machine the docks may have their last sizes only now
    shown = [not table.header.isSectionHidden(i) for i in range(len(table.model.columns))]
    width = table.width()
    table.resize(300, table.height())
    assert sum(not table.header.isSectionHidden(i) for i in range(len(shown))) < sum(shown)
    assert table.header.length() <= table.grid.viewport().width()
    table.resize(width, table.height())
    assert [not table.header.isSectionHidden(i) for i in range(len(shown))] == shown
    assert "columns" not in table.to_state()
    section = table.model.column_of("depth")
    table.header._show_column(section, False)
    table.resize(width + 10, table.height())
    assert table.header.isSectionHidden(section)
    assert "depth" in table.to_state()["columns"]["hidden"]


def type_filter(qtbot, window, text):
    edit = window.tables.clusters.filter_box.edit
    edit.setFocus()
    qtbot.keyClicks(edit, text)
    return edit


def test_a_filter_is_completed_from_the_keyboard(window, qtbot, settle):
    edit = type_filter(qtbot, window, "gro")
    assert edit.completions.isVisible()
    assert [edit.completions.item(i).text() for i in range(edit.completions.count())] == ["group"]
    qtbot.keyClick(edit, Qt.Key_Tab)
    qtbot.keyClick(edit, Qt.Key_Return)
    assert edit.text() == "group "
    qtbot.keyClicks(edit, "== 'no")
    qtbot.keyClick(edit, Qt.Key_Down)
    qtbot.keyClick(edit, Qt.Key_Return)
    assert edit.text() == "group == 'noise' "
    qtbot.keyClick(edit, Qt.Key_Return)
    settle()
    assert window.session.cluster_table.filter_text == "group == 'noise'"
    assert not edit.completions.isVisible()


def test_the_list_of_completions_lies_within_the_window_below_the_line(window, qtbot):
    edit = type_filter(qtbot, window, "group == ")
    assert edit.completions.isVisible()
    shown = edit.completions.geometry()
    line = QtCore.QRect(edit.mapTo(window, QtCore.QPoint(0, 0)), edit.size())
    assert window.rect().contains(shown)
    assert shown.top() > line.bottom()


def test_escape_clears_the_filter_though_the_list_is_open(window, qtbot):
    edit = type_filter(qtbot, window, "n_s")
    qtbot.keyClick(edit, Qt.Key_Escape)
    assert edit.text() == ""
    assert not edit.completions.isVisible()


def test_the_arrows_recall_filters_while_nothing_is_proposed(window, qtbot):
    edit = type_filter(qtbot, window, "n_spikes > 10")
    qtbot.keyClick(edit, Qt.Key_Return)
    edit.setFocus()
    edit.clear()
    qtbot.keyClick(edit, Qt.Key_Up)
    assert edit.text() == "n_spikes > 10"


def test_a_column_tells_its_range_on_hover(window):
    model = window.tables.clusters.model
    counts = sorted(window.session.clusters.value(c, "n_spikes") for c in window.session.cluster_ids)
    about = model.headerData(model.column_of("n_spikes"), Qt.Horizontal, Qt.ToolTipRole)
    assert about.startswith("Number of spikes\nmedian ")
    assert f"{counts[0]:,} to {counts[-1]:,}" in about
    assert f"{len(counts)} rows" in about


def cell_color(table, row, name):
    grid, model = table.grid, table.model
    column = model.column_of(name)
    x, y = grid.columnViewportPosition(column) + 3, grid.rowViewportPosition(row) + 3
    return grid.viewport().grab().toImage().pixelColor(x, y).getRgbF()[:3]


def choose(menu, text):
    next(a for a in menu.actions() if a.text() == text).trigger()


def test_cells_are_coloured_by_value(window, settle):
    table = window.tables.clusters
    ground = cell_color(table, 2, "n_spikes")
    menu = table.header.menu_of(table.model.column_of("n_spikes"))
    choose(menu, "Colour cells by value")
    settle()
    last = len(table.model.ids) - 1
    most, least = cell_color(table, 0, "n_spikes"), cell_color(table, min(last, 4), "n_spikes")
    assert most != ground
    assert most != least
    assert most == pytest.approx(VIRIDIS_COLORS[-1], abs=0.02)  # sorted by the number of spikes
    choose(table.header.menu_of(table.model.column_of("n_spikes")), "Colour cells by value")
    settle()
    assert cell_color(table, 2, "n_spikes") == ground


def test_a_selected_row_keeps_the_colour_of_its_selection(window, settle):
    table = window.tables.clusters
    choose(table.header.menu_of(table.model.column_of("n_spikes")), "Colour cells by value")
    window.session.select([table.model.ids[0]])
    settle()
    right = table.grid.columnViewportPosition(table.model.column_of("n_spikes")) + 9
    image = table.grid.viewport().grab().toImage()
    beside = table.grid.columnViewportPosition(table.model.column_of("id")) + 2
    y = table.grid.rowViewportPosition(0) + 3
    assert image.pixelColor(right, y) == image.pixelColor(beside, y)
    assert cell_color(table, 0, "n_spikes") == pytest.approx(VIRIDIS_COLORS[-1], abs=0.02)


def test_the_menu_of_a_column_sorts_and_copies(window, settle):
    table = window.tables.clusters
    choose(table.header.menu_of(table.model.column_of("depth")), "Sort ascending")
    assert window.session.cluster_table.sort_keys[0] == SortKey("depth", True)
    settle()
    choose(table.header.menu_of(table.model.column_of("depth")), "Copy this column")
    lines = QtWidgets.QApplication.clipboard().text().splitlines()
    assert lines[0] == "depth"
    assert [float(line) for line in lines[1:]] == sorted(float(line) for line in lines[1:])


def test_coloured_columns_are_remembered(window):
    table = window.tables.clusters
    choose(table.header.menu_of(table.model.column_of("fr")), "Colour cells by value")
    state = table.to_state()
    choose(table.header.menu_of(table.model.column_of("fr")), "Colour cells by value")
    table.apply_state(state)
    assert table.model.colored == {"fr"}
