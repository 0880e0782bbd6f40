"""What other programs read out of an export is what the session holds."""

from __future__ import annotations

import csv
import shutil
import warnings
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.errors import DatasetError
from phy_medicine.io.export.nwb import NwbOptions
from phy_medicine.session.exports import FORMATS
from phy_medicine.session.session import Session
from tests.io import kwik_miniatures
from tests.io.miniatures import EXPORTERS
from tests.io.small_disk import small_disk

REAL = ("kilosort4_small", "si_export_small")


@pytest.fixture
def session(dataset: Path):
    """A session with a merge, a split, a label, a group, events and a time range."""
    (dataset.parent / "events.csv").write_text("time,label,duration\n1,go,0.5\n3,go,0.25\n2,lick,\n")
    session = Session.open(dataset)
    ids = session.cluster_ids
    session.merge(ids[:2])
    session.split(session.facts.spikes(ids[3])[::2])
    session.move("good", cluster_ids=session.cluster_ids[-2:])
    session.label("note", "see, again", session.cluster_ids[-1:])
    session.set_time_range(2.0, 5.0)
    yield session
    session.close()


def _trains(session: Session) -> dict[int, np.ndarray]:
    """Spike times of each cluster, s, the slow way."""
    labels = session.spike_clusters()
    return {c: session.model.spike_times[labels == c] for c in session.cluster_ids}


# The cluster table


@pytest.mark.parametrize(("name", "delimiter"), [("c.tsv", "\t"), ("c.csv", ",")])
def test_the_table_is_the_one_that_a_save_writes(session: Session, tmp_path: Path, name: str, delimiter: str):
    session.export("cluster-info", tmp_path / name)
    session.save()
    rows = list(csv.reader((tmp_path / name).open(newline=""), delimiter=delimiter))
    saved = list(csv.reader((session.model.dir_path / "cluster_info.tsv").open(newline=""), delimiter="\t"))
    assert rows == saved and rows[0][:2] == ["cluster_id", "Amplitude"] and "see, again" in rows[-1]


def test_a_folder_gets_cluster_info_tsv(session: Session, tmp_path: Path):
    assert session.export("cluster-info", tmp_path / "t").files == (tmp_path / "t" / "cluster_info.tsv",)


# SpikeInterface


def test_spikeinterface_loads_the_same_spikes_and_properties(session: Session, tmp_path: Path):
    import spikeinterface as si
    from probeinterface import read_probeinterface

    session.export("spikeinterface", tmp_path / "sorting")
    (tmp_path / "sorting").rename(tmp_path / "moved")
    sorting = si.load(tmp_path / "moved")
    assert sorting.unit_ids.tolist() == list(session.cluster_ids)
    assert sorting.sampling_frequency == session.model.sample_rate
    for cluster in session.cluster_ids:
        expected = session.model.spike_samples[session.facts.spikes(cluster)]
        assert np.array_equal(sorting.get_unit_spike_train(cluster, segment_index=0), expected)
    assert sorting.get_property("quality")[-2:].tolist() == ["good", "good"]
    assert sorting.get_property("note").tolist()[-1] == "see, again"
    assert sorting.get_property("n_spikes").tolist() == [len(t) for t in _trains(session).values()]
    probe = read_probeinterface(tmp_path / "moved" / "probe.json").probes[0]
    assert np.array_equal(probe.contact_positions, session.model.channel_positions)


# NWB


def _read_nwb(path: Path, session: Session, *, volts: float | None) -> None:
    """Validate an NWB file and compare it with the session."""
    import pynwb

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pynwb.validate(path=str(path)) == []
    with pynwb.NWBHDF5IO(str(path), "r") as io:
        file = io.read()
        units = file.units
        assert units.id[:].tolist() == list(session.cluster_ids)
        for i, train in enumerate(_trains(session).values()):
            assert np.array_equal(units.get_unit_spike_times(i), train)
        assert units["n_spikes"][:].tolist() == [len(t) for t in _trains(session).values()]
        peaks = [session.data.peak_channel(c) for c in session.cluster_ids]
        assert [units["electrodes"][i].index[0] for i in range(len(units))] == peaks
        positions = np.column_stack([file.electrodes["rel_x"][:], file.electrodes["rel_y"][:]])
        assert np.allclose(positions, session.model.channel_positions)
        name = "waveform_mean_raw" if volts is None else "waveform_mean"
        near = units["electrodes"][0].index.tolist()
        expected = session.data.waveform_source.of_cluster(session.cluster_ids[0], near, 50).data.mean(axis=0)
        assert np.allclose(units[name][0], expected * (volts or 1), rtol=1e-5)


