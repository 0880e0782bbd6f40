"""The colour table of phy and the schemes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from phy_medicine.curation.colors import (
    COLOR_SCHEMES,
    PALETTES,
    SELECTION_COLORS,
    channel_colors,
    kept_positions,
    pale,
    palette_colors,
    selection_color,
    selection_colors,
)
from phy_medicine.curation.groups import Groups

SCHEMES = {scheme.name: scheme for scheme in COLOR_SCHEMES}


def test_the_first_twelve_colours_are_those_of_phy() -> None:
    hexes = ["".join(f"{round(v * 255):02x}" for v in selection_color(i)[:3]) for i in range(12)]
    assert hexes == [
        "0892fc", "ff0202", "98ff00", "ffa530", "b600ff", "028800",
        "ff8fc8", "79525f", "00fecf", "b0a5ff", "94ad84", "9a6900",
    ]  # fmt: skip


def test_the_table_is_the_glasbey_one_by_phys_rule() -> None:
    colorcet = pytest.importorskip("colorcet")
    table = np.array(colorcet.glasbey_bw_minc_20_minl_30)
    table[[0, 1, 2, 3, 4, 5]] = table[[3, 0, 4, 5, 2, 1]]
    table[:2] = [[0.03137, 0.5725, 0.9882], [1.0, 0.0078, 0.0078]]
    np.testing.assert_allclose(SELECTION_COLORS, table, atol=1e-4)


def test_colours_repeat_after_256() -> None:
    assert selection_color(257, 0.5) == (*selection_color(1)[:3], 0.5)
    assert np.array_equal(selection_colors(258)[257], selection_colors(2)[1])


def test_colorcet_is_not_imported() -> None:
    code = "import phy_medicine.curation.colors, sys; sys.exit('colorcet' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_cluster_can_keep_its_colour_while_it_stays_selected() -> None:
    assert kept_positions({4: 0, 7: 1, 9: 2}, [7, 9, 5, 6]) == {7: 1, 9: 2, 5: 0, 6: 3}


def test_a_rate_of_zero_takes_the_first_colour_of_the_log_map() -> None:
    colors = SCHEMES["firing_rate"].colors([0.0, 0.1, 10.0, None], Groups())
    assert np.array_equal(colors[0], colors[1])
    assert not np.array_equal(colors[1], colors[2])
    assert colors[3].tolist() == [0.75, 0.75, 0.75, 1.0]


def test_rates_of_nothing_but_zero_have_one_colour() -> None:
    assert len(np.unique(SCHEMES["firing_rate"].colors([0.0, 0.0], Groups()), axis=0)) == 1


def test_depth_runs_through_the_linear_map() -> None:
    colors = SCHEMES["depth"].colors([100.0, 0.0, 50.0], Groups())
    assert colors[1][:3].tolist() == pytest.approx([1, 1, 1], abs=0.1)
    assert len(np.unique(colors, axis=0)) == 3


def test_groups_have_the_colours_of_phys_maps_and_others_their_own() -> None:
    colors = SCHEMES["cluster_group"].colors(["noise", "mua", "good", None, "maybe"], Groups())
    expected = [[0.4] * 3, [0.5] * 3, [0.5254, 0.8196, 0.42745], [0.75] * 3]
    np.testing.assert_allclose(colors[:4, :3], expected, atol=1e-6)
    assert not np.any(np.all(np.isclose(colors[:4], colors[4]), axis=1))


def test_random_is_by_id_and_blank_is_grey() -> None:
    groups = Groups()
    assert np.array_equal(SCHEMES["random"].colors([3], groups), SCHEMES["random"].colors([259], groups))
    assert SCHEMES["blank"].colors([None, None], groups, 0.5).tolist() == [[0.75, 0.75, 0.75, 0.5]] * 2


def test_no_clusters_have_no_colours() -> None:
    assert all(scheme.colors([], Groups()).shape == (0, 4) for scheme in COLOR_SCHEMES)


def test_cross_correlograms_are_pale_and_traces_a_gradient() -> None:
    assert pale((1.0, 0.0, 0.0)) == pytest.approx((1.0, 0.9, 0.9, 1.0))
    assert channel_colors(2)[:, :3].tolist() == [
        pytest.approx([0.353, 0.161, 0.443]),
        pytest.approx([0.133, 0.404, 0.396]),
    ]


# Linear RGB as people without one kind of cone see it, all of it.
# Source: Machado, Oliveira & Fernandes 2009, IEEE TVCG 15:1291, table 1, severity 1.
SEEN_BY = {
    "everybody": np.eye(3),
    "protanopes": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopes": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopes": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]])


def smallest_difference(colors, seen_by):
    """Smallest distance of two colours in CIE L*a*b* (D65), as people of one kind see them."""
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    xyz = np.clip(linear @ np.transpose(SEEN_BY[seen_by]), 0, 1) @ XYZ.T / [0.95047, 1, 1.08883]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    lab = np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
    distances = np.linalg.norm(lab[:, None] - lab[None], axis=2)
    return distances[~np.eye(len(colors), dtype=bool)].min()


@pytest.mark.parametrize("people", SEEN_BY)
def test_safe_colours_differ_for_every_kind_of_colour_vision(people):
    table = PALETTES["okabe-ito"].astype(float)
    assert smallest_difference(table[:2], people) > 80
    assert smallest_difference(table[:4], people) > 20
    assert smallest_difference(table[:7], people) > 15
    # 2.3 is a just noticeable difference.
    assert smallest_difference(table, people) > 3 * 2.3


def test_the_first_two_safe_colours_are_seen_on_black_and_on_white():
    for color in PALETTES["okabe-ito"][:2]:
        luminance = np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4) @ [
            0.2126,
            0.7152,
            0.0722,
        ]
        assert min((luminance + 0.05) / 0.05, 1.05 / (luminance + 0.05)) > 3


def test_a_palette_is_repeated():
    n = len(PALETTES["okabe-ito"])
    first, again = palette_colors(np.array([0, n]), "okabe-ito", 0.5)
    assert np.array_equal(first, again)
    assert first[3] == 0.5
    assert np.array_equal(palette_colors(np.arange(300), "phy"), selection_colors(300))
