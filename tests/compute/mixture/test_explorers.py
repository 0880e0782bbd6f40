"""Explorers: spikes and their groups stay together, planes are of what is shown, colours are the groups'."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.mixture.canvas import group_color
from phy_medicine.compute.mixture.explorers import RecordingExplorer, SpikeTrainExplorer
from phy_medicine.compute.mixture.features import RecordingReader, pca
from phy_medicine.compute.mixture.planes import discriminants, lda_plane, pca_plane
from phy_medicine.compute.mixture.scatter import sampled

N_CHANNELS, PERIOD, WINDOW = 6, 60, 15
GROUPS = (3, 7, 8, 20)
MAIN = {3: 1, 7: 2, 8: 4, 20: 1}
SIZES = {3: 1.0, 7: 0.8, 8: 0.9, 20: 0.6}


def shape_of(group: int) -> np.ndarray:
    """(31, 6): a dip on the group's channel, half as large on those beside."""
    samples = np.arange(-WINDOW, WINDOW + 1)
    dip = -200 * SIZES[group] * np.exp(-((samples / 3.0) ** 2))
    near = np.abs(np.arange(N_CHANNELS) - MAIN[group])
    return dip[:, None] * np.where(near == 0, 1.0, np.where(near == 1, 0.5, 0.0))


@pytest.fixture(scope="module")
def reader(tmp_path_factory) -> RecordingReader:
    rng = np.random.default_rng(0)
    data = rng.normal(scale=10, size=(400 * PERIOD, N_CHANNELS))
    for spike in range(1, 399):
        at = spike * PERIOD
        data[at - WINDOW : at + WINDOW + 1] += shape_of(GROUPS[spike % 4])
    path = tmp_path_factory.mktemp("flat") / "recording.dat"
    data.round().astype(np.int16).tofile(path)
    positions = np.c_[np.zeros(N_CHANNELS), 40.0 * np.arange(N_CHANNELS)]
    return RecordingReader(path, N_CHANNELS, "int16", positions, neighbor_radius=45.0)


@pytest.fixture(scope="module")
def train() -> np.ndarray:
    spikes = np.arange(1, 399)
    return np.c_[spikes * PERIOD, np.array(GROUPS)[spikes % 4]]


@pytest.fixture(scope="module")
def explorer(reader, train) -> SpikeTrainExplorer:
    waveforms = reader.read_waveforms(train[:, 0]).transpose(0, 2, 1).reshape(-1, reader.n_samples)
    return SpikeTrainExplorer(None, train, reader, pca(waveforms))


def test_templates_are_the_means_of_their_spikes(explorer):
    for group in GROUPS:
        assert np.abs(explorer.template_for_group(group) - shape_of(group)).max() < 6  # 10 / sqrt(100), 6 deviations
        assert explorer.main_channel_for_group(group) == MAIN[group]
    assert explorer.neighbor_channels_for_group(8).tolist() == [3, 4, 5]


def test_other_labels_give_other_templates(explorer, train):
    joined = explorer.make_templates(np.where(train[:, 1] == 20, 3, train[:, 1]))
    assert sorted(joined) == [3, 7, 8]
    np.testing.assert_allclose(joined[3], (shape_of(3) + shape_of(20)) / 2, atol=6)
    with pytest.raises(PhyMedError, match="398 spikes"):
        explorer.make_templates([1, 2])


def test_close_templates_begin_with_the_group_itself(explorer):
    assert explorer.close_templates(3, 2) == [3, 20, 7]
    assert explorer.close_templates(3, 9)[0] == 3 and len(explorer.close_templates(3, 9)) == 4


def test_a_template_that_is_late_is_near_when_shifts_are_allowed(explorer, reader, train):
    late = {group: explorer.template_for_group(group) for group in GROUPS}
    late[8] = np.roll(late[3], 4, axis=0)
    moved = SpikeTrainExplorer(late, train, reader, explorer.projection)
    assert moved.close_templates(3, 1) == [3, 20] and moved.close_templates(3, 1, max_shift=4) == [3, 8]


@given(st.integers(1, 60), st.one_of(st.none(), st.integers(1, 80), st.floats(0.01, 1.0)), st.integers(0, 5))
def test_a_sample_is_sorted_rows_without_repeats(n, sample, seed):
    rows = sampled(n, sample, seed)
    wanted = n if sample is None else round(sample * n) if isinstance(sample, float) else sample
    assert len(rows) == min(max(wanted, 1), n) and (np.diff(rows) > 0).all() and rows[-1] < n
    assert rows.tolist() == sampled(n, sample, seed).tolist()


