"""The position view on made-up spikes whose position and strength are known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from fake_host import FakeHost, show

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.depths import SpikeDepths
from phy_medicine.session.localization import LocalizationState
from phy_medicine.session.motion import MotionState
from phy_medicine.views.color_scale import ColorScale, next_possible, palette_of, scale_of
from phy_medicine.views.interact import Click
from phy_medicine.views.items import Density, Lines, Points, Shades
from phy_medicine.views.position import PLANES, PositionView
from phy_medicine.views.theme import DARK, LIGHT

UP = Motion(np.full((2, 1), 30.0), np.array([0.0, 600.0]), np.array([0.0]))


def made_up(n: int, clusters: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Clusters 40 µm apart along the probe, the stronger the farther; a tenth of the spikes has no z and strength."""
    rng = np.random.default_rng(seed)
    x, depth = rng.normal(20, 5, n), 40.0 * clusters + rng.normal(0, 3, n)
    z, alpha = rng.uniform(5, 60, n), 1000.0 * 2.0 ** (clusters + rng.normal(0, 0.1, n))
    z[::10] = alpha[::10] = np.nan
    return {name: v.astype(np.float32) for name, v in (("x_um", x), ("depth_um", depth), ("z_um", z), ("alpha", alpha))}


class Store:
    def __init__(self, runs: dict[str, dict[str, np.ndarray]], methods: dict[str, str]) -> None:
        self._arrays, self._methods = runs, methods

    def runs(self, kind=None):
        made = self._methods
        return tuple(
            SimpleNamespace(id=i, name=f"run {i}", kind=kind, facts={}, params={"method": made.get(i)})
            for i in self._arrays
        )

    def read(self, run_id):
        return self._arrays[run_id]


def make_view(n_per_cluster=1000, *, runs="abc", lacking=(), **options) -> PositionView:
    """A view with run c in use; a is monopolar, and all lie elsewhere."""
    host = FakeHost(n_per_cluster=n_per_cluster)
    data = host.data
    arrays = {i: made_up(data.n_spikes, data.spike_clusters, ord(i)) for i in runs}
    for name in lacking:
        del arrays["c"][name]
    store = Store(arrays, {"a": "monopolar", "b": "com", "c": "com"})
    data.localization = LocalizationState(lambda: store, data.n_spikes)
    data.motion = MotionState(lambda: None)
    data.depths = SpikeDepths(SimpleNamespace(spike_times=data.spike_times), data.motion)
    return PositionView(host, **options)


def column(view: PositionView, quantity: str, ids: np.ndarray, run: str = "c") -> np.ndarray:
    arrays = view.host.data.localization._store().read(run)
    values = arrays[{"x": "x_um", "depth": "depth_um", "z": "z_um", "alpha": "alpha"}[quantity]][ids]
    return np.log10(values) if quantity == "alpha" else values


@pytest.fixture
def view():
    return make_view()


@pytest.mark.parametrize("plane", PLANES)
def test_every_plane_shows_the_spikes_that_have_both_numbers_where_they_are(view, plane):
    view.change(plane=plane)
    block = show(view, view.host.make_request([1, 2]))
    ids = np.sort(np.concatenate([view.host.data.spikes(c) for c in (1, 2)]))
    x, y = (column(view, quantity, ids) for quantity in PLANES[plane])
    known = np.isfinite(x) & np.isfinite(y)
    assert np.array_equal(block.spike_ids, ids[known]) and known.sum() > 0
    assert np.allclose(block.x, x[known]) and np.allclose(block.y, y[known])
    assert (known.all(), "without a value" in view.status) in ((True, False), (False, True))
    titles = {"x": "x (µm)", "depth": "Depth (µm)", "z": "z (µm)", "alpha": "log10 α"}
    assert (view.scene.axes.x, view.scene.axes.y) == tuple(titles[q] for q in PLANES[plane])


def test_depths_alone_are_without_the_motion(view):
    view.host.data.motion._current, view.host.data.motion._asked = (None, UP), True
    view.host.data.motion.corrected = True
    view.change(plane="alpha-depth")
    block = show(view, view.host.make_request([1]))
    assert np.allclose(block.y, column(view, "depth", block.spike_ids) - 30, atol=1e-3)
    assert np.allclose(block.x, column(view, "alpha", block.spike_ids)) and view.scene.axes.y == "Corrected depth (µm)"


def _pixel(image, view, i):
    px, py = view.panels.to_pixels(0, view.block.x[i], view.block.y[i])
    return image[int(py), int(px)].astype(int)


def alone(view: PositionView) -> list[int]:
    """Spikes in sight that are 10 px at least from every other one and from the edges."""
    px, py = view.panels.to_pixels(0, view.block.x, view.block.y)
    left, top, right, bottom = view.panels.rects[0]
    inside = np.flatnonzero((px > left + 10) & (px < right - 10) & (py > top + 10) & (py < bottom - 10))
    return [int(i) for i in inside if np.hypot(np.delete(px, i) - px[i], np.delete(py, i) - py[i]).min() > 10]


