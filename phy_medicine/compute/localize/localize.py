"""Positions of all spikes of a source: blocks measured in threads, solved in batches, written into columns."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.localize.contacts import Neighbours
from phy_medicine.compute.localize.localizers import Localizer, Positions, Window
from phy_medicine.compute.localize.sources import Block, Source
from phy_medicine.compute.localize.spikes import followed


class Columns:
    """One value for each spike; NaN where its signal is not known.

    x_um, depth_um, z_um, alpha : (n_spikes,) float32
    converged : (n_spikes,) bool; peak_channels : (n_spikes,) int32, -1 where unknown
    """

    def __init__(self, n_spikes: int) -> None:
        self.x_um, self.depth_um, self.z_um, self.alpha = (np.full(n_spikes, np.nan, np.float32) for _ in range(4))
        self.converged = np.zeros(n_spikes, dtype=bool)
        self.peak_channels = np.full(n_spikes, -1, dtype=np.int32)

    def put(self, spike_ids: IntArray, channel_ids: IntArray, found: Positions) -> None:
        """Write the positions of some spikes."""
        for column, values in zip((self.x_um, self.depth_um, self.z_um), found.um.T, strict=True):
            column[spike_ids] = values
        self.alpha[spike_ids] = found.alpha
        self.converged[spike_ids] = found.converged
        self.peak_channels[spike_ids] = channel_ids

    def as_arrays(self) -> Mapping[str, AnyArray]:
        """Return the columns by name."""
        names = ("x_um", "depth_um", "z_um", "alpha", "converged", "peak_channels")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Following:
    """Take for each spike the channel where it is largest, among those near the given one."""

    neighbours: Neighbours
    window: Window


@dataclass(slots=True)
class _Waiting:
    """Features that are not solved yet."""

    spike_ids: list[IntArray] = field(default_factory=list)
    channel_ids: list[IntArray] = field(default_factory=list)
    features: list[FloatArray] = field(default_factory=list)

    @property
    def n_spikes(self) -> int:
        return sum(map(len, self.spike_ids))


Measured = tuple[IntArray, IntArray, FloatArray]


def localize(
    source: Source,
    localizer: Localizer,
    n_spikes: int,
    *,
    following: Following | None = None,
    n_threads: int = 1,
    progress: Callable[[int, Columns], object] = lambda n_done, columns: None,
) -> Columns:
    """Return positions of all spikes of a source.

    Parameters
    ----------
    n_spikes : in the dataset; those that are in no block of the source stay unknown
    following : None leaves the peak channels of the source as they are
    n_threads : blocks that are read and measured at once, each of some hundred MB
    progress : called after each block with the number of spikes done and the columns so far; may raise to end the work
    """
    columns, waiting, n_done = Columns(n_spikes), _Waiting(), 0

    def measure(block: Block) -> Measured:
        spikes = block.load()
        if following is not None:
            spikes = followed(spikes, following.neighbours, following.window.before, following.window.after)
        return block.spike_ids, spikes.channel_ids, localizer.measure(spikes)

    for spike_ids, channel_ids, features in _ahead(measure, source.blocks(), n_threads):
        waiting.spike_ids.append(spike_ids)
        waiting.channel_ids.append(channel_ids)
        waiting.features.append(features)
        if waiting.n_spikes >= localizer.batch:
            _solve(localizer, waiting, columns)
            waiting = _Waiting()
        n_done += len(spike_ids)
        progress(n_done, columns)
    if waiting.n_spikes:
        _solve(localizer, waiting, columns)
    return columns


def _solve(localizer: Localizer, waiting: _Waiting, columns: Columns) -> None:
    channel_ids = np.concatenate(waiting.channel_ids)
    found = localizer.solve(np.concatenate(waiting.features), channel_ids)
    columns.put(np.concatenate(waiting.spike_ids), channel_ids, found)


def _ahead(work: Callable[[Block], Measured], blocks: Iterator[Block], n_threads: int) -> Iterator[Measured]:
    """Do blocks in threads, as many ahead as there are threads, and give the results in order."""
    if n_threads <= 1:
        yield from map(work, blocks)
        return
    pool = ThreadPoolExecutor(n_threads)
    try:
        under_way: deque[Future[Measured]] = deque()
        for block in blocks:
            under_way.append(pool.submit(work, block))
            if len(under_way) > n_threads:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
