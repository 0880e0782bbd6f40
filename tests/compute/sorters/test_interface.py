"""Detectors and sorters as scikit-learn would have them, and recordings and probes of every kind."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.sorters.detectors import ThresholdDetector
from phy_medicine.compute.sorters.recorded import SomeColumns, as_recorded, channels_of
from phy_medicine.compute.sorters.registry import detector_names, make_detector, make_sorter
from phy_medicine.compute.sorting.result import SortedChannels


def matched(found, true, reach=10):
    """Share of the true times with a found one near."""
    true = np.sort(true)
    after = np.clip(np.searchsorted(found, true), 1, len(found) - 1)
    return np.mean(np.minimum(np.abs(found[after] - true), np.abs(found[after - 1] - true)) <= reach)


def test_a_detector_finds_the_spikes_of_the_recording_it_was_fitted_to(generated):
    recording, truth = generated
    true = truth.to_spike_vector()["sample_index"]
    detector = make_detector("threshold", detect_threshold=6.0).fit(recording)
    found = detector.predict()
    assert matched(found, true) > 0.95 and len(found) < 1.1 * len(true)
    assert np.all(np.diff(detector.spike_times_) >= 0) and len(detector.channels_) == len(detector.amplitudes_)
    assert np.all(detector.amplitudes_ < 0) and detector.noise_.shape == (16,)


def test_a_detector_finds_spikes_in_another_recording_than_that_of_fit(generated):
    recording, _truth = generated
    half = recording.frame_slice(0, 50_000)
    detector = ThresholdDetector().fit(recording)
    whole, first = detector.predict().copy(), detector.predict(half)
    assert first.tolist() == whole[whole < 50_000].tolist()[: len(first)] and len(first) > 20


def test_parameters_are_read_and_set_as_in_scikit_learn():
    detector = ThresholdDetector(detect_threshold=7.0)
    assert detector.get_params()["detect_threshold"] == 7.0 and detector.get_params()["low_cut_hz"] == 300.0
    assert detector.set_params(low_cut_hz="250") is detector and detector.get_params()["low_cut_hz"] == 250.0
    assert repr(detector) == "ThresholdDetector(detect_threshold=7.0, low_cut_hz=250.0)"


def test_scikit_learn_copies_a_detector():
    base = pytest.importorskip("sklearn.base")
    copy = base.clone(ThresholdDetector(detect_threshold=7.0))
    assert copy.get_params()["detect_threshold"] == 7.0


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"treshold": 5}, "threshold has no parameter 'treshold'; it has detect_threshold"),
        ({"detect_threshold": 0.5}, "detect_threshold must be at least 1, not 0.5"),
        ({"detect_sign": "up"}, "detect_sign must be one of troughs, crests, both"),
    ],
)
def test_a_wrong_parameter_is_refused_and_changes_nothing(params, problem):
    detector = ThresholdDetector()
    with pytest.raises(PhyMedError, match=problem):
        detector.set_params(low_cut_hz=200.0, **params)
    assert detector.get_params() == ThresholdDetector().get_params()


def test_what_was_not_fitted_says_so():
    with pytest.raises(PhyMedError, match="threshold has seen no recording yet; call fit first"):
        ThresholdDetector().predict()


def test_unknown_names_are_refused():
    assert detector_names() == ("threshold",)
    with pytest.raises(PhyMedError, match="There is no detector 'nose'; there are threshold"):
        make_detector("nose")
    with pytest.raises(PhyMedError, match="SpikeInterface has no sorter 'nose'; it has"):
        make_sorter("nose")


def test_a_recording_without_a_probe_needs_one(generated):
    recording, _ = generated
    columns = SomeColumns(as_recorded(recording), np.array([3, 1]))
    with pytest.raises(PhyMedError, match="The recording comes without a probe; give one"):
        channels_of(columns)


def test_channels_of_a_probe_are_those_that_are_wired():
    probeinterface = pytest.importorskip("probeinterface")
    probe = probeinterface.generate_linear_probe(4, ypitch=20)
    probe.set_device_channel_indices([2, -1, 0, 1])
    probe.set_shank_ids(["a", "a", "a", "b"])
    columns = SomeColumns(_Silence(3), np.array([0, 1, 2]))
    found = channels_of(columns, probe)
    assert found.map.tolist() == [0, 1, 2]
    assert found.positions[:, 1].tolist() == [40.0, 60.0, 0.0] and found.shanks.tolist() == [0, 1, 0]


def test_probes_that_do_not_fit_are_refused():
    positions = np.array([[0.0, 0.0], [0.0, 20.0]])
    shanks = np.zeros(2, np.int32)
    for columns, problem in (
        ([0, 5], "The probe names channel 5 of a recording of 3"),
        ([1, 1], "The probe names a channel of the recording twice"),
    ):
        with pytest.raises(PhyMedError, match=problem):
            channels_of(_Silence(3), SortedChannels(np.array(columns), positions, shanks))
    with pytest.raises(PhyMedError, match="A str is no probe"):
        channels_of(_Silence(3), "probe.json")
    with pytest.raises(PhyMedError, match="A str is no recording"):
        channels_of("recording.bin")


class _Silence:
    """A recording of nothing."""

    n_samples, sample_rate = 1000, 30_000.0

    def __init__(self, n_channels):
        self.n_channels = n_channels

    def read(self, start, stop):
        return np.zeros((stop - start, self.n_channels), np.int16)
