"""The pursuit on a device of torch: the same spikes as the compiled one finds, in many pieces at once; needs torch.

Rounds, and what overlapping spikes leave of each other's scores, are worked out on the device. The lists of spikes are
on the host: their amplitudes are found together there by the compiled code, which takes some thousandths of a second
for a second of recording.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.sorting.pursuit import Found, Pursuit
from phy_medicine.compute.sorting.torch_board import TorchBoard, TorchLinks
from phy_medicine.compute.sorting.torch_exchange import Exchange
from phy_medicine.compute.sorting.torch_rows import put


@dataclass(frozen=True, slots=True)
class Listed:
    """Spikes of a board.

    where : (n, 2) int64, column and unit; sizes : (n,) float64; taps : (n, 3) float64
    worth, explained, changes : (n,) float64, gains, shares in the likelihood, and what the scores do not know yet
    """

    where: IntArray
    sizes: FloatArray
    taps: FloatArray
    worth: FloatArray
    explained: FloatArray
    changes: FloatArray

    @classmethod
    def of(cls, where: IntArray, sizes: FloatArray, taps: FloatArray) -> Listed:
        """Spikes of which it is not known yet what they are worth."""
        return cls(where, sizes, taps, *np.zeros((3, len(sizes))))

    def part(self, keep: IntArray) -> Listed:
        """Return some of the spikes, or all in another order."""
        return Listed(*(getattr(self, name)[keep] for name in self.__slots__))

    def and_also(self, others: Listed) -> Listed:
        """Return these spikes and others."""
        return Listed(*(np.concatenate([getattr(self, n), getattr(others, n)]) for n in self.__slots__))


class TorchPursuit:
    """Pursuit of the spikes of all units on a device, as a compiled one would find them in each piece."""

    def __init__(self, pursuit: Pursuit, device: str) -> None:
        self._host, self.options = pursuit, pursuit.options
        self.links = TorchLinks.of(pursuit, device)
        self._exchange = Exchange(pursuit)

    def board(self, pieces: list[Tensor]) -> TorchBoard:
        """Return where a pursuit of pieces, each of scores (K, n) float32, begins; it copies them."""
        return TorchBoard(self.links, pieces)

    def __call__(self, board: TorchBoard, *, scores_after: bool = True) -> Found:
        """Return the spikes of all pieces, at columns of the board, in order; see `Pursuit`."""
        spikes = Listed.of(np.zeros((0, 2), np.int64), np.zeros(0), np.zeros((0, 3)))
        for refinement in range(self.options.n_refinements + 1):
            more = refinement < self.options.n_refinements
            spikes = self._settled(board, spikes.and_also(self._pursued(board)))
            if more or scores_after:
                self._change(board, spikes)
            if more:
                where, sizes, taps = self._exchange(board, spikes.where, spikes.sizes, spikes.taps)
                spikes = Listed.of(where, sizes, taps)
        times, units = np.ascontiguousarray(spikes.where.T)
        return Found(times, units, spikes.sizes, spikes.worth, spikes.explained, spikes.taps)

    def _pursued(self, board: TorchBoard) -> Listed:
        """Take spikes out until there is none left."""
        parts = []
        for _ in range(self.options.max_rounds):
            times, units = board.largest()
            if not len(times):
                break
            scores, taps = board.place(times, units)
            sizes = self.links.amplitudes(scores, units)
            board.add(times, units, sizes, taps)
            board.close(times, units)
            parts.append((torch.stack([times, units], dim=1), sizes, taps))
        if not parts:
            return Listed.of(np.zeros((0, 2), np.int64), np.zeros(0), np.zeros((0, 3)))
        where, sizes, taps = (torch.cat(column).cpu().numpy() for column in zip(*parts, strict=True))
        return Listed.of(where, sizes.astype(np.float64), taps.astype(np.float64))

    def _settled(self, board: TorchBoard, spikes: Listed) -> Listed:
        """Find all amplitudes together, without the spikes that are then worth nothing; in order of time and unit."""
        from phy_medicine.compute.sorting import _kernels_pieces as kernels

        o, host = self.options, self._host
        spikes = spikes.part(np.lexsort((spikes.where[:, 1], spikes.where[:, 0])))
        is_open = np.ones(len(board.starts), np.uint8)
        while True:
            left = self._left(board, spikes)
            sizes, gone = spikes.sizes.copy(), np.zeros(len(spikes.sizes), np.uint8)
            bounds = np.append(np.searchsorted(spikes.where[:, 0], board.starts), len(sizes))
            was_open = is_open[board.piece_of(spikes.where[:, 0])].astype(bool)
            kernels.settle_pieces(
                spikes.where, sizes, spikes.taps, left, bounds, is_open, host.links, host.judge, o.n_sweeps,
                o.tolerance, gone, spikes.worth, spikes.explained,
            )  # fmt: skip
            changes = np.where(was_open, np.where(gone, 0.0, sizes) - spikes.sizes, spikes.changes)
            spikes = replace(spikes, sizes=sizes, changes=changes)
            if not is_open.any():
                return spikes
            again = is_open[board.piece_of(spikes.where[:, 0])].astype(bool)
            self._change(board, spikes.part(again))
            where = put(spikes.where[gone > 0], board.device)
            board.close(where[:, 0], where[:, 1], -1)
            spikes = spikes.part(gone == 0)

    def _left(self, board: TorchBoard, spikes: Listed) -> FloatArray:
        """The score of each spike in what is left of the data, (n,) float64."""
        times, units = put(spikes.where, board.device).unbind(dim=1)
        near = torch.stack([board.scores[units, times + shift] for shift in (-1, 0, 1)], dim=1).cpu().numpy()
        return np.where(spikes.taps != 0, spikes.taps * near, 0.0).sum(axis=1)

    def _change(self, board: TorchBoard, spikes: Listed) -> None:
        """Add the changes of spikes to what is taken out of the scores."""
        some = spikes.part(spikes.changes != 0)
        where = put(some.where, board.device)
        sizes, taps = (put(x, board.device, self.links.judge.dtype) for x in (some.changes, some.taps))
        board.add(where[:, 0], where[:, 1], sizes, taps)