def test_nwb_is_valid_and_reads_back_the_same(session: Session, tmp_path: Path):
    import pynwb

    start = datetime(2024, 5, 6, 7, 8, tzinfo=UTC)
    options = NwbOptions(start, "rec-1", "a test")
    report = session.export("nwb", tmp_path / "a.nwb", uv_per_bit=0.5, options=options)
    assert report.files == (tmp_path / "a.nwb",) and report.notes == ()
    _read_nwb(tmp_path / "a.nwb", session, volts=0.5e-6)
    with pynwb.NWBHDF5IO(str(tmp_path / "a.nwb"), "r") as io:
        file = io.read()
        assert (file.session_start_time, file.identifier, file.session_description) == (start, "rec-1", "a test")
        assert file.units["group"][:].tolist()[-2:] == ["good", "good"] and file.units["note"][-1] == "see, again"
        order = np.argsort(session.spike_clusters(), kind="stable")
        assert np.array_equal(file.units["spike_depths"].target.data[:], session.depths.raw[order])
        assert np.array_equal(file.units["spike_amplitudes"].target.data[:], session.model.amplitudes[order])
        assert file.intervals["go"]["start_time"][:].tolist() == [1.0, 3.0]
        assert file.intervals["go"]["stop_time"][:].tolist() == [1.5, 3.25]
        assert (
            file.intervals["lick"]["start_time"][:].tolist() == [2.0] == file.intervals["lick"]["stop_time"][:].tolist()
        )
        assert file.intervals["range_a"]["stop_time"][:].tolist() == [5.0]


def test_nwb_says_what_it_guessed(session: Session, tmp_path: Path):
    notes = session.export("nwb", tmp_path).notes
    assert [p.name for p in tmp_path.glob("*.nwb")] == ["dataset.nwb"]
    assert len(notes) == 3 and "recording.dat was last written" in notes[0]
    assert "identifier" in notes[1] and "--uv-per-bit" in notes[2]
    _read_nwb(tmp_path / "dataset.nwb", session, volts=None)


@pytest.mark.parametrize("name", REAL)
def test_nwb_of_real_datasets(shared_data: Path, tmp_path: Path, name: str):
    shutil.copytree(shared_data / name, tmp_path / name)
    session = Session.open(tmp_path / name)
    session.export("nwb", tmp_path / "a.nwb")
    _read_nwb(tmp_path / "a.nwb", session, volts=None)
    session.close()


