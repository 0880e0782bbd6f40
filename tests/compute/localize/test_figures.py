"""Pictures of positions: what they show, and that all of them are written."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.localize import figure_parts, movie
from phy_medicine.compute.localize import figures_space as space
from phy_medicine.compute.localize import figures_time as time
from phy_medicine.compute.localize.figures import draw_figures
from phy_medicine.compute.localize.likeness import likeness
from phy_medicine.compute.localize.located import Located, both
from phy_medicine.compute.motion.motion import Motion

CONTACTS = np.array([[x, y] for y in range(0, 200, 20) for x in (0, 32)], float)
DRIFT = Motion(np.array([[0.0], [20.0]]), np.array([0.0, 6.0]), np.array([0.0]))


def located(n: int = 600, *, motion: Motion | None = None, seed: int = 0, name: str = "monopolar") -> Located:
    """Two sources that drift by `DRIFT` over six seconds."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0, 6, n))
    places = np.array([[10.0, 60, 20], [20, 120, 30]])[rng.integers(0, 2, n)] + rng.normal(0, 2, (n, 3))
    places[:, 1] += DRIFT.at(times, 0.0)
    columns = dict(zip(("x_um", "depth_um", "z_um"), places.T, strict=True))
    columns |= {"alpha": rng.uniform(1e3, 1e4, n), "peak_channels": rng.integers(0, 20, n)}
    return Located.of(name, times, columns, CONTACTS + 1, CONTACTS, motion=motion)


def test_spikes_without_a_position_are_left_out_and_keep_their_ids():
    columns = {name: np.array([1.0, np.nan, 3.0]) for name in ("x_um", "depth_um", "z_um", "alpha")}
    columns["peak_channels"] = np.array([0, -1, 3])
    found = Located.of("com", [0.1, 0.2, 0.3], columns, CONTACTS, CONTACTS)
    assert found.spike_ids.tolist() == [0, 2] and found.times_s.tolist() == [0.1, 0.3]
    assert found.anchors_um.tolist() == [[0, 0], [32, 20]] and found.local_um.tolist() == [[1, 1, 1], [-29, -17, 3]]
    one, other = both(found, found.part(np.array([1])))
    assert one.spike_ids.tolist() == other.spike_ids.tolist() == [2]


def test_motion_taken_out_makes_stretches_alike_and_the_picture_less_spread():
    drifting, steady = likeness(located()), likeness(located(motion=DRIFT))
    assert steady.rho() > drifting.rho() + 0.2
    assert len(steady.times_s) == 6 and np.allclose(np.diag(steady.matrix), 1, atol=1e-5)
    assert np.allclose(steady.matrix, steady.matrix.T, atol=1e-6)
    assert steady.around().mean() == pytest.approx(steady.rho(), abs=1e-6)


def test_stretches_with_few_spikes_have_no_likeness():
    few = located(700).part(slice(None, 110))
    some = likeness(few, bin_s=0.2)
    counts = np.bincount(np.floor(few.times_s / 0.2).astype(int))
    assert (counts < 20).any() and (counts >= 20).any()
    assert (np.isnan(some.entropy) == (counts < 20)).all()
    assert np.isfinite(some.matrix).sum() == (counts >= 20).sum() ** 2


def test_entropy_is_that_of_the_blurred_picture():
    one = located(60)
    same = Located(one.name, one.spike_ids, one.times_s, np.tile([16.0, 100, 9], (60, 1)), one.log_alpha,
                   one.anchors_um, one.contacts_um)  # fmt: skip
    weights = np.exp(-0.5 * np.arange(-3, 4) ** 2)
    p = np.outer(weights, weights).ravel() / weights.sum() ** 2
    found = likeness(same, bin_s=10)
    assert found.entropy == pytest.approx([-(p * np.log(p)).sum()]) and found.mean_entropy == found.entropy[0]


