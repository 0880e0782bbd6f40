"""Colours made legible on the ground of a view."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.views.contrast import contrast, legible
from phy_medicine.views.theme import THEMES

WHITE, BLACK, DARK = (1.0, 1.0, 1.0, 1.0), (0.0, 0.0, 0.0, 1.0), (0.055, 0.059, 0.071, 1.0)


def test_black_on_white_has_the_largest_contrast():
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast(WHITE, WHITE) == pytest.approx(1)


@pytest.mark.parametrize("ground", [WHITE, BLACK, DARK])
def test_a_dim_colour_is_moved_until_it_is_seen(ground):
    colors = np.array([(0.353, 0.161, 0.443, 1), (0.133, 0.404, 0.396, 0.5), (1, 1, 0.9, 1)], dtype=np.float32)
    assert (contrast(legible(colors, ground, 3.0), ground) >= 2.99).all()
    assert np.array_equal(legible(colors, ground)[:, 3], colors[:, 3])


def test_a_colour_that_is_seen_well_stays_as_it_is():
    blue = np.array([(0.03137, 0.5725, 0.9882, 1)], dtype=np.float32)
    assert np.allclose(legible(blue, DARK), blue)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_the_band_of_the_time_that_is_shown_is_seen_on_every_theme(theme):
    red, green, blue, alpha = theme.band
    ground = np.array(theme.rgba("view"))
    seen = np.array([red, green, blue, 1.0]) * alpha + ground * (1 - alpha)
    assert contrast(seen, ground) > 1.6
