"""Every snippet typed with real keys in the line that a colon opens; no snippet is without a test."""

from __future__ import annotations

import operator

import numpy as np
import pytest

from phy_medicine.gui.qt import QtWidgets
from phy_medicine.session.action_list import column_by_prefix

from .desk import MIDDLE_S, Desk
from .located import METHOD, positions
from .test_spec_keys import draw_lasso

COLUMNS = {"sns": "n_spikes", "sde": "depth", "sfr": "fr", "sam": "amp", "sch": "ch", "ssh": "sh"}

VIEWS = (
    ("WaveformView", ":wn 20", "settings.n_waveforms", 20),
    ("WaveformView", ":ww 0.5 1.25", "settings.after_ms", 1.25),
    ("CorrelogramView", ":cb 0.5", "settings.bin_ms", 0.5),
    ("CorrelogramView", ":cw 80", "settings.window_ms", 80),
    ("CorrelogramView", ":cr 1.5", "settings.refractory_ms", 1.5),
    ("ClusterScatterView", ":csx n_spikes", "settings.x_column", "n_spikes"),
    ("ClusterScatterView", ":csy amp", "settings.y_column", "amp"),
    ("ClusterScatterView", ":css depth", "settings.size_column", "depth"),
    ("HistogramView", ":hn 30", "block.bins.n", 30),
    ("HistogramView", ":hmin 1.5", "block.bins.low", 1.5),
    ("HistogramView", ":hmax 12", "block.bins.high", 12),
    ("HistogramView", ":hb 0.5", "block.bins.width", 0.5),
    ("ISIView", ":isin 40", "block.bins.n", 40),
    ("ISIView", ":isimin 1", "block.bins.low", 1),
    ("ISIView", ":isimax 21", "block.bins.high", 21),
    ("ISIView", ":isib 0.5", "block.bins.width", 0.5),
    ("ISIView", ":isir 1.2", "settings.refractory_ms", 1.2),
    ("FiringRateView", ":frn 50", "block.bins.n", 50),
    ("FiringRateView", ":frmin 2", "block.bins.low", 2),
    ("FiringRateView", ":frmax 12", "block.bins.high", 12),
    ("FiringRateView", ":frb 0.5", "block.bins.width", 0.5),
    ("TraceView", ":tg 12.5", "interval.center_s", 12.5),
    ("TraceView", ":ts 0.5", "interval.center_s", MIDDLE_S + 0.5),
    ("TraceView", ":ts -3", "interval.center_s", MIDDLE_S - 3),
    ("TraceImageView", ":tig 12.5", "interval.center_s", 12.5),
    ("TraceImageView", ":tis -0.5", "interval.center_s", MIDDLE_S - 0.5),
    ("PositionView", ":pp z-alpha", "settings.plane", "z-alpha"),
    ("LDAView", ":ln 3", "settings.n_nearest", 3),
    ("ClusterGridView", ":gn 1", "settings.n_nearest", 1),
    ("EventView", ":ew 300 700", "settings.before_ms", 300),
    ("EventView", ":eb 10", "settings.bin_ms", 10),
    ("EventView", ":es 15", "settings.smooth_ms", 15),
)
"""Kind of view, line, what it sets, and to what; also by a line from another panel, of the first view of the kind."""

ELSEWHERE = {
    "sm": "test_sm_shows_parts_or_says_none",
    "c": "test_c_selects", "g": "test_g_merges", "k": "test_k_splits", "l": "test_l_labels", "f": "test_f_filters",
    "s": "test_s_sorts", "fc": "test_fc_chooses_channels", "e": "test_e_chooses_a_kind_of_event",
    "xs": "test_xs_picks_a_spike",
    "mc": "test_mc_says_what_is_missing", "ld": "test_ld_says_what_is_missing",
    "pb": "test_pb_says_what_is_missing_and_takes_a_name",
    "ws": "test_ws_orders_the_workspace",
    "range": "test_range_and_range2", "range2": "test_range_and_range2",
}  # fmt: skip


@pytest.fixture
def fresh(desk: Desk):
    desk.start()
    yield desk
    desk.close_dialogs()
    desk.undo_all()


def best(desk: Desk) -> tuple[int, ...]:
    return desk.session.selection.best_ids


@pytest.mark.parametrize(("kind", "line", "path", "expected"), VIEWS, ids=[row[1] for row in VIEWS])
@pytest.mark.parametrize("from_table", [False, True])
def test_a_snippet_of_a_view_sets_what_it_names(fresh: Desk, kind, line, path, expected, from_table):
    fresh.start(kind)
    if from_table:
        fresh.window.tables.clusters.setFocus()
    fresh.run_line(line.removeprefix(":"))
    assert not fresh.window.line.isVisible(), fresh.window.status.message.text()
    tolerance = 0.1 if path.endswith("width") else 1e-6
    value = operator.attrgetter(path)(fresh.view)
    assert value == (expected if isinstance(expected, str) else pytest.approx(expected, rel=tolerance))


