"""Where the pursuit of many stretches at once stands, on a device of torch; needs torch.

Pieces of a recording lie side by side in one board, with gaps between them that no spike of one piece reaches across.
What is taken in a round is what the compiled pursuit takes in each piece for itself: the spikes that are the largest of
their neighbourhood. Spikes are lists on the host, a few thousand for a second; scores, millions, stay on the device.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from phy_medicine.base.types import IntArray
from phy_medicine.compute.sorting.pursuit import Pursuit
from phy_medicine.compute.sorting.torch_rows import expand, put, subtract_rows

_ROWS = 1 << 19
"""Blocks that are searched at once."""
_VALUES = 1 << 24
"""Values that are subtracted at once."""
_CANDIDATES = 1 << 15
"""Candidates that are compared with their neighbours at once."""


@dataclass(frozen=True, slots=True)
class TorchLinks:
    """What is known of units, on a device; see `Links`.

    judge : (K, 8) and own : (K, 3), float64
    starts, degrees, itself : (K,) int64, first pair of each unit, how many there are, and that with the unit itself
    units : (n_pairs,) int64; values : (n_pairs, 2 D + 1) float32, a zero before and after; peaks : (n_pairs,) float32
    shares : (K, K) bool
    block, min_isi, reach : samples; the last one is D - 1
    """

    judge: Tensor
    own: Tensor
    starts: Tensor
    degrees: Tensor
    itself: Tensor
    units: Tensor
    values: Tensor
    peaks: Tensor
    shares: Tensor
    block: int
    min_isi: int
    reach: int

    @classmethod
    def of(cls, pursuit: Pursuit, device: str) -> TorchLinks:
        """Copy what a pursuit knows to a device."""
        links = pursuit.links
        first = np.repeat(np.arange(len(links.starts) - 1), np.diff(links.starts))
        own_pairs = np.flatnonzero(links.units == first)
        return cls(
            put(pursuit.judge, device), put(links.own, device), put(links.starts[:-1], device),
            put(np.diff(links.starts), device), put(own_pairs, device), put(links.units, device),
            put(np.pad(links.values, ((0, 0), (1, 1))), device), put(links.peaks, device),
            put(links.shares, device, torch.bool), pursuit.block, pursuit.options.min_isi,
            (links.values.shape[1] - 1) // 2,
        )  # fmt: skip

    def gains(self, scores: Tensor, units: Tensor) -> Tensor:
        """Return what spikes of units with these scores are worth, -inf up to the threshold."""
        judge, s = self.judge[units], scores.to(self.judge.dtype)
        above_zero = judge[:, 6] + judge[:, 7] * s
        gain = judge[:, 3] + s * (judge[:, 4] + s * judge[:, 5])
        tail = torch.log(0.5 * torch.erfc(-above_zero * 0.5**0.5))
        gain = torch.where(above_zero > 5.0, gain, gain + tail)
        return torch.where(s > judge[:, 0], gain, -torch.inf)

    def amplitudes(self, scores: Tensor, units: Tensor) -> Tensor:
        """Return the most probable amplitudes of spikes with these scores."""
        judge = self.judge[units]
        return (judge[:, 1] + judge[:, 2] * scores).clamp_min(0.0)

    def added(self, pairs: Tensor, taps: Tensor, lags: Tensor) -> Tensor:
        """Return what spikes with taps add to scores at lags (n, m), from 0 for the earliest."""
        rows, values = pairs[:, None], self.values
        a, b, c = (taps[:, i, None].float() for i in range(3))
        return a * values[rows, lags + 2] + b * values[rows, lags + 1] + c * values[rows, lags]

    def between(self, before: Tensor, here: Tensor, after: Tensor, units: Tensor, may: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores (n,) and taps (n, 3) of spikes at the top of the parabola through three scores, as
        `place_between` does; where they `may` not, and where scores are small, at the sample itself."""
        own = self.own[units]
        before, here, after = (x.to(own.dtype) for x in (before, here, after))
        bend = before - 2.0 * here + after
        shift = torch.where(bend < 0.0, (0.5 * (before - after) / bend).clamp(-0.5, 0.5), 0.0)
        a, b, c = 0.5 * shift * (shift - 1.0), 1.0 - shift * shift, 0.5 * shift * (shift + 1.0)
        norm = a * a + b * b + c * c + 2.0 * (a + c) * b * own[:, 0] + 2.0 * a * c * own[:, 1]
        taps = torch.stack([a, b, c], dim=1) / norm.sqrt()[:, None]
        scores = (taps * torch.stack([before, here, after], dim=1)).sum(dim=1)
        there = may & (here >= own[:, 2])
        still = torch.tensor([0.0, 1.0, 0.0], dtype=own.dtype, device=own.device)
        return torch.where(there, scores, here), torch.where(there[:, None], taps, still)


