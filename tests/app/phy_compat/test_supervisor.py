"""Actions and selections of plugins are those of the session, and theirs are told to plugins."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from phy_medicine.app.phy_compat.cluster_meta import ClusterMeta, create_cluster_meta
from phy_medicine.app.phy_compat.clustering import Clustering
from phy_medicine.app.phy_compat.events import bus
from phy_medicine.app.phy_compat.histories import GlobalHistory, History
from phy_medicine.app.phy_compat.update_info import IdList, UpdateInfo


def test_a_merge_by_a_plugin_is_one_of_the_session(ready, session, heard):
    a, b = session.cluster_ids[:2]
    new = session.manager.assignment.next_id
    n = [session.manager.assignment.count(c) for c in (a, b)]
    spikes = np.sort(np.concatenate([session.data.spikes(a), session.data.spikes(b)]))
    up = ready.supervisor.merge([a, b])
    assert (up.description, up.history, up.added, up.deleted) == ("merge", None, [new], [a, b])
    assert up.descendants == [(a, new), (b, new)] and up.largest_old_cluster == (a if n[0] >= n[1] else b)
    assert up.spike_ids == spikes.tolist() and (up.spike_clusters == new).all()
    assert up.all_cluster_ids == list(session.cluster_ids)
    assert all(type(x) is int for x in (*up.added, *up.deleted, *up.spike_ids[:3], *up.descendants[0]))
    assert repr(up) == f"<merge [{a}, {b}] => [{new}]>"
    assert session.can_undo and new in session.cluster_ids
    assert heard == [
        ("request_undo_state", "clustering", up), ("cluster", "clustering", up), ("cluster", "supervisor", up),
        ("select", "supervisor", [new]),
    ]  # fmt: skip


def test_a_merge_by_the_user_is_told_with_the_same_words(ready, session, heard):
    a, b = session.cluster_ids[:2]
    session.select([a, b])
    session.merge()
    assert [(event, sender) for event, sender, _ in heard] == [
        ("select", "supervisor"), ("request_undo_state", "clustering"), ("cluster", "clustering"),
        ("cluster", "supervisor"), ("select", "supervisor"),
    ]  # fmt: skip
    assert heard[0][2] == [a, b] and heard[3][2].deleted == [a, b] and heard[3][2].description == "merge"


def test_undo_and_redo_are_told_with_the_state_that_was_asked_for(ready, session, heard):
    bus.connect(lambda sender, up: {"was": up.added}, event="request_undo_state", sender=ready.supervisor.clustering)
    a, b = session.cluster_ids[:2]
    up = ready.supervisor.merge([a, b])
    heard.clear()
    undone = ready.supervisor.undo()
    assert (undone.description, undone.history) == ("assign", "undo")
    assert (undone.added, undone.deleted) == ([a, b], up.added)
    assert {"was": up.added} in undone.undo_state
    assert [event for event, _, _ in heard].count("request_undo_state") == 0
    redone = ready.supervisor.redo()
    assert (redone.history, redone.added, redone.undo_state) == ("redo", up.added, None)
    assert ready.supervisor.clustering.undo().history == "undo"
    session.redo()
    assert heard[-1][0] in ("cluster", "select")


def test_a_split_gives_each_relative_label_a_cluster_and_the_rest_one(ready, session):
    cluster_id = max(session.cluster_ids, key=session.manager.assignment.count)
    spikes = ready.supervisor.clustering.spikes_in_clusters([cluster_id])
    chosen = spikes[: len(spikes) // 2]
    up = ready.supervisor.split(chosen, np.arange(len(chosen)) % 2)
    first, second, rest = up.added
    assert up.description == "assign" and up.deleted == [cluster_id]
    assert_array_equal(ready.supervisor.clustering.spikes_per_cluster[first], chosen[::2])
    assert_array_equal(ready.supervisor.clustering.spikes_per_cluster[second], chosen[1::2])
    assert_array_equal(ready.supervisor.clustering.spikes_per_cluster[rest], spikes[len(spikes) // 2 :])
    assert_array_equal(np.array(up.spike_ids)[up.spike_clusters == rest], spikes[len(spikes) // 2 :])


def test_a_split_with_one_label_of_whole_clusters_is_a_merge(ready, session):
    a, b = session.cluster_ids[:2]
    spikes = ready.supervisor.clustering.spikes_in_clusters([b, a])
    up = ready.supervisor.split(spikes, np.full(len(spikes), 7))
    assert up.description == "merge" and up.deleted == [a, b]
    said = []
    session.message.connect(said.append)
    assert ready.supervisor.split(spikes) is None
    assert len(said) == 1 and session.history.position == 1


def test_request_split_asks_plugins_and_the_lasso_of_the_window(ready, session):
    spikes = session.data.spikes(session.cluster_ids[0])
    bus.connect(lambda sender: 1 / 0, event="request_split", sender=ready.supervisor)
    bus.connect(lambda sender: None, event="request_split", sender=ready.supervisor)
    bus.connect(lambda sender: spikes[:3].tolist(), event="request_split", sender=ready.supervisor)
    assert_array_equal(ready.supervisor.requested_spikes(), spikes[:3])
    ready.supervisor.lasso_spikes = lambda: spikes[2:5]
    up = ready.supervisor.split()
    assert len(ready.supervisor.clustering.spikes_per_cluster[up.added[0]]) == 5
    ready.supervisor.lasso_spikes = None
    bus.reset()
    assert ready.supervisor.split() is None


def test_labels_and_groups_are_actions_and_told_by_cluster_meta(ready, session, heard):
    a, b = session.cluster_ids[:2]
    up = ready.supervisor.label("quality", 3, cluster_ids=a)
    assert (up.description, up.metadata_changed, up.metadata_value) == ("metadata_quality", [a], 3)
    assert ("cluster", "cluster_meta", up) in heard and ("cluster", "supervisor", up) in heard
    assert "quality" in ready.supervisor.fields and "quality" in ready.supervisor.columns
    ready.supervisor.select([b, a])
    ready.supervisor.label("quality", np.int64(4))
    assert ready.supervisor.get_labels("quality")[b] == 4 == ready.supervisor.cluster_meta.quality(b)
    up = ready.supervisor.move("good", b)
    assert up.metadata_value == "good" and session.manager.group(b) == "good"
    ready.supervisor.select([a])
    assert ready.supervisor.move(None, "best").metadata_value == "unsorted"
    assert ready.supervisor.cluster_meta.get("group", [a, b]) == ["unsorted", "good"]
    assert ready.supervisor.undo().metadata_value == "unsorted"
    assert ready.supervisor.cluster_meta.get("group", a) is None
    assert ready.supervisor.move("good", []) is None and ready.supervisor.move("good", "similar") is None


def test_cluster_meta_is_a_table_of_the_session(ready, session):
    meta, (a, b, *others) = ready.supervisor.cluster_meta, session.cluster_ids
    meta.add_field("note", "empty")
    assert meta.get("note", a) == "empty" and "note" in meta.fields and meta.fields == sorted(meta.fields)
    meta.set("note", a, "seen")
    assert meta.to_dict("note") == {a: "seen", b: "empty", **dict.fromkeys(others, "empty")}
    meta.from_dict({a: {"group": "good", "note": "seen"}, b: {"group": "good"}})
    assert session.history.items[-1].action.cluster_ids == (a, b)
    meta.undo()
    assert meta.group(b) is None
    assert meta.redo().history == "redo"
    assert meta.set("note", [10**6], "x") is None
    with pytest.raises(AttributeError, match="no label 'absent'"):
        _ = meta.absent


def test_the_selection_is_that_of_the_session_and_only_of_rows_shown(ready, session, heard):
    a, b, c = session.cluster_ids[:3]
    supervisor = ready.supervisor
    supervisor.select(a, b)
    assert (supervisor.selected, supervisor.selected_clusters, supervisor.selected_similar) == ([a, b], [a, b], [])
    session.select([a], [c])
    assert (supervisor.selected, supervisor.selected_similar) == ([a, c], [c])
    supervisor.filter(f"id != {b}")
    supervisor.select([b, c, 10**6])
    assert supervisor.selected == [c] and ready.selection.cluster_ids == [c]
    assert [what for _, _, what in heard] == [[a, b], [a, c], [c]]
    supervisor.toggle_cluster_selection(a)
    assert supervisor.selected == [c, a]
    supervisor.toggle_cluster_selection(c)
    assert supervisor.selected == [a]


def test_a_select_event_of_a_plugin_selects_and_is_heard_once(ready, session, heard):
    a, b = session.cluster_ids[:2]
    bus.emit("select", ready.supervisor, [a, b])
    assert session.selection.best_ids == (a, b)
    assert heard == [("select", "supervisor", [a, b])]
    session.select([b])
    assert heard[-1] == ("select", "supervisor", [b]) and len(heard) == 2


def test_a_callback_may_act_and_is_told_of_after_it_has_ended(ready, session):
    a, b, c = session.cluster_ids[:3]
    order = []

    def on_cluster(sender, up):
        order.append(("begin", up.description))
        if up.description == "merge":
            ready.supervisor.label("note", "merged", cluster_ids=up.added)
            ready.supervisor.select([c])
        order.append(("end", up.description))

    bus.connect(on_cluster, sender=ready.supervisor)
    bus.connect(lambda sender, ids: order.append(("select", list(ids))), event="select", sender=ready.supervisor)
    session.select([a, b])
    order.clear()
    session.merge()
    assert order == [
        ("begin", "merge"), ("end", "merge"), ("begin", "metadata_note"), ("end", "metadata_note"), ("select", [c]),
    ]  # fmt: skip
    assert session.selection.cluster_ids == (c,)


def test_callbacks_that_never_agree_are_stopped(ready, session):
    a, b = session.cluster_ids[:2]
    problems = []
    session.extensions.problem.connect(problems.append)
    bus.connect(
        lambda sender, ids: ready.supervisor.select(b if ids == [a] else a), event="select", sender=ready.supervisor
    )
    session.select([a])
    assert "again and again" in problems[-1].sentence
    session.merge([a, b])
    assert session.history.position == 1


def test_a_callback_that_raises_breaks_neither_an_action_nor_a_save(ready, session):
    problems = []
    session.extensions.problem.connect(problems.append)
    for event in ("cluster", "select", "request_undo_state", "save_clustering"):
        bus.connect(lambda *args: 1 / 0, event=event, sender=None, owner="Bad")
    a, b = session.cluster_ids[:2]
    session.merge([a, b])
    session.save()
    failed = [p.owner for p in problems if p.error is not None]
    assert not session.dirty and set(failed) == {"Bad"} and len(failed) >= 5


def test_events_wait_for_the_next_turn_of_a_window(ready, session, heard):
    waiting = []
    ready.link.later = waiting.append
    session.select(session.cluster_ids[:2])
    session.merge()
    assert heard == [] and waiting
    while waiting:
        waiting.pop(0)()
    assert [event for event, _, _ in heard] == ["request_undo_state", "cluster", "cluster", "select"]
    ready.supervisor.select(session.cluster_ids[0])
    assert heard[-1][2] == [session.cluster_ids[0]]


def test_steps_along_the_tables_call_back(ready, session):
    supervisor, told = ready.supervisor, []
    rows = supervisor.shown_cluster_ids
    supervisor.first(callback=told.append)
    assert supervisor.selected == [rows[0]] and told == [{"selected": [rows[0]], "next": rows[1]}]
    supervisor.next_best()
    assert supervisor.selected == [rows[1]]
    supervisor.previous_best()
    supervisor.last()
    assert supervisor.selected == [rows[-1]]
    supervisor.first()
    done = []
    bus.connect(lambda sender, value: done.append(value.selected), event="wizard_done", sender=supervisor)
    supervisor.next()
    assert supervisor.selected_similar == done[0] != []
    best, next_best, similar, _ = supervisor.task_logger.last_state()
    assert (best, next_best, similar) == ([rows[0]], rows[1], done[0])
    supervisor.promote_similar()
    assert supervisor.selected_clusters == [rows[0], *done[0]] and supervisor.selected_similar == []
    supervisor.demote_cluster()
    assert supervisor.selected_clusters == [rows[0]]
    supervisor.select_first_similar(2)
    assert len(supervisor.selected_similar) == 2
    supervisor.unselect_similar()
    assert supervisor.selected_similar == [] and supervisor.task_logger.has_finished()
    supervisor.reset_wizard()
    supervisor.previous()


def test_tables_are_sorted_and_filtered_by_phys_text(ready, session):
    supervisor = ready.supervisor
    ids = session.cluster_ids
    supervisor.sort("id", "asc")
    assert supervisor.shown_cluster_ids == list(ids)
    assert supervisor.state.cluster_view.current_sort == ("id", "asc")
    supervisor.sort("id")
    assert supervisor.shown_cluster_ids == list(reversed(ids))
    supervisor.filter(f"id=={ids[0]} || (id == {ids[1]} && !(fr < 0)) || group == null && false")
    assert sorted(supervisor.shown_cluster_ids) == list(ids[:2])
    said = []
    session.message.connect(said.append)
    supervisor.filter("__import__('os').system('x')")
    assert len(supervisor.shown_cluster_ids) == len(ids) and said
    supervisor.filter("fr > 1000")
    supervisor.clear_filter()
    assert len(supervisor.shown_cluster_ids) == len(ids)


def test_a_save_tells_the_labels_and_groups(ready, session):
    told = []
    bus.connect(lambda sender, *args: told.append(args), event="save_clustering", sender=ready.supervisor)
    a = session.cluster_ids[0]
    ready.supervisor.move("good", [a])
    assert ready.supervisor.is_dirty()
    ready.supervisor.save()
    session.save()
    assert not ready.supervisor.is_dirty() and len(told) == 2
    spike_clusters, groups, *labels = told[0]
    assert_array_equal(spike_clusters, session.spike_clusters())
    assert groups[a] == "good" and set(groups) == set(session.cluster_ids)
    assert dict(labels)["group"][a] == "good"
    assert ready.model.metadata["group"][a] == "good"


def test_rows_of_the_table_are_dictionaries(ready, session):
    a = session.cluster_ids[0]
    ready.cluster_metrics["bad"] = lambda cluster_id: 1 / 0
    row = ready.supervisor.get_cluster_info(a, exclude=["sh"])
    assert row["id"] == a and row["n_spikes"] == ready.supervisor.n_spikes(a) and "sh" not in row
    assert row["bad"] is None and row["is_masked"] is False and "group" in row
    assert [r["id"] for r in ready.supervisor.cluster_info] == list(session.cluster_ids)
    assert ready.supervisor.columns[:2] == ["id", "ch"] and "n_spikes" in ready.supervisor.columns
    assert ready.supervisor.n_spikes(10**6) == 0


def test_the_array_of_labels_stays_right_and_cannot_be_written(ready, session):
    clustering = ready.supervisor.clustering
    labels = clustering.spike_clusters
    assert_array_equal(labels, session.spike_clusters())
    session.merge(session.cluster_ids[:2])
    session.split(session.data.spikes(session.cluster_ids[0])[:5])
    assert_array_equal(labels, session.spike_clusters())
    session.undo()
    assert_array_equal(labels, session.spike_clusters())
    with pytest.raises(ValueError, match="read-only"):
        labels[0] = 1
    assert clustering.n_clusters == len(clustering.cluster_ids) == len(clustering.spikes_per_cluster)
    assert clustering.cluster_ids[[0, 1]].tolist() == list(session.cluster_ids[:2])
    assert clustering.new_cluster_id() == session.manager.assignment.next_id
    assert len(clustering.spike_ids) == clustering.n_spikes == session.model.n_spikes
    assert set(clustering.spikes_per_cluster.copy()) == set(session.cluster_ids)
    spikes = clustering.spikes_per_cluster[session.cluster_ids[0]]
    spikes[:] = 0
    assert clustering.spikes_per_cluster[session.cluster_ids[0]].any()
    assert clustering.spikes_per_cluster.get(10**6) is None
    clustering.reset()
    assert not session.can_undo


def test_wrong_arguments_are_refused_as_in_phy(ready, session):
    clustering = ready.supervisor.clustering
    for arguments in ((3,), ([10**6, 1],), (session.cluster_ids[:2], 5)):
        with pytest.raises(ValueError):
            clustering.merge(*arguments)
    with pytest.raises(ValueError):
        clustering.assign([-1])
    assert clustering.assign([]) == UpdateInfo()
    assert ready.supervisor.merge(session.cluster_ids[:1]) is None and not session.can_undo
    assert ready.supervisor.merge(session.cluster_ids[:2], to=clustering.new_cluster_id()) is not None


def test_ids_are_compared_one_by_one_with_a_number():
    ids = IdList([3, 5, 3])
    assert (ids == 3).tolist() == [True, False, True] and (ids != 3).tolist() == [False, True, False]
    assert ids == [3, 5, 3] and ids != [3] and 5 in ids and ids.index(5) == 1
    assert (ids == np.array([3, 3, 3])).sum() == 2
    assert repr(
        UpdateInfo(description="metadata_group", metadata_changed=[1], metadata_value="mua", history="undo")
    ) == ("<metadata_group (undo) [1] => mua>")
    assert repr(UpdateInfo()) == "<UpdateInfo>" and UpdateInfo(added=[1]).copy().added == [1]


def test_clusters_and_labels_alone_need_no_session():
    clustering = Clustering(np.array([2, 2, 5, 7]))
    up = clustering.merge([2, 5])
    assert (up.added, clustering.spike_clusters.tolist()) == ([8], [8, 8, 8, 7])
    assert clustering.split([0]).added == [9, 10]
    assert clustering.undo().history == "undo" and clustering.redo().added == [9, 10]
    meta = create_cluster_meta({2: "good", 5: "mua"})
    told = []
    bus.connect(lambda sender, up: told.append(up.metadata_value), event="cluster", sender=meta)
    meta.set("group", [2, 7], "noise")
    meta.add_field("x", 0)
    assert meta.to_dict("group") == {2: "noise", 5: "mua", 7: "noise"} and meta.x(2) == 0 and told == ["noise"]
    assert meta.undo().history == "undo" and meta.to_dict("group")[2] == "good"
    assert meta.redo().history == "redo" and meta.group(7) == "noise"
    meta.set_from_descendants([(2, 8), (5, 8)], largest_old_cluster=5)
    assert meta.group(8) == "mua"
    assert ClusterMeta().undo() is None and ClusterMeta().redo() is None


def test_undo_stacks_of_phy():
    history = History("base")
    history.add("a")
    history.add("b")
    assert [history.back(), history.current_item, list(history)] == ["b", "a", ["base", "a"]]
    assert history.forward() == "b" and history.forward() is None and history.is_last()
    history.back(), history.back()
    assert history.back() is None and history.is_first() and history.current_position == 1
    history.add("c")
    assert list(history) == ["base", "c"] and len(history) == 2 and list(history.iter(1)) == ["c"]
    history.clear()
    assert list(history) == ["base"]

    class Part:
        def undo(self):
            return "undone"

        def redo(self):
            return "redone"

    both = GlobalHistory(process_ups=tuple)
    both.action(Part())
    both.add_to_current_action(Part())
    assert both.undo() == ("undone",) * 2 and both.redo() == ("redone",) * 2 and both.redo() == ()
