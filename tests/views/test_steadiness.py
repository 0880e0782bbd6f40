"""The steadiness view on made-up spikes that move, and do not when the motion is taken out."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from fake_host import FakeHost, show

from phy_medicine.compute.motion.motion import Motion
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.localization import LocalizationState
from phy_medicine.session.motion import MotionState
from phy_medicine.views import steadiness
from phy_medicine.views.color_scale import palette_of
from phy_medicine.views.interact import Click
from phy_medicine.views.steadiness import MATRIX, TRACE, SteadinessView, located
from phy_medicine.views.theme import DARK

# Half of the time 40 µm up.
STEP = Motion(
    np.array([[0.0], [0.0], [40.0], [40.0]]), np.array([0.0, 299.9, 300.1, 600.0]), np.array([0.0])
)  # fmt: skip


def make_view(*, motion=True, n_per_cluster=1000, **options) -> SteadinessView:
    host = FakeHost(n_per_cluster=n_per_cluster)
    data, rng = host.data, np.random.default_rng(3)
    n, times = data.n_spikes, data.spike_times
    depth = 40.0 * data.spike_clusters + rng.normal(0, 2, n) + STEP.at(times, np.zeros(n))
    x = rng.normal(20, 2, n)
    x[::20] = np.nan
    arrays = {"x_um": x.astype(np.float32), "depth_um": depth.astype(np.float32)}
    runs = (SimpleNamespace(id="a", name="a", kind="localization", facts={}, params={}),)
    store = SimpleNamespace(runs=lambda kind: runs, read=lambda _id: arrays)
    data.localization = LocalizationState(lambda: store, n)
    data.motion = MotionState(lambda: None)
    if motion:
        data.motion._current, data.motion._asked = (SimpleNamespace(id="m", name="m", facts={}), STEP), True
    view = SteadinessView(host, **options)
    view.change(bin_s=50.0)
    return view


@pytest.fixture
def view():
    return make_view()


def brute(view: SteadinessView, i: int, j: int, moved: bool) -> float:
    """Correlation of the pictures of two stretches on a grid of 4 µm, spike by spike."""
    data, pictures = view.host.data, []
    positions = data.localization.current
    low, high = data.channel_positions.min(axis=0) - 100, data.channel_positions.max(axis=0) + 100
    xs, ys = (np.arange(low[k] - 12, high[k] + 20, 4.0) for k in (0, 1))
    for number in (i, j):
        image = np.zeros((len(xs), len(ys)))
        for s in np.flatnonzero(np.floor(data.spike_times / 50) == number):
            x, y = float(positions.x_um[s]), float(positions.depth_um[s])
            if np.isfinite(x):
                y -= float(STEP.at(data.spike_times[s], y)) if moved else 0.0
                image += np.outer(np.exp(-((xs - x) ** 2) / 32), np.exp(-((ys - y) ** 2) / 32))
        pictures.append(image.ravel())
    return float(np.corrcoef(*pictures)[0, 1])


def test_every_pair_of_stretches_is_correlated_as_observed_and_without_the_motion(view):
    block = show(view, view.host.make_request([]))
    assert block.shown.matrix.shape == (12, 12) and not block.corrected
    for i, j in ((0, 1), (0, 11), (5, 6)):
        assert block.shown.matrix[i, j] == pytest.approx(brute(view, i, j, False), abs=0.02)
        assert block.other.matrix[i, j] == pytest.approx(brute(view, i, j, True), abs=0.02)
    assert block.shown.matrix[0, 11] < 0.9 * block.other.matrix[0, 11]
    assert view.status == f"observed {block.shown.rho():.3f} · corrected {block.other.rho():.3f} within 50 s"


def test_the_switch_of_the_session_shows_the_other_way_without_comparing_anew(view, monkeypatch):
    request = view.host.make_request([])
    observed = show(view, request)
    monkeypatch.setattr(steadiness, "likeness", lambda *args, **more: pytest.fail("compared again"))
    assert view.cached(request)
    view.host.data.motion.corrected = True
    corrected = show(view, request)
    assert corrected.shown is observed.other and corrected.other is observed.shown and corrected.corrected
    assert view.status.startswith(f"corrected {corrected.shown.rho():.3f} · observed")


def test_cells_have_the_colours_of_their_correlation_and_a_line_is_the_entropy(drawn, view):
    block = show(view, view.host.make_request([]))
    image = drawn(view).astype(int)
    table = palette_of("inferno", DARK)
    for row, column in ((0, 3), (2, 9), (8, 8)):
        x, y = view.panels.to_pixels(MATRIX, 50.0 * column + 25, 50.0 * row + 25)
        level = block.scale.levels(block.shown.matrix[row, column][None])[0]
        assert np.abs(image[int(y), int(x)] - 255 * table[level]).max() <= 3
    x, y = view.panels.to_pixels(TRACE, block.shown.times_s[4], block.shown.entropy[4])
    blue = image[int(y) - 2 : int(y) + 3, int(x), 2]
    assert blue.max() > 150 and view.panels.rects[TRACE][1] > view.panels.rects[MATRIX][3]


def test_the_pointer_is_told_moments_correlation_and_entropy(drawn, view):
    block = show(view, view.host.make_request([]))
    drawn(view)
    px, py = (float(v) for v in view.panels.to_pixels(MATRIX, 75.0, 425.0))
    assert view.describe(px, py)[0] == f"75.0 s and 425.0 s\ncorrelation {block.shown.matrix[8, 1]:.3f}"
    px, py = float(view.panels.to_pixels(TRACE, 75.0, 0.0)[0]), float(np.mean(view.panels.rects[TRACE][[1, 3]]))
    assert view.describe(px, py)[0] == f"75.0 s\nentropy {block.shown.entropy[1]:.3f}"


def test_a_click_goes_to_the_column_and_with_shift_to_the_row(view):
    show(view, view.host.make_request([]))
    went = []
    view.host.go_to_time = lambda time_s, cluster_id=None: went.append(time_s)
    view.on_click(Click(0, 0, MATRIX, 120.0, 480.0, 1, frozenset()))
    view.on_click(Click(0, 0, MATRIX, 120.0, 480.0, 1, frozenset({"shift"})))
    view.on_click(Click(0, 0, TRACE, 700.0, 5.0, 1, frozenset()))
    view.on_click(Click(0, 0, None, 120.0, 480.0, 1, frozenset()))
    assert went == [120.0, 480.0, 600.0]


def test_a_stretch_with_few_spikes_is_left_blank():
    view = make_view(n_per_cluster=60)
    view.change(bin_s=10.0)
    block = show(view, view.host.make_request([]))
    counts = np.bincount((view.host.data.spike_times // 10).astype(int), minlength=60)
    assert np.isnan(block.shown.entropy[counts < 18]).all() and (counts < 18).any()
    assert not view.heat.heats()[0][1][-1 - int(np.argmin(counts)), 0, 3]


def test_many_spikes_are_thinned_evenly_and_the_status_says_so(view, monkeypatch):
    monkeypatch.setattr(steadiness, "MOST_SPIKES", 2000)
    data = view.host.data
    spikes, n_all = located(data.localization.current, data.spike_times, data.channel_positions)
    assert 1500 < spikes.n_spikes <= 2000 < n_all == np.isfinite(data.localization.current.x_um).sum()
    assert np.ptp(np.diff(np.searchsorted(np.flatnonzero(np.isfinite(data.localization.current.x_um)),
                                          spikes.spike_ids))) == 0  # fmt: skip
    show(view, view.host.make_request([]))
    assert f"{spikes.n_spikes:,} of {n_all:,} spikes" in view.status


def test_without_positions_or_a_motion_it_says_or_shows_what_there_is():
    view = make_view(motion=False)
    block = show(view, view.host.make_request([]))
    assert block.other is None and view.status == f"observed {block.shown.rho():.3f} within 50 s"
    view.host.data.localization.use(None)
    with pytest.raises(DataMissing, match="No positions of spikes are in use"):
        view.prepare(view.host.make_request([]))
