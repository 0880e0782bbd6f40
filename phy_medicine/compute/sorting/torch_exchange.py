"""Spikes of a pursuit on a device of torch given to the unit and sample that explain them best; needs torch.

The compiled loop takes one spike after the other, and each sees what those before it have changed. Here all are looked
at together. Those whose scores no earlier one changes are then as the loop would have them; they are changed, and the
others looked at again, a few times, for few spikes change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.sorting.pursuit import Pursuit
from phy_medicine.compute.sorting.torch_board import TorchBoard, TorchLinks
from phy_medicine.compute.sorting.torch_rows import expand, put

_VALUES = 1 << 23
"""Scores that are looked at together."""


@dataclass(frozen=True, slots=True)
class _Spikes:
    """Spikes on the device: columns, units, sizes and taps."""

    times: Tensor
    units: Tensor
    sizes: Tensor
    taps: Tensor

    @classmethod
    def of(cls, board: TorchBoard, where: IntArray, sizes: FloatArray, taps: FloatArray) -> _Spikes:
        real = board.links.judge.dtype
        times, units = put(where, board.device).unbind(dim=1)
        return cls(times, units, put(sizes, board.device, real), put(taps, board.device, real))

    def part(self, rows: Tensor) -> _Spikes:
        return _Spikes(self.times[rows], self.units[rows], self.sizes[rows], self.taps[rows])


@dataclass(frozen=True, slots=True)
class _Offers:
    """Other places for spikes, all that may be better than what each is.

    rows : (m,), of the spikes, ascending; units, times : (m,); scores, gains, peaks : (m,); taps : (m, 3)
    """

    rows: Tensor
    units: Tensor
    times: Tensor
    scores: Tensor
    gains: Tensor
    peaks: Tensor
    taps: Tensor


class Exchange:
    """Gives each spike to the unit and sample within `min_isi` that explain it best, once."""

    def __init__(self, pursuit: Pursuit) -> None:
        self._judge = pursuit.judge
        shares = pursuit.links.shares.astype(np.float32)
        self._touches = (shares @ shares > 0).astype(np.uint8)
        self._far = (self._touches @ shares > 0).astype(np.uint8)

    def __call__(
        self, board: TorchBoard, where: IntArray, sizes: FloatArray, taps: FloatArray
    ) -> tuple[IntArray, FloatArray, FloatArray]:
        """Return where spikes, in order of time, are then, with sizes and taps; the board is changed."""
        from phy_medicine.compute.sorting import _kernels_pieces as kernels

        where, sizes, taps = where.copy(), sizes.copy(), taps.copy()
        reach = board.links.reach + 2 * board.links.min_isi + 2
        pieces = board.piece_of(where[:, 0])
        pending = np.arange(len(sizes))
        while pending.size:
            new, new_taps = self._best(board, where[pending], sizes[pending], taps[pending])
            changes = (new != where[pending]).any(axis=1) | kernels.differ(taps[pending], new_taps).astype(bool)
            waits = np.empty(len(pending), np.uint8)
            times, units = np.ascontiguousarray(where[pending].T)
            kernels.must_wait(
                times, units, np.ascontiguousarray(new[:, 1]), pieces[pending], changes, self._touches, self._far,
                reach, waits,
            )  # fmt: skip
            now = changes & (waits == 0)
            some = pending[now]
            sizes[some] = _move(board, (where[some], sizes[some], taps[some]), new[now], new_taps[now])
            where[some], taps[some] = new[now], new_taps[now]
            pending = pending[waits > 0]
        return where, sizes, taps

    def _best(
        self, board: TorchBoard, where: IntArray, sizes: FloatArray, taps: FloatArray
    ) -> tuple[IntArray, FloatArray]:
        """Where each spike would be worth most, (n, 2), and its taps there, were it the only one that changes."""
        from phy_medicine.compute.sorting import _kernels_pieces as kernels

        spikes = _Spikes.of(board, where, sizes, taps)
        best, own_taps = _as_it_is(board, spikes)
        offers = _offers(board, spikes, best)
        rows, units, times, scores, gains, peaks, offered = (
            getattr(offers, name).cpu().numpy() for name in _Offers.__slots__
        )
        first, chosen = np.searchsorted(rows, np.arange(len(sizes) + 1)), np.empty(len(sizes), np.int64)
        gains, best = gains.astype(np.float64), best.cpu().numpy().astype(np.float64)
        kernels.choose(first, units, scores, gains, peaks, sizes, best, self._judge, chosen)
        new, new_taps = where.copy(), own_taps.cpu().numpy().astype(np.float64)
        taken = np.flatnonzero(chosen >= 0)
        some = chosen[taken]
        new[taken, 0], new[taken, 1], new_taps[taken] = times[some], units[some], offered[some]
        return new, new_taps


def _put_back(
    board: TorchBoard, spikes: _Spikes, pairs: Tensor, units: Tensor, times: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Scores of units one sample before, at and after times (n,), had the spikes not been taken out."""
    links = board.links
    last = 2 * links.reach
    lags = (times - spikes.times + links.reach)[:, None] + torch.arange(-1, 2, device=times.device)
    added = links.added(pairs, spikes.taps, lags.clamp(0, last))
    near = times[:, None] + torch.arange(-1, 2, device=times.device)
    scores = board.scores[units[:, None], near] + spikes.sizes.float()[:, None] * added
    return scores[:, 0], scores[:, 1], scores[:, 2]


