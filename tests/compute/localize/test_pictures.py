"""Pictures of positions and their scores, against a loop over pixels and known cases."""

import math

import numpy as np

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
