"""Views of plugins in a real window: selection, split by lasso, docks, figures, themes, state and failures."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.app.phy_compat import events
from phy_medicine.app.phy_compat.base_view import ManualClusteringView
from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.facades import AmplitudeView, WaveformView
from phy_medicine.app.phy_compat.gui import announce, open_gui
from phy_medicine.app.phy_compat.histogram_view import HistogramView
from phy_medicine.app.phy_compat.mpl import PlotCanvasMpl
from phy_medicine.app.phy_compat.scatter_view import ScatterView
from phy_medicine.app.phy_compat.views import facade_of, view_type
from phy_medicine.app.phy_compat.visuals import PlotVisual
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets

from ...gui.mouse import click, inside
from .windows import (  # noqa: F401
    controller,
    open_window,
    press,
    press_keys_in,
    press_now,
    qapp,
    session,
    settle,
    styles_as_before,
    window,
)


@pytest.fixture
def desk(window, controller, session, settle):  # noqa: F811
    """Opens views of plugins by their functions in a window whose façade is there."""
    controller.extensions = session.extensions

    class Desk:
        def __init__(self):
            self.window, self.session, self.settle = window, session, settle
            self.problems = []
            session.extensions.problem.connect(lambda problem: self.problems.append(problem.sentence))
            self.gui = open_gui(controller, window, facade_of)
            announce(self.gui)

        @property
        def failures(self):
            """What failed; a call that only took long is the machine's affair."""
            return [sentence for sentence in self.problems if "failed" in sentence]

        def add(self, name, creator, owner="Mine"):
            with session.extensions.owned_by(owner):
                session.extensions.views.add(view_type(controller, name, creator))
            window.commands.run("add_view", name)
            settle()
            settle()
            return next(p for p in window.panels if p.kind == name)

        def select(self, *cluster_ids):
            session.select(list(cluster_ids) or session.cluster_ids[:2])
            settle()

    made = Desk()
    yield made


def coords_of(session):  # noqa: F811
    def coords(cluster_ids, load_all=None):
        data = session.data
        out = []
        for cluster_id in cluster_ids:
            ids = data.spikes(cluster_id)
            ids = ids if load_all else ids[::2]
            out.append(Bunch(pos=np.stack([data.spike_times[ids], np.sin(ids)], axis=1), spike_ids=ids))
        return out

    return coords


class Templates(ManualClusteringView):
    """As phy's example of a view with visuals."""

    def __init__(self):
        super().__init__()
        self.canvas.set_layout("stacked", n_plots=1)
        self.canvas.enable_axes()
        self.visual = PlotVisual()
        self.canvas.add_visual(self.visual)
        self.attached = None

    def attach(self, gui):
        super().attach(gui)
        self.attached = gui
        self.actions.add(self.redraw_all, shortcut="ctrl+alt+y")
        self.redrawn = 0

    def redraw_all(self):
        """Draw everything again."""
        self.redrawn += 1

    def on_select(self, cluster_ids=(), **kwargs):
        self.cluster_ids = cluster_ids
        self.canvas.stacked.n_boxes = len(cluster_ids)
        self.visual.reset_batch()
        for i in range(len(cluster_ids)):
            y = np.sin(np.linspace(0, 9, 200) + i)
            self.visual.add_batch_data(x=np.linspace(-1, 1, 200), y=y, data_bounds=(-1, -1, 1, 1), box_index=i)
        self.canvas.update_visual(self.visual)
        self.canvas.axes.reset_data_bounds((0, 0, 1, 1))
        self.canvas.update()


def test_a_view_follows_the_selection_once_for_each_and_in_its_colours(desk):
    panel = desk.add("PlaneView", lambda: ScatterView(coords=coords_of(desk.session)))
    calls = []
    plugin = panel.view.plugin
    plugin.coords = lambda ids, inner=plugin.coords: calls.append(list(ids)) or inner(ids)
    first, second = desk.session.cluster_ids[:2]
    desk.select(first)
    desk.select(second, first)
    assert calls == [[first], [second, first]] and desk.failures == []
    shown = np.array([part.data.color[0, :3] for part in plugin.visual.parts])
    assert shown == pytest.approx(panel.view.colors[:, :3], abs=1e-5)


def test_a_lasso_and_the_key_split_all_spikes_inside(desk, qtbot, press):  # noqa: F811
    panel = desk.add("PlaneView", lambda: ScatterView(coords=coords_of(desk.session)))
    cluster = desk.session.cluster_ids[0]
    desk.select(cluster)
    view, data = panel.view, desk.session.data
    for x, y in ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)):
        px, py = view.panels.to_pixels(0, x, y)
        click(qtbot, view, QtCore.QPoint(round(float(px) / view.ratio), round(float(py) / view.ratio)))
    corners = view.plugin.canvas.lasso.polygon
    spikes, (x0, y0, x1, y1) = data.spikes(cluster), view.plugin.data_bounds
    places = np.stack([data.spike_times[spikes] - x0, np.sin(spikes) - y0], axis=1) * 2 / [x1 - x0, y1 - y0] - 1
    wanted = spikes[inside(*places.T, corners)]
    before = set(desk.session.cluster_ids)
    press("K")
    desk.settle()
    new = sorted(set(desk.session.cluster_ids) - before)
    parts = [desk.session.data.spikes(c).tolist() for c in new]
    assert len(corners) == 4 and 80 < len(wanted) < len(spikes) - 80
    assert wanted.tolist() in parts and len(parts) == 2
    assert view.plugin.canvas.lasso.count == 0


