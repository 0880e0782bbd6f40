"""Clusters: as many as there are, whatever their sizes and shapes."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.sorting.clusters import Clustering, cluster, gap, principal, separation

SEEDS = range(4)


def blobs(seed, sizes, apart=9.0, dimensions=8):
    """Normal points of variance 1 around places on the axes, and the place of each."""
    rng = np.random.default_rng(seed)
    places = apart / np.sqrt(2) * np.eye(len(sizes), dimensions)
    kinds = np.repeat(np.arange(len(sizes)), sizes)
    return places[kinds] + rng.normal(size=(len(kinds), dimensions)), kinds


def found(points, seed=0, how=None):
    return cluster(points, np.random.default_rng(seed), how)


def same_groups(a, b):
    return len(set(zip(a.tolist(), b.tolist(), strict=True))) == len(set(a.tolist())) == len(set(b.tolist()))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("sizes", [(600, 600), (2000, 100), (400, 300, 200)])
def test_groups_apart_are_found(seed, sizes):
    points, kinds = blobs(seed, sizes)
    labels = found(points, seed)
    assert labels.max() == len(sizes) - 1
    own = [np.bincount(labels[kinds == k][labels[kinds == k] >= 0]).max() for k in range(len(sizes))]
    assert sum(own) >= 0.99 * len(points)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("shape", ["normal", "long", "skewed", "heavy"])
def test_one_group_is_one_whatever_its_shape(seed, shape):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(1500, 8))
    if shape == "long":
        points[:, 0] *= 8
    elif shape == "skewed":  # amplitudes that fall in bursts
        points[:, 0] += 8 * rng.gamma(2.0, size=1500)
    elif shape == "heavy":
        points *= np.sqrt(4 / rng.chisquare(4, size=(1500, 1)))
    assert set(found(points, seed).tolist()) == {0}


def test_the_order_of_the_points_changes_names_only():
    points, _ = blobs(0, (500, 300, 60), apart=10)
    order = np.random.default_rng(1).permutation(len(points))
    assert same_groups(found(points)[order], found(points[order]))


def test_the_same_seed_gives_the_same_clusters():
    points, _ = blobs(3, (500, 300), apart=4.5)
    np.testing.assert_array_equal(found(points, 5), found(points, 5))


def test_too_few_of_a_kind_belong_to_no_cluster():
    points, kinds = blobs(0, (500, 20), apart=25)
    labels = found(points)
    assert set(labels[kinds == 0].tolist()) == {0}
    assert set(labels[kinds == 1].tolist()) == {-1}
    assert found(points[:20]).tolist() == [-1] * 20
    assert found(points[:0]).tolist() == []


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_points_that_are_all_alike_are_one_cluster():
    assert set(found(np.ones((100, 4))).tolist()) == {0}


def test_a_gap_is_larger_the_further_two_groups_are_apart():
    gaps = []
    for apart in (0.0, 5.0, 10.0):
        points, kinds = blobs(0, (400, 400), apart)
        gaps.append(gap(points[kinds == 0], points[kinds == 1]))
    assert gaps[0] < Clustering().apart < gaps[1] < gaps[2]


def test_separation_does_not_depend_on_the_side_of_the_small_group():
    rng = np.random.default_rng(0)
    few, many = rng.normal(0, 1, 60), rng.normal(7, 1, 3000)
    assert separation(few, many) == pytest.approx(separation(-many, -few), rel=1e-6)
    assert separation(few, many) > Clustering().apart > separation(few, rng.normal(0, 1, 3000))


def test_principal_components_hold_the_most_variance():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(500, 5)) * [1, 9, 2, 1, 5] + 30
    expected = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)[:2]
    np.testing.assert_allclose(np.linalg.norm(principal(points, 2), axis=0), expected, rtol=1e-6)
