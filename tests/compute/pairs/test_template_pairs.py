"""Templates that are alike at some lag."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.pairs.template_pairs import TemplateBank, best_lags, shifted
from phy_medicine.compute.sorting.evaluate import best_lag_similarity
from tests.compute.sorting.neurons import template


def random_templates(seed, n=12, sparse=True):
    rng = np.random.default_rng(seed)
    out = rng.normal(size=(n, 10, 21))
    return out * (rng.random((n, 10, 1)) < 0.4) if sparse else out


@pytest.mark.parametrize("sparse", [True, False])
def test_pairs_are_those_of_all_lags(sparse):
    templates = random_templates(0, sparse=sparse)
    expected = best_lag_similarity(templates, templates, max_lag=8)
    found = {(i, j): c for i, j, c, _ in TemplateBank.of(templates, 8).pairs(0.15)}
    wanted = {(i, j) for i in range(12) for j in range(i + 1, 12) if expected[i, j] >= 0.15}
    assert set(found) == wanted and len(wanted) > 5
    assert all(found[pair] == pytest.approx(expected[pair], abs=1e-5) for pair in wanted)


@pytest.mark.parametrize("lag", [-7, 0, 3])
def test_the_lag_is_how_much_later_the_other_is(lag):
    one = template(3)
    other = shifted(one, -lag)
    cosines, lags = best_lags(one, other[None], 10)
    assert lags.tolist() == [lag]
    assert cosines[0] == pytest.approx((one * shifted(other, lag)).sum(), abs=1e-6)


def test_shifting_keeps_what_stays_in_the_window():
    row = np.array([[1, 2, 3, 4]])
    assert shifted(row, 1).tolist() == [[2, 3, 4, 0]]
    assert shifted(row, -2).tolist() == [[0, 0, 1, 2]]
    assert shifted(row, 9).tolist() == [[0, 0, 0, 0]]


def test_an_empty_template_is_like_no_other():
    bank = TemplateBank.of(np.stack([template(2), 0 * template(2), template(2)]), 5)
    assert [pair[:2] for pair in bank.pairs(0.5)] == [(0, 2)]
    bank.replace(2, 0 * template(2))
    assert bank.pairs(0.5) == []
