"""Losses of the joint phase: the same values as the pictures, and gradients against finite differences."""

from importlib import import_module

import numpy as np
import pytest

from phy_medicine.compute.localize.network_settings import NetworkSettings
from phy_medicine.compute.localize.pictures import Grid, picture, score_pictures

torch = pytest.importorskip("torch")
losses = import_module("phy_medicine.compute.localize.losses")

GRID = Grid.around(np.array([[0.0, 0.0], [20.0, 40.0]]), margin_um=8.0)
RNG = np.random.default_rng(1)
X, Y, BINS = RNG.uniform(-3, 22, 120), RNG.uniform(-3, 42, 120), np.repeat(np.arange(4), 30)


def tensors(*arrays):
    return [torch.from_numpy(a) for a in arrays]


def test_the_soft_histogram_is_the_picture_of_each_stretch():
    x = X.copy()
    x[0] = 900.0  # outside
    found = losses.soft_histogram(GRID, *tensors(x, Y, BINS), 4)
    for k in range(4):
        here = slice(30 * k, 30 * k + 30)
        np.testing.assert_allclose(found[k], picture(GRID, x[here], Y[here]), atol=1e-12)


@pytest.mark.parametrize("what", ["histogram", "consistency", "entropy", "all"])
def test_gradients_are_those_of_finite_differences(what):
    weights = torch.from_numpy(RNG.normal(size=(4, GRID.n_pixels)))
    seconds, before = torch.arange(4).double(), torch.from_numpy(np.column_stack([X, Y, X]) + 5.0)
    settings = NetworkSettings(window_s=2.0, tether_weight=0.3, tether_depth=2.0, tether_z=0.5)

    def value(xy):
        pictures = losses.soft_histogram(GRID, xy[:, 0], xy[:, 1], torch.from_numpy(BINS), 4)
        if what == "histogram":
            return (pictures * weights).sum()
        if what == "consistency":
            return losses.consistency(pictures, seconds, 2.0)
        if what == "entropy":
            return losses.entropy(pictures)
        return losses.JointLoss(GRID, settings)(xy, torch.full((120,), 2.0), torch.from_numpy(BINS), before).loss

    xy = torch.from_numpy(np.column_stack([X, Y, Y])).requires_grad_()
    value(xy).backward()
    for n, axis in [(0, 0), (17, 1), (63, 0), (119, 1), (5, 2)]:
        step = torch.zeros_like(xy)
        step[n, axis] = 1e-4
        with torch.no_grad():
            slope = (value(xy + step) - value(xy - step)) / 2e-4
        assert float(xy.grad[n, axis]) == pytest.approx(float(slope), rel=1e-4, abs=1e-9)


def test_the_loss_is_made_of_the_scores_with_their_weights():
    settings = NetworkSettings(
        window_s=2.0, consistency_weight=2.0, entropy_weight=0.5, tether_weight=0.25, tether_depth=2.0, tether_z=0.0
    )
    before = np.column_stack([X + 50.0, Y, X])
    motion = np.full(120, 3.0)
    xy = torch.from_numpy(np.column_stack([X, Y + 3.0, X + 100.0]))
    terms = losses.JointLoss(GRID, settings)(xy, *tensors(motion, BINS, before))
    scores = score_pictures(GRID, BINS + 0.5, X, Y, window_s=2.0)
    assert terms.rho == pytest.approx(scores.rho)
    assert terms.entropy == pytest.approx(scores.entropy)
    assert terms.tether == pytest.approx(1.0 + 2 * (3 / 50) ** 2)
    assert float(terms.loss) == pytest.approx(-2.0 * terms.rho - 0.5 * terms.entropy + 0.25 * terms.tether)