@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize("color", ["alpha", "z", "shift"])
def test_a_spike_has_the_colour_of_its_number(drawn, theme, color):
    view = make_view(300, theme=theme)
    view.change(color=color, background=False, marker_size=9.0)
    block = show(view, view.host.make_request([0, 5]))
    image = drawn(view)
    values = block.shifts.um if color == "shift" else column(view, color, block.spike_ids)
    assert np.isfinite(values).all() and len(values) == len(block.x) < 600
    scale, table = block.scale, palette_of("viridis" if color == "z" else "inferno", theme)
    lonely = alone(view)
    assert len(lonely) > 3
    for i in lonely:
        level = round(255 * float(np.clip((values[i] - scale.low) / (scale.high - scale.low), 0, 1)))
        assert np.abs(_pixel(image, view, i) - 255 * table[level]).max() < 20


def test_the_scale_is_drawn_above_with_its_ends(drawn, view):
    show(view, view.host.make_request([1]))
    drawn(view)
    top = view.panels.rects[0][1]
    view.change(color="alpha")
    block = show(view, view.host.make_request([1]))
    assert drawn(view)[4:18, 400:620].max() > 150 and view.panels.rects[0][1] > top + 10
    low, high = np.nanquantile(column(view, "alpha", np.arange(view.host.data.n_spikes)), [0.02, 0.98])
    assert (block.scale.low, block.scale.high) == pytest.approx((low, high))
    assert block.scale.ends[0] == f"log10 α {low:.2f}"


def test_many_spikes_are_cells_in_the_mean_of_their_colours():
    view = make_view(20_000)
    view.change(color="z", background=False)
    block = show(view, view.host.make_request([0, 1]))
    assert len(block.x) > 25_000 and "density" in view.status
    (cells,) = view.picture.parts
    assert isinstance(cells, Shades) and np.array_equal(cells.rows, block.levels)
    view.change(color="cluster")
    show(view, view.host.make_request([0, 1]))
    assert [type(part) for part in view.picture.parts] == [Density, Density]


def test_lines_lead_from_where_the_monopolar_run_puts_the_spikes(drawn, view):
    view.change(shifts=True, background=False)
    block = show(view, view.host.make_request([2]))
    assert block.shifts.run == "run a" and "from run a" in view.status
    ids = block.spike_ids
    old = np.stack([column(view, q, ids, "a") for q in ("x", "depth")], axis=1)
    assert np.allclose(block.shifts.starts, old)
    space = [column(view, q, ids) - column(view, q, ids, "a") for q in ("x", "depth", "z")]
    assert np.allclose(block.shifts.um, np.sqrt(np.sum(np.square(space), axis=0)), equal_nan=True, rtol=1e-4)
    (lines,) = (part for part in view.picture.parts if isinstance(part, Lines))
    assert len(lines.starts) - 1 == len(ids) <= 2000
    assert np.allclose(lines.x.reshape(-1, 2), np.stack([old[:, 0], block.x], axis=1))
    assert np.allclose(lines.y.reshape(-1, 2), np.stack([old[:, 1], block.y], axis=1))
    view._set_baseline("run b")
    assert show(view, view.host.make_request([2])).shifts.run == "run b"


def test_spikes_that_the_other_run_has_no_place_for_have_no_line_and_all_ends_are_in_sight(view):
    view.change(shifts=True, plane="x-z")
    arrays = view.host.data.localization._store().read("a")
    arrays["z_um"][5::10] = np.nan
    block = show(view, view.host.make_request([2]))
    known = np.isfinite(block.shifts.starts).all(axis=1)
    (lines,) = (part for part in view.picture.parts if isinstance(part, Lines))
    assert 0 < known.sum() < len(known) and len(lines.starts) - 1 == known.sum()
    low, high = view.panels.ranges()[0, 2:]
    ends = np.concatenate([block.y, block.shifts.starts[known, 1]])
    assert low <= np.quantile(ends, 0.002) and high >= np.quantile(ends, 0.998)


@pytest.mark.parametrize(("n", "kinds"), [(1000, [Lines, Points]), (30_000, [Density, Lines])])
def test_lines_lie_under_points_and_over_a_density(n, kinds):
    view = make_view(n)
    view.change(shifts=True, background=False)
    show(view, view.host.make_request([2]))
    assert [type(part) for part in view.picture.parts] == kinds


def test_at_most_two_thousand_lines_are_drawn_even_in_time():
    view = make_view(9000)
    view.change(shifts=True)
    show(view, view.host.make_request([2]))
    (lines,) = (part for part in view.picture.parts if isinstance(part, Lines))
    assert 1000 < len(lines.starts) - 1 <= 2000


