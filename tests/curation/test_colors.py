"""The colour table of phy and the schemes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from phy_medicine.curation.colors import (
    COLOR_SCHEMES,
    SELECTION_COLORS,
    channel_colors,
    kept_positions,
    pale,
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
