"""Plugins as laboratories share them, each pattern in a file as users have it: their effect in a real window."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.gui.qt import Qt, QtWidgets

from .phy_desk import FirstColumns, OpenPhy, parts, stand_in


def short_interval_parts(times: np.ndarray, spike_ids: np.ndarray, limit_s: float) -> list[tuple[int, ...]]:
    """The slow obvious version: spikes with a neighbour in time nearer than a limit, and the others."""
    near = [
        any(abs(times[i] - times[j]) < limit_s for j in (k - 1, k + 1) if 0 <= j < len(times))
        for k, i in enumerate(range(len(times)))
    ]
    groups = [tuple(spike_ids[np.array(near) == flag].tolist()) for flag in (False, True)]
    return sorted(group for group in groups if group)


def close_spikes(session, cluster: int) -> None:
    """Nothing to split is a test of nothing."""
    times = session.model.spike_times[session.data.spikes(cluster)]
    assert (np.diff(times) < 0.0025).any()


@pytest.fixture
def busy(dataset: Path) -> Path:
    """The dataset with some spikes of its largest cluster moved to 1 ms after the one before."""
    folder = dataset.parent
    clusters = np.load(folder / "spike_clusters.npy").ravel()
    times = np.load(folder / "spike_times.npy").ravel()
    mine = np.flatnonzero(clusters == np.bincount(clusters).argmax())
    times[mine[6:200:9]] = times[mine[5:199:9]] + 30
    order = np.argsort(times, kind="stable")
    np.save(folder / "spike_times.npy", times)
    for path in folder.glob("*.npy"):
        array = np.load(path)
        if len(array) == len(order) and path.name.startswith(
            ("spike_", "amplitudes", "pc_features", "template_features")
        ):
            np.save(path, array[order])
    return dataset


def test_22_actions_select_unsorted_clusters_and_renumber(open_phy: OpenPhy, press_keys_in, caplog):
    desk = open_phy("third_party/CustomActionPlugin.py", "CustomActionPlugin")
    session = desk.session
    visible = session.cluster_table.visible_ids()
    session.move("good", cluster_ids=[visible[0]])
    press_keys_in(desk.window, "Alt+Y")
    desk.settle()
    assert session.selection.best_ids == (visible[1],)
    before, a, b = session.spike_clusters(), *visible[1:3]
    desk.select(a, b)
    press_keys_in(desk.window, "Alt+Shift+E")
    desk.settle()
    both = np.flatnonzero(np.isin(before, (a, b)))
    assert parts(before, session.spike_clusters(), both) == [tuple(both.tolist())]
    assert max(session.cluster_ids) > before.max()


@pytest.mark.parametrize(
    ("file", "key", "limit_s"), [("SplitShortISI", "Alt+I", 0.0015), ("SplitShortISI_v2", "Alt+I", 0.0025)]
)
def test_23_24_spikes_too_near_are_split_off(busy, open_phy: OpenPhy, press_keys_in, file, key, limit_s):
    desk = open_phy(f"third_party/{file}.py", "SplitShortISI")
    session, cluster = desk.session, desk.first
    close_spikes(session, cluster)
    before, spike_ids = session.spike_clusters(), session.data.spikes(cluster).copy()
    desk.select(cluster)
    press_keys_in(desk.window, key)
    desk.settle()
    expected = short_interval_parts(session.model.spike_times[spike_ids], spike_ids, limit_s)
    assert len(expected) == 2
    assert parts(before, session.spike_clusters(), spike_ids) == expected


def test_24_of_two_classes_of_one_name_the_first_is_used_and_both_are_known(open_phy: OpenPhy):
    desk = open_phy("third_party/SplitShortISI.py", "third_party/SplitShortISI_v2.py", "SplitShortISI")
    keys = {record.key: record.state for record in desk.book.records}
    assert keys == {"SplitShortISI.SplitShortISI": "attached", "SplitShortISI_v2.SplitShortISI": "found"}


def test_25_a_metric_of_labels_follows_them_within_the_session(open_phy: OpenPhy, qtbot):
    desk = open_phy("third_party/good_labels.py", "GoodLabelsPlugin")
    session, cluster = desk.session, desk.first
    qtbot.waitUntil(lambda: session.clusters.value(cluster, "good_labels") is not None)
    assert session.clusters.value(cluster, "good_labels") == 0
    session.move("good", cluster_ids=[cluster])
    session.save()
    desk.settle()
    assert desk.controller.model.metadata["group"][cluster] == "good"
    qtbot.waitUntil(lambda: session.clusters.value(cluster, "good_labels") == 1)


def test_26_a_window_of_its_own_splits_from_its_button(open_phy: OpenPhy, press_keys_in, monkeypatch, qtbot):
    stand_in(monkeypatch, "seaborn")
    desk = open_phy("third_party/mahalanobis_v2.py", "MahalanobisDetect")
    session, cluster = desk.session, desk.first
    before, spike_ids = session.spike_clusters(), session.data.spikes(cluster).copy()
    desk.select(cluster)
    press_keys_in(desk.window, "Alt+X")
    desk.settle()
    window = next(w for w in QtWidgets.QApplication.topLevelWidgets() if type(w).__name__ == "DistanceWindow")
    features = desk.controller.model._load_features().data[spike_ids].reshape(len(spike_ids), -1)
    from sklearn.covariance import EmpiricalCovariance

    distances = EmpiricalCovariance().fit(features).mahalanobis(features)
    qtbot.mouseClick(window.button, Qt.LeftButton)
    desk.settle()
    far = distances > np.quantile(distances, 0.9)
    expected = sorted([tuple(spike_ids[far].tolist()), tuple(spike_ids[~far].tolist())])
    assert parts(before, session.spike_clusters(), spike_ids) == expected


def test_27_one_more_filter_can_be_chosen(open_phy: OpenPhy):
    desk = open_phy("third_party/raw_data_filter.py", "RawDataFilterPlugin")
    assert "band_pass" in desk.session.extensions.filters
    channels = np.arange(3)
    raw = desk.session.data._traces.samples(3000, 3600, channels, "none")
    shown = desk.session.data._traces.samples(3000, 3600, channels, "band_pass")
    assert shown.shape == raw.shape
    assert shown.std() < raw.std()


def test_28_an_action_asks_for_its_argument(open_phy: OpenPhy, press_keys_in, answer, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    desk = open_phy("third_party/recluster.py", "Recluster", asks=True)
    session, cluster = desk.session, desk.first
    before, spike_ids = session.spike_clusters(), session.data.spikes(cluster).copy()
    desk.select(cluster)
    offered = answer("2")
    press_keys_in(desk.window, "Alt+K")
    desk.settle()
    assert offered == ["2"]
    found = parts(before, session.spike_clusters(), spike_ids)
    assert len(found) == 2 and sorted(i for part in found for i in part) == spike_ids.tolist()
    desk.run("undo")
    assert desk.run("recluster_three 3") == ""
    assert len(parts(before, session.spike_clusters(), spike_ids)) == 3


def test_29_an_embedding_is_clustered(open_phy: OpenPhy, press_keys_in, answer, monkeypatch):
    stand_in(monkeypatch, "umap", UMAP=FirstColumns)
    desk = open_phy("third_party/recluster_v2.py", "ReclusterUMAP", asks=True)
    session, cluster = desk.session, desk.first
    before, spike_ids = session.spike_clusters(), session.data.spikes(cluster).copy()
    desk.select(cluster)
    answer("2")
    press_keys_in(desk.window, "Alt+Z")
    desk.settle()
    assert len(parts(before, session.spike_clusters(), spike_ids)) == 2


def test_30_the_worse_spike_of_each_pair_is_split_off(busy, open_phy: OpenPhy, press_keys_in):
    desk = open_phy("third_party/shortISI_v3.py", "SplitShortISI")
    session, cluster = desk.session, desk.first
    close_spikes(session, cluster)
    before, spike_ids = session.spike_clusters(), session.data.spikes(cluster).copy()
    desk.select(cluster)
    press_keys_in(desk.window, "Alt+P")
    desk.settle()
    found = parts(before, session.spike_clusters(), spike_ids)
    assert len(found) == 2
    kept = max(found, key=len)
    assert (np.diff(session.model.spike_times[list(kept)]) >= 0.0015).all()


def test_a_helper_in_the_folder_is_no_plugin_and_does_no_harm(open_phy: OpenPhy):
    desk = open_phy("third_party/tempdir.py", "third_party/recluster.py", "Recluster")
    assert desk.states == {"Recluster": "attached"}
    assert "tempdir" not in sys.modules


def test_31_a_view_with_its_own_mouse_keys_and_split(open_phy: OpenPhy, press_keys_in, answer, qtbot):
    desk = open_phy("third_party/WaveformPlugin.py", "WaveformPlugin")
    panel = desk.open_view("SingleWaveformView")
    session, cluster = desk.session, desk.first
    desk.select(cluster)
    view = desk.plugin_view("SingleWaveformView")
    assert view.channel_id == session.data.peak_channel(cluster)
    native = panel.view.canvas.native
    qtbot.mouseClick(native, Qt.LeftButton, Qt.NoModifier, native.rect().center())
    desk.settle()
    assert view.clicks and view.clicks[0].button == "Left"
    assert abs(view.clicks[0].x) < 0.5 and abs(view.clicks[0].y) < 0.5
    assert desk.run("ch 3") == ""
    assert view.channel_id == 3
    before, spike_ids = session.spike_clusters(), session.data.spikes(cluster).copy()
    amplitudes = session.model.amplitudes[spike_ids]
    native.setFocus()
    press_keys_in(desk.window, "Ctrl+Alt+B")
    desk.settle()
    small = amplitudes < np.median(amplitudes)
    expected = sorted([tuple(spike_ids[small].tolist()), tuple(spike_ids[~small].tolist())])
    assert parts(before, session.spike_clusters(), spike_ids) == expected
    new = int(session.spike_clusters()[spike_ids[small]][0])
    assert session.clusters.value(new, "group") == "noise"


def test_32_events_beside_the_dataset_are_read_from_the_current_folder(dataset, open_phy: OpenPhy, monkeypatch):
    stand_in(monkeypatch, "neo")
    (dataset.parent / "events.csv").write_text("2.0\n5.0\n9.5\n")
    (dataset.parent / "event_labels.csv").write_text("tone\ntone\nlight\n")
    desk = open_phy("third_party/PSTHPlugin.py", "PSTHPlugin")
    desk.open_view("PSTHView")
    desk.select(desk.first)
    view = desk.plugin_view("PSTHView")
    assert view.events.tolist() == [2.0, 5.0, 9.5]
    assert view.canvas.stacked.n_boxes == 2
    times = desk.session.model.spike_times[desk.session.data.spikes(desk.first)]
    expected = sum(((times > e - 0.5) & (times < e + 0.5)).sum() for e in (2.0, 5.0, 9.5))
    assert view.raster.n_vertices == expected


def test_33_a_selection_sent_by_a_plugin_reaches_all_views(open_phy: OpenPhy):
    desk = open_phy("third_party/CorrelationPlugin.py", "CorrelationPlugin")
    desk.open_view("CorrelationView")
    a, b, c = desk.session.cluster_table.visible_ids()[:3]
    desk.select(a)
    view = desk.plugin_view("CorrelationView")
    assert view.values[view.ids.index(a)] == pytest.approx(1.0)
    assert view.best[0] == a
    assert desk.run(f"sel {b}") == ""
    assert desk.session.selection.cluster_ids == (b,)
    assert list(view.cluster_ids) == [b]
    assert desk.panel("WaveformView").view.cluster_ids == (b,)
    assert desk.run(f"two {a} {c}") == ""
    assert set(desk.session.cluster_table.visible_ids()) == {a, c}


def test_34_very_many_points_in_batches(open_phy: OpenPhy):
    desk = open_phy("third_party/SimilarityPlugin.py", "SimilarityPlugin")
    desk.open_view("PairsView")
    desk.select(desk.first)
    view = desk.plugin_view("PairsView")
    assert view.visual.n_vertices == view.n > 0


def test_35_columns_a_filter_and_a_key_of_one_laboratory(open_phy: OpenPhy, press_keys_in):
    desk = open_phy("third_party/SettingsPlugin.py", "SettingsPlugin")
    session = desk.session
    assert desk.columns == ["id", "group", "ch", "depth", "fr", "n_spikes"]
    session.move("good", cluster_ids=[desk.first])
    press_keys_in(desk.window, "-")
    desk.settle()
    assert session.cluster_table.visible_ids() == (desk.first,)


def test_36_metrics_with_odd_names_and_values(open_phy: OpenPhy, qtbot):
    desk = open_phy("third_party/qualityMetricsPlugin.py", "QualityMetricsPlugin")
    session, names = desk.session, ("numRPV/numSpikes", "amp skewness", "peaks")
    assert set(names) <= set(session.cluster_table.column_names)
    ids = session.cluster_ids
    for name in names:
        qtbot.waitUntil(lambda n=name: all(session.clusters.value(c, n) is not None for c in ids), timeout=20_000)
    expected = {}
    for c in ids:
        times = session.model.spike_times[session.data.spikes(c)]
        expected[c] = float((np.diff(times) < 0.002).sum() / len(times))
    assert {c: session.clusters.value(c, names[0]) for c in ids} == pytest.approx(expected)
    limit = float(np.median(list(expected.values())))
    assert desk.run(f"f `numRPV/numSpikes` <= {limit}") == ""
    desk.settle()
    assert set(session.cluster_table.visible_ids()) == {c for c, v in expected.items() if v <= limit}


def test_37_parameters_of_cell_types(open_phy: OpenPhy, qtbot):
    desk = open_phy("third_party/ephysParamsPlugin.py", "EphysParamsPlugin")
    session, cluster = desk.session, desk.first
    isi = np.diff(session.model.spike_times[session.data.spikes(cluster)])
    qtbot.waitUntil(lambda: session.clusters.value(cluster, "cv2") is not None)
    assert session.clusters.value(cluster, "post_spike_suppression") == pytest.approx(np.quantile(isi, 0.01))


def test_38_colours_of_rows_in_the_style_of_the_old_table(open_phy: OpenPhy):
    desk = open_phy("third_party/clusterViewStylingPlugin.py", "ClusterViewStylingPlugin")
    session = desk.session
    mua, good = session.cluster_table.visible_ids()[:2]
    session.move("mua", cluster_ids=[mua])
    session.move("good", cluster_ids=[good])
    session.select([session.cluster_table.visible_ids()[-1]])
    desk.settle()
    table = desk.window.tables.clusters
    image = table.grab().toImage()
    colors = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    assert any(c.red() > 200 and c.green() > 200 and c.blue() < 60 for c in colors)
    assert any(c.name() == "#003300" for c in colors)


def test_39_columns_can_be_taken_out(open_phy: OpenPhy):
    desk = open_phy("third_party/removeColumnsPlugin.py", "RemoveColumnsPlugin")
    assert "sh" not in desk.columns and "amp" not in desk.columns
    assert {"id", "depth", "n_spikes"} <= set(desk.columns)


def test_40_similar_clusters_by_number(open_phy: OpenPhy, press_keys_in, answer):
    desk = open_phy("third_party/select10simActionPlugin.py", "Select10SimActionPlugin", asks=True)
    desk.select(desk.first)
    answer("3")
    press_keys_in(desk.window, "Alt+0")
    desk.settle()
    assert desk.session.selection.similar_ids == desk.session.similarity_table.visible_ids()[:3]


def test_a_plugin_of_phy_1_fails_with_a_sentence_that_says_why(open_phy: OpenPhy):
    desk = open_phy("third_party/custom_stats.py", "CustomStatsPlugin", may_fail=True)
    record = next(r for r in desk.book.records if r.name == "CustomStatsPlugin")
    assert record.state == "failed"
    assert "manual_clustering" in record.details and "phy 1" in record.details
