"""A look at a recording before it is sorted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.motion.recordings import RecordingFile
from phy_medicine.compute.sorters.preview import Previewer
from phy_medicine.compute.sorting.settings import SortingSettings

RATE, N = 30_000, 8


@pytest.fixture
def file(tmp_path: Path) -> RecordingFile:
    """Noise of 10 with a trough of 200 on channel 5 every 0.1 s; channel 2 is flat."""
    rng = np.random.default_rng(0)
    data = rng.normal(scale=10, size=(2 * RATE, N))
    shape = -200 * np.exp(-(np.arange(-15, 30) ** 2) / 40)
    for time in range(1500, 2 * RATE - 100, 3000):
        data[time - 15 : time + 30, 5] += shape
        data[time - 15 : time + 30, 4] += 0.4 * shape
    data[:, 2] = 3
    data.astype(np.int16).tofile(tmp_path / "raw.bin")
    np.save(tmp_path / "positions.npy", np.stack([np.zeros(N), 20.0 * np.arange(N)], axis=1))
    return RecordingFile(
        str(tmp_path / "raw.bin"), sample_rate_hz=RATE, n_channels=N, probe=str(tmp_path / "positions.npy")
    )


def test_a_look_shows_noise_made_white_and_the_spikes_in_it(file: RecordingFile):
    look = Previewer().look(file, SortingSettings(detect_threshold=6.0), 0.3125, 0.4)
    moment = look.moment
    assert moment.start_s == 0.5 and moment.filtered.shape == moment.whitened.shape == (12_000, N)
    assert look.facts == "8 channels, 2.0 s at 30,000 Hz" and look.flat.tolist() == [2]
    wanted = np.arange(16_500, 27_000, 3000) - 15_000
    assert len(moment.peaks) == len(wanted) and np.abs(moment.peaks - wanted).max() <= 3
    assert moment.peak_channels.tolist() == [5] * len(wanted) and moment.sizes.min() > 6
    quiet = np.abs(np.arange(12_000)[:, None] - moment.peaks).min(axis=1) > 100
    levels = moment.whitened[quiet].std(axis=0)
    assert levels[2] == 0 and np.all(np.abs(np.delete(levels, 2) - 1) < 0.15)
    assert -230 < moment.filtered.min() < -80


def test_a_look_at_the_end_ends_with_the_recording(file: RecordingFile):
    moment = Previewer().look(file, SortingSettings(), 1.0, 0.1).moment
    assert moment.start_s == pytest.approx(1.9) and len(moment.filtered) == 3000
    whole = Previewer().look(file, SortingSettings(), 0.5, 60.0).moment
    assert whole.start_s == 0 and len(whole.filtered) == 2 * RATE


def test_what_cannot_be_read_is_said(file: RecordingFile, tmp_path: Path):
    previewer = Previewer()
    with pytest.raises(PhyMedError, match="does not exist"):
        previewer.look(RecordingFile(str(tmp_path / "no.bin")), SortingSettings(), 0, 0.1)
    with pytest.raises(PhyMedError, match="does not say where its channels are"):
        previewer.look(RecordingFile(file.path, sample_rate_hz=RATE, n_channels=N), SortingSettings(), 0, 0.1)
    assert len(previewer.look(file, SortingSettings(), 0, 0.1).positions_um) == N