def test_actions_of_a_view_have_keys_and_its_attach_is_called_with_the_window(desk, press):  # noqa: F811
    heard = []
    connection = events.connect(lambda view, gui: heard.append(view), event="view_attached")
    panel = desk.add("TemplatesView", Templates)
    plugin = panel.view.plugin
    events.unconnect(connection)
    assert plugin.attached is desk.gui and plugin.dock.view is plugin and heard == [plugin]
    desk.select()
    panel.dock.give_focus()
    press("Ctrl+Alt+Y")
    assert plugin.redrawn == 1
    assert desk.gui.get_view(Templates) is plugin and plugin in desk.gui.list_views("Templates")


def test_a_view_is_drawn_after_floating_and_back(desk):
    panel = desk.add("TemplatesView", Templates)
    desk.select()
    view = panel.view
    for floating in (True, False):
        panel.dock.setFloating(floating)
        desk.settle()
        desk.settle()
        x, y = (round(float(v)) for v in view.panels.to_pixels(1, 0.5, (1 + np.sin(4.5)) / 2))
        blue = view.render()[y - 3 : y + 4, x - 3 : x + 4].reshape(-1, 3).max(axis=0)
        assert blue[2] > 150 and panel.dock.isFloating() is floating


def test_views_of_a_plugin_made_again_keep_what_they_remember(desk):
    def create():
        return ScatterView(coords=coords_of(desk.session))

    panel = desk.add("PlaneView", create)
    desk.select()
    panel.view.plugin.marker_size = 9.0
    panel.renew()
    desk.settle()
    assert panel.view.plugin.marker_size == 9.0


class Figure(ManualClusteringView):
    """As phy's example of a view with matplotlib."""

    plot_canvas_class = PlotCanvasMpl

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_select(self, cluster_ids=(), **kwargs):
        self.seen.append(cluster_ids)
        self.canvas.clear()
        self.canvas.ax.hist2d(np.arange(50) % 7, np.arange(50) % 5, 20)
        self.canvas.update()


def test_a_view_with_matplotlib_shows_its_figure_in_the_dock(desk):
    panel = desk.add("FeatureDensityView", Figure)
    plugin = panel.view.plugin
    desk.select()
    assert (
        plugin.seen == [list(desk.session.cluster_ids[:2])] and plugin.attached if hasattr(plugin, "attached") else True
    )
    widget = plugin.canvas.canvas
    assert isinstance(widget, QtWidgets.QWidget) and panel.dock.content is widget
    image = widget.grab().toImage()
    assert image.pixelColor(2, 2).name() == desk.window.theme.view
    desk.window.commands.run("theme", "light")
    desk.settle()
    assert widget.grab().toImage().pixelColor(2, 2).name() == "#ffffff"
    assert desk.failures == []


def test_a_figure_that_fails_leaves_the_others_alone(desk):
    class Failing(Figure):
        def on_select(self, cluster_ids=(), **kwargs):
            raise RuntimeError("no figure")

    panel = desk.add("FailingView", Failing)
    desk.select()
    assert desk.failures[-1] == "Plugin Mine: FailingView.on_select failed: RuntimeError: no figure"
    assert panel.view.complaint == desk.failures[-1]
    assert next(p for p in desk.window.panels if p.kind == "WaveformView").view.cluster_ids


@pytest.mark.parametrize("kind", ["widget", "figure"])
def test_a_function_may_make_any_widget_or_figure(desk, kind):
    def create():
        if kind == "widget":
            return QtWidgets.QLabel("own")
        from matplotlib.figure import Figure as MplFigure

        figure = MplFigure()
        figure.subplots().plot([0, 1])
        return figure

    panel = desk.add("OwnView", create)
    assert panel.dock.content.isVisible() and desk.failures == []
    if kind == "widget":
        assert panel.dock.content.text() == "own"


def test_views_of_the_program_are_known_by_phys_classes(desk):
    assert desk.gui.get_view(WaveformView).native.name == "WaveformView"
    amplitude = desk.gui.get_view(AmplitudeView)
    desk.select()
    amplitude.marker_size = 7.0
    assert amplitude.native.settings.marker_size == 7.0
    assert amplitude.dock.view is amplitude and amplitude.gui is desk.gui


def test_clicks_in_a_view_of_the_program_are_told(desk, qtbot):
    view = desk.gui.get_view(WaveformView)
    desk.select()
    heard = []
    connection = events.connect(lambda sender, **kw: heard.append(kw), event="select_channel", sender=view)
    channel = view.native.block.channel_ids[0]
    box = view.native.panels.rects[0]
    spot = view.native.canvas.native.rect().center()
    spot.setX(int((box[0] + box[2]) / 2 / view.native.ratio))
    spot.setY(int((box[1] + box[3]) / 2 / view.native.ratio))
    click(qtbot, view.native, spot, Qt.LeftButton, Qt.ControlModifier)
    events.unconnect(connection)
    assert [kw["button"] for kw in heard] == ["Left"] and heard[0]["channel_id"] in range(16) and channel is not None


def test_a_histogram_has_snippets_of_its_letters(desk):
    def stat(cluster_id):
        return Bunch(data=np.arange(100.0) * (cluster_id + 1))

    class Rates(HistogramView):
        """Rates of nothing."""

        n_bins = 20
        alias_char = "xy"

    panel = desk.add("RatesView", lambda: Rates(cluster_stat=stat))
    desk.select()
    assert desk.window.commands.run_line("xyn 30") == ""
    desk.settle()
    assert panel.view.plugin.n_bins == 30 and panel.view.plugin.visual.parts[0].data.hist.shape == (1, 30)


def test_a_view_that_a_plugin_adds_itself_is_in_a_dock(desk):
    view = Templates()
    view.attach(desk.gui)
    desk.settle()
    desk.select()
    desk.settle()
    assert view.native is not None and view.native.canvas.native.isVisible()
    assert view.cluster_ids == list(desk.session.cluster_ids[:2])