@pytest.mark.parametrize(
    ("line", "expected"),
    [("c 1 2 3", (1, 2, 3)), ("c 2,1", (2, 1)), ("c 4-7", (4, 5, 6, 7)), ("c 9, 4-5 2", (9, 4, 5, 2))],
)
def test_c_selects(fresh: Desk, line, expected):
    fresh.run_line(line)
    assert best(fresh) == expected and fresh.session.selection.similar_ids == ()


def test_g_merges(fresh: Desk):
    before = fresh.session.spike_clusters()
    merged = fresh.session.selection.cluster_ids
    fresh.run_line("g")
    (new,) = best(fresh)
    assert new > before.max()
    assert (fresh.session.spike_clusters() == new).sum() == sum((before == c).sum() for c in merged)


def test_ws_orders_the_workspace(fresh: Desk):
    fresh.session.next()
    fresh.session.collect()
    a, *_, b = best(fresh)
    fresh.run_line(f"ws {b} {a}")
    assert best(fresh)[:2] == (b, a)


def test_k_splits(fresh: Desk, qtbot):
    draw_lasso(fresh, qtbot)
    spikes = fresh.view.lasso_spike_ids()
    fresh.run_line("k")
    new = fresh.session.selection.best_ids[0]
    assert len(spikes) > 0 and set(fresh.session.spike_clusters()[spikes]) == {new}


def test_sm_shows_parts_or_says_none(fresh: Desk):
    fresh.run_line("sm")
    fresh.settle()
    said = fresh.window.status.message.text()
    supposed = fresh.session.suppose.current
    assert said.startswith("Split by a model: " if supposed else "No split supported")
    fresh.session.suppose.nothing()


LABELS = (
    ("fine", "fine"), ("tip of the shank - deep", "tip of the shank - deep"), ('"a-b c"', "a-b c"), ("it's", "it's"),
    ("-1", -1), ("5 um (a/b) \\ {x}; $HOME #1", "5 um (a/b) \\ {x}; $HOME #1"),
)  # fmt: skip


@pytest.mark.parametrize(("typed", "value"), LABELS)
def test_l_labels(fresh: Desk, typed, value):
    fresh.run_line(f"l note {typed}")
    selected = fresh.session.selection.cluster_ids
    assert [fresh.session.clusters.value(c, "note") for c in selected] == [value] * 2
    fresh.run_line("l note")
    assert fresh.session.clusters.value(selected[0], "note") is None


def test_f_filters(fresh: Desk):
    session = fresh.session
    counts = {c: len(session.data.spikes(c)) for c in session.cluster_ids}
    fresh.run_line("f n_spikes > 10")
    shown = set(session.cluster_table.visible_ids())
    assert shown == {c for c, n in counts.items() if n > 10} < set(counts)
    session.label("group", "a-b", [first := min(shown)])
    fresh.run_line("f group!='a-b'")
    assert set(session.cluster_table.visible_ids()) == set(counts) - {first}
    fresh.run_line('f group == "a-b"')
    assert session.cluster_table.visible_ids() == (first,)
    fresh.run_line("f depth > -5 and n_spikes - 3 > 7")
    assert set(session.cluster_table.visible_ids()) == shown
    fresh.run_line("f")
    assert session.cluster_table.n_shown == len(counts)


def sorting(desk: Desk) -> list[tuple[str, bool]]:
    return [(key.column, key.ascending) for key in desk.session.cluster_table.sort_keys]


def test_s_sorts(fresh: Desk):
    session = fresh.session
    fresh.run_line("s depth asc")
    depths = session.data.table.numbers("depth", session.cluster_table.visible_ids())
    assert sorting(fresh) == [("depth", True)] and (np.diff(depths) >= 0).all()
    fresh.run_line("s n_spikes")
    counts = [len(session.data.spikes(c)) for c in session.cluster_table.visible_ids()]
    assert sorting(fresh) == [("n_spikes", False)] and counts == sorted(counts, reverse=True)


def test_s_and_first_letters_sort_by_every_column(fresh: Desk):
    names = fresh.session.cluster_table.column_names
    by_letters = {f"s{name.replace('_', '')[:2].lower()}": name for name in reversed(names) if name != "id"}
    assert COLUMNS.items() <= by_letters.items()
    for line, name in by_letters.items():
        assert column_by_prefix(line[1:], names) == name
        for order, ascending in (("", False), (" asc", True)):
            fresh.run_line(line + order)
            assert sorting(fresh) == [(name, ascending)], line
    for name in names[1:]:
        fresh.run_line(f"s{name.replace('_', '')}")
        assert sorting(fresh)[0][0].lower() == name.lower()
    fresh.run_line("sns")


def test_move_puts_best_similar_or_all_into_a_group(fresh: Desk):
    manager, session = fresh.session.manager, fresh.session
    (a,), (b,) = session.selection.best_ids, session.selection.similar_ids
    for line, expected in (
        ("move good", ("good", None)), ("move mua similar", ("good", "mua")), ("move noise all", ("noise", "noise")),
        ("move unsorted best", ("unsorted", "noise")),
    ):  # fmt: skip
        session.select([a], [b])
        fresh.run_line(line)
        assert (manager.group(a), manager.group(b)) == expected
    session.select([a], [b])
    fresh.run_line("move good rest")
    assert "'rest' is not one of best, similar, all" in fresh.window.status.message.text()


