"""Peaks of a signal: the same as by an obvious search, whatever the pieces."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.compute import kernels
from phy_medicine.compute.detection import (
    PeakDetector,
    noise_levels,
    recording_noise,
    search,
)
from phy_medicine.compute.filtered_recording import FilteredRecording
from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.peak_settings import BOTH, CRESTS, TROUGHS
from phy_medicine.compute.signal_filters import SignalFilter

RAW = SignalFilter("", "", "")
COLUMN = Contacts.of(np.column_stack([np.zeros(6), np.arange(6) * 20.0]))


def obvious(signal, detector, first, stop):
    """Compare every candidate with every other one; rows and channels of those that stay."""
    found = []
    for t in range(1, len(signal) - 1):
        for c, limit in enumerate(detector.thresholds):
            before, x, after = (float(v) for v in signal[t - 1 : t + 2, c])
            trough = detector.sign != CRESTS and x <= -limit and x < before and x <= after
            crest = detector.sign != TROUGHS and x >= limit and x > before and x >= after
            if trough or crest:
                found.append((t, c, np.float32(abs(x)) / limit))
    peaks = []
    for t, c, size in found:
        rivals = [o for o in found if o[:2] != (t, c) and abs(o[0] - t) <= detector.exclude_samples]
        rivals = [o for o in rivals if detector.near[c, o[1]]]
        if first <= t < stop and all(o[2] < size or (o[2] == size and o[:2] > (t, c)) for o in rivals):
            peaks.append((t, c))
    return peaks


def detector_of(threshold=3.0, radius_um=30.0, exclude_samples=4, sign=TROUGHS, noise=1.0):
    levels = np.broadcast_to(noise, 6)
    return PeakDetector.of(
        COLUMN, levels, threshold=threshold, radius_um=radius_um, exclude_samples=exclude_samples, sign=sign
    )


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 9999),
    n_samples=st.integers(0, 60),
    steps=st.sampled_from([1, 3, 1000]),
    sign=st.sampled_from([TROUGHS, CRESTS, BOTH]),
    radius_um=st.sampled_from([0.0, 20.0, 45.0, 500.0]),
    exclude_samples=st.integers(0, 9),
    ends=st.tuples(st.integers(0, 60), st.integers(0, 60)),
)
def test_peaks_are_those_of_an_obvious_search(seed, n_samples, steps, sign, radius_um, exclude_samples, ends):
    rng = np.random.default_rng(seed)
    # Few different values make many equal ones.
    signal = (np.round(rng.normal(0, 1, (n_samples, 6)) * steps) / steps).astype(np.float32)
    noise = rng.choice([0.0, 0.5, 1.0], 6)
    detector = detector_of(1.0, radius_um, exclude_samples, sign, noise)
    peaks = detector.detect(signal, *sorted(ends))
    assert list(zip(peaks.samples.tolist(), peaks.channel_ids.tolist(), strict=True)) == obvious(
        signal, detector, *sorted(ends)
    )
    assert (peaks.amplitudes == signal[peaks.samples, peaks.channel_ids]).all()


def test_more_candidates_than_there_is_room_for_at_first():
    signal = np.zeros((8000, 6), dtype=np.float32)
    signal[1::2] = -np.arange(1, 4001)[:, np.newaxis]
    peaks = detector_of(1.0, 0.0, 0).detect(signal)
    assert len(peaks.samples) == 6 * 4000 - 6  # the last sample is none
    assert (np.diff(peaks.samples) >= 0).all()


@pytest.mark.parametrize("sign", [TROUGHS, BOTH])
def test_pieces_change_nothing(sign):
    kernels.warm_up()
    data = np.random.default_rng(0).normal(0, 20, (20_000, 6)).astype(np.int16)
    recording = recorded(data)
    detector = detector_of(3.0, 45.0, 12, sign, 20.0)
    whole = detector.detect(data.astype(np.float32))
    pieces = list(search(SmallPieces(recording, RAW), detector, 5))
    assert len(pieces) > 20 and len(whole.samples) > 100
    for name in ("samples", "channel_ids", "amplitudes"):
        assert np.concatenate([getattr(p.peaks, name) for p in pieces]).tolist() == getattr(whole, name).tolist()
    for piece in pieces:
        rows = piece.peaks.samples - piece.begin
        assert (piece.signal[rows, piece.peaks.channel_ids] == piece.peaks.amplitudes).all()
        assert ((piece.start <= piece.peaks.samples) & (piece.peaks.samples < piece.stop)).all()


def test_the_noise_is_that_without_spikes():
    rng = np.random.default_rng(1)
    data = rng.normal(50, [5.0, 10.0, 20.0], (30_000, 3))
    data[rng.integers(0, 30_000, 300)] -= 1000
    assert noise_levels(data.astype(np.float32)) == pytest.approx([5, 10, 20], rel=0.03)
    assert recording_noise(FilteredRecording(recorded(data), RAW)) == pytest.approx([5, 10, 20], rel=0.03)
    assert recording_noise(FilteredRecording(recorded(data[:50]), RAW)) == pytest.approx([5, 10, 20], rel=0.5)


def test_other_shanks_and_channels_without_noise_take_no_part():
    signal = np.zeros((20, 2), dtype=np.float32)
    signal[10] = [-9, -8]
    contacts = Contacts.of([[0.0, 0.0], [10.0, 0.0]], [0, 1])
    options = {"threshold": 4.0, "radius_um": 50.0, "exclude_samples": 5}
    assert PeakDetector.of(contacts, [1, 1], **options).detect(signal).channel_ids.tolist() == [0, 1]
    assert PeakDetector.of(contacts, [0, 1], **options).detect(signal).channel_ids.tolist() == [1]
    one_shank = Contacts.of(contacts.positions_um)
    assert PeakDetector.of(one_shank, [1, 1], **options).detect(signal).channel_ids.tolist() == [0]
    # Sizes count in units of the noise.
    assert PeakDetector.of(one_shank, [2, 1], **options).detect(signal).channel_ids.tolist() == [1]


def test_stretches_together_have_the_peaks_of_the_whole():
    data = np.random.default_rng(4).normal(0, 1, (5000, 6)).astype(np.float32)
    recording, detector = FilteredRecording(recorded(data), RAW), detector_of()
    whole = [s for piece in search(recording, detector) for s in piece.peaks.samples.tolist()]
    stretches = [(0, 1200), (1200, 1201), (1201, 5000)]
    parts = [s for w in stretches for piece in search(recording, detector, within=w) for s in piece.peaks.samples]
    assert len(whole) > 20
    assert parts == whole


class SmallPieces(FilteredRecording):
    def bounds(self, least=1, piece_bytes=0, *, within=None):
        return FilteredRecording.bounds(self, least, 1 << 14, within=within)


def recorded(data):
    """A recording in memory."""
    return SimpleNamespace(
        n_samples=len(data), n_channels=data.shape[1], sample_rate=10_000.0, read=lambda start, stop: data[start:stop]
    )