def test_without_another_run_there_is_nothing_to_compare_with():
    view = make_view(runs="c")
    with pytest.raises(ActionError, match="no other positions"):
        view._toggle_shifts()
    with pytest.raises(PhyMedError, match="no positions 'x' in the store; there are: run c"):
        view._set_baseline("x")
    assert not view.settings.shifts and view.settings.baseline == ""
    for asked in ({"color": "shift"}, {"color": "cluster", "shifts": True}):
        view.change(**asked)
        block = show(view, view.host.make_request([1]))
        assert block.scale is None is block.shifts and "no other run to compare with" in view.status
        assert len(block.x) == len(view.host.data.spikes(1))


def test_a_run_of_another_dataset_gives_way_to_the_usual_one(view):
    view.change(shifts=True, baseline="localization 7")
    assert show(view, view.host.make_request([2])).shifts.run == "run a"


def test_positions_without_strength_say_so_and_colours_pass_over_it():
    view = make_view(lacking=("alpha",))
    view.change(plane="x-alpha")
    with pytest.raises(DataMissing, match="have no alpha: choose another plane with :pp x-depth"):
        view.prepare(view.host.make_request([1]))
    view.change(plane="x-depth")
    show(view, view.host.make_request([1]))
    view.change(color="alpha")
    block = show(view, view.host.make_request([1]))
    assert block.scale is None and "no alpha in use" in view.status and len(block.x) == len(view.host.data.spikes(1))
    view.change(color="cluster")
    seen = []
    for _ in range(4):
        view.on_wheel(frozenset({"shift"}), 1)
        seen.append(view.settings.color)
    assert seen == ["z", "shift", "cluster", "z"]


@pytest.mark.parametrize("plane", ["z-alpha", "alpha-depth"])
def test_a_lasso_in_any_plane_holds_every_spike_inside_drawn_or_not(view, plane):
    view.change(plane=plane, color="shift")
    block = show(view, view.host.make_request([0, 3]))
    (x0, x1), (y0, y1) = (np.quantile(v, [0.2, 0.7]) for v in (block.x, block.y))
    for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1)):
        view.add_lasso_corner(Click(0, 0, 0, float(x), float(y), 1, frozenset({"control"})))
    ids = np.sort(np.concatenate([view.host.data.spikes(c) for c in (0, 3)]))
    x, y = (column(view, quantity, ids) for quantity in PLANES[plane])
    expected = ids[(x > x0) & (x < x1) & (y > y0) & (y < y1)]
    assert len(expected) > 50 and np.array_equal(view.lasso_spike_ids(), expected)
    view.change(plane="x-depth")
    assert len(view.scene.lasso) == 0


def test_another_plane_is_shown_whole_and_a_wrong_one_changes_nothing(view):
    show(view, view.host.make_request([1]))
    home = view.panels.ranges().copy()
    view.panels.zoom(0, (100.0, 100.0), (4.0, 4.0))
    with pytest.raises(PhyMedError, match="plane"):
        view._set_plane("x-y")
    assert not np.allclose(view.panels.ranges(), home)
    view.change(plane="x-z")
    view.change(plane="x-depth")
    show(view, view.host.make_request([1]))
    assert np.allclose(view.panels.ranges(), home)


def test_the_pointer_is_told_all_that_is_known_of_a_spike(view, drawn):
    view.change(shifts=True)
    block = show(view, view.host.make_request([1]))
    drawn(view)
    i = next(i for i in alone(view) if np.isfinite(block.shifts.um[i]))
    px, py = (float(v) for v in view.panels.to_pixels(0, block.x[i], block.y[i]))
    words, *_ = view.describe(px, py)
    first, second = words.split("\n")
    assert first.startswith("cluster 1 · ")
    assert all(part in second for part in ("x ", "depth ", "z ", "log10 α 3.3", "moved by "))


def test_numbers_become_places_on_a_scale():
    scale = ColorScale("z (µm)", 10.0, 20.0)
    assert scale.levels(np.array([0, 10, 15, 20, 99, np.nan])).tolist() == [0, 0, 128, 255, 255, 0]
    assert scale.ends == ("z (µm) 10", "20")
    made = scale_of("z", np.r_[np.full(96, 5.0), np.linspace(0, 1000, 4), np.nan], from_zero=True)
    assert made.low == 0 and 5 <= made.high < 1000
    assert scale_of("z", np.full(5, np.nan)).high > 0


def test_colours_are_told_from_the_ground_and_high_is_farthest_from_it():
    for theme, ground in ((DARK, 0.06), (LIGHT, 1.0)):
        for table in ("inferno", "viridis"):
            light = palette_of(table, theme) @ [0.2126, 0.7152, 0.0722]
            away = np.abs(light - ground)
            assert away[-1] > 0.5 and away[0] < away[128] < away[-1] and away.min() > 0.02, (theme.name, table)


def test_choices_that_are_lacking_are_passed_over_either_way():
    assert next_possible("abcd", "a", {"b"}) == "c" and next_possible("abcd", "a", {"d", "c"}, -1) == "b"
    assert next_possible("ab", "a", {"b"}) == "a"
