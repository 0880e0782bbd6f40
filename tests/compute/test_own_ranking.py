"""What is learned of a curator's decisions on merges: against a slow obvious version, and whether it is worth using."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.compute.suggesting.merging import PRIOR, TERMS, WEIGHTS
from phy_medicine.compute.suggesting.own_ranking import FEATURES, compared, features, folds, learned, usable


def decisions(n: int, rule: str, seed: int = 1) -> tuple[list[dict[str, float]], np.ndarray]:
    """Pairs with what is known of them, and what a curator decides who goes by the default, or by the distance."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        row = {f"term_{name}": float(rng.uniform(-1, 1)) for name in TERMS}
        row["distance_um"] = float(rng.uniform(0, 100))
        if rng.random() < 0.7:
            row["dip"] = float(rng.uniform(0, 1))
        rows.append(row)
    distance = np.array([row["distance_um"] for row in rows])
    z = features(rows)[:, 0] if rule == "default" else (50 - distance) / 10
    return rows, rng.random(n) < 1 / (1 + np.exp(-z))


def slow_fit(table: np.ndarray, accepted: np.ndarray, penalty: float) -> np.ndarray:
    """Log-odds of the rows by a general minimiser, the sums written out."""
    from scipy.optimize import minimize

    columns = []
    for column in table.T:
        known = [v for v in column if not np.isnan(v)]
        mean = sum(known) / len(known) if known else 0.0
        scale = (sum((v - mean) ** 2 for v in known) / len(known)) ** 0.5 if known else 1.0
        columns.append([0.0 if np.isnan(v) else (v - mean) / (scale if scale > 1e-12 else 1.0) for v in column])
    x = np.array(columns).T
    known = table[:, 0]
    wanted = np.zeros(x.shape[1])
    wanted[0] = known.std() if known.std() > 1e-12 else 1.0

    def cost(w: np.ndarray) -> float:
        z = w[0] + x @ w[1:]
        wrong = sum(np.logaddexp(0, -z_i if y else z_i) for z_i, y in zip(z, accepted, strict=True))
        return float(wrong + penalty / 2 * ((w[1:] - wanted) ** 2).sum())

    best = minimize(cost, np.zeros(x.shape[1] + 1), method="BFGS", options={"gtol": 1e-6, "maxiter": 3000}).x
    return best[0] + x @ best[1:]


@settings(max_examples=8)
@given(
    n=st.integers(4, 25),
    seed=st.integers(0, 999),
    penalty=st.sampled_from([0.3, 1.0, 5.0]),
    rule=st.sampled_from(["default", "distance"]),
)
def test_it_finds_the_weights_that_a_general_minimiser_finds(n: int, seed: int, penalty: float, rule: str) -> None:
    rows, accepted = decisions(n, rule, seed)
    accepted[:2] = True, False
    table = features(rows)
    ranking = learned(table, accepted, penalty)
    expected = slow_fit(table, accepted, penalty)
    ours = np.array([ranking.probability(row) for row in rows])
    assert ours == pytest.approx(1 / (1 + np.exp(-expected)), abs=1e-3)


def test_the_first_feature_is_what_the_default_adds_up() -> None:
    row = {f"term_{name}": 0.5 for name in TERMS}
    assert FEATURES[0] == "log_odds"
    assert features([row])[0, 0] == pytest.approx(PRIOR + 0.5 * sum(WEIGHTS.values()))
    assert np.isnan(features([row])[0, -1])


def test_with_a_large_penalty_the_default_is_left_as_it_is_but_for_how_many_are_accepted() -> None:
    rows, accepted = decisions(60, "distance")
    table = features(rows)
    ranking = learned(table, accepted, penalty=1e9)
    z = [np.log(p / (1 - p)) for p in map(ranking.probability, rows)]
    assert np.ptp(np.array(z) - table[:, 0]) < 1e-3


def test_a_curator_who_goes_by_something_else_is_understood() -> None:
    rows, accepted = decisions(60, "distance")
    comparison = compared(features(rows), accepted)
    assert comparison.better
    assert comparison.own_order > 0.85 > 0.7 > comparison.default_order


def test_of_a_curator_who_goes_by_the_default_nothing_better_is_learned() -> None:
    for seed in (1, 2, 3):
        rows, accepted = decisions(60, "default", seed)
        assert not compared(features(rows), accepted).better


def test_nothing_is_learned_of_decisions_by_chance() -> None:
    better = 0
    for seed in range(20):
        rows, _ = decisions(40, "default", seed)
        accepted = np.random.default_rng(seed).permutation(np.arange(40) % 2 == 0)
        comparison = compared(features(rows), accepted)
        assert 0.15 < comparison.own_order < 0.85
        better += comparison.better
    assert better <= 6


def test_the_same_decisions_give_the_same_numbers() -> None:
    rows, accepted = decisions(40, "distance")
    assert compared(features(rows), accepted) == compared(features(rows), accepted)


def test_each_fold_has_some_of_each_kind() -> None:
    accepted = np.array([True] * 10 + [False] * 33)
    fold = folds(accepted)
    assert sorted(set(fold.tolist())) == list(range(10))
    assert all(accepted[fold == k].sum() == 1 and (~accepted[fold == k]).sum() >= 3 for k in range(10))


def test_a_pair_without_terms_is_not_learned_from() -> None:
    assert usable({f"term_{name}": 0.0 for name in TERMS})
    assert not usable({"sorter_score": 0.5})
