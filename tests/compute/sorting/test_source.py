"""Recordings of every kind as the sorter opens them, and what is refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.motion import recordings
from phy_medicine.compute.motion.recordings import RecordingFile
from phy_medicine.compute.sorting.flat_twin import flat_twin
from phy_medicine.compute.sorting.source import SortSource, open_source

pytestmark = pytest.mark.filterwarnings("ignore:The extractor is not serializable")
DATA = np.arange(120, dtype=np.int16).reshape(30, 4)
XY = np.array([[0.0, 0.0], [10.0, 20.0], [0.0, 40.0], [10.0, 60.0]])


@pytest.fixture
def flat(tmp_path: Path) -> RecordingFile:
    """A file of plain numbers with a header of 6 bytes, and its probe."""
    (tmp_path / "raw.bin").write_bytes(b"header" + DATA.tobytes())
    np.save(tmp_path / "xy.npy", XY[:3])
    return RecordingFile(str(tmp_path / "raw.bin"), "", 30_000.0, 4, "int16", 6, str(tmp_path / "xy.npy"), 0.2)


def _columns(source: SortSource) -> list[list[int]]:
    return np.asarray(source.recorded.read(1, 3)).tolist()


def test_a_flat_file_is_read_with_its_header_and_gain(flat: RecordingFile) -> None:
    source = open_source(flat)
    assert _columns(source) == DATA[1:3].tolist()
    assert (source.recorded.n_samples, source.recorded.sample_rate, source.gain_uv) == (30, 30_000.0, 0.2)
    assert source.channels.map.tolist() == [0, 1, 2]
    assert dict(source.channels.left_out) == {3: "not on the probe"}
    assert "dtype = 'int16'\noffset = 6\n" in source.raw.params_text()
    assert source.raw.params_text().endswith("gain_to_uv = 0.2\n")


def test_a_compressed_file_says_itself_what_it_holds(tmp_path: Path, flat: RecordingFile) -> None:
    import mtscomp

    (tmp_path / "plain.bin").write_bytes(DATA.tobytes())
    mtscomp.compress(
        tmp_path / "plain.bin", tmp_path / "raw.cbin", tmp_path / "raw.ch", sample_rate=30_000, n_channels=4,
        dtype=np.int16, check_after_compress=False,
    )  # fmt: skip
    source = open_source(RecordingFile(str(tmp_path / "raw.cbin"), probe=flat.probe))
    assert _columns(source) == DATA[1:3].tolist()
    assert source.raw.sample_rate == 30_000
    (tmp_path / "raw.ch").unlink()
    with pytest.raises(PhyMedError, match=r"needs its companion raw\.ch"):
        open_source(RecordingFile(str(tmp_path / "raw.cbin"), probe=flat.probe))


def test_an_array_file_is_a_recording(tmp_path: Path, flat: RecordingFile) -> None:
    np.save(tmp_path / "raw.npy", DATA)
    assert _columns(open_source(replace(flat, path=str(tmp_path / "raw.npy"), n_channels=0))) == DATA[1:3].tolist()
    np.save(tmp_path / "raw.npy", DATA[0])
    with pytest.raises(PhyMedError, match=r"has the shape \(4,\)"):
        open_source(replace(flat, path=str(tmp_path / "raw.npy")))


def test_a_dataset_stands_for_its_recording_and_channels(dataset: Path) -> None:
    source = open_source(RecordingFile(str(dataset)))
    assert source.raw.paths == (dataset.parent / "recording.dat",)
    assert (source.channels.map.tolist(), source.recorded.n_channels) == (list(range(16)), 16)
    assert source.channels.positions.tolist() == np.load(dataset.parent / "channel_positions.npy").tolist()
    assert json.loads(source.probe_json)["specification"] == "probeinterface"
    dataset.write_text(dataset.read_text() + "gain_to_uv = 0.195\n")
    assert open_source(RecordingFile(str(dataset))).gain_uv == 0.195
    assert open_source(RecordingFile(str(dataset), gain_uv=0.5)).gain_uv == 0.5
    (dataset.parent / "recording.dat").unlink()
    with pytest.raises(PhyMedError, match=r"recording\.dat cannot be read: no such file"):
        open_source(RecordingFile(str(dataset)))


def _spikeinterface(folder: Path, **more: Any) -> Path:
    from probeinterface import Probe
    from spikeinterface.core import NumpyRecording

    recording = NumpyRecording([DATA] * more.get("n_segments", 1), 30_000.0)
    if more.get("gains") is not None:
        recording.set_channel_gains(more["gains"])
        recording.set_channel_offsets(0)
    if more.get("probe", True):
        probe = Probe(ndim=2, si_units="um")
        probe.set_contacts(XY, shank_ids=list("0011"))
        probe.set_device_channel_indices(more.get("wiring", range(4)))
        recording = recording.set_probe(probe, group_mode="by_shank") or recording  # in place from 0.104 on
    recording.save(folder=folder, format=more.get("format", "binary"), verbose=False)
    return folder.with_suffix(".zarr") if more.get("format") == "zarr" else folder


@pytest.mark.parametrize("how", ["binary", "zarr"])
def test_a_recording_of_spikeinterface_knows_its_probe(tmp_path: Path, how: str) -> None:
    source = open_source(RecordingFile(str(_spikeinterface(tmp_path / "saved", format=how, wiring=[2, 0, 1, 3]))))
    where = {tuple(row): place for row, place in zip(DATA[:1].T.tolist(), XY[[1, 2, 0, 3]].tolist(), strict=True)}
    columns = [tuple(column) for column in np.asarray(source.recorded.read(0, 1)).T.tolist()]
    assert [where[column] for column in columns] == source.channels.positions.tolist()
    assert len(source.raw.paths) == (how == "binary")
    assert len(np.unique(source.channels.shanks)) == 2


def test_the_folder_is_read_as_spikeinterface_reads_it(tmp_path: Path) -> None:
    from spikeinterface.core import load

    folder = _spikeinterface(tmp_path / "saved", gains=[0.5, 1.0, 2.0, 4.0])
    ours, theirs = open_source(RecordingFile(str(folder))), load(folder)
    assert np.array_equal(ours.recorded.read(0, 30) * ours.gain_uv, theirs.get_traces(return_in_uV=True))
    assert ours.channels.positions.tolist() == theirs.get_channel_locations().tolist()
    assert ours.raw.gains_uv.tolist() == [0.5, 1.0, 2.0, 4.0]
    assert ours.gain_uv == 1.0


def test_another_probe_may_be_named(tmp_path: Path, flat: RecordingFile) -> None:
    folder = _spikeinterface(tmp_path / "saved")
    assert open_source(RecordingFile(str(folder), probe=flat.probe)).channels.map.tolist() == [0, 1, 2]


def test_the_file_behind_a_format_is_found_by_its_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from spikeinterface.core import NumpyRecording

    order = [3, 0, 2]
    recording = NumpyRecording([np.ascontiguousarray(DATA[:, order])], 30_000.0)
    recording.set_channel_gains([2.0] * 3)
    recording.set_channel_offsets(0)
    recording.set_dummy_probe_from_locations(XY[:3])
    monkeypatch.setattr(recordings, "read_recording", lambda file: recording)
    (tmp_path / "probe.bin").write_bytes(bytes(7))
    (tmp_path / "data").mkdir()
    (DATA + 1).tofile(tmp_path / "data" / "another.dat")
    file = RecordingFile(str(tmp_path), "openephys")
    assert open_source(file).raw.paths == ()
    DATA.tofile(tmp_path / "data" / "continuous.dat")
    source = open_source(file)
    assert source.raw.paths == (tmp_path / "data" / "continuous.dat",)
    assert (source.channels.map.tolist(), source.raw.n_channels, source.gain_uv) == (order, 4, 2.0)
    assert source.channels.positions.tolist() == XY[:3].tolist()
    assert dict(source.channels.left_out) == {1: "not on the probe"}
    assert np.array_equal(source.recorded.read(0, 30), DATA)


def test_a_description_of_a_flat_file_names_it(tmp_path: Path, flat: RecordingFile) -> None:
    from spikeinterface.core import read_binary

    recording = read_binary(
        flat.path, sampling_frequency=30_000.0, num_channels=4, dtype="int16", file_offset=flat.offset
    )
    recording.dump_to_json(tmp_path / "described.json")
    source = open_source(RecordingFile(str(tmp_path / "described.json"), probe=flat.probe))
    assert (source.raw.paths, source.raw.offset) == ((Path(flat.path),), 6)
    assert _columns(source) == DATA[1:3].tolist()


def test_channels_that_are_the_same_get_columns_of_their_own(tmp_path: Path) -> None:
    from spikeinterface.core import NumpyRecording

    data = np.repeat(DATA[:, :2], 2, axis=1)
    data.tofile(tmp_path / "a.bin")
    twin = flat_twin(NumpyRecording([np.ascontiguousarray(data[:, [2, 0, 1]])], 30_000.0), tmp_path)
    assert twin is not None
    assert (twin.n_columns, twin.columns.tolist()) == (4, [2, 0, 1])
    assert flat_twin(NumpyRecording([data[:, [0, 0, 0]]], 30_000.0), tmp_path) is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"path": "/nowhere/raw.bin"}, "does not exist"),
        ({"sample_rate_hz": 0.0}, "does not say what it holds; give --sample-rate"),
        ({"sample_rate_hz": 0.0, "n_channels": 0}, "give --sample-rate and --channels"),
        ({"n_channels": 7}, "is no multiple of 7 channels of <i2: it leaves 2 bytes"),
        ({"offset": 5}, "is no multiple of 4 channels"),
        ({"offset": 500}, "is no multiple of 4 channels"),
        ({"sample_rate_hz": 2500.0}, "2500 Hz is too low to tell spikes apart"),
        ({"dtype": "word"}, "'word' is no type of a sample"),
        ({"dtype": "U3"}, "'U3' is no type of a sample"),
        ({"probe": ""}, "does not say where its channels are; name a probe with --probe"),
        ({"probe": "/nowhere.json"}, "does not exist; name a file"),
        ({"n_channels": 2}, "names channel 2, and the recording has 2"),
    ],
)
def test_what_cannot_be_sorted_is_refused(flat: RecordingFile, change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PhyMedError, match=sentence):
        open_source(replace(flat, **change))


def test_folders_of_several_segments_or_without_a_probe_are_refused(tmp_path: Path) -> None:
    several = _spikeinterface(tmp_path / "several", n_segments=2)
    with pytest.raises(PhyMedError, match="has 2 segments, and one is read at a time"):
        open_source(RecordingFile(str(several)))
    plain = _spikeinterface(tmp_path / "plain", probe=False)
    with pytest.raises(PhyMedError, match="name a probe with --probe"):
        open_source(RecordingFile(str(plain)))
    (plain / "binary.json").write_text("{}")
    with pytest.raises(PhyMedError, match=r"binary\.json cannot be understood"):
        open_source(RecordingFile(str(plain)))
    shutil.rmtree(plain)
    plain.mkdir()
    with pytest.raises(PhyMedError, match="SpikeInterface cannot read"):
        open_source(RecordingFile(str(plain)))


def test_a_slow_recording_without_a_probe_can_be_looked_at(flat: RecordingFile) -> None:
    slow = replace(flat, sample_rate_hz=2500.0, probe="")
    source = open_source(slow, to_sort=False)
    assert _columns(source) == DATA[1:3].tolist()
    assert source.channels.map.tolist() == [0, 1, 2, 3]
    assert source.channels.positions.tolist() == [[0, 0], [0, 20], [0, 40], [0, 60]]
    assert "stand in a line" in source.notes[0]
    with pytest.raises(PhyMedError, match="is no multiple of 7 channels"):
        open_source(replace(slow, n_channels=7), to_sort=False)


def test_a_recording_of_spikeinterface_without_a_probe_can_be_looked_at(tmp_path: Path) -> None:
    from spikeinterface.core import NumpyRecording

    NumpyRecording([DATA.astype(np.float32)], 2500.0).save(folder=tmp_path / "saved", format="zarr")
    (path,) = tmp_path.glob("saved*")
    source = open_source(RecordingFile(str(path)), to_sort=False)
    assert _columns(source) == DATA[1:3].tolist()
    assert source.channels.map.tolist() == [0, 1, 2, 3]
