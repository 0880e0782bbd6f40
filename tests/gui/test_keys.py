"""Real keys in a real window change the session as the help says."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.gui.qt import Qt, QtWidgets

pytestmark = pytest.mark.usefixtures("few_views")


@pytest.fixture(params=["table", "view", "similarity table"])
def anywhere(request, window):
    """Put the keyboard into each kind of panel."""
    panels = {
        "table": window.tables.clusters,
        "similarity table": window.tables.similar,
        "view": next(iter(window.panels)).dock.content,
    }
    panels[request.param].setFocus()


def ids(window):
    selection = window.session.selection.current
    return selection.best_ids, selection.similar_ids


def test_space_selects_the_first_cluster_then_the_most_similar(window, press, anywhere):
    best = window.session.cluster_table.visible_ids()
    press("Space")
    assert ids(window) == ((best[0],), ())
    similar = window.session.similarity_table.visible_ids()
    press("Space")
    assert ids(window) == ((best[0],), (similar[0],))
    press("Space", "Shift+Space")
    assert ids(window) == ((best[0],), (similar[0],))
    press("Backspace")
    assert ids(window) == ((best[0],), ())


def test_arrows_home_and_end_walk_the_cluster_table(window, press, anywhere):
    best = window.session.cluster_table.visible_ids()
    press("Down")
    assert ids(window)[0] == (best[0],)
    press("Down")
    assert ids(window)[0] == (best[1],)
    press("Up")
    assert ids(window)[0] == (best[0],)
    press("End")
    assert ids(window)[0] == (best[-1],)
    press("Home")
    assert ids(window)[0] == (best[0],)
    press("Down", "Ctrl+Alt+Space")
    assert ids(window)[0] == (best[0],)


def test_g_merges_and_ctrl_z_takes_it_back(window, press, anywhere):
    before = window.session.spike_clusters()
    press("Space", "Space")
    merged = window.session.selection.cluster_ids
    press("G")
    new = max(before) + 1
    assert ids(window)[0] == (new,)
    expected = np.where(np.isin(before, merged), new, before)
    assert (window.session.spike_clusters() == expected).all()
    press("Ctrl+Z")
    assert (window.session.spike_clusters() == before).all()
    assert window.session.selection.cluster_ids == merged
    press("Ctrl+Y")
    assert (window.session.spike_clusters() == expected).all()
    press("Ctrl+Z", "Ctrl+Shift+Z")
    assert (window.session.spike_clusters() == expected).all()


@pytest.mark.parametrize(("key", "group"), [("N", "noise"), ("M", "mua"), ("G", "good")])
def test_alt_moves_best_ctrl_moves_similar_ctrl_alt_moves_all(window, press, key, group):
    manager = window.session.manager
    press("Space", "Space")
    (best,), (similar,) = ids(window)
    press(f"Ctrl+{key}")
    assert (manager.group(best), manager.group(similar)) == (None, group)
    window.session.select([best], [similar])
    press(f"Alt+{key}")
    assert manager.group(best) == group
    press("Ctrl+Z", "Ctrl+Z")
    assert (manager.group(best), manager.group(similar)) == (None, None)
    window.session.select([best], [similar])
    press(f"Ctrl+Alt+{key}")
    assert (manager.group(best), manager.group(similar)) == (group, group)


def test_merge_of_one_cluster_says_why_not(window, press):
    press("Space", "G")
    assert "two" in window.status.message.text()


def test_split_without_lasso_says_so(window, press):
    press("Space", "K")
    assert "No spikes selected, cannot split." in window.status.message.text()


def test_k_splits_the_spikes_of_the_lasso(window, press):
    press("Space")
    cluster = window.session.selection.reference_id
    spikes = window.session.manager.assignment.spikes(cluster)[:7]
    view = next(v for v in window.host.views if v.has_lasso)
    view.lasso_spike_ids = lambda: spikes
    press("K")
    assert sorted(window.session.manager.assignment.counts(window.session.selection.best_ids))[0] == 7


def test_ctrl_s_saves_and_says_how_much(window, press, dataset):
    press("Space", "Space", "G")
    assert window.windowTitle().startswith("\N{BLACK CIRCLE}")
    press("Ctrl+S")
    assert window.status.message.text().startswith(f"Saved {len(window.session.cluster_ids)} clusters")
    assert not window.windowTitle().startswith("\N{BLACK CIRCLE}")
    on_disk = np.load(dataset.parent / "spike_clusters.npy").ravel()
    assert (on_disk == window.session.spike_clusters()).all()


def test_colon_opens_the_line_and_enter_runs_it(window, press, qtbot):
    a, b = window.session.cluster_table.visible_ids()[1:3]
    press(":")
    assert window.line.hasFocus()
    qtbot.keyClicks(window.line, f"c {a} {b}")
    assert ids(window) == ((), ())
    press("Return")
    assert ids(window)[0] == (a, b)
    assert not window.line.isVisible()
    press(":")
    press("Up")
    assert window.line.text() == f":c {a} {b}"
    press("Esc")
    assert not window.line.isVisible()
    press(":", "Backspace", "Backspace")
    assert not window.line.isVisible()


def test_a_wrong_line_stays_open_and_says_why(window, press, qtbot):
    press(":")
    qtbot.keyClicks(window.line, "mrge")
    press("Return")
    assert window.line.isVisible()
    assert "did you mean" in window.status._message[0]


def test_tab_completes(window, press, qtbot):
    press(":")
    qtbot.keyClicks(window.line, "unsel")
    press("Tab")
    assert window.line.text() == ":unselect_similar"
    press("Esc")


def test_l_asks_for_a_label_in_the_line(window, press, qtbot):
    press("Space", "L")
    assert window.line.text() == ":l "
    qtbot.keyClicks(window.line, "note two words")
    press("Return")
    cluster = window.session.selection.reference_id
    assert window.session.clusters.value(cluster, "note") == "two words"


def test_a_filter_is_live_and_escape_clears_it(window, press, settle, qtbot):
    table = window.session.cluster_table
    n = table.n_total
    first = table.visible_ids()[0]
    edit = window.tables.clusters.filter_box.edit
    edit.setFocus()
    qtbot.keyClicks(edit, f"id == {first}")
    settle()
    assert table.visible_ids() == (first,)
    assert window.tables.clusters.filter_box.count.text() == f"1 / {n}"
    press("Esc")
    assert table.n_shown == n
    assert edit.text() == ""


def test_a_wrong_filter_is_explained_and_keeps_the_rows(window, press, qtbot):
    box = window.tables.clusters.filter_box
    box.edit.setFocus()
    qtbot.keyClicks(box.edit, "n_spik > 3")
    press("Return")
    assert box.error.isVisible()
    assert "n_spikes" in box.error.text()
    press("Esc")
    assert not box.error.isVisible()


def test_escape_in_the_table_clears_the_filter(window, press, settle):
    window.session.filter("n_spikes > 100000")
    settle()
    assert window.tables.clusters.filter_box.edit.text() == "n_spikes > 100000"
    window.tables.clusters.setFocus()
    press("Esc")
    assert window.session.cluster_table.filter_text == ""


@pytest.mark.parametrize("key", ["H", "F1"])
def test_help_lists_every_action_and_search_narrows_it(window, press, qtbot, key):
    from phy_medicine.gui.help_window import HelpWindow

    press(key)
    help_window = window.findChild(HelpWindow)
    qtbot.keyClicks(help_window.search, "wizard reset")
    shown = [
        head.child(j).text(0)
        for head in (help_window.tree.topLevelItem(i) for i in range(help_window.tree.topLevelItemCount()))
        for j in range(head.childCount())
        if not head.child(j).isHidden()
    ]
    assert shown == ["Reset wizard"]
    help_window.close()


def test_typing_in_the_filter_runs_no_action(window, qtbot):
    edit = window.tables.clusters.filter_box.edit
    edit.setFocus()
    qtbot.keyClicks(edit, "gklhn ?:")
    assert edit.text() == "gklhn ?:"
    assert ids(window) == ((), ())
    assert QtWidgets.QApplication.activeModalWidget() is None


def test_a_held_key_waits_for_the_views(window, press, monkeypatch):
    press("Space")
    before = ids(window)
    window._key_repeats = True
    monkeypatch.setattr(type(window.host), "idle", property(lambda self: False))
    window.commands.run("next_best")
    assert ids(window) == before
    monkeypatch.setattr(type(window.host), "idle", True)
    window.commands.run("next_best")
    assert ids(window) != before


def test_a_view_key_acts_on_the_focused_view_of_its_kind(usual_views, window, press):
    first = next(p for p in window.panels if p.kind == "AmplitudeView")
    second = window.panels.add("AmplitudeView")
    window.addDockWidget(Qt.TopDockWidgetArea, second.dock)
    second.dock.show()
    called = []
    for panel in (first, second):
        panel.run_action = lambda action_id, *args, p=panel: called.append((p.name, action_id))
    window.tables.clusters.setFocus()
    press("A")
    second.dock.give_focus()
    press("Shift+A")
    assert called == [("Amplitudes", "next_amplitudes_type"), ("Amplitudes (1)", "previous_amplitudes_type")]
