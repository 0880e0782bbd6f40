"""Pieces of the explorer that need no data: where parts stand, which spike a click means, the frame in space."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.views.explorer_frame import Camera, clipped
from phy_medicine.views.explorer_layout import FRAME_PANEL, PARTS, ExplorerPanels, place_parts
from phy_medicine.views.explorer_pick import nearest_in_sight
from phy_medicine.views.layout import Panels

LEAST = {"local": (320, 240), "map": (230, 200), "waves": (230, 200), "frame": (230, 170)}


@given(st.integers(150, 2600), st.integers(100, 1500), st.sampled_from([1.0, 1.5, 2.0]),
       st.lists(st.sampled_from(PARTS), min_size=1, unique=True))  # fmt: skip
def test_parts_lie_in_the_box_apart_and_large_enough(width, height, unit, wanted):
    wanted = [part for part in PARTS if part in wanted]
    boxes = place_parts(wanted, (5.0, 7.0, 5.0 + width, 7.0 + height), unit)
    assert boxes and set(boxes) <= set(wanted)
    for x0, y0, x1, y1 in boxes.values():
        assert 5 - 1e-6 <= x0 < x1 <= 5 + width + 1e-6 and 7 - 1e-6 <= y0 < y1 <= 7 + height + 1e-6
    for a, b in itertools.combinations(boxes.values(), 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    if len(boxes) > 1:
        for part, (x0, y0, x1, y1) in boxes.items():
            assert x1 - x0 >= LEAST[part][0] * unit - 1e-6 and y1 - y0 >= LEAST[part][1] * unit - 1e-6


@pytest.mark.parametrize(
    ("size", "parts"),
    [((1900, 1100), PARTS), ((900, 600), PARTS), ((1300, 260), PARTS), ((340, 900), PARTS),
     ((620, 400), ("local", "waves")), ((400, 300), ("local",)), ((220, 160), ("local",))],
)  # fmt: skip
def test_smaller_windows_show_fewer_parts(size, parts):
    assert tuple(place_parts(PARTS, (0, 0, *size), 1.0)) == parts


@pytest.fixture(scope="module")
def panels():
    panels = Panels(1)
    panels.set_rects(np.array([(50, 10, 450, 210)]))
    panels.set_home(x=(0.0, 1000.0), y=(-5.0, 5.0))
    return panels


POINTS = st.lists(st.tuples(st.floats(-100, 1100, width=32), st.floats(-6, 6, width=32)), max_size=30)


@given(POINTS, st.tuples(st.floats(50, 449), st.floats(10, 209)))
def test_a_click_means_the_nearest_spike_in_sight(panels, points, place):
    x, y = np.array(points, dtype=np.float32).reshape(-1, 2).T
    seen = [i for i in range(len(x)) if 0 <= x[i] <= 1000 and -5 <= y[i] <= 5]
    away = {i: np.hypot(50 + 0.4 * float(x[i]) - place[0], 210 - 20 * (float(y[i]) + 5) - place[1]) for i in seen}
    found = nearest_in_sight(panels, 0, x, y, place)
    assert (found is None) == (not seen)
    assert found is None or away[found] == pytest.approx(min(away.values()), abs=1e-6)


def test_a_spike_without_a_place_is_never_meant(panels):
    assert nearest_in_sight(panels, 0, np.array([np.nan, 500.0]), np.array([0.0, np.nan]), (250.0, 110.0)) is None


def _camera(azimuth_deg, elevation_deg):
    return Camera(np.zeros(3), (100.0, 100.0), 2.0, np.radians(azimuth_deg), np.radians(elevation_deg))


def test_seen_from_above_the_frame_is_the_probe_and_from_the_side_z_goes_up():
    above, side = _camera(0, 90), _camera(0, 0)
    assert above.place(np.array([3.0, 4.0, 9.0])) == pytest.approx([106, 92])
    assert side.place(np.array([3.0, 4.0, 9.0])) == pytest.approx([106, 82])
    assert _camera(90, 0).place(np.array([3.0, 4.0, 9.0])) == pytest.approx([92, 82])


@given(st.floats(-360, 360), st.floats(-90, 90), st.tuples(*[st.floats(-50, 50)] * 3))
def test_turning_keeps_what_is_near_the_middle_near(azimuth, elevation, point):
    pixel = _camera(azimuth, elevation).place(np.array(point))
    assert np.hypot(*(pixel - 100)) <= 2 * np.linalg.norm(point) + 1e-6


@given(st.tuples(*[st.integers(-50_000, 150_000)] * 4))
def test_lines_are_cut_at_the_box(thousandths):
    ends = tuple(x / 1000 for x in thousandths)  # px; far less decides by chance which side of an edge a point is on
    box = np.array([0.0, 0.0, 100.0, 80.0])
    at = np.linspace(0, 1, 2001)[:, None]
    points = np.array(ends[:2]) * (1 - at) + np.array(ends[2:]) * at
    inside = ((points >= box[:2]) & (points <= box[2:])).all(axis=1)
    found = clipped(np.array([ends]), box)
    assert (found >= -1e-6).all() and (found[:, [0, 2]] <= 100 + 1e-6).all() and (found[:, [1, 3]] <= 80 + 1e-6).all()
    length = np.hypot(*(found[0, 2:] - found[0, :2])) if len(found) else 0.0
    whole = float(np.hypot(ends[2] - ends[0], ends[3] - ends[1]))
    assert length == pytest.approx(inside.mean() * whole, abs=1e-3 * whole + 1e-6)


@pytest.fixture
def turned():
    panels = ExplorerPanels()
    panels.set_rects(np.tile([0, 0, 200, 100], (FRAME_PANEL + 1, 1)))
    return panels


def test_dragging_turns_the_frame_and_the_wheel_magnifies_it(turned):
    azimuth, elevation = turned.angles_deg
    turned.pan(FRAME_PANEL, (100, 0))
    assert turned.angles_deg == pytest.approx((azimuth + 90, elevation))
    turned.zoom(FRAME_PANEL, (3, 5), (2.0, 2.0))
    assert turned.magnification == pytest.approx(2) and turned.angles_deg == pytest.approx((azimuth + 90, elevation))
    turned.turn(-10, 5)
    assert turned.angles_deg == pytest.approx((azimuth + 80, elevation + 5))
    turned.pan(FRAME_PANEL, (0, 5000))
    assert turned.angles_deg[1] == pytest.approx(90)
    turned.reset()
    assert turned.angles_deg == pytest.approx((azimuth, elevation)) and turned.magnification == 1


def test_a_panel_moves_with_those_that_show_the_same_quantity(turned):
    before = turned.ranges().copy()
    turned.pan(3, (20, 10))
    moved = (turned.ranges() != before).any(axis=1)
    assert np.flatnonzero(moved).tolist() == [0, 1, 3, 4, 5]
