"""A view drawn without GL looks as it does on its canvas."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
from fake_host import FakeHost, picture_of, show

from phy_medicine.gui.view_kinds import KINDS
from phy_medicine.views import raster
from phy_medicine.views.axes import Axes
from phy_medicine.views.frame import frame
from phy_medicine.views.layout import Panels
from phy_medicine.views.scene import Scene

SIZE = (310, 200)


def scene_of(draw) -> Scene:
    scene = Scene(Panels(1), Axes())
    scene.settle((40, 30), 1.0, lambda box: scene.panels.set_rects([box]), lambda: draw(scene))
    return scene


def test_shapes_fill_the_pixels_whose_middle_they_hold():
    def draw(scene):
        scene.under.rects([(2.4, 3.6, 10.5, 8.4)], (1.0, 0.0, 0.0, 1.0))
        scene.over.rects([(20, 10, 22, 20), (22, 10, 24, 20)], (0.0, 1.0, 0.0, 0.5))

    image = frame(scene_of(draw))
    red = (image == (255, 0, 0)).all(axis=2)
    assert red[4:8, 2:10].all() and red.sum() == 4 * 8
    assert image.shape == (30, 40, 3)
    assert image[5, 15].tolist() == [14, 15, 18]
    # Two boxes side by side share an edge and no pixel; each is of two triangles that share the diagonal.
    assert len(np.unique(image[10:20, 20:24].reshape(-1, 3), axis=0)) == 1


def test_text_is_written_where_it_is_asked_for_and_cut_at_the_edge():
    white = (1.0, 1.0, 1.0, 1.0)
    image = frame(scene_of(lambda scene: scene.over.text("HHHHHHHHH", 30, 15, anchor="lm", color=white)))
    lit = np.argwhere(image.max(axis=2) > 200)
    assert 30 <= lit[:, 1].min() <= 32 and lit[:, 1].max() == 37
    assert lit[:, 0].min() >= 9 and lit[:, 0].max() <= 21


@pytest.mark.parametrize(
    "kind", ["WaveformView", "FeatureView", "AmplitudeView", "CorrelogramView", "TraceView", "ISIView"]
)
def test_a_view_looks_as_on_its_canvas(kind, monkeypatch):
    monkeypatch.setenv("PHY_MEDICINE_RENDERER", "cpu")
    raster.warm_up()
    host = FakeHost(n_clusters=4)
    view = getattr(import_module(f"phy_medicine.views.{KINDS[kind]}"), kind)(host)
    show(view, host.make_request([0, 2]))
    on_canvas = picture_of(view, SIZE).astype(int)
    difference = np.abs(frame(view.scene, view.hover).astype(int) - on_canvas).max(axis=2)
    # Ends of strokes and letters differ by a pixel here and there.
    assert (difference > 24).mean() < 0.004
    assert np.ptp(on_canvas) > 150
    view.close()
