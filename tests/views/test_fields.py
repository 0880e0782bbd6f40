"""Images of counts and bands: which pixel shows what."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.views.fields import summed
from phy_medicine.views.layout import Panels
from phy_medicine.views.raster import Picture

WHITE = (1.0, 1.0, 1.0, 1.0)


def _alphas(picture: Picture, size: int = 20) -> np.ndarray:
    """Draw 0..10 in both directions on size x size pixels; return the opacities, the highest value first."""
    panels = Panels(1)
    panels.set_rects([(0, 0, size, size)])
    panels.set_home(x=(0, 10), y=(0, 10))
    picture.render(panels, (0, 0, size, size), ratio=1.0)
    return picture.pixels[..., 3].copy()


def test_a_cell_fills_the_pixels_of_its_box_and_the_first_row_is_the_lowest():
    picture, counts = Picture(), np.zeros((1, 2, 5), dtype=int)
    counts[0, 0, 1] = 7
    picture.cells(summed(counts), (0, 10, 0, 10), color=WHITE)
    drawn = np.zeros((20, 20), dtype=int)
    drawn[10:, 4:8] = 255
    assert np.array_equal(_alphas(picture), drawn)


def test_a_pixel_of_several_cells_shows_their_sum():
    picture, counts = Picture(), np.zeros((1, 40, 40), dtype=int)
    counts[0, 20:22, 20:22] = [[1, 0], [2, 5]]
    counts[0, 0, 0] = 8
    picture.cells(summed(counts), (0, 10, 0, 10), color=WHITE)
    alphas = _alphas(picture)
    assert np.count_nonzero(alphas) == 2
    assert alphas[9, 10] == alphas[19, 0] == 255


def test_no_count_is_lost_at_any_size():
    rng = np.random.default_rng(3)
    counts = (rng.random((1, 37, 53)) < 0.02).astype(int)
    for size in (7, 20, 36):
        picture = Picture()
        picture.cells(summed(counts), (0, 10, 0, 10), color=WHITE)
        rows, columns = np.nonzero(counts[0, ::-1])
        expected = np.zeros((size, size), dtype=bool)
        # A pixel begins with the cell next to its edge.
        row_edges, column_edges = (np.round(np.arange(size + 1) * n / size) for n in (37, 53))
        expected[np.searchsorted(row_edges, rows, "right") - 1, np.searchsorted(column_edges, columns, "right") - 1] = 1
        assert np.array_equal(_alphas(picture, size) > 0, expected)


def test_opacity_grows_with_the_logarithm_of_the_count():
    picture = Picture()
    picture.cells(summed(np.array([[[1, 10, 100]]])), (0, 10, 0, 10), color=WHITE, faintest=0.2)
    low, middle, high = _alphas(picture)[0, [2, 10, 18]] / 255
    assert high == pytest.approx(1.0, abs=0.01) and low == pytest.approx(0.2, abs=0.01)
    assert middle == pytest.approx(0.6, abs=0.01)


def test_images_of_one_colour_have_one_scale():
    picture = Picture()
    counts = np.array([[[4]], [[64]]])
    picture.cells(summed(counts), [(0, 5, 0, 10), (5, 10, 0, 10)], color=WHITE)
    alphas = _alphas(picture)
    assert alphas[5, 2] < alphas[5, 15] == 255


def test_a_band_fills_between_its_curves_with_smooth_edges():
    picture = Picture()
    picture.bands([[2.0, 2.0]], [[5.25, 5.25]], (2, 8), color=(1, 1, 1, 0.6))
    alphas = _alphas(picture)
    assert (alphas[10:16, 4:16] == round(0.6 * 255)).all()
    assert (alphas[9, 4:16] == round(0.3 * 255)).all()
    assert np.count_nonzero(alphas) == 7 * 12


def test_a_band_follows_slopes_and_breaks_at_nan():
    picture = Picture()
    curve = np.array([[0.0, np.nan, 0.0, 10.0]])
    picture.bands(curve - 1, curve + 1, (0, 9), color=WHITE)
    alphas = _alphas(picture)
    assert not alphas[:, :12].any()
    assert alphas[8, 15] == 255 and not alphas[:5, 12].any()


def test_what_lies_outside_of_the_panel_is_not_drawn():
    picture = Picture()
    picture.cells(summed(np.ones((1, 3, 3), dtype=int)), (-5, 5, 5, 15), color=WHITE)
    picture.bands([[-9.0, -9.0]], [[-2.0, -2.0]], (0, 10), color=WHITE)
    picture.bands([[0.0, 0.0]], [[10.0, 10.0]], (12, 15), color=WHITE)
    alphas = _alphas(picture)
    assert alphas[:10, :10].all() and np.count_nonzero(alphas) == 100
