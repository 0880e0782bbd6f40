"""What the explorer draws of many selected spikes: every one is there, once."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.session.explored_spikes import LocalColumns
from phy_medicine.session.localization import Positions
from phy_medicine.views.explorer_block import Everything, make_layers, typical
from phy_medicine.views.explorer_layout import N_PAIRS

N = 4000


@pytest.fixture(scope="module")
def everything() -> Everything:
    rng = np.random.default_rng(1)
    lx, ly, z, a, x, y = rng.standard_t(2, (6, N)).astype(np.float32) * 20
    a[::10] = np.nan
    columns = LocalColumns(
        Positions(x, y), lx, ly, z, a, np.zeros(N, np.int32), np.zeros((1, 2)), (0.0, 1.0), "network"
    )
    return Everything(columns, None, None, y, {}, (), N)


def test_each_selected_spike_is_in_one_image_or_is_one_point(everything):
    ids, rows = np.arange(N), (np.arange(N) % 3).astype(np.uint8)
    layers = make_layers(everything, ids, rows, 3)
    for panel in range(N_PAIRS):
        x, y = everything.of(ids, panel)
        for row in range(3):
            n_known = int(np.count_nonzero(np.isfinite(x) & np.isfinite(y) & (rows == row)))
            image = np.flatnonzero((layers.panels == panel) & (layers.rows == row))
            n_points = int(np.count_nonzero((layers.point_panels == panel) & (layers.point_rows == row)))
            assert len(image) == 1 and layers.sums[image[0]].max() + n_points == n_known
            assert 0 < n_points < 0.1 * n_known


def test_a_typical_spike_is_near_the_medians_and_has_all_values(everything):
    found = typical(everything, np.arange(N))
    for name in ("lx", "ly", "z", "a"):
        values = everything.values(name)
        away = np.abs(values - np.nanmedian(values))
        assert away[found] < np.nanmedian(away)
    assert typical(everything, np.array([10, 11])) == 11, "spike 10 has no strength"


def test_of_one_spike_it_is_that_one(everything):
    assert typical(everything, np.array([7])) == 7
