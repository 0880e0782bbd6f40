"""What plugins get for views of the program: phy's attributes and methods, on the view's own settings."""

from __future__ import annotations

import gc
import logging
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
from fake_host import FakeHost, show
from fake_table import host_with_table

from phy_medicine.app.phy_compat import events, facades
from phy_medicine.app.phy_compat.base_view import ManualClusteringView
from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.histogram_view import HistogramView, ISIView
from phy_medicine.app.phy_compat.scatter_view import ScatterView
from phy_medicine.app.phy_compat.views import ALL_FACADES, facade_of, select_traces, view_type
from phy_medicine.gui.qt import QtCore, QtGui, QtWidgets
from phy_medicine.gui.view_kinds import KINDS
from phy_medicine.session.extensions import Extensions
from phy_medicine.views.theme import DARK

OVER_TABLE = ("ClusterScatterView", "RasterView", "TemplateView", "SimilarityMatrixView")


def native_class(kind):
    from importlib import import_module

    return getattr(import_module(f"phy_medicine.views.{KINDS[kind]}"), kind)


@pytest.fixture
def facade(gl_app):
    """Makes the façade of a view of the program, over made-up data."""
    made = []

    def make(kind):
        host = host_with_table(20, n_channels=32) if kind in OVER_TABLE else FakeHost()
        native = native_class(kind)(host)
        made.append(native)
        return facade_of(native)

    yield make
    for native in made:
        native.close()


@pytest.fixture
def controller():
    extensions = Extensions()
    return SimpleNamespace(extensions=extensions, supervisor=object())


def test_a_view_that_is_closed_goes_and_its_facade_with_it(gl_app):
    native = native_class("ISIView")(FakeHost())
    gone = weakref.ref(native), weakref.ref(facade_of(native))
    native.close()
    del native
    gc.collect()
    assert [ref() for ref in gone] == [None, None]


@pytest.mark.parametrize("kind", KINDS)
def test_every_view_has_one_facade_of_its_class(facade, kind):
    view = facade(kind)
    assert type(view).__name__ == kind and isinstance(view, ManualClusteringView)
    assert facade_of(view.native) is view and view.name == view.native.name
    if kind in ALL_FACADES and kind not in ("HistogramView", "ISIView", "FiringRateView"):
        assert type(view) is getattr(facades, kind)
    assert isinstance(view, HistogramView) == (kind in ("HistogramView", "ISIView", "FiringRateView"))


SETTINGS = [
    ("WaveformView", "waveforms_type", "templates", "kind", "templates"),
    ("WaveformView", "overlap", True, "overlap", True),
    ("WaveformView", "do_show_labels", False, "labels", False),
    ("FeatureView", "scaling", 2.0, "scaling", 2.0),
    ("FeatureView", "marker_size", 5.0, "marker_size", 5.0),
    ("FeatureView", "fixed_channels", True, "fixed_channels", True),
    ("AmplitudeView", "amplitudes_type", "raw", "kind", "raw"),
    ("CorrelogramView", "bin_size", 0.002, "bin_ms", 2.0),
    ("CorrelogramView", "window_size", 0.1, "window_ms", 100.0),
    ("CorrelogramView", "refractory_period", 0.003, "refractory_ms", 3.0),
    ("CorrelogramView", "uniform_normalization", True, "same_scale", True),
    ("ProbeView", "do_show_labels", True, "labels", True),
    ("TraceView", "origin", "top", "origin_top", True),
    ("TraceView", "show_all_spikes", True, "all_spikes", True),
    ("TraceImageView", "scaling", 3.0, "scaling", 3.0),
    ("TemplateView", "scaling", 2.0, "scaling", 2.0),
    ("RasterView", "marker_size", 2.0, "marker_size", 2.0),
    ("RasterView", "color_scheme", "random", "colors", "random"),
    ("ClusterScatterView", "x_axis", "fr", "x_column", "fr"),
    ("ClusterScatterView", "size_log_scale", False, "size_log", False),
    ("FiringRateView", "n_bins", 77, "n_bins", 77),
]


