"""Plugins that fail at every place: the session goes on, what the user asked for is done, and a message tells."""

from __future__ import annotations

import time

import numpy as np

from .phy_desk import OpenPhy


def details(desk, name: str) -> str:
    return next(r.details for r in desk.book.records if r.name == name)


def test_one_that_cannot_be_run_is_told_of_and_the_others_go_on(open_phy: OpenPhy):
    desk = open_phy("faults/at_import.py", "examples/hello.py", "AtImport", "ExampleHello", may_fail=True)
    assert desk.states == {"ExampleHelloPlugin": "attached", "AtImportPlugin": "failed"}
    assert "no_such_name_of_phy" in details(desk, "AtImportPlugin")
    assert desk.window.plugins.mark.text() == "\N{WARNING SIGN} 1 plugin failed"


def test_nothing_is_left_of_one_that_fails_at_attach(open_phy: OpenPhy):
    desk = open_phy("faults/at_attach.py", "AtAttachPlugin", may_fail=True)
    assert desk.states == {"AtAttachPlugin": "failed"}
    assert "RuntimeError: not at attach" in details(desk, "AtAttachPlugin")
    assert "half_way" not in desk.session.cluster_table.column_names
    assert desk.window.status.message.text() != "must not be called"


def test_one_that_fails_in_every_callback_breaks_nothing(open_phy: OpenPhy, press_keys_in, dataset):
    desk = open_phy("faults/later.py", "LaterPlugin", may_fail=True)
    session = desk.session
    desk.open_view("FailingView")
    a, b = session.cluster_table.visible_ids()[:2]
    desk.select(a, b)
    assert session.selection.best_ids == (a, b)
    assert desk.panel("WaveformView").view.cluster_ids == (a, b)
    assert "cannot show" in desk.panel("FailingView").view.complaint
    press_keys_in(desk.window, "G")
    desk.settle()
    merged = session.selection.best_ids
    assert len(merged) == 1 and a not in session.cluster_ids
    before = session.spike_clusters()
    assert desk.run("k") != ""
    assert (session.spike_clusters() == before).all()
    desk.run("ff")
    press_keys_in(desk.window, "Ctrl+S")
    desk.settle()
    assert not session.dirty
    assert (np.load(dataset.parent / "spike_clusters.npy").ravel() == before).all()
    said = " ".join(p.sentence for p in desk.problems)
    assert "not in an action" in said
    for where in (
        "select",
        "cluster",
        "request_split",
        "save_clustering",
        "request_save",
        "gui_ready",
        "view_attached",
    ):
        assert f"not on {where}" in said
    assert session.clusters.value(a if a in session.cluster_ids else merged[0], "broken") is None


def test_one_that_takes_5_s_is_told_of_and_the_selection_is_done(open_phy: OpenPhy, qtbot):
    desk = open_phy("faults/slow.py", "SlowPlugin")
    begin = time.perf_counter()
    desk.select(desk.first)
    assert desk.session.selection.best_ids == (desk.first,)
    assert desk.panel("WaveformView").view.cluster_ids == (desk.first,)
    assert any("on_select took 5" in p.sentence for p in desk.problems)
    assert time.perf_counter() - begin < 60


def test_a_similarity_that_fails_gives_way_to_that_of_the_templates(open_phy: OpenPhy, press_keys_in):
    desk = open_phy("faults/similarity.py", "BadSimilarityPlugin", may_fail=True)
    session = desk.session
    desk.select(desk.first)
    assert len(session.similarity_table.visible_ids()) > 0
    press_keys_in(desk.window, "Space")
    desk.settle()
    assert session.selection.similar_ids == session.similarity_table.visible_ids()[:1]
    assert any("no idea what resembles" in p.sentence for p in desk.problems)


def test_a_plugin_switched_off_is_silent_and_switched_on_is_told_of_the_window(open_phy: OpenPhy, capsys):
    desk = open_phy("examples/hello.py", "ExampleHelloPlugin")
    capsys.readouterr()
    desk.book.disable("hello.ExampleHelloPlugin")
    a, b, c, d = desk.session.cluster_ids[:4]
    desk.session.merge([a, b])
    desk.settle()
    assert capsys.readouterr().out == ""
    desk.book.enable("hello.ExampleHelloPlugin")
    desk.settle()
    assert capsys.readouterr().out.count("Hello from TemplateGUI") == 1
    desk.session.merge([c, d])
    desk.settle()
    assert capsys.readouterr().out.count("Clusters: <merge") == 1
