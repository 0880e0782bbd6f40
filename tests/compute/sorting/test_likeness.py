"""How alike waveforms are, and at which delay."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.sorting.likeness import similarities
from tests.compute.sorting.made_units import Neuron

ONE, OTHER = Neuron((8.0, 110.0)), Neuron((4.0, 40.0), period=16.0)


def alike_of(*waveforms):
    return similarities(np.array(waveforms, np.float32))


def test_waveforms_are_compared_at_the_best_delay():
    alike, delays = alike_of(ONE.template(), 3 * ONE.template(shift=5), OTHER.template())
    assert alike[0, 1] == pytest.approx(1, abs=0.01)
    # A spike of the second is one of the first that begins five samples later.
    assert delays[0, 1] == -5 and delays[1, 0] == 5
    assert alike[0, 2] < 0.2
    np.testing.assert_allclose(alike, alike.T, atol=1e-5)
    np.testing.assert_allclose(np.diag(alike), 1, atol=1e-4)


def test_a_waveform_of_nothing_is_like_none():
    alike, _ = alike_of(ONE.template(), 0 * ONE.template(), ONE.template())
    assert alike[1].tolist() == [0, 0, 0] and alike[:, 1].tolist() == [0, 0, 0]
    assert alike[0, 2] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("n", [0, 2])
def test_without_waveforms_there_is_nothing_alike(n):
    alike, delays = alike_of(*np.zeros((n, 4, 9))) if n else similarities(np.zeros((0, 4, 9), np.float32))
    assert alike.tolist() == np.zeros((n, n)).tolist() and delays.shape == (n, n)
