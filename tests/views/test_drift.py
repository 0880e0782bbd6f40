"""The drift view on made-up spikes whose motion is known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from fake_host import FakeHost, show

from phy_medicine.compute import _kernels_drift
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.session.depths import SpikeDepths
from phy_medicine.session.localization import LocalizationState
from phy_medicine.session.motion import MotionState
from phy_medicine.views.color_scale import palette_of
from phy_medicine.views.drift import DriftView
from phy_medicine.views.drift_image import mixed, shaded, tinted
from phy_medicine.views.interact import Click
from phy_medicine.views.still import Pose, still
from phy_medicine.views.theme import DARK, LIGHT

BLUE = (8, 146, 252)


def wave(um: float) -> Motion:
    """The probe moves up and down by so much, twice in 600 s."""
    times = np.arange(0, 600, 5.0)
    return Motion(um / 2 * np.sin(times / 300 * 2 * np.pi)[:, None] * [1.0, 1.0], times, np.array([0.0, 300.0]))


class Store:
    def __init__(self, motion, hints=()):
        self._motion, self._hints = motion, hints

    def runs(self, kind=None):
        return (SimpleNamespace(id="1", name="motion 1", kind="motion", facts={"hints": list(self._hints)}),)

    def read(self, run_id):
        return self._motion.to_arrays()


def make_view(n_per_cluster=3000, hints=(), motion=True, **options):
    """A view of clusters at 40, 80... µm, of which every spike is seen with a motion of 50 µm."""
    host = FakeHost(n_per_cluster=n_per_cluster)
    data = host.data
    rest = 40.0 * (1 + data.spike_clusters) + np.random.default_rng(2).normal(0, 3, data.n_spikes)
    moved = rest + wave(50).at(data.spike_times, rest)
    data.motion = MotionState(lambda: Store(wave(50), hints) if motion else None)
    model = SimpleNamespace(spikes=SimpleNamespace(depth_um=moved.astype(np.float32)), spike_times=data.spike_times)
    data.depths = SpikeDepths(model, data.motion)
    return DriftView(host, **options)


@pytest.fixture
def view():
    return make_view()


def test_the_density_is_as_strong_on_a_screen_of_twice_the_pixels():
    view = make_view(20_000)
    show(view, view.host.make_request([0]))
    strengths = []
    for ratio in (1.0, 2.0):
        with still(view, Pose((400, 300), ratio)) as scene:
            strengths.append(view.heat.heats()[0][1][..., 3].mean())
            height, width = view.heat.heats()[0][1].shape[:2]
            left, top, right, bottom = scene.panels.rects[0] / ratio
            assert (height, width) == (round(bottom - top), round(right - left))
    assert strengths[1] == pytest.approx(strengths[0], rel=0.1)


def _near(pixel, color, by=40):
    return bool(np.abs(pixel.astype(int) - np.array(color)).max() < by)


def _place(view, spike, motion=None):
    times, depths = view.host.data.spike_times, view.host.data.depths.without(motion)
    x, y = view.panels.to_pixels(0, times[spike], float(depths[spike]))
    return float(x), float(y)


def _lasso(view, corners):
    for x, y in corners:
        view.add_lasso_corner(Click(0, 0, 0, x, y, 1, frozenset({"control"})))


def _brute_force(view, corners, depths, ids):
    """Spikes whose point is inside, by crossings of a ray; slow and obvious."""
    found = []
    for i in ids:
        x, y, inside = view.host.data.spike_times[i], float(depths[i]), False
        for (xa, ya), (xb, yb) in zip(corners, corners[1:] + corners[:1], strict=True):
            if (ya > y) != (yb > y) and x < xa + (y - ya) * (xb - xa) / (yb - ya):
                inside = not inside
        if inside:
            found.append(int(i))
    return found


def test_few_spikes_are_drawn_one_by_one_in_the_colour_of_their_cluster(view, drawn):
    block = show(view, view.host.make_request([1]))
    assert block.counts is None and len(block.others.times_s) == block.n_inside
    assert len(block.selected.times_s) == 3000 or len(block.selected.times_s) > 2900
    view.change(curves=False)
    image = drawn(view)
    x, y = _place(view, view.host.data.spikes(1)[500])
    assert _near(image[int(y), int(x)], BLUE)


def test_many_spikes_are_counted_in_every_pixel(drawn):
    view = make_view(20_000)
    show(view, view.host.make_request([]))
    drawn(view)
    show(view, view.host.make_request([]))
    block, data = view.block, view.host.data
    assert block.counts.shape == view._size() and block.counts.sum() == data.n_spikes == block.n_inside
    rows, columns = block.size
    x = np.minimum(data.spike_times / 600 * columns, columns - 1).astype(int)
    low, high = block.home_um
    y = ((data.depths.raw.astype(float) - low) / (high - low) * rows).astype(int)
    expected = np.zeros(block.size, int)
    np.add.at(expected, (y, x), 1)
    assert np.array_equal(block.counts, expected)


def test_a_zoom_shows_exact_counts_and_then_single_spikes(drawn):
    view = make_view(20_000)
    show(view, view.host.make_request([]))
    drawn(view)
    left, top, right, bottom = view.panels.rects[0]
    middle = ((left + right) / 2, (top + bottom) / 2)
    view.panels.zoom(0, middle, (1.5, 1.5))
    view.redraw()
    x0, x1, y0, y1 = view.panels.ranges()[0]
    times, depths = view.host.data.spike_times, view.host.data.depths.raw
    inside = (times >= x0) & (times <= x1) & (depths >= y0) & (depths <= y1)
    assert view.block.counts.sum() == view.block.n_inside == inside.sum() > 25_000
    view.panels.zoom(0, middle, (40.0, 1.0))
    view.redraw()
    assert view.block.counts is None and 0 < len(view.block.others.times_s) == view.block.n_inside < 25_000


def test_single_spikes_of_a_late_moment_are_where_they_are(drawn):
    view = make_view(20_000)
    show(view, view.host.make_request([]))
    drawn(view)
    _left, top, right, bottom = view.panels.rects[0]
    view.panels.zoom(0, (right - 2, (top + bottom) / 2), (50_000.0, 1.0))
    view.redraw()
    x0, x1 = view.panels.ranges()[0, :2]
    seen = np.flatnonzero((view.host.data.spike_times >= x0) & (view.host.data.spike_times <= x1))
    exact = view.panels.to_pixels(0, view.host.data.spike_times[seen], 0.0)[0]
    drawn_at = view.panels.to_pixels(1, view.block.others.times_s, 0.0)[0]
    assert len(seen) > 0 and np.abs(np.sort(drawn_at) - np.sort(exact)).max() < 0.01


def test_zooming_out_again_needs_no_counting(drawn, monkeypatch):
    view = make_view(20_000)
    show(view, view.host.make_request([]))
    drawn(view)
    first = view.block.counts
    view.panels.zoom(0, (300, 200), (2, 2))
    view.redraw()
    view.panels.reset()
    view.redraw()
    assert view.block.counts is first


def test_the_view_opens_around_the_selected_clusters(view):
    show(view, view.host.make_request([]))
    whole = view.block.home_um
    low, high = show(view, view.host.make_request([0])).home_um
    assert low < 15 < 65 < high and high - low < 0.8 * (whole[1] - whole[0])
    view.change(whole_probe=True)
    assert view.block.home_um == whole


def test_the_motion_is_taken_out_by_the_switch_of_the_session(view, drawn):
    show(view, view.host.make_request([1]))
    assert view.block.removed is None and view.status.startswith("observed · motion 1")
    view.host.data.motion.corrected = True
    view.motion_changed("corrected")
    assert view.status.startswith("corrected · motion 1")
    assert np.std(view.block.selected.depths_um) < 5
    view.change(curves=False)
    image = drawn(view)
    spike = view.host.data.spikes(1)[10]
    x, y = _place(view, spike, view.host.data.motion.current)
    assert view.scene.axes.y == "Corrected depth (µm)" and _near(image[int(y), int(x)], BLUE)


def test_toggling_the_motion_keeps_the_frame(view):
    show(view, view.host.make_request([1]))
    before = view.block.home_um
    view.host.data.motion.corrected = True
    view.motion_changed("corrected")
    assert view.block.home_um == before


def test_curves_run_where_resting_tissue_is_seen(view, drawn):
    show(view, view.host.make_request([1]))
    drawn(view, (620, 500))
    curves, motion = view.block.curves, view.host.data.motion.current
    assert len(curves.depths_um) == 15
    rest = curves.depths_um - motion.at(np.broadcast_to(curves.times_s, curves.depths_um.shape), curves.depths_um)
    assert np.ptp(rest, axis=1).max() < 0.1 and np.ptp(curves.depths_um, axis=1).min() > 40
    image = drawn(view, (620, 500))
    x, y = view.panels.to_pixels(0, curves.times_s[40], curves.depths_um[12, 40])
    assert image[int(y) - 1 : int(y) + 2, int(x)].max() > 120


def test_curves_are_straight_when_the_motion_is_taken_out(view):
    view.host.data.motion.corrected = True
    show(view, view.host.make_request([1]))
    assert np.ptp(view.block.curves.depths_um, axis=1).max() == 0


def test_curves_are_drawn_with_two_points_a_column_at_most(view):
    times = np.linspace(0, 600, 50_000)
    view.host.data.motion.preview = Motion(np.sin(times)[:, None], times, np.array([0.0]))
    show(view, view.host.make_request([]))
    assert len(view.block.curves.times_s) == 2 * view.block.size[1]


def test_a_preview_moves_curves_and_corrected_spikes(view):
    show(view, view.host.make_request([1]))
    before = view.block.curves.depths_um
    view.host.data.motion.preview = wave(20)
    view.motion_changed("preview")
    assert np.ptp(view.block.curves.depths_um[0]) == pytest.approx(20, abs=1) and np.ptp(before[0]) > 45
    assert "estimating" in view.status
    view.host.data.motion.corrected = True
    view.motion_changed("corrected")
    half_way = np.std(view.block.selected.depths_um)
    view.host.data.motion.preview = wave(50)
    view.motion_changed("preview")
    assert np.std(view.block.selected.depths_um) < 0.6 * half_way
    view.host.data.motion.preview = None
    view.motion_changed("preview")
    assert "motion 1" in view.status


@pytest.mark.parametrize("corrected", [False, True])
@pytest.mark.parametrize("clusters", [[], [2], [0, 3]])
def test_the_lasso_gives_every_spike_inside_drawn_or_not(corrected, clusters, drawn):
    view = make_view(2000)
    view.host.data.motion.corrected = corrected
    show(view, view.host.make_request(clusters))
    drawn(view)
    left, _top, _right, bottom = view.panels.rects[0]
    view.panels.zoom(0, (left + 20, bottom - 20), (30.0, 3.0))  # most spikes are out of sight
    view.redraw()
    corners = [(50.0, 20.0), (420.0, 30.0), (330.0, 190.0), (300.0, 60.0), (80.0, 170.0)]
    _lasso(view, corners)
    data = view.host.data
    ids = np.arange(data.n_spikes) if not clusters else np.flatnonzero(np.isin(data.spike_clusters, clusters))
    expected = _brute_force(view, corners, data.depths.shown, ids)
    assert view.lasso_spike_ids().tolist() == expected and len(expected) > 50


def test_the_lasso_is_cleared_when_depths_move_under_it(view):
    show(view, view.host.make_request([1]))
    _lasso(view, [(0, 0), (600, 0), (600, 300)])
    view.host.data.motion.corrected = True
    view.motion_changed("corrected")
    assert len(view.scene.lasso) == 0


def test_a_click_selects_the_cluster_of_the_nearest_spike(view, drawn):
    show(view, view.host.make_request([1]))
    drawn(view)
    spike = view.host.data.spikes(2)[100]
    x, y = _place(view, spike)
    view.on_click(Click(x, y, 0, 1.0, 1.0, 1, frozenset()))
    view.on_click(Click(x, y, 0, 1.0, 1.0, 1, frozenset({"shift"})))
    view.on_click(Click(x, y, 0, 7.0, 1.0, 1, frozenset({"alt"})))
    assert view.host.called("select") == [([2],)] and view.host.called("select_more") == [([2],)]
    assert view.host.called("go_to_time") == [(7.0, 2)]
    top = view.panels.rects[0][1]
    view.on_click(Click(x, float(top), 0, 1.0, 1.0, 1, frozenset()))
    assert view.host.called("message") == [("No spike here.",)]


@pytest.mark.parametrize("corrected", [False, True])
def test_the_pointer_is_told_of_the_nearest_spike(view, drawn, corrected):
    motion = view.host.data.motion
    motion.corrected = corrected
    show(view, view.host.make_request([2]))
    drawn(view)
    removed = motion.current if corrected else None
    spike = int(view.host.data.spikes(2)[40])
    x, y = _place(view, spike, removed)
    words, px, py = view.describe(x, y)
    time, depth = view.host.data.spike_times[spike], view.host.data.depths.without(removed)[spike]
    name = "corrected depth" if corrected else "depth"
    assert words == f"cluster 2 · {time:.3f} s\n{name} {depth:.1f} µm" and (px, py) == pytest.approx((x, y), abs=0.01)
    left, top, _, _ = view.panels.rects[0]
    assert view.describe(float(left) - 5, float(top) + 5) is None


def test_the_band_marks_the_time_window(view, drawn):
    view.change(curves=False)
    show(view, view.host.make_request([0]))
    view.set_time_window((100.0, 200.0))
    image = drawn(view)
    top = view.panels.rects[0][1]
    x = int(view.panels.to_pixels(0, 150.0, 0.0)[0])
    assert image[top + 2, x].tolist()[:2] > [50, 50]


def test_spikes_are_coloured_by_amplitude(drawn):
    view = make_view(20_000)
    view.change(color="amplitude")
    show(view, view.host.make_request([1]))
    drawn(view)
    show(view, view.host.make_request([1]))
    block = view.block
    assert block.layers == () and block.selected is None and block.sums.shape == block.counts.shape
    image = drawn(view)
    # Cells of different rank have different colours: more than greys and the colour of a cluster.
    colors = image[view.panels.rects[0][1] : view.panels.rects[0][3]].reshape(-1, 3).astype(int)
    assert np.count_nonzero(np.ptp(colors, axis=1) > 40) > 1000


def localized(view, color="alpha"):
    """Give each spike a strength and a distance; those of cluster 3 have none."""
    data = view.host.data
    rng = np.random.default_rng(4)
    arrays = {name: rng.uniform(1, 100, data.n_spikes).astype(np.float32) for name in ("z_um", "alpha")}
    for values in arrays.values():
        values[data.spike_clusters == 3] = np.nan
    arrays |= {"x_um": np.zeros(data.n_spikes, np.float32), "depth_um": data.depths.raw.copy()}
    store = SimpleNamespace(
        runs=lambda kind: (SimpleNamespace(id="a", name="a", kind=kind, facts={}, params={}),), read=lambda _id: arrays
    )
    data.localization = LocalizationState(lambda: store, data.n_spikes)
    view.change(color=color, curves=False, whole_probe=True)
    return np.log10(arrays["alpha"]) if color == "alpha" else arrays["z_um"]


@pytest.mark.parametrize("color", ["alpha", "z"])
def test_spikes_are_coloured_by_strength_or_distance_and_those_without_are_left_out(drawn, color):
    view = make_view(n_per_cluster=200)
    values = localized(view, color)
    block = show(view, view.host.make_request([1]))
    assert len(block.others.times_s) == block.n_inside == np.isfinite(values).sum() < view.host.data.n_spikes
    low, high = np.nanquantile(values, [0.02, 0.98])
    expected = np.rint(np.clip((values[np.isfinite(values)] - low) / (high - low), 0, 1) * 255)
    assert np.abs(block.others.rows - expected).max() <= 1 and block.selected is None
    image = drawn(view)
    table = palette_of("inferno" if color == "alpha" else "viridis", DARK)
    lonely = 0
    px, py = (np.asarray(v) for v in view._pixels(np.flatnonzero(np.isfinite(values))))
    for i in range(len(px)):
        if np.hypot(np.delete(px, i) - px[i], np.delete(py, i) - py[i]).min() > 6:
            lonely += 1
            assert _near(image[int(py[i]), int(px[i])], 255 * table[int(block.others.rows[i])])
    assert lonely > 5


def test_cells_of_many_spikes_have_the_mean_of_their_levels(drawn):
    view = make_view(20_000)
    values = localized(view)
    show(view, view.host.make_request([1]))
    drawn(view)
    block = show(view, view.host.make_request([1]))
    known = np.isfinite(values)
    assert block.counts.sum() == block.n_inside == known.sum() and block.others is None
    assert block.sums.sum() == block.levels.values[known].sum()


def test_without_positions_the_colours_are_those_of_the_clusters_and_the_status_says_so(view):
    view.change(color="z")
    block = show(view, view.host.make_request([1]))
    assert block.levels is None and block.selected is not None and "no z in use" in view.status
    localized(view, "cluster")
    view.host.data.localization.restore()
    seen = []
    for _ in range(4):
        view.on_wheel(frozenset({"shift"}), 1)
        seen.append(view.settings.color)
    assert seen == ["amplitude", "alpha", "z", "cluster"]


def test_many_selected_spikes_are_counted_as_well(drawn):
    view = make_view(30_000)
    show(view, view.host.make_request([0, 1]))
    drawn(view)
    show(view, view.host.make_request([0, 1]))
    assert view.block.selected is None and [int(layer.sum()) for layer in view.block.layers] == [
        len(view.host.data.spikes(c)) for c in (0, 1)
    ]
    image = drawn(view)
    assert np.count_nonzero((image[:, :, 2] > 150) & (image[:, :, 0] < 60)) > 300
    assert np.count_nonzero((image[:, :, 0] > 150) & (image[:, :, 2] < 60)) > 300


def test_hints_on_the_motion_are_shown(drawn):
    view = make_view(hints=["The motion is cut off: raise motion_bound."])
    view.host.data.motion.restore()
    show(view, view.host.make_request([1]))
    drawn(view)
    assert "1 hint" in view.status
    assert drawn(view)[4:16, 60:300].max() > 150


def test_without_a_motion_the_view_says_so(drawn):
    view = make_view(motion=False)
    show(view, view.host.make_request([1]))
    assert "no motion yet" in view.status and view.block.curves is None
    assert drawn(view).max() > 100


def test_the_light_theme_has_a_white_ground(drawn):
    view = make_view(theme=LIGHT)
    show(view, view.host.make_request([0]))
    assert drawn(view)[2, 2].tolist() == [255, 255, 255]


def test_the_wheel_changes_size_depth_and_colours(view, drawn):
    show(view, view.host.make_request([1]))
    drawn(view)
    before = np.diff(view.panels.ranges()[0].reshape(2, 2), axis=1).ravel()
    view.on_wheel(frozenset({"control"}), 1)
    after = np.diff(view.panels.ranges()[0].reshape(2, 2), axis=1).ravel()
    assert after[0] == pytest.approx(before[0]) and after[1] < before[1]
    view.on_wheel(frozenset({"alt"}), 1)
    assert view.settings.marker_size == pytest.approx(2.75)
    view.on_wheel(frozenset({"shift"}), 1)
    assert view.settings.color == "amplitude"


def test_counts_become_opacity_and_mean_colour():
    counts = np.zeros((2, 200), dtype=np.uint32)
    counts[0, 1], counts[1, 0] = 1, 8
    grey = tinted(counts, (1.0, 1.0, 1.0, 1.0), 0.4)
    assert grey[0, 0, 3] == 255 and 0.4 * 255 < grey[1, 1, 3] < 150 and grey[0, 1, 3] == grey[1, 0, 3] == 0
    palette = np.zeros((256, 3))
    palette[100] = (1, 0, 0)
    assert shaded(counts, counts * 100, palette, 0.5)[0, 0].tolist() == [255, 0, 0, 255]
    layers = [np.array([[0, 8], [0, 0]], np.uint32), np.array([[0, 8], [0, 0]], np.uint32)]
    two = mixed(np.zeros((2, 2, 4), np.uint8), layers, np.array([[1, 0, 0, 1.0], [0, 0, 1, 1.0]]), 0.5)
    assert two[1, 1].tolist() == [128, 0, 128, 255] and two[0].max() == 0


def test_the_compiled_and_the_numpy_way_give_the_same_picture(drawn):
    view = make_view(20_000)
    block = show(view, view.host.make_request([1]))
    _kernels_drift.kernels.load()
    again = show(make_view(20_000), view.host.make_request([1]))
    assert np.array_equal(block.counts, again.counts)


def test_twins_of_other_depths_show_both_and_come_to_rest(monkeypatch):
    first, second = make_view(), make_view()
    first.scale.pair(second, own=False)
    n_blocks = [0, 0]

    def settle(view):
        view.scene.settle((400, 300), 1.0, view.arrange, view.decorate_all)
        return view.panels.ranges()[0, 2:].tolist()

    for i, (view, home) in enumerate(((first, (40.0, 120.0)), (second, (100.0, 260.0)))):
        monkeypatch.setattr(view._source, "home", lambda request, wish, home=home: home)

        def block(request, wish, make=view._source.block, i=i):
            n_blocks[i] += 1
            return make(request, wish)

        monkeypatch.setattr(view._source, "block", block)
        show(view, view.host.make_request([1]))
        settle(view)
    for view in (first, second):
        assert settle(view) == [40.0, 260.0]
        assert (view.block.window.low_um, view.block.window.high_um) == (40.0, 260.0)
    # One for the first sight, one for the size of the canvas, one for the twin.
    assert max(n_blocks) <= 3
    second.panels.zoom(0, (200, 150), (1.0, 2.0))
    second.redraw()
    assert settle(first) == settle(second) and first.block.window == second.block.window
    second.panels.reset()
    first.scale.part()
    assert settle(first) == [40.0, 120.0] and first.block.window.high_um == 120.0
    assert settle(second) == [100.0, 260.0] and second.block.window.low_um == 100.0
