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


@code.refused("`os.system(...)` after an import", "?")
def calls_the_shell(d: Path) -> None:
    params(d, f"import os\nos.system('touch {d.parent}/owned')")


@code.refused("`__import__('os').remove(...)` as a value", "?")
def imports_in_a_value(d: Path) -> None:
    params(d, f"sample_rate = __import__('os').remove('{beside(d, 'precious')}')")


@code.refused("writing a file with `open`", "?")
def opens_a_file(d: Path) -> None:
    params(d, f"x = open('{d.parent}/owned', 'w')")


@code.refused("`exec` of a text", "?")
def runs_a_text(d: Path) -> None:
    params(d, "exec('import os')")


@code.refused("a loop without end", "?")
def loops_for_ever(d: Path) -> None:
    params(d, "while True:\n    pass")


@code.refused("a comprehension that fills the memory", "?")
def fills_the_memory(d: Path) -> None:
    params(d, "x = [[0] * 10**9 for _ in range(10**9)]")


@code.refused("a power of a power of a power", "?")
def takes_giant_powers(d: Path) -> None:
    params(d, "n_channels_dat = 9**9**9**9")


@code.refused("a text repeated 10^12 times", "?")
def repeats_a_text(d: Path) -> None:
    params(d, "dat_path = 'x' * 10**12")


@code.refused("a number of 100,000 digits", "?")
def has_a_giant_number(d: Path) -> None:
    params(d, "offset = " + "9" * 100_000)


@code.refused("a sum of 100,000 terms", "?")
def has_a_giant_sum(d: Path) -> None:
    params(d, "offset = " + "+".join(["1"] * 100_000))


@code.refused("100,000 brackets", "?")
def has_deep_brackets(d: Path) -> None:
    params(d, "dat_path = " + "[" * 100_000)


@code.refused("a file of 64 MB", "?")
def is_a_giant_file(d: Path) -> None:
    with (d / "params.py").open("ab") as file:
        file.truncate(64 << 20)


@values.refused("params.py is not there", "?")
def has_no_params(d: Path) -> None:
    in_place(d, "params.py")


@values.opens("params.py is empty", "?")
def has_empty_params(d: Path) -> None:
    (d / "params.py").write_bytes(b"")


@values.refused("params.py holds NUL bytes", "?")
def has_nul_in_params(d: Path) -> None:
    params(d, "dat_path = 'a\0b'")


@values.refused("params.py in Latin-1", "?")
def has_latin_params(d: Path) -> None:
    (d / "params.py").write_bytes("dat_path = 'données.dat'\n".encode("latin-1"))


@values.refused("params.py is a pipe", "?")
def has_a_pipe_as_params(d: Path) -> None:
    fifo(d, "params.py")


@values.refused("params.py is a link to itself", "?")
def has_a_loop_as_params(d: Path) -> None:
    link_loop(d, "params.py")


@values.refused("params.py may not be read", "?", as_user=True)
def has_forbidden_params(d: Path) -> None:
    (d / "params.py").chmod(0)


@values.refused("no channels in the raw file", "?")
def has_zero_columns(d: Path) -> None:
    params(d, "n_channels_dat = 0")


@values.refused("a negative number of channels", "?")
def has_negative_columns(d: Path) -> None:
    params(d, "n_channels_dat = -10")


@values.opens("10^15 channels in the raw file", "?")
def has_giant_columns(d: Path) -> None:
    params(d, "n_channels_dat = 10**15")


@values.opens("a sample rate of 0", "?")
def has_no_sample_rate(d: Path) -> None:
    params(d, "sample_rate = 0")


@values.refused("a negative sample rate", "?")
def has_negative_sample_rate(d: Path) -> None:
    params(d, "sample_rate = -30000")


@values.refused("a sample rate that is not a number", "?")
def has_nan_sample_rate(d: Path) -> None:
    params(d, "sample_rate = float('nan')")


@values.refused("a sample rate of 10^-300 Hz", "?")
def has_tiny_sample_rate(d: Path) -> None:
    params(d, "sample_rate = 1e-300")


@values.refused("a sample rate of 10^300 Hz", "?")
def has_giant_sample_rate(d: Path) -> None:
    params(d, "sample_rate = 1e300")


@values.refused("samples of Python objects", "?")
def has_object_samples(d: Path) -> None:
    params(d, "dtype = 'object'")


@values.refused("a sample type that does not exist", "?")
def has_unknown_samples(d: Path) -> None:
    params(d, "dtype = 'int17'")


