"""Fisher's discriminant against the formula written out, and where there is little to separate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.compute.discriminant import discriminant


def two_clusters(seed, n=300, apart=3.0):
    """Two clouds of the same oblique shape in six dimensions."""
    rng = np.random.default_rng(seed)
    shape = rng.normal(size=(6, 6)) + 2 * np.eye(6)
    step = rng.normal(size=6)
    step *= apart / np.linalg.norm(step)
    return rng.normal(size=(n, 6)) @ shape + step, rng.normal(size=(n // 2, 6)) @ shape - step


@given(st.integers(0, 10_000))
def test_the_axis_is_that_of_the_formula(seed):
    first, second = two_clusters(seed)
    found = discriminant(first, second)
    pooled = ((len(first) - 1) * np.cov(first.T) + (len(second) - 1) * np.cov(second.T)) / (
        len(first) + len(second) - 2
    )
    expected = np.linalg.inv(pooled + 1e-3 * np.trace(pooled) / 6 * np.eye(6)) @ (first.mean(0) - second.mean(0))
    cosine = expected @ found.weights / np.linalg.norm(expected) / np.linalg.norm(found.weights)
    assert cosine == pytest.approx(1, abs=1e-6)


@given(st.integers(0, 10_000))
def test_zero_is_half_way_and_the_unit_is_the_spread_inside_of_the_clusters(seed):
    first, second = two_clusters(seed)
    found = discriminant(first, second)
    a, b = found.along(first).astype(float), found.along(second).astype(float)
    assert a.mean() == pytest.approx(-b.mean(), abs=1e-4) and a.mean() > 0
    pooled = (((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum()) / (len(a) + len(b) - 2)
    assert pooled == pytest.approx(1, rel=1e-3)
    assert found.d_prime == pytest.approx((a.mean() - b.mean()) / np.sqrt((a.var() + b.var()) / 2), rel=1e-3)
    assert found.overlap == pytest.approx(((a < 0).mean() + (b > 0).mean()) / 2, abs=0.02)


def test_no_axis_of_a_single_score_is_better():
    first, second = two_clusters(5)
    single = max(
        abs(first[:, k].mean() - second[:, k].mean()) / np.sqrt((first[:, k].var() + second[:, k].var()) / 2)
        for k in range(6)
    )
    assert discriminant(first, second).d_prime > single


def test_equal_clusters_are_not_separated():
    first, _ = two_clusters(1)
    found = discriminant(first, first)
    assert found.d_prime == pytest.approx(0, abs=1e-9) and found.overlap == pytest.approx(0.5, abs=0.1)
    assert np.isfinite(found.along(first)).all() and found.along(first).std() > 0


def test_single_spikes_and_equal_spikes_give_a_finite_axis():
    one, other = np.array([[1.0, 2.0]]), np.array([[3.0, 2.0]])
    found = discriminant(one, other)
    assert np.isnan(found.d_prime) and found.overlap == 0
    assert found.along(np.concatenate([one, other])).tolist() == [1, -1]
    assert discriminant(one, one).overlap == 0.5
    many, _ = two_clusters(2)
    assert np.isfinite(discriminant(many, many[:1] + 9).along(many)).all()


def test_a_missing_score_counts_as_zero():
    first, second = two_clusters(3)
    missing, zero = first.copy(), first.copy()
    missing[4, 2], zero[4, 2] = np.nan, 0
    assert discriminant(missing, second).weights == pytest.approx(discriminant(zero, second).weights)
    assert discriminant(zero, second).along(missing)[4] == pytest.approx(discriminant(zero, second).along(zero)[4])


def test_a_cluster_without_spikes_is_refused():
    with pytest.raises(ValueError, match="at least one spike"):
        discriminant(np.zeros((0, 3)), np.zeros((4, 3)))
