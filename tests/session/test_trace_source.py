"""Stretches of the recording as views get them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from phy_medicine.compute.filtering import highpass
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.trace_source import TraceSource

RATE = 10_000.0
CHANNELS = np.array([2, 0])


@pytest.fixture
def raw():
    return (np.random.default_rng(3).normal(0, 50, (30_000, 3)) + np.array([400, 0, -700])).astype(np.int16)


@pytest.fixture
def source(raw, source_of):
    return source_of(raw, RATE)


def test_a_raw_stretch_has_no_offset(source, raw):
    trace = source.read(1.0, 1.5, CHANNELS, filter="none")
    assert trace.data.shape == (5000, 2) and trace.start_s == 1.0
    assert np.abs(np.median(trace.data, axis=0)).max() < 10
    assert np.allclose(np.diff(trace.data[:, 0]), np.diff(raw[10_000:15_000, 2].astype(float)))


def test_a_filtered_stretch_is_the_same_as_if_all_had_been_filtered(source, raw):
    trace = source.read(1.0, 1.5, CHANNELS, filter="high-pass")
    whole = highpass(raw.astype(np.float32) - raw.mean(axis=0, dtype=np.float32), RATE)
    assert np.abs(trace.data - whole[10_000:15_000, CHANNELS]).max() < 1.0


def test_what_all_channels_share_is_gone_with_the_common_median(source_of):
    shared = np.random.default_rng(4).normal(0, 300, (30_000, 1))
    own = np.random.default_rng(5).normal(0, 10, (30_000, 9))
    source = source_of((shared + own + 200).astype(np.int16), RATE)
    assert source.read(1.0, 2.0, np.array([3]), filter="high-pass").data.std() > 250
    assert source.read(1.0, 2.0, np.array([3]), filter="common median").data.std() < 15


@pytest.mark.parametrize("filter", ["high-pass", "band-pass", "common median"])
def test_the_ends_of_the_recording_are_no_steps(raw, filter, source_of):
    source = source_of(raw + np.int16(5000), RATE)
    for start_s, stop_s in ((0.0, 0.2), (2.8, 3.0)):
        edge = source.read(start_s, stop_s, CHANNELS, filter=filter).data
        assert np.abs(edge).max() < 300


def test_outside_of_the_recording_there_is_silence(source):
    for filter in ("none", "high-pass"):
        trace = source.read(-0.5, -0.1, CHANNELS, filter=filter)
        assert trace.data.shape == (4000, 2) and not trace.data[:3000].any()


def test_without_a_recording_the_reason_is_told():
    model = SimpleNamespace(traces=None, sample_rate=RATE, traces_missing="No raw data: x.dat not found.")
    with pytest.raises(DataMissing, match="not found"):
        TraceSource(model).read(0.0, 1.0, CHANNELS, filter="high-pass")