def test_a_long_recording_has_no_more_than_so_many_stretches():
    long = located(300)
    long.times_s[:] *= 10_000
    found = likeness(long)
    assert len(found.times_s) <= 301 and found.bin_s == pytest.approx(np.ptp(long.times_s) / 300)


def test_many_spikes_are_drawn_as_the_mean_of_each_pixel(monkeypatch):
    monkeypatch.setattr(figure_parts, "PIXELS", (2, 1))
    mean = figure_parts.binned_mean([0, 1, 2, 9], [0, 0, 1, 0], [1, 3, 7, 9], (0, 2), (0, 1))
    assert mean.tolist() == [[1, 5]]
    monkeypatch.setattr(figure_parts, "MOST_POINTS", 100)
    (axis, *_) = time.depth_raster(located()).axes
    assert len(axis.images) == 1 and not axis.collections


def test_all_methods_of_a_comparison_have_the_same_colours():
    a, b = located(), located(seed=1)
    limits = figure_parts.strength_limits([a, b])
    for one in (a, b):
        assert time.depth_raster(one, limits=limits).axes[0].collections[0].get_clim() == limits


def test_the_displacement_names_how_far_spikes_moved():
    a = located()
    shifted = a.um + np.array([3, 4, 0])
    moved = Located("network", a.spike_ids, a.times_s, shifted, a.log_alpha, a.anchors_um, a.contacts_um)
    assert "median shift 5.0 µm" in space.displacement(moved, a).axes[0].get_title()
    titles = [axis.get_title() for axis in space.comparison(moved, a).axes]
    assert titles[0].endswith("r = 1.000") and titles[3].startswith("from the anchor")


def test_motions_are_compared_with_the_first():
    other = Motion(DRIFT.displacement + np.array([[-1.0], [1.0]]), DRIFT.temporal_bins_s, DRIFT.spatial_bins_um)
    figure = time.motion_comparison({"first": DRIFT, "second": other})
    assert "correlation 1.000, rms difference 1.00 µm from first" in figure.axes[1].get_title()


def test_all_figures_are_written_with_names_told_before(tmp_path, monkeypatch):
    monkeypatch.setattr(figure_parts, "DPI", 40)
    told = []
    files = draw_figures(
        tmp_path / "new", located(name="com", motion=DRIFT), baseline=located(motion=DRIFT),
        motions={"a": DRIFT, "b": DRIFT}, terms={"Loss": np.arange(9.0)}, check=told.append,
    )  # fmt: skip
    assert [path.stem for path in files] == told and set(told) == {
        "projections", "depth_raster", "depth_raster_by_z", "pairwise_correlation", "spatial_entropy",
        "local_scatter", "alpha", "displacement", "comparison", "motion_comparison", "convergence",
    }  # fmt: skip
    assert all(path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 2_000 for path in files)


def test_a_movie_has_a_frame_for_each_second_with_its_spikes(tmp_path, monkeypatch):
    monkeypatch.setattr(movie, "MOVIE_DPI", 40)
    monkeypatch.setattr(movie, "GIF_DPI", 40)
    one = located(motion=DRIFT)
    alike, seen = likeness(one), []
    scene = movie.Scene(one, alike)
    scene.show(4)
    n = ((one.times_s >= 4) & (one.times_s < 5)).sum()
    assert scene.title.get_text() == f"4.0 s, {n} spikes" and scene.images[0].get_array().sum() == n
    path = movie.write_movie(tmp_path, one, alike, seen.append)
    assert len(seen) == 6 and path.stat().st_size > 10_000
    if path.suffix == ".gif":
        from PIL import Image

        with Image.open(path) as image:
            assert image.n_frames == 6


def test_without_spikes_it_says_so(tmp_path):
    with pytest.raises(PhyMedError, match="nothing to draw"):
        draw_figures(tmp_path / "none", located(600).part(slice(0, 1)))
    assert not (tmp_path / "none").exists()
