"""What plugins of phy are given: data as phy lays them out, and dictionaries that add to the session."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from phy_medicine.app.phy_compat import controller as controllers
from phy_medicine.app.phy_compat.events import bus
from phy_medicine.app.phy_compat.finder import facade
from phy_medicine.app.phy_compat.mirrors import plain, reads_labels
from phy_medicine.app.phy_compat.rotating import RotatingProperty
from phy_medicine.base.errors import ActionError
from phy_medicine.session.session import Session
from tests.io import kwik_miniatures


def _largest(session) -> int:
    return max(session.cluster_ids, key=session.manager.assignment.count)


# How it is made


def test_what_there_is_when_plugins_attach_and_what_comes_later(controller, session):
    assert controller.model.n_spikes == session.model.n_spikes
    assert list(controller.cluster_metrics) == ["ch", "sh", "depth", "fr", "amp"]
    assert list(controller.similarity_functions) == ["peak_channel", "template"]
    assert controller.similarity == "template" and controller.raw_data_filter.current == "high_pass"
    assert {"WaveformView", "TraceView", "IPythonView"} <= set(controller.view_creator)
    assert controller.default_views[0] == "WaveformView" and controller.gui_name == "TemplateGUI"
    assert not hasattr(controller, "supervisor") and not hasattr(controller, "selector")
    ready = []
    bus.connect(lambda sender: ready.append(sender.supervisor), event="controller_ready", sender=controller)
    controller.finish()
    assert ready == [controller.supervisor] and len(controller.selector(5, session.cluster_ids[:1])) == 5


def test_a_plugin_that_comes_late_alone_is_told_that_all_is_ready(controller):
    told = []
    bus.connect(lambda sender: told.append("early"), event="controller_ready")
    controller.finish()
    bus.connect(lambda sender: told.append("late"), event="controller_ready")
    controller.finish()
    assert told == ["early", "late"]


def test_plugins_find_the_folder_of_the_dataset_as_the_current_one(session, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = controllers.make_controller(session)
    assert Path.cwd() == session.model.dir_path.resolve() == made.dir_path
    made.close()
    assert Path.cwd() == tmp_path


def test_classes_of_controllers_can_be_named_and_derived_from(controller, session):
    template, base = facade("phy.apps.template").TemplateController, facade("phy.apps.base")
    assert isinstance(controller, template)
    for mixin in (base.WaveformMixin, base.FeatureMixin, base.TemplateMixin, base.TraceMixin, base.BaseController):
        assert isinstance(controller, mixin)

    class Own(base.WaveformMixin, base.BaseController):
        gui_name = "OwnGUI"

    own = Own(session=session)
    assert "WaveformView" in own.default_views and list(own.cluster_metrics) == ["ch", "sh", "depth", "fr"]
    own.close()
    kwik = controllers.make_controller(session, gui_name="KwikGUI")
    assert kwik.gui_name == "KwikGUI"
    kwik.close()


def test_a_controller_opens_a_dataset_by_itself_and_attaches_plugins(dataset, tmp_path, monkeypatch):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "phy_config.py").write_text(
        "from phy import IPlugin\nclass Mine(IPlugin):\n    def attach_to_controller(self, c): c.mine = c.gui_name\n"
    )
    monkeypatch.chdir(tmp_path)
    made = controllers.TemplateController(dir_path=dataset.parent, config_dir=tmp_path / "config", plugins=["Mine"])
    assert made.mine == "TemplateGUI" and made.attached_plugins == ["Mine"]
    assert made.supervisor.merge(made.session.cluster_ids[:2]).description == "merge"
    with pytest.raises(ActionError, match="no window"):
        made.create_gui()
    assert made.create_trace_image_view() is None
    made.close()
    made.session.close()
    with pytest.raises(ActionError, match="dir_path"):
        controllers.TemplateController()


# Dictionaries that add to the session


def test_metrics_stand_in_the_registry_of_the_session_from_any_time(ready, session):
    with session.extensions.owned_by("Mine"):
        ready.cluster_metrics["twice"] = lambda cluster_id: np.float32(2 * cluster_id)
        ready.cluster_metrics.update({"parts": lambda cluster_id: [np.int64(1), 2.5]})
    metric = session.extensions.metrics.get("twice")
    assert metric.function(4) == 8.0 and type(metric.function(4)) is float
    assert session.extensions.metrics.get("parts").function(0) == [1, 2.5]
    assert session.extensions.metrics.owner_of("twice") == "Mine" and not metric.of_labels
    del ready.cluster_metrics["parts"]
    assert "parts" not in session.extensions.metrics
    session.extensions.remove_of("Mine")
    assert list(ready.cluster_metrics) == ["ch", "sh", "depth", "fr", "amp"]


def test_a_replaced_default_is_back_when_its_plugin_is_gone(ready, session):
    default = ready.cluster_metrics["fr"]
    with session.extensions.owned_by("Mine"):
        ready.cluster_metrics["fr"] = lambda cluster_id: 7
    assert session.extensions.metrics.get("fr").function(1) == 7
    ready.cluster_metrics["fr"] = lambda cluster_id: 8
    assert session.extensions.metrics.get("fr").function(1) == 8 == ready.cluster_metrics["fr"](1)
    session.extensions.remove_of("")
    assert ready.cluster_metrics["fr"] is default and "fr" not in session.extensions.metrics


def test_every_way_to_change_a_dictionary_is_seen(ready, session):
    metrics, registry = ready.cluster_metrics, session.extensions.metrics
    metrics |= {"a": len}
    assert metrics.setdefault("a", max) is len and metrics.setdefault("b", max) is max
    assert set(registry.names) == {"a", "b"}
    assert metrics.pop("a") is len and metrics.pop("absent", None) is None
    assert metrics.popitem() == ("b", max) and registry.names == ()
    metrics["c"] = len
    metrics.clear()
    assert registry.names == () and metrics == {}


def test_metrics_that_look_at_labels_are_known():
    def of_groups(cluster_id):
        return [model.metadata["group"] for model in (None,)]

    assert reads_labels(of_groups) and reads_labels(lambda c: c.supervisor.get_labels("group"))
    assert not reads_labels(lambda c: c + 1) and not reads_labels(len)
    assert plain((np.int8(1), np.array([2.5]))) == [1, [2.5]]


def test_metrics_of_saved_labels_are_worked_out_again_at_a_save(ready, session):
    model = ready.model
    ready.cluster_metrics["is_good"] = lambda cluster_id: int(model.metadata["group"].get(cluster_id) == "good")
    ready.cluster_metrics["plain"] = lambda cluster_id: 1
    changed = []
    session.extensions.metrics.changed.connect(changed.append)
    a = session.cluster_ids[0]
    session.move("good", cluster_ids=[a])
    session.save()
    assert changed == ["is_good"] and session.extensions.metrics.get("is_good").function(a) == 1


def test_a_similarity_of_a_plugin_is_used_by_the_session(ready, session):
    a, b = session.cluster_ids[:2]
    ready.similarity = "mine"  # before there is a function of the name
    assert session.similar.metric == "template"
    with session.extensions.owned_by("Mine"):
        ready.similarity_functions["mine"] = lambda cluster_id: [(np.int64(b), np.float32(0.5)), (a, 0.25)]
    similarity = session.extensions.similarities.get("mine")
    assert similarity.function(a) == [(b, 0.5), (a, 0.25)] and type(similarity.function(a)[0][0]) is int
    assert session.similar.metric == "mine" == ready.similarity and ready.supervisor.similarity(a)[0][0] == b
    ready.similarity = "peak_channel"
    assert session.similar.metric == "peak_channel"
    ready.similarity = "template"
    assert session.similar.metric == "template" and ready.template_similarity(a)[0] == (a, 1.0)


def test_a_similarity_may_ask_for_that_of_the_templates(ready, session):
    a = session.cluster_ids[0]
    ready.similarity_functions["half"] = lambda c: [(i, v / 2) for i, v in ready.template_similarity(c)]
    ready.similarity = "half"
    first = ready.template_similarity(a)[1]
    assert session.extensions.similarities.get("half").function(a)[1] == (first[0], first[1] / 2)


def test_default_similarities_are_those_of_phy(ready, session):
    a = session.cluster_ids[0]
    pairs = ready.template_similarity(a)
    assert pairs[0][0] == a and [v for _, v in pairs] == sorted((v for _, v in pairs), reverse=True)
    matrix = ready.model.similar_templates
    for other, value in pairs[1:]:
        mine, theirs = (np.flatnonzero(ready.get_template_counts(c)) for c in (a, other))
        assert value == pytest.approx(float(matrix[np.ix_(mine, theirs)].max()), abs=1e-5)
    peak = ready.get_best_channel(a)
    assert ready.peak_channel_similarity(a) == [(c, 1.0) for c in ready.get_clusters_on_channel(peak)]


def test_filters_are_offered_by_the_trace_views_and_the_one_in_use_is_told(ready, session):
    told = []
    bus.connect(lambda sender, name: told.append(name), event="raw_data_filter_changed", sender=ready.raw_data_filter)

    @ready.raw_data_filter.add_filter
    def doubled(arr, axis=0):
        """Twice the signal."""
        return arr * 2

    item = session.extensions.filters.get("doubled")
    assert item.words == "Twice the signal." and item.function(np.ones((2, 1)), 100.0).tolist() == [[2], [2]]
    assert ready.raw_data_filter.keys() == ["raw", "high_pass", "doubled"]
    assert ready.raw_data_filter.next() == "doubled" and ready.raw_data_filter.next() == "raw"
    assert ready.raw_data_filter.previous() == "doubled" and told == ["doubled", "raw", "doubled"]
    assert ready.raw_data_filter.apply(np.ones(3)).tolist() == [2, 2, 2]
    ready.raw_data_filter.add("bad", lambda arr, axis=0: arr[:1])
    with pytest.raises(ValueError, match="bad made"):
        ready.raw_data_filter.apply(np.ones(3), axis=0, name="bad")
    ready.raw_data_filter.set("absent")
    assert ready.raw_data_filter.current == "bad"


def test_the_high_pass_is_that_of_phy(ready):
    signal = pytest.importorskip("scipy.signal")
    data = np.random.default_rng(0).normal(size=(5, 400, 3))
    b, a = signal.butter(3, 150.0 / ready.model.sample_rate * 2.0, "high")
    once = np.flip(signal.lfilter(b, a, data, axis=1), axis=1)
    expected = np.flip(signal.lfilter(b, a, once, axis=1), axis=1)
    assert_allclose(ready.raw_data_filter.apply(data, axis=1), expected, atol=1e-4)


def test_one_of_several_choices():
    property_ = RotatingProperty()
    assert property_.current is None and property_.next() is None
    property_.add("a", 1)
    property_.add("b", 2)
    assert (property_.current, property_.get(), property_.get("b")) == ("a", 1, 2)
    assert property_.set("b") == 2 and property_.next() == "a" and property_.previous() == "b"


def test_views_of_plugins_are_classes_of_the_registry(ready, session, monkeypatch):
    import sys
    from types import ModuleType

    views = ModuleType("phy_medicine.app.phy_compat.views")
    views.view_type = lambda controller, name, creator: type(name, (), {"name": name, "creator": creator})
    monkeypatch.setitem(sys.modules, views.__name__, views)
    ready.view_creator["MyView"] = lambda: "view"
    assert session.extensions.views.get("MyView").name == "MyView"
    del ready.view_creator["MyView"]
    assert "MyView" not in session.extensions.views


def test_a_view_is_added_to_a_window_that_has_none_of_it(ready):
    class Gui:
        view_count, added = {"TraceView": 1}, []

        def create_and_add_view(self, name):
            self.added.append(name)

    gui = Gui()
    ready.at_least_one_view("MyView")
    ready.at_least_one_view("TraceView")
    bus.emit("gui_ready", ready, gui)
    assert gui.added == ["MyView"]
    ready.gui = gui
    ready.view_creator["WaveformView"]()
    ready.create_cluster_scatter_view()
    assert gui.added[1:] == ["WaveformView", "ClusterScatterView"] and ready.create_gui() is gui


def test_a_plugin_for_phy_1_is_told_what_to_use(ready):
    with pytest.raises(AttributeError, match=r"of phy 1\. Since phy 2 there is controller\.supervisor"):
        _ = ready.manual_clustering
    with pytest.raises(AttributeError, match="has no 'nothing'"):
        _ = ready.nothing


def test_numbers_that_plugins_set_are_told(ready):
    told = []
    bus.connect(lambda sender, *args: told.append(args), event="controller_setting", sender=ready)
    assert (ready.n_spikes_waveforms, type(ready).n_spikes_features) == (100, 2500)
    ready.n_spikes_waveforms = 250
    assert ready.n_spikes_waveforms == 250 and told == [("n_spikes_waveforms", 250)]
    assert ready.changed_settings == {"n_spikes_waveforms": 250}


def test_the_number_of_waveforms_holds_in_views_that_are_open_and_to_come(ready):
    said = []

    def panel(name):
        return SimpleNamespace(kind="WaveformView", view=SimpleNamespace(change=lambda **new: said.append((name, new))))

    ready.n_spikes_waveforms = 30  # before there is a window
    panels = {"first": panel("first"), "other": SimpleNamespace(kind="TraceView")}
    ready.gui = SimpleNamespace(main=SimpleNamespace(panels=panels.values()), panel_of=panels.get, view_count={})
    for view in panels:
        bus.emit("view_attached", view, ready.gui)
    ready.n_spikes_waveforms = 40
    panels["second"] = panel("second")
    bus.emit("view_attached", "second", ready.gui)
    assert said == [("first", {"n_waveforms": 30}), ("first", {"n_waveforms": 40}), ("second", {"n_waveforms": 40})]


def test_what_functions_gave_is_kept_beside_the_dataset(session, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    calls = []

    def metric(cluster_id):
        calls.append(cluster_id)
        return cluster_id / 2

    for _ in range(2):
        made = controllers.make_controller(session)
        f = made.context.memcache(metric)
        assert f(session.cluster_ids[0]) == session.cluster_ids[0] / 2
        made.close()
    assert calls == [session.cluster_ids[0]]
    assert made.cache_dir.is_relative_to(session.model.dir_path) and not (made.dir_path / ".phy").exists()


def test_the_logs_of_plugins_are_in_the_status_bar(ready, session, caplog):
    said = []
    session.message.connect(said.append)
    logging.getLogger("phy").info("hello %s", "there")
    logging.getLogger("phylib.io").warning("careful")
    logging.getLogger("phy").debug("quiet")
    assert said == ["hello there", "careful"]
    ready.close()
    logging.getLogger("phy").warning("later")
    assert said == ["hello there", "careful"]


# Data


def test_spikes_and_times_of_a_cluster(ready, session):
    a = _largest(session)
    spikes = session.data.spikes(a)
    assert_array_equal(ready.get_spike_ids(a), spikes)
    times = ready.get_spike_times(a)
    assert_array_equal(times, session.model.spike_times[spikes])
    assert_array_equal(np.diff(times), np.diff(session.model.spike_times[spikes]))
    assert_array_equal(times.data, times) and type(times.data) is np.ndarray
    assert_array_equal(times.spike_ids, spikes)
    assert len(ready.get_spike_times(a, n=7)) == 7 == len(ready.selector(7, [a]))
    assert_array_equal(ready.get_background_spike_ids(50)[:3], np.arange(3) * (session.model.n_spikes // 50))
    assert len(ready.get_spike_ids(10**6)) == 0


def test_channels_of_a_cluster(ready, session):
    a = _largest(session)
    best = ready.get_best_channels(a)
    assert ready.get_best_channel(a) == best[0]
    assert (
        ready.get_best_channel_label(a) == session.model.channel_labels[best[0]] == ready._get_channel_labels(best)[0]
    )
    assert ready.get_probe_depth(a) == session.clusters.value(a, "depth")
    assert ready.get_channel_shank(a) == session.clusters.value(a, "sh")
    assert ready.get_mean_firing_rate(a) == pytest.approx(session.clusters.value(a, "fr"))
    assert ready.get_cluster_amplitude(a) == pytest.approx(session.clusters.value(a, "amp"))
    channels, amplitudes = ready.get_channel_amplitudes(a)
    assert channels[0] == best[0] and amplitudes[0] == 1 and len(channels) == len(amplitudes)
    assert a in ready.get_clusters_on_channel(int(best[-1]))
    best[:] = 0
    assert ready.get_best_channels(a).any()


def test_waveforms_are_copies_and_go_through_the_filter_in_use(ready, session):
    a = _largest(session)
    own = ready._get_waveforms(a)
    shown = session.data.waveforms(a, ready.get_best_channels(a).tolist(), n=100)
    assert_array_equal(own.data, shown.data)
    own.data /= 1e6
    assert_array_equal(ready._get_waveforms(a).data, shown.data)
    mean = ready._get_mean_waveforms(a)
    assert_allclose(mean.data[0], shown.data.mean(axis=0), rtol=1e-5)
    assert mean.alpha == 1.0 and len(mean.channel_labels) == len(mean.channel_positions) == len(mean.channel_ids)
    ready.n_spikes_waveforms = 10
    ready.raw_data_filter.set("raw")
    raw = ready._get_waveforms(a)
    spikes = session.data.waveform_source.some_spikes(a, 10)
    expected = ready.model.get_waveforms(spikes, raw.channel_ids).astype(float)
    assert_allclose(raw.data, expected - np.median(expected, axis=1)[:, np.newaxis])


def test_templates_of_a_cluster_know_their_channels(ready, session):
    pair = session.cluster_ids[:2]
    new = ready.supervisor.merge(pair).added[0]
    bunch = ready._get_template_waveforms(new)
    template_ids = np.flatnonzero(ready.get_template_counts(new))
    assert bunch.data.shape == (len(template_ids), ready.model.n_samples_waveforms, len(bunch.channel_ids))
    assert_array_equal(bunch.data.template, np.asarray(bunch.data)[0])
    assert_array_equal(bunch.data.channel_ids, ready.get_best_channels(new))
    assert bunch.masks.max() == 1 and bunch.masks.shape == (len(template_ids), len(bunch.channel_ids))
    main = ready.get_template_for_cluster(new)
    row = template_ids.tolist().index(main)
    assert_allclose(bunch.data[row], ready.model.get_template(main).template, atol=1e-6)
    assert ready._get_all_templates([new])[new].template.shape == bunch.data.template.shape


def test_features_of_a_cluster_and_of_the_background(ready, session):
    a = _largest(session)
    bunch = ready._get_features(a)
    assert bunch.data.shape == (len(bunch.spike_ids), len(bunch.channel_ids), ready.model.n_features_per_channel)
    assert not np.isnan(bunch.data).any()
    assert_allclose(bunch.data, np.nan_to_num(ready.model.get_features(bunch.spike_ids, bunch.channel_ids)))
    assert_array_equal(ready.get_features(a).data, bunch.data)
    assert len(ready._get_features(a, load_all=True).spike_ids) == len(session.data.spikes(a))
    background = ready._get_features(None, channel_ids=[3])
    assert background.data.shape[1] == 1 and (np.diff(background.spike_ids) > 0).all()
    times = ready._get_feature_view_spike_times(a)
    assert_array_equal(times.data, session.model.spike_times[times.spike_ids])


def test_amplitudes_of_every_kind(ready, session):
    a, b = session.cluster_ids[:2]
    one, two, others = ready._amplitude_getter([a, b, None], name="template", load_all=True)
    assert_array_equal(one.spike_ids, session.data.spikes(a))
    assert_array_equal(one.amplitudes, session.model.amplitudes[one.spike_ids])
    assert_array_equal(two.spike_times, session.model.spike_times[two.spike_ids])
    behind = set(ready.get_clusters_on_channel(ready.get_best_channel(a))) - {a, b}
    assert set(session.facts.labels_of(others.spike_ids).tolist()) == behind
    feature = ready._amplitude_getter([a], name="feature")[0]
    channel = ready.get_best_channel(a)
    assert_allclose(feature.amplitudes, ready._get_spike_features(feature.spike_ids, [channel]).data[:, 0, 0])
    ready.selection.channel_id, ready.selection.feature_pc = int(ready.get_best_channels(a)[1]), 1
    chosen = ready._amplitude_getter([a], name="feature")[0]
    assert_allclose(
        chosen.amplitudes, ready._get_spike_features(feature.spike_ids, [ready.selection.channel_id]).data[:, 0, 1]
    )
    ready.n_spikes_amplitudes = 20
    raw = ready._amplitude_getter([a], name="raw")[0]
    assert len(raw.spike_ids) == 20 and (raw.amplitudes > 0).all()
    assert ready.get_mean_spike_template_amplitudes(a) > 0 and ready.get_mean_spike_raw_amplitudes(a) > 0
    assert len(ready.get_amplitudes(a)) == 20
    if ready.model.template_features is not None:
        assert "template_feature" in ready._get_amplitude_functions()
        values = ready.get_spike_template_features(one.spike_ids, first_cluster=a)
        assert_allclose(
            values, ready.model.get_template_features(one.spike_ids)[:, ready.get_template_for_cluster(a)], rtol=1e-5
        )


def test_template_features_of_two_clusters(ready, session):
    if ready.model.template_features is None:
        assert ready._get_template_features(session.cluster_ids[:2]) is None
        return
    a, b = session.cluster_ids[:2]
    assert ready._get_template_features([a]) is None
    one, two = ready._get_template_features([a, b], load_all=True)
    counts = ready.get_template_counts(b)
    expected = np.average(ready.model.get_template_features(one.spike_ids), weights=counts, axis=1)
    assert_allclose(one.y, expected, rtol=1e-4, atol=1e-4)
    assert_array_equal(two.spike_ids, session.data.spikes(b))


def test_correlograms_and_intervals_are_those_of_phylib(ready, session):
    reference = pytest.importorskip("phylib.stats.ccg")
    ids = list(session.cluster_ids[:3])
    spikes = ready.selector(None, ids)
    arguments = (session.model.spike_times[spikes], session.spike_clusters()[spikes])
    expected = reference.correlograms(
        *arguments, cluster_ids=ids, sample_rate=session.model.sample_rate, bin_size=0.001, window_size=0.05
    )
    found = ready._get_correlograms(ids, 0.001, 0.05)
    assert_array_equal(found, expected)
    rate = reference.firing_rate(arguments[1], cluster_ids=ids, bin_size=0.001, duration=ready.model.duration)
    assert_allclose(ready._get_correlograms_rate(ids, 0.001), rate)
    assert_array_equal(ready._get_isi(ids[0]).data, np.diff(session.model.spike_times[session.data.spikes(ids[0])]))
    assert ready._get_firing_rate(ids[0]).x_max == ready.model.duration


def test_traces_come_with_the_spikes_of_selected_clusters(ready, session):
    a = _largest(session)
    session.select([a])
    bunch = ready._get_traces((1.0, 1.5))
    assert_allclose(bunch.data, session.data.trace(1.0, 1.5, range(session.model.n_channels)).data)
    assert {w.spike_cluster for w in bunch.waveforms} == {a} and all(w.select_index == 0 for w in bunch.waveforms)
    wave = bunch.waveforms[0]
    n = round(1e-3 * ready.waveform_duration * session.model.sample_rate)
    assert wave.data.shape == (n, len(wave.channel_ids))
    start = round((wave.start_time - 1.0) * session.model.sample_rate)
    assert_array_equal(wave.data, bunch.data[start : start + n, wave.channel_ids])
    every = ready._get_traces((1.0, 1.5), show_all_spikes=True).waveforms
    assert len(every) > len(bunch.waveforms) and every[-1].spike_cluster == a
    ready.raw_data_filter.set("raw")
    first = round(session.model.sample_rate)
    assert_array_equal(ready._get_traces((1.0, 1.5)).data[:10], ready.model.traces[first : first + 10])
    assert_array_equal(ready._trace_spike_times(), session.model.spike_times[session.data.spikes(a)])


def test_the_selection_is_live_and_keeps_what_views_set(ready, session):
    assert ready.selection.cluster_ids == [] and dict(ready.selection) == {}
    session.select(session.cluster_ids[:2])
    ready.selection["spike_ids"] = [3]
    assert ready.selection.cluster_ids == list(session.cluster_ids[:2]) and ready.selection.spike_ids == [3]
    assert ready.selection.get("channel_id", 7) == 7


def test_a_kwik_file_has_a_controller_too(tmp_path, monkeypatch):
    session = Session.open(kwik_miniatures.write(tmp_path, kwik_miniatures.Form()))
    monkeypatch.chdir(tmp_path)
    made = controllers.make_controller(session, gui_name="KwikGUI")
    made.finish()
    a = session.cluster_ids[0]
    assert len(made._get_features(a).data) and made.model.get_template(0) is None
    assert made.model.features[[0, 1]].shape == (2, *made.model.features.shape[1:])
    assert len(made.get_best_channels(a)) and made.get_channel_amplitudes(a)[1][0] == 1
    assert made.supervisor.get_cluster_info(a)["ch"] == made.get_best_channel_label(a)
    made.close()
    session.close()
