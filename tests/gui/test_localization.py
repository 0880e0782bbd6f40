"""Positions of spikes in the window: real keys, tables, views, and what is remembered."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.motion.motion import Motion
from phy_medicine.gui.qt import Qt, QtCore
from phy_medicine.gui.run_switch import RunSwitch
from phy_medicine.session.session import Session
from phy_medicine.views.interact import Click

from .mouse import click

MOTION = Motion(np.full((2, 1), 7.0), np.array([0.0, 20.0]), np.array([0.0]))


@pytest.fixture
def session(dataset):
    """A session on a dataset whose store holds positions of spikes, some of them not known."""
    session = Session.open(dataset)
    rng, n = np.random.default_rng(0), session.model.n_spikes
    at = session.model.channel_positions[session.model.template_peak_channels[session.model.spike_templates]]
    xy = (at + rng.normal(0, 6, (n, 2))).astype(np.float32)
    z, alpha = rng.uniform(5, 60, n).astype(np.float32), rng.lognormal(9, 0.5, n).astype(np.float32)
    for values in (xy, z, alpha):
        values[::50] = np.nan
    arrays = {"x_um": xy[:, 0], "depth_um": xy[:, 1], "z_um": z, "alpha": alpha}
    session.store.add("localization", {**arrays, "x_um": xy[:, 0] + 3, "depth_um": xy[:, 1] + 4}, name="before")
    session.store.add("localization", arrays, name="mine")
    yield session
    session.close()


@pytest.fixture
def localized(window, session, qtbot, settle):
    """The window once the positions were read, as it is some time after opening."""
    window.localization.restore()
    qtbot.waitUntil(lambda: "Spread" in _titles(window.tables.clusters), timeout=20_000)
    settle()
    return window


def _titles(panel):
    return [c.title for c in panel.model.columns]


def test_nothing_of_the_positions_is_read_when_the_window_opens(session, open_window, monkeypatch):
    # What is done once the window is up must not come in between on a slow machine.
    monkeypatch.setattr(RunSwitch, "restore", lambda self: None)
    window = open_window(session)
    assert session.localization.known is None and "Loc. depth" not in _titles(window.tables.clusters)


def test_columns_appear_with_the_positions_and_go_with_them(localized, session, settle, qtbot):
    model = localized.tables.clusters.model
    assert {"Loc. x", "Loc. depth", "Spread"} <= set(_titles(localized.tables.clusters))
    row, column = 0, model.column_of("loc_depth")
    qtbot.waitUntil(lambda: model.text(row, column) not in ("", "…"), timeout=20_000)
    spikes = session.facts.spikes(model.ids[row])
    expected = np.nanmedian(session.localization.current.depth_um[spikes])
    assert float(model.text(row, column)) == pytest.approx(float(expected), abs=0.06)
    assert localized.commands.run_line("use_localization") == ""
    settle()
    assert "Loc. depth" not in _titles(localized.tables.clusters)
    assert "There is no localization 'x'" in localized.commands.run_line("use_localization x")
    assert localized.commands.run_line("use_localization mine") == ""
    settle()
    assert "Loc. depth" in _titles(localized.tables.similar)


def test_the_drift_view_shows_localized_depths_until_they_are_switched_off(localized, session, settle):
    session.select(session.cluster_ids[:1])
    panel = localized.panels.nth_or_new("DriftView", 0)
    panel.dock.raise_()
    settle()

    def drawn() -> np.ndarray:
        return np.sort(panel.view.block.selected.depths_um)

    spikes = session.facts.spikes(session.cluster_ids[0])
    found = session.localization.current.depth_um[spikes]
    before = drawn()
    assert np.isin(found[np.isfinite(found)], before).all() and "localized" in panel.view.status
    assert localized.commands.run_line("ld") == ""
    settle()
    assert not np.array_equal(before, drawn()) and "localized" not in panel.view.status


def test_clusters_are_compared_by_position(localized, session, settle):
    session.select(session.cluster_ids[:1])
    assert localized.commands.run_line("similarity position") == ""
    settle()
    expected = [c for c, _ in session.positions.similar(session.cluster_ids[0])]
    assert list(localized.tables.similar.model.ids) == expected


def test_the_list_of_results_marks_the_positions_in_use_and_opens_their_view(window, session, press, qtbot):
    press("Ctrl+J")
    runs = window.jobs.panel.runs
    qtbot.waitUntil(lambda: runs.tree.topLevelItemCount() == 1, timeout=20_000)
    run = session.store.runs("localization")[0]
    window.jobs.panel.show_result(run)

    def in_use() -> list[str]:
        entries = runs.tree.topLevelItem(0)
        return [t for i in range(entries.childCount()) if "in use" in (t := entries.child(i).text(0))]

    qtbot.waitUntil(lambda: [t.split()[0] for t in in_use()] == ["before"], timeout=20_000)
    assert session.localization.run.id == run.id and runs.buttons["Use"].isEnabled()
    assert any(panel.kind == "PositionView" for panel in window.panels)


@pytest.fixture
def view(localized, settle):
    panel = localized.panels.reopen_or_add("PositionView")
    panel.dock.raise_()
    settle()
    return panel.view


def _lasso(view, corners) -> None:
    for x, y in corners:
        view.add_lasso_corner(Click(0, 0, 0, x, y, 1, frozenset({"control"})))


def test_a_lasso_in_the_positions_splits_all_spikes_with_the_key(localized, session, view, settle, press):
    first = session.cluster_ids[0]
    session.select([first])
    settle()
    spikes = session.facts.spikes(first)
    xy = session.localization.current.of(spikes)
    middle = float(np.nanmedian(xy[:, 1]))
    _lasso(view, [(-1e5, middle), (1e5, middle), (1e5, 1e5), (-1e5, 1e5)])
    press("K")
    inside, rest = session.selection.best_ids
    assert np.array_equal(session.facts.spikes(inside), spikes[xy[:, 1] > middle])
    assert sorted([*session.facts.spikes(inside), *session.facts.spikes(rest)]) == spikes.tolist()
    press("Ctrl+Z")
    assert np.array_equal(session.facts.spikes(first), spikes)


def test_the_position_view_shows_spikes_where_the_table_says_and_without_the_motion(localized, session, view, settle):
    first = session.cluster_ids[0]
    session.select([first])
    settle()
    n_known = int(np.isfinite(session.localization.current.x_um[session.facts.spikes(first)]).sum())
    place = session.positions.get(first)
    assert len(view.block.x) == n_known and "without a value" in view.status
    assert np.median(view.block.x) == pytest.approx(place.x_um, abs=1e-3)
    assert np.median(view.block.y) == pytest.approx(place.depth_um, abs=1e-3)
    session.store.add("motion", MOTION.to_arrays(), name="seven")
    assert localized.commands.run_line("use_motion seven") == "" and localized.commands.run_line("mc") == ""
    settle()
    assert np.median(view.block.y) == pytest.approx(place.depth_um - 7, abs=1e-3)
    assert view.scene.axes.y == "Corrected depth (µm)"


def test_without_positions_the_view_says_how_to_get_them(localized, session, view, settle):
    session.select(session.cluster_ids[:1])
    session.localization.use(None)
    settle()
    assert "Positions of spikes" in view.status or "Positions of spikes" in view.scene.message


def test_the_probe_shows_each_spike_and_cluster_where_it_was_localized(localized, session, settle, press):
    panel = localized.panels.nth_or_new("ProbeView", 0)
    panel.dock.raise_()
    view, first = panel.view, session.cluster_ids[0]
    session.select([first])
    settle()
    xy = session.localization.current.of(session.facts.spikes(first))
    xy = xy[np.isfinite(xy[:, 0])]
    spikes, units = view.block.spikes, view.block.units
    assert np.array_equal(np.stack([spikes.x, spikes.y], 1), xy) and spikes.rows.max() == 0
    row = units.cluster_ids.tolist().index(first)
    assert (units.x[row], units.y[row]) == pytest.approx(tuple(np.median(xy, axis=0)), abs=1e-3)
    session.store.add("motion", MOTION.to_arrays(), name="seven")
    assert localized.commands.run_line("use_motion seven") == "" and localized.commands.run_line("mc") == ""
    settle()
    assert np.allclose(view.block.spikes.y, xy[:, 1] - 7, atol=1e-3)
    assert view.block.units.y[row] == pytest.approx(np.median(xy[:, 1]) - 7, abs=1e-3)
    assert localized.commands.run_line("toggle_probe_spikes") == ""
    settle()
    assert not len(view.block.spikes.x)


def test_z_and_strength_are_in_the_table_where_they_are_asked_for(localized, session, settle, qtbot):
    panel = localized.tables.clusters
    model, header = panel.model, panel.header
    sections = {name: model.column_of(name) for name in ("loc_depth", "loc_z", "loc_alpha")}
    assert [header.isSectionHidden(section) for section in sections.values()] == [False, True, True]
    assert {"Loc. z", "Loc. α"} <= set(_titles(panel))
    qtbot.waitUntil(lambda: "…" not in [model.text(0, section) for section in sections.values()], timeout=20_000)
    spikes = session.facts.spikes(model.ids[0])
    for name, values in (
        ("loc_z", session.localization.current.z_um),
        ("loc_alpha", session.localization.current.alpha),
    ):
        shown = float(model.text(0, sections[name]).replace(",", ""))
        assert shown == pytest.approx(float(np.nanmedian(values[spikes])), rel=0.01)
    assert localized.commands.run_line("sort loc_z asc") == ""
    settle()
    medians = [session.positions.get(c).z_um for c in model.ids]
    assert medians == sorted(medians)


def test_the_cluster_scatter_takes_z_and_strength_as_axes_and_colours(localized, session, settle, qtbot):
    panel = localized.panels.reopen_or_add("ClusterScatterView")
    panel.dock.raise_()
    for line in ("csx loc_z", "csy loc_alpha"):
        assert localized.commands.run_line(line) == ""
    settle()
    block, ids = panel.view.block, panel.view.block.cluster_ids.tolist()
    qtbot.waitUntil(lambda: np.isfinite(panel.view.block.y.values).all(), timeout=20_000)
    block = panel.view.block
    places = [session.positions.get(c) for c in ids]
    assert np.allclose(block.x.values, [p.z_um for p in places]) and block.x.title == "Loc. z (µm)"
    assert np.allclose(block.y.values, [p.alpha for p in places])
    panel.view.change(colors="loc_alpha")
    settle()
    qtbot.waitUntil(lambda: len(np.unique(panel.view.block.colors, axis=0)) > 5, timeout=20_000)
    brightest = panel.view.block.colors[int(np.argmax(block.y.values))]
    assert brightest[:3] == pytest.approx([252 / 255, 1, 164 / 255], abs=0.01)


def test_keys_turn_planes_and_colours_and_draw_lines_from_another_run(localized, session, view, settle, press):
    session.select([session.cluster_ids[0]])
    next(panel for panel in localized.panels if panel.view is view).dock.give_focus()
    settle()
    press("P")
    settle()
    assert (view.scene.axes.x, view.scene.axes.y) == ("x (µm)", "z (µm)")
    z = session.localization.current.z_um
    assert np.array_equal(view.block.y, z[view.block.spike_ids])
    press("Shift+P")
    settle()
    assert view.settings.color == "alpha" and view.block.scale.title == "log10 α"
    press("Shift+Alt+P")
    settle()
    assert view.block.shifts.run == "before" and "5 µm from before" in view.status
    assert np.nanmax(np.abs(view.block.shifts.um - 5)) < 1e-3
    assert localized.commands.run_line("pb") == "" and localized.commands.run_line("pp alpha-depth") == ""
    settle()
    assert view.scene.axes.x == "log10 α"


def test_clusters_are_compared_by_templates_and_positions(localized, session, settle):
    session.select(session.cluster_ids[:1])
    assert localized.commands.run_line("similarity template_position") == ""
    settle()
    assert localized.tables.docks["Similar"].bar._title == "Similar · template and position similarity"
    expected = list(session.similar.rows(session.cluster_ids[0]))
    assert list(localized.tables.similar.model.ids) == expected
    assert localized.commands.run_line("use_localization") == ""
    settle()
    assert "template similarity" in localized.tables.docks["Similar"].bar._title
    assert "No positions of spikes are in use" in localized.commands.run_line("similarity position")


def test_clicks_in_the_steadiness_show_that_moment_in_the_traces(localized, session, settle, qtbot, monkeypatch):
    view = localized.panels.reopen_or_add("SteadinessView").view
    went: list[float] = []
    monkeypatch.setattr(view.host, "go_to_time", lambda time_s, cluster_id=None: went.append(time_s))
    settle()
    assert "observed" in view.status and view.block.other is None

    def at(time_s: float, other_s: float) -> QtCore.QPoint:
        x, y = view.panels.to_pixels(0, time_s, other_s)
        return QtCore.QPoint(round(float(x) / view.ratio), round(float(y) / view.ratio))

    click(qtbot, view, at(5.0, 15.0), modifiers=Qt.NoModifier)
    click(qtbot, view, at(5.0, 15.0), modifiers=Qt.ShiftModifier)
    settle()
    assert went == pytest.approx([5.0, 15.0], abs=0.2)
    session.store.add("motion", MOTION.to_arrays(), name="seven")
    assert localized.commands.run_line("use_motion seven") == "" and localized.commands.run_line("mc") == ""
    settle()
    assert view.status.startswith("corrected")