@given(st.integers(1, 200), st.integers(0, 9))
def test_scores_and_groups_of_a_sample_stay_together(explorer, train, sample, seed):
    x, groups = explorer.scores_for_groups([7, 8], channels=[2], sample=sample, seed=seed)
    whole, all_groups = explorer.scores_for_groups([7, 8], channels=[2])
    rows = sampled(len(whole), sample, seed)
    np.testing.assert_allclose(x, whole[rows], rtol=1e-9)
    assert groups.tolist() == all_groups[rows].tolist()
    assert all_groups.tolist() == [g for g in train[:, 1] if g in (7, 8)]


def test_scores_are_those_of_each_spikes_waveform(explorer, train):
    x, groups = explorer.scores_for_groups([3, 20])
    assert x.shape == (len(groups), 3 * 3)  # channels 0 to 2, three features
    times = train[np.isin(train[:, 1], [3, 20]), 0]
    expected = explorer.projection.reduce(explorer.recording.read_waveforms(times[:5], [0, 1, 2]), flatten=True)
    np.testing.assert_allclose(x[:5], expected)
    assert explorer.waveforms_for_group(3, sample=10).shape == (10, 31, 3)
    assert explorer.times_for_group(3).tolist() == train[train[:, 1] == 3, 0].tolist()


def test_the_discriminant_is_of_exactly_the_groups_that_are_shown():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    groups = np.repeat([1, 2, 9], 100)
    x[groups == 2, 0] += 6
    x[groups == 9, 1] += 60
    pair = np.isin(groups, [1, 2])
    shown = lda_plane(x[pair], groups[pair])
    first, second = (shown.places[groups[pair] == group] for group in (1, 2))
    assert abs(first[:, 0].mean() - second[:, 0].mean()) / first[:, 0].std() == pytest.approx(6, abs=0.8)
    assert abs(first[:, 1].mean() - second[:, 1].mean()) < 0.5
    assert shown.names == ("Discriminant", "First component of the rest")
    assert lda_plane(x, groups).names == ("First discriminant", "Second discriminant")


@pytest.mark.parametrize("sizes", [(60, 60, 60), (300, 12, 5), (40, 40)])
def test_discriminants_are_those_of_scikit_learn(sizes):
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    rng = np.random.default_rng(4)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    x = rng.normal(size=(len(labels), 7)) * [1, 9, 0.1, 3, 2, 1, 0] + rng.normal(size=(len(sizes), 7))[labels]
    theirs = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto").fit(x, labels).scalings_[:, : len(sizes) - 1]
    ours = discriminants(x, labels)[:, : theirs.shape[1]]
    np.testing.assert_allclose(ours * np.sign((ours * theirs).sum(axis=0)), theirs, rtol=1e-4, atol=1e-6)


def test_other_spikes_are_put_where_they_would_lie():
    rng = np.random.default_rng(2)
    x, groups = rng.normal(size=(90, 5)) + 20, np.arange(90) % 3
    for shown in (lda_plane(x, groups), lda_plane(x, groups % 2), pca_plane(x)):
        np.testing.assert_allclose(shown.of(x), shown.places, atol=1e-9)


def test_the_second_direction_of_two_groups_is_that_of_the_largest_rest():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 3)) * [1.0, 5.0, 0.5]
    groups = np.repeat([0, 1], 200)
    x[groups == 1, 0] += 8
    places = lda_plane(x, groups).places
    assert abs(np.corrcoef(places[:, 1], x[:, 1])[0, 1]) > 0.99


def test_planes_of_one_dimension_are_flat_and_one_group_has_no_discriminant():
    x = np.random.default_rng(0).normal(size=(50, 1))
    assert (pca_plane(x).places[:, 1] == 0).all()
    assert np.allclose(lda_plane(x, np.arange(50) % 2).places[:, 1], 0)
    with pytest.raises(PhyMedError, match="choose at least two groups"):
        lda_plane(x, np.zeros(50))


def test_few_spikes_on_many_channels_do_not_seem_to_be_apart():
    x = np.random.default_rng(0).normal(size=(40, 60))
    groups = np.arange(40) % 2
    places = lda_plane(x, groups).places[:, 0]
    apart = abs(places[groups == 0].mean() - places[groups == 1].mean()) / places.std()
    assert apart < 1.95  # 2 is as far as it goes, where nothing is left inside of the groups


