"""Views that plugins write: selections, hooks, lasso, state, and what happens when one fails."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import numpy as np
import pytest
from fake_host import FakeHost, show

from phy_medicine.app.phy_compat import colors, events
from phy_medicine.app.phy_compat.base_view import ManualClusteringView
from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.histogram_view import HistogramView, ISIView
from phy_medicine.app.phy_compat.plugin_view import PluginView
from phy_medicine.app.phy_compat.scatter_view import ScatterView
from phy_medicine.app.phy_compat.view_mixins import BaseColorView, BaseGlobalView, LassoMixin, ScalingMixin
from phy_medicine.app.phy_compat.visuals import ScatterVisual
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.session.extensions import Extensions
from phy_medicine.views.interact import Click


class Recorder(ManualClusteringView):
    """A view that writes down what it is told."""

    def __init__(self):
        super().__init__()
        self.told = []

    def on_select(self, cluster_ids=(), **kwargs):
        self.told.append(("select", cluster_ids))

    def note(name):
        def hook(self, e):
            self.told.append((name, e))

        return hook

    for _name in ("mouse_press", "mouse_release", "mouse_click", "mouse_move", "mouse_wheel", "mouse_double_click",
                  "key_press", "key_release"):  # fmt: skip
        locals()[f"on_{_name}"] = note(_name)
    del note

    def of(self, name):
        return [e for told, e in self.told if told == name]


def native_of(plugin, extensions=None, **facts):
    facts = {"name": "DemoView", "title": "Demo", "owner": "Demo", "extensions": extensions, **facts}
    return type("Demo", (PluginView,), {**facts, "create": lambda self: plugin})(FakeHost())


@pytest.fixture
def extensions():
    made = Extensions()
    made.problems = []
    made.problem.connect(made.problems.append)
    return made


def sentences(extensions):
    return [problem.sentence for problem in extensions.problems]


# Selections


def test_a_selection_is_told_once_however_often_it_is_drawn():
    view = native_of(Recorder())
    request = view.host.make_request([2, 0])
    show(view, request)
    view.set_theme(view.scene.theme)
    view.refresh()
    assert view.plugin.told == [("select", [2, 0])]
    show(view, view.host.make_request([2, 0]))
    assert len(view.plugin.told) == 2


def test_a_selection_is_drawn_once_however_often_the_plugin_asks_for_it():
    drawn = []

    class Counted(ScatterVisual):
        def add_items(self, drawing):
            drawn.append(len(self.parts[0].data.pos))

    class Eager(ManualClusteringView):
        def on_select(self, cluster_ids=None, **kwargs):
            self.canvas.add_visual(Counted(), x=[0.0, 1.0], y=[0.0, 1.0])
            for _ in range(5):
                self.canvas.update()

    view = native_of(Eager())
    show(view, view.host.make_request([0]))
    assert drawn == [2]
    view.plugin.canvas.update()
    assert drawn == [2, 2]


@pytest.mark.parametrize(
    "on_select",
    [
        lambda told, cluster_ids: told.append(cluster_ids),
        lambda told, cluster_ids=None, **kwargs: told.append(cluster_ids),
        lambda told, ids: told.append(ids),
        lambda told, sender=None, cluster_ids=(), **kwargs: told.append(cluster_ids),
        lambda told, cluster_ids, gui=None: told.append(cluster_ids),
    ],
)
def test_on_select_is_called_with_what_it_takes(on_select):
    plugin, told = ManualClusteringView(), []

    def bound(*args, **kwargs):
        return on_select(told, *args, **kwargs)

    import functools
    import inspect

    parameters = list(inspect.signature(on_select).parameters.values())[1:]
    bound.__signature__ = inspect.Signature(parameters)
    plugin.on_select = functools.wraps(bound, assigned=())(bound)
    show(native_of(plugin), FakeHost().make_request([3]))
    assert told == [[3]]


def test_no_more_clusters_than_the_view_shows_are_told():
    plugin = Recorder()
    plugin.max_n_clusters = 2
    view = native_of(plugin)
    show(view, view.host.make_request([0, 1, 2]))
    assert plugin.told == [("select", [0, 1])]


def test_nothing_selected_is_a_sentence_until_the_plugin_has_drawn():
    view = native_of(Recorder())
    show(view, view.host.make_request([]))
    assert view.scene.message == "Select a cluster in the table." and view.plugin.told == []
    view.plugin.canvas.scatter(x=[0.0], y=[0.0])
    view.plugin.canvas.update()
    assert view.scene.message == ""


def test_the_colours_are_those_of_the_selection_in_the_program():
    seen = []

    class Colored(ManualClusteringView):
        def on_select(self, cluster_ids=None, **kwargs):
            seen.append(colors.selected_cluster_color(0))

    view = native_of(Colored())
    request = view.host.make_request([4])
    show(view, request)
    assert seen[0][:3] == pytest.approx(tuple(request.colors[0, :3]), abs=1e-6)


def test_one_that_raises_is_told_of_and_draws_what_it_did_before(extensions, drawn):
    class Failing(Recorder):
        def on_select(self, cluster_ids=None, **kwargs):
            if cluster_ids == [1]:
                raise KeyError("lost")
            self.canvas.scatter(x=[0.0], y=[0.0], color=(1, 0, 0, 1), size=9)

    view = native_of(Failing(), extensions)
    show(view, view.host.make_request([0]))
    show(view, view.host.make_request([1]))
    assert sentences(extensions) == ["Plugin Demo: DemoView.on_select failed: KeyError: 'lost'"]
    assert view.complaint == sentences(extensions)[0]
    assert (drawn(view, (300, 200))[..., 0] > 200).any()
    show(view, view.host.make_request([0]))
    assert view.complaint == ""


def test_a_visual_that_cannot_be_drawn_is_told_of_and_the_others_are_drawn(extensions, drawn):
    class Odd(ScatterVisual):
        def add_items(self, drawing):
            raise ZeroDivisionError

    view = native_of(Recorder(), extensions)
    show(view, view.host.make_request([0]))
    canvas = view.plugin.canvas
    canvas.add_visual(Odd(), x=[0.0], y=[0.0])
    canvas.scatter(x=[0.0], y=[0.0], color=(1, 0, 0, 1), size=9)
    canvas.update()
    assert "ZeroDivisionError" in sentences(extensions)[0]
    assert (drawn(view, (300, 200))[..., 0] > 200).any()


def test_a_view_that_could_not_be_made_says_so():
    view = native_of(None)
    show(view, view.host.make_request([0]))
    assert view.scene.message.startswith("DemoView has nothing to show")
    assert view.lasso_spike_ids().size == 0 and view.state()["plugin"] == {}


# Mouse and keys


def mouse(view, kind, place, button=Qt.LeftButton, modifiers=Qt.NoModifier):
    buttons = Qt.NoButton if kind == QtCore.QEvent.MouseButtonRelease else button
    spot = QtCore.QPointF(*place)
    event = QtGui.QMouseEvent(
        kind, spot, button if kind != QtCore.QEvent.MouseMove else Qt.NoButton, buttons, modifiers
    )
    QtWidgets.QApplication.sendEvent(view.canvas.native, event)


def press(view, place, button=Qt.LeftButton, modifiers=Qt.NoModifier):
    mouse(view, QtCore.QEvent.MouseButtonPress, place, button, modifiers)
    mouse(view, QtCore.QEvent.MouseButtonRelease, place, button, modifiers)


@pytest.fixture
def recorder(drawn):
    """A drawn recorder with three boxes."""
    view = native_of(Recorder())
    view.plugin.canvas.set_layout("stacked", n_plots=3, origin="top")
    show(view, view.host.make_request([0]))
    drawn(view, (300, 240))
    return view


def test_clicks_are_told_with_place_button_modifiers_and_key(recorder):
    QtWidgets.QApplication.sendEvent(
        recorder.canvas.native, QtGui.QKeyEvent(QtCore.QEvent.KeyPress, Qt.Key_3, Qt.NoModifier, "3")
    )
    press(recorder, (50, 60), Qt.RightButton, Qt.ControlModifier | Qt.ShiftModifier)
    told = recorder.plugin
    for name in ("mouse_press", "mouse_release", "mouse_click"):
        (event,) = told.of(name)
        assert (event.pos, event.button, event.modifiers, event.key) == ((50, 60), "Right", ("Shift", "Control"), "3")
    assert told.of("key_press")[0].key == "3"


def test_moves_are_told_with_where_they_began(recorder):
    mouse(recorder, QtCore.QEvent.MouseButtonPress, (50, 60), modifiers=Qt.AltModifier)
    mouse(recorder, QtCore.QEvent.MouseMove, (70, 90))
    event = recorder.plugin.of("mouse_move")[-1]
    assert (event.pos, event.last_pos, event.button) == ((70, 90), None, "Left")
    assert (event.mouse_press_position, event.mouse_press_modifiers) == ((50, 60), ("Alt",))
    mouse(recorder, QtCore.QEvent.MouseButtonRelease, (70, 90))
    # vispy leaves out a move that follows another within 5 ms.
    recorder._inputs.mouse_move(SimpleNamespace(pos=(80, 90), modifiers=()))
    event = recorder.plugin.of("mouse_move")[-1]
    assert (event.pos, event.last_pos, event.button, event.mouse_press_position) == ((80, 90), (70, 90), None, None)
    assert recorder.plugin.canvas.panzoom.pan[0] == 0  # a drag with a modifier held pans nothing


def test_the_wheel_is_told_by_notches(recorder):
    for angle, modifiers in ((QtCore.QPoint(0, -240), Qt.ControlModifier), (QtCore.QPoint(120, 0), Qt.AltModifier)):
        event = QtGui.QWheelEvent(
            QtCore.QPointF(50, 60), QtCore.QPointF(50, 60), QtCore.QPoint(), angle, Qt.NoButton,
            Qt.KeyboardModifiers(modifiers), Qt.NoScrollPhase, False,
        )  # fmt: skip
        QtWidgets.QApplication.sendEvent(recorder.canvas.native, event)
    assert [(e.delta, e.modifiers) for e in recorder.plugin.of("mouse_wheel")] == [(-2, ("Control",)), (1, ("Alt",))]


def test_a_pixel_is_mapped_to_its_box_and_the_place_in_it(recorder):
    canvas = recorder.plugin.canvas
    for box in range(3):
        x, y = recorder.panels.to_pixels(box + 1, 0.75, 0.25)
        got, place = canvas.layout.box_map((float(x), float(y)))
        assert got == box == canvas.layout.active_box and place == pytest.approx((0.5, -0.5), abs=0.02)


def test_a_hook_that_raises_is_told_of(extensions, drawn):
    class Failing(Recorder):
        def on_mouse_click(self, e):
            raise ValueError("no")

    view = native_of(Failing(), extensions)
    show(view, view.host.make_request([0]))
    drawn(view, (300, 200))
    press(view, (50, 60))
    assert sentences(extensions) == ["Plugin Demo: DemoView.on_mouse_click failed: ValueError: no"]


def test_drags_pan_and_say_so_within_the_bounds(recorder):
    heard = []
    panzoom = recorder.plugin.canvas.panzoom
    connection = events.connect(lambda sender, pan: heard.append(pan), event="pan", sender=panzoom)
    for kind, place in (
        ("MouseButtonPress", (100, 100)),
        ("MouseMove", (150, 100)),
        ("MouseButtonRelease", (150, 100)),
    ):
        mouse(recorder, getattr(QtCore.QEvent, kind), place)
    events.unconnect(connection)
    assert heard and heard[-1][0] == pytest.approx(100 / 288, abs=0.01) and heard[-1][1] == 0
    panzoom.zoom = 0.1
    assert panzoom.get_range() == pytest.approx((-2, -2, 2, 2))
    panzoom.set_constrain_bounds(None)
    panzoom.set_pan_zoom((3, 0), (2, 2))
    assert panzoom.get_range() == pytest.approx((-3.5, -0.5, -2.5, 0.5))
    panzoom.reset()
    assert panzoom.pan == [0, 0] and panzoom.zoom == [1, 1]


# Ready-made views


def places_of(cluster_ids, load_all=None):
    n = 400 if load_all else 100
    return [
        Bunch(pos=np.linspace(-1, 1, n)[:, None] * [1, 1] + c, spike_ids=np.arange(n) + 1000 * c) for c in cluster_ids
    ]


def corner(view, x, y):
    """Ctrl+click on a place in data units."""
    x0, y0, x1, y1 = view.plugin.data_bounds
    px, py = view.panels.to_pixels(0, (x - x0) / (x1 - x0), (y - y0) / (y1 - y0))
    press(view, (float(px), float(py)), modifiers=Qt.ControlModifier)


def test_a_lasso_splits_all_spikes_inside(drawn):
    view = native_of(ScatterView(coords=places_of))
    show(view, view.host.make_request([0, 2]))
    drawn(view, (400, 300))
    for x, y in ((-0.5, -1), (0.5, -1), (0.5, 1), (-0.5, 1)):
        corner(view, x, y)
    assert view.has_lasso and view.plugin.canvas.lasso.count == 4 and view.scene.lasso.closed
    # Corners are on whole pixels; -1 to 3 is shown.
    low, high = (np.sort(view.plugin.canvas.lasso.polygon[:, 0])[[1, 2]] + 1) / 2 * 4 - 1
    found, along = view.lasso_spike_ids(), np.linspace(-1, 1, 400)
    assert found.tolist() == np.flatnonzero((along > low) & (along < high)).tolist() and 195 < len(found) < 205
    assert view.plugin.canvas.lasso.count == 0


def test_a_scatter_without_load_all_warns_that_it_splits_what_it_shows(drawn, caplog):
    view = native_of(ScatterView(coords=lambda cluster_ids: places_of(cluster_ids)))
    show(view, view.host.make_request([0]))
    drawn(view, (400, 300))
    for x, y in ((-2, -2), (2, -2), (2, 2), (-2, 2)):
        corner(view, x, y)
    with caplog.at_level(logging.WARNING, "phy_medicine"):
        assert len(view.lasso_spike_ids()) == 100
    assert "load_all" in caplog.text


def test_a_scatter_takes_one_bunch_of_all_clusters():
    def coords(cluster_ids):
        return Bunch(pos=np.eye(2), spike_ids=np.array([4, 9]), spike_clusters=np.array([2, 0]))

    view = native_of(ScatterView(coords=coords))
    show(view, view.host.make_request([0, 2]))
    (part,) = view.plugin.visual.parts
    assert part.data.color[:, :3] == pytest.approx(view.host.make_request([0, 2]).colors[::-1, :3], abs=1e-5)
    assert view.plugin.on_request_split().size == 0


def test_a_scatter_without_points_shows_none():
    view = native_of(ScatterView(coords=lambda cluster_ids: None))
    show(view, view.host.make_request([0]))
    assert len(view.picture) == 0
    with pytest.raises(ValueError, match="coords=f"):
        ScatterView()


def test_markers_grow_and_shrink_and_are_remembered():
    view = native_of(ScatterView(coords=places_of))
    show(view, view.host.make_request([0]))
    view.plugin.on_mouse_wheel(Bunch(modifiers=("Alt",), delta=1))
    assert view.plugin.marker_size == pytest.approx(5.5)
    assert view.state()["plugin"] == {"auto_update": True, "marker_size": pytest.approx(5.5)}


def stat_of(cluster_id):
    return Bunch(data=np.arange(100) / 1000 * (cluster_id + 1), text="two\nlines", plot=np.ones(10))


def test_a_histogram_has_a_row_for_each_cluster_and_the_range_of_them_all(drawn):
    view = native_of(HistogramView(cluster_stat=stat_of))
    show(view, view.host.make_request([0, 2]))
    plugin = view.plugin
    assert plugin.shown_range == (0.0, pytest.approx(0.297)) and plugin.canvas.stacked.n_boxes == 2
    show(view, view.host.make_request([0]))
    assert plugin.shown_range == (0.0, pytest.approx(0.099)) and plugin.state.x_max is None
    drawn(view, (400, 300))
    assert {"0", "two", "lines"} <= {line.text for line in view.scene.over.lines}


def test_numbers_of_every_row_of_a_histogram_are_within_the_canvas(drawn):
    spreads = {0: 0.001, 1: 1.0, 2: 1000.0}
    view = native_of(HistogramView(cluster_stat=lambda c: Bunch(data=np.arange(50.0) * spreads[c])))
    show(view, view.host.make_request([0, 1, 2]))
    drawn(view, (400, 360))
    ink = view.scene.over
    assert min(line.x - ink.text_width(line.text) for line in ink.lines if line.anchor == "r") >= 0


def test_bins_of_a_histogram_are_set_in_the_unit_of_the_view():
    plugin = ISIView(cluster_stat=stat_of)
    view = native_of(plugin)
    show(view, view.host.make_request([0]))
    assert plugin.bin_size == pytest.approx(1.0) and plugin.status == "[0.0ms, 50.0ms]"
    plugin.set_x_max(20)
    plugin.set_bin_size(0.5)
    assert (plugin.x_max, plugin.n_bins) == (0.02, 40)
    (part,) = plugin.visual.parts
    assert part.data.hist.shape == (1, 40) and part.data.hist.sum() * 0.0005 == pytest.approx(1)
    plugin.on_mouse_wheel(Bunch(modifiers=("Control",), delta=1))
    assert plugin.x_max == pytest.approx(0.022)
    plugin.set_state(Bunch(x_max=0.01, n_bins=7))
    assert plugin.shown_range == (0, 0.01)
    plugin.reset_scaling()
    assert plugin.x_max == 0.05


# Mixins and state


class Colorful(BaseColorView, ScalingMixin, LassoMixin, BaseGlobalView, ManualClusteringView):
    scaling = 2.0

    def on_mouse_wheel(self, e):
        super().on_mouse_wheel(e)


def test_schemes_and_scales_turn_with_the_wheel():
    view = Colorful()
    view.add_color_scheme(lambda c: c, name="id", colormap="linear", categorical=False, cluster_ids=[0, 10])

    @view.add_color_scheme(name="odd", colormap="categorical", categorical=True, cluster_ids=[0, 1])
    def odd(cluster_id):
        return cluster_id % 2

    assert odd(3) == 1 and view.color_scheme == "blank" and view.color_schemes.keys() == ["blank", "id", "odd"]
    assert view.get_cluster_colors([0])[0].tolist() == [0.75, 0.75, 0.75, 1.0]
    view.on_mouse_wheel(Bunch(modifiers=("Shift",), delta=-1))
    assert view.color_scheme == "odd"
    view.on_mouse_wheel(Bunch(modifiers=("Control",), delta=-1))
    assert view.scaling == pytest.approx(2 / 1.1)
    view.reset_scaling()
    assert view.scaling == 1.0
    view.on_select(sender=None, cluster_ids=[3])
    assert view.cluster_ids == [3] and view.state.color_scheme == "odd"


def test_what_a_plugin_names_is_remembered_and_given_back_once():
    class Kept(Recorder):
        def __init__(self):
            super().__init__()
            self.state_attrs += ("sizes", "function")
            self.local_state_attrs += ("place",)
            self.sizes, self.place, self.function = np.array([1.5, 2.5]), (3, "x"), len

    view = native_of(Kept())
    state = view.state()
    assert state["plugin"] == {"auto_update": True, "sizes": [1.5, 2.5], "place": [3, "x"]}
    other = native_of(Kept())
    other.restore({**state, "plugin": {**state["plugin"], "place": [4, "y"]}, "auto_update": False})
    assert other.plugin.place == (3, "x") and other.state()["plugin"]["place"] == [3, "x"]
    show(other, other.host.make_request([0]))
    assert other.plugin.place == [4, "y"]
    other.plugin.place = "own"
    show(other, other.host.make_request([0]))
    assert other.plugin.place == "own"


def test_following_the_selection_is_one_switch():
    view = native_of(Recorder())
    heard = []
    connection = events.connect(
        lambda sender, checked: heard.append(checked), event="toggle_auto_update", sender=view.plugin
    )
    view.plugin.toggle_auto_update(False)
    events.unconnect(connection)
    assert heard == [False] and view.auto_update is False
    view.auto_update = True
    assert view.plugin.auto_update


def test_the_status_is_shown_in_the_title():
    class Spoken(Recorder):
        status = "12 spikes"

    view = native_of(Spoken())
    view.plugin.ex_status = "high pass"
    show(view, view.host.make_request([0]))
    assert view.status == "12 spikes high pass"


def test_a_picture_is_saved_where_it_is_wanted(tmp_path, drawn):
    view = native_of(ScatterView(coords=places_of))
    show(view, view.host.make_request([0]))
    drawn(view, (300, 200))
    path = view.plugin.screenshot(tmp_path)
    assert path.parent == tmp_path and path.name.endswith("_ScatterView.png")
    assert QtGui.QImage(str(path)).size() == QtCore.QSize(300, 200)


def test_the_lasso_stays_in_the_cell_of_its_first_corner(drawn):
    view = native_of(Recorder())
    canvas = view.plugin.canvas
    canvas.set_layout("grid", shape=(2, 2))
    canvas.enable_lasso()
    heard = []
    connection = events.connect(
        lambda sender, polygon: heard.append(len(polygon)), event="lasso_updated", sender=canvas
    )
    show(view, view.host.make_request([0]))
    drawn(view, (300, 240))
    for panel, x, y in ((4, 0.2, 0.2), (1, 0.5, 0.5), (4, 0.8, 0.2), (4, 0.5, 0.9)):
        px, py = (float(v) for v in view.panels.to_pixels(panel, x, y))
        view.add_lasso_corner(Click(px, py, panel, x, y, 1, frozenset({"control"})))
    events.unconnect(connection)
    assert canvas.lasso.box == (1, 1) and canvas.lasso.polygon[:, 0] == pytest.approx([-0.6, 0.6, 0.0], abs=0.03)
    assert heard == [1, 2, 3] and view.scene.lasso.panel == 4
    view.clear_lasso()
    assert canvas.lasso.count == 0 and not len(view.scene.lasso)


def test_functions_wait_for_the_next_frame(drawn):
    view = native_of(Recorder())
    show(view, view.host.make_request([0]))
    done = []
    view.plugin.canvas.on_next_paint(lambda: done.append(1))
    assert done == []
    drawn(view, (300, 200))
    assert done == [1]
