"""`params.py` that is code, is damaged, or says what cannot be."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from tests.broken.case import Topic
from tests.broken.sound import beside, fifo, in_place, link_loop, params

code = Topic("params.py that is a program")
values = Topic("params.py with impossible values")
raw_paths = Topic("Where the raw data are said to be")


@code.refused(
    "`os.system(...)` after an import",
    "DIR/params.py, line …: `…` is not a constant, and code of a dataset is not run; write the value itself.",
)
def calls_the_shell(d: Path) -> None:
    params(d, f"import os\nos.system('touch {d.parent}/owned')")


@code.refused(
    "`__import__('os').remove(...)` as a value",
    "DIR/params.py, line …: `…` is not a constant, and code of a dataset is not run; write the value itself.",
)
def imports_in_a_value(d: Path) -> None:
    params(d, f"sample_rate = __import__('os').remove('{beside(d, 'precious')}')")


@code.refused(
    "writing a file with `open`",
    "DIR/params.py, line …: `…` is not a constant, and code of a dataset is not run; write the value itself.",
)
def opens_a_file(d: Path) -> None:
    params(d, f"x = open('{d.parent}/owned', 'w')")


@code.refused(
    "`exec` of a text",
    "DIR/params.py, line …: `…` is not a constant, and code of a dataset is not run; write the value itself.",
)
def runs_a_text(d: Path) -> None:
    params(d, "exec('import os')")


@code.refused(
    "a loop without end",
    "DIR/params.py, line …: `…` is not a constant, and code of a dataset is not run; write the value itself.",
)
def loops_for_ever(d: Path) -> None:
    params(d, "while True:\n    pass")


@code.refused(
    "a comprehension that fills the memory",
    "DIR/params.py, line …: `…` is not a constant, and code of a dataset is not run; write the value itself.",
)
def fills_the_memory(d: Path) -> None:
    params(d, "x = [[0] * 10**9 for _ in range(10**9)]")


@code.refused(
    "a power of a power of a power",
    "DIR/params.py, line …: `…` is not a constant, and code of a dataset is not run; write the value itself.",
)
def takes_giant_powers(d: Path) -> None:
    params(d, "n_channels_dat = 9**9**9**9")


@code.refused(
    "a text repeated 10^12 times",
    "DIR/params.py, line …: `…` is not a constant, and code of a dataset is not run; write the value itself.",
)
def repeats_a_text(d: Path) -> None:
    params(d, "dat_path = 'x' * 10**12")


@code.refused("a number of 100,000 digits", "DIR/params.py, line 7: this is not valid Python; correct that line.")
def has_a_giant_number(d: Path) -> None:
    params(d, "offset = " + "9" * 100_000)


@code.refused("a sum of 100,000 terms", "DIR/params.py is nested too deeply to be read; write the values themselves.")
def has_a_giant_sum(d: Path) -> None:
    params(d, "offset = " + "+".join(["1"] * 100_000))


@code.refused("100,000 brackets", "DIR/params.py, line 7: this is not valid Python; correct that line.")
def has_deep_brackets(d: Path) -> None:
    params(d, "dat_path = " + "[" * 100_000)


@code.refused(
    "a file of 64 MB",
    "DIR/params.py cannot be read (it holds 67,108,864 bytes where 1,048,576 are the most); check the path and the rights.",
)
def is_a_giant_file(d: Path) -> None:
    with (d / "params.py").open("ab") as file:
        file.truncate(64 << 20)


@values.refused("params.py is not there", "DIR/params.py does not exist; give the params.py of the dataset.")
def has_no_params(d: Path) -> None:
    in_place(d, "params.py")


@values.opens(
    "params.py is empty",
    "params.py: no sample_rate is given, so times are shown in samples; add `sample_rate = 30000.0`.",
)
def has_empty_params(d: Path) -> None:
    (d / "params.py").write_bytes(b"")


@values.refused("params.py holds NUL bytes", "DIR/params.py, line 1: this is not valid Python; correct that line.")
def has_nul_in_params(d: Path) -> None:
    params(d, "dat_path = 'a\0b'")


@values.refused("params.py in Latin-1", "DIR/params.py is not written in UTF-8 (byte 16); save it as UTF-8.")
def has_latin_params(d: Path) -> None:
    (d / "params.py").write_bytes("dat_path = 'données.dat'\n".encode("latin-1"))


@values.refused(
    "params.py is a pipe", "DIR/params.py is a pipe, where a file must be; give the params.py of the dataset."
)
def has_a_pipe_as_params(d: Path) -> None:
    fifo(d, "params.py")


@values.refused(
    "params.py is a link to itself",
    "DIR/params.py is a link in a circle, where a file must be; give the params.py of the dataset.",
)
def has_a_loop_as_params(d: Path) -> None:
    link_loop(d, "params.py")


@values.refused(
    "params.py may not be read",
    "DIR/params.py cannot be read (permission denied); check the path and the rights.",
    as_user=True,
)
def has_forbidden_params(d: Path) -> None:
    (d / "params.py").chmod(0)


@values.refused(
    "no channels in the raw file",
    "DIR/params.py: n_channels_dat must be a whole number of at least 1, not 0; correct that line.",
)
def has_zero_columns(d: Path) -> None:
    params(d, "n_channels_dat = 0")


@values.refused(
    "a negative number of channels",
    "DIR/params.py: n_channels_dat must be a whole number of at least 1, not -10; correct that line.",
)
def has_negative_columns(d: Path) -> None:
    params(d, "n_channels_dat = -10")


@values.opens(
    "10^15 channels in the raw file",
    "recording.dat holds no complete sample of 1000000000000000 channels. Traces are not shown.",
)
def has_giant_columns(d: Path) -> None:
    params(d, "n_channels_dat = 10**15")


@values.opens(
    "a sample rate of 0",
    "params.py: no sample_rate is given, so times are shown in samples; add `sample_rate = 30000.0`.",
)
def has_no_sample_rate(d: Path) -> None:
    params(d, "sample_rate = 0")


@values.refused(
    "a negative sample rate",
    "DIR/params.py: sample_rate must be a number of Hz from 0.001 to 1e+09, not -30000.0; correct that line.",
)
def has_negative_sample_rate(d: Path) -> None:
    params(d, "sample_rate = -30000")


@values.refused(
    "a sample rate that is not a number",
    "DIR/params.py: sample_rate must be a finite number, not nan; correct that line.",
)
def has_nan_sample_rate(d: Path) -> None:
    params(d, "sample_rate = float('nan')")


@values.refused(
    "a sample rate of 10^-300 Hz",
    "DIR/params.py: sample_rate must be a number of Hz from 0.001 to 1e+09, not 1e-300; correct that line.",
)
def has_tiny_sample_rate(d: Path) -> None:
    params(d, "sample_rate = 1e-300")


@values.refused(
    "a sample rate of 10^300 Hz",
    "DIR/params.py: sample_rate must be a number of Hz from 0.001 to 1e+09, not 1e+300; correct that line.",
)
def has_giant_sample_rate(d: Path) -> None:
    params(d, "sample_rate = 1e300")


@values.refused(
    "samples of Python objects",
    "DIR/params.py: dtype must be an integer or float sample type such as 'int16', not 'object'; correct that line.",
)
def has_object_samples(d: Path) -> None:
    params(d, "dtype = 'object'")


@values.refused(
    "a sample type that does not exist",
    "DIR/params.py: dtype must be a sample type such as 'int16', not 'int17'; correct that line.",
)
def has_unknown_samples(d: Path) -> None:
    params(d, "dtype = 'int17'")


@values.opens(
    "an offset beyond the end of the raw file",
    "recording.dat holds no complete sample of 10 channels. Traces are not shown.",
)
def has_an_offset_beyond_the_file(d: Path) -> None:
    params(d, "offset = 10**12")


@values.opens("an offset of 2^70 bytes", "recording.dat holds no complete sample of 10 channels. Traces are not shown.")
def has_a_giant_offset(d: Path) -> None:
    params(d, "offset = 2**64 * 64")


@values.refused(
    "a negative offset", "DIR/params.py: offset must be a whole number of at least 0, not -1; correct that line."
)
def has_a_negative_offset(d: Path) -> None:
    params(d, "offset = -1")


@values.refused(
    "an infinite scale of the templates",
    "DIR/params.py: template_scaling must be a finite number, not inf; correct that line.",
)
def has_an_infinite_scale(d: Path) -> None:
    params(d, "template_scaling = float('inf')")


@values.opens("10^12 closest channels", "")
def has_giant_neighbourhoods(d: Path) -> None:
    params(d, "n_closest_channels = 10**12")


@values.refused(
    "`dir_path` names a folder that is not there",
    "DIR/params.py: dir_path is DIR/nowhere, which is no folder; correct or remove that line.",
)
def has_no_folder(d: Path) -> None:
    params(d, "dir_path = 'nowhere'")


@values.opens(
    "`dir_path` names another person's folder",
    "Its files are in DIR/../other, which is not the folder of params.py, and nothing is written there: put params.py beside them and open that.",
    read_only=True,
)
def has_the_folder_of_another(d: Path) -> None:
    other = d.parent / "other"
    other.mkdir()
    for path in d.glob("*.np?"):
        path.rename(other / path.name)
    params(d, "dir_path = '../other'")


@raw_paths.opens(
    "outside of the folder, and not there",
    "params.py: No raw data: x.dat not found. Put it beside params.py or correct dat_path to see traces and waveforms.",
)
def is_outside(d: Path) -> None:
    params(d, "dat_path = '../../x.dat'")


@raw_paths.opens("a text file of another folder, as the samples", "")
def is_another_file(d: Path) -> None:
    params(d, f"dat_path = '{beside(d, 'secret.txt', 'secret' * 200_000)}'")


@raw_paths.opens(
    "a device that never ends",
    "params.py: No raw data: zero is a device. Put it beside params.py or correct dat_path to see traces and waveforms.",
)
def is_a_device(d: Path) -> None:
    params(d, "dat_path = '/dev/zero'")


@raw_paths.opens(
    "a pipe",
    "params.py: No raw data: recording.dat is a pipe. Put it beside params.py or correct dat_path to see traces and waveforms.",
)
def is_a_pipe(d: Path) -> None:
    fifo(d, "recording.dat")


@raw_paths.opens(
    "a folder",
    "params.py: No raw data: recording.dat is a folder. Put it beside params.py or correct dat_path to see traces and waveforms.",
)
def is_a_folder(d: Path) -> None:
    in_place(d, "recording.dat").mkdir()


@raw_paths.opens(
    "a link that leads to itself",
    "params.py: No raw data: recording.dat is a link in a circle. Put it beside params.py or correct dat_path to see traces and waveforms.",
)
def is_a_loop(d: Path) -> None:
    link_loop(d, "recording.dat")


@raw_paths.opens(
    "a name with a NUL",
    "params.py: No raw data: a\x00b.dat not found. Put it beside params.py or correct dat_path to see traces and waveforms.",
)
def is_a_name_with_nul(d: Path) -> None:
    params(d, r"dat_path = 'a\x00b.dat'")


@raw_paths.opens(
    "a name of 100,000 letters",
    "params.py: No raw data: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... not found. Put it beside params.py or correct dat_path to see traces and waveforms.",
)
def is_a_giant_name(d: Path) -> None:
    params(d, "dat_path = '" + "x" * 100_000 + "'")


@raw_paths.refused(
    "a number", "DIR/params.py: dat_path must be a file name or a list of file names, not 7; correct that line."
)
def is_a_number(d: Path) -> None:
    params(d, "dat_path = 7")


@raw_paths.opens("an empty file", "recording.dat holds no complete sample of 10 channels. Traces are not shown.")
def is_empty(d: Path) -> None:
    (d / "recording.dat").write_bytes(b"")


@raw_paths.opens("a file of one byte", "recording.dat holds no complete sample of 10 channels. Traces are not shown.")
def is_one_byte(d: Path) -> None:
    (d / "recording.dat").write_bytes(b"\0")


@raw_paths.opens(
    "a file that ends in the middle of a sample",
    "recording.dat: the size is no multiple of 10 channels of int16; the last 13 bytes are ignored and n_channels_dat, dtype or offset may be wrong.",
)
def ends_in_a_sample(d: Path) -> None:
    content = (d / "recording.dat").read_bytes()
    (d / "recording.dat").write_bytes(content[:-7])


@raw_paths.opens(
    "a recording shorter than the spikes", "recording.dat: 104 of 200 spikes lie after the end of the recording."
)
def is_shorter_than_the_spikes(d: Path) -> None:
    content = (d / "recording.dat").read_bytes()
    (d / "recording.dat").write_bytes(content[: len(content) // 2])


@raw_paths.opens(
    "samples that are not finite",
    "recording.dat: 20 of 20 places looked at hold NaN or infinite values, which are not drawn.",
)
def has_nan_samples(d: Path) -> None:
    data = np.random.default_rng(0).normal(size=(40_000, 10)).astype(np.float32)
    data[::7], data[3::7], data[5::7] = np.nan, np.inf, -3e38
    data.tofile(d / "recording.dat")
    params(d, "dtype = 'float32'")


@raw_paths.opens(
    "an npy file of one axis", "raw.npy has the shape (1000,), expected (n_samples, n_channels). Traces are not shown."
)
def is_a_flat_npy(d: Path) -> None:
    np.save(d / "raw.npy", np.zeros(1000))
    params(d, "dat_path = 'raw.npy'")


@raw_paths.opens(
    "an npy file of Python objects",
    "raw.npy holds Python objects instead of numbers, which is never loaded; export it again. Traces are not shown.",
)
def is_a_pickled_npy(d: Path) -> None:
    np.save(d / "raw.npy", np.array([[Bomb(d)]], dtype=object), allow_pickle=True)
    params(d, "dat_path = 'raw.npy'")


class Bomb:
    """Leaves a file behind when a pickle of it is read."""

    def __init__(self, folder: Path) -> None:
        self._path = folder.parent / "owned"

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch '{self._path}'",)