def _as_it_is(board: TorchBoard, spikes: _Spikes) -> tuple[Tensor, Tensor]:
    """What each spike is worth at its own sample and unit, and the taps that are best there."""
    links = board.links
    around = _put_back(board, spikes, links.itself[spikes.units], spikes.units, spikes.times)
    scores, taps = links.between(*around, spikes.units, board.inner[spikes.times])
    return links.gains(scores, spikes.units), taps


def _score_worth(links: TorchLinks, gains: Tensor, units: Tensor) -> Tensor:
    """Scores that are surely worth no more than gains, the thresholds at least."""
    judge = links.judge[units]
    below = judge[:, 4] ** 2 - 4 * judge[:, 5] * (judge[:, 3] - gains)
    return torch.maximum(judge[:, 0], (below.clamp_min(0.0).sqrt() - judge[:, 4]) / (2 * judge[:, 5]))


def _offers(board: TorchBoard, spikes: _Spikes, best: Tensor) -> _Offers:
    """The best place of every other unit that could explain a spike, and of its own another sample."""
    links = board.links
    rows, place = expand(links.degrees[spikes.units])
    pairs = links.starts[spikes.units][rows] + place
    least = _score_worth(links, best[rows], links.units[pairs])
    highest = links.judge[links.units[pairs], 0] + spikes.sizes[rows] * links.peaks[pairs]
    able = (highest > least).nonzero()[:, 0]
    rows, pairs, least = rows[able], pairs[able], least[able]
    at_once = max(1, _VALUES // (2 * links.min_isi + 1))
    parts = [
        _offered(board, spikes.part(row), row, pair, some)
        for row, pair, some in zip(rows.split(at_once), pairs.split(at_once), least.split(at_once), strict=True)
    ]
    return _Offers(*(torch.cat([getattr(p, name) for p in parts]) for name in _Offers.__slots__))


def _offered(board: TorchBoard, spikes: _Spikes, rows: Tensor, pairs: Tensor, least: Tensor) -> _Offers:
    """Offers of pairs, to a spike each, that are above the least score."""
    links = board.links
    units, reach = links.units[pairs], min(links.min_isi, links.reach)
    away = torch.arange(-reach, reach + 1, device=board.device)
    columns = spikes.times[:, None] + away
    added = links.added(pairs, spikes.taps, (away + links.reach)[None])
    scores = board.scores[units[:, None], columns] + spikes.sizes.float()[:, None] * added
    # Its own refractory time is no obstacle to a spike.
    own = (units == spikes.units)[:, None] & (away.abs() < links.min_isi)
    free = board.closed[units[:, None], columns] - own.to(torch.int8) == 0
    high, at = torch.where(free, scores, -torch.inf).max(dim=1)
    stays = (units == spikes.units) & (at == reach)
    good = ((high > least) & ~stays).nonzero()[:, 0]
    some, units, pairs, times = spikes.part(good), units[good], pairs[good], columns[good, at[good]]
    lags = times - some.times + links.reach
    may = board.inner[times] & (lags > 0) & (lags < 2 * links.reach)
    exact, taps = links.between(*_put_back(board, some, pairs, units, times), units, may)
    return _Offers(rows[good], units, times, high[good], links.gains(exact, units), links.peaks[pairs], taps)


def _move(
    board: TorchBoard, old: tuple[IntArray, FloatArray, FloatArray], where: IntArray, taps: FloatArray
) -> FloatArray:
    """Put spikes back, and take others out instead; returns the sizes of these."""
    if not len(where):
        return np.zeros(0)
    was, links = _Spikes.of(board, *old), board.links
    board.close(was.times, was.units, -1)
    board.add(was.times, was.units, -was.sizes, was.taps)
    now = _Spikes.of(board, where, np.zeros(len(where)), taps)
    near = torch.stack([board.scores[now.units, now.times + shift] for shift in (-1, 0, 1)], dim=1)
    scores = torch.where(now.taps != 0, now.taps * near.to(now.taps.dtype), 0.0).sum(dim=1)
    sizes = links.amplitudes(scores, now.units)
    board.add(now.times, now.units, sizes, now.taps)
    board.close(now.times, now.units)
    found: FloatArray = sizes.cpu().numpy().astype(np.float64)
    return found
