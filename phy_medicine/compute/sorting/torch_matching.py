"""Spikes of known templates in several stretches at once, on a device of torch; needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from phy_medicine.base.types import IntArray
from phy_medicine.compute.sorting.matching import Matcher, pieces
from phy_medicine.compute.sorting.pursuit import Found
from phy_medicine.compute.sorting.torch_board import TorchBoard
from phy_medicine.compute.sorting.torch_pursuit import TorchPursuit
from phy_medicine.compute.sorting.torch_rows import put
from phy_medicine.compute.sorting.torch_scores import TorchScorer


class TorchMatcher:
    """Finds the spikes that a matcher finds, on a device."""

    def __init__(self, matcher: Matcher, device: str) -> None:
        # Not the matcher itself, with which it goes.
        self._width, self._n_units = matcher.width, matcher.n_units
        self._scorer = TorchScorer(matcher.templates, device)
        self._pursuit = TorchPursuit(matcher.pursuit, device)
        self.channels = put(matcher.templates.channels, device, torch.int64)
        self.waveforms = put(matcher.templates.waveforms(), device)

    def find(self, stretches: Sequence[Tensor], *, decoys: bool = True) -> list[tuple[Found, IntArray]]:
        """Return, of the data (N, T) float32 of each stretch, what `Matcher.find_all` does: its spikes, and decoys.

        decoys : whether these are counted
        """
        cuts = [
            (number, *piece)
            for number, data in enumerate(stretches)
            for piece in pieces(self._width, self._n_units, 0, None, data.shape[1])
        ]
        counts = [np.zeros(self._n_units, np.int64) for _ in stretches]
        if not cuts:
            return [(Found.joined([]), of_stretch) for of_stretch in counts]
        scores = [self._scorer(data) for data in stretches]
        last = self._width - 1
        board = self._pursuit.board([scores[n][:, low : max(low, high - last)] for n, _, _, low, high in cuts])
        del scores
        found = self._pursuit(board)
        of, begins, ends, lows, _ = np.array(cuts, np.int64).T
        piece = board.piece_of(found.times)
        times = found.times - board.starts[piece] + lows[piece]
        inside = (times >= begins[piece]) & (times < ends[piece])
        found = replace(found, times=times)
        if decoys:
            self._count_decoys(board, counts, of, begins - lows, ends - lows)
        return [(found.part(inside & (of[piece] == n)), counts[n]) for n in range(len(stretches))]

    def _count_decoys(
        self, board: TorchBoard, counts: list[IntArray], of: IntArray, firsts: IntArray, stops: IntArray
    ) -> None:
        """Add how often each unit's score falls to minus what makes a spike, in some columns of the pieces."""
        limits = -self._pursuit.links.judge[:, :1]
        for n, start, first, stop in zip(of, board.starts, firsts, np.minimum(stops, board.widths - 1), strict=True):
            a, b = start + max(1, first), start + stop
            if a >= b:
                continue
            here = board.scores[:, a:b]
            low = (here <= limits) & (here < board.scores[:, a - 1 : b - 1]) & (here <= board.scores[:, a + 1 : b + 1])
            counts[n] += low.sum(dim=1).cpu().numpy()