def test_fc_chooses_channels(fresh: Desk):
    fresh.start("FeatureView")
    labels = fresh.session.data.channel_labels
    wanted = fresh.view.block.channel_ids[::-1][:2]
    fresh.run_line(f"fc {labels[wanted[0]]} {labels[wanted[1]]}")
    assert fresh.view.block.channel_ids[:2] == wanted


def test_e_chooses_a_kind_of_event(fresh: Desk):
    name = list(fresh.session.data.events)[-1]
    fresh.run_line(f'e "{name}"')
    assert fresh.view_of("EventView").settings.event == name


def test_mc_says_what_is_missing(fresh: Desk):
    fresh.run_line("mc")
    assert "motion" in fresh.window.status.message.text().lower()


def test_ld_says_what_is_missing(fresh: Desk):
    fresh.run_line("ld")
    assert "locali" in fresh.window.status.message.text().lower()


def test_pb_says_what_is_missing_and_takes_a_name(fresh: Desk):
    session, n = fresh.session, fresh.session.model.n_spikes
    settings = fresh.view_of("PositionView").settings
    fresh.run_line("pb mine")
    assert "no positions 'mine'" in fresh.window.status.message.text() and settings.baseline == ""
    session.store.add("localization", {"x_um": np.zeros(n), "depth_um": np.zeros(n)}, name="mine")
    session.localization.use(None)
    fresh.press("Esc")
    fresh.run_line("pb mine")
    changed = fresh.view_of("PositionView").settings
    assert (changed.baseline, changed.shifts) == ("mine", True), fresh.window.status.message.text()


def test_xs_picks_a_spike(fresh: Desk):
    fresh.start("ExplorerView")
    localization = fresh.session.localization
    fresh.run_line("xs 12")
    assert "Jobs > Positions of spikes" in fresh.window.status.message.text()
    fresh.close_dialogs()
    run = fresh.session.store.add("localization", positions(fresh.session), name="net", facts={"method": METHOD})
    localization.use(run.id)
    fresh.settle()
    fresh.session.select([])
    fresh.settle()
    fresh.run_line("xs 12")
    assert fresh.view.picked == 12 and "spike 12" in fresh.view.status
    localization.use(None)
    fresh.settle()


def test_range_and_range2(fresh: Desk):
    ranges = fresh.session.time_ranges
    fresh.run_line("range 2 8")
    fresh.run_line("range2 12 18.5")
    assert [(r.start_s, r.stop_s) for r in (ranges.a, ranges.b)] == [(2, 8), (12, 18.5)]
    fresh.run_line("clear_time_range")
    assert ranges.a is None and ranges.b is None


def test_any_action_can_be_called_by_its_full_name(fresh: Desk):
    before = best(fresh)
    fresh.run_line("next_best")
    assert best(fresh) != before
    fresh.run_line("previous-best")
    assert best(fresh) == before
    overlap = fresh.view_of("WaveformView").settings.overlap
    fresh.run_line("toggle_waveform_overlap")
    assert fresh.view_of("WaveformView").settings.overlap is not overlap


PASTED = ["c 3 5", ":c 3 5", " :c\t3,5\n", "c\N{NO-BREAK SPACE}3\N{NO-BREAK SPACE}5"]


@pytest.mark.parametrize("text", PASTED)
def test_a_pasted_line_runs_with_its_colon_tabs_and_line_ends(fresh: Desk, text):
    QtWidgets.QApplication.clipboard().setText(text)
    fresh.press(":", "Ctrl+V", "Return")
    assert best(fresh) == (3, 5), fresh.window.status.message.text()


def test_a_pasted_label_may_hold_any_sign(fresh: Desk):
    text = "l note “über” it's 5 µm\N{EN DASH}6 µm (a/b) \\ {x}; $HOME #1 10^3"
    QtWidgets.QApplication.clipboard().setText(text)
    fresh.press(":", "Ctrl+V", "Return")
    assert fresh.session.clusters.value(best(fresh)[0], "note") == text.removeprefix("l note ")


def test_escape_leaves_backspace_deletes_and_enter_runs(fresh: Desk):
    line, before = fresh.window.line, best(fresh)
    fresh.press(":")
    fresh.type("c 33")
    fresh.press("Backspace")
    assert line.text() == ":c 3"
    fresh.press("Esc")
    assert not line.isVisible() and best(fresh) == before
    fresh.run_line("c 3")
    assert best(fresh) == (3,)


def test_the_snippets_that_are_tested_are_all_there_are(desk: Desk):
    tested = {row[1].removeprefix(":").split(" ")[0]: row[0] for row in VIEWS}
    there = {a.alias: a.owner for a in desk.window.commands.table if a.alias}
    assert {alias for alias in there if alias not in ELSEWHERE} == set(tested)
    assert all(there[alias] == kind for alias, kind in tested.items())
    assert all(name in globals() for name in ELSEWHERE.values())
