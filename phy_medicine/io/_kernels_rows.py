"""Compiled requests for scattered rows of a file: 2,500 of them without 2,500 turns of the interpreter."""

from __future__ import annotations

from phy_medicine.base.machine_code import Kernels

kernels = Kernels(__name__)
_pread = kernels.external("pread", "i8 i4 i8 i8 i8")
_posix_fadvise = kernels.external("posix_fadvise", "i4 i4 i8 i8 i4")

_WILL_NEED = 3


@kernels.kernel("i8 i8[:] i8 u1[:,:] i8 i8[:]")
def read_rows(descriptor, rows, offset, out, address, n_read):  # type: ignore[no-untyped-def]
    """Fill `out` (n, row_bytes), which lies at `address`, with rows of a file; `n_read[0]` counts the whole ones.

    offset : bytes before row 0
    """
    size = out.shape[1]
    for i in range(rows.size):
        if _pread(descriptor, address + i * size, size, offset + rows[i] * size) != size:
            break
        n_read[0] += 1


@kernels.kernel("i8 i8[:] i8[:]")
def ask(descriptor, begins, ends):  # type: ignore[no-untyped-def]
    """Have the system read stretches of a file, in bytes, in the background."""
    for i in range(begins.size):
        _posix_fadvise(descriptor, begins[i], ends[i] - begins[i], _WILL_NEED)
