"""Similarities and colour schemes of plugins in the window: menus, wheel, and what happens when they go."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.gui.qt import QtWidgets
from phy_medicine.gui.similarity_menu import fill_similarity_menu
from phy_medicine.gui.view_menu import fill_view_menu
from phy_medicine.session.extensions import ClusterColors, Metric, Similarity, TraceFilter

pytestmark = pytest.mark.usefixtures("few_views")


def title(window):
    return window.tables.docks["Similar"].bar._title


def near(session):
    return lambda c: [(i, -float(abs(i - c))) for i in sorted(session.cluster_ids, key=lambda i: abs(i - c))]


def test_the_menu_offers_the_similarity_and_space_follows_it(window, settle, press, qtbot):
    session = window.session
    session.extensions.similarities.add(Similarity("near", near(session), "nearest id", "By the ids alone."))
    session.select([4])
    settle()
    menu = fill_similarity_menu(QtWidgets.QMenu(window), session.similar, window.commands.guard)
    entry = next(a for a in menu.actions() if a.data() == "near")
    assert (entry.text(), entry.toolTip()) == ("Nearest id", "By the ids alone.")
    entry.trigger()
    qtbot.waitUntil(lambda: title(window) == "Similar · nearest id")
    settle()
    press("Space")
    assert session.selection.similar_ids == (3,)
    session.extensions.similarities.remove("near")
    qtbot.waitUntil(lambda: title(window) == "Similar · template similarity")


def test_a_similarity_that_takes_long_leaves_the_window_at_work(window, settle, press, qtbot):
    session, enough = window.session, threading.Event()
    session.similarity_values.patience_s = 0.02
    session.extensions.similarities.add(Similarity("slow", lambda c: enough.wait(20) and near(session)(c)))
    session.select([4])
    window.commands.run_line("similarity slow")
    settle()
    assert title(window) == "Similar · template similarity, slow soon"
    begin = time.perf_counter()
    press("Down", "Space")
    assert time.perf_counter() - begin < 10 and session.selection.similar_ids
    enough.set()
    qtbot.waitUntil(lambda: title(window) == "Similar · slow", timeout=20_000)


@pytest.fixture
def scatter(window, settle):
    window.commands.run_line("add_view ClusterScatterView")
    settle()
    return next(v for v in window.host.views if v.name == "ClusterScatterView")


def test_a_colour_scheme_is_in_the_menu_and_on_the_wheel_and_colours_discs(window, scatter, settle, qtbot):
    session = window.session
    session.extensions.color_schemes.add(ClusterColors("mine", lambda c: c % 2, [[1, 0, 0], [0, 0, 1]]))
    settle()
    assert "mine" in scatter.params()[-1].choices
    panel = next(p for p in window.panels if p.view is scatter)
    menu = fill_view_menu(QtWidgets.QMenu(window), panel, window.commands)
    offered = [a.text() for entry in menu.actions() if entry.menu() for a in entry.menu().actions()]
    assert "mine" in offered
    while scatter.settings.colors != "mine":
        scatter.on_wheel(frozenset({"shift"}), 1)
    expected = {c: (0, 0, 1) if c % 2 else (1, 0, 0) for c in session.cluster_ids}

    def drawn():
        block = scatter.block
        return {
            int(c): tuple(np.rint(rgb[:3]).astype(int)) for c, rgb in zip(block.cluster_ids, block.colors, strict=True)
        }

    qtbot.waitUntil(lambda: drawn() == expected, timeout=20_000)


def test_a_scheme_that_goes_gives_way_to_the_default_and_says_so(window, scatter, settle):
    registry = window.session.extensions.color_schemes
    registry.add(ClusterColors("mine", float))
    scatter.change(colors="mine")
    registry.remove("mine")
    settle()
    assert scatter.settings.colors == "cluster_group"
    assert window.status.message.text() == "mine is gone with its plugin; Cluster scatter is back to cluster_group."
    with pytest.raises(PhyMedError, match="colors must be one of"):
        scatter.change(colors="mine")


def test_a_saved_scheme_of_a_plugin_that_is_not_here_is_left_out(scatter):
    scatter.restore({"settings": {"colors": "of a plugin", "largest": 20.0}})
    assert (scatter.settings.colors, scatter.settings.largest) == ("cluster_group", 20.0)


def test_a_filter_is_in_menu_settings_and_keys_and_gives_way_when_it_goes(usual_views, window, settle, press, qtbot):
    session = window.session
    panel = next(p for p in window.panels if p.kind == "TraceView")
    trace = panel.view
    panel.dock.raise_()
    qtbot.waitUntil(lambda: trace.block is not None, timeout=20_000)
    session.extensions.filters.add(TraceFilter("fives", lambda data, rate: np.full_like(data, 5.0), "all fives"))
    settle()
    assert window.commands.run("filter_fives") == ""
    qtbot.waitUntil(lambda: bool((trace.block.traces.data == 5.0).all()), timeout=20_000)
    assert (trace.settings.filter, trace.filter_words) == ("fives", "all fives")
    texts = [a.text() for a in fill_view_menu(QtWidgets.QMenu(window), panel, window.commands).actions()]
    assert "Signal: all fives" in texts
    press("Alt+R")
    assert trace.settings.filter == "none"
    press("Alt+R")
    assert trace.settings.filter == "fives"
    session.extensions.filters.add(TraceFilter("fives", lambda data, rate: np.full_like(data, 6.0)))
    qtbot.waitUntil(lambda: bool((trace.block.traces.data == 6.0).all()), timeout=20_000)
    for _ in range(2):
        session.extensions.filters.remove("fives")
    settle()
    assert trace.settings.filter == "high-pass" and "filter_fives" not in window.commands.table
    assert "fives is gone with its plugin" in window.status.message.text()


def test_a_plugins_high_pass_is_seen_in_waveforms_at_once(window, settle, qtbot):
    session = window.session
    session.select(session.cluster_ids[:1])
    settle()
    view = next(v for v in window.host.views if v.name == "WaveformView")
    before = view.block
    session.extensions.filters.add(TraceFilter("high_pass", lambda data, rate: data * 0))
    qtbot.waitUntil(lambda: view.block is not before, timeout=20_000)
    channels = session.data.best_channels(session.cluster_ids[0])
    assert not session.data.waveforms(session.cluster_ids[0], channels).data.any()


def test_a_script_waits_for_the_order_that_it_asked_for(session, open_window, qtbot):
    session.extensions.metrics.add(Metric("late", lambda c: time.sleep(0.01) or -c))
    window = open_window(session)
    codes = []
    window.run_script(["sort late", "next", "next_best"], codes.append)
    qtbot.waitUntil(lambda: bool(codes), timeout=20_000)
    assert codes == [0] and session.selection.best_ids == tuple(sorted(session.cluster_ids)[1:2])
