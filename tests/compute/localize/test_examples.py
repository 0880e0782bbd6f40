"""Taking the waveforms that a network learns from out of a recording."""

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.localize.examples import Examples, collect, network_neighbours
from phy_medicine.compute.localize.localizers import Positions
from phy_medicine.compute.localize.settings import LocalizeSettings
from phy_medicine.compute.localize.sources import RecordingSource
from phy_medicine.compute.signal_filters import SignalFilter

RATE = 30000.0
CONTACTS = Contacts.of([[x, 15 * row] for row in range(8) for x in (0, 32)])
PLAIN = SignalFilter("plain", "", "", 0.0, 0.0, False)


class Recording:
    """Noise with a deep trough at each spike, largest on its channel."""

    n_samples, n_channels, sample_rate = 30_000, 16, RATE

    def __init__(self, samples, channels):
        self.signal = np.random.default_rng(0).normal(0, 1, (self.n_samples, 16)).astype(np.float32)
        for sample, channel in zip(samples, channels, strict=True):
            away = np.hypot(*(CONTACTS.positions_um - CONTACTS.positions_um[channel]).T)
            self.signal[sample] -= 4000 / (20 + away)

    def read(self, start, stop):
        rows = np.clip(np.arange(start, stop), 0, self.n_samples - 1)
        return self.signal[rows]


@pytest.mark.parametrize("in_file", [False, True])
def test_waveforms_are_in_the_order_of_time_and_keep_their_scale(tmp_path, in_file):
    samples, channels = np.array([20_000, 500, 9_000, 40_000]), np.array([3, 8, 8, 1])
    recording = Recording(samples[:3], channels[:3])
    source = RecordingSource(recording, samples, channels, PLAIN, 61, piece_bytes=1 << 18)
    examples, spikes = collect(
        source, samples, CONTACTS, LocalizeSettings(), sample_rate=RATE, folder=tmp_path if in_file else None
    )
    assert spikes.tolist() == [1, 2, 0]  # the fourth lies beyond the recording
    assert examples.times_s.tolist() == [500 / RATE, 0.3, 20_000 / RATE]
    table = network_neighbours(CONTACTS).channel_ids[[8, 8, 3]]
    expected = np.stack(
        [recording.signal[s - 30 : s + 60][:, c].T for s, c in zip([500, 9000, 20000], table, strict=True)]
    )
    found = examples.waveforms.astype(np.float32) * examples.amplitudes[:, None, None]
    np.testing.assert_allclose(found, expected, atol=0.15)
    np.testing.assert_allclose(examples.amplitudes, np.abs(expected).max(axis=(1, 2)), rtol=1e-6)
    assert np.abs(examples.waveforms).max(axis=(1, 2)).tolist() == [1, 1, 1]
    assert examples.learn.all()
    assert (np.abs(examples.monopolar.um[:, 1] - CONTACTS.positions_um[[8, 8, 3], 1]) < 10).all()


def test_spikes_in_another_order_or_of_another_shape_are_refused():
    fit = Positions(np.zeros((3, 3)), np.ones(3), np.ones(3, bool))
    rest = (np.zeros((3, 2), np.float32), np.ones(3, np.float32), fit, np.ones(3, bool), CONTACTS.positions_um)
    with pytest.raises(PhyMedError, match="order of time"):
        Examples(np.array([0.0, 2.0, 1.0]), np.zeros((3, 10, 90), np.float16), *rest)
    with pytest.raises(PhyMedError, match="10, 90"):
        Examples(np.arange(3.0), np.zeros((3, 10, 61), np.float16), *rest)
