"""A recording of a few seconds of which the truth is known, as SpikeInterface makes it."""

from __future__ import annotations

import pytest

RATE = 25_000.0


@pytest.fixture(scope="session")
def generated():
    """(recording, sorting) of SpikeInterface: 16 channels, 4 neurons, 4 s."""
    si = pytest.importorskip("spikeinterface.core")
    return si.generate_ground_truth_recording(
        durations=[4.0], sampling_frequency=RATE, num_channels=16, num_units=4, seed=3
    )
