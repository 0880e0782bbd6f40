"""A pass over stretches of a recording on a device of torch; imports torch only when it runs.

Everything that is as large as the data is on the device: reading (`torch_preprocess`), scores, the pursuit, what is
left of the data, and the windows around spikes. What comes back are lists of spikes and sums over them. Stretches with
the same templates are pursued together, as many as the card has memory for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.device import free_bytes, in_halves
from phy_medicine.compute.sorting.bank import Bank, Where
from phy_medicine.compute.sorting.matching import Matcher
from phy_medicine.compute.sorting.step_file import STEP
from phy_medicine.compute.sorting.stretch_spikes import Sorted
from phy_medicine.compute.sorting.stretches import Stretch, Surroundings

if TYPE_CHECKING:
    from torch import Tensor

    from phy_medicine.compute.sorting.torch_matching import TorchMatcher

T = TypeVar("T")
MOST_STRETCHES = 8
"""That are pursued together, for a round of one takes as long as one of all. More of 500 units on 384 channels would
take over 4 GB."""
KEPT_BYTES = 1 << 30
_SHARE = 0.4
"""Of the free memory, that what a second needs is reckoned from; the rest is for what is between."""
_PER_SCORE = 40
"""Bytes for each score of a stretch, on average over a pass."""

_matchers: WeakKeyDictionary[Matcher, TorchMatcher] = WeakKeyDictionary()


class TorchSurroundings(Surroundings):
    """Stretches with what is around them, on a device; those that fit are kept there, in the same steps as elsewhere.

    Safe in any thread.

    tensor : gives samples start to stop of the whitened data, (N, stop - start) float32, on the device
    kept_bytes : at most; 0 keeps nothing, and leaves values alone
    batch : stretches that fitted into the memory of the device at once; 0 where that is not known yet
    """

    def __init__(
        self, tensor: Callable[[int, int], Tensor], n_samples: int, margin: int, device: str, *,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:  # fmt: skip
        self.n_samples, self.margin, self.device, self.batch = n_samples, margin, device, 0
        self._tensor, self._rounds, self._room = tensor, kept_bytes > 0, kept_bytes
        self._on_device: dict[tuple[int, int], Tensor] = {}
        self._guard = threading.Lock()

    def __call__(self, stretch: Stretch) -> Tensor:  # type: ignore[override]
        """Return (N, T) float32 of a stretch and its surroundings, the caller's own.

        Raises
        ------
        PhyMedError : values that are not finite
        """
        import torch

        bounds = self.bounds(stretch)
        steps = self._on_device.get(bounds)
        if steps is None:
            data = self._tensor(*bounds)
            if not bool(torch.isfinite(data.sum())):
                raise PhyMedError(
                    f"The data have values that are not finite between samples {bounds[0]:,} and {bounds[1]:,}."
                )
            if not self._rounds:
                return data
            steps = (data / STEP).round().clamp(-32768, 32767).to(torch.int16)
            with self._guard:
                if self._room >= 2 * steps.numel() and bounds not in self._on_device:
                    self._room -= 2 * steps.numel()
                    self._on_device[bounds] = steps
        return steps.float() * STEP


def sorted_stretches(
    source: Surroundings, every: Sequence[Stretch], bank: Bank, look: Callable[[Sorted], T], *, decoys: bool
) -> Iterator[T]:
    """Go through stretches in order, and give what `look` sees in each."""
    assert isinstance(source, TorchSurroundings)
    first = 0
    while first < len(every):
        where, same = bank.where(every[first].start), 1
        while first + same < len(every) and where == bank.where(every[first + same].start):
            same += 1
            if same == MOST_STRETCHES:
                break
        batch = min(same, source.batch or batch_for(source, every[first], bank.model.n_units))

        def step(n: int, first: int = first, where: Where = where) -> list[Sorted]:
            return _sort_some(source, every[first : first + n], bank, where, decoys)

        done, fitted = in_halves(step, batch)
        if fitted < batch:
            source.batch = fitted
        first += len(done)
        while done:
            yield look(done.pop(0))


def batch_for(source: TorchSurroundings, stretch: Stretch, n_units: int) -> int:
    """Return how many stretches should fit into the free memory of the device at once."""
    begin, end = source.bounds(stretch)
    return int(np.clip(_SHARE * free_bytes(source.device) / (_PER_SCORE * n_units * (end - begin)), 1, MOST_STRETCHES))


def _matcher_on(device: str, matcher: Matcher) -> TorchMatcher:
    from phy_medicine.compute.sorting.torch_matching import TorchMatcher

    found = _matchers.get(matcher)
    if found is None:
        found = _matchers[matcher] = TorchMatcher(matcher, device)
    return found


def _sort_some(
    source: TorchSurroundings, every: Sequence[Stretch], bank: Bank, where: Where, decoys: bool
) -> list[Sorted]:
    """Spikes of stretches for which the templates are the same."""
    from phy_medicine.compute.sorting import torch_data

    placed = bank.placed(where)
    on_device = _matcher_on(source.device, placed.matcher)
    data = [source(stretch) for stretch in every]
    out = []
    for stretch, (found, counts) in zip(every, on_device.find(data, decoys=decoys), strict=True):
        whole, (begin, _) = data.pop(0), source.bounds(stretch)
        own = whole[:, stretch.start - begin : stretch.stop - begin]
        energy, n_points = torch_data.energy(own), own.numel()
        left = torch_data.subtract(whole, found, on_device.channels, on_device.waveforms)
        core = (found.times + begin >= stretch.start) & (found.times + begin < stretch.stop)
        out.append(Sorted(left, found, core, stretch, begin, where, placed, energy, n_points, counts))
    return out
