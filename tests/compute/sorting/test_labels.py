"""What a unit is called and why."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.sorting.labels import label_unit, not_neuronal, shank_spread
from phy_medicine.compute.sorting.post_settings import PostSettings
from tests.compute.sorting.neurons import template

GOOD = {
    "rate_hz": 5.0, "spread_um": 30.0, "shank_spread_um": 200.0, "contamination": 0.02, "contamination_low": 0.0,
    "snr": 8.0, "n_spikes": 500, "presence_ratio": 1.0,
}  # fmt: skip


def label(shape="", **changes):
    return label_unit({**GOOD, **changes}, shape, PostSettings())


def test_a_good_unit_has_everything():
    assert label() == ("good", "contamination 0.02, signal to noise 8.0")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("contamination_low", 0.1, "contamination 0.02"),
        ("snr", 4.0, "signal to noise 4.0"),
        ("n_spikes", 99, "99 spikes"),
        ("presence_ratio", 0.5, "there 50% of the time"),
    ],
)
def test_a_unit_that_lacks_one_thing_is_not_good(name, value, reason):
    assert label(**{name: value}) == ("mua", reason)


def test_a_unit_that_may_be_pure_is_good():
    assert label(contamination=1.0, contamination_low=0.05)[0] == "good"


def test_all_that_is_lacking_is_said():
    assert label(contamination=1.0, contamination_low=0.4, snr=2.0) == (
        "mua",
        "contamination 1.00, signal to noise 2.0",
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rate_hz": 0.01}, "fires at 0.010 Hz"),
        ({"spread_um": 150.0}, "spread over 150 µm, the whole shank"),
        ({"shape": "no waveform"}, "no waveform"),
    ],
)
def test_noise_is_noise_however_pure(changes, reason):
    assert label(**changes) == ("noise", reason)


def test_on_a_short_shank_a_neuron_may_be_everywhere():
    assert label(spread_um=12.0, shank_spread_um=float("nan"))[0] == "good"
    assert np.isnan(shank_spread(np.array([[0, 0], [25, 0], [0, 25], [25, 25.0]])))
    assert shank_spread(np.array([[0, 0], [0, 100], [0, 200.0]])) == pytest.approx(np.sqrt(20_000 / 3))


@pytest.mark.parametrize("sign", [-1, 1])
def test_spikes_look_like_spikes(sign):
    assert not_neuronal(sign * template(3)[3]) == ""


@pytest.mark.parametrize(
    ("waveform", "reason"),
    [
        (np.zeros(40), "no waveform"),
        (np.sin(np.arange(60) * 0.7), "its waveform swings 14 times"),
        (-np.linspace(0, 1, 60), "its waveform does not end within the window"),
        (-np.exp(-0.5 * ((np.arange(60) - 30) / 5) ** 2), "no peak beside the trough"),
    ],
)
def test_other_things_do_not(waveform, reason):
    assert not_neuronal(waveform) == reason
