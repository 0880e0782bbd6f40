"""Similarity rows and the matrix of templates against brute force."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.curation.similarity import TemplateSimilarity, similarity_from_templates
from phy_medicine.curation.statistics import StatisticsTable


def _similarity(
    labels: np.ndarray, templates: np.ndarray, matrix: np.ndarray
) -> tuple[TemplateSimilarity, ClusterManager]:
    manager = ClusterManager(labels)
    table = StatisticsTable(manager.assignment, templates)
    return TemplateSimilarity(matrix, table.templates_of, lambda: manager.cluster_ids), manager


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5)), min_size=3, max_size=40), st.integers(0, 2**31))
def test_rows_are_the_largest_similarity_of_any_two_templates(pairs: list[tuple[int, int]], seed: int) -> None:
    labels, templates = np.array(pairs).T
    matrix = np.random.default_rng(seed).integers(0, 4, (6, 6)).astype(np.float32)
    similarity, manager = _similarity(labels, templates, matrix)
    for _ in range(2):
        now = manager.assignment.labels()
        for a in manager.cluster_ids:
            expected = {
                b: max(matrix[i, j] for i in templates[now == a] for j in templates[now == b])
                for b in manager.cluster_ids
            }
            ids, values = similarity.rows(a)
            assert list(zip(ids.tolist(), values.tolist(), strict=True)) == sorted(
                expected.items(), key=lambda pair: (-pair[1], pair[0])
            )
            row = similarity.matrix(manager.cluster_ids)[manager.cluster_ids.index(a)]
            assert dict(zip(manager.cluster_ids, row.tolist(), strict=True)) == expected
        if len(manager.cluster_ids) > 1:
            manager.do(manager.plan_merge(manager.cluster_ids[:2]))


def test_only_the_first_hundred_are_listed() -> None:
    n = 150
    matrix = 1 - np.abs(np.subtract.outer(np.arange(n), np.arange(n))) / n
    similarity, _ = _similarity(np.arange(n), np.arange(n), matrix)
    ids, values = similarity.rows(0)
    assert ids.tolist() == list(range(100))
    assert values[0] == 1


def test_a_template_beyond_the_matrix_is_like_none() -> None:
    similarity, _ = _similarity(np.array([0, 1]), np.array([0, 7]), np.array([[1.0, np.nan], [0, 1]]))
    assert similarity.rows(0)[1].tolist() == [1, 0]


def _brute(templates: np.ndarray, channels: np.ndarray, max_lag: int) -> np.ndarray:
    n, n_samples, _ = templates.shape
    dense = np.zeros((n, n_samples + 2 * max_lag, channels.max() + 1))
    for t in range(n):
        for k, c in enumerate(channels[t]):
            if c >= 0:
                dense[t, max_lag : max_lag + n_samples, c] = templates[t, :, k]
    result = np.eye(n)
    for i in range(n):
        for j in range(n):
            if i != j and set(channels[i]) & set(channels[j]) - {-1}:
                norm = np.linalg.norm(dense[i]) * np.linalg.norm(dense[j])
                lags = range(-max_lag, max_lag + 1)
                result[i, j] = max((dense[i] * np.roll(dense[j], s, axis=0)).sum() for s in lags) / norm
    return result


def test_template_similarity_is_the_best_normalised_cross_correlation() -> None:
    rng = np.random.default_rng(3)
    templates = rng.normal(size=(9, 12, 3))
    channels = np.array([rng.permutation(6)[:3] for _ in range(9)])
    channels[2, 2] = -1
    np.testing.assert_allclose(
        similarity_from_templates(templates, channels, max_lag=3), _brute(templates, channels, 3), atol=1e-5
    )


def test_a_shifted_copy_is_fully_alike_and_a_far_one_not_at_all() -> None:
    wave = np.zeros((3, 20, 1))
    wave[0, 8:11, 0], wave[1, 10:13, 0], wave[2, 8:11, 0] = [-1, -3, 2], [-1, -3, 2], [-1, -3, 2]
    similarity = similarity_from_templates(wave, np.array([[4], [4], [9]]))
    np.testing.assert_allclose(similarity, [[1, 1, 0], [1, 1, 0], [0, 0, 1]], atol=1e-6)


def test_an_empty_template_is_like_none_but_itself() -> None:
    similarity = similarity_from_templates(np.zeros((2, 5, 1)), np.array([[0], [0]]))
    assert similarity.tolist() == [[1, 0], [0, 1]]
