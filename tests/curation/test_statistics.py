"""Statistics against counting, and their sums at a merge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.curation.statistics import StatisticsTable

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), min_size=2, max_size=40)


def _same(table: StatisticsTable, manager: ClusterManager, templates: np.ndarray, amplitudes: np.ndarray) -> None:
    for cluster in manager.cluster_ids:
        spikes = np.flatnonzero(manager.assignment.labels() == cluster)
        ids, counts = np.unique(templates[spikes], return_counts=True)
        stats = table.get(cluster)
        assert stats.n_spikes == len(spikes)
        assert (stats.template_ids.tolist(), stats.template_counts.tolist()) == (ids.tolist(), counts.tolist())
        assert stats.main_template == min(ids, key=lambda t: (-np.count_nonzero(templates[spikes] == t), t))
        assert stats.amplitude_median == pytest.approx(np.median(amplitudes[spikes]))


@given(PAIRS, st.booleans())
def test_statistics_agree_with_counting_before_and_after_merge_and_split(
    pairs: list[tuple[int, int]], follow: bool
) -> None:
    labels, templates = np.array(pairs).T
    amplitudes = np.arange(len(pairs), dtype=np.float32)
    manager = ClusterManager(labels)
    table = StatisticsTable(manager.assignment, templates, amplitudes, 2.0)
    if follow:
        manager.changed.connect(table.update)
    _same(table, manager, templates, amplitudes)
    if len(manager.cluster_ids) > 1:
        manager.do(manager.plan_merge(manager.cluster_ids))
        _same(table, manager, templates, amplitudes)
    manager.do(manager.plan_split([0]))
    _same(table, manager, templates, amplitudes)
    manager.undo()
    _same(table, manager, templates, amplitudes)


def test_of_equal_templates_the_lowest_is_the_main_one() -> None:
    table = StatisticsTable(ClusterManager(np.array([0, 0])).assignment, np.array([5, 2]))
    assert table.get(0).main_template == 2


def test_the_firing_rate_needs_a_duration() -> None:
    assignment = ClusterManager(np.array([0, 0])).assignment
    assert StatisticsTable(assignment, np.array([0, 0]), duration_s=4.0).get(0).firing_rate == 0.5
    assert StatisticsTable(assignment, np.array([0, 0])).get(0).firing_rate is None
    assert StatisticsTable(assignment, np.array([0, 0])).get(0).amplitude_median is None