class TorchBoard:
    """Scores of pieces side by side, from which spikes are taken.

    scores : (K, W) float32; closed : (K, W) int8, spikes of the unit that a sample is too near to, 1 in the gaps
    inner : (W,) bool, samples of a piece with one before and one after
    starts : (n_pieces,), column at which each piece begins; widths : (n_pieces,)
    """

    def __init__(self, links: TorchLinks, pieces: list[Tensor]) -> None:
        self.links = links
        gap, block = links.reach + 1, links.block
        self.widths = np.array([piece.shape[1] for piece in pieces], np.int64)
        self.starts = gap + np.cumsum(self.widths + gap) - self.widths - gap
        width = -(-(gap + int((self.widths + gap).sum())) // block) * block
        device, n_units = pieces[0].device, len(pieces[0])
        self.scores = torch.zeros((n_units, width), dtype=torch.float32, device=device)
        self.closed = torch.ones((n_units, width), dtype=torch.int8, device=device)
        self.inner = torch.zeros(width, dtype=torch.bool, device=device)
        for start, piece in zip(self.starts.tolist(), pieces, strict=True):
            stop = start + piece.shape[1]
            self.scores[:, start:stop], self.closed[:, start:stop] = piece, 0
            self.inner[start + 1 : stop - 1] = True
        n_blocks = width // block
        self._changed = torch.ones((n_units, n_blocks), dtype=torch.bool, device=device)
        self._best_time = torch.zeros((n_units, n_blocks), dtype=torch.int64, device=device)
        self._best_gain = torch.zeros((n_units, n_blocks), dtype=links.judge.dtype, device=device)
        self._span = torch.arange((2 * links.reach) // block + 2, device=device)
        self._block = torch.arange(block, device=device)

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return self.scores.device

    def piece_of(self, times: IntArray) -> IntArray:
        """Return the piece that columns lie in."""
        return np.searchsorted(self.starts, times, "right") - 1

    def _search(self) -> None:
        """Remember the best sample of each block that changed, the earliest of several."""
        rows = self._changed.view(-1).nonzero()[:, 0]
        self._changed.zero_()
        scores, closed = self.scores.view(-1, self.links.block), self.closed.view(-1, self.links.block)
        n_blocks = self._changed.shape[1]
        for some in rows.split(_ROWS):
            high, at = torch.where(closed[some] == 0, scores[some], -torch.inf).max(dim=1)
            self._best_gain.view(-1)[some] = self.links.gains(high, some // n_blocks)
            self._best_time.view(-1)[some] = some % n_blocks * self.links.block + at

    def largest(self) -> tuple[Tensor, Tensor]:
        """Return times and units of the spikes that are the largest of their neighbourhood."""
        self._search()
        units, blocks = (self._best_gain > -torch.inf).nonzero().unbind(dim=1)
        most, top = self._best_gain.max(dim=0)
        # Most are beaten in their own block already.
        good = (self._best_gain[units, blocks] >= most[blocks]) | ~self.links.shares[top[blocks], units]
        units, blocks = units[good], blocks[good]
        for shift in (0, -1, 1):
            parts = zip(units.split(_CANDIDATES), blocks.split(_CANDIDATES), strict=True)
            beaten = [self._beaten(k, b, b + shift) for k, b in parts]
            good = ~torch.cat(beaten) if beaten else torch.zeros(0, dtype=torch.bool, device=self.device)
            units, blocks = units[good], blocks[good]
        return self._best_time[units, blocks], units

    def _beaten(self, units: Tensor, blocks: Tensor, near: Tensor) -> Tensor:
        """Whether a unit with common channels has a better sample in another block within reach of the best ones."""
        links, n_blocks = self.links, self._best_gain.shape[1]
        rows, place = expand(links.degrees[units])
        others, near = links.units[links.starts[units][rows] + place], near[rows]
        inside = (near >= 0) & (near < n_blocks)
        near = near.clamp(0, n_blocks - 1)
        times, gains = self._best_time[units, blocks], self._best_gain[units, blocks]
        mine = (gains[rows], times[rows], units[rows])
        first = inside & _precedes(*mine, self._best_gain[others, near], self._best_time[others, near], others)
        within = (self._best_time[others, near] - times[rows]).abs() <= links.block
        out = torch.zeros(len(units), dtype=torch.bool, device=self.device)
        out[rows[first & within]] = True
        # The best of the block is out of reach; the best that is in reach may still come first.
        far = (first & ~within).nonzero()[:, 0]
        j, mine = others[far], (mine[0][far], mine[1][far], mine[2][far])
        columns = near[far, None] * links.block + self._block
        may = ((columns - mine[1][:, None]).abs() <= links.block) & (self.closed[j[:, None], columns] == 0)
        high, at = torch.where(may, self.scores[j[:, None], columns], -torch.inf).max(dim=1)
        beats = _precedes(*mine, links.gains(high, j), columns[:, 0] + at, j)
        out[rows[far[beats]]] = True
        return out

    def place(self, times: Tensor, units: Tensor) -> tuple[Tensor, Tensor]:
        """Return the scores and the taps of spikes."""
        before, here, after = (self.scores[units, times + shift] for shift in (-1, 0, 1))
        return self.links.between(before, here, after, units, self.inner[times])

    def add(self, times: Tensor, units: Tensor, sizes: Tensor, taps: Tensor) -> None:
        """Take spikes out of the scores (with negative sizes, put them back), and mark what changes."""
        links, width = self.links, self.scores.shape[1]
        length = 2 * links.reach + 1
        lags = torch.arange(length, device=self.device)[None]
        at_once = max(1, _VALUES // (length * int(links.degrees.max())))
        for t, k, size, tap in zip(*(x.split(at_once) for x in (times, units, sizes, taps)), strict=True):
            rows, place = expand(links.degrees[k])
            pairs, begin = links.starts[k][rows] + place, t[rows] - links.reach
            others = links.units[pairs]
            values = size.float()[rows, None] * links.added(pairs, tap[rows], lags)
            subtract_rows(self.scores.view(-1), others * width + begin, values)
            first, last = begin // links.block, (begin + length - 1) // links.block
            blocks = torch.minimum(first[:, None] + self._span, last[:, None])
            self._changed[others[:, None], blocks] = True

    def close(self, times: Tensor, units: Tensor, by: int = 1) -> None:
        """Close the samples near spikes of a unit, or with -1 open them again."""
        reach = self.links.min_isi - 1
        near = torch.arange(-reach, reach + 1, device=self.device)
        where = (units * self.scores.shape[1] + times)[:, None] + near
        self.closed.view(-1).index_add_(0, where.flatten(), torch.full_like(where.flatten(), by, dtype=torch.int8))
        self._changed[units[:, None], (times[:, None] + near) // self.links.block] = True


def _precedes(
    gain: Tensor, time: Tensor, unit: Tensor, other_gain: Tensor, other_time: Tensor, other_unit: Tensor
) -> Tensor:
    """Whether the other comes first: the larger gain, then the earlier sample, then the lower unit."""
    earlier = (other_time < time) | ((other_time == time) & (other_unit < unit))
    return (other_gain > gain) | ((other_gain == gain) & (other_gain > -torch.inf) & earlier)
