"""Probes from every kind of file, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import URLError

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from phy_medicine.base.errors import DatasetError
from phy_medicine.io.probe_file import channels_of, read_probe

XY = [[0.0, 0.0], [20.0, 30.0], [0.0, 60.0]]
SHANKS = [0, 1, 1]
COLUMNS = [2, 0, 3]


def _probeinterface(path: Path, **changes: Any) -> None:
    import probeinterface

    probe = probeinterface.Probe(ndim=2, si_units=changes.get("units", "um"))
    probe.set_contacts(np.array(XY) / changes.get("scale", 1.0), shank_ids=[str(s) for s in SHANKS])
    if (columns := changes.get("columns", COLUMNS)) is not None:
        probe.set_device_channel_indices(columns)
    probeinterface.write_probeinterface(path, probe)


def _mat(path: Path) -> None:
    x, y = np.array(XY).T
    savemat(path, {"xcoords": x[:, None], "ycoords": y[:, None], "kcoords": [[1], [2], [2]], "chanMap": [3, 1, 4]})


def _mat_hdf5(path: Path) -> None:
    x, y = np.array(XY).T
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in {"xcoords": x, "ycoords": y, "kcoords": SHANKS, "chanMap0ind": COLUMNS}.items():
            file[name] = np.array(value, np.float64)[None]
    text = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    path.write_bytes(text + path.read_bytes()[len(text) :])


def _kilosort(path: Path) -> None:
    x, y = np.array(XY).T.tolist()
    path.write_text(json.dumps({"xc": x, "yc": y, "kcoords": SHANKS, "chanMap": COLUMNS, "n_chan": 3}))


def _csv(path: Path) -> None:
    rows = [f"{x},{y},{s},{c}" for (x, y), s, c in zip(XY, SHANKS, COLUMNS, strict=True)]
    path.write_text("\n".join(["\ufeffX, y,shank,channel", *rows]) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("probe.json", _probeinterface),
        ("map.mat", _mat),
        ("map73.mat", _mat_hdf5),
        ("kilosort.json", _kilosort),
        ("probe.csv", _csv),
    ],
)
def test_a_probe_is_read_in_the_order_of_its_channels(tmp_path: Path, name: str, write: Callable[[Path], None]) -> None:
    write(tmp_path / name)
    probe = read_probe(str(tmp_path / name), 4)
    assert probe.columns.tolist() == [0, 2, 3]
    assert probe.positions_um.tolist() == [[20, 30], [0, 0], [0, 60]]
    assert probe.shanks.tolist() == [1, 0, 1]
    assert (probe.wired, probe.notes) == (True, ())


def test_positions_alone_are_those_of_the_columns(tmp_path: Path) -> None:
    np.save(tmp_path / "xy.npy", np.column_stack([XY, SHANKS]))
    probe = read_probe(str(tmp_path / "xy.npy"), 4)
    assert (probe.columns.tolist(), probe.shanks.tolist()) == ([0, 1, 2], SHANKS)
    assert not probe.wired
    assert "does not say how it is wired" in probe.notes[0]


def test_units_are_brought_to_micrometres(tmp_path: Path) -> None:
    _probeinterface(tmp_path / "mm.json", units="mm", scale=1e3)
    assert np.allclose(read_probe(str(tmp_path / "mm.json"), 4).positions_um, [[20, 30], [0, 0], [0, 60]])


def test_contacts_that_are_not_connected_are_left_out(tmp_path: Path) -> None:
    _probeinterface(tmp_path / "some.json", columns=[1, -1, 0])
    assert read_probe(str(tmp_path / "some.json"), 2).positions_um.tolist() == [[0, 60], [0, 0]]


def test_two_probes_stand_side_by_side_on_shanks_of_their_own(tmp_path: Path) -> None:
    import probeinterface

    group = probeinterface.ProbeGroup()
    for first in (0, 2):
        probe = probeinterface.Probe(ndim=2, si_units="um")
        probe.set_contacts(np.array(XY[:2]), shank_ids=["0", "0"])
        probe.set_device_channel_indices([first, first + 1])
        group.add_probe(probe)
    probeinterface.write_probeinterface(tmp_path / "two.json", group)
    probe = read_probe(str(tmp_path / "two.json"), 4)
    assert probe.positions_um.tolist() == [[0, 0], [20, 30], [220, 0], [240, 30]]
    assert probe.shanks.tolist() == [0, 0, 1, 1]
    assert probe.notes == ("Probe 1 is drawn 220 µm further right, beside the one before.",)


def test_channels_of_one_place_are_moved_aside() -> None:
    probe = channels_of([[0, 0], [0, 0], [8, 0]], source="r", n_columns=3)
    assert len(np.unique(probe.positions_um, axis=0)) == 3
    assert "1 channels share a place" in probe.notes[0]


def _text(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text)


def _array(array: Any) -> Callable[[Path], object]:
    return lambda path: np.save(path, np.array(array))


@pytest.mark.parametrize(
    ("name", "write", "sentence"),
    [
        ("p.json", _text("{"), "cannot be read as a probe"),
        ("p.json", _text('{"a": 1}'), "is no probe of probeinterface, nor of Kilosort"),
        ("p.csv", _text("a,b\n1,2\n"), "needs columns named x and y"),
        ("p.csv", _text("x,y\n1,\n"), "cannot be read as a probe"),
        ("p.csv", _text("x,y\n1,nan\n"), "has no position of channel 0"),
        ("p.csv", _text("x,y,channel\n0,1,1\n2,2,1\n"), "gives channel 1 to two contacts"),
        ("p.csv", _text("x,y,channel\n0,1,-1\n2,2,-1\n"), "connects no contact"),
        ("p.csv", _text("x,y,channel\n0,1,0\n2,2,2\n"), "names channel 2, and the recording has 2"),
        ("p.npy", _array([1.0, 2.0]), r"has the shape \(2,\)"),
        ("p.npy", _array(np.zeros((3, 2)) + np.arange(3)[:, None]), "names channel 2, and the recording has 2"),
        ("p.mat", _text("no"), "cannot be read as a probe"),
        ("p.mat", lambda path: savemat(path, {"xcoords": [1]}), "cannot be read as a probe: it has no ycoords"),
        ("p.txt", _text("no"), "is no probe that can be read"),
    ],
)
def test_what_is_no_probe_of_the_recording_is_refused(
    tmp_path: Path, name: str, write: Callable[[Path], object], sentence: str
) -> None:
    write(tmp_path / name)
    with pytest.raises(DatasetError, match=sentence):
        read_probe(str(tmp_path / name), 2)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="does not exist; name a file, or MANUFACTURER/NAME"):
        read_probe(str(tmp_path / "nothing.json"), 2)


def test_the_library_is_asked_for_a_probe_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    import probeinterface

    def get_probe(manufacturer: str, name: str) -> Any:
        if manufacturer != "imec":
            raise URLError("no network")
        probe = probeinterface.Probe(ndim=2, si_units="um")
        probe.set_contacts(np.array(XY))
        return probe

    monkeypatch.setattr(probeinterface, "get_probe", get_probe)
    assert read_probe("imec/NP", 4).columns.tolist() == [0, 1, 2]
    with pytest.raises(DatasetError, match=r"The probe other/NP could not be fetched .*no network.*go online"):
        read_probe("other/NP", 4)
