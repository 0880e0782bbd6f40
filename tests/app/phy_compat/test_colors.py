"""Colours under phy's names; the numbers are those of phy 2.1.0 with colorcet 3.1."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.app.phy_compat import colors
from phy_medicine.app.phy_compat.colors import ClusterColorSelector, add_alpha, colormaps, selected_cluster_color


@pytest.mark.parametrize(
    ("i", "rgb"),
    [
        (0, (0.03137, 0.5725, 0.9882)), (1, (1.0, 0.0078, 0.0078)), (2, (0.596078, 1.0, 0.0)),
        (5, (0.007843, 0.533333, 0.0)), (6, (1.0, 0.560784, 0.784314)), (255, (0.866667, 0.827451, 0.647059)),
        (256, (0.03137, 0.5725, 0.9882)),
    ],
)  # fmt: skip
def test_selected_clusters_have_phys_colours(i, rgb):
    assert selected_cluster_color(i, 0.5) == pytest.approx((*rgb, 0.5), abs=1e-6)


@pytest.mark.parametrize(
    ("name", "n", "first", "middle", "last", "total"),
    [
        ("blank", 1, (0.75, 0.75, 0.75), (0.75, 0.75, 0.75), (0.75, 0.75, 0.75), 2.25),
        ("default", 256, (0.03137, 0.5725, 0.9882), (0.635294, 0.803922, 1), (0.866667, 0.827451, 0.647059), 439.0077),
        ("cluster_group", 4, (0.4, 0.4, 0.4), (0.5254, 0.8196, 0.42745), (0.75, 0.75, 0.75), 6.7225),
        ("categorical", 256, (0.843137, 0, 0), (0.635294, 0.803922, 1), (0.866667, 0.827451, 0.647059), 438.7176),
        ("rainbow", 256, (0, 0.20755, 0.97632), (0.71045, 0.75746, 0.10594), (1, 0.16528, 0), 358.4128),
        ("linear", 256, (0.99986, 1, 1), (0.89194, 0.65264, 0.26561), (0.83422, 0.059213, 0.11447), 479.9123),
        ("diverging", 256, (0.077854, 0.19343, 0.75827), (0.56883, 0.56809, 0.5657),
         (0.99097, 0.89391, 0.035647), 427.1596),
    ],
)  # fmt: skip
def test_colour_maps_are_phys(name, n, first, middle, last, total):
    table = colormaps[name]
    assert table.shape == (n, 3) and table.sum() == pytest.approx(total, abs=1e-4)
    assert np.allclose([table[0], table[n // 2], table[-1]], [first, middle, last], atol=1e-6)


def test_spikes_have_the_colour_of_their_cluster():
    got = colors.spike_colors([5, 3, 3], [3, 5])
    assert got[:, 0].tolist() == [1.0, 0.03137, 0.03137] and got[:, 3].tolist() == [1, 1, 1]


def test_the_colours_of_a_selection_are_those_of_the_program_while_it_is_shown():
    with colors.of_selection(np.array([(0.1, 0.2, 0.3, 1.0)])):
        assert selected_cluster_color(0) == (0.1, 0.2, 0.3, 1.0)
        assert selected_cluster_color(1)[0] == 1.0
    assert selected_cluster_color(0)[0] == 0.03137


def test_an_opacity_is_added_to_tuples_and_arrays():
    assert add_alpha((0.1, 0.2, 0.3), 0.5) == (0.1, 0.2, 0.3, 0.5) and add_alpha((0, 0, 0, 1), 0.5) == (0, 0, 0, 0.5)
    assert add_alpha(np.ones((2, 3)), 0.5).tolist() == [[1, 1, 1, 0.5]] * 2
    with pytest.raises(ValueError, match="tuple or an array"):
        add_alpha([0, 0, 0])


def test_values_are_spread_over_a_colour_map():
    linear = ClusterColorSelector(lambda c: c * 1.0, colormap="linear", categorical=False, cluster_ids=[0, 10])
    assert np.allclose(linear.get(5, 1.0), (0.89194, 0.65264, 0.26561, 1.0))
    assert np.allclose(linear.get_colors([3], 0.5), [(0.90257, 0.81539, 0.47631, 0.5)])
    log = ClusterColorSelector(
        lambda c: 10.0**c, colormap="rainbow", categorical=False, logarithmic=True, cluster_ids=[0, 4]
    )
    assert np.allclose(log.get_colors([0, 1, 2])[:, 2], [0.97632, 0.30439, 0.10594])
    assert np.isfinite(ClusterColorSelector(lambda c: None, categorical=False, cluster_ids=[1]).get_colors([1])).all()


def test_texts_and_whole_numbers_are_rows_of_a_colour_map():
    groups = {1: "good", 2: "mua", 3: None}
    words = ClusterColorSelector(groups.get, colormap="cluster_group", categorical=True, cluster_ids=[1, 2, 3])
    assert words.get_colors([1, 2, 3])[:, 0].tolist() == [0.5, 0.5254, 0.4]
    assert words.get(2)[0] == 0.5254
    rows = ClusterColorSelector(lambda c: int(c), cluster_ids=[0, 4])
    assert np.allclose(rows.get_colors([300]), [(0.729412, 0.760784, 0.878431, 1.0)])
