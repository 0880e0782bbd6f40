"""Arrays of spikes and channels that are damaged, too large, or of another kind than they must be."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.broken.case import Topic
from tests.broken.params_cases import Bomb
from tests.broken.sound import N, cut, fifo, header, in_place, link_loop, load, params, save

files = Topic("Files of arrays")
spikes = Topic("Spikes")
clusters = Topic("Clusters")
channels = Topic("Channels")

NEEDED = ("spike_times.npy", "spike_templates.npy", "channel_map.npy", "channel_positions.npy")
OTHERS = ("amplitudes.npy", "templates.npy", "pc_features.npy", "similar_templates.npy")


def is_missing(d: Path, name: str) -> None:
    in_place(d, name)


def is_pickled(d: Path, name: str) -> None:
    np.save(d / name, np.array([Bomb(d)] * 3, dtype=object), allow_pickle=True)


def claims_more(d: Path, name: str) -> None:
    header(d, name, (10**15, 3))


def is_cut_short(d: Path, name: str) -> None:
    cut(d, name, 0.8)


def is_a_pipe_of(d: Path, name: str) -> None:
    fifo(d, name)


def is_scalar(d: Path, name: str) -> None:
    save(d, name, 7)


LABELS = "spike_clusters.npy"
files.each(NEEDED[:1], "{} is missing", "Neither spike_times.npy nor spikes.times.npy is in DIR; choose", is_missing,
           refused=True)  # fmt: skip
files.each(NEEDED[1:], "{} is missing", "{} is missing in DIR; export the sorting again.", is_missing, refused=True)
for _damage, _what, _says in (
    (is_pickled, "{} holds pickled objects that run a program",
     "{} holds Python objects instead of numbers, which is never loaded; export it again."),
    (claims_more, "{} claims 10^15 rows in its header",
     "{} is cut short: 928 bytes instead of 24,000,000,000,000,128; copy or export the file again."),
    (is_cut_short, "{} is cut short", "{} is cut short: … bytes instead of …; copy or export the file again."),
    (is_a_pipe_of, "{} is a pipe", "{} cannot be read (it is a pipe and no file); check the file and its rights."),
):  # fmt: skip
    files.each((*NEEDED, LABELS), _what, _says, _damage, refused=True)
    files.each(OTHERS, _what, _says, _damage)
files.each((NEEDED[1], LABELS), "{} is a single number", "{} has 1 values, expected 200: one for each spike; export it",
           is_scalar, refused=True)  # fmt: skip
files.each(OTHERS[:1], "{} is a single number", "{} has 1 values, expected 200: one for each spike;", is_scalar)
files.each(OTHERS[1:], "{} is a single number", "{}… has the shape (…)…, expected (", is_scalar)


@files.refused("a header of 100,000 signs", "spike_times.npy is not a valid .npy file; export it again.")
def has_a_giant_header(d: Path) -> None:
    (d / "spike_times.npy").write_bytes(b"\x93NUMPY\x02\x00" + (100_000).to_bytes(4, "little") + b"-" * 100_000)


@files.refused("a header of 9,000 nested signs", "spike_times.npy is not a valid .npy file; export it again.")
def has_a_deep_header(d: Path) -> None:
    (d / "spike_times.npy").write_bytes(b"\x93NUMPY\x01\x00" + (9_000).to_bytes(2, "little") + b"-" * 9_000)


@files.refused("a header that is a program", "spike_times.npy is not a valid .npy file; export it again.")
def has_a_program_as_header(d: Path) -> None:
    text = b"__import__('os').system('true')".ljust(118)
    (d / "spike_times.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)


@files.refused("a negative shape in a header", "spike_times.npy has the impossible shape (-200,); export it again.")
def has_a_negative_shape(d: Path) -> None:
    header(d, "spike_times.npy", (-200,))


@files.refused("an empty file", "spike_templates.npy is not a valid .npy file; export it again.")
def is_an_empty_array(d: Path) -> None:
    (d / "spike_templates.npy").write_bytes(b"")


@files.refused(
    "a link that leads to itself",
    "channel_map.npy cannot be read (too many levels of symbolic links); check the file and its rights.",
)
def is_a_looping_link(d: Path) -> None:
    link_loop(d, "channel_map.npy")


@files.refused(
    "a folder", "channel_positions.npy cannot be read (it is a folder and no file); check the file and its rights."
)
def is_a_folder_named_npy(d: Path) -> None:
    in_place(d, "channel_positions.npy").mkdir()


@files.refused(
    "a file that may not be read",
    "spike_times.npy cannot be read (permission denied); check the file and its rights.",
    as_user=True,
)
def is_forbidden(d: Path) -> None:
    (d / "spike_times.npy").chmod(0)


@files.refused(
    "10^11 spikes in a file that takes no space on the disk",
    "spike_times.npy with 100,000,000,000 spikes needs 4,000.0 GB of memory and there are … GB; its header may be damaged: export it again, or use a larger machine.",
)
def has_giant_holes(d: Path) -> None:
    header(d, "spike_times.npy", (10**11,), n_bytes=8 * 10**11)


@spikes.refused("no spikes", "spike_times.npy holds no spikes; there is nothing to curate.")
def has_no_spikes(d: Path) -> None:
    for name in ("spike_times", "spike_templates", "spike_clusters"):
        save(d, f"{name}.npy", np.zeros(0, dtype=np.int64))


def _first(d: Path, n: int) -> None:
    for name in ("spike_times", "spike_templates", "spike_clusters", "amplitudes", "pc_features", "template_features"):
        save(d, f"{name}.npy", load(d, f"{name}.npy")[:n])


@spikes.opens("one spike")
def has_one_spike(d: Path) -> None:
    _first(d, 1)


@spikes.opens("two spikes")
def has_two_spikes(d: Path) -> None:
    _first(d, 2)


@spikes.refused(
    "times that go back",
    "spike_times.npy is not sorted: spike 1 at 39208 comes before spike 0 at 39899; sort all per-spike files by time.",
)
def has_decreasing_times(d: Path) -> None:
    save(d, "spike_times.npy", load(d, "spike_times.npy")[::-1])


@spikes.opens("negative times", "spike_times.npy: begins before the recording: some times are negative.")
def has_negative_times(d: Path) -> None:
    save(d, "spike_times.npy", load(d, "spike_times.npy") - 5_000)


@spikes.opens(
    "a spike after the end of the recording", "recording.dat: 1 of 200 spikes lie after the end of the recording."
)
def has_a_late_spike(d: Path) -> None:
    times = load(d, "spike_times.npy")
    times[-1] = 10**7
    save(d, "spike_times.npy", times)


@spikes.opens("a last spike after 10^13 samples, without a recording")
def has_a_spike_in_a_million_years(d: Path) -> None:
    times = load(d, "spike_times.npy")
    times[-1] = 10**13
    save(d, "spike_times.npy", times)
    params(d, "dat_path = []")


@spikes.refused(
    "times beyond what a computer counts",
    "spike_times.npy holds numbers beyond 9,223,372,036,854,775,807, which cannot be right; export it again.",
)
def has_times_beyond_int64(d: Path) -> None:
    save(d, "spike_times.npy", np.full(N, 2**64 - 1, dtype=np.uint64))


@spikes.refused(
    "times that are NaN", "spike_times.npy holds fractions or NaN, expected whole numbers; export it again."
)
def has_nan_times(d: Path) -> None:
    times = load(d, "spike_times.npy").astype(float)
    times[7] = np.nan
    save(d, "spike_times.npy", times)


@spikes.refused("times as text", "spike_times.npy holds <U21 values, expected whole numbers; export it again.")
def has_text_times(d: Path) -> None:
    save(d, "spike_times.npy", load(d, "spike_times.npy").astype(str))


@spikes.refused("complex times", "spike_times.npy holds complex128 values, expected whole numbers; export it again.")
def has_complex_times(d: Path) -> None:
    save(d, "spike_times.npy", load(d, "spike_times.npy").astype(complex))


@spikes.refused(
    "times as records of two fields",
    "spike_times.npy holds [('a', '<i4'), ('b', '<f8')] values, expected whole numbers; export it again.",
)
def has_record_times(d: Path) -> None:
    save(d, "spike_times.npy", np.zeros(N, dtype=[("a", "<i4"), ("b", "<f8")]))


@spikes.refused(
    "dates instead of samples", "spike_times.npy holds datetime64[s] values, expected whole numbers; export it again."
)
def has_dates(d: Path) -> None:
    save(d, "spike_times.npy", load(d, "spike_times.npy").astype("datetime64[s]"))


@spikes.refused(
    "fewer templates than spikes",
    "spike_templates.npy has 197 values, expected 200: one for each spike; export it again.",
)
def has_fewer_templates(d: Path) -> None:
    save(d, "spike_templates.npy", load(d, "spike_templates.npy")[:-3])


@spikes.refused("a negative template", "spike_templates.npy holds the negative template -1; export the sorting again.")
def has_a_negative_template(d: Path) -> None:
    save(d, "spike_templates.npy", load(d, "spike_templates.npy") - 1)


@spikes.refused(
    "template 2,147,483,646 of 5",
    "A spike names the template 2,147,483,646 where templates.npy has 5; export the sorting again.",
)
def has_a_giant_template(d: Path) -> None:
    templates = load(d, "spike_templates.npy")
    templates[3] = 2**31 - 2
    save(d, "spike_templates.npy", templates)


@spikes.opens(
    "template 4,000 of 5",
    "pc_feature_ind.npy: has 5 rows for templates up to 4000; spikes of the others have no features.",
)
def has_an_unknown_template(d: Path) -> None:
    templates = load(d, "spike_templates.npy")
    templates[3] = 4_000
    save(d, "spike_templates.npy", templates)


@spikes.opens(
    "amplitudes that are not finite", "amplitudes.npy: 134 of 200 amplitudes are NaN or infinite and are shown as 0."
)
def has_nan_amplitudes(d: Path) -> None:
    amplitudes = load(d, "amplitudes.npy")
    amplitudes[::3], amplitudes[1::3] = np.nan, -np.inf
    save(d, "amplitudes.npy", amplitudes)


@spikes.opens("amplitudes of 10^300", "amplitudes.npy: 200 of 200 amplitudes are NaN or infinite and are shown as 0.")
def has_giant_amplitudes(d: Path) -> None:
    save(d, "amplitudes.npy", load(d, "amplitudes.npy") * 1e300)


@spikes.opens("all amplitudes 0")
def has_zero_amplitudes(d: Path) -> None:
    save(d, "amplitudes.npy", np.zeros(N))


@spikes.opens(
    "fewer amplitudes than spikes",
    "amplitudes.npy has 199 values, expected 200: one for each spike; export it again. The amplitude view stays empty.",
)
def has_fewer_amplitudes(d: Path) -> None:
    save(d, "amplitudes.npy", load(d, "amplitudes.npy")[:-1])


@spikes.opens(
    "positions of spikes that are not finite",
    "spike_positions.npy: 150 of 200 places looked at hold NaN or infinite values, which are not drawn.",
)
def has_nan_spike_positions(d: Path) -> None:
    positions = np.zeros((N, 2))
    positions[::2], positions[1::4] = np.nan, np.inf
    save(d, "spike_positions.npy", positions)


@spikes.opens("an attribute of text", "spike_mood.npy: holds <U4 values, expected numbers. It is left out.")
def has_a_text_attribute(d: Path) -> None:
    save(d, "spike_mood.npy", np.array(["glad"] * N))


@spikes.opens(
    "an attribute that is not finite",
    "spike_place.npy: 200 of 200 places looked at hold NaN or infinite values, which are not drawn.",
)
def has_a_nan_attribute(d: Path) -> None:
    save(d, "spike_width.npy", np.full(N, np.nan))
    save(d, "spike_place.npy", np.full((N, 2), np.inf))


@spikes.opens(
    "reordered times that are not finite",
    "spike_times_reordered.npy: 200 of 200 times are NaN or infinite and are taken as 0.",
)
def has_nan_reordered_times(d: Path) -> None:
    save(d, "spike_times_reordered.npy", np.full(N, np.nan))


@clusters.refused("a negative cluster", "spike_clusters.npy holds the negative cluster -1; cluster ids start at 0.")
def has_a_negative_cluster(d: Path) -> None:
    save(d, "spike_clusters.npy", load(d, "spike_clusters.npy") - 1)


@clusters.refused(
    "cluster 2,147,483,646",
    "spike_clusters.npy holds the cluster 2,147,483,646, and 10,000,000 is the largest number a cluster can have; number the clusters anew.",
)
def has_a_giant_cluster(d: Path) -> None:
    save(d, "spike_clusters.npy", np.r_[load(d, "spike_clusters.npy")[1:], 2**31 - 2])


@clusters.refused(
    "cluster 2^64 - 1", "spike_clusters.npy holds numbers beyond 2,147,483,647, which cannot be right; export it again."
)
def has_an_uint64_cluster(d: Path) -> None:
    save(d, "spike_clusters.npy", np.r_[load(d, "spike_clusters.npy")[1:].astype(np.uint64), np.uint64(2**64 - 1)])


@clusters.refused(
    "cluster one and a half", "spike_clusters.npy holds fractions or NaN, expected whole numbers; export it again."
)
def has_half_a_cluster(d: Path) -> None:
    save(d, "spike_clusters.npy", load(d, "spike_clusters.npy") + 0.5)


@clusters.opens("cluster 1,000,000 beside 5 others")
def has_a_far_cluster(d: Path) -> None:
    save(d, "spike_clusters.npy", np.r_[load(d, "spike_clusters.npy")[1:], 1_000_000])


@clusters.refused(
    "fewer clusters than spikes",
    "spike_clusters.npy has 199 values, expected 200: one for each spike; export it again.",
)
def has_fewer_clusters(d: Path) -> None:
    save(d, "spike_clusters.npy", load(d, "spike_clusters.npy")[:-1])


@clusters.refused(
    "two files of clusters",
    "spike_clusters.npy and spikes.clusters.npy both exist in DIR; remove the one that is not yours.",
)
def has_two_files_of_clusters(d: Path) -> None:
    save(d, "spikes.clusters.npy", load(d, "spike_clusters.npy"))


@clusters.opens("one cluster")
def has_one_cluster(d: Path) -> None:
    save(d, "spike_clusters.npy", np.zeros(N, dtype=np.int32))


@clusters.opens("10,000 clusters")
def has_many_clusters(d: Path) -> None:
    n = 10_000
    save(d, "spike_times.npy", np.arange(n) * 4)
    save(d, "spike_templates.npy", np.arange(n) % 5)
    save(d, "spike_clusters.npy", np.arange(n))
    save(d, "amplitudes.npy", np.ones(n))
    for name in ("pc_features", "template_features"):
        save(d, f"{name}.npy", np.resize(load(d, f"{name}.npy"), (n, *load(d, f"{name}.npy").shape[1:])))


@clusters.opens("big-endian numbers, columns of MATLAB and booleans")
def has_foreign_numbers(d: Path) -> None:
    save(d, "spike_times.npy", load(d, "spike_times.npy").astype(">u4")[:, None])
    save(d, "spike_clusters.npy", (load(d, "spike_clusters.npy") > 2)[None])
    save(d, "amplitudes.npy", load(d, "amplitudes.npy").astype(">f8"))
    save(d, "templates.npy", np.asfortranarray(load(d, "templates.npy").astype(">f4")))
    save(d, "pc_features.npy", np.asfortranarray(load(d, "pc_features.npy").astype(">f2")))
    save(d, "channel_positions.npy", load(d, "channel_positions.npy").astype(np.uint8))


@channels.opens(
    "two channels at one place",
    "channel_positions.npy: 1 of 8 channels share a place or have none and are drawn aside: 5.",
)
def has_channels_at_one_place(d: Path) -> None:
    positions = load(d, "channel_positions.npy")
    positions[5] = positions[2]
    save(d, "channel_positions.npy", positions)


@channels.opens(
    "all channels at one place",
    "channel_positions.npy: 7 of 8 channels share a place or have none and are drawn aside: 1, 2, 3, 4, 5, 6, 7.",
)
def has_all_channels_at_one_place(d: Path) -> None:
    save(d, "channel_positions.npy", np.zeros((8, 2)))


@channels.opens(
    "positions that are not finite",
    "channel_positions.npy: 8 of 8 channels share a place or have none and are drawn aside: 0, 1, 2, 3, 4, 5, 6, 7.",
)
def has_nan_positions(d: Path) -> None:
    save(d, "channel_positions.npy", np.full((8, 2), np.nan))


@channels.opens(
    "positions of 10^300",
    "channel_positions.npy: 7 of 8 channels share a place or have none and are drawn aside: 1, 2, 3, 4, 5, 6, 7.",
)
def has_giant_positions(d: Path) -> None:
    save(d, "channel_positions.npy", load(d, "channel_positions.npy") * 1e300)


@channels.refused(
    "fewer positions than channels",
    "channel_positions.npy has the shape (7, 2), expected (8, 2): one row for each channel of the channel map; export it again.",
)
def has_fewer_positions(d: Path) -> None:
    save(d, "channel_positions.npy", load(d, "channel_positions.npy")[:-1])


@channels.opens(
    "a channel map beyond the raw file",
    "recording.dat: the channel map names raw column 12 and the file has 10 columns. Traces are not shown.",
)
def has_a_map_beyond_the_file(d: Path) -> None:
    save(d, "channel_map.npy", np.arange(8) + 5)


@channels.opens("a channel map with repeats", "channel_map.npy: 3 of 8 channels repeat the raw column of another one.")
def has_a_map_with_repeats(d: Path) -> None:
    save(d, "channel_map.npy", np.array([0, 1, 1, 2, 3, 3, 3, 4]))


@channels.refused(
    "a channel map with a negative column",
    "channel_map.npy is empty or holds negative columns; export the sorting again.",
)
def has_a_negative_map(d: Path) -> None:
    save(d, "channel_map.npy", np.arange(8) - 1)


@channels.refused(
    "an empty channel map", "channel_map.npy is empty or holds negative columns; export the sorting again."
)
def has_an_empty_map(d: Path) -> None:
    save(d, "channel_map.npy", np.zeros(0, dtype=int))


@channels.opens(
    "one channel",
    "templates.npy has 8 channels where the channel map has 1, and there is no template_ind.npy that says which they are. No templates are shown.",
)
def has_one_channel(d: Path) -> None:
    save(d, "channel_map.npy", np.array([3]))
    save(d, "channel_positions.npy", np.array([[0.0, 20.0]]))


@channels.opens(
    "shanks of another number of channels",
    "channel_shanks.npy has 3 values, expected 8: one for each channel; export it again. All channels are taken as one group.",
)
def has_fewer_shanks(d: Path) -> None:
    save(d, "channel_shanks.npy", np.zeros(3))


@channels.opens("a `probe.json` of 100,000 brackets")
def has_a_deep_probe(d: Path) -> None:
    (d / "probe.json").write_text("[" * 100_000)


@channels.opens("a `probe.json` with contacts that are not finite")
def has_a_nan_probe(d: Path) -> None:
    contacts = ",".join(["[NaN, 1e400]"] * 8)
    sizes = ",".join(['{"radius": NaN}'] * 8)
    (d / "probe.json").write_text(
        f'{{"probes": [{{"contact_positions": [{contacts}], "contact_shapes": {["circle"] * 8!r}, '
        f'"contact_shape_params": [{sizes}]}}]}}'.replace("'", '"')
    )
