"""All kinds of views at once, side by side: after any action they show the same clusters, colors and counts."""

from __future__ import annotations

import random
import shutil

import numpy as np
import pytest

from benchmarks.selection import open_every_view
from phy_medicine.session.session import Session

from .dock_moves import settle
from .test_rest import KEYS, N_ACTIONS, assert_all_agree

# Of these the block holds all rows of the cluster table.
OF_THE_TABLE = {"ClusterScatterView", "TemplateView", "SimilarityMatrixView", "RasterView", "ClusterGridView"}


def count_of(view) -> dict[int, int] | int | None:
    """How many spikes a view says it shows: by cluster, in all, or None when it counts none."""
    block, ids = view.block, view.cluster_ids
    if block is None:
        return None
    match view.name:
        case "AmplitudeView" | "SpikeWidthView":
            return dict(zip(ids, np.bincount(block.rows, minlength=len(ids)).tolist(), strict=True))
        case "TemplateFeatureView" | "SpikePlaceView" | "SpikePositionsView":
            return dict(zip(ids, np.bincount(block.rows, minlength=len(ids)).tolist(), strict=True))
        case "HistogramView" | "FiringRateView":
            return dict(zip(ids, (row.n_values for row in block.rows), strict=True))
        case "ISIView":
            return dict(zip(ids, (row.n_values + 1 for row in block.rows), strict=True))
        case "CorrelogramView":
            return dict(zip(ids, block.n_spikes.tolist(), strict=True))
        case "WaveformView" | "FeatureView":
            return int(block.n_total)
    return None


def assert_counts(window) -> set[str]:
    """Compare counts and rows with the session; return the kinds that counted."""
    session, counted = window.session, set()
    visible = set(session.cluster_table.visible_ids())
    for panel in window.panels:
        view = panel.view
        expected = {c: int(np.count_nonzero(session.spike_clusters() == c)) for c in view.cluster_ids}
        found = count_of(view)
        if isinstance(found, dict):
            assert found == expected, panel.kind
        elif found is not None:
            assert found == sum(expected.values()), panel.kind
        counted |= {panel.kind} if found else set()
        if panel.kind in OF_THE_TABLE:
            assert set(np.asarray(view.block.cluster_ids).tolist()) == visible, panel.kind
    return counted


@pytest.fixture
def every_view(rich_dataset, open_window, tmp_path):
    """A window that shows every kind of view, none behind another."""
    shutil.copytree(rich_dataset.parent, tmp_path / "rich")
    session = Session.open(tmp_path / "rich" / rich_dataset.name)
    window = open_window(session, size=(1900, 1180))
    open_every_view(window)
    settle(window)
    yield window
    session.close()


def test_after_random_actions_all_views_report_the_same(every_view, press_keys_in):
    window = every_view
    assert {p.kind for p in window.panels if p.open} == set(window.panels.kinds)
    assert all(window.host.in_sight(p.view) for p in window.panels)
    choose, counted = random.Random(3), set()
    for i in range(N_ACTIONS):
        press_keys_in(window, choose.choice(KEYS))
        if choose.random() < 0.25 or i == N_ACTIONS - 1:
            settle(window)
            assert_all_agree(window)
            counted |= assert_counts(window)
    assert len(counted) >= 10
