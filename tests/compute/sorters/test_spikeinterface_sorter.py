"""Sorters of SpikeInterface: what is installed runs and becomes a `Sorting`, what is not says what to install."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.sorters.recorded import as_recorded, channels_of
from phy_medicine.compute.sorters.registry import make_sorter, sorters
from phy_medicine.compute.sorters.spikeinterface_sorter import SpikeInterfaceSorter, why_not
from phy_medicine.compute.sorting.evaluate import Spikes, evaluate
from phy_medicine.compute.sorting.result import SortedChannels
from tests.compute.sorters.toy_sorter import toy_sorter

SIMPLE = {"clusterer": "kmeans", "clusterer_kwargs": {"n_clusters": 4, "random_state": 0}, "n_jobs": 1}


def score(sorting, truth):
    """Agreement of a sorting with the true one of SpikeInterface."""
    vector = truth.to_spike_vector()
    true = Spikes(vector["sample_index"], vector["unit_index"], np.ones((4, *sorting.templates.shape[1:]), np.float32))
    found = Spikes(sorting.spikes.times, sorting.spikes.units, sorting.templates)
    return evaluate(true, found)


@pytest.fixture(scope="module")
def simple(generated):
    return make_sorter("simple", **SIMPLE).fit(generated[0])


def test_a_sorter_of_spikeinterface_becomes_a_sorting(simple, generated):
    found = simple.sorting_
    n, k = len(found.spikes.times), len(found.templates)
    assert simple.spike_times_ is not None and simple.labels_.tolist() == found.spikes.units.tolist()
    assert found.templates.shape == (k, 16, 50) and found.trough == 16
    np.testing.assert_allclose((found.templates**2).sum(axis=(1, 2)), 1, rtol=1e-4)
    assert np.abs(found.templates).max(axis=1).argmax(axis=1).tolist() == [16] * k
    assert found.spikes.features.shape == (n, 6, 12)
    assert np.all(np.diff(found.spikes.times) >= 0) and found.units["sorter_unit"].shape == (k,)
    assert set(found.units["label"]) <= {"good", "mua", "noise"} and np.all(np.diff(found.units["depth_um"]) > -30)
    assert np.median(score(found, generated[1]).accuracy) > 0.8
    assert generated[0].get_probe().shank_ids is None  # of the caller


def test_amplitude_times_template_is_the_spike(simple, generated):
    """What is left of a spike is noise of 1, so that the dataset's amplitudes are those of its templates."""
    spikes = simple.sorting_.spikes
    assert 0.7 < np.median(spikes.residuals) < 2.0
    assert np.all(spikes.gains[spikes.amplitudes > 10] > 20)


def test_a_recording_of_ours_is_sorted_like_that_of_spikeinterface(generated):
    recording, _ = generated
    columns = as_recorded(recording)

    class Ours:
        n_samples, n_channels, sample_rate = columns.n_samples, columns.n_channels, columns.sample_rate
        read = staticmethod(columns.read)

    with toy_sorter():
        theirs = make_sorter("toy").fit_predict(recording)
        found = make_sorter("toy").fit_predict(Ours, channels_of(recording))
    assert found.spikes.times.tolist() == theirs.spikes.times.tolist() and len(found.templates) > 1
    assert found.units["KSLabel"].tolist() == ["good"] * len(found.templates)


def test_only_the_channels_of_the_probe_are_sorted(generated):
    recording, _ = generated
    whole = channels_of(recording)
    some = SortedChannels(whole.map[4:10], whole.positions[4:10], whole.shanks[4:10])
    with toy_sorter():
        found = make_sorter("toy", least=5).fit_predict(recording, some)
    assert found.templates.shape[1] == 6 and found.channels.map.tolist() == list(range(4, 10))


def test_what_a_sorter_raises_is_said_in_a_sentence(generated):
    lines = []
    with toy_sorter(), pytest.raises(PhyMedError) as caught:
        make_sorter("toy", fail="no bread").fit(generated[0], log=lines.append)
    assert str(caught.value) == "toy failed: ValueError: no bread. Its log says where."
    assert any("_run_from_folder" in line for line in lines)


def test_what_progress_raises_ends_the_work(generated):
    said = []

    def progress(fraction, message):
        said.append((fraction, message))
        if fraction > 0:
            raise KeyboardInterrupt

    with toy_sorter(), pytest.raises(KeyboardInterrupt):
        make_sorter("toy").fit(generated[0], progress=progress)
    assert said == [(0.0, "Preparing toy"), (0.05, "toy is sorting")]


def test_sorters_that_are_not_installed_name_their_package():
    problems = {entry.name: entry.problem for entry in sorters()}
    for name, package in (("kilosort4", "kilosort"), ("mountainsort5", "mountainsort5"), ("spykingcircus2", "hdbscan")):
        if problems[name]:
            assert problems[name] == f"The sorter {name} is not installed; install it with: pip install {package}."
            with pytest.raises(PhyMedError, match=f"pip install {package}"):
                SpikeInterfaceSorter(name)
    assert problems["lupin"] == "" and why_not("lupin") == ""
    runs = [not entry.problem for entry in sorters()]
    assert runs == sorted(runs, reverse=True)


def test_parameters_are_those_of_the_sorter_and_may_be_typed():
    sorter = SpikeInterfaceSorter("simple", clusterer="kmeans", detect_threshold="6", clusterer_kwargs='{"n_init": 2}')
    assert sorter.get_params()["detect_threshold"] == 6.0 and sorter.get_params()["freq_min"] == 150.0
    assert sorter.get_params()["clusterer_kwargs"] == {"n_init": 2}
    assert sorter.set_params(apply_preprocessing="False").get_params()["apply_preprocessing"] is False
    with pytest.raises(PhyMedError, match="detect_threshold must be float, not 'high'"):
        sorter.set_params(detect_threshold="high")
    with pytest.raises(PhyMedError, match="simple has no parameter 'colour'"):
        sorter.set_params(colour="red")
