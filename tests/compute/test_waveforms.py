from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.filtering import highpass
from phy_medicine.compute.waveforms import extract

RATE = 30000.0


def reader(recording):
    """Read windows of a (n_samples, n_channels) array, zeros outside it."""

    def read_many(starts, n_samples, channel_ids):
        windows = np.zeros((len(starts), n_samples, len(channel_ids)), dtype=recording.dtype)
        for row, start in enumerate(starts):
            for t in range(n_samples):
                if 0 <= start + t < len(recording):
                    windows[row, t] = recording[start + t, channel_ids]
        return windows

    return read_many


def cut(recording, samples, channel_ids, **options):
    given = {"before": 2, "after": 3, "sample_rate": RATE, "filter": None}
    return extract(reader(recording), np.array(samples), channel_ids, **(given | options))


def test_spike_is_at_row_before_and_the_median_is_zero():
    recording = np.array([[7, 0], [7, 0], [7, 0], [9, 0], [7, 1], [7, 0], [7, 0]], dtype=np.int16)
    data = cut(recording, [3], [1, 0])
    assert data[0].T.tolist() == [[0, 0, 0, 1, 0], [0, 0, 2, 0, 0]]
    assert data.dtype == np.float32


def test_median_of_an_even_number_of_samples_is_the_mean_of_the_middle_two():
    recording = np.array([[1], [2], [4], [9]], dtype=np.int16)
    assert cut(recording, [2], [0], after=2)[0, :, 0].tolist() == [-2, -1, 1, 6]


def test_unknown_channels_are_zeros():
    data = cut(np.arange(20.0).reshape(10, 2), [4], [-1, 1, -1])
    assert data[0, :, [0, 2]].any() == np.False_
    assert data[0, :, 1].tolist() == [-4, -2, 0, 2, 4]


def test_samples_outside_the_recording_stay_zero_and_out_of_the_median():
    recording = np.array([[10], [12], [10], [10], [13], [10]], dtype=np.int16)
    assert cut(recording, [1, 5, 40], [0], n_recorded=6)[:, :, 0].tolist() == [
        [0, 0, 2, 0, 0],
        [0, 3, 0, 0, 0],
        [0, 0, 0, 0, 0],
    ]


def test_samples_outside_the_recording_stay_zero_after_the_filter():
    recording = np.random.default_rng(0).normal(0, 50, (400, 2))
    data = cut(recording, [1, 200, 398], [0, 1], filter=highpass, margin=10, n_recorded=400)
    assert [(waveform != 0).all(axis=1).tolist() for waveform in data] == [
        [False, True, True, True, True],
        [True, True, True, True, True],
        [True, True, True, True, False],
    ]


def test_default_filter_runs_on_median_free_windows():
    recording = np.random.default_rng(1).integers(-500, 500, (300, 3)).astype(np.int16)
    samples = [50, 120, 250]
    data = extract(reader(recording), np.array(samples), [2, 0], before=20, after=21, sample_rate=RATE)
    windows = np.stack([recording[s - 20 : s + 21, [2, 0]] for s in samples]).astype(np.float64)
    windows -= np.median(windows, axis=1, keepdims=True)
    np.testing.assert_allclose(data, highpass(windows, RATE), atol=1e-3)


def test_margin_is_read_filtered_and_cut_off_again():
    recording = np.random.default_rng(2).integers(-500, 500, (2000, 2)).astype(np.int16)
    wide = cut(recording, [1000], [0, 1], before=602, after=603, filter=highpass)
    narrow = cut(recording, [1000], [0, 1], before=2, after=3, filter=highpass, margin=600)
    assert narrow.tolist() == wide[:, 600:605].tolist()


def test_with_a_wide_margin_the_waveform_equals_the_filtered_recording():
    recording = np.random.default_rng(3).normal(0, 100, (3000, 2))
    whole = highpass(recording, RATE)
    data = cut(recording, [1500], [0, 1], before=41, after=41, filter=highpass, margin=600)
    np.testing.assert_allclose(data[0], whole[1459:1541], atol=0.1)


def test_a_filter_of_the_user_gets_windows_and_sample_rate():
    seen = []
    data = cut(np.ones((50, 2)), [20, 30], [0, 1], filter=lambda x, rate: seen.append((x.shape, rate)) or x + 1)
    assert seen == [((2, 5, 2), RATE)]
    assert (data == 1).all()


@pytest.mark.parametrize(("samples", "channel_ids", "shape"), [([], [0], (0, 5, 1)), ([4], [], (1, 5, 0))])
def test_no_spikes_or_no_channels_give_empty_waveforms(samples, channel_ids, shape):
    data = cut(np.ones((50, 2)), samples, channel_ids, filter=highpass, n_recorded=50)
    assert data.shape == shape


def test_wrong_shapes_of_reader_and_filter_are_named():
    with pytest.raises(ValueError, match=r"reader gave an array of shape \(3,\)"):
        extract(lambda starts, n, channels: np.zeros(3), np.array([5]), [0], before=2, after=3, sample_rate=RATE)
    with pytest.raises(ValueError, match=r"filter gave an array of shape \(1, 4, 1\)"):
        cut(np.ones((50, 2)), [20], [0], filter=lambda x, rate: x[:, 1:])
