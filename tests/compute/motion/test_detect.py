"""Peaks of a raw recording of which the spikes are known."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("spikeinterface")

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.job_context import Cancelled
from phy_medicine.compute.motion.detect import DetectSettings, detect_peaks, read_description, write_description
from phy_medicine.compute.motion.recordings import RecordingFile, open_recording

RATE, N_CHANNELS, SECONDS = 10_000, 16, 8
POSITIONS = np.column_stack([np.zeros(N_CHANNELS), np.arange(N_CHANNELS) * 20.0])
UNITS_UM = (60.0, 230.0)


@pytest.fixture(scope="module")
def flat(tmp_path_factory):
    """A flat file with noise and the spikes of two units every 50 ms in turn; its channel positions."""
    folder = tmp_path_factory.mktemp("raw")
    rng = np.random.default_rng(0)
    traces = rng.normal(0, 10, (SECONDS * RATE, N_CHANNELS))
    shape = -np.exp(-0.5 * ((np.arange(20) - 8) / 2.0) ** 2) + 0.3 * np.exp(-0.5 * ((np.arange(20) - 14) / 3.0) ** 2)
    for k, sample in enumerate(range(500, SECONDS * RATE - 100, 500)):
        size = 300 * np.exp(-(((POSITIONS[:, 1] - UNITS_UM[k % 2]) / 30) ** 2))
        traces[sample : sample + 20] += shape[:, None] * size
    traces.astype(np.int16).tofile(folder / "raw.bin")
    np.save(folder / "channel_positions.npy", POSITIONS)
    return folder / "raw.bin"


def opened(flat, **changes):
    values = {"sample_rate_hz": RATE, "n_channels": N_CHANNELS, "probe": str(flat.parent / "channel_positions.npy")}
    return open_recording(RecordingFile(str(flat), **(values | changes)))


@pytest.mark.parametrize("localization", ["grid", "monopolar", "mass"])
def test_spikes_are_found_where_they_are(flat, localization):
    fractions = []
    peaks = detect_peaks(
        opened(flat), DetectSettings(detect_threshold=8.0, localization=localization),
        progress=lambda fraction, _text: fractions.append(fraction),
    )  # fmt: skip
    truth = np.arange(500, SECONDS * RATE - 100, 500) / RATE + 8 / RATE
    near = np.abs(peaks.times_s[:, None] - truth[None]).min(axis=0) < 1e-3
    assert near.mean() > 0.95 and peaks.n_peaks < 1.1 * truth.size
    distance = np.abs(peaks.depths_um[:, None] - np.array(UNITS_UM)).min(axis=1)
    assert np.median(distance) < 10 and (peaks.amplitudes < 0).all()
    assert fractions[0] == 0 and fractions[-1] == 1


def test_shanks_may_have_names_and_do_not_exclude_each_other(flat):
    recording = opened(flat)
    wide = DetectSettings(detect_threshold=8.0, detect_radius_um=1000.0, detect_window_ms=60.0)
    one = detect_peaks(recording, wide)
    recording.set_channel_groups(["left"] * 8 + ["right"] * 8)
    assert one.n_peaks < 100 and detect_peaks(recording, wide).n_peaks > 150


def test_detection_can_be_cancelled_and_may_find_nothing(flat):
    with pytest.raises(Cancelled):
        detect_peaks(opened(flat), cancelled=lambda: True)
    with pytest.raises(PhyMedError, match="No peaks above 500 times"):
        detect_peaks(opened(flat), DetectSettings(detect_threshold=500.0))


def test_a_saved_recording_and_a_probe_file_are_read(flat, tmp_path):
    from probeinterface import ProbeGroup, write_probeinterface

    opened(flat).save(folder=tmp_path / "saved", verbose=False)
    assert open_recording(RecordingFile(str(tmp_path / "saved"))).get_num_channels() == N_CHANNELS
    group = ProbeGroup()
    group.add_probe(opened(flat).get_probe())
    write_probeinterface(tmp_path / "probe.json", group)
    again = opened(flat, probe=str(tmp_path / "probe.json"))
    assert again.get_channel_locations().tolist() == POSITIONS.tolist()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"n_channels": 0}, "say --sample-rate and --channels"),
        ({"probe": ""}, "name one with --probe"),
        ({"format": "nothing"}, "no reader 'nothing'"),
        ({"n_channels": 8}, "for 8 channels"),
    ],
)
def test_a_recording_that_cannot_be_read_says_what_is_missing(flat, changes, words):
    with pytest.raises(PhyMedError, match=words):
        opened(flat, **changes)


def test_missing_files_pickles_and_foreign_files_are_refused(tmp_path):
    with pytest.raises(PhyMedError, match="does not exist"):
        open_recording(RecordingFile(str(tmp_path / "none.bin")))
    for name, words in (("x.pkl", "can run any code"), ("x.json", "cannot read"), ("x.nwb", "cannot read")):
        (tmp_path / name).write_text("{}")
        with pytest.raises(PhyMedError, match=words):
            open_recording(RecordingFile(str(tmp_path / name)))


def test_a_description_survives_its_file(tmp_path):
    file = RecordingFile("a.bin", sample_rate_hz=3e4, n_channels=4, dtype="float32", offset=8)
    settings = DetectSettings(detect_threshold=7.0)
    assert read_description(write_description(tmp_path / "recording.json", file, settings)) == (file, settings)
    (tmp_path / "bad.json").write_text(json.dumps({"recording": {"path": "a", "colour": 1}}))
    with pytest.raises(PhyMedError, match="does not describe a recording"):
        read_description(tmp_path / "bad.json")
