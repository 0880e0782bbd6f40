"""Layouts: those of the program, saved ones, files; and one panel that fills the window for a while."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError
from phy_medicine.gui import layout, layout_file
from phy_medicine.gui.dock import Dock
from phy_medicine.gui.layout_file import FORMAT, Cell, Layout, PanelName, tree_of

# The tree, without a window


def cells_of(node, x=0, y=0, width=1024, height=1024):
    """Place a tree in a rectangle by the obvious way: whole pixels, no gaps."""
    if "tabs" in node:
        return [Cell(tuple(node["tabs"]), node.get("front", node["tabs"][0]), (x, y, width, height))]
    way = "row" if "row" in node else "column"
    cells = []
    for child, size in zip(node[way], node["sizes"], strict=True):
        cells += cells_of(child, x, y, *((size, height) if way == "row" else (width, size)))
        x, y = (x + size, y) if way == "row" else (x, y + size)
    return cells


@st.composite
def trees(draw, depth=3, width=1024, height=1024, avoid="", names=None):
    names = iter(range(1000)) if names is None else names
    way = draw(st.sampled_from([w for w in ("row", "column") if w != avoid]))
    total = width if way == "row" else height
    if depth == 0 or total < 64 or draw(st.booleans()):
        tabs = [f"V{next(names)}" for _ in range(draw(st.integers(1, 3)))]
        front = draw(st.sampled_from(tabs))
        return {"tabs": tabs, **({"front": front} if front != tabs[0] else {})}
    first = draw(st.integers(16, total - 16))
    sizes = [first, total - first]
    children = [
        draw(trees(depth - 1, *((s, height) if way == "row" else (width, s)), avoid=way, names=names)) for s in sizes
    ]
    return {way: children, "sizes": sizes}


@given(trees())
def test_a_tree_is_read_back_from_where_its_cells_are(tree):
    read = tree_of(cells_of(tree))
    # Where both cuts go through the tree may be another one, of the same picture.
    assert sorted(cells_of(read), key=str) == sorted(cells_of(tree), key=str)


def test_a_row_with_a_column_in_it_is_read_as_such():
    cells = [
        Cell(("A", "B"), "B", (0, 0, 40, 104)),
        Cell(("C",), "C", (44, 0, 60, 50)),
        Cell(("D",), "D", (44, 54, 60, 50)),
    ]
    assert tree_of(cells) == {
        "row": [{"tabs": ["A", "B"], "front": "B"}, {"column": [{"tabs": ["C"]}, {"tabs": ["D"]}], "sizes": [50, 50]}],
        "sizes": [40, 60],
    }


@pytest.mark.parametrize(("panel", "parts"), [
    ("ProbeView", ("ProbeView", "a", 0)), ("ProbeView (2)", ("ProbeView", "a", 2)),
    ("ProbeView B", ("ProbeView", "b", 0)), ("ProbeView B (1)", ("ProbeView", "b", 1)),
    ("Jobs (x)", ("Jobs (x)", "a", 0)),
])  # fmt: skip
def test_range_and_number_of_a_panel_are_part_of_its_name(panel, parts):
    assert PanelName.read(panel) == PanelName(*parts) and str(PanelName(*parts)) == panel


def test_every_layout_of_the_program_is_a_layout_for_both_widths():
    for name in layout.built_in_names():
        for width in (1280, 1920):
            arrangement = layout.built_in(name, width)
            read = layout_file.from_json(Layout(name, arrangement).to_json())
            wanted = {"TraceView", "ProbeView"} if name == layout.RECORDING else {"Clusters", "Similar", "WaveformView"}
            assert wanted <= set(read.panels), name


def content(**changes):
    good = {"format": FORMAT, "version": 1, "name": "x", "arrangement": {"tabs": ["ProbeView"]}}
    return json.dumps({**good, **changes})


BAD = [
    ("{", "not a JSON file"),
    ("[" * 100_000, "not a JSON file"),
    ("[]", "no layout"),
    (content(version=2), "version 1"),
    (content(arrangement={}), "neither tabs"),
    (content(arrangement={"tabs": []}), "neither tabs"),
    (content(arrangement={"tabs": [3]}), "names of panels"),
    (content(arrangement={"row": [{"tabs": ["A"]}], "sizes": []}), "one positive size"),
    (content(arrangement={"row": [{"tabs": ["A"]}], "sizes": [-1]}), "one positive size"),
    (content(arrangement={"tabs": ["A", "A"]}), "named twice"),
    (content(floating={"A": [1, 2]}), "x, y, width, height"),
    (content(views=[]), "not a table"),
]


@pytest.mark.parametrize(("text", "sentence"), BAD)
def test_a_bad_file_is_refused_in_a_sentence(tmp_path, text, sentence):
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(ActionError, match=sentence):
        layout_file.read(tmp_path / "bad.json")


# In the window


def places(window):
    """Where every dock is and what is in sight."""
    docks = [d for d in window.findChildren(Dock) if not d.isHidden()]
    return {
        d.objectName(): (
            d.isFloating(),
            d.visibleRegion().isEmpty(),
            None if d.visibleRegion().isEmpty() else d.geometry(),
        )
        for d in docks
    }


def panels_in_sight(window):
    return {p.kind for p in window.panels if p.open}


@pytest.mark.parametrize("name", ["drift", "traces", "recording", "minimal", "curation"])
def test_a_layout_of_the_program_shows_its_panels_and_no_others(window, settle, name):
    assert window.commands.run_line(f"layout {name}") == ""
    settle()
    wanted = {k for k in layout.kinds_of(layout.built_in(name, 1280)) if k in window.panels.kinds}
    assert panels_in_sight(window) == wanted
    small = [
        d for d in window.findChildren(Dock) if not d.visibleRegion().isEmpty() and min(d.width(), d.height()) < 150
    ]
    assert small == []


def test_a_saved_layout_brings_back_places_tabs_settings_and_a_second_view(window, settle, qtbot):
    run = window.commands.run_line
    run("add_view AmplitudeView")
    first = next(p for p in window.panels if p.kind == "AmplitudeView")
    second = [p for p in window.panels if p.kind == "AmplitudeView"][1]
    first.view.change(marker_size=7.0)
    second.view.change(marker_size=3.0)
    probe = next(p.dock for p in window.panels if p.kind == "ProbeView")
    probe.setFloating(True)
    probe.setGeometry(60, 70, 400, 300)
    settle()
    before = places(window)
    assert run("save_layout my own") == ""
    run("layout minimal")
    first.view.change(marker_size=4.0)
    settle()
    assert places(window) != before
    assert run("layout my own") == ""
    settle()
    qtbot.waitUntil(lambda: close(places(window), before))
    assert (first.view.settings.marker_size, second.view.settings.marker_size) == (7.0, 3.0)


def close(now, before) -> bool:
    """Whether docks are where they were, to within the rounding of shares to pixels."""
    if now.keys() != before.keys():
        return False
    pairs = [(now[name], before[name]) for name in now]
    return all(
        a[:2] == b[:2]
        and (a[2] is None or max(abs(p - q) for p, q in zip(a[2].getRect(), b[2].getRect(), strict=True)) <= 8)
        for a, b in pairs
    )


def test_layouts_are_renamed_deleted_and_remembered(window):
    run = window.commands.run_line
    run("save_layout one")
    assert run("rename_layout one two") == ""
    assert window.layouts.names()[-1] == "two"
    assert set(window.state.get("layouts")) == {"two"}
    assert "layout of the program" in run("delete_layout drift")
    assert "layout of the program" in run("save_layout Drift")
    assert "There is no layout one" in run("layout one")
    assert run("delete_layout two") == ""
    assert window.state.get("layouts") == {}


def test_a_layout_goes_through_a_file(window, settle, tmp_path):
    run = window.commands.run_line
    run("save_layout mine")
    assert run(f"export_layout mine {tmp_path / 'mine'}") == ""
    text = (tmp_path / "mine.json").read_text()
    assert "AAAA" not in text
    assert json.loads(text)["arrangement"]["row"][0]["column"][0] == {"tabs": ["Clusters"]}
    run("delete_layout mine")
    run("layout minimal")
    assert run(f"import_layout {tmp_path / 'mine.json'}") == ""
    settle()
    assert "TraceView" in panels_in_sight(window)
    assert run(f"import_layout {tmp_path / 'mine.json'}") == ""
    assert window.layouts.names()[-2:] == ("mine", "mine (1)")


def test_what_is_unknown_in_a_layout_is_left_out_and_said(window, settle, tmp_path):
    (tmp_path / "odd.json").write_text(content(arrangement={"tabs": ["NoSuchView", "ProbeView"]}))
    assert window.commands.run_line(f"import_layout {tmp_path / 'odd.json'}") == ""
    settle()
    assert panels_in_sight(window) == {"ProbeView"}
    assert "NoSuchView" in window.status.message.text()


@pytest.mark.parametrize(
    "text",
    [BAD[0][0], content(arrangement={"tabs": ["NoSuchView"]}),
     content(views={"ProbeView": {"settings": {"labels": "perhaps"}}}), content(views={"ProbeView": {"settings": 3}})],
)  # fmt: skip
def test_a_file_that_cannot_be_used_changes_nothing(window, settle, tmp_path, text):
    (tmp_path / "bad.json").write_text(text)
    before = places(window)
    assert "othing was changed" in window.commands.run_line(f"import_layout {tmp_path / 'bad.json'}")
    settle()
    assert places(window) == before
    assert window.layouts.own == {}


def test_the_menu_lists_the_layouts(window):
    window.commands.run_line("save_layout mine")
    menu = window.menus.menus["View"].findChild(type(window.menus.menus["View"]))
    window.layouts.fill(menu)
    texts = [entry.text() for entry in menu.actions()]
    assert texts[:4] == ["Curation", "Drift", "Traces", "Minimal"]
    assert "mine" in texts
    menu.actions()[3].trigger()
    assert panels_in_sight(window) == {"WaveformView", "CorrelogramView", "AmplitudeView"}


# Focus mode


def test_f11_fills_the_window_with_the_focused_view_and_brings_everything_back(window, press, settle, qtbot):
    press("Space")
    probe = next(p.dock for p in window.panels if p.kind == "ProbeView")
    probe.setFloating(True)
    probe.setGeometry(60, 70, 400, 300)
    drift = next(p.dock for p in window.panels if p.kind == "DriftView")
    drift.raise_()
    settle()
    panel = next(p for p in window.panels if p.kind == "CorrelogramView")
    panel.dock.give_focus()
    settle()
    before = places(window)
    press("F11")
    in_sight = [name for name, (_f, hidden, _g) in places(window).items() if not hidden]
    assert in_sight == [panel.name]
    assert panel.dock.width() > 1200
    assert panel.dock.height() > 600
    press("Space")
    window.set_theme("light")
    window.set_theme("dark")
    settle()
    assert panel.view.cluster_ids == window.session.selection.cluster_ids
    press("F11")
    qtbot.waitUntil(lambda: places(window) == before)
    assert panel.dock.content.hasFocus()


def test_a_floating_view_fills_the_window_and_floats_again(window, press, settle, qtbot):
    press("Space")
    panel = next(p for p in window.panels if p.kind == "ProbeView")
    panel.dock.setFloating(True)
    panel.dock.setGeometry(60, 70, 400, 300)
    panel.dock.activateWindow()
    panel.dock.give_focus()
    qtbot.waitUntil(lambda: panel.dock.bar.focused)
    window.focus_mode.toggle()
    settle()
    assert not panel.dock.isFloating()
    assert panel.dock.width() > 1200
    window.focus_mode.toggle()
    settle()
    assert panel.dock.isFloating()
    assert panel.dock.geometry().getRect() == (60, 70, 400, 300)
    assert panel.dock.updatesEnabled()


def test_a_panel_closed_in_focus_mode_is_closed_and_the_others_come_back(window, press, settle):
    panel = next(p for p in window.panels if p.kind == "CorrelogramView")
    panel.dock.give_focus()
    press("F11")
    panel.dock.close()
    settle()
    assert not panel.open
    assert window.tables.docks["Clusters"].isVisible()
    assert not window.focus_mode.on


def test_the_window_remembers_its_panels_and_not_the_focus_mode(window, press):
    press("F11")
    window.arrangement.remember()
    assert len(window.state.get("panels")) > 3


def test_a_table_can_fill_the_window_too(window, press):
    window.tables.clusters.setFocus()
    press("F11")
    assert [d for d in window.findChildren(Dock) if not d.isHidden()] == [window.tables.docks["Clusters"]]
    window.commands.run_line("layout minimal")
    assert not window.focus_mode.on
