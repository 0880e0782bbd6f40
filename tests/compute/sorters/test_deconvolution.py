"""Our sorter by the common interface, and inside SpikeInterface."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.sorters.registry import make_sorter
from phy_medicine.compute.sorting.evaluate import Spikes, evaluate

QUICK = {"rounds": 1, "learn_batches": 4, "drift": "none"}


def accuracy(times, units, n_units, truth):
    """Accuracy of each true neuron."""
    vector = truth.to_spike_vector()
    templates = np.ones((max(4, n_units), 1, 1), np.float32)
    true = Spikes(vector["sample_index"], vector["unit_index"], templates[:4])
    order = np.argsort(times, kind="stable")
    return evaluate(true, Spikes(np.asarray(times)[order], np.asarray(units)[order], templates[:n_units])).accuracy


@pytest.fixture(scope="module")
def sorted_(generated):
    said = []
    sorter = make_sorter("deconvolution", **QUICK)
    return sorter.fit(generated[0], progress=lambda part, text: said.append((part, text))), said


def test_it_finds_the_neurons_of_a_recording(sorted_, generated):
    sorter, said = sorted_
    found = accuracy(sorter.spike_times_, sorter.labels_, len(sorter.templates_), generated[1])
    assert np.sort(found)[1] > 0.85
    assert sorter.sorting_.units["label"].shape == (len(sorter.templates_),)
    assert len(said) > 5 and all(0 <= part <= 1 for part, _ in said)


def test_its_parameters_are_those_of_the_settings():
    sorter = make_sorter("deconvolution", rounds="2")
    assert sorter.get_params()["rounds"] == 2 and sorter.settings.rounds == 2
    with pytest.raises(PhyMedError, match="rounds must be at least 1"):
        sorter.set_params(rounds=0)
    with pytest.raises(PhyMedError, match="deconvolution has no parameter 'colour'"):
        sorter.set_params(colour="red")


def test_a_recording_in_memory_is_sorted_inside_spikeinterface(sorted_, generated):
    from spikeinterface.core import NumpyRecording

    from phy_medicine.si import run_phy_medicine

    recording, _ = generated
    memory = NumpyRecording([recording.get_traces()], recording.get_sampling_frequency())
    with pytest.raises(PhyMedError, match="comes without a probe"):
        run_phy_medicine(memory, **QUICK)
    memory.set_probegroup(recording.get_probegroup())
    found = run_phy_medicine(memory, **QUICK)
    vector = found.to_spike_vector()
    assert vector["sample_index"].tolist() == sorted_[0].spike_times_.tolist()
    assert {"label", "reason", "depth_um", "channel"} <= set(found.get_property_keys())
    assert found.get_sampling_frequency() == recording.get_sampling_frequency()


def test_run_sorter_runs_it_from_a_folder_over_segments(generated, tmp_path):
    from spikeinterface.core import append_recordings
    from spikeinterface.sorters import get_default_sorter_params, run_sorter

    import phy_medicine.si

    assert phy_medicine.si.NAME == "phy_medicine" and get_default_sorter_params("phy_medicine")["rounds"] == 3
    recording, truth = generated
    saved = recording.save(folder=tmp_path / "saved", progress_bar=False)
    halves = append_recordings([saved.frame_slice(0, 50_000), saved.frame_slice(50_000, 100_000)])
    found = run_sorter("phy_medicine", halves, folder=tmp_path / "out", **QUICK)
    assert found.get_num_segments() == 2
    vector = found.to_spike_vector(concatenated=True)
    times = vector["sample_index"] + 50_000 * vector["segment_index"]
    assert np.sort(accuracy(times, vector["unit_index"], len(found.unit_ids), truth))[1] > 0.85
    with pytest.raises(Exception, match="colour"):
        run_sorter("phy_medicine", halves, folder=tmp_path / "other", colour="red")
