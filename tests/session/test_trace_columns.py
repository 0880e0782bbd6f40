"""The recording in columns: nothing lost at any zoom, nothing read twice, long stretches in the background."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from phy_medicine.session.trace_columns import BLOCK, COARSE, TraceColumns

RATE = 10_000.0
N_SAMPLES, CHANNELS, SPIKE = 1_000_000, (2, 0), 612_345


@pytest.fixture(scope="module")
def quiet():
    """100 s of noise of 20, with one sample of 3,000 on channel 0."""
    raw = np.random.default_rng(8).normal(500, 20, (N_SAMPLES, 3)).astype(np.int16)
    raw[SPIKE, 0] += 3000
    return raw


@pytest.fixture
def source(quiet, source_of):
    """The recording, with a count of the samples that were read of it."""
    source = source_of(quiet, RATE)
    read, lock = source.samples, threading.Lock()
    source.n_read = 0

    def samples(start, stop, *args):
        with lock:
            source.n_read += stop - start
        return read(start, stop, *args)

    source.samples = samples
    return source


def complete(columns, *args, **options):
    for _ in range(1000):
        trace = columns.read(*args, **options)
        if not trace.unread:
            return trace
    raise AssertionError("The reading does not end.")


@pytest.mark.parametrize("filter", ["none", "high-pass", "band-pass", "common median"])
@pytest.mark.parametrize("length_s", [0.01, 0.1, 1.0, 10.0, 33.0, 100.0])
def test_one_sample_is_seen_at_every_zoom_and_at_its_time(source, length_s, filter):
    columns = TraceColumns(source)
    time_s = SPIKE / RATE
    for share in (0.05, 0.5, 0.93):
        start_s = min(max(time_s - share * length_s, 0.0), 100.0 - length_s)
        trace = complete(columns, start_s, start_s + length_s, CHANNELS, 1280, filter=filter)
        assert len(trace.data) <= 1280 and trace.data.shape[1] == 2
        at = int(trace.data[:, 1].argmax())
        assert trace.data[at, 1] > 1000 and trace.data[:, 0].max() < 300
        step = 1 if trace.sample_rate == RATE else 2
        column_s = step / trace.sample_rate
        assert trace.start_s + at // step * column_s - 1e-9 <= time_s < trace.start_s + (at // step + 1) * column_s
        assert trace.start_s <= start_s + 1e-9 < trace.start_s + column_s
        assert trace.start_s + len(trace.data) / trace.sample_rate >= min(start_s + length_s, 100.0) - 1e-9
    columns.close()


@pytest.mark.parametrize("length_s", [0.3, 2.0, 60.0])
def test_columns_are_the_extremes_of_all_their_samples(source, length_s):
    columns = TraceColumns(source)
    trace = complete(columns, 20.0, 20.0 + length_s, CHANNELS, 640, filter="high-pass")
    size = round(2 * RATE / trace.sample_rate)
    start, n = round(trace.start_s * RATE), len(trace.data) // 2
    every = source.samples(start, start + n * size, np.array(CHANNELS), "high-pass")
    every = every.reshape(n, size, 2)
    assert np.abs(trace.data[::2] - every.min(axis=1)).max() < 0.1
    assert np.abs(trace.data[1::2] - every.max(axis=1)).max() < 0.1
    assert size < BLOCK or size % BLOCK == 0
    columns.close()


def test_scrolling_by_a_tenth_finds_its_columns_read(source):
    columns = TraceColumns(source)
    columns.read(40.0, 45.0, CHANNELS, 1280, filter="high-pass")
    for step in (1, 2, 3, 2, 1, 0, -1):
        columns._reader.join()
        window = 40.0 + 0.5 * step, 45.0 + 0.5 * step
        assert columns.ready(*window, CHANNELS, 1280, filter="high-pass")
        before = source.n_read
        trace = columns.read(*window, CHANNELS, 1280, filter="high-pass")
        columns._reader.join()
        # At most a tile on either side, and not the window again.
        assert source.n_read - before <= 2 * 128 * round(2 * RATE / trace.sample_rate)
    assert source.n_read < 2.6 * 5 * RATE
    columns.close()


def test_a_place_not_seen_before_is_not_ready(source):
    columns = TraceColumns(source)
    assert not columns.ready(1.0, 2.0, CHANNELS, 1280, filter="high-pass")
    columns.read(1.0, 2.0, CHANNELS, 1280, filter="high-pass")
    assert columns.ready(1.0, 2.0, CHANNELS, 1280, filter="high-pass")
    assert not columns.ready(1.0, 2.0, CHANNELS, 1280, filter="none")
    assert not columns.ready(70.0, 71.0, CHANNELS, 1280, filter="high-pass")
    columns.close()


def test_a_long_stretch_comes_in_parts_and_is_read_once(source):
    columns = TraceColumns(source)
    shares, first = [], columns.read(0.0, 100.0, CHANNELS, 640, filter="high-pass")
    assert first.unread > 0 and np.isnan(first.data).any()
    while (trace := columns.read(0.0, 100.0, CHANNELS, 640, filter="high-pass")).unread:
        shares.append(trace.unread)
        known = ~np.isnan(trace.data[:, 0])
        assert known.mean() == pytest.approx(1 - trace.unread, abs=0.15)
    assert shares == sorted(shares, reverse=True) and not np.isnan(trace.data).any()
    n_read = source.n_read
    # Elsewhere, other channels, other zoom: nothing is read again.
    for window, channels in (((10.0, 90.0), CHANNELS), ((0.0, 100.0), (1,)), ((20.0, 60.0), (0, 1, 2))):
        assert columns.ready(*window, channels, 640, filter="high-pass")
        assert columns.read(*window, channels, 640, filter="high-pass").unread == 0
    assert source.n_read == n_read <= N_SAMPLES + 128 * BLOCK
    columns.close()


def test_what_nobody_asks_for_any_more_is_not_read(source, monkeypatch):
    columns = TraceColumns(source)
    monkeypatch.setattr("phy_medicine.session.trace_columns._LASTING_S", 0.0)
    columns.read(0.0, 100.0, CHANNELS, 640, filter="high-pass")
    columns._reader.join()
    assert source.n_read <= 2 * 128 * BLOCK
    columns.close()


def test_very_long_stretches_need_only_the_coarse_columns(source):
    columns = TraceColumns(source, long_bytes=1)
    # Two columns of pixels: 500,000 samples each.
    trace = complete(columns, 0.0, 100.0, CHANNELS, 6, filter="high-pass")
    assert round(2 * RATE / trace.sample_rate) % COARSE == 0
    assert trace.data[:, 1].max() > 1000
    columns.close()


def test_closed_columns_read_nothing_ahead(source):
    columns = TraceColumns(source)
    columns.close()
    trace = columns.read(1.0, 2.0, CHANNELS, 640, filter="high-pass")
    assert not trace.unread and source.n_read <= 2 * RATE
