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


def _read_windows(descriptor, places, columns, scratch, address, out, n_read):  # type: ignore[no-untyped-def]
    """Fill `out` (n, n_rows, n_columns) with some columns of consecutive rows from each of `places`, bytes.

    scratch : (n_rows, n_file_columns), which lies at `address`; `n_read[0]` counts the whole windows
    """
    n_bytes = scratch.size * scratch.itemsize
    for i in range(places.size):
        if _pread(descriptor, address, n_bytes, places[i]) != n_bytes:
            break
        for t in range(scratch.shape[0]):
            for c in range(columns.size):
                out[i, t, c] = scratch[t, columns[c]]
        n_read[0] += 1


READ_WINDOWS = {
    size: kernels.kernel(f"i8 i8[:] i8[:] u{size}[:,:] i8 u{size}[:,:,:] i8[:]", name=f"read_windows_{size}")(
        _read_windows
    )
    for size in (1, 2, 4, 8)
}
"""By bytes of a number: any type is copied as it is."""
