"""The store: a valid Kwik file with runs; nothing overwritten, nothing lost, never in the way of curation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from phy_medicine.base.errors import DatasetError, ReadOnlyError
from phy_medicine.io import store_file
from phy_medicine.io.h5 import H5File
from phy_medicine.io.kwik_write import KwikChannelGroup, KwikClustering, KwikContent
from phy_medicine.io.store import Store, StoreError
from phy_medicine.io.store_file import StoreFile
from tests.io.small_disk import small_disk

MOTION = {
    "displacement": np.array([[0.0, 1.5], [2.0, np.nan]]),
    "temporal_bins_s": np.array([0.0, 1.0]),
    "spatial_bins_um": np.array([20.0, 60.0]),
}
UNITS = {"displacement": "µm", "temporal_bins_s": "s", "spatial_bins_um": "µm"}


def content(labels=(3, 5, 3, 5), groups=None) -> KwikContent:
    """Four spikes on two channels."""
    main = KwikClustering(np.array(labels), groups or {3: "good"})
    group = KwikChannelGroup(np.array([0, 1]), np.array([[0.0, 0.0], [0.0, 20.0]]), np.array([5, 9, 30, 31]),
                             {"main": main})  # fmt: skip
    return KwikContent("toy", 30_000.0, {0: group})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, content, identity=lambda: "toy")


def names(store: Store) -> list[str]:
    return [run.name for run in store.runs()]


def left_behind(store: Store) -> list[str]:
    return sorted(path.name for path in store.path.parent.iterdir() if path.name != "lock")


def test_a_dataset_without_a_store_has_no_runs_and_no_file(store):
    assert store.runs() == ()
    assert store.problem == ""
    assert not store.path.parent.exists()


def test_the_parts_of_a_result_are_runs_of_their_own_that_name_each_other(store):
    from phy_medicine.io.store_runs import Part

    store.add("motion", MOTION)
    run = store.add("places", {"x": np.arange(3.0)}, units={"x": "µm", **UNITS}, facts={"n": 3}, name="mine",
                    parts=[Part("motion", MOTION, {"n": 1})])  # fmt: skip
    (_, motion), (places,) = store.runs("motion"), store.runs("places")
    assert (places.name, places.facts) == ("mine", {"n": 3, "motion": motion.id})
    assert (motion.name, motion.facts) == ("motion 2", {"n": 1, "places": places.id})
    assert places == run and motion.units == UNITS and places.units == {"x": "µm"}
    assert store.read(motion.id).keys() == MOTION.keys()
    with pytest.raises(StoreError, match="cannot be the kind"):
        store.add("places", {}, parts=[Part("no kind", {})])
    assert len(store.runs()) == 3


def test_a_run_comes_back_with_everything_that_belongs_to_it(store):
    run = store.add("motion", MOTION, units=UNITS, params={"bins": 3}, facts={"loss": [1.5, None]},
                    inputs={"times_s": "ab12"})  # fmt: skip
    (found,) = store.runs("motion")
    assert found == run
    assert (found.name, found.params, found.inputs) == ("motion 1", {"bins": 3}, {"times_s": "ab12"})
    assert found.facts == {"loss": [1.5, None]}
    assert found.units == UNITS
    assert found.shapes["displacement"] == (2, 2)
    back = store.read(run.id)
    assert back.keys() == MOTION.keys()
    for name, array in MOTION.items():
        assert np.array_equal(back[name], array, equal_nan=True)
        assert back[name].dtype == array.dtype


def test_every_data_set_carries_what_the_format_asks_for(store):
    run = store.add("motion", MOTION, units=UNITS, params={"bins": 3}, inputs={"times_s": "ab12"})
    with h5py.File(store.path) as file:
        data = file[f"/application_data/phy_medicine/motion/{run.id}/displacement"]
        attributes = {name: value[0].decode() for name, value in data.attrs.items()}
    assert attributes["unit"] == "µm"
    assert json.loads(attributes["params"]) == {"bins": 3}
    assert json.loads(attributes["inputs"]) == {"times_s": "ab12"}
    assert attributes["code_version"] and attributes["created"] == run.created


def test_the_store_is_a_kwik_file(store):
    store.add("motion", MOTION)
    with h5py.File(store.path) as file:
        assert file.attrs["kwik_version"] == 2
        group = file["/channel_groups/0"]
        assert group["spikes/time_samples"][()].tolist() == [5, 9, 30, 31]
        assert group["spikes/clusters/main"][()].tolist() == [3, 5, 3, 5]
        assert group["clusters/main/3"].attrs["cluster_group"] == 2
        assert group["channels/1"].attrs["position"].tolist() == [0, 20]


def test_a_new_run_brings_the_clusters_of_the_kwik_file_up_to_date(tmp_path):
    state = [content()]
    store = Store(tmp_path, lambda: state[0], identity=lambda: "toy")
    store.add("motion", MOTION)
    state[0] = content((3, 7, 3, 7), {7: "noise"})
    store.add("motion", MOTION)
    with h5py.File(store.path) as file:
        group = file["/channel_groups/0"]
        assert group["spikes/clusters/main"][()].tolist() == [3, 7, 3, 7]
        assert sorted(group["clusters/main"]) == ["3", "7"]
        assert group["clusters/main/7"].attrs["cluster_group"] == 0
        assert group["clusters/main/3"].attrs["cluster_group"] == 3
    assert names(store) == ["motion 1", "motion 2"]


def test_runs_are_added_never_overwritten(store):
    first = store.add("motion", MOTION, name="mine")
    second = store.add("motion", {**MOTION, "displacement": MOTION["displacement"] + 1}, name="mine")
    assert first.id != second.id
    assert store.read(first.id)["displacement"][0, 1] == 1.5
    assert store.read(second.id)["displacement"][0, 1] == 2.5
    with pytest.raises(StoreError, match="2 runs are called 'mine'"):
        store.run("mine")


def test_facts_too_long_for_an_attribute_of_hdf5_come_back(store):
    facts = {"loss": list(range(40_000))}
    run = store.add("motion", MOTION, facts=facts, params=facts)
    (found,) = store.runs()
    assert found.facts == found.params == facts
    assert store.read(run.id).keys() == MOTION.keys()


def test_large_arrays_come_back(store):
    rng = np.random.default_rng(0)
    array = rng.normal(size=(300, 200)).astype(np.float32)
    assert np.array_equal(store.read(store.add("localization", {"x": array}).id)["x"], array)


def test_renaming_keeps_the_id_and_refuses_a_name_that_is_taken(store):
    first, second = store.add("motion", MOTION), store.add("motion", MOTION)
    assert store.rename(first.id, " level 5 ").id == first.id
    assert names(store) == ["level 5", "motion 2"]
    for name in ("level 5", "", "  "):
        with pytest.raises(StoreError):
            store.rename(second.id, name)
    assert names(store) == ["level 5", "motion 2"]
    assert store.add("motion", MOTION).name == "motion 1"


def test_deleting_gives_the_place_back_and_keeps_the_rest(store):
    big = np.random.default_rng(0).normal(size=200_000)
    kept = store.add("motion", MOTION, units=UNITS, params={"bins": 3})
    size = store.path.stat().st_size
    gone = store.add("localization", {"x": big})
    assert store.path.stat().st_size > size + 1_000_000
    store.delete(gone.id)
    assert store.path.stat().st_size < size + 20_000
    assert store.runs() == (kept,)
    assert np.array_equal(store.read(kept.id)["displacement"], MOTION["displacement"], equal_nan=True)
    with h5py.File(store.path) as file:
        assert file.attrs["kwik_version"] == 2
        assert file["/channel_groups/0/spikes/clusters/main"][()].tolist() == [3, 5, 3, 5]
        assert file["/application_data/spikedetekt"].attrs["sample_rate"] == 30_000
    with pytest.raises(StoreError, match="no run"):
        store.read(gone.id)


def test_export_writes_arrays_and_facts_and_overwrites_nothing(store, tmp_path):
    run = store.add("motion", MOTION, params={"bins": 3})
    paths = store.export(run.id, tmp_path / "out")
    assert sorted(p.name for p in paths) == sorted([*(f"{n}.npy" for n in MOTION), "run.json"])
    assert np.load(tmp_path / "out" / "temporal_bins_s.npy").tolist() == [0, 1]
    assert json.loads((tmp_path / "out" / "run.json").read_text())["params"] == {"bins": 3}
    with pytest.raises(StoreError, match="nothing is overwritten"):
        store.export(run.id, tmp_path / "out")


def test_comparing_says_what_differs(store):
    a = store.add("motion", {"x": np.array([0.0, 1.0, 2.0]), "only": np.arange(2)}, params={"bins": 3, "seed": 1},
                  inputs={"times_s": "ab"})  # fmt: skip
    b = store.add("motion", {"x": np.array([0.0, 1.0, 5.0]), "bins": np.arange(3)}, params={"bins": 4, "seed": 1},
                  inputs={"times_s": "ab"})  # fmt: skip
    c = store.compare(a.id, b.id)
    assert c.params == {"bins": (3, 4)}
    assert c.same_inputs
    assert (c.arrays["x"].rms, c.arrays["x"].largest) == (pytest.approx(3**0.5), 3.0)
    assert c.arrays["only"].shapes == ((2,), None)
    other = store.add("localization", {"x": np.arange(3)})
    with pytest.raises(StoreError, match="run of motion"):
        store.compare(a.id, other.id)


@pytest.mark.parametrize(
    ("kind", "arrays"),
    [("a/b", MOTION), ("", MOTION), ("motion", {"a/b": np.arange(2)}), ("motion", {"x": np.array(["a"])}),
     ("motion", {"x": np.array([None])}), ("motion", {"json": np.arange(2)})],
)  # fmt: skip
def test_what_the_format_cannot_hold_is_refused_and_leaves_nothing(store, kind, arrays):
    kept = store.add("motion", MOTION)
    with pytest.raises(StoreError):
        store.add(kind, arrays)
    assert store.runs() == (kept,)
    assert left_behind(store) == ["store.kwik"]


# Trouble


Break = Callable[[pytest.MonkeyPatch], None]


def _no_space(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("usage", (), {"free": 1000})
    monkeypatch.setattr(store_file.shutil, "disk_usage", lambda _path: usage)


def _full_in_the_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    def copyfile(_source: Path, target: Path) -> None:
        target.write_bytes(b"\x89HDF")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_file.shutil, "copyfile", copyfile)


def _full_in_a_write(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(_self: H5File, path: str, _array: np.ndarray, **_options: object) -> None:
        raise DatasetError(f"{path} could not be written (no space left on device); check the space and the rights.")

    monkeypatch.setattr(H5File, "write", write)


def _full_in_the_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    def reserve(_path: Path, _n_bytes: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_file, "reserve", reserve)


def _full_in_the_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    def sync_file(_path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_file, "sync_file", sync_file)


def _lost_in_the_draft(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that says all is well and keeps something else."""
    real = store_file.sync_file

    def sync_file(path: Path) -> None:
        content = bytearray(path.read_bytes())
        path.write_bytes(content[: len(content) // 2])
        real(path)

    monkeypatch.setattr(store_file, "sync_file", sync_file)


def _no_rename(monkeypatch: pytest.MonkeyPatch) -> None:
    def replace(_self: Path, _target: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "replace", replace)


@pytest.mark.parametrize(
    "fail",
    [
        _no_space,
        _full_in_the_copy,
        _full_in_a_write,
        _full_in_the_reserve,
        _full_in_the_sync,
        _lost_in_the_draft,
        _no_rename,
    ],
)
def test_a_write_that_fails_leaves_the_store_as_it_was(store, fail: Break, monkeypatch):
    kept = store.add("motion", MOTION)
    before = store.path.read_bytes()
    with monkeypatch.context() as patch:
        fail(patch)
        with pytest.raises(StoreError, match="What it held is unchanged"):
            store.add("motion", MOTION)
    assert store.path.read_bytes() == before
    assert left_behind(store) == ["store.kwik"]
    assert store.runs() == (kept,)
    assert store.add("motion", MOTION).name == "motion 2"


def test_a_disk_that_is_really_full_leaves_the_store_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(StoreFile, "_check_space", lambda _self, _n_bytes: None)
    with small_disk(tmp_path / "disk", "12m") as disk:
        store = Store(disk, content, identity=lambda: "toy")
        kept = store.add("motion", MOTION)
        before = store.path.read_bytes()
        noise = np.random.default_rng(0).normal(size=1_600_000)
        with pytest.raises(StoreError, match="What it held is unchanged"):
            store.add("localization", {"x": noise})
        assert store.path.read_bytes() == before
        assert left_behind(store) == ["store.kwik"]
        assert store.runs() == (kept,)
        assert store.add("motion", MOTION).name == "motion 2"


@pytest.mark.parametrize("fallocate", [True, False])
def test_the_space_is_taken_before_hdf5_needs_it_and_given_back(store, monkeypatch, fallocate):
    """HDF5 cannot close a file that outgrew its disk, and brings the process down at its next use."""
    if not fallocate:
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
    sizes: list[tuple[int, int]] = []
    real = H5File.flush

    def flush(self: H5File) -> None:
        before = self.path.stat().st_size
        real(self)
        sizes.append((before, self.path.stat().st_size))

    monkeypatch.setattr(H5File, "flush", flush)
    for n in (0, 200_000):
        run = store.add("localization", {"x": np.random.default_rng(0).normal(size=n)})
    store.rename(run.id, "it")
    assert all(after <= before for before, after in sizes)
    assert store.path.stat().st_size < 200_000 * 8 + 100_000


def test_a_store_cut_at_any_place_is_set_aside_and_a_new_one_begun(tmp_path):
    whole = Store(tmp_path / "whole", content, identity=lambda: "toy")
    whole.add("motion", MOTION)
    data = whole.path.read_bytes()
    for i, n in enumerate([0, 1, 8, 100, 2000, len(data) // 2, len(data) - 1]):
        store = Store(tmp_path / str(i), content, identity=lambda: "toy")
        store.path.parent.mkdir(parents=True)
        store.path.write_bytes(data[:n])
        assert store.runs() == ()
        assert "set aside as store.set-aside-" in store.problem
        (aside,) = store.path.parent.iterdir()
        assert aside.read_bytes() == data[:n]
        assert store.add("motion", MOTION).name == "motion 1"
        assert "set aside" in store.problem


@pytest.mark.parametrize("what", ["text", "hdf5", "kwik", "other dataset"])
def test_a_foreign_store_is_set_aside(tmp_path, what):
    store = Store(tmp_path, content, identity=lambda: "toy")
    store.path.parent.mkdir()
    if what == "text":
        store.path.write_text("not HDF5 at all")
    elif what == "other dataset":
        Store(tmp_path, content, identity=lambda: "another").add("motion", MOTION)
    else:
        with h5py.File(store.path, "w") as file:
            if what == "kwik":
                file.attrs["kwik_version"] = 2
    assert store.runs() == ()
    assert "set aside" in store.problem
    assert not store.path.exists()


def test_bytes_damaged_inside_never_stop_a_dataset_from_opening(tmp_path):
    whole = Store(tmp_path / "whole", content, identity=lambda: "toy")
    run = whole.add("motion", MOTION)
    data = whole.path.read_bytes()
    rng = np.random.default_rng(3)
    for i in range(25):
        store = Store(tmp_path / str(i), content, identity=lambda: "toy")
        store.path.parent.mkdir(parents=True)
        damaged = bytearray(data)
        for place in rng.integers(0, len(data), 40):
            damaged[place] = rng.integers(0, 256)
        store.path.write_bytes(damaged)
        try:
            if run.id in [r.id for r in store.runs()]:
                store.read(run.id)
        except DatasetError:
            pass
        except StoreError:
            pass


def test_a_reader_reads_and_never_writes_nor_sets_aside(tmp_path):
    def refuse() -> None:
        raise ReadOnlyError("toy is being curated by somebody else.")

    writer = Store(tmp_path, content, identity=lambda: "toy")
    reader = Store(tmp_path, content, identity=lambda: "toy", claim=refuse)
    run = writer.add("motion", MOTION)
    assert reader.runs() == (run,)
    for change in (lambda: reader.add("motion", MOTION), lambda: reader.rename(run.id, "x"),
                   lambda: reader.delete(run.id)):  # fmt: skip
        with pytest.raises(ReadOnlyError):
            change()
    writer.path.write_bytes(b"broken")
    assert reader.runs() == ()
    assert "being curated by somebody else" in reader.problem
    assert writer.path.read_bytes() == b"broken"


def test_a_reader_that_is_reading_keeps_the_old_file_and_sees_the_new_one_next(store, tmp_path):
    run = store.add("motion", MOTION)
    reader = Store(tmp_path, content, identity=lambda: "toy")
    with h5py.File(store.path) as open_file:
        second = store.add("motion", MOTION)
        store.delete(run.id)
        path = f"/application_data/phy_medicine/motion/{run.id}/temporal_bins_s"
        assert open_file[path][()].tolist() == [0, 1]
    assert reader.runs() == (second,)


WRITER = """
import sys
import numpy as np
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_store import content
from phy_medicine.io.store import Store
store = Store(Path(sys.argv[1]), content, identity=lambda: "toy")
print("ready", flush=True)
while True:
    run = store.add("motion", {"x": np.full(3000, len(store.runs()))})
    if len(store.runs()) > 5:
        store.delete(store.runs()[0].id)
"""


def test_a_writer_killed_at_any_moment_leaves_a_store_that_opens(tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    for round_ in range(4):
        command = [sys.executable, "-c", WRITER, str(tmp_path), str(Path(__file__).parent)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
        writer.stdout.readline()
        reader = Store(tmp_path, content, identity=lambda: "toy")
        seen = 0
        while seen < 3 + round_:  # a reader in the middle of it all
            runs = reader.runs()
            seen += len(runs)
            assert reader.problem == ""
        writer.kill()
        writer.wait()
        writer.stdout.close()
        after = Store(tmp_path, content, identity=lambda: "toy")
        assert after.problem == ""
        assert all(len(set(after.read(run.id)["x"])) == 1 for run in after.runs())
    after.add("motion", MOTION)
    assert not list(after.path.parent.glob("*.part"))