@pytest.mark.parametrize(("kind", "attribute", "value", "setting", "expected"), SETTINGS)
def test_attributes_of_phy_are_settings_of_the_view(facade, kind, attribute, value, setting, expected):
    view = facade(kind)
    setattr(view, attribute, value)
    assert getattr(view.native.settings, setting) == expected
    assert getattr(view, attribute) == (pytest.approx(value) if isinstance(value, float) else value)


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("WaveformView", "next_waveforms_type"), ("WaveformView", "previous_waveforms_type"), ("WaveformView", "widen"),
        ("WaveformView", "increase"), ("WaveformView", "extend_horizontally"),
        ("WaveformView", "toggle_mean_waveforms"),
        ("FeatureView", "increase"), ("FeatureView", "toggle_automatic_channel_selection"),
        ("AmplitudeView", "increase_marker_size"), ("CorrelogramView", "increase"),
        ("CorrelogramView", "toggle_normalization"), ("ProbeView", "toggle_show_labels"),
        ("TraceView", "switch_origin"), ("TraceView", "increase"), ("TraceView", "toggle_highlighted_spikes"),
        ("TraceImageView", "switch_origin"), ("RasterView", "increase_marker_size"), ("TemplateView", "decrease"),
        ("RasterView", "next_color_scheme"), ("ClusterScatterView", "previous_color_scheme"), ("ISIView", "increase"),
    ],
)  # fmt: skip
def test_methods_of_phy_change_the_view(facade, kind, method):
    view = facade(kind)
    before = view.native.settings
    getattr(view, method)()
    assert view.native.settings != before


@pytest.mark.parametrize("kind", ["TraceView", "TraceImageView"])
def test_the_signal_is_moved_in_time(facade, kind):
    view = facade(kind)
    request = view.native.host.make_request([0])
    show(view.native, request)
    view.set_interval((10.0, 10.5))
    assert view.interval == pytest.approx((10.0, 10.5)) and view.half_duration == pytest.approx(0.25)
    view.go_to(20.0)
    assert view.time == pytest.approx(20.0)
    view.shift(1.0)
    assert view.time == pytest.approx(21.0)
    for method, least in (("go_right", 21.0), ("jump_right", 21.5), ("go_to_end", 500)):
        getattr(view, method)()
        assert view.time > least
    view.go_to_start()
    assert view.interval[0] == 0


def test_switches_are_turned_to_a_position(facade):
    view = facade("WaveformView")
    for wanted in (True, True, False, False):
        view.toggle_waveform_overlap(wanted)
        assert view.overlap is wanted
    view.toggle_waveform_overlap()
    assert view.overlap


def test_boxes_are_scaled_as_pairs(facade):
    view = facade("WaveformView")
    view.box_scaling, view.probe_scaling = (2.0, 3.0), (1.5, 1.0)
    assert (view.native.settings.box_width, view.native.settings.box_height) == (2.0, 3.0)
    assert view.box_scaling == (2.0, 3.0) and view.probe_scaling == (1.5, 1.0)


def test_the_grid_of_features_is_rows_of_dimensions(facade):
    view = facade("FeatureView")
    view.set_grid_dim([["time,0A", "1A,0A"], ["0A,0B", "1A,1B"]])
    assert view.native.settings.grid == "time,0A 1A,0A / 0A,0B 1A,1B"
    assert view.grid_dim == [["time,0A", "1A,0A"], ["0A,0B", "1A,1B"]]


def test_ranges_of_histograms_are_in_seconds(facade):
    view = facade("ISIView")
    show(view.native, view.native.host.make_request([0]))
    view.x_max = 0.02
    assert view.native.settings.x_max == pytest.approx(20.0) and view.x_max == pytest.approx(0.02)
    view.set_bin_size(0.5)
    assert view.n_bins == 40 and view.bin_size == pytest.approx(0.5)


def test_axes_of_the_cluster_scatter_are_columns(facade):
    view = facade("ClusterScatterView")
    view.change_bindings(x_axis="depth", y_axis="fr")
    view.toggle_log_scale("x_axis", True)
    assert view.bindings == {"x_axis": "depth", "y_axis": "fr", "size": "fr"} and view.native.settings.x_log


def test_a_colour_scheme_of_a_plugin_is_one_of_all_views(facade, controller):
    view, other = facade("ClusterScatterView"), facade("RasterView")
    for each in (view, other):
        each.gui = SimpleNamespace(controller=controller)
        with controller.extensions.owned_by("Schemes"):
            each.add_color_scheme(lambda c: c, name="id", colormap="rainbow", cluster_ids=[1, 2])
    schemes = controller.extensions.color_schemes
    assert [(s.name, s.colormap, s.function(3)) for s in schemes] == [("id", "rainbow", 3)]
    schemes.remove("id")
    assert len(schemes) == 0
    assert view.color_schemes.current == view.color_scheme and "random" in view.color_schemes.keys()  # noqa: SIM118


def test_state_is_what_phy_saves(facade):
    view = facade("CorrelogramView")
    assert view.state == {
        "auto_update": True, "bin_size": 0.001, "window_size": 0.05, "refractory_period": 0.002,
        "uniform_normalization": False,
    }  # fmt: skip
    view.set_state(Bunch(bin_size=0.002, auto_update=False))
    assert view.native.settings.bin_ms == 2.0 and view.native.auto_update is False


