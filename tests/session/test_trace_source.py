"""Stretches of the recording as views get them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from phy_medicine.compute.filtering import highpass
from phy_medicine.io.traces import Traces
from phy_medicine.session import trace_source
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.trace_source import TraceSource

RATE = 10_000.0
CHANNELS = np.array([2, 0])


@pytest.fixture
def raw():
    return (np.random.default_rng(3).normal(0, 50, (30_000, 3)) + np.array([400, 0, -700])).astype(np.int16)


@pytest.fixture
def source(raw):
    return TraceSource(SimpleNamespace(traces=Traces([raw], np.arange(3), RATE), sample_rate=RATE, traces_missing=""))


def test_a_raw_stretch_has_no_offset(source, raw):
    trace = source.read(1.0, 1.5, CHANNELS, filtered=False)
    assert trace.data.shape == (5000, 2) and trace.start_s == 1.0
    assert np.abs(np.median(trace.data, axis=0)).max() < 10
    assert np.allclose(np.diff(trace.data[:, 0]), np.diff(raw[10_000:15_000, 2].astype(float)))


def test_a_filtered_stretch_is_the_same_as_if_all_had_been_filtered(source, raw):
    trace = source.read(1.0, 1.5, CHANNELS, filtered=True)
    whole = highpass(raw.astype(np.float32) - raw.mean(axis=0, dtype=np.float32), RATE)
    assert np.abs(trace.data - whole[10_000:15_000, CHANNELS]).max() < 1.0


@pytest.mark.parametrize("filtered", [True, False])
def test_a_reduced_stretch_keeps_the_extremes_of_every_column(source, filtered, monkeypatch):
    full = source.read(0.5, 2.5, CHANNELS, filtered=filtered).data
    monkeypatch.setattr(trace_source, "_PIECE", 6000)
    trace = source.read_reduced(0.5, 2.5, CHANNELS, 400, filtered=filtered)
    assert trace.data.shape == (400, 2)
    assert trace.sample_rate == pytest.approx(200)
    columns = full.reshape(200, 100, 2)
    off = np.median(full, axis=0) if not filtered else 0
    assert np.abs(trace.data[::2] - columns.min(axis=1) + off).max() < 10
    assert np.abs(trace.data[1::2] - columns.max(axis=1) + off).max() < 10


def test_rows_of_a_reduced_stretch_are_evenly_spaced_in_time(raw):
    raw[:] = 0
    raw[12_345] = 5000
    model = SimpleNamespace(traces=Traces([raw], np.arange(3), RATE), sample_rate=RATE, traces_missing="")
    trace = TraceSource(model).read_reduced(1.0, 1.75, CHANNELS, 2304, filtered=False)
    row = int(trace.data[:, 0].argmax())
    assert row // 2 * 2 / trace.sample_rate == pytest.approx(0.2345, abs=2 / trace.sample_rate)
    assert len(trace.data) <= 2304


def test_a_short_stretch_is_not_reduced(source):
    assert source.read_reduced(0.0, 0.01, CHANNELS, 400, filtered=False).data.shape == (100, 2)


def test_outside_of_the_recording_there_is_silence(source):
    trace = source.read(-0.5, -0.1, CHANNELS, filtered=True)
    assert trace.data.shape == (4000, 2) and not trace.data[:3000].any()


def test_without_a_recording_the_reason_is_told():
    model = SimpleNamespace(traces=None, sample_rate=RATE, traces_missing="No raw data: x.dat not found.")
    with pytest.raises(DataMissing, match="not found"):
        TraceSource(model).read(0.0, 1.0, CHANNELS, filtered=True)
