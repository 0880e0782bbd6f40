"""Sums on a device of torch that do not depend on the order in which a graphics card happens to add; needs torch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from phy_medicine.base.types import AnyArray


def put(values: AnyArray, device: torch.device | str, kind: torch.dtype | None = None) -> Tensor:
    """Return an array on a device, in its own or another type."""
    values = np.ascontiguousarray(values)
    return torch.as_tensor(values if values.flags.writeable else values.copy()).to(device, kind)


def expand(counts: Tensor) -> tuple[Tensor, Tensor]:
    """Return, for counts (n,) int64, the row that each of their sum belongs to, and its number within that row."""
    rows = torch.repeat_interleave(torch.arange(len(counts), device=counts.device), counts)
    firsts = counts.cumsum(0) - counts
    return rows, torch.arange(len(rows), device=counts.device) - firsts[rows]


def subtract_rows(flat: Tensor, starts: Tensor, values: Tensor) -> None:
    """Subtract rows of values from what lies one after the other in memory, also where they overlap.

    Rows that overlap are taken in turns: within a turn no two change the same value, so that the same rows always give
    the same sums, to the last bit. Sums that a card adds up as they come would not.

    Parameters
    ----------
    flat : (n,) float32, changed in place
    starts : (m,) int64, where each row begins; values : (m, L) float32
    """
    if not len(starts):
        return
    length = values.shape[1]
    begins, order = torch.sort(starts, stable=True)
    after = torch.searchsorted(begins, begins + length)
    n_turns = int((after - torch.arange(len(begins), device=begins.device)).max())
    # A row of zeros where the last turns have one less.
    missing = -len(starts) % n_turns
    begins = torch.cat([begins, begins[:1].expand(missing)])
    values = torch.cat([values[order], values.new_zeros(missing, length)])
    where = begins[:, None] + torch.arange(length, device=flat.device)
    turns = (x.view(-1, n_turns, length).transpose(0, 1).flatten(1).unbind() for x in (where, values))
    for columns, some in zip(*turns, strict=True):
        flat.index_add_(0, columns, some, alpha=-1)


def median(values: Tensor) -> Tensor:
    """Return the median along the last axis as numpy has it, of an even number the mean of the two in the middle."""
    ordered, n = values.sort(dim=-1).values, values.shape[-1]
    return (ordered[..., (n - 1) // 2] + ordered[..., n // 2]) / 2
