"""Visuals of plugins in every layout, as pixels at places that are known."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import FakeHost, show

from phy_medicine.app.phy_compat.base_view import ManualClusteringView
from phy_medicine.app.phy_compat.markers import MARKERS
from phy_medicine.app.phy_compat.plugin_view import PluginView
from phy_medicine.app.phy_compat.visuals import (
    HistogramVisual,
    ImageVisual,
    LineAggGeomVisual,
    LineVisual,
    PatchVisual,
    PlotAggVisual,
    PlotVisual,
    PolygonVisual,
    ScatterVisual,
    TextVisual,
    UniformPlotVisual,
    UniformScatterVisual,
)
from phy_medicine.views.still import Pose, still
from phy_medicine.views.svg import SvgPage
from phy_medicine.views.theme import LIGHT
from phy_medicine.views.vector import shapes

RED, GREEN = (1.0, 0.0, 0.0, 1.0), (0.0, 1.0, 0.0, 1.0)
LAYOUTS = {
    "none": {},
    "grid": {"layout": "grid", "shape": (2, 3)},
    "stacked": {"layout": "stacked", "n_plots": 4, "origin": "top"},
    "boxed": {"layout": "boxed", "box_pos": [(0, 0), (1, 0), (0, 1), (1, 1)]},
}
BOXES = {"none": 0, "grid": (1, 2), "stacked": 2, "boxed": 3}


class Canvas(ManualClusteringView):
    """A view whose picture a test makes."""

    def __init__(self, layout="none", axes=False):
        super().__init__()
        self.canvas.set_layout(**LAYOUTS[layout])
        if axes:
            self.canvas.enable_axes((0, 0, 10, 20))


def native_of(plugin, **options):
    kind = type("Demo", (PluginView,), {"name": "DemoView", "title": "Demo", "create": lambda self: plugin})
    view = kind(FakeHost(), **options)
    show(view, view.host.make_request([0, 2]))
    return view


@pytest.fixture
def picture(drawn):
    """Draws what a function adds to a canvas of a layout, and returns the view and its pixels."""

    def draw(fill, layout="none", size=(400, 300), **options):
        plugin = Canvas(layout)
        view = native_of(plugin, **options)
        fill(plugin.canvas)
        plugin.canvas.update()
        return view, drawn(view, size).astype(int)

    return draw


def pixel(view, box, x, y):
    """The pixel of a place in NDC of a box."""
    layout = view.plugin.canvas.layout
    panel = 0 if layout is None else int(layout.numbers(box)[0]) + 1
    px, py = view.panels.to_pixels(panel, (x + 1) / 2, (y + 1) / 2)
    return int(px), int(py)


def color_at(view, image, box, x, y, around=1):
    """The colour furthest from the ground within some pixels of a place."""
    px, py = pixel(view, box, x, y)
    part = image[max(py - around, 0) : py + around + 1, max(px - around, 0) : px + around + 1].reshape(-1, 3)
    ground = np.array([14, 15, 18])
    return part[np.abs(part - ground).sum(axis=1).argmax()].tolist()


def is_red(color):
    return color[0] > 100 and max(color[1:]) < 60


def is_ground(color):
    return max(color) < 45


@pytest.mark.parametrize("layout", LAYOUTS)
def test_points_are_where_their_box_and_bounds_say(picture, layout):
    def fill(canvas):
        visual = ScatterVisual()
        canvas.add_visual(visual)
        visual.add_batch_data(pos=[(5.0, 2.0)], color=RED, size=9, data_bounds=(0, 0, 10, 10), box_index=BOXES[layout])
        canvas.update_visual(visual)

    view, image = picture(fill, layout)
    assert is_red(color_at(view, image, BOXES[layout], 0.0, -0.6))
    other = {"none": 0, "grid": (0, 0), "stacked": 0, "boxed": 0}[layout]
    assert is_ground(color_at(view, image, other, 0.0, 0.6))
    if layout != "none":
        assert is_ground(color_at(view, image, other, 0.0, -0.6))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", [PlotVisual, UniformPlotVisual, PlotAggVisual])
def test_curves_are_where_their_box_and_bounds_say(picture, layout, kind):
    def fill(canvas):
        uniform = kind is UniformPlotVisual
        visual = kind(color=RED) if uniform else kind()
        canvas.add_visual(visual)
        look = {} if uniform else {"color": RED}
        visual.add_batch_data(x=[0.0, 1.0], y=[3.0, 3.0], data_bounds=(0, 2, 1, 4), box_index=BOXES[layout], **look)
        canvas.update_visual(visual)

    view, image = picture(fill, layout)
    assert is_red(color_at(view, image, BOXES[layout], 0.3, 0.0))
    assert is_ground(color_at(view, image, BOXES[layout], 0.3, 0.5))


def test_curves_fill_their_box_with_bounds_auto(picture):
    def fill(canvas):
        canvas[0].plot(y=np.array([5.0, 7.0, 5.0]), color=RED, data_bounds="auto")

    view, image = picture(fill, "stacked")
    assert is_red(color_at(view, image, 0, 0.0, 0.99, around=3))
    assert is_red(color_at(view, image, 0, -1.0, -0.98, around=3))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_bars_grow_from_the_lower_edge_of_their_box(picture, layout):
    def fill(canvas):
        visual = HistogramVisual()
        canvas.add_visual(visual)
        visual.add_batch_data(
            hist=[0, 1, 2, 4], ylim=4, color=RED, box_index=BOXES[layout], data_bounds=(0, 0, 9, 9), bin_edges=range(5)
        )
        canvas.update_visual(visual)

    view, image = picture(fill, layout)
    for x, height in ((-0.75, 0.0), (-0.25, 0.25), (0.25, 0.5), (0.75, 1.0)):
        place = -1 + 2 * height
        if height:
            assert is_red(color_at(view, image, BOXES[layout], x, place - 0.2, around=0))
        if height < 1:
            assert is_ground(color_at(view, image, BOXES[layout], x, place + 0.25, around=0))


def test_lines_polygons_and_wide_lines(picture):
    def fill(canvas):
        canvas[0, 0].lines(pos=[(-1, 0.5, 1, 0.5)], color=RED)
        canvas[0, 1].polygon(pos=[(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
        wide = LineAggGeomVisual()
        canvas.add_visual(wide, pos=[(-0.5, 0.0), (0.5, 0.0)], color=RED, line_width=9.0, box_index=(1, 0))

    view, image = picture(fill, "grid")
    assert is_red(color_at(view, image, (0, 0), 0.0, 0.5))
    assert min(color_at(view, image, (0, 1), 0.5, 0.0)) > 150
    assert min(color_at(view, image, (0, 1), -0.5, 0.2)) > 150
    for shift in (-3, 0, 3):
        px, py = pixel(view, (1, 0), 0.0, 0.0)
        assert is_red(image[py + shift, px].tolist())


def test_images_lie_in_their_boxes_with_the_first_row_at_the_top(picture):
    pixels = np.zeros((2, 2, 4))
    pixels[0, 0], pixels[1, 1] = RED, GREEN

    def fill(canvas):
        canvas.add_visual(ImageVisual(), image=pixels, box_index=(1, 2))

    view, image = picture(fill, "grid")
    assert is_red(color_at(view, image, (1, 2), -0.5, 0.5))
    assert color_at(view, image, (1, 2), 0.5, -0.5) == [0, 255, 0]
    assert is_ground(color_at(view, image, (1, 2), 0.5, 0.5)) and is_ground(color_at(view, image, (0, 2), 0.5, 0.5))


def test_patches_are_filled_and_cut_at_the_edges_of_cells(picture):
    def fill(canvas):
        patch = PatchVisual("triangle_fan")
        canvas.add_visual(patch, pos=[(-0.5, -0.5), (3, -0.5), (3, 0.5), (-0.5, 0.5)], color=RED, box_index=(0, 0))

    view, image = picture(fill, "grid")
    assert is_red(color_at(view, image, (0, 0), 0.9, 0.0, around=0))
    assert is_ground(color_at(view, image, (0, 0), 0.0, 0.8, around=0))
    assert is_ground(color_at(view, image, (0, 1), -0.5, 0.0, around=0))


@pytest.mark.parametrize(
    ("anchor", "left", "up"), [((0, 0), 0.5, 0.5), ((1, 1), 0.0, 0.0), ((-1, -1), 1.0, 1.0), ((1, -1), 0.0, 1.0)]
)
def test_text_is_beside_its_place_as_the_anchor_says(picture, anchor, left, up):
    def fill(canvas):
        canvas.text(pos=[(0, 0)], text=["HHHHHH"], anchor=anchor, color=RED)

    view, image = picture(fill)
    px, py = pixel(view, 0, 0.0, 0.0)
    rows, columns = np.nonzero((image[..., 0] > 150) & (image[..., 1] < 90))
    width, height = columns.max() - columns.min() + 1, rows.max() - rows.min() + 1
    assert columns.min() == pytest.approx(px - left * width, abs=3)
    # Half of what a line has more than its capitals is free above and below.
    free = 0.45 * height
    assert rows.min() == pytest.approx(py - height - free + up * (height + 2 * free), abs=3)


def test_the_size_of_text_of_plugins_is_the_classes_alone(picture, monkeypatch):
    def height(fill):
        _, image = picture(fill)
        return int(np.ptp(np.nonzero((image[..., 0] > 150) & (image[..., 1] < 90))[0]))

    def fill(canvas):
        canvas.text(pos=[(0, 0)], text=["H"], color=RED)

    standard = height(fill)
    monkeypatch.setattr(TextVisual, "default_font_size", 12.0)
    assert height(fill) == pytest.approx(2 * standard, abs=2)


@pytest.mark.parametrize("marker", MARKERS)
def test_every_marker_is_drawn_around_its_place(picture, marker):
    def fill(canvas):
        canvas.scatter(x=[0.0], y=[0.0], marker=marker, size=40, color=RED)

    view, image = picture(fill)
    px, py = pixel(view, 0, 0.0, 0.0)
    rows, columns = np.nonzero(image[..., 0] > 150)
    assert len(rows) > 40
    assert np.abs(rows - py).max() <= 22 and np.abs(columns - px).max() <= 22
    assert is_ground(image[py + 30, px + 30].tolist())


def test_each_point_has_its_own_colour_and_size(picture):
    n = 600
    colors = np.ones((n, 4))
    colors[:, 0], colors[:, 1], colors[:, 2] = np.linspace(0.4, 1, n), 0.3, np.linspace(1, 0.4, n)
    x, y = np.tile(np.linspace(-0.9, 0.9, 30), 20), np.repeat(np.linspace(-0.9, 0.9, 20), 30)

    def fill(canvas):
        canvas.scatter(x=x, y=y, color=colors, size=np.where(np.arange(n) % 2, 3.0, 8.0))

    view, image = picture(fill)
    for i in (0, 299, 450, 598):
        assert np.abs(np.array(color_at(view, image, 0, x[i], y[i], 0)) - 255 * colors[i, :3]).max() <= 3
    assert is_ground(color_at(view, image, 0, x[1], y[1] + 0.028, 0))
    assert not is_ground(color_at(view, image, 0, x[0], y[0] + 0.02, 0))


def test_what_has_less_depth_is_in_front(picture):
    def fill(canvas):
        canvas.scatter(x=[0, 0], y=[0, 0], size=20, color=[RED, GREEN], depth=[-0.5, 0.5])

    view, image = picture(fill)
    assert is_red(color_at(view, image, 0, 0, 0))


def test_a_mask_takes_the_colour_out(picture):
    def fill(canvas):
        canvas[0].plot(y=[0.0, 0.0], color=RED, masks=0.0)
        visual = UniformScatterVisual(color=RED, size=9)
        canvas.add_visual(visual, x=[0.0], y=[0.0], masks=[1.0], box_index=(1,))

    view, image = picture(fill, "stacked")
    grey = color_at(view, image, 0, 0.5, 0.0)
    assert max(grey) - min(grey) < 12 and not is_ground(grey)
    assert is_red(color_at(view, image, 1, 0, 0))


def test_colours_and_sizes_change_without_new_data(picture):
    def fill(canvas):
        canvas.add_visual(ScatterVisual(), key="spikes", x=[0.0], y=[0.0], color=GREEN, size=4)
        canvas.get_visual("spikes").set_color(RED)
        canvas.get_visual("spikes").set_marker_size(21)

    view, image = picture(fill)
    px, py = pixel(view, 0, 0, 0)
    assert is_red(image[py + 8, px].tolist())
    with pytest.raises(ValueError, match="above 0"):
        view.plugin.canvas.get_visual("spikes").set_marker_size(0)


def test_what_is_hidden_cleared_or_removed_is_not_drawn(picture, drawn):
    def fill(canvas):
        for i, key in enumerate(("hidden", "cleared", "kept", "removed")):
            visual = ScatterVisual()
            canvas.add_visual(visual, key=key, clearable=key == "cleared", x=[-0.8 + 0.4 * i], y=[0.0], color=RED)

    view, image = picture(fill)
    canvas, shown = view.plugin.canvas, (-0.8, -0.4, 0.0, 0.4)
    assert all(is_red(color_at(view, image, 0, x, 0)) for x in shown)
    canvas.get_visual("hidden").toggle()
    canvas.remove(canvas.get_visual("removed"))
    canvas.clear()
    canvas.update()
    image = drawn(view, (400, 300)).astype(int)
    assert [is_red(color_at(view, image, 0, x, 0)) for x in shown] == [False, False, True, False]
    assert canvas.get_visual("removed") is None and canvas.has_visual(canvas.get_visual("hidden"))


def test_a_new_batch_replaces_the_one_before_and_an_empty_one_shows_nothing(picture, drawn):
    visual = ScatterVisual()

    def fill(canvas):
        canvas.add_visual(visual)
        visual.add_batch_data(x=[-0.5], y=[0.0], color=RED)
        visual.add_batch_data(x=[0.5], y=[0.0], color=RED)
        canvas.update_visual(visual)

    view, image = picture(fill)
    assert is_red(color_at(view, image, 0, -0.5, 0)) and is_red(color_at(view, image, 0, 0.5, 0))
    for x, expected in ((0.0, [False, True, False]), (None, [False, False, False])):
        visual.reset_batch()
        if x is not None:
            visual.add_batch_data(x=[x], y=[0.0], color=RED)
        view.plugin.canvas.update_visual(visual)
        view.plugin.canvas.update()
        image = drawn(view, (400, 300)).astype(int)
        assert [is_red(color_at(view, image, 0, place, 0)) for place in (-0.5, 0.0, 0.5)] == expected


def test_a_visual_can_be_on_the_canvas_instead_of_in_a_box(picture):
    def fill(canvas):
        canvas.add_visual(LineVisual(), exclude_origins=(canvas.layout,), pos=[(-1, 0.0, 1, 0.0)], color=RED)

    view, image = picture(fill, "stacked")
    rect = view.panels.rects[0]
    assert is_red(image[(rect[1] + rect[3]) // 2, 200].tolist())


def test_boxes_that_are_not_there_are_left_out(picture):
    def fill(canvas):
        canvas.scatter(x=[0.0, 0.0], y=[0.0, 0.0], color=RED, box_index=np.array([1, 9]))

    view, image = picture(fill, "stacked")
    assert is_red(color_at(view, image, 1, 0, 0)) and (image[..., 0] > 180).sum() < 200


def test_boxes_may_be_given_by_vertex_as_phy_does(picture):
    def fill(canvas):
        index = np.repeat([[0, 0], [1, 1]], 3, axis=0)
        canvas.plot(x=[[-1, 0, 1]] * 2, y=[[0.0, 0, 0]] * 2, color=RED, box_index=index)

    view, image = picture(fill, "grid")
    assert is_red(color_at(view, image, (0, 0), 0, 0)) and is_red(color_at(view, image, (1, 1), 0, 0))
    assert is_ground(color_at(view, image, (1, 0), 0, 0))


def test_stacks_and_grids_change_their_shape(picture, drawn):
    view, _ = picture(lambda canvas: canvas[0].uscatter(x=[0.0], y=[0.0], color=RED, size=9), "stacked")
    canvas = view.plugin.canvas
    top = pixel(view, 0, 0, 0)[1]
    canvas.stacked.origin = "bottom"
    image = drawn(view, (400, 300)).astype(int)
    assert pixel(view, 0, 0, 0)[1] > top + 150 and is_red(color_at(view, image, 0, 0, 0))
    canvas.stacked.n_boxes = 1
    image = drawn(view, (400, 300)).astype(int)
    assert len(view.panels) == 2 and is_red(color_at(view, image, 0, 0, 0))


def test_boxes_grow_and_move_apart(picture):
    view, _ = picture(lambda canvas: None, "boxed")
    canvas, (_, low) = view.plugin.canvas, pixel(view, 0, 0, -1)
    middle = pixel(view, 0, 0, 0)
    canvas.boxed.expand_box_height()
    assert pixel(view, 0, 0, -1)[1] > low
    canvas.boxed.shrink_layout_width()
    assert pixel(view, 0, 0, 0)[0] > middle[0]
    assert canvas.boxed.box_scaling == (1.0, 1.1) and canvas.boxed.n_boxes == 4


def test_zoom_magnifies_all_boxes(picture, drawn):
    view, _ = picture(lambda canvas: canvas[1, 1].uscatter(x=[0.4], y=[0.4], color=RED, size=9), "grid")
    canvas = view.plugin.canvas
    canvas.panzoom.set_range((0.3, 0.3, 0.5, 0.5))
    image = drawn(view, (400, 300)).astype(int)
    left, top, right, bottom = view.panels.rects[5]
    assert is_red(image[(top + bottom) // 2, (left + right) // 2].tolist())
    assert canvas.panzoom.zoom == pytest.approx([10, 10])


def test_axes_say_the_units_of_the_plugin(drawn):
    plugin = Canvas(axes=True)
    view = native_of(plugin)
    plugin.canvas.scatter(x=[0.0], y=[0.0], color=RED)
    plugin.canvas.update()
    drawn(view, (400, 300))
    said = {line.text for line in view.scene.over.lines}
    assert {"0.0", "5.0", "10.0"} <= said and {"0", "20"} <= said
    plugin.canvas.axes.reset_data_bounds((0, 0, 1, 4))
    drawn(view, (400, 300))
    assert {"0.50", "1.00"} <= {line.text for line in view.scene.over.lines}


def test_a_figure_holds_what_the_screen_shows(picture):
    def fill(canvas):
        canvas[0].text(pos=[(0, 0)], text=["a label"], color=RED)
        canvas[1].uscatter(x=[0.0], y=[0.0], color=RED, size=9)
        canvas[2].plot(y=[0.0, 0.5, 0.0], color=RED)
        canvas.add_visual(ImageVisual(), image=np.ones((2, 2, 4)), box_index=(3,))

    view, _ = picture(fill, "stacked")
    with still(view, Pose((300, 200), theme=LIGHT)) as scene:
        page = SvgPage((300, 200), (300, 200), title="x")
        page.add(shapes(scene))
        text = page.bytes().decode()
    assert "a label" in text and "<circle" in text and "<path" in text and "<image" in text


def test_shader_hooks_are_taken_and_told_of(picture, caplog):
    def fill(canvas):
        visual = ScatterVisual()
        visual.inserter.insert_vert("gl_Position.x = 0;", "after_transforms")
        canvas.add_visual(visual, x=[0.5], y=[0.0], color=RED)
        visual.program["u_wish"] = 1.0
        canvas.gpu_transforms.add([])

    view, image = picture(fill)
    assert is_red(color_at(view, image, 0, 0.5, 0))


@pytest.mark.parametrize(
    ("visual", "data", "words"),
    [
        (ScatterVisual, {"x": [1, 2], "y": [1]}, "shapes"),
        (ScatterVisual, {"pos": [(0, 0)], "color": np.ones((3, 4))}, "color"),
        (PlotVisual, {"x": [0, 1], "y": [0, 1, 2]}, "lengths"),
        (HistogramVisual, {}, "hist"),
        (TextVisual, {"text": ["a"], "pos": [(0, 0), (1, 1)]}, "lines"),
        (ImageVisual, {"image": np.zeros((2, 2))}, "height, width, 4"),
        (LineVisual, {"pos": [(0, 0, 1, 1)], "data_bounds": (1, 0, 0, 1)}, "xmin"),
        (PolygonVisual, {"pos": [(0, 0)], "data_bounds": (0, 1)}, "data_bounds"),
    ],
)
def test_data_that_do_not_fit_are_refused(visual, data, words):
    with pytest.raises(ValueError, match=words):
        visual().validate(**data)