def test_a_disk_that_fills_up_under_nwb_leaves_nothing(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(path: Path, n_bytes: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("phy_medicine.io.export.nwb.reserve", full)
    with pytest.raises(DatasetError, match="no space left on device"):
        session.export("nwb", tmp_path / "out" / "a.nwb")
    assert not (tmp_path / "out").exists()


# ALF


def test_alf_reads_back_the_same(session: Session, tmp_path: Path):
    session.export("alf", tmp_path / "alf", uv_per_bit=2.0)

    def array(name: str) -> np.ndarray:
        return np.load(tmp_path / "alf" / f"{name}.npy")

    clusters, ids = array("spikes.clusters"), list(session.cluster_ids)
    assert np.array_equal(clusters, session.spike_clusters())
    assert np.array_equal(array("spikes.times"), session.model.spike_times)
    assert np.array_equal(array("spikes.samples"), session.model.spike_samples)
    assert np.array_equal(array("spikes.depths"), session.depths.raw)
    peaks = array("clusters.channels")
    assert peaks[ids].tolist() == [session.data.peak_channel(c) for c in ids]
    assert np.array_equal(array("clusters.depths")[ids], array("channels.localCoordinates")[peaks[ids], 1])
    assert np.flatnonzero(peaks == -1).tolist() == sorted(set(range(ids[-1] + 1)) - set(ids))
    waveforms, near = array("clusters.waveforms"), array("clusters.waveformsChannels")
    expected = session.data.waveform_source.of_cluster(ids[0], near[ids[0]].tolist(), 50).data.mean(axis=0)
    assert np.allclose(waveforms[ids[0]], expected * 2e-6, rtol=1e-5)
    # The mean amplitude of a cluster is the size of its mean waveform.
    sizes = np.ptp(waveforms, axis=1).max(axis=1)
    assert np.allclose(array("clusters.amps")[ids], sizes[ids], rtol=1e-4)
    assert np.allclose([array("spikes.amps")[clusters == c].mean() for c in ids], sizes[ids], rtol=1e-4)


def test_all_files_of_an_alf_object_have_as_many_rows(session: Session, tmp_path: Path):
    files = session.export("alf", tmp_path / "alf").files
    rows: dict[str, set[int]] = {}
    for path in files:
        n = len(np.load(path)) if path.suffix == ".npy" else len(path.read_text().splitlines()) - 1
        rows.setdefault(path.name.partition(".")[0], set()).add(n)
    model = session.model
    assert rows == {
        "spikes": {model.n_spikes},
        "clusters": {session.cluster_ids[-1] + 1},
        "channels": {model.n_channels},
    }
    table = list(csv.DictReader((tmp_path / "alf" / "clusters.metrics.csv").open(newline="")))
    assert [int(row["cluster_id"]) for row in table if row["n_spikes"]] == list(session.cluster_ids)


# pynapple


def test_pynapple_has_the_same_trains_and_columns(session: Session, tmp_path: Path):
    import pynapple as nap

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        group = session.to_pynapple()
        session.export("pynapple", tmp_path / "units.npz")
    for units in (group, nap.load_file(str(tmp_path / "units.npz"))):
        assert list(units.keys()) == list(session.cluster_ids)
        for cluster, train in _trains(session).items():
            assert np.array_equal(units[cluster].t, train)
        duration = session.model.duration_s
        assert units.time_support.start.tolist() == [0] and units.time_support.end.tolist() == [duration]
        expected = [session.clusters.value(c, "fr") for c in session.cluster_ids]
        assert np.allclose(units.rate, expected)
        assert units["depth"].tolist() == [session.clusters.value(c, "depth") for c in session.cluster_ids]
        assert units["group"].tolist()[-2:] == ["good", "good"]
    early = group.restrict(nap.IntervalSet(0, 5))
    assert sum(len(early[c]) for c in early) == int((session.model.spike_times <= 5).sum())


def test_a_folder_of_pynapple_holds_events_and_ranges(session: Session, tmp_path: Path):
    import pynapple as nap

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = session.export("pynapple", tmp_path / "nap")
    assert sorted(p.name for p in report.files) == ["go.npz", "lick.npz", "range_a.npz", "units.npz"]
    go = nap.load_file(str(tmp_path / "nap" / "go.npz"))
    assert (go.start.tolist(), go.end.tolist()) == ([1.0, 3.0], [1.5, 3.25])
    assert nap.load_file(str(tmp_path / "nap" / "lick.npz")).t.tolist() == [2.0]
    chosen = nap.load_file(str(tmp_path / "nap" / "range_a.npz"))
    assert (chosen.start.tolist(), chosen.end.tolist()) == ([2.0], [5.0])


def test_a_label_named_as_something_of_pynapple_is_renamed(session: Session):
    session.label("count", "x", session.cluster_ids[:1])
    session.label("2nd look", "y", session.cluster_ids[:1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert {"count_label", "_2nd_look"} <= set(session.to_pynapple().metadata_columns)


# All formats


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize("to", FORMATS)
def test_a_dataset_of_any_sorter_can_be_written(tmp_path: Path, exporter: str, to: str):
    (tmp_path / "data").mkdir()
    session = Session.open(EXPORTERS[exporter](tmp_path / "data"), read_only=True)
    assert all(path.is_file() for path in session.export(to, tmp_path / "out").files)
    session.close()


@pytest.mark.parametrize("to", FORMATS)
def test_a_kwik_file_can_be_written(tmp_path: Path, to: str):
    session = Session.open(kwik_miniatures.write(tmp_path, kwik_miniatures.Form()), read_only=True)
    assert all(path.is_file() for path in session.export(to, tmp_path / "out").files)
    session.close()


def test_an_unknown_format_is_answered_with_those_there_are(session: Session, tmp_path: Path):
    with pytest.raises(DatasetError, match="'mat' cannot be written; available: cluster-info, "):
        session.export("mat", tmp_path)


@pytest.mark.parametrize("to", FORMATS)
def test_a_full_disk_is_one_sentence_and_leaves_nothing(session: Session, tmp_path: Path, to: str):
    with small_disk(tmp_path / "disk", "100k") as disk:
        (disk / "ballast").write_bytes(bytes(90_000))
        with pytest.raises(DatasetError, match=r"has no room|no space left on device"):
            session.export(to, disk / "out")
        assert [p.name for p in disk.iterdir()] == ["ballast"]
