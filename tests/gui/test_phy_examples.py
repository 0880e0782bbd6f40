"""The 21 example plugins of phy, each in a file as users have it: not only loaded, but its effect."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from scipy.signal import butter, lfilter

from phy_medicine.gui.qt import Qt, QtCore, QtWidgets

from .mouse import click
from .phy_desk import FirstColumns, OpenPhy, parts, stand_in


def test_01_hello_prints_when_the_window_is_there_and_when_clusters_change(open_phy: OpenPhy, capsys):
    desk = open_phy("examples/hello.py", "ExampleHelloPlugin")
    assert "Hello from TemplateGUI" in capsys.readouterr().out
    a, b = desk.session.cluster_ids[:2]
    desk.session.merge([a, b])
    desk.settle()
    said = capsys.readouterr().out
    assert said.startswith("Clusters: <merge") and str(a) in said and str(b) in said
    desk.session.undo()
    desk.settle()
    assert "undo" in capsys.readouterr().out


def test_02_actions_show_a_message_and_select_the_first_clusters(open_phy: OpenPhy, press_keys_in, answer):
    desk = open_phy("examples/action_status_bar.py", "ExampleActionPlugin", asks=True)
    assert desk.run("display_message") == ""  # the key A is the amplitude view's, as a message says
    assert desk.window.status.message.text() == "Hello world"
    offered = answer("3")
    press_keys_in(desk.window, "Ctrl+C")
    desk.settle()
    assert offered == ["2"]
    assert desk.session.selection.best_ids == desk.session.cluster_table.visible_ids()[:3]
    menu = next(m for m in desk.window.findChildren(QtWidgets.QMenu) if m.title() == "Submenu")
    assert [a.text() for a in menu.actions()] == ["Select n first clusters"]


def test_03_a_file_of_its_own_is_written_with_every_save(open_phy: OpenPhy, press_keys_in, dataset, caplog):
    desk = open_phy("examples/cluster_metadata.py", "ExampleClusterMetadataPlugin")
    with caplog.at_level(logging.INFO):
        press_keys_in(desk.window, "Ctrl+S")
        desk.settle()
    lines = (dataset.parent / "cluster_channel.tsv").read_text().splitlines()
    assert lines[0].split("\t") == ["cluster_id", "channel"]
    saved = {int(a): int(b) for a, b in (line.split("\t") for line in lines[1:])}
    assert saved == {c: desk.session.data.peak_channel(c) for c in desk.session.cluster_ids}


def test_04_a_metric_is_a_column_of_the_table(open_phy: OpenPhy, qtbot):
    desk = open_phy("examples/cluster_metrics.py", "ExampleClusterMetricsPlugin")
    session, cluster = desk.session, desk.first
    assert "meanisi" in session.cluster_table.column_names
    times = session.model.spike_times[session.data.spikes(cluster)]
    expected = float(np.mean(times[1:] - times[:-1]))
    qtbot.waitUntil(lambda: session.clusters.value(cluster, "meanisi") is not None)
    assert session.clusters.value(cluster, "meanisi") == pytest.approx(expected)
    assert desk.run("s meanisi asc") == ""
    qtbot.waitUntil(lambda: all(session.clusters.value(c, "meanisi") is not None for c in session.cluster_ids))
    desk.settle()
    values = [session.clusters.value(c, "meanisi") for c in session.cluster_table.visible_ids()]
    assert values == sorted(values)


def test_05_a_histogram_of_the_statistics_of_every_selected_cluster(open_phy: OpenPhy):
    desk = open_phy("examples/cluster_stats.py", "ExampleClusterStatsPlugin")
    desk.open_view("FeatureHistogram")
    a, b = desk.session.cluster_table.visible_ids()[:2]
    desk.select(a, b)
    view = desk.plugin_view("FeatureHistogram")
    assert list(view.cluster_ids) == [a, b]
    assert desk.run("fhn 40") == ""
    assert view.n_bins == 40
    first = desk.controller.get_features(a).data[:, 0, 0]
    counts = view.get_clusters_data()[0].histogram
    assert len(counts) == 40
    assert view.x_max == 10
    low = 0.0 if view.x_min is None else view.x_min
    expected, _ = np.histogram(first, np.linspace(low, 10, 41))
    assert np.allclose(counts / counts.sum(), expected / expected.sum(), atol=0.02)


def test_06_the_style_of_the_cluster_table(open_phy: OpenPhy):
    desk = open_phy("examples/cluster_view_styling.py", "ExampleClusterViewStylingPlugin")
    table = desk.window.tables.clusters
    desk.select(desk.first)
    image = table.grab().toImage()
    colors = {image.pixelColor(x, y).name() for x in range(0, image.width(), 3) for y in range(0, image.height(), 2)}
    assert "#112233" in colors


def test_07_a_colour_scheme_of_the_cluster_scatter_view(open_phy: OpenPhy, qtbot):
    desk = open_phy("examples/color_scheme.py", "ExampleColorSchemePlugin")
    desk.open_view("ClusterScatterView")
    assert "byamplitude" in desk.session.extensions.color_schemes
    ids = desk.session.cluster_ids
    values = {c: desk.controller.get_cluster_amplitude(c) for c in ids}

    def colors_now() -> dict[int, np.ndarray]:
        return dict(zip(ids, desk.session.data.table.colors("byamplitude", ids), strict=True))

    # They are computed in a thread; grey until then.
    qtbot.waitUntil(lambda: any(np.ptp(color[:3]) > 0.1 for color in colors_now().values()))
    desk.settle()
    colors = colors_now()
    low, high = min(values, key=values.get), max(values, key=values.get)
    from colorcet import rainbow_bgyr_35_85_c73 as rainbow

    assert colors[low][:3] == pytest.approx(rainbow[0], abs=0.01)
    assert colors[high][:3] == pytest.approx(rainbow[-1], abs=0.01)


def test_08_a_button_in_the_title_bar_of_a_view(open_phy: OpenPhy, qtbot):
    desk = open_phy("examples/custom_button.py", "ExampleCustomButtonPlugin")
    desk.select(desk.first)
    panel = desk.panel("WaveformView")
    facade = next(v for v in desk.book.gui.views if type(v).__name__ == "WaveformView")
    button = facade.dock.get_widget("next_kind")
    before = panel.view.settings
    qtbot.mouseClick(button, Qt.LeftButton)
    desk.settle()
    assert panel.view.settings != before


def test_09_the_columns_of_the_tables(open_phy: OpenPhy):
    desk = open_phy("examples/custom_columns.py", "ExampleCustomColumnsPlugin")
    assert desk.columns == ["id", "n_spikes", "ch", "fr"]


def test_10_a_similarity_orders_the_similar_clusters(open_phy: OpenPhy, qtbot):
    desk = open_phy("examples/custom_similarity.py", "ExampleSimilarityPlugin")
    session, cluster = desk.session, desk.first
    assert session.similar.metric == "mean_waveform"
    means = {c: desk.controller._get_mean_waveforms(c) for c in session.cluster_ids}
    before = {c: b.data.copy() for c, b in means.items()}
    desk.select(cluster)

    def spread(b) -> np.ndarray:
        full = np.zeros((b.data.shape[1], session.model.n_channels))
        full[:, b.channel_ids] = b.data[0]
        return full.ravel() / np.linalg.norm(full)

    expected = {c: float(spread(means[cluster]) @ spread(means[c])) for c in session.cluster_ids if c != cluster}
    qtbot.waitUntil(lambda: len(session.similar.rows(cluster)) == len(expected))
    assert session.similar.rows(cluster) == pytest.approx(expected, abs=1e-4)
    assert all(np.array_equal(desk.controller._get_mean_waveforms(c).data, before[c]) for c in before)


def test_11_a_split_by_computation_is_an_ordinary_action(open_phy: OpenPhy, press_keys_in):
    desk = open_phy("examples/custom_split.py", "ExampleCustomSplitPlugin")
    session, cluster = desk.session, desk.first
    before, spike_ids = session.spike_clusters(), session.data.spikes(cluster).copy()
    desk.select(cluster)
    press_keys_in(desk.window, "S")
    desk.settle()
    from sklearn.cluster import KMeans

    amplitudes = session.model.amplitudes[spike_ids]
    labels = KMeans(n_clusters=2, n_init=10, random_state=0).fit_predict(amplitudes.reshape((-1, 1)))
    expected = sorted(tuple(spike_ids[labels == k].tolist()) for k in (0, 1))
    assert parts(before, session.spike_clusters(), spike_ids) == expected
    assert session.can_undo and session.dirty
    press_keys_in(desk.window, "Ctrl+Z")
    desk.settle()
    assert (session.spike_clusters() == before).all()


def test_12_the_subplots_of_the_feature_view(open_phy: OpenPhy):
    desk = open_phy("examples/feature_view_custom_grid.py", "ExampleCustomFeatureViewPlugin")
    desk.select(desk.first)
    view = desk.panel("FeatureView").view
    assert len(view.panels) == 4
    from phy_medicine.app.phy_compat.views import facade_of

    assert facade_of(view).grid_dim == [["0A,1A", "1A,2A"], ["2A,0A", "0B,0A"]]


def test_13_a_snippet_filters_the_table(open_phy: OpenPhy):
    desk = open_phy("examples/filter_action.py", "ExampleFilterFiringRatePlugin")
    rates = {c: desk.session.clusters.value(c, "fr") for c in desk.session.cluster_ids}
    limit = sorted(rates.values())[len(rates) // 2]
    assert desk.run(f"fr {limit:.1f}") == ""
    assert set(desk.session.cluster_table.visible_ids()) == {c for c, r in rates.items() if r > float(f"{limit:.1f}")}


def test_14_the_size_of_text_in_views(open_phy: OpenPhy, monkeypatch):
    from phy_medicine.app.phy_compat.visuals import TextVisual

    monkeypatch.setattr(TextVisual, "default_font_size", TextVisual.default_font_size)
    open_phy("examples/font_size.py", "ExampleFontSizePlugin")
    assert TextVisual.default_font_size == 4.0
    assert TextVisual().font_size == 4.0


def test_15_names_in_the_console(open_phy: OpenPhy):
    desk = open_phy("examples/ipython_view.py", "ExampleIPythonViewPlugin")
    from phy_medicine.app.phy_compat.ipython_view import IPythonView

    console = next(v for v in desk.book.gui.views if isinstance(v, IPythonView))
    assert type(console.shell.user_ns["wv"]).__name__ == "WaveformView"


def test_16_a_view_made_with_matplotlib(open_phy: OpenPhy):
    desk = open_phy("examples/matplotlib_view.py", "ExampleMatplotlibViewPlugin")
    panel = desk.open_view("FeatureDensityView")
    desk.select(desk.first)
    from matplotlib.collections import QuadMesh

    view = desk.plugin_view("FeatureDensityView")
    meshes = [c for c in view.canvas.ax.collections if isinstance(c, QuadMesh)]
    assert meshes and meshes[-1].get_array().sum() == len(desk.controller._get_features(desk.first).data)
    assert panel.view.canvas.native.isVisible()


def test_17_how_many_spikes_views_draw(open_phy: OpenPhy):
    desk = open_phy("examples/n_spikes_views.py", "ExampleNspikesViewsPlugin")
    desk.select(desk.first)
    assert desk.controller.n_spikes_waveforms == 40
    assert desk.panel("WaveformView").view.settings.n_waveforms == 40
    features = desk.panel("FeatureView").view.settings
    assert (features.n_spikes, features.n_background) == (900, 500)
    assert "40 of" in desk.panel("WaveformView").view.status
    assert len(desk.controller._get_waveforms(desk.first).data) == 40
    assert len(desk.controller._get_features(desk.first).data) <= 900


def test_18_a_view_made_of_visuals_opens_by_itself(open_phy: OpenPhy):
    desk = open_phy("examples/opengl_view.py", "ExampleOpenGLViewPlugin")
    a, b = desk.session.cluster_table.visible_ids()[:2]
    desk.select(a, b)
    panel, view = desk.panel("TemplateStackView"), desk.plugin_view("TemplateStackView")
    assert view.canvas.stacked.n_boxes == 2
    from phy_medicine.app.phy_compat.colors import selected_cluster_color

    pixels = panel.view.canvas.native.grab().toImage()
    drawn = {pixels.pixelColor(x, y).name() for x in range(pixels.width()) for y in range(0, pixels.height())}
    for i in (0, 1):
        red, green, blue = (round(255 * v) for v in selected_cluster_color(i)[:3])
        assert any(_near(name, (red, green, blue)) for name in drawn)


def _near(name: str, rgb: tuple[int, int, int]) -> bool:
    return all(abs(int(name[i : i + 2], 16) - v) < 12 for i, v in zip((1, 3, 5), rgb, strict=True))


def test_19_a_filter_takes_the_place_of_the_programs_own(open_phy: OpenPhy):
    desk = open_phy("examples/raw_data_filter.py", "ExampleRawDataFilterPlugin")
    session = desk.session
    rate = session.model.sample_rate
    b, a = butter(3, 500.0 / rate * 2.0, "high")
    start, n = 3000, 600
    channels = np.arange(4)
    shown = session.data.trace_columns.__class__ and session.data._traces.samples(
        start, start + n, channels, "high-pass"
    )
    margin = 2000
    raw = session.model.traces.read(start - margin, start + n + margin, channels).astype(np.float64)
    raw -= np.median(raw, axis=0)
    expected = lfilter(b, a, lfilter(b, a, raw, axis=0)[::-1], axis=0)[::-1][margin:-margin]
    assert np.corrcoef(shown.ravel(), expected.ravel())[0, 1] > 0.999
    assert desk.controller.raw_data_filter.current == "high_pass"


def test_20_other_keys(open_phy: OpenPhy, press_keys_in):
    desk = open_phy("examples/shortcuts.py", "ExampleShortcutsPlugin")
    desk.select(desk.first)
    press_keys_in(desk.window, "Ctrl+B")
    desk.settle()
    assert desk.session.selection.similar_ids == desk.session.similarity_table.visible_ids()[:15]
    a, b = desk.session.cluster_ids[:2]
    desk.session.merge([a, b])
    desk.settle()
    press_keys_in(desk.window, "Ctrl+S")
    desk.settle()
    assert desk.session.dirty
    press_keys_in(desk.window, "Ctrl+Alt+S")
    desk.settle()
    assert not desk.session.dirty


def test_21_a_scatter_of_embedded_waveforms_with_a_lasso(open_phy: OpenPhy, monkeypatch, qtbot):
    stand_in(monkeypatch, "umap", UMAP=FirstColumns)
    desk = open_phy("examples/umap_view.py", "ExampleWaveformUMAPPlugin")
    desk.open_view("WaveformUMAPView")
    session, cluster = desk.session, desk.first
    desk.select(cluster)
    panel, view = desk.panel("WaveformUMAPView"), desk.plugin_view("WaveformUMAPView")
    shown = desk.controller.selector(200, [cluster])
    cloud = view.get_clusters_data()[0]
    assert np.array_equal(np.sort(cloud.spike_ids), np.sort(shown))
    before, mine = session.spike_clusters(), session.data.spikes(cluster).copy()
    native = panel.view
    size = native.canvas.native.size()
    for x, y in ((0.02, 0.02), (0.6, 0.02), (0.6, 0.98), (0.02, 0.98)):
        click(qtbot, native, QtCore.QPoint(int(x * size.width()), int(y * size.height())))
    desk.settle()
    assert desk.run("k") == ""
    found = parts(before, session.spike_clusters(), mine)
    assert len(found) == 2 and sorted(i for part in found for i in part) == mine.tolist()
    inside = min(found, key=len)
    assert set(inside) < set(shown.tolist())
    place = dict(zip(cloud.spike_ids.tolist(), cloud.pos[:, 0].tolist(), strict=True))
    assert max(place[i] for i in inside) < min(place[i] for i in shown.tolist() if i not in inside)
