"""What `Picture` draws, at known pixels, by the compiled kernels (no display needed) and by GL primitives."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.views.compiled import disc
from phy_medicine.views.gpu import Gpu
from phy_medicine.views.items import opacities
from phy_medicine.views.layout import Panels
from phy_medicine.views.raster import Picture

RED, HALF = (1.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 0.5)


@pytest.fixture(params=["cpu", "gl"])
def pixels(request, monkeypatch):
    """Return a function that draws a picture in one of the two ways into (size, size, 4) uint8, premultiplied."""
    monkeypatch.setenv("PHY_MEDICINE_RENDERER", request.param)
    if request.param == "gl":
        return request.getfixturevalue("gl_pixels")

    def draw(picture: Picture, panels: Panels, size: int = 20) -> np.ndarray:
        picture.render(panels, (0, 0, size, size), ratio=1.0)
        return picture.pixels

    return draw


def _panel(size: int = 20) -> Panels:
    panels = Panels(1)
    panels.set_rects([(0, 0, size, size)])
    panels.set_home(x=(0, size), y=(0, size))
    return panels


def test_a_point_of_one_pixel_colours_its_pixel_only(pixels):
    picture = Picture()
    picture.points([5.5], [3.5], color=RED, size=1.0)
    image = pixels(picture, _panel())
    assert image[16, 5].tolist() == [255, 0, 0, 255]
    assert np.count_nonzero(image[..., 3]) == 1


def test_a_half_transparent_point_is_premultiplied(pixels):
    picture = Picture()
    picture.points([5.5], [3.5], color=HALF, size=1.0)
    assert pixels(picture, _panel())[16, 5].tolist() == [0, 0, 128, 128]


def test_points_outside_their_panel_or_not_numbers_are_left_out(pixels):
    picture = Picture()
    picture.points([25.0, 5.0, np.nan], [5.0, -1.0, 5.0], color=RED)
    assert not pixels(picture, _panel()).any()


def test_a_marker_is_cut_at_the_edge_of_its_panel(pixels):
    panels = Panels(2)
    panels.set_rects([(0, 0, 10, 20), (10, 0, 20, 20)])
    panels.set_home(x=(0, 10), y=(0, 20))
    picture = Picture()
    picture.points([9.5], [10.5], color=RED, size=7, panel=0)
    image = pixels(picture, panels)
    assert image[9, 9, 3] == 255
    assert not image[:, 10:].any()


def test_a_horizontal_line_is_one_pixel_thick_and_joints_are_not_blended_twice(pixels):
    picture = Picture()
    picture.lines([[2.0, 10.0, 18.0]], [[10.5, 10.5, 10.5]], color=(1, 1, 1, 0.5))
    image = pixels(picture, _panel())
    assert set(image[9, 2:18, 3].tolist()) == {128}
    assert np.count_nonzero(image[..., 3]) == 16


def test_a_line_stops_at_a_gap(pixels):
    picture = Picture()
    picture.lines([[2.0, 6.0, np.nan, 12.0, 16.0]], [[10.5] * 5], color=RED)
    assert np.flatnonzero(pixels(picture, _panel())[9, :, 3]).tolist() == [2, 3, 4, 5, 12, 13, 14, 15]


def test_a_line_from_far_outside_is_cut_and_costs_nothing(pixels):
    picture = Picture()
    picture.lines([[-1e9, 1e9]], [[10.5, 10.5]], color=RED)
    assert np.count_nonzero(pixels(picture, _panel())[..., 3]) == 20


def test_a_histogram_fills_from_zero_to_its_value(pixels):
    picture = Picture()
    picture.steps([[4.0, 8.0]], (0, 20), color=RED)
    image = pixels(picture, _panel())
    assert (image[..., 3] > 0).sum(axis=0).tolist() == [4] * 10 + [8] * 10
    assert image[19, 0].tolist() == [255, 0, 0, 255]


def test_a_sideways_histogram_has_its_first_bin_below(pixels):
    picture = Picture()
    picture.steps([[4.0, 8.0]], (0, 20), color=RED, sideways=True)
    assert (pixels(picture, _panel())[..., 3] > 0).sum(axis=1).tolist() == [8] * 10 + [4] * 10


def test_bins_narrower_than_a_pixel_are_averaged(pixels):
    picture = Picture()
    picture.steps([np.tile([4.0, 8.0], 20)], (0, 20), color=RED)
    assert (pixels(picture, _panel())[..., 3] > 0).sum(axis=0).tolist() == [6] * 20


def test_a_density_is_stronger_where_more_points_are(pixels):
    picture = Picture()
    picture.density([3.5] + [8.5] * 100, [10.5] * 101, color=RED, faintest=0.25)
    image = pixels(picture, _panel())
    assert image[9, 3, 3] == 63
    assert image[9, 8, 3] == 255


SCALE = np.stack([np.linspace(0, 1, 256), np.zeros(256), np.linspace(1, 0, 256), np.ones(256)], axis=1)


def test_a_shade_has_the_mean_colour_of_its_points_and_is_stronger_where_more_are(pixels):
    picture = Picture()
    x, levels = [3.5, 8.5, 8.5, 8.5, 12.5] + [15.5] * 50, [255, 0, 0, 150, 9] + [50] * 50
    picture.shades([*x, np.nan, 30.0], [*[10.5] * 55, 5.0, 5.0], color=SCALE, index=[*levels, 9, 9], faintest=0.25)
    image = pixels(picture, _panel()).astype(int)
    assert image[9, 3].tolist() == [64, 0, 0, 64]
    red, _, blue, alpha = image[9, 8]
    assert (red / alpha, blue / alpha) == pytest.approx((50 / 255, 205 / 255), abs=0.02) and 64 < alpha < 255
    assert image[9, 15].tolist() == [50, 0, 205, 255]
    assert np.count_nonzero(image[..., 3]) == 4


def test_shades_lie_over_what_was_before_in_cells_of_a_size_and_are_cut_at_the_panel(pixels):
    picture = Picture()
    picture.points([5.5], [14.5], color=(0, 1, 0, 1), size=1)
    picture.shades([4.5, 19.5], [14.5, 0.5], color=SCALE, index=[255, 255], cell=3, faintest=0.5)
    image = pixels(picture, _panel()).astype(int)
    assert image[5, 5] == pytest.approx([128, 128, 0, 255], abs=1) and image[5, 4].tolist() == [128, 0, 0, 128]
    assert np.argwhere(image[..., 0] > 0).tolist() == [
        *([row, column] for row in (3, 4, 5) for column in (3, 4, 5)),
        *([row, column] for row in (18, 19) for column in (18, 19)),
    ]


def test_items_cover_the_ones_added_before(pixels):
    picture = Picture()
    picture.points([5.5], [5.5], color=RED, size=1)
    picture.points([5.5], [5.5], color=(0, 1, 0, 1), size=1)
    assert pixels(picture, _panel())[14, 5].tolist() == [0, 255, 0, 255]


def test_the_index_chooses_the_colour_of_each_item(pixels):
    picture = Picture()
    picture.points([2.5, 4.5], [5.5, 5.5], color=[RED, (0, 1, 0, 1)], index=[1, 0], size=1)
    image = pixels(picture, _panel())
    assert (image[14, 2].tolist(), image[14, 4].tolist()) == ([0, 255, 0, 255], [255, 0, 0, 255])


def test_a_disc_is_symmetric_and_solid_in_the_middle():
    stamp = {(dy, dx): cover for dy, dx, cover in disc(5.0).tolist()}
    assert stamp[0, 0] == 256
    assert all(stamp[-dy, dx] == cover == stamp[dx, dy] for (dy, dx), cover in stamp.items())


def test_one_point_has_the_faintest_opacity_and_the_most_points_the_full_one():
    alphas = opacities(50, 0.2, logarithmic=True)
    assert (alphas[0], round(alphas[1], 6), alphas[50]) == (0, 0.2, 1)


def test_an_empty_picture_needs_no_gl():
    Picture().draw(Gpu(), _panel())