def test_clusters_status_and_the_rest_are_those_of_the_view(facade):
    view = facade("AmplitudeView")
    show(view.native, view.native.host.make_request([2, 0]))
    assert view.cluster_ids == [2, 0] and view.status == view.native.status != ""
    assert view.settings is view.native.settings
    with pytest.raises(AttributeError):
        _ = view.no_such_thing
    view.plot()
    assert view.native.host.called("request")


def test_what_a_view_asks_for_is_told(facade):
    view = facade("WaveformView")
    heard = []
    connections = [
        events.connect(lambda *args, _name=name, **kw: heard.append((_name, args[1:], kw)), event=name, sender=view)
        for name in ("select_channel", "select_feature", "select_time", "time_range_selected", "request_select")
    ]
    host = view.native.host
    host.set_channels(5, 1)
    host.select_feature(3, 1)
    host.go_to_time(2.0)
    host.time_window_changed(1.0, 2.0)
    host.select([4])
    events.unconnect(*connections)
    assert heard == [
        ("select_channel", (), {"channel_id": 5, "key": None, "button": "Right"}),
        ("select_feature", (), {"dim": "3B", "channel_id": 3, "pc": 1}),
        ("select_time", (2.0,), {}),
        ("time_range_selected", ((1.0, 2.0),), {}),
        ("request_select", ([4],), {}),
    ]
    assert host.called("set_channels") == [(5, 1)] and host.called("select") == [([4],)]


# Views that plugins make of the program's


class MyWaveform(facades.WaveformView):
    clicks = 0

    def on_mouse_click(self, e):
        self.clicks += 1
        assert e.pos == (30, 40)


def test_a_view_of_the_program_that_a_plugin_makes_shows_the_programs_data(controller, drawn, caplog):
    def create():
        view = MyWaveform(waveforms={"waveforms": None}, sample_rate=30000.0)
        view.overlap = True
        return view

    with caplog.at_level(logging.WARNING, "phy_medicine"), controller.extensions.owned_by("Mine"):
        kind = view_type(controller, "MyWaveform", create)
        native = kind(FakeHost(), theme=DARK)
    assert "waveforms, sample_rate is left aside" in caplog.text
    assert type(native).__name__ == "WaveformView" and native.settings.overlap
    plugin = native.plugin
    assert isinstance(plugin, MyWaveform) and facade_of(native) is plugin and plugin.owner == "Mine"
    show(native, native.host.make_request([0]))
    drawn(native, (300, 200))
    for what in (QtCore.QEvent.MouseButtonPress, QtCore.QEvent.MouseButtonRelease):
        event = QtGui.QMouseEvent(
            what, QtCore.QPointF(30, 40), QtCore.Qt.LeftButton, QtCore.Qt.LeftButton, QtCore.Qt.NoModifier
        )
        QtWidgets.QApplication.sendEvent(native.canvas.native, event)
    assert plugin.clicks == 1


def test_a_function_that_makes_a_view_has_a_class_in_the_registry(controller):
    def coords(cluster_ids):
        return [Bunch(pos=np.zeros((2, 2)), spike_ids=np.arange(2)) for _ in cluster_ids]

    def create():
        """Spikes in a plane."""
        return ScatterView(coords=coords)

    with controller.extensions.owned_by("Plane"):
        kind = controller.extensions.views.add(view_type(controller, "PlaneView", create))
    view = controller.extensions.views.get("PlaneView")(FakeHost())
    assert (kind.name, kind.title, kind.owner, kind.__doc__) == (
        "PlaneView",
        "PlaneView",
        "Plane",
        "Spikes in a plane.",
    )
    assert isinstance(view.plugin, ScatterView) and view.supervisor is controller.supervisor
    assert view.plugin is not kind(FakeHost()).plugin


@pytest.mark.parametrize(("create", "words"), [(lambda: None, []), (lambda: 1 / 0, ["division by zero"])])
def test_a_function_that_makes_nothing_leaves_a_sentence(controller, create, words):
    problems = []
    controller.extensions.problem.connect(lambda problem: problems.append(str(problem.error)))
    view = view_type(controller, "NoView", create)(FakeHost())
    show(view, view.host.make_request([0]))
    assert view.scene.message.startswith("NoView has nothing to show") and problems == words


def test_an_own_isi_view_is_drawn_from_the_plugins_function(controller):
    kind = view_type(controller, "OwnISI", lambda: ISIView(cluster_stat=lambda c: Bunch(data=np.array([0.01, 0.02]))))
    view = kind(FakeHost())
    show(view, view.host.make_request([0]))
    assert view.plugin.visual.parts[0].data.hist.shape == (1, 50)


def test_traces_are_selected_without_their_median():
    traces = np.arange(20.0).reshape(10, 2)
    assert select_traces(traces, (0.2, 0.5), 10.0).tolist() == [[-2, -2], [0, 0], [2, 2]]
