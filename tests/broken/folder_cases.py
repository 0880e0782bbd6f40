"""Folders with strange names, rights and links, and files of the program itself that somebody else made."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np

from tests.broken.case import Topic
from tests.broken.params_cases import Bomb
from tests.broken.sound import beside, fifo, load, save

names = Topic("Folders")
own = Topic("The program's own files beside the dataset")
OWN = ".phy_medicine"


@names.opens("a name with spaces", folder="my sorted data ")
def has_spaces(d: Path) -> None:
    """As it is."""


@names.opens("a name of other alphabets", folder="données_Ω_数据_🧠")
def has_letters(d: Path) -> None:
    """As it is."""


@names.opens("a name with quotes, brackets and percent signs", folder="a'b\"c{d}%s$(touch owned)&<b>")
def has_quotes(d: Path) -> None:
    """As it is."""


@names.opens("a name with a line end", folder="two\nlines")
def has_a_line_end(d: Path) -> None:
    """As it is."""


@names.opens("a path of 3,000 letters", folder="/".join(["x" * 200] * 15))
def has_a_long_path(d: Path) -> None:
    """As it is."""


@names.opens("a folder that may not be written", "The folder DIR cannot be written.", read_only=True, as_user=True)
def may_not_be_written(d: Path) -> None:
    d.chmod(0o555)


@names.opens(
    "a link in a circle beside the files",
    "spike_loop.npy cannot be read (too many levels of symbolic links); check the file and its rights. It is left out.",
)
def has_a_circle(d: Path) -> None:
    (d / "again").symlink_to(d)
    (d / "spike_loop.npy").symlink_to(d / "spike_loop.npy")


@names.opens("labels that are a link to another person's file")
def has_linked_labels(d: Path) -> None:
    other = d.parent / "other.npy"
    (d / "spike_clusters.npy").rename(other)
    (d / "spike_clusters.npy").symlink_to(other)


def _own(d: Path, name: str, content: str | bytes) -> Path:
    path = d / OWN / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _target(d: Path) -> Path:
    """A folder of another person with a file in it."""
    other = d.parent / "other"
    other.mkdir()
    (other / "precious").write_text("years of work")
    return other


@own.opens(
    "`.phy_medicine` is a link out of the dataset",
    "DIR/.phy_medicine is a link to DIR/../other, and nothing is written out of the dataset: remove the link.",
    read_only=True,
)
def is_linked_elsewhere(d: Path) -> None:
    (d / OWN).symlink_to(_target(d))


@own.opens(
    "`.phy_medicine/journal` is a link out of the dataset",
    "DIR/.phy_medicine/journal is a link to DIR/../other, and nothing is written out of the dataset: remove the link.",
    read_only=True,
)
def has_a_linked_journal(d: Path) -> None:
    (d / OWN).mkdir()
    (d / OWN / "journal").symlink_to(_target(d))


@own.opens(
    "`.phy_medicine/backups` is a link out of the dataset",
    "DIR/.phy_medicine/backups is a link to DIR/../other, and nothing is written out of the dataset: remove the link.",
    read_only=True,
)
def has_linked_backups(d: Path) -> None:
    (d / OWN).mkdir()
    (d / OWN / "backups").symlink_to(_target(d))


@own.opens(
    "`.phy_medicine` is a file", "DIR/.phy_medicine is a file, where a folder must be: move it away.", read_only=True
)
def is_a_file(d: Path) -> None:
    (d / OWN).write_text("not a folder")


@own.opens(
    "a log that is a link to another file",
    "DIR/.phy_medicine/log/phy-medicine.log is a link to DIR/../precious, and nothing is written out of the dataset: remove the link.",
    read_only=True,
)
def has_a_linked_log(d: Path) -> None:
    (d / OWN / "log").mkdir(parents=True)
    (d / OWN / "log" / "phy-medicine.log").symlink_to(beside(d, "precious", "years of work"))


@own.opens(
    "a log that is a pipe",
    "DIR/.phy_medicine/log/phy-medicine.log is a pipe, where a file must be: move it away.",
    read_only=True,
)
def has_a_pipe_as_log(d: Path) -> None:
    (d / OWN / "log").mkdir(parents=True)
    fifo(d / OWN / "log", "phy-medicine.log")


@own.opens("a state of the window that is no JSON")
def has_a_broken_state(d: Path) -> None:
    _own(d, "state.json", "{")


@own.opens("a state of 100,000 brackets")
def has_a_deep_state(d: Path) -> None:
    _own(d, "state.json", "[" * 100_000)


@own.opens("a state with values of other kinds")
def has_a_strange_state(d: Path) -> None:
    values = {
        "layout": {"row": [{"tabs": ["NoView", "../x", 7]}, {"column": "?"}], "sizes": [-1, "a"]},
        "theme": 7, "font_size": 10**9, "views": {"WaveformView": {"n_spikes": 10**15, "scale": None}},
        "columns": [[]], "motion": "../../x", "localization": {"run": 4}, "geometry": "zz", "filter": 3, "sort": {},
    }  # fmt: skip
    _own(d, "state.json", json.dumps({"version": 1, "values": values}))


@own.opens("a state that is a pipe")
def has_a_pipe_as_state(d: Path) -> None:
    (d / OWN).mkdir()
    fifo(d / OWN, "state.json")


@own.opens("a configuration of the dataset that names a program")
def has_a_configuration_with_code(d: Path) -> None:
    for name in ("phy_config.py", "plugin.py", ".phy/phy_config.py", "conftest.py", "sitecustomize.py"):
        (d / name).parent.mkdir(exist_ok=True)
        (d / name).write_text(f"open('{d.parent}/owned', 'w')")
    (d / "phy_medicine.toml").write_text("plugins = ['plugin']\nplugin_dirs = ['.']\nthreads = 1000000000\n")


@own.opens("a journal that is no journal")
def has_a_broken_journal(d: Path) -> None:
    _own(d, "journal/20200101T000000_000000Z.jsonl", b"\x00\xff" * 50_000)


@own.opens("a journal of 50 MB without a line end")
def has_a_giant_journal(d: Path) -> None:
    path = _own(d, "journal/20200101T000000_000000Z.jsonl", b"")
    with path.open("r+b") as file:
        file.truncate(50 << 20)


@own.opens("a journal that is a pipe")
def has_a_pipe_as_journal(d: Path) -> None:
    (d / OWN / "journal").mkdir(parents=True)
    fifo(d / OWN / "journal", "20200101T000000_000000Z.jsonl")


@own.opens("a lock that is no lock")
def has_a_broken_lock(d: Path) -> None:
    _own(d, "lock", "[" * 100_000)


@own.opens("a lock that is a pipe")
def has_a_pipe_as_lock(d: Path) -> None:
    (d / OWN).mkdir()
    fifo(d / OWN, "lock")


@own.opens("a lock that is a folder")
def has_a_folder_as_lock(d: Path) -> None:
    (d / OWN / "lock").mkdir(parents=True)


@own.opens(
    "a lock of another machine, with the text of a web page as its user",
    "It is being curated by <b>xxx… on far away since 2020-01-01 00:00 UTC.",
    read_only=True,
)
def has_a_lock_of_another(d: Path) -> None:
    lock = {"host": "far\naway", "user": "<b>" + "x" * 10_000, "pid": 1, "time": "2020-01-01T00:00:00", "started": ""}
    _own(d, "lock", json.dumps(lock))


@own.opens("an interrupted save of files outside of the dataset")
def has_a_save_elsewhere(d: Path) -> None:
    files = [{"name": "../precious", "size": 3, "sha256": "0" * 64, "old": None}]
    _own(d, "pending.json", json.dumps({"version": 1, "stamp": "../../x", "files": files}))
    (d.parent / "precious").write_text("years of work")


@own.opens("an interrupted save that is no JSON, and a manifest of 100,000 brackets")
def has_a_broken_save(d: Path) -> None:
    _own(d, "pending.json", "[" * 100_000)
    _own(d, "saved.json", "[" * 100_000)
    _own(d, "fields.json", "[" * 100_000)


@own.opens("an interrupted save of a file that no save writes")
def has_a_save_of_the_raw_data(d: Path) -> None:
    import hashlib

    stat = (d / "recording.dat").stat()
    digest = hashlib.sha256(b"new").hexdigest()
    files = [{"name": "recording.dat", "size": 3, "sha256": digest, "old": [stat.st_size, stat.st_mtime_ns]}]
    _own(d, "pending.json", json.dumps({"version": 1, "stamp": "20200101T000000_000000Z", "files": files}))
    _own(d, "staging/20200101T000000_000000Z/recording.dat", b"new")


@own.opens("a store of results that is no HDF5 file")
def has_a_broken_store(d: Path) -> None:
    _own(d, "store.kwik", b"no hdf5" * 1000)


@own.opens("a store of results that claims 10^15 values")
def has_a_giant_store(d: Path) -> None:
    (d / OWN).mkdir()
    with h5py.File(d / OWN / "store.kwik", "w") as file:
        file.attrs["kwik_version"] = 2
        run = file.create_group("application_data/phy_medicine/motion/20200101T000000_000000Z")
        run.attrs["name"] = "motion 1"
        for name in ("displacement", "temporal_bins_s", "spatial_bins_um"):
            run.create_dataset(name, shape=(10**15,), dtype="f8", chunks=(1000,))


@own.opens("a store of results with links to other files")
def has_a_linked_store(d: Path) -> None:
    (d / OWN).mkdir()
    with h5py.File(d / OWN / "store.kwik", "w") as file:
        file.attrs["kwik_version"] = 2
        group = file.create_group("application_data/phy_medicine")
        group["motion"] = h5py.ExternalLink("/etc/passwd", "/")
        group["localization"] = h5py.SoftLink("/application_data")


@own.opens("pickled caches and checkpoints of networks that run a program")
def has_pickled_caches(d: Path) -> None:
    import pickle

    content = pickle.dumps(Bomb(d))
    for name in (".phy/spikes_per_cluster.pkl", ".phy/memcache/_get.pkl", ".phy/state.json", "rez.pkl", "model.pt"):
        path = d / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for name in ("depths.npy", "x.pt", "waveforms.pkl"):
        _own(d, f"cache/{name}", content)
    _own(d, "unfinished/20200101T000000_000000Z/state.pt", content)
    _own(d, "unfinished/20200101T000000_000000Z/request.json", '{"kind": "motion", "settings": {"out": "../../x"}}')
    np.save(d / "ops.npy", np.array(Bomb(d), dtype=object), allow_pickle=True)


@own.opens("caches of another dataset", "")
def has_foreign_caches(d: Path) -> None:
    for name in ("spike_depths.npy", "depths.npy"):
        _own(d, f"cache/{name}", b"\x93NUMPY")
    save(d, "spike_clusters.npy", load(d, "spike_clusters.npy"))
