"""The two ways to draw a picture look the same, and the right one is chosen."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import COLORS

from phy_medicine.views import raster
from phy_medicine.views.fields import summed
from phy_medicine.views.gpu import is_software
from phy_medicine.views.items import merged
from phy_medicine.views.layout import Panels, grid
from phy_medicine.views.primitives import shortened
from phy_medicine.views.raster import Picture

SIZE = 120


def _panels() -> Panels:
    panels = Panels(4, x_links=[0, 1, 2, 3], y_links=[0, 1, 2, 3])
    panels.set_rects(grid(2, 2, (3, 2, SIZE - 4, SIZE - 1), gap=5))
    panels.set_home(x=(0, 10), y=(-3, 3))
    return panels


def _points(picture: Picture) -> None:
    rng = np.random.default_rng(5)
    which = rng.integers(0, 4, 400)
    colors = COLORS * np.array([1, 1, 1, 0.6])
    picture.points(
        rng.uniform(-1, 11, 400), rng.normal(0, 2, 400), color=colors, index=which, panel=which[::-1], size=5
    )


def _lines(picture: Picture, width: float = 1.0) -> None:
    rng = np.random.default_rng(5)
    x = np.linspace(-1, 11, 30) + rng.uniform(0, 0.2, (12, 1))
    y = rng.normal(0, 1.5, (12, 30))
    y[3, 10:12] = np.nan
    picture.lines(x, y, color=COLORS, index=np.arange(12), panel=np.arange(12) % 4, width=width)


def _steps(picture: Picture) -> None:
    rng = np.random.default_rng(5)
    rows = np.arange(4)
    picture.steps(rng.uniform(-3, 3, (4, 17)), (1.3, 9.1), color=COLORS, index=rows, panel=rows)
    picture.steps(rng.uniform(0, 8, (2, 200)), (-2, 2), color=(1, 1, 1, 0.5), panel=rows[1:3], sideways=True)


def _density(picture: Picture) -> None:
    rng = np.random.default_rng(5)
    for panel, cell in enumerate((1, 2, 7, 3)):
        picture.density(rng.normal(5, 2, 900), rng.normal(0, 1, 900), color=COLORS[panel], panel=panel, cell=cell)


def _cells(picture: Picture) -> None:
    counts = np.random.default_rng(5).poisson(3, (4, 40, 12))
    picture.cells(summed(counts), (1, 9, -2, 2), color=COLORS, index=np.arange(4), panel=np.arange(4))


def _bands(picture: Picture) -> None:
    curve = np.cumsum(np.random.default_rng(5).normal(0, 0.3, (4, 30)), axis=1)
    curve[2, 7] = np.nan
    color = COLORS * np.array([1, 1, 1, 0.5])
    picture.bands(curve - 0.4, curve + 0.4, (2, 8), color=color, index=np.arange(4), panel=np.arange(4))


def _all(picture: Picture) -> None:
    for add in (_density, _points, _lines, _steps, _cells, _bands):
        add(picture)


def _both(picture: Picture, panels: Panels, gl_pixels, monkeypatch) -> tuple[np.ndarray, np.ndarray]:
    picture.render(panels, (0, 0, SIZE, SIZE), ratio=1.0)
    monkeypatch.setenv("PHY_MEDICINE_RENDERER", "gl")
    return picture.pixels.astype(int), gl_pixels(picture, panels, SIZE).astype(int)


@pytest.mark.parametrize("scene", [_points, _lines, _steps, _density, _cells, _bands, _all])
@pytest.mark.parametrize("zoom", [1.0, 3.7])
def test_primitives_look_like_the_kernels(scene, zoom, gl_pixels, monkeypatch):
    picture, panels = Picture(), _panels()
    scene(picture)
    for panel in range(4):
        panels.zoom(panel, (30.0 + panel, 40.0), (zoom, zoom))
    kernels, primitives = _both(picture, panels, gl_pixels, monkeypatch)
    difference = np.abs(kernels - primitives).max(axis=2)
    assert np.count_nonzero(kernels) > 200
    assert (difference > 12).mean() < 0.005
    assert difference.mean() < 1.5


def test_thick_lines_look_alike_too(gl_pixels, monkeypatch):
    picture = Picture()
    _lines(picture, width=4.0)
    kernels, primitives = _both(picture, _panels(), gl_pixels, monkeypatch)
    assert (np.abs(kernels - primitives).max(axis=2) > 12).mean() < 0.01


def test_a_line_zoomed_a_million_times_lies_where_the_kernels_put_it(gl_pixels, monkeypatch):
    panels, picture = Panels(1), Picture()
    panels.set_rects([(0, 0, SIZE, SIZE)])
    panels.set_home(x=(0.4999995, 0.5000005), y=(0.4999995, 0.5000005))
    picture.lines([[-700.0, 701.0]], [[-700.0, 701.0]], color=(1, 1, 1, 1), width=2)
    kernels, primitives = _both(picture, panels, gl_pixels, monkeypatch)
    assert np.count_nonzero(kernels[..., 3]) > SIZE
    assert np.abs(kernels - primitives).max() <= 2


def test_lines_without_points_are_left_out(gl_pixels, monkeypatch):
    picture = Picture()
    picture.lines([1.0, 9.0], [0.0, 0.0], starts=[0, 0, 2, 2], color=(1, 1, 1, 1))
    kernels, primitives = _both(picture, _panels(), gl_pixels, monkeypatch)
    assert kernels.any()
    assert np.abs(kernels - primitives).max() <= 2


def test_a_picture_goes_on_with_the_kernels_once_they_are_loaded(gl_pixels, monkeypatch):
    monkeypatch.delenv("PHY_MEDICINE_RENDERER", raising=False)
    monkeypatch.setattr(raster, "ready", lambda: False)
    picture, panels = Picture(), _panels()
    _points(picture)
    before = gl_pixels(picture, panels, SIZE)
    assert not picture.pixels.any()
    monkeypatch.setattr(raster, "ready", lambda: True)
    after = gl_pixels(picture, panels, SIZE)
    assert np.abs(before.astype(int) - after).max() <= 3


@pytest.mark.parametrize(
    ("variable", "software", "loaded", "expected"),
    [
        ("", True, True, True),
        ("", True, False, False),
        ("", False, True, False),
        ("gl", True, True, False),
        ("cpu", False, False, True),
        ("vulkan", True, True, True),
    ],
)
def test_kernels_draw_on_software_once_loaded_unless_told_otherwise(variable, software, loaded, expected, monkeypatch):
    monkeypatch.setenv("PHY_MEDICINE_RENDERER", variable)
    monkeypatch.setattr(raster, "ready", lambda: loaded)
    assert raster.uses_kernels(software) is expected


@pytest.mark.parametrize(
    ("renderer", "software"),
    [
        ("llvmpipe (LLVM 15.0.6, 256 bits)", True),
        ("SVGA3D; build: RELEASE;  LLVM;", True),
        ("Microsoft Basic Render Driver", True),
        ("GDI Generic", True),
        ("NVIDIA GeForce RTX 3060/PCIe/SSE2", False),
        ("Mesa Intel(R) UHD Graphics 620 (KBL GT2)", False),
        ("Apple M2", False),
    ],
)
def test_software_is_known_by_the_name_of_the_renderer(renderer, software):
    assert is_software(renderer) is software


def test_segments_are_cut_where_float32_gets_coarse():
    starts = np.array([[0.0, 0.0], [-1e6, 5.0], [1e6, 1e6], [2.0, -1e9]])
    stops = np.array([[10.0, 20.0], [1e6, 5.0], [2e6, 1e6], [2.0, 1e9]])
    a, b = shortened(starts, stops)
    assert a[[0, 1, 3]].tolist() == [[0, 0], [-16384, 5], [2, -16384]]
    assert b[[0, 1, 3]].tolist() == [[10, 20], [16384, 5], [2, 16384]]
    assert a[2].tolist() == b[2].tolist()


def test_items_of_one_kind_in_a_row_become_one_with_their_own_colours():
    picture = Picture()
    picture.points([1.0], [2.0], color=COLORS[:2], index=[1])
    picture.points([3.0], [4.0], color=COLORS[2], panel=3)
    picture.lines([[0.0, 1.0]], [[0.0, 1.0]], color=COLORS[0])
    picture.lines([[2.0, 3.0, 4.0]], [[0.0, 1.0, 2.0]], color=COLORS[1])
    picture.points([5.0], [6.0], color=COLORS[0])
    points, lines, last = merged(picture._items)
    assert (points.x.tolist(), points.rows.tolist(), points.panels.tolist()) == ([1, 3], [1, 2], [0, 3])
    assert (lines.starts.tolist(), lines.rows.tolist()) == ([0, 2, 5], [0, 1])
    assert last.x.tolist() == [5]


def test_many_thin_lines_in_software_lie_where_the_smooth_ones_do(gl_pixels, monkeypatch):
    picture, panels = Picture(), _panels()
    x = np.linspace(0, 10, 12_000)
    picture.lines([x, x], [np.full(12_000, 1.0), np.full(12_000, -1.0)], color=COLORS, index=[0, 1], panel=[0, 3])
    kernels, primitives = _both(picture, panels, gl_pixels, monkeypatch)
    rows = [np.flatnonzero(image[..., 3].max(axis=1) > 100) for image in (kernels, primitives)]
    assert len(rows[0]) and np.abs(rows[0][[0, -1]] - rows[1][[0, -1]]).max() <= 1
