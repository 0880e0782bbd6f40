"""Pictures of positions and their scores, against a loop over pixels and known cases."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.compute.localize.likeness import likeness
from phy_medicine.compute.localize.located import Located
from phy_medicine.compute.localize.pictures import Grid, entropy, picture, score_pictures

GRID = Grid.around(np.array([[0.0, 0.0], [20.0, 40.0]]), margin_um=8.0)


def test_a_spike_adds_a_gaussian_to_the_pixels_around_it():
    x, y = 3.0, 10.5
    pixels = np.zeros((GRID.n_x, GRID.n_y))
    for i in range(GRID.n_x):
        for j in range(GRID.n_y):
            dx, dy = GRID.x0_um + 4 * i - x, GRID.y0_um + 4 * j - y
            if abs(round((dx + x - GRID.x0_um) / 4) - round((x - GRID.x0_um) / 4)) > 3 or abs(dy) > 14:
                continue
            pixels[i, j] = math.exp(-(dx**2 + dy**2) / 32)
    found = picture(GRID, np.array([x]), np.array([y])).reshape(GRID.n_x, GRID.n_y)
    np.testing.assert_allclose(found, pixels / pixels.sum(), atol=1e-12)


def test_spikes_inside_count_one_each_and_others_nothing():
    x, y = np.array([0.0, 19.7, -300.0, np.nan, 5.0]), np.array([0.0, 40.2, 10.0, 10.0, 500.0])
    assert np.isclose(picture(GRID, x, y).sum(), 2.0)


def test_entropy_of_one_pixel_and_of_all():
    assert entropy(np.array([0.0, 5.0, 0.0])) == 0.0
    assert np.isclose(entropy(np.ones(60)), math.log(60))


def test_the_same_picture_at_all_times_correlates_fully():
    x, y = np.tile(np.linspace(0, 20, 25), 6), np.tile(np.linspace(0, 40, 25), 6)
    times = np.repeat(np.arange(6) + 0.5, 25)
    found = score_pictures(GRID, times, x, y, window_s=2.0)
    assert (found.n_bins, found.n_pairs) == (6, 5 + 4)
    assert np.isclose(found.rho, 1.0)
    assert np.isclose(found.entropy, entropy(picture(GRID, x[:25], y[:25])))


def test_pairs_further_apart_than_the_window_and_thin_stretches_do_not_count():
    # Stretches 0, 1 and 3 are alike, 2 has one spike, 40 lies elsewhere.
    times = np.concatenate([np.full(20, 0.5), np.full(20, 1.5), [2.5], np.full(20, 3.5), np.full(20, 40.5)])
    y = np.where(times > 40, 40.0, 0.0)
    found = score_pictures(GRID, times, np.zeros(len(y)), y, window_s=30.0)
    assert (found.n_bins, found.n_pairs) == (4, 3)
    assert np.isclose(found.rho, 1.0)


def slow_picture(x, y):
    """Gaussians on every pixel of the whole grid, cut off three pixels away."""
    i, j = np.meshgrid(np.arange(GRID.n_x), np.arange(GRID.n_y), indexing="ij")
    out = np.zeros((GRID.n_x, GRID.n_y))
    for px, py in zip((x - GRID.x0_um) / 4, (y - GRID.y0_um) / 4, strict=True):
        near = (abs(i - np.rint(px)) <= 3) & (abs(j - np.rint(py)) <= 3)
        if near.sum() == 49:
            weights = near * np.exp(-((i - px) ** 2 + (j - py) ** 2) / 2)
            out += weights / weights.sum()
    return out.ravel()


def slow_scores(times, x, y, bin_s, window_s, least):
    """Every pair of stretches by numpy's own correlation."""
    found = {}
    for k in np.unique(np.floor(times / bin_s)):
        here = (np.floor(times / bin_s) == k) & np.isfinite(x)
        pixels = slow_picture(x[here], y[here])
        if here.sum() >= least and pixels.any():
            found[k] = pixels
    pairs = [(a, b) for a, b in combinations(found, 2) if (b - a) * bin_s <= window_s + 1e-9]
    correlations = [np.corrcoef(found[a], found[b])[0, 1] for a, b in pairs]
    shares = [pixels[pixels > 0] / pixels.sum() for pixels in found.values()]
    entropies = [-(p * np.log(p)).sum() for p in shares]
    mean = [float(np.mean(values)) if values else math.nan for values in (correlations, entropies)]
    return found, pairs, mean


@st.composite
def recordings(draw):
    """Few spikes in few stretches, some of them outside or without a position, in any order."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(0, 60))
    x, y = rng.uniform(-15, 35, n), rng.uniform(-15, 55, n)
    x[rng.random(n) < 0.1] = np.nan
    return rng.uniform(draw(st.sampled_from([0.0, 3.3])), 8.0, n), x, y


@settings(max_examples=40, deadline=None)
@given(recordings(), st.sampled_from([0.5, 1.0, 2.5]), st.sampled_from([0.0, 2.0, 30.0]), st.integers(1, 6))
def test_scores_are_those_of_all_pairs_of_dense_pictures(recording, bin_s, window_s, least):
    found = score_pictures(GRID, *recording, bin_s=bin_s, window_s=window_s, least_spikes=least)
    pictures, pairs, mean = slow_scores(*recording, bin_s, window_s, least)
    assert (found.n_bins, found.n_pairs) == (len(pictures), len(pairs))
    assert (found.rho, found.entropy) == pytest.approx(tuple(mean), rel=1e-9, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("window_s", [2.0, 30.0])
def test_figures_show_the_scores(window_s):
    rng = np.random.default_rng(4)
    n = 900
    times, contacts = np.sort(rng.uniform(2.5, 12.0, n)), np.array([[0.0, 0.0], [20.0, 40.0]])
    um = np.column_stack([rng.normal(10, 15, n), 3 * times + rng.normal(0, 5, n), np.ones(n)])
    alike = likeness(Located("com", np.arange(n), times, um, np.zeros(n), um[:, :2], contacts))
    scores = score_pictures(Grid.around(contacts), times, um[:, 0], um[:, 1], window_s=window_s)
    assert alike.rho(window_s) == pytest.approx(scores.rho, abs=1e-6)
    assert alike.mean_entropy == pytest.approx(scores.entropy)
    assert alike.edges_s.tolist() == list(range(2, 13))
