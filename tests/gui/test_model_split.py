"""Split by a model, from the keyboard: worked out, looked at in the views, done or not, undone."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from phy_medicine.compute.mixture.split_axes import SplitAxes
from phy_medicine.gui.part_axes import densities
from phy_medicine.session.model_split import find_parts

from .test_what_if import shown

pytestmark = pytest.mark.usefixtures("usual_views")


@pytest.fixture
def joined(window, press):
    """Two large neurons as one cluster, which is selected."""
    session = window.session
    session.select(sorted(session.cluster_ids, key=lambda c: -len(session.facts.spikes(c)))[:2])
    press("G")
    return session.selection.best_ids[0]


def expected_labels(labels, found):
    """Slow and obvious: each part gets the next id."""
    expected, new = labels.copy(), labels.max() + 1
    for spike, part in zip(found.features.spike_ids.tolist(), found.split.labels.tolist(), strict=True):
        expected[spike] = new + part
    return expected


@pytest.mark.parametrize("key", ["Return", "K"])
def test_selected_split_looked_at_accepted_and_undone(window, joined, press, qtbot, key):
    session, panel = window.session, window.what_if.panel
    found, labels = find_parts(session, [joined]), session.spike_clusters()
    assert found.split.sizes[1] > 100
    before, position = shown(window), session.history.position
    press("V")
    names = tuple(f"{joined}{letter}" for letter in "abc"[: len(found.split.sizes)])
    views = shown(window)
    for kind in ("WaveformView", "FeatureView", "AmplitudeView", "CorrelogramView"):
        assert views[kind] == names, kind
    parts = [spikes.tolist() for spikes in session.suppose.current.clusters.values()]
    assert parts == [found.features.spike_ids[found.split.labels == k].tolist() for k in range(len(names))]
    assert (session.spike_clusters() == labels).all() and session.history.position == position
    qtbot.waitUntil(lambda: panel.table.columnCount() == 1 + len(names), timeout=5000)
    assert panel.isVisible() and panel.axes.isVisible() and panel.reason.text() == found.evidence
    assert panel.hint.text() == "K or Enter splits, V or Esc goes back"
    colors = session.request().colors
    for i, color in enumerate(colors):  # the numbers, in the colours of the views
        shade = panel.table.horizontalHeaderItem(1 + i).foreground().color().getRgbF()
        np.testing.assert_allclose(shade[:3], color[:3], atol=0.01)
    press(key)
    expected = expected_labels(labels, found)
    assert (session.spike_clusters() == expected).all() and session.history.position == position + 1
    assert window.status.message.text() == f"Assigned {len(found.split.labels)} spikes."
    assert not panel.isVisible() and session.history.items[-1].action.note == found.note
    press("Ctrl+Z")
    assert (session.spike_clusters() == labels).all() and shown(window) == before
    press("Ctrl+Shift+Z")
    assert (session.spike_clusters() == expected).all()


def test_the_key_once_more_or_escape_goes_back(window, joined, press):
    session, labels, before = window.session, window.session.spike_clusters(), shown(window)
    for back in ("V", "Escape"):
        press("V")
        assert session.suppose.current is not None and shown(window) != before
        press(back)
        assert session.suppose.current is None and shown(window) == before
        assert not window.what_if.panel.isVisible()
    assert (session.spike_clusters() == labels).all()
    press("Return")
    press("V")
    press(":", "Return")  # Enter is the line's
    assert session.suppose.current is not None
    assert (session.spike_clusters() == labels).all()


def test_one_neuron_is_said_to_be_one_with_the_difference_of_evidence(window, press, settle):
    session = window.session
    largest = max(session.cluster_ids, key=lambda c: len(session.facts.spikes(c)))
    session.select([largest])
    settle()
    press("V")
    assert session.suppose.current is None and not window.what_if.panel.isVisible()
    assert window.status.message.text() == find_parts(session, [largest]).words
    assert window.status.message.text().startswith("No split supported")
    assert "Split by a model takes shape, or nothing, not 'size'." in window.commands.run_line("sm size")
    assert not window.splitting.running


def test_it_is_cancelled_while_it_is_worked_out_and_nothing_changes(window, joined, press_now, settle, monkeypatch):
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def slowly(session, cluster_ids, progress, *, by_trains):
        progress(0.4, "Iteration 7")
        begun.set()
        assert go_on.wait(20)
        try:
            return find_parts(session, cluster_ids, progress)
        finally:
            ended.set()

    monkeypatch.setattr("phy_medicine.gui.model_split.find_parts", slowly)
    session, labels, selection = window.session, window.session.spike_clusters(), window.session.selection.current
    press_now("V")
    assert window.splitting.running and begun.wait(20)
    window.splitting._timer.stop()  # it tells how far it is again and again, over what is said meanwhile
    window.splitting.show()
    window.later.flush()
    assert window.status.message.text() == "Split by a model: 40%, iteration 7; Esc cancels"
    press_now("Space")
    assert session.selection.current == selection
    window.later.flush()
    assert "stay as they are until it is done; Esc cancels it." in window.status.message.text()
    press_now("Escape")
    go_on.set()
    assert ended.wait(20)
    session.pool.sync(20)
    settle()
    assert session.suppose.current is None and (session.spike_clusters() == labels).all()
    assert "cancelled" in window.status.message.text()


def test_curves_are_the_counts_of_the_parts():
    rng = np.random.default_rng(0)
    parts = np.repeat([0, 1], [300, 100]).astype(np.int32)
    curves = densities(SplitAxes((rng.normal(size=400) + 8 * parts)[:, None], parts))
    np.testing.assert_allclose(curves.sum(axis=1), [300, 100], atol=3)
    assert curves[0].argmax() < curves[1].argmax() - 20
