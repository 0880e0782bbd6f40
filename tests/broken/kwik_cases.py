"""Kwik files that are damaged, hold other things than they must, or lead out of themselves."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from tests.broken.case import Topic
from tests.broken.sound import KWIK, beside, cut, fifo, h5, in_place, replace_data, set_attribute

files = Topic("Kwik: the file", kwik=True)
links = Topic("Kwik: links", kwik=True)
content = Topic("Kwik: what is in it", kwik=True)
GROUP = "/channel_groups/0"
SPIKES = f"{GROUP}/spikes"
MAIN = f"{SPIKES}/clusters/main"
SETTINGS = "/application_data/spikedetekt"


def _remove(d: Path, path: str, name: str = KWIK) -> None:
    with h5(d, name) as file:
        del file[path]


def _giant(d: Path, path: str, *, chunked: bool, dtype: str = "i8", shape: tuple[int, ...] = (10**15,)) -> None:
    """Put a data set of 10^15 values, none of which was ever written, in the place of another."""
    with h5(d) as file:
        del file[path]
        file.create_dataset(path, shape=shape, dtype=dtype, chunks=(1000,) * len(shape) if chunked else None)


@files.refused("the file is missing", "DIR/rec.kwik does not exist; check the path.")
def has_no_kwik(d: Path) -> None:
    in_place(d, KWIK)


@files.refused("an empty file", "DIR/rec.kwik is no HDF5 file; check what it is, or copy it again.")
def is_an_empty_kwik(d: Path) -> None:
    (d / KWIK).write_bytes(b"")


@files.refused("no HDF5 file", "DIR/rec.kwik is no HDF5 file; check what it is, or copy it again.")
def is_no_hdf5(d: Path) -> None:
    (d / KWIK).write_bytes(b"not HDF5 at all " * 1000)


@files.refused(
    "cut in the middle", "DIR/rec.kwik is cut short: it is a damaged or incompletely copied HDF5 file; copy it again."
)
def is_a_cut_kwik(d: Path) -> None:
    cut(d, KWIK, 0.5)


@files.refused(
    "zeros in the middle", "/ in rec.kwik cannot be read; the file is damaged (unable to determine object type)."
)
def has_zeros_inside(d: Path) -> None:
    data = bytearray((d / KWIK).read_bytes())
    data[600 : len(data) // 2] = bytes(len(data) // 2 - 600)
    (d / KWIK).write_bytes(data)


@files.refused("a pipe", "DIR/rec.kwik is a pipe, where a file must be; check the path.")
def is_a_piped_kwik(d: Path) -> None:
    fifo(d, KWIK)


@files.refused("a folder", "DIR/rec.kwik is a folder, where a file must be; check the path.")
def is_a_folder_named_kwik(d: Path) -> None:
    in_place(d, KWIK).mkdir()


@files.refused("no version", "DIR/rec.kwik is no Kwik file: it names no kwik_version.")
def has_no_version(d: Path) -> None:
    set_attribute(d, "/", "kwik_version", None)


@files.refused("version 3", "DIR/rec.kwik is of Kwik version 3; only version 2 can be opened.")
def has_another_version(d: Path) -> None:
    set_attribute(d, "/", "kwik_version", 3)


@files.opens("no .kwx", "rec.kwx: is missing, so there are no features and masks.")
def has_no_kwx(d: Path) -> None:
    in_place(d, "rec.kwx")


@files.opens(
    "a .kwx cut short",
    "rec.kwx: DIR/rec.kwx is cut short: it is a damaged or incompletely copied HDF5 file; copy it again. There are no features and masks.",
)
def has_a_cut_kwx(d: Path) -> None:
    cut(d, "rec.kwx", 0.5)


@files.opens(
    "a .kwx of another number of spikes",
    "rec.kwx: has 7 rows at /channel_groups/0/features_masks for 90 spikes. Features are not shown.",
)
def has_another_kwx(d: Path) -> None:
    replace_data(d, f"{GROUP}/features_masks", np.zeros((7, 12, 2), dtype=np.float32), "rec.kwx")


@files.opens("a .kwx of which nothing was written")
def has_an_unwritten_kwx(d: Path) -> None:
    with h5(d, "rec.kwx") as file:
        del file[f"{GROUP}/features_masks"]
        file.create_dataset(f"{GROUP}/features_masks", shape=(90, 12, 2), dtype="f4")


@files.opens(
    "features and masks that are not finite",
    "rec.kwx: 90 of 90 places looked at hold NaN or infinite values, which are not drawn.",
)
def has_nan_kwx(d: Path) -> None:
    with h5(d, "rec.kwx") as file:
        file[f"{GROUP}/features_masks"][...] = np.nan
        file[f"{GROUP}/features_masks"][::3] = np.inf


@files.opens(
    "a .kwx whose columns are 10^12 wide",
    "rec.kwx: claims 1,000,000,000,000 columns of features for 4 channels. Features are not shown.",
)
def has_a_wide_kwx(d: Path) -> None:
    with h5(d, "rec.kwx") as file:
        del file[f"{GROUP}/features_masks"]
        file.create_dataset(f"{GROUP}/features_masks", shape=(90, 10**12, 2), dtype="f4", chunks=(9, 1000, 2))


@files.opens(
    "raw data that are missing",
    "rec.kwik: No raw data: rec.raw.kwd, the raw data of recording 0, was not found. Traces and waveforms are not shown.",
)
def has_no_kwd(d: Path) -> None:
    in_place(d, "rec.raw.kwd")


@files.opens(
    "raw data cut short",
    "rec.kwik: No raw data: DIR/rec.raw.kwd is cut short: it is a damaged or incompletely copied HDF5 file; copy it again. Traces and waveforms are not shown.",
)
def has_a_cut_kwd(d: Path) -> None:
    cut(d, "rec.raw.kwd", 0.5)


@files.opens(
    "raw data of one recording of two",
    "rec.kwik: No raw data: There is no /recordings/1/data in rec.raw.kwd; the file is damaged or of another kind. Traces and waveforms are not shown.",
)
def has_half_a_kwd(d: Path) -> None:
    _remove(d, "/recordings/1", "rec.raw.kwd")


@files.opens("raw data that lie outside of the folder, says the file", "No raw data: DIR/../x.raw.kwd is no HDF5 file")
def has_a_kwd_elsewhere(d: Path) -> None:
    in_place(d, "rec.raw.kwd")
    for r in range(2):
        set_attribute(d, f"/recordings/{r}/raw", "hdf5_path", str(beside(d, "x.raw.kwd", "secret")))


@files.opens(
    "raw data that are a device",
    "rec.kwik: No raw data: zero, the raw data of recording 0, was not found. Traces and waveforms are not shown.",
)
def has_a_device_as_kwd(d: Path) -> None:
    in_place(d, "rec.raw.kwd")
    for r in range(2):
        set_attribute(d, f"/recordings/{r}/raw", "hdf5_path", None)
        set_attribute(d, f"/recordings/{r}/raw", "dat_path", "/dev/zero.dat/../zero")


@links.refused(
    "the spikes are a link to another file",
    "DIR/rec.kwik has a link to another file at /channel_groups/0/spikes/clusters/main, which is never followed; copy what it links to into the file.",
)
def has_linked_spikes(d: Path) -> None:
    with h5py.File(d.parent / "other.h5", "w") as other:
        other["labels"] = np.zeros(90, dtype=np.int32)
    with h5(d) as file:
        del file[MAIN]
        file[MAIN] = h5py.ExternalLink("../other.h5", "/labels")


@links.refused(
    "a link to a pipe",
    "DIR/rec.kwik has a link to another file at /recordings, which is never followed; copy what it links to into the file.",
)
def has_a_link_to_a_pipe(d: Path) -> None:
    fifo(d, "pipe")
    with h5(d) as file:
        del file["/recordings"]
        file["/recordings"] = h5py.ExternalLink("pipe", "/")


@links.refused(
    "the labels are stored in another file",
    "/channel_groups/0/spikes/clusters/main in rec.kwik lies in another file, which is never followed; copy it into this one.",
)
def has_labels_stored_elsewhere(d: Path) -> None:
    other = beside(d, "precious", "years of work" * 100)
    with h5(d) as file:
        del file[MAIN]
        file.create_dataset(MAIN, shape=(90,), dtype="i4", external=[(str(other), 0, 360)])


@links.refused(
    "the times are put together from another file",
    "/channel_groups/0/spikes/time_samples in rec.kwik lies in another file, which is never followed; copy it into this one.",
)
def has_virtual_times(d: Path) -> None:
    other = d.parent / "other.h5"
    with h5py.File(other, "w") as made:
        made["t"] = np.arange(90)
    layout = h5py.VirtualLayout(shape=(90,), dtype="i8")
    layout[:] = h5py.VirtualSource(str(other), "t", shape=(90,))
    with h5(d) as file:
        del file[f"{SPIKES}/time_samples"]
        file.create_virtual_dataset(f"{SPIKES}/time_samples", layout)


@links.refused("channel groups that lead nowhere", "rec.kwik has no channel groups; there is nothing to curate.")
def has_dangling_groups(d: Path) -> None:
    with h5(d) as file:
        del file["/channel_groups"]
        file["/channel_groups"] = h5py.SoftLink("/nowhere")


@links.refused("channel groups that lead to themselves", "rec.kwik has no channel groups; there is nothing to curate.")
def has_groups_in_a_circle(d: Path) -> None:
    with h5(d) as file:
        del file["/channel_groups"]
        file["/channel_groups"] = h5py.SoftLink("/again")
        file["/again"] = h5py.SoftLink("/channel_groups")


@links.opens("a group that holds itself")
def has_a_group_in_itself(d: Path) -> None:
    with h5(d) as file:
        file[f"{GROUP}/clusters/main/again"] = file["/channel_groups"]
        file["/channel_groups/1"] = file["/channel_groups/0"]


@links.opens(
    "clusters that lead nowhere", "rec.kwik: 5 clusters have no readable group and start unsorted: 2, 3, 5, 8, 9."
)
def has_dangling_clusters(d: Path) -> None:
    with h5(d) as file:
        del file[f"{GROUP}/clusters/main"]
        file[f"{GROUP}/clusters/main"] = h5py.SoftLink("/nowhere")


@content.refused("no channel groups", "rec.kwik has no channel groups; there is nothing to curate.")
def has_no_groups(d: Path) -> None:
    _remove(d, "/channel_groups/0")


@content.refused("no spikes", "Channel group 0 of rec.kwik has no clusterings; sort it first.")
def has_no_spikes_group(d: Path) -> None:
    _remove(d, SPIKES)


@content.refused("no clusterings", "Channel group 0 of rec.kwik has no clusterings; sort it first.")
def has_no_clusterings(d: Path) -> None:
    _remove(d, f"{SPIKES}/clusters")


@content.refused(
    "no parameters", "rec.kwik gives no sample rate at /application_data/spikedetekt; add the attribute sample_rate."
)
def has_no_parameters(d: Path) -> None:
    _remove(d, "/application_data")


@content.opens(
    "no clusters and no groups of them",
    "rec.kwik: 5 clusters have no readable group and start unsorted: 2, 3, 5, 8, 9.",
)
def has_no_cluster_nodes(d: Path) -> None:
    _remove(d, f"{GROUP}/clusters")
    _remove(d, f"{GROUP}/cluster_groups")


@content.refused("a group where times must be", "rec.kwik has no spikes in channel group 0; choose another.")
def has_a_group_for_times(d: Path) -> None:
    with h5(d) as file:
        del file[f"{SPIKES}/time_samples"]
        file.create_group(f"{SPIKES}/time_samples")


@content.refused("numbers where channel groups must be", "rec.kwik has no channel groups; there is nothing to curate.")
def has_numbers_for_groups(d: Path) -> None:
    replace_data(d, "/channel_groups", np.arange(4))


@content.refused(
    "times that claim 10^15 spikes",
    "/channel_groups/0/spikes/time_samples in rec.kwik claims 8,000,000 GB, which it does not hold; the file is damaged.",
)
def claims_giant_times(d: Path) -> None:
    _giant(d, f"{SPIKES}/time_samples", chunked=False)


@content.refused(
    "times in pieces that claim 10^15 spikes",
    "/channel_groups/0/spikes/time_samples in rec.kwik claims 8,000,000 GB, which it does not hold; the file is damaged.",
)
def claims_giant_times_in_chunks(d: Path) -> None:
    _giant(d, f"{SPIKES}/time_samples", chunked=True)


@content.refused(
    "labels in pieces that claim 10^15 spikes",
    "/channel_groups/0/spikes/clusters/main in rec.kwik claims 8,000,000 GB, which it does not hold; the file is damaged.",
)
def claims_giant_labels(d: Path) -> None:
    _giant(d, MAIN, chunked=True)


@content.opens(
    "events that claim 10^15 times",
    "rec.kwik: the events stimulus cannot be read (/event_types/stimulus/events/time_samples in rec.kwik claims 8,000,000 GB, which it does not hold; the file is damaged.) and are left out.",
)
def claims_giant_events(d: Path) -> None:
    _giant(d, "/event_types/stimulus/events/time_samples", chunked=True)


@content.refused(
    "labels of another number of spikes",
    "/channel_groups/0/spikes/clusters/main in rec.kwik has 7 labels for 90 spikes; sort again.",
)
def has_fewer_labels(d: Path) -> None:
    replace_data(d, MAIN, np.zeros(7, dtype=np.int32))


@content.refused(
    "negative labels",
    "/channel_groups/0/spikes/clusters/main in rec.kwik holds labels that are no cluster numbers; sort again.",
)
def has_negative_labels(d: Path) -> None:
    replace_data(d, MAIN, np.full(90, -3, dtype=np.int32))


@content.refused(
    "labels of 2^31",
    "/channel_groups/0/spikes/clusters/main in rec.kwik holds labels that are no cluster numbers; sort again.",
)
def has_giant_labels(d: Path) -> None:
    replace_data(d, MAIN, np.full(90, 2**31 - 2, dtype=np.int64))


@content.refused(
    "labels with fractions",
    "/channel_groups/0/spikes/clusters/main in rec.kwik holds labels that are no cluster numbers; sort again.",
)
def has_half_labels(d: Path) -> None:
    replace_data(d, MAIN, np.full(90, 1.5))


@content.refused(
    "labels as text",
    "/channel_groups/0/spikes/clusters/main in rec.kwik holds labels that are no cluster numbers; sort again.",
)
def has_text_labels(d: Path) -> None:
    replace_data(d, MAIN, np.array([b"good"] * 90))


@content.refused(
    "times that go back",
    "The spikes of rec.kwik are not in the order of time: one comes 2,418 samples before the one ahead of it; sort them, with their clusters and features, before opening.",
)
def has_kwik_times_back(d: Path) -> None:
    with h5(d) as file:
        file[f"{SPIKES}/time_samples"][...] = file[f"{SPIKES}/time_samples"][()][::-1]


@content.refused("times as text", "time_samples in rec.kwik holds |S3 values, expected whole numbers; export it again.")
def has_kwik_text_times(d: Path) -> None:
    replace_data(d, f"{SPIKES}/time_samples", np.array([b"now"] * 90))


@content.refused(
    "times beyond what a computer counts",
    "time_samples in rec.kwik holds numbers beyond 9,223,372,036,854,775,807, which cannot be right; export it again.",
)
def has_kwik_giant_times(d: Path) -> None:
    replace_data(d, f"{SPIKES}/time_samples", np.full(90, 2**64 - 1, dtype=np.uint64))


@content.refused(
    "no spikes at all", "/channel_groups/0/spikes/time_samples in rec.kwik holds no spikes; there is nothing to curate."
)
def has_zero_kwik_spikes(d: Path) -> None:
    for path in (f"{SPIKES}/time_samples", f"{SPIKES}/recording", MAIN):
        replace_data(d, path, np.zeros(0, dtype=np.int32))


@content.refused("spikes of recording 2^40", "The spikes of rec.kwik are not in the order of time")
def has_a_giant_recording(d: Path) -> None:
    replace_data(d, f"{SPIKES}/recording", np.full(90, 2**40))


@content.refused(
    "a sample rate of 0",
    "rec.kwik gives no sample rate at /application_data/spikedetekt; add the attribute sample_rate.",
)
def has_zero_kwik_rate(d: Path) -> None:
    set_attribute(d, SETTINGS, "sample_rate", 0.0)


@content.refused(
    "a sample rate that is not a number",
    "rec.kwik gives no sample rate at /application_data/spikedetekt; add the attribute sample_rate.",
)
def has_nan_kwik_rate(d: Path) -> None:
    set_attribute(d, SETTINGS, "sample_rate", float("nan"))


@content.opens(
    "waveforms of 10^12 samples",
    "rec.kwik: extract_s_before leaves no waveform; 10 samples before and after the spike are cut out.",
)
def has_giant_kwik_waveforms(d: Path) -> None:
    set_attribute(d, SETTINGS, "extract_s_before", 10**12)


@content.opens(
    "a filter of order 10^9",
    "rec.kwik: filter_butter_order is 1,000,000,000, which no filter can be; the default of 3 is used.",
)
def has_a_giant_filter(d: Path) -> None:
    set_attribute(d, SETTINGS, "filter_butter_order", 10**9)


@content.opens(
    "10^12 features for each channel",
    "rec.kwx: has 3 features for each channel where the Kwik file names 1000000000000.",
)
def has_giant_kwik_features(d: Path) -> None:
    set_attribute(d, SETTINGS, "n_features_per_channel", 10**12)


@content.refused(
    "a channel named twice", "/channel_groups/0 in rec.kwik does not name its channels once each; the file is damaged."
)
def has_repeated_channels(d: Path) -> None:
    set_attribute(d, GROUP, "channel_order", np.array([5, 5, 7, 4]))


@content.refused(
    "channels that are not numbers", "channel_order holds fractions or NaN, expected whole numbers; export it again."
)
def has_nan_channels(d: Path) -> None:
    set_attribute(d, GROUP, "channel_order", np.array([np.nan, np.inf, 2.0, 1.0]))


@content.opens("channels of 2^40", "rec.kwik: 1 of 4 channels have no position and are put at their number.")
def has_giant_channels(d: Path) -> None:
    set_attribute(d, GROUP, "channel_order", np.array([5, 2, 7, 2**40]))


@content.opens(
    "positions that are not finite", "rec.kwik: 4 of 4 channels have no position and are put at their number."
)
def has_nan_kwik_positions(d: Path) -> None:
    for channel in (5, 2, 7, 4):
        set_attribute(d, f"{GROUP}/channels/{channel}", "position", np.array([np.nan, np.inf]))


@content.opens(
    "groups of clusters that are text, lists and giant",
    "rec.kwik: 4 clusters have no readable group and start unsorted: 2, 3, 8, 9.",
)
def has_strange_groups(d: Path) -> None:
    for cluster, value in ((2, "../../x"), (3, np.arange(9)), (5, 2**62), (8, -7), (9, float("nan"))):
        set_attribute(d, f"{GROUP}/clusters/main/{cluster}", "cluster_group", value)


@content.opens("labels whose names are paths")
def has_paths_as_labels(d: Path) -> None:
    with h5(d) as file:
        node = file.create_group(f"{GROUP}/clusters/main/2/user_data")
        for name in ("../evil", "/etc/x", "..", "x" * 1000):
            node.attrs[name] = "text"


@content.opens(
    "one spike",
    "rec.kwik: /channel_groups/0/spikes/clusters/original in rec.kwik has 90 labels for 1 spikes; sort again. The clusters at opening stand in for the sorter's.",
)
def has_one_kwik_spike(d: Path) -> None:
    for path in (f"{SPIKES}/time_samples", f"{SPIKES}/recording", MAIN):
        with h5(d) as file:
            value = file[path][:1]
        replace_data(d, path, value)
