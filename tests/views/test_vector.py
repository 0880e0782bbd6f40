"""Scenes as shapes, and shapes as SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
from fake_host import FakeHost, show
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.io.events import event_train
from phy_medicine.views import vector
from phy_medicine.views.amplitude import AmplitudeView
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import View
from phy_medicine.views.drift_image import HeatPicture
from phy_medicine.views.fields import summed
from phy_medicine.views.ink import Ink
from phy_medicine.views.still import Pose, still
from phy_medicine.views.svg import SvgPage
from phy_medicine.views.theme import LIGHT
from phy_medicine.views.vector import Bitmap, Dots, Polygons, Strokes, Words, ink_shapes, shapes
from phy_medicine.views.vector_items import clipped

RED, BLUE = (1.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 0.5)
SVG = "{http://www.w3.org/2000/svg}"


class PlainView(View):
    """Shows what a test has put into `picture`, over the range 0..10 in both directions."""

    axes = Axes(x="Time (s)", y="Depth (µm)")

    def prepare(self, request):
        return request

    def upload(self, block):
        self.panels.set_home(x=(0, 10), y=(0, 10))


def plain_view():
    view = PlainView(FakeHost())
    show(view, view.host.make_request([0]))
    return view


def drawn(view, size=(200, 200), **pose):
    with still(view, Pose(size, **pose)) as scene:
        return list(shapes(scene)), scene.panels.rects[0].copy()


def svg_of(view, size=(200, 200), **pose):
    wanted = Pose(size, **pose)
    with still(view, wanted) as scene:
        page = SvgPage(size, wanted.pixels, title="A & B")
        page.add(shapes(scene))
    return ET.fromstring(page.bytes())


def of_kind(found, kind):
    return [shape for shape in found if isinstance(shape, kind)]


def test_boxes_of_ink_stay_boxes_and_slanting_segments_become_strokes():
    ink = Ink()
    ink.rects([(1, 2, 5, 8), (10, 2, 12, 4)], RED)
    ink.segments([(0, 0, 10, 10)], BLUE, width=2)
    boxes, strokes = ink_shapes(ink)
    assert boxes.points.tolist() == [[1, 2], [5, 2], [5, 8], [1, 8], [10, 2], [12, 2], [12, 4], [10, 4]]
    assert boxes.starts.tolist() == [0, 4, 8]
    assert boxes.colors.tolist() == [[255, 0, 0, 255]] * 2
    assert np.allclose(strokes.points, [[0, 0], [10, 10]], atol=1e-5)
    assert strokes.width == 2
    assert strokes.colors.tolist() == [[0, 0, 255, 128]]


def test_a_polygon_of_ink_is_one_polygon():
    ink = Ink()
    ink.polygon(np.array([[0, 0], [4, 0], [6, 3], [3, 6], [0, 4]]), RED)
    (polygon,) = ink_shapes(ink)
    assert polygon.points.tolist() == [[0, 0], [4, 0], [6, 3], [3, 6], [0, 4]]


def test_text_of_ink_is_remembered_as_words_on_its_baseline():
    ink = Ink()
    ink.text("Depth", 50, 20, color=RED, anchor="ct")
    ink.text("up", 5, 90, color=RED, anchor="lb", rotated=True)
    first, second = (shape.line for shape in ink_shapes(ink))
    assert (first.text, first.x, first.y, first.anchor, first.rotated) == ("Depth", 50, 20 + ink.cap_height, "c", False)
    assert (second.text, second.x, second.y, second.anchor, second.rotated) == ("up", 5, 90, "l", True)
    ink.clear()
    assert list(ink_shapes(ink)) == []


def test_points_outside_their_panel_are_left_out_and_keep_their_colours():
    view = plain_view()
    view.picture.points([5, 11, 2], [5, 5, 2], color=np.array([RED, BLUE]), index=[0, 0, 1], size=4)
    found, (left, top, right, bottom) = drawn(view)
    (dots,) = of_kind(found, Dots)
    assert dots.points.tolist() == [[(left + right) / 2, (top + bottom) / 2], [left * 0.8 + right * 0.2,
                                    bottom * 0.8 + top * 0.2]]  # fmt: skip
    assert dots.colors.tolist() == [[255, 0, 0, 255], [0, 0, 255, 128]]
    assert dots.radius == 2
    assert dots.clip == (left, top, right, bottom)


def test_lines_are_cut_to_their_panel_and_broken_where_they_leave_it():
    view = plain_view()
    view.picture.lines([[1, 2, 3, 4, 5]], [[5, 5, 15, 5, 5]], color=RED, width=2)
    view.picture.lines([[1, np.nan, 3, 4]], [[1, 1, 1, 1]], color=BLUE)
    found, (left, top, right, bottom) = drawn(view)
    first, second = [s for s in of_kind(found, Strokes) if s.clip is not None]
    x = left + (right - left) * np.array([0.1, 0.2, 0.25, 0.35, 0.4, 0.5])
    middle = (top + bottom) / 2
    assert np.allclose(first.points, np.stack([x, [middle, middle, top, top, middle, middle]], axis=1))
    assert first.starts.tolist() == [0, 3, 6]
    assert first.width == 2
    assert len(second.points) == 2


def test_a_histogram_is_one_outline_for_each_run_of_bins_that_are_not_empty():
    view = plain_view()
    view.picture.steps([[2, 4, 0, 20]], (0, 8), color=RED)
    found, (left, top, right, bottom) = drawn(view)
    bars = next(p for p in of_kind(found, Polygons) if p.clip is not None)
    x = left + (right - left) * np.array([0, 0.2, 0.4, 0.6, 0.8])
    y = bottom - (bottom - top) * np.array([0, 0.2, 0.4, 1.0])
    first = [(x[0], y[0]), (x[0], y[1]), (x[1], y[1]), (x[1], y[2]), (x[2], y[2]), (x[2], y[0])]
    second = [(x[3], y[0]), (x[3], y[3]), (x[4], y[3]), (x[4], y[0])]
    assert np.allclose(bars.points, first + second)
    assert bars.starts.tolist() == [0, 6, 10]


def test_a_histogram_along_y_grows_to_the_right():
    view = plain_view()
    view.picture.steps([[5]], (2, 4), color=RED, sideways=True)
    found, (left, top, right, bottom) = drawn(view)
    bars = next(p for p in of_kind(found, Polygons) if p.clip is not None)
    low, high = bottom - (bottom - top) * np.array([0.2, 0.4])
    assert np.allclose(bars.points, [(left, low), ((left + right) / 2, low), ((left + right) / 2, high), (left, high)])


def test_a_density_is_a_bitmap_of_its_panel():
    view = plain_view()
    view.picture.density([5.0], [5.0], color=RED)
    found, rect = drawn(view)
    (bitmap,) = of_kind(found, Bitmap)
    assert bitmap.box == tuple(rect)
    assert bitmap.pixels.shape == (rect[3] - rect[1], rect[2] - rect[0], 4)
    assert np.count_nonzero(bitmap.pixels[..., 3]) == 1


def test_a_shade_is_a_bitmap_in_its_mean_colour():
    view = plain_view()
    view.picture.shades([5.0, 5.0], [5.0, 5.0], color=[RED, (0, 0, 1, 1), (0, 1, 0, 1)], index=[0, 2])
    found, rect = drawn(view)
    (bitmap,) = of_kind(found, Bitmap)
    assert bitmap.box == tuple(rect) and np.count_nonzero(bitmap.pixels[..., 3]) == 1
    assert bitmap.pixels[bitmap.pixels[..., 3] > 0][0].tolist() == [0, 0, 255, 255]


def test_images_of_counts_are_a_bitmap():
    view = plain_view()
    view.picture.cells(summed(np.array([[[0, 3], [0, 0]]])), [[0, 10, 0, 10]], color=RED)
    found, rect = drawn(view)
    (bitmap,) = of_kind(found, Bitmap)
    assert bitmap.box == tuple(rect)
    n_rows, n_columns = bitmap.pixels.shape[:2]
    assert bitmap.pixels[-1, -1, 3] > 0
    assert not bitmap.pixels[: n_rows // 2].any()
    assert not bitmap.pixels[:, : n_columns // 2].any()


def test_a_band_is_an_outline_cut_to_its_panel_and_broken_at_gaps():
    view = plain_view()
    nan = np.nan
    view.picture.bands([[2, 2, nan, 4, 4, 4]], [[3, 3, nan, 20, 20, 20]], [[0, 20]], color=RED)
    found, (left, top, right, bottom) = drawn(view)
    (band,) = [p for p in of_kind(found, Polygons) if p.clip is not None]
    x = left + (right - left) * np.array([0, 0.4])
    low, high = bottom - (bottom - top) * np.array([0.2, 0.3])
    assert np.allclose(band.points, [(x[0], high), (x[1], high), (x[1], low), (x[0], low)])


def test_the_image_of_a_picture_is_cut_to_its_panel():
    view = plain_view()
    view.picture = view.scene.picture = HeatPicture()
    pixels = np.zeros((2, 2, 4), dtype=np.uint8)
    pixels[0, 0] = (255, 0, 0, 255)
    view.picture.set_heat(pixels, (-10, 10, 0, 10))
    found, rect = drawn(view)
    (bitmap,) = of_kind(found, Bitmap)
    assert bitmap.box == tuple(rect)
    assert not bitmap.pixels.any()  # the red cell is left of the panel
    view.picture.set_heat(pixels, (0, 10, 0, 10))
    (bitmap,) = of_kind(drawn(view)[0], Bitmap)
    n_rows, n_columns = bitmap.pixels.shape[:2]
    assert (bitmap.pixels[: n_rows // 2, : n_columns // 2] == (255, 0, 0, 255)).all()
    assert not bitmap.pixels[n_rows // 2 :].any()


def test_only_the_largest_of_too_many_points_become_an_image(monkeypatch):
    monkeypatch.setattr(vector, "POINT_BUDGET", 100)
    view = plain_view()
    rng = np.random.default_rng(1)
    view.picture.points(rng.uniform(0, 10, 200), rng.uniform(0, 10, 200), color=RED)
    view.picture.points(rng.uniform(1, 9, 50), rng.uniform(1, 9, 50), color=BLUE)
    found, rect = drawn(view)
    (dots,) = of_kind(found, Dots)
    assert len(dots.points) == 50
    (bitmap,) = of_kind(found, Bitmap)
    assert bitmap.pixels.shape[1] == 3 * (rect[2] - rect[0])
    assert found.index(bitmap) < found.index(dots)


def test_a_message_stands_alone():
    view = PlainView(FakeHost())
    view.picture.points([5], [5], color=RED)
    view.scene.message = "No data"
    found, _ = drawn(view)
    assert [shape.line.text for shape in of_kind(found, Words)] == ["No data"]
    assert of_kind(found, Dots) == []


@given(st.lists(st.tuples(*[st.integers(-20, 30)] * 4), min_size=1, max_size=20))
def test_clipped_segments_are_those_of_dense_samples(ends):
    ends = np.array(ends, dtype=float)
    starts, stops, inside = clipped(ends[:, :2], ends[:, 2:], np.tile([0, 0, 10, 10], (len(ends), 1)))
    t = np.linspace(0, 1, 2001)[:, None]
    for (x0, y0, x1, y1), a, b, some in zip(ends, starts, stops, inside, strict=True):
        line = np.array([x0, y0]) + t * np.array([x1 - x0, y1 - y0])
        within = line[((line >= 0) & (line <= 10)).all(axis=1)]
        if len(within) > 1:
            assert some
            assert np.abs(within[0] - a).max() < 0.1
            assert np.abs(within[-1] - b).max() < 0.1
        elif not len(within) and some:
            assert np.hypot(*(b - a)) < 0.1


def test_svg_has_labels_as_text_and_a_circle_for_each_point_in_its_colour():
    view = plain_view()
    view.picture.points([1, 2, 3], [1, 2, 3], color=np.array([RED, BLUE]), index=[0, 0, 1])
    root = svg_of(view, (300, 200))
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("300", "200", "0 0 300 200")
    assert root.find(f"{SVG}title").text == "A & B"
    texts = [t.text for t in root.iter(f"{SVG}text")]
    assert "Time (s)" in texts
    assert "Depth (µm)" in texts
    groups = [(g.get("fill"), g.get("fill-opacity"), len(g.findall(f"{SVG}circle"))) for g in root.iter(f"{SVG}g")]
    assert [g for g in groups if g[2]] == [("#ff0000", None, 2), ("#0000ff", "0.502", 1)]


def test_svg_of_a_larger_scale_has_the_same_size_on_paper():
    root = svg_of(plain_view(), (300, 200), ratio=2.0)
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("300", "200", "0 0 600 400")


def test_a_rotated_title_is_turned_in_svg():
    titles = [t for t in svg_of(plain_view()).iter(f"{SVG}text") if t.text == "Depth (µm)"]
    assert titles[0].get("transform").startswith("rotate(-90 ")
    assert titles[0].get("text-anchor") == "middle"


def test_a_theme_is_for_the_picture_only():
    view = plain_view()
    root = svg_of(view, theme=LIGHT)
    ground = next(g for g in root.iter(f"{SVG}g") if g.find(f"{SVG}rect") is not None)
    assert ground.get("fill") == "#ffffff"
    assert view.scene.theme.name == "dark"


def test_a_view_is_put_back_as_it_was():
    host = FakeHost()
    view = AmplitudeView(host)
    block = show(view, host.make_request([0, 2]))
    view.scene.settle((620, 400), 1.0, view.arrange, view.decorate)
    rects, status, parts = view.panels.rects.copy(), view.status, len(view.picture.parts)
    host.calls.clear()
    with still(view, Pose((300, 250), ratio=2.0, theme=LIGHT, fresh=True)) as scene:
        assert scene.size == (600, 500)
        assert view.block is not block
        assert view.panels.rects[:, 2].max() <= 600
    assert view.block is block
    assert view.host is host
    assert (view.scene.size, view.scene.ratio, view.scene.theme.name) == ((620, 400), 1.0, "dark")
    assert np.array_equal(view.panels.rects, rects)
    assert (view.status, len(view.picture.parts)) == (status, parts)
    assert host.calls == []


def test_a_view_with_its_picture_ready_is_arranged_anew_for_another_size():
    view = plain_view()
    view.scene.settle((620, 400), 1.0, view.arrange, view.decorate)
    with still(view, Pose((300, 250))) as scene:
        assert (scene.panels.rects[0, 2:] > (250, 150)).all()
        assert (scene.panels.rects[0, 2:] < (300, 250)).all()
    assert (view.panels.rects[0, 2:] > (570, 300)).all()


def test_a_view_that_asks_for_data_of_another_size_gets_them_at_once():
    asked = []

    class SizedView(PlainView):
        def prepare(self, request):
            asked.append(self.scene.size)
            return self.scene.size

        def arrange(self, box):
            super().arrange(box)
            if self.block != self.scene.size:
                self.host.request(self)

    view = SizedView(FakeHost())
    view.scene.size = (620, 400)
    show(view, view.host.make_request([0]))
    asked.clear()
    with still(view, Pose((300, 200))):
        assert view.block == (300, 200)
    assert asked == [(300, 200)]
    assert view.block == (620, 400)
    assert view.host.called("request") == []


def test_a_view_without_a_selection_says_so_in_a_picture():
    view = PlainView(FakeHost())
    view.request = view.host.make_request([])
    with still(view, Pose((300, 200), fresh=True)) as scene:
        assert [shape.line.text for shape in shapes(scene) if isinstance(shape, Words)] == [
            "Select a cluster in the table."
        ]


def test_events_and_time_ranges_are_in_a_saved_picture_too():
    host = FakeHost()
    host.data.events = {"tone": event_train("tone", np.array([300.0]))}
    view = AmplitudeView(host)
    show(view, host.make_request([0]))
    assert "tone" in [t.text for t in svg_of(view, (600, 400)).iter(f"{SVG}text")]
