"""Outliers and spikes of other clusters, from the keyboard: seen, sent to noise, moved, undone."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.session import odd_spikes
from phy_medicine.session.suppose import Origin

pytestmark = pytest.mark.usefixtures("usual_views")


def test_outliers_are_seen_and_sent_to_noise_then_spikes_are_moved(window, press, settle):
    session = window.session
    cluster = max(session.cluster_ids, key=lambda c: len(session.facts.spikes(c)))
    session.select([cluster])
    settle()
    labels, found = session.spike_clusters(), odd_spikes.outliers_of(session, [cluster])

    press("Shift+O")
    shown = session.suppose.current
    assert shown.clusters[shown.ids[0]].tolist() == found.spike_ids.tolist()
    views = {v.name: tuple(map(str, v.cluster_ids)) for v in window.host.views if window.host.in_sight(v)}
    assert views["WaveformView"] == views["CorrelogramView"] == (f"{cluster} outliers", f"{cluster} rest")
    panel = window.what_if.panel
    assert panel.reason.text() == found.note and "Shift+N sends" in panel.hint.text()
    assert (session.spike_clusters() == labels).all() and not session.dirty

    press("Shift+N")
    (rest,) = session.selection.best_ids
    noise = int(session.spike_clusters()[found.spike_ids[0]])
    expected = np.where(labels == cluster, rest, labels)
    expected[found.spike_ids] = noise
    assert (session.spike_clusters() == expected).all() and session.manager.group(noise) == "noise"
    assert not panel.isVisible() and len(session.history.items) == 1
    press("Ctrl+Z")
    assert (session.spike_clusters() == labels).all() and session.selection.best_ids == (cluster,)

    uncertain = odd_spikes.uncertain_of(session, [cluster])
    press("Shift+R")
    assert session.suppose.current.moves and "Shift+R or Enter moves the spikes" in panel.hint.text()
    assert (session.spike_clusters() == labels).all()
    press("Shift+R")
    moved = labels.copy()
    moved[uncertain.spike_ids[uncertain.found.better]] = uncertain.seconds[uncertain.found.better]
    now = session.spike_clusters()
    same = np.unique(np.stack([moved, now]), axis=1)
    assert len(np.unique(same[0])) == len(np.unique(same[1])) == same.shape[1] and (now != labels).any()
    press("Ctrl+Z")
    assert (session.spike_clusters() == labels).all()


def test_what_is_worked_out_can_be_cancelled_and_nothing_marked_is_said(window, press, settle):
    session = window.session
    session.select(session.cluster_ids[:1])
    settle()
    window.commands.run("find_outliers")
    window.commands.run("cancel_split")
    session.pool.sync(20)
    settle()
    assert session.suppose.current is None and not session.hold.taken
    press("Shift+N")
    assert "Shift+O finds outliers" in window.status.message.text()


def test_no_part_of_a_model_is_sent_to_noise(window, press):
    session = window.session
    labels, spikes = session.spike_clusters(), session.data.spikes(session.cluster_ids[0])
    session.suppose.split(spikes[:60], np.arange(60) % 2, origin=Origin("", lambda _delta: None))
    press("Shift+N")
    assert "none of them is marked as noise" in window.status.message.text()
    assert (session.spike_clusters() == labels).all() and session.suppose.current is not None
