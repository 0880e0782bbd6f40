"""Channels that are left out of a sorting, and why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.sorting.bad_channels import good_channels, parse_choice, without
from phy_medicine.compute.sorting.prepare import prepare
from phy_medicine.compute.sorting.preprocess import FilteredChannels
from phy_medicine.compute.sorting.result import SortedChannels
from phy_medicine.compute.sorting.settings import DRIFT_NONE, SortingSettings
from tests.compute.sorting.test_preprocess import Memory, probe


def in_brain(n=24, n_samples=30_000, seed=0):
    """Slow waves that neighbours share, and noise, float32."""
    rng = np.random.default_rng(seed)
    waves = np.cumsum(rng.normal(0, 3, (n_samples, 4)), axis=0)
    waves -= waves.mean(axis=0)
    mixing = np.exp(-0.5 * ((np.arange(n)[None, :] - np.linspace(0, n, 4)[:, None]) / 6) ** 2)
    return (waves @ mixing + rng.normal(0, 10, (n_samples, n))).astype(np.float32)


def left_out(traces, channels=None, choice="auto"):
    return good_channels(Memory(traces), channels or probe(24), choice).left_out


def test_good_channels_stay():
    assert left_out(in_brain()) == {}


def test_dead_channels_are_left_out():
    traces = in_brain()
    traces[:, 3] *= 0.01
    traces[:, 7] = 500
    reasons = left_out(traces)
    assert list(reasons) == [3, 7]
    assert reasons[7] == "dead: it varies 0.0% as much as the median channel"


def test_a_noisy_channel_is_left_out():
    traces = in_brain()
    traces[:, 10] += np.random.default_rng(1).normal(0, 60, len(traces))
    assert list(left_out(traces)) == [10]
    assert "times the usual power at high frequencies" in left_out(traces)[10]


def test_channels_that_differ_a_little_are_not_noisy():
    rng = np.random.default_rng(0)
    traces = rng.normal(0, 10, (20_000, 24)).astype(np.float32)
    traces[:, 5] *= 1.5
    assert left_out(traces) == {}


def test_the_uppermost_channels_without_coherence_are_outside_of_the_brain():
    traces, rng = in_brain(), np.random.default_rng(2)
    for channel in (12, 21, 22, 23):
        traces[:, channel] = rng.normal(0, 10, len(traces))
    reasons = left_out(traces)
    assert list(reasons) == [21, 22, 23]
    assert reasons[22].startswith("outside of the brain: correlation ")


def test_the_top_is_that_of_the_probe_whatever_the_order_of_the_file():
    traces, rng = in_brain(), np.random.default_rng(2)
    traces[:, 22:] = rng.normal(0, 10, (len(traces), 2))
    upside_down = probe(24, channel_map=np.arange(23, -1, -1))
    assert left_out(traces[:, ::-1].copy(), upside_down).keys() == {0, 1}


def test_a_choice_by_hand_is_added_and_overrules():
    traces = in_brain()
    traces[:, [3, 7]] = 0
    assert left_out(traces, choice="auto, 5, -7") == {3: left_out(traces)[3], 5: "left out by hand"}
    assert left_out(traces, choice="none") == {}
    assert left_out(traces, choice="2, 10-12").keys() == {2, 10, 11, 12}


@pytest.mark.parametrize("choice", ["three", "3-", "auto, 4-x", "1;2"])
def test_a_choice_that_says_nothing_is_refused(choice):
    with pytest.raises(PhyMedError, match="in bad_channels is no channel"):
        parse_choice(choice)


def test_channels_that_the_probe_does_not_have_are_refused():
    with pytest.raises(PhyMedError, match="channel 99"):
        left_out(in_brain(n_samples=100), choice="99")


def test_leaving_out_all_is_refused():
    with pytest.raises(PhyMedError, match="All channels"):
        without(probe(3), {0: "a", 1: "b", 2: "c"})


def test_earlier_reasons_are_kept():
    channels = SortedChannels(np.array([4, 2]), np.zeros((2, 2)), np.zeros(2, np.int32), {9: "not on the probe"})
    assert without(channels, {4: "dead"}).left_out == {9: "not on the probe", 4: "dead"}


def test_a_prepared_recording_is_that_of_the_good_channels():
    traces = in_brain()
    traces[:, 3] = 0
    settings = replace(SortingSettings(), drift=DRIFT_NONE)
    recording = Memory(traces)
    told = []
    prepared = prepare(
        FilteredChannels.of(recording, probe(24), settings, gain_uv=2.0),
        probe(24),
        settings,
        progress=lambda done, text: told.append(text),
    )
    assert prepared.channels.map.tolist() == [n for n in range(24) if n != 3]
    assert prepared.read(100, 200).shape == (23, 100)
    assert prepared.signal.gain_uv == 2.0
    assert told == ["Looking for bad channels", "Measuring the noise"]
