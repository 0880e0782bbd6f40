"""Reclustering in the window: begun by a command, looked at and accepted as a suggestion, undone."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.gui.run_list import USABLE
from phy_medicine.session.reclustered import KIND

pytestmark = pytest.mark.usefixtures("few_views")


@pytest.fixture
def merged(window):
    """A multi-unit of two distant clusters, numbers of the spikes of each."""
    session = window.session
    model, labels = session.model, session.spike_clusters()
    depths = model.channel_positions[model.template_peak_channels[model.spike_templates], 1]
    mean = {c: depths[labels == c].mean() for c in np.unique(labels) if (labels == c).sum() > 80}
    pair = [int(min(mean, key=mean.get)), int(max(mean, key=mean.get))]
    (cluster_id,) = session.merge(pair).added
    session.move("mua", cluster_ids=[cluster_id])
    return cluster_id, [np.flatnonzero(labels == c) for c in pair]


def test_all_mua_are_looked_at_and_a_split_is_accepted_as_one_action(window, merged, qtbot, press):
    session, (cluster_id, truth) = window.session, merged
    before = session.spike_clusters()
    assert window.commands.run("recluster_mua") == ""
    (job,) = session.jobs.jobs
    assert job.settings()["clusters"] == str(cluster_id) and window.jobs.tool.in_sight
    qtbot.waitUntil(lambda: "may be several neurons" in window.status.message.text(), timeout=60_000)
    assert session.spike_clusters().tolist() == before.tolist()
    window.jobs.panel.show_result(job.delivered)
    qtbot.waitUntil(lambda: set(session.selection.cluster_ids) == {cluster_id} and session.walk.looking, timeout=20_000)
    assert session.suggestions.queue.current.source == "mixture model, recluster 1"
    press("Y")
    now = session.spike_clusters()
    sides = [np.bincount(now[spikes]).argmax() for spikes in truth]
    assert sides[0] != sides[1]
    assert all(np.mean(now[spikes] == side) > 0.9 for spikes, side in zip(truth, sides, strict=True))
    press("Ctrl+Z")
    assert session.spike_clusters().tolist() == before.tolist()


@pytest.mark.parametrize("kind", [KIND, "mixture_sweep"])
def test_the_dialog_begins_with_the_selected_clusters(window, kind):
    window.session.select(window.session.cluster_ids[:2])
    dialog = window.jobs.ask(kind)
    assert dialog.values["clusters"] == ", ".join(map(str, window.session.cluster_ids[:2]))
    dialog.reject()


def test_what_cannot_be_looked_at_is_said(window, qtbot):
    assert KIND in USABLE
    assert "There is no cluster in the group mine" in window.commands.run_line("recluster_group mine")
    window.session.select([])
    assert "No cluster is selected" in window.commands.run_line("recluster_selected")
    run = window.session.store.add(KIND, _of_none(window.session.cluster_ids[0]))
    window.reclustering.show(run)
    qtbot.waitUntil(lambda: "proposes no split" in window.status.message.text(), timeout=20_000)


def _of_none(cluster_id):
    rows = {"depth": 0.0, "log_evidence": 1.0, "n_uncertain": 0, "pairs": 0, "expected": 0.0, "together": 1.0}
    return {name: np.array([value]) for name, value in rows.items()} | {
        "cluster_ids": np.array([cluster_id]), "n_spikes": np.array([90]), "n_parts": np.array([1]),
        "pair": np.array([[-1, -1]]), "first_row": np.zeros(2, int), "spike_ids": np.empty(0, int),
        "parts": np.empty(0, int), "certainty": np.empty(0),
    }  # fmt: skip
