"""The spikes of all units in stretches of a recording, one stretch after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from phy_medicine.base.types import IntArray
from phy_medicine.compute.sorting.bank import Bank, Placed, Where
from phy_medicine.compute.sorting.matching import in_order
from phy_medicine.compute.sorting.pursuit import Found
from phy_medicine.compute.sorting.stretch_data import Data
from phy_medicine.compute.sorting.stretches import Stretch, Surroundings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sorted:
    """One stretch with its spikes.

    data : (N, T) float32, without any spike, an array or on the device of the source
    found : by column; core : which of them are the stretch's own
    begin : sample of the first column
    where : the tissue is; placed : the templates there
    energy, n_points : of the stretch's own data, with their spikes, and how many values these are
    decoys : (K,) int64, how often the templates upside down reach what makes a spike; 0 if nobody asked
    """

    data: Data
    found: Found
    core: Any
    stretch: Stretch
    begin: int
    where: Where
    placed: Placed
    energy: float
    n_points: int
    decoys: IntArray

    def own(self) -> Found:
        """Return the stretch's own spikes by column, with amplitudes at displacement 0."""
        core = self.found.part(self.core)
        return replace(core, amplitudes=core.amplitudes / self.placed.scales[core.units])


def sort_stretches(
    source: Surroundings, every: Sequence[Stretch], bank: Bank, look: Callable[[Sorted], T], *, decoys: bool = False,
    n_threads: int = 1,
) -> Iterator[T]:  # fmt: skip
    """Find the spikes of stretches, and give what is seen in each, in their order.

    look : called with each stretch and its spikes, perhaps in another thread; only what it returns is kept
    decoys : whether these are counted, which takes a look at all scores once more
    """
    if source.device:
        from phy_medicine.compute.sorting.torch_pass import sorted_stretches

        yield from sorted_stretches(source, every, bank, look, decoys=decoys)
        return

    def one(stretch: Stretch) -> T:
        return look(_sort_stretch(source, stretch, bank, decoys))

    yield from in_order(one, every, n_threads)


def _sort_stretch(source: Surroundings, stretch: Stretch, bank: Bank, decoys: bool) -> Sorted:
    from phy_medicine.compute.sorting import _kernels_learn as kernels

    data = source(stretch)
    begin, _ = source.bounds(stretch)
    own = data[:, stretch.start - begin : stretch.stop - begin]
    energy = float(np.einsum("nt,nt->", own, own, dtype=np.float64))
    where = bank.where(stretch.start)
    placed = bank.placed(where)
    counts = np.zeros(bank.model.n_units, np.int64)
    found = placed.matcher.find_all(data, decoys=counts if decoys else None)
    sizes, taps = found.amplitudes.astype(np.float32), found.taps.astype(np.float32)
    kernels.subtract(data, found.times, found.units, sizes, taps, placed.templates.channels, placed.waveforms)
    core = (found.times + begin >= stretch.start) & (found.times + begin < stretch.stop)
    return Sorted(data, found, core, stretch, begin, where, placed, energy, own.size, counts)
