"""Kernels as machine code: the same with and without the compiler, and never code that was not written whole."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base import machine_code

SOURCE = '''
import numpy as np
from phy_medicine.base.machine_code import Kernels

kernels = Kernels(__name__)
_pread = kernels.external("pread", "i8 i4 i8 i8 i8")


@kernels.helper
def _twice(value):
    return 2 * value


@kernels.helper
def _four_times(value):
    return _twice(_twice(value))


@kernels.kernel("f8[:,:] f4[:] u1[:] i8 f8", fused=True)
def fill(out, x, flags, add, scale):
    """Fill out."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = _four_times(x[j]) * scale + add if flags[i] else np.sin(x[j])


@kernels.kernel("i8 i8[:] i8 u1[:,:]")
def read(descriptor, places, address, out):
    """Read from a file."""
    for i in range(places.size):
        _pread(descriptor, address + i * out.shape[1], out.shape[1], places[i])
'''

USE = """
import os, sys
import numpy as np
from phy_medicine.base import machine_code
machine_code._folders = lambda: (__import__("pathlib").Path(sys.argv[1]),)
sys.path.insert(0, sys.argv[1])
import some_kernels as k
loaded = k.kernels.load(compile=sys.argv[2] == "compile")
if loaded:
    out, x, flags = np.zeros((3, 5)), np.arange(5, dtype="f4"), np.array([1, 0, 1], dtype="u1")
    k.fill(out, x, flags, 7, 0.5)
    expected = np.where(flags[:, None], 4 * x * 0.5 + 7, np.sin(x.astype("f8")))
    assert np.allclose(out, expected, atol=1e-6), out
    file = os.open(k.__file__, os.O_RDONLY)
    bytes_read = np.zeros((2, 6), dtype="u1")
    k.read(file, np.array([1, 7]), bytes_read.ctypes.data, bytes_read)
    assert bytes_read.tobytes() == b"import numpy", bytes_read.tobytes()
print(loaded, "numba" in sys.modules)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "some_kernels.py").write_text(SOURCE)
    return tmp_path


def _use(folder: Path, how: str) -> str:
    done = subprocess.run([sys.executable, "-c", USE, str(folder), how], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_code_is_compiled_once_then_loaded_without_the_compiler(folder):
    assert _use(folder, "kept") == "False False"
    assert _use(folder, "compile") == "True True"
    assert _use(folder, "kept") == "True False"


def test_other_sources_are_compiled_anew(folder):
    _use(folder, "compile")
    source = folder / "some_kernels.py"
    source.write_text(source.read_text() + "\n# changed\n")
    assert _use(folder, "kept") == "False False"


def test_a_damaged_file_is_not_run(folder):
    _use(folder, "compile")
    (kept,) = folder.glob("*.code")
    whole = kept.read_bytes()
    for damaged in (whole[:-20], whole[:40], b"", whole[:-1] + bytes([whole[-1] ^ 1])):
        kept.write_bytes(damaged)
        assert _use(folder, "kept") == "False False"
    assert _use(folder, "compile") == "True True"
    assert _use(folder, "kept") == "True False"


def test_code_that_cannot_be_linked_runs_through_numba(folder):
    broken = USE.replace("import some_kernels", "machine_code._engine = lambda *_: 1 / 0\nimport some_kernels")
    run = [sys.executable, "-c", broken, str(folder), "compile"]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("True True", 0), done.stderr


def test_a_kernel_that_allocates_is_refused(tmp_path, monkeypatch):
    (tmp_path / "allocating.py").write_text(
        textwrap.dedent("""
        import numpy as np
        from phy_medicine.base.machine_code import Kernels
        kernels = Kernels(__name__)

        @kernels.kernel("f8[:]")
        def clear(out):
            out[:] = np.empty(out.size)
        """)
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(machine_code, "_folders", lambda: (tmp_path,))
    monkeypatch.setattr(machine_code, "_registered", [])
    import allocating

    with pytest.raises(TypeError, match="allocates"):
        allocating.clear(np.zeros(3))


def test_arguments_of_another_type_or_layout_are_refused():
    from phy_medicine.compute._kernels_pairs import count_own_pairs

    good, counts = np.array([1, 5, 9]), np.zeros(4, dtype=np.int64)
    for bad in (good.astype(np.int32), np.arange(6)[::2], good[:, np.newaxis], [1, 5, 9]):
        with pytest.raises(TypeError, match="Argument 1 of count_own_pairs"):
            count_own_pairs(bad, 1, counts)
    with pytest.raises(TypeError, match="takes 3 arguments"):
        count_own_pairs(good, 1)