def test_a_group_has_one_colour_in_every_plot(explorer):
    colors = set()
    for axes in (explorer.plot_lda([20, 3]), explorer.plot_pca([3, 7, 20]), explorer.plot_closest_clusters_to(3, 1)):
        names = [text.get_text() for text in axes.get_legend().get_texts()]
        handle = axes.get_legend().legend_handles[names.index("3")]
        colors.add(tuple(handle.get_facecolor()[0][:3]))
    colors.add(explorer.plot_closest_templates_to(3, 1).lines[1].get_color())
    colors.add(explorer.plot_templates([3]).axes[0].lines[0].get_color())
    assert colors == {group_color(3)}


def test_every_plot_draws_where_it_is_told(explorer, reader):
    from phy_medicine.compute.localize.figure_parts import new_figure

    recording = RecordingExplorer(reader, explorer.projection)
    one = {
        "lda": lambda ax: explorer.plot_lda("all", ax=ax),
        "templates": lambda ax: explorer.plot_closest_templates_to(3, 2, ax=ax),
        "series": lambda ax: recording.plot_series(0, 300, ax=ax),
        "geometry": lambda ax: recording.plot_geometry(channel=2, ax=ax),
        "waveform": lambda ax: recording.plot_waveform(120, [1, 2], overlay=True, line_at_t=True, ax=ax),
        "around": lambda ax: recording.plot_waveform_around_channel(120, 2, ax=ax),
        "clusters": lambda ax: recording.plot_clusters([[60, 120, 180], [240, 300]], ax=ax),
    }
    for name, draw in one.items():
        axes = new_figure(3, 3).subplots()
        assert draw(axes) is axes and axes.has_data(), name
    figure = new_figure(4, 4)
    assert explorer.plot_all_clusters(1, ax=figure.subplots(2, 2)) is figure
    assert all(axes.has_data() for axes in figure.axes)
    both = explorer.plot_waveforms_and_clusters(3)
    assert [text.get_text() for text in both.axes[1].get_legend().get_texts()] == ["3", "20", "7"]


def test_traces_are_stacked_with_the_first_channel_above(reader):
    axes = RecordingExplorer(reader, sample_rate=30_000).plot_series(3000, 3300, [4, 0])
    assert [text.get_text() for text in axes.get_yticklabels()] == ["4", "0"]
    places = axes.get_yticks()
    assert places[0] > places[1] and axes.lines[0].get_xdata()[[0, -1]].tolist() == [0.1, 3299 / 30_000]
    with pytest.raises(PhyMedError, match="no sample from"):
        RecordingExplorer(reader).plot_series(30_000, 30_100)


def test_neighbours_are_marked_on_the_probe(reader):
    axes = RecordingExplorer(reader).plot_geometry(channel=2, neighbor_radius=45)
    colors = axes.collections[0].get_facecolor()
    assert [tuple(color) == tuple(colors[2]) for color in colors] == [False, True, True, True, False, False]
    assert [text.get_text() for text in axes.texts] == list("012345")


def test_statistics_of_groups_are_those_of_their_templates(explorer):
    rows = explorer.stats_for_groups([8]).rows
    template = explorer.template_for_group(8)
    assert rows[0]["id"] == 8 and rows[0]["main_channel"] == 4 and rows[0]["spikes"] == 100
    assert rows[0]["range"] == rows[0]["max"] - rows[0]["min"] == np.ptp(template)


@pytest.mark.parametrize(
    ("templates", "words"), [([np.zeros((31, 6))], "1 templates for 4 groups"), ({3: np.zeros((31, 6))}, "no template"),
                             ([np.zeros((30, 6))] * 4, "has the shape")],
)  # fmt: skip
def test_templates_that_do_not_fit_are_refused(reader, train, explorer, templates, words):
    with pytest.raises(PhyMedError, match=words):
        SpikeTrainExplorer(templates, train, reader, explorer.projection)


def test_groups_that_are_not_there_are_named(explorer):
    with pytest.raises(PhyMedError, match="no group 4; there are 3, 7, 8, 20"):
        explorer.plot_lda([3, 4])
    with pytest.raises(PhyMedError, match="mode must be one of"):
        explorer.plot_closest_clusters_to(3, 1, mode="tsne")
