"""The panel of suggestions: what it lists and why, and that the keys alone are enough."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.base.reasons import Reason
from phy_medicine.curation.suggestions import Suggestion
from phy_medicine.gui.qt import Qt, QtGui, QtWidgets
from phy_medicine.gui.suggestion_list import CLUSTERS, GAIN, KIND, SURE
from phy_medicine.views.theme import LIGHT

pytestmark = pytest.mark.usefixtures("few_views")

REASONS = (
    Reason("far apart, 38 µm", "distance_um", 38.0, "against"),
    Reason("templates alike, cosine 0.93", "cosine", 0.93, "for"),
)


@pytest.fixture
def offered(window):
    """A merge of two clusters, a split, a noise and a multi-unit cluster, in this order; nothing else is looked for."""
    session = window.session
    session.walk.begun = True
    a, b, c, d, e = session.cluster_ids[:5]
    parts = np.arange(len(session.facts.spikes(c)), dtype=np.int32) % 2
    made = [
        Suggestion("merge", (a, b), 4000.0, 0.93, REASONS, "somebody"),
        Suggestion("split", (c,), 3000.0, 0.8, parts=parts),
        Suggestion("noise", (d,), 2000.0, 0.7),
        Suggestion("mua", (e,), 1000.0, 0.6),
    ]
    session.suggestions.offer(made)
    return made


@pytest.fixture
def panel(window, offered, press):
    press("Q")
    return window.suggesting.panel


def column(panel, n):
    return [panel.model.index(row, n).data() for row in range(panel.model.rowCount())]


def about(window):
    return window.session.suggestions.queue.current.about


# What it shows


def test_it_lists_them_by_gain_with_kind_clusters_and_confidence(window, panel, offered):
    assert column(panel, KIND) == ["Merge", "Split", "Noise", "MUA"]
    assert column(panel, GAIN) == ["4,000", "3,000", "2,000", "1,000"]
    assert column(panel, SURE) == ["93%", "80%", "70%", "60%"]
    largest = sorted(offered[0].cluster_ids, key=lambda c: -window.session.facts.stats(c).n_spikes)
    assert column(panel, CLUSTERS)[0] == ", ".join(map(str, largest))
    assert [chip.text().split() for chip in panel.chips.values()] == [
        ["Merge", "1"], ["Split", "1"], ["Noise", "1"], ["MUA", "1"],
    ]  # fmt: skip


def test_the_current_one_says_what_speaks_for_it_and_then_what_speaks_against_it(panel):
    text = QtGui.QTextDocument()
    text.setHtml(panel.reasons.reasons.text())
    assert text.toPlainText().split("\n") == ["✓", "Templates alike, cosine 0.93", "✖", "Far apart, 38 µm", ""] or (
        text.toPlainText().index("Templates alike, cosine 0.93") < text.toPlainText().index("Far apart, 38 µm")
    )
    assert "93% sure" in panel.reasons.title.text()
    assert "4,000 spikes to gain" in panel.reasons.title.text()


def test_the_clusters_of_the_current_one_stand_on_the_colours_they_have_in_the_views(window, panel):
    window.resize(1500, 800)
    QtWidgets.QApplication.processEvents()
    picture = panel.table.viewport().grab().toImage()
    place = panel.table.visualRect(panel.model.index(0, CLUSTERS))
    colors = window.session.colors.of(window.session.selection.cluster_ids)[:, :3]
    y = place.center().y()
    seen = [picture.pixelColor(x, y) for x in range(place.left(), place.right())]
    for red, green, blue in colors:
        near = [abs(c.redF() - red) + abs(c.greenF() - green) + abs(c.blueF() - blue) for c in seen]
        assert min(near) < 1.2
    assert any(c.blueF() > 0.5 and c.redF() < 0.2 for c in seen)
    assert any(c.redF() > 0.5 and c.blueF() < 0.2 for c in seen)


def test_where_nothing_is_left_it_says_why(window, panel, press, settle):
    assert panel.empty.isHidden()
    window.session.suggestions.queue.kinds = frozenset()
    panel.refresh()
    assert panel.empty.text() == "No suggestion of the kinds that are shown; 4 of other kinds."
    window.commands.run("suggestion_kinds")
    for _ in range(4):
        press("X")
    assert "0 accepted, 4 rejected" in panel.empty.text()
    assert panel.empty.isVisible()


def test_it_follows_the_theme(window, panel):
    window.set_theme("light")
    assert LIGHT.accent in panel.reasons.reasons.text()


# The keys


def test_the_keys_alone_are_enough(window, offered, press):
    session = window.session
    (a, b), (c,), (d,), (e,) = (s.cluster_ids for s in offered)
    press("J")
    assert {*session.selection.cluster_ids} == {a, b}
    assert window.suggesting.tool.in_sight
    press("Y")
    assert session.history.items[0].action.cluster_ids == (a, b)
    assert session.selection.cluster_ids == (c,)
    assert len(session.suppose.current.clusters) == 2
    press("J")
    assert session.selection.cluster_ids == (d,)
    press("Shift+J")
    assert session.selection.cluster_ids == (c,)
    press("Y")
    assert not session.facts.contains(c)
    assert session.selection.cluster_ids == (d,)
    press("X")
    assert session.selection.cluster_ids == (e,)
    press("Shift+X")
    assert session.selection.cluster_ids == (d,)
    press("Z")
    assert session.selection.cluster_ids == (e,)
    press("Y")
    assert session.manager.group(e) == "mua"
    assert window.suggesting.panel.counts.text() == "3 accepted \N{MIDDLE DOT} 1 later"


def test_undo_brings_it_back_into_the_list(window, panel, offered, press):
    press("Y")
    assert column(panel, KIND) == ["Split", "Noise", "MUA"]
    assert panel.counts.text() == "1 accepted \N{MIDDLE DOT} 0 later"
    press("Ctrl+Z")
    assert column(panel, KIND) == ["Merge", "Split", "Noise", "MUA"]
    assert panel.counts.text() == "0 accepted \N{MIDDLE DOT} 0 later"
    assert about(window) == offered[0].about
    assert window.session.walk.looking


def test_a_merge_is_seen_as_one_with_the_key_of_what_if_and_then_done(window, panel, offered, press):
    press("T")
    assert window.session.suppose.current.parts == offered[0].cluster_ids
    press("Y")
    assert window.session.history.items[0].action.cluster_ids == offered[0].cluster_ids
    assert about(window) == offered[1].about


def test_after_another_selection_a_decision_shows_the_suggestion_first(window, panel, offered, press):
    window.session.select(window.session.cluster_ids[-1:])
    press("Y")
    assert not window.session.history.items
    assert {*window.session.selection.cluster_ids} == {*offered[0].cluster_ids}
    assert "once more" in window.status.message.text()
    press("Y")
    assert len(window.session.history.items) == 1


def test_the_arrows_move_in_the_list_and_elsewhere_in_the_cluster_table(window, panel, offered, press):
    assert panel.table.hasFocus()
    press("Down")
    assert window.session.selection.cluster_ids == offered[1].cluster_ids
    press("End")
    assert window.session.selection.cluster_ids == offered[3].cluster_ids
    window.tables.clusters.setFocus()
    before = about(window)
    press("Home", "Down")
    assert about(window) == before


def test_rejected_ones_are_listed_and_offered_again_by_keys(window, panel, offered, press):
    press("X", "X")
    assert panel.rejected.text() == "2 rejected"
    press("Shift+Q")
    assert panel.shows_rejected
    assert column(panel, KIND) == ["Merge", "Split"]
    assert panel.table.rowHeight(0) == panel.table.rowHeight(1)
    press("Down")
    assert window.session.selection.cluster_ids == offered[1].cluster_ids
    press("Return")
    assert column(panel, KIND) == ["Merge"]
    press("Shift+Q")
    assert column(panel, KIND) == ["Split", "Noise", "MUA"]
    press("Shift+Q", "Shift+X")
    assert not panel.shows_rejected
    assert column(panel, KIND) == ["Merge", "Split", "Noise", "MUA"]


def test_kinds_are_chosen_by_the_line_and_by_the_mouse(window, panel, qtbot, press):
    window.commands.run_line("suggestion_kinds noise mua")
    panel.refresh()
    assert column(panel, KIND) == ["Noise", "MUA"]
    qtbot.mouseClick(panel.chips["mua"], Qt.LeftButton)
    assert column(panel, KIND) == ["Noise"]
    assert "no kind of suggestion good" in window.commands.run_line("suggestion_kinds good")
    window.commands.run_line("suggestion_kinds")
    panel.refresh()
    assert column(panel, KIND) == ["Merge", "Split", "Noise", "MUA"]


def test_a_click_looks_at_one_and_the_buttons_decide(window, panel, offered, qtbot, settle):
    place = panel.table.visualRect(panel.model.index(2, CLUSTERS)).center()
    qtbot.mouseClick(panel.table.viewport(), Qt.LeftButton, pos=place)
    assert window.session.selection.cluster_ids == offered[2].cluster_ids
    qtbot.mouseClick(panel.reasons.accept, Qt.LeftButton)
    settle()
    assert window.session.manager.group(offered[2].cluster_ids[0]) == "noise"
    qtbot.mouseClick(panel.reasons.later, Qt.LeftButton)
    qtbot.mouseClick(panel.reasons.reject, Qt.LeftButton)
    settle()
    assert panel.counts.text() == "1 accepted \N{MIDDLE DOT} 1 later"
    assert panel.rejected.text() == "1 rejected"


# While they are looked for


def test_the_first_one_is_shown_as_soon_as_it_is_found(window, press_now, qtbot, monkeypatch):
    session = window.session
    session.walk.begun = True
    monkeypatch.setattr(type(session.suggestions), "busy", True)
    press_now("Q")
    qtbot.waitUntil(lambda: "Looking for suggestions" in window.status.message.text(), timeout=5000)
    assert "Still looking" in window.suggesting.panel.empty.text()
    a, b = session.cluster_ids[:2]
    session.suggestions.offer([Suggestion("merge", (a, b), 10.0, 0.9)])
    qtbot.waitUntil(lambda: {*session.selection.cluster_ids} == {a, b}, timeout=5000)
    c, d = session.cluster_ids[2:4]
    session.suggestions.offer([Suggestion("merge", (c, d), 20.0, 0.9)])
    qtbot.waitUntil(lambda: {*session.selection.cluster_ids} == {c, d}, timeout=5000)
    press_now("Shift+J", "J")  # who walks is not carried off any more
    session.suggestions.offer([Suggestion("noise", (session.cluster_ids[4],), 30.0, 0.9)])
    qtbot.waitUntil(lambda: window.suggesting.panel.model.rowCount() == 3, timeout=5000)
    assert {*session.selection.cluster_ids} == {a, b}
    monkeypatch.undo()


def test_one_that_is_found_does_not_disturb_who_went_elsewhere(window, press_now, qtbot, monkeypatch):
    session = window.session
    session.walk.begun = True
    monkeypatch.setattr(type(session.suggestions), "busy", True)
    press_now("Q")
    a, b, c = session.cluster_ids[:3]
    session.select([c])
    session.suggestions.offer([Suggestion("merge", (a, b), 10.0, 0.9)])
    panel = window.suggesting.panel
    qtbot.waitUntil(lambda: panel.model.rowCount() == 1, timeout=5000)
    assert session.selection.cluster_ids == (c,)
    monkeypatch.undo()


def test_a_read_only_session_refuses_with_a_sentence(dataset, open_window, press_keys_in, qtbot):
    from phy_medicine.session.session import Session

    session = Session.open(dataset, read_only=True)
    window = open_window(session)
    session.walk.begun = True
    session.suggestions.offer([Suggestion("merge", session.cluster_ids[:2], 10.0, 0.9)])
    press_keys_in(window, "J", "Y")
    qtbot.waitUntil(lambda: window.at_rest, timeout=20_000)
    assert "read-only" in window.status.message.text()
    session.close()


def test_what_is_found_in_a_dataset_is_listed_with_reasons_and_done_by_a_key(window, press):
    press("Q")
    session, panel = window.session, window.suggesting.panel
    waiting = session.suggestions.queue.waiting
    assert session.walk.begun and not session.suggestions.busy and session.suggestions.progress == 1.0
    assert waiting
    assert panel.model.rows == waiting
    assert session.walk.looking
    assert all(s.reasons and 0 < s.confidence <= 1 and s.gain > 0 for s in waiting)
    press("Y")
    assert len(session.history.items) == 1
    assert waiting[0].about not in {s.about for s in session.suggestions.queue.waiting}


# In a low dock


def test_a_low_dock_shows_rows_and_reasons_and_says_where_the_less_certain_begin(window, panel, qtbot):
    dock, table, reasons = window.suggesting.tool.dock, panel.table, panel.reasons

    def y_of(widget, place="center"):
        return widget.mapTo(panel, getattr(widget.rect(), place)()).y()

    dock.setFloating(True)
    dock.resize(1100, 215)
    qtbot.waitUntil(lambda: y_of(reasons.accept) < 60, timeout=5000)
    less = next(i for i, s in enumerate(panel.model.rows) if s.confidence < 0.7)
    assert panel.model.headings == {less: "Less certain, below 70%"}
    assert table.rowHeight(less) > table.rowHeight(0)
    assert table.visualRect(panel.model.index(3, CLUSTERS)).bottom() <= table.viewport().height()
    text = reasons.reasons
    assert y_of(text, "topLeft") + text.heightForWidth(text.width()) < panel.height()
    dock.resize(500, 700)
    qtbot.waitUntil(lambda: y_of(reasons.accept) > 600, timeout=5000)


def test_the_own_order_is_switched_by_the_button_and_says_why_not(window, panel, qtbot, settle):
    qtbot.mouseClick(panel.own_order, Qt.LeftButton)
    settle()
    assert window.session.suggestions.own_order.on
    assert panel.own_order.isChecked()
    assert window.status.message.text().startswith("0 accepted and 0 rejected merges are not enough")
    window.commands.run("own_order")
    settle()
    assert not panel.own_order.isChecked()
    window.commands.run("forget_decisions")
    settle()
    assert "Forgot 0 decisions" in window.status.message.text()