@values.opens("an offset beyond the end of the raw file", "?")
def has_an_offset_beyond_the_file(d: Path) -> None:
    params(d, "offset = 10**12")


@values.opens("an offset of 2^70 bytes", "?")
def has_a_giant_offset(d: Path) -> None:
    params(d, "offset = 2**64 * 64")


@values.refused("a negative offset", "?")
def has_a_negative_offset(d: Path) -> None:
    params(d, "offset = -1")


@values.refused("an infinite scale of the templates", "?")
def has_an_infinite_scale(d: Path) -> None:
    params(d, "template_scaling = float('inf')")


@values.opens("10^12 closest channels", "")
def has_giant_neighbourhoods(d: Path) -> None:
    params(d, "n_closest_channels = 10**12")


@values.refused("`dir_path` names a folder that is not there", "?")
def has_no_folder(d: Path) -> None:
    params(d, "dir_path = 'nowhere'")


@values.opens("`dir_path` names another person's folder", "?", read_only=True)
def has_the_folder_of_another(d: Path) -> None:
    other = d.parent / "other"
    other.mkdir()
    for path in d.glob("*.np?"):
        path.rename(other / path.name)
    params(d, "dir_path = '../other'")


@raw_paths.opens("outside of the folder, and not there", "?")
def is_outside(d: Path) -> None:
    params(d, "dat_path = '../../x.dat'")


@raw_paths.opens("a text file of another folder, as the samples", "")
def is_another_file(d: Path) -> None:
    params(d, f"dat_path = '{beside(d, 'secret.txt', 'secret' * 200_000)}'")


@raw_paths.opens("a device that never ends", "?")
def is_a_device(d: Path) -> None:
    params(d, "dat_path = '/dev/zero'")


@raw_paths.opens("a pipe", "?")
def is_a_pipe(d: Path) -> None:
    fifo(d, "recording.dat")


@raw_paths.opens("a folder", "?")
def is_a_folder(d: Path) -> None:
    in_place(d, "recording.dat").mkdir()


@raw_paths.opens("a link that leads to itself", "?")
def is_a_loop(d: Path) -> None:
    link_loop(d, "recording.dat")


@raw_paths.opens("a name with a NUL", "?")
def is_a_name_with_nul(d: Path) -> None:
    params(d, r"dat_path = 'a\x00b.dat'")


@raw_paths.opens("a name of 100,000 letters", "?")
def is_a_giant_name(d: Path) -> None:
    params(d, "dat_path = '" + "x" * 100_000 + "'")


@raw_paths.refused("a number", "?")
def is_a_number(d: Path) -> None:
    params(d, "dat_path = 7")


@raw_paths.opens("an empty file", "?")
def is_empty(d: Path) -> None:
    (d / "recording.dat").write_bytes(b"")


@raw_paths.opens("a file of one byte", "?")
def is_one_byte(d: Path) -> None:
    (d / "recording.dat").write_bytes(b"\0")


@raw_paths.opens("a file that ends in the middle of a sample", "?")
def ends_in_a_sample(d: Path) -> None:
    content = (d / "recording.dat").read_bytes()
    (d / "recording.dat").write_bytes(content[:-7])


@raw_paths.opens("a recording shorter than the spikes", "?")
def is_shorter_than_the_spikes(d: Path) -> None:
    content = (d / "recording.dat").read_bytes()
    (d / "recording.dat").write_bytes(content[: len(content) // 2])


@raw_paths.opens("samples that are not finite", "")
def has_nan_samples(d: Path) -> None:
    data = np.random.default_rng(0).normal(size=(40_000, 10)).astype(np.float32)
    data[::7], data[3::7], data[5::7] = np.nan, np.inf, -3e38
    data.tofile(d / "recording.dat")
    params(d, "dtype = 'float32'")


@raw_paths.opens("an npy file of one axis", "?")
def is_a_flat_npy(d: Path) -> None:
    np.save(d / "raw.npy", np.zeros(1000))
    params(d, "dat_path = 'raw.npy'")


@raw_paths.opens("an npy file of Python objects", "?")
def is_a_pickled_npy(d: Path) -> None:
    np.save(d / "raw.npy", np.array([[Bomb(d)]], dtype=object), allow_pickle=True)
    params(d, "dat_path = 'raw.npy'")


class Bomb:
    """Leaves a file behind when a pickle of it is read."""

    def __init__(self, folder: Path) -> None:
        self._path = folder.parent / "owned"

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch '{self._path}'",)
