"""Template features and attributes of spikes in a window: a lasso with the mouse, and K."""

from __future__ import annotations

import numpy as np
import pytest

from .mouse import inside, lasso
from .test_mouse import split_and_undo


@pytest.fixture
def dataset(dataset_with_attributes):
    return dataset_with_attributes


@pytest.fixture
def opened(window, settle, press):
    def open_view(kind):
        press("Space", "Space")
        panel = window.panels.reopen_or_add(kind)
        settle()
        return panel.view

    return open_view


def _half(view):
    x0, x1, y0, y1 = view.panels.ranges()[0]
    left, right = x0 + 0.1 * (x1 - x0), x0 + 0.55 * (x1 - x0)
    low, high = y0 + 0.05 * (y1 - y0), y0 + 0.95 * (y1 - y0)
    return [(left, low), (right, low), (right, high), (left, high)]


@pytest.mark.parametrize("kind", ["SpikeQualityView", "SpikePlaceView"])
def test_a_lasso_over_an_attribute_splits_all_spikes_inside(window, opened, press, qtbot, kind):
    assert kind in window.arrangement.kinds
    view = opened(kind)
    model, before = window.session.model, window.session.spike_clusters()
    attributes = model.spike_attributes
    x, y = (model.spike_times, attributes["quality"]) if kind == "SpikeQualityView" else attributes["place"].T
    polygon = lasso(qtbot, view, 0, _half(view))
    mine = np.isin(before, window.session.selection.cluster_ids)
    split_and_undo(window, press, view, inside(np.asarray(x), np.asarray(y), polygon) & mine, before)


def test_a_lasso_over_template_features_splits_all_spikes_inside(window, opened, press, qtbot):
    view = opened("TemplateFeatureView")
    session = window.session
    before = session.spike_clusters()
    pair = session.selection.cluster_ids
    xy = session.data.template_features.project(np.arange(session.model.n_spikes), pair)
    polygon = lasso(qtbot, view, 0, _half(view))
    split_and_undo(window, press, view, inside(*xy.T.astype(float), polygon) & np.isin(before, pair), before)
