"""Spikes of a whole recording, stretch by stretch, with templates that are known."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.sorting.priors import Prior
from phy_medicine.compute.sorting.pursuit import Found, Pursuit, PursuitOptions, log_likelihood
from phy_medicine.compute.sorting.scores import Scorer, sum_of_squares
from phy_medicine.compute.sorting.sparse_templates import SparseTemplates

S = TypeVar("S")
T = TypeVar("T")
Read = Callable[[int, int], FloatArray]
"""Samples start..stop of the whitened data, (N, stop - start)."""
MARGIN = 2
"""Templates looked at on each side of a piece: what is found there can change what is found in it."""
PIECE_SCORES = 600_000
"""Scores pursued at once: as many as stay in the processor's cache. A million take a tenth longer."""


@dataclass(frozen=True, slots=True)
class Matched:
    """Spikes of a recording, and what they explain.

    spikes : in order of time
    energy : sum of squares of the data; n_points : how many values these are
    """

    spikes: Found
    energy: float
    n_points: int

    def log_likelihood(self, noise_std: float = 1.0) -> float:
        """Return the log likelihood per data point, without forming the residual."""
        return log_likelihood(self.energy, self.spikes.explained, self.n_points, noise_std)


class Matcher:
    """Finds the spikes of known templates.

    Parameters
    ----------
    priors : of each unit; noise_std : as for `Pursuit`; `Scorer.noise` measures it
    """

    def __init__(
        self,
        templates: SparseTemplates,
        priors: Sequence[Prior],
        *,
        noise_std: float | FloatArray = 1.0,
        options: PursuitOptions | None = None,
    ) -> None:
        if len(priors) != templates.n_units:
            raise PhyMedError(f"There are {len(priors)} priors for {templates.n_units} units.")
        self.width, self.n_units = templates.width, templates.n_units
        self.templates, self._scorer = templates, Scorer(templates)
        self.pursuit = Pursuit(templates, priors, noise_std=noise_std, options=options)

    @property
    def shares(self) -> IntArray:
        """Which units have common channels, (K, K) uint8."""
        return self.pursuit.links.shares

    @property
    def n_bytes(self) -> int:
        """Memory of what is known of pairs of templates, which is most of all."""
        return int(self.pursuit.links.values.nbytes)

    def find(self, data: FloatArray) -> Found:
        """Return the spikes of a stretch (N, T) float32 whose templates lie in it wholly."""
        return self.pursuit(self._scorer(data), scores_after=False)

    def match(
        self,
        read: Read,
        n_samples: int,
        *,
        batch_samples: int = 30_000,
        n_threads: int = 1,
        progress: Callable[[float], object] = lambda fraction: None,
    ) -> Matched:
        """Return the spikes of a recording.

        Parameters
        ----------
        read : called from several threads; start and stop are within the recording
        batch_samples : of a stretch, without the margins that it is read with
        progress : called with the share that is done; may raise to end the work

        Raises
        ------
        PhyMedError : the data have values that are not finite, or a stretch is shorter than a template
        """
        if batch_samples < self.width:
            raise PhyMedError(f"A stretch of {batch_samples} samples is shorter than a template ({self.width}).")
        starts = range(0, n_samples, batch_samples)
        parts: list[Found] = []
        energy, n_points = 0.0, 0

        def one(start: int) -> tuple[Found, float, int]:
            return self._stretch(read, start, min(n_samples, start + batch_samples), n_samples)

        for i, (found, of_stretch, n) in enumerate(in_order(one, starts, n_threads)):
            parts.append(found)
            energy, n_points = energy + of_stretch, n_points + n
            progress((i + 1) / len(starts))
        return Matched(Found.joined(parts), energy, n_points)

    def _stretch(self, read: Read, start: int, stop: int, n_samples: int) -> tuple[Found, float, int]:
        first, last = _bounds(self.width, start, stop, n_samples)
        data = np.asarray(read(first, last), dtype=np.float32)
        core = data[:, start - first : stop - first]
        energy = sum_of_squares(core)
        if not np.isfinite(energy):
            raise PhyMedError(f"The data have values that are not finite between samples {start:,} and {stop:,}.")
        return self.find_all(data, start - first, stop - first).later(first), energy, core.size

    def find_all(
        self, data: FloatArray, start: int = 0, stop: int | None = None, *, decoys: IntArray | None = None
    ) -> Found:
        """Return the spikes that begin in some columns of data (N, T) float32, piece by piece.

        decoys : (K,) int64; how often the score of what is left falls to minus what makes a spike is added to it
        """
        from phy_medicine.compute.sorting import _kernels_learn as kernels

        parts = []
        for a, b, low, high in pieces(self.width, self.n_units, start, stop, data.shape[1]):
            scores = self._scorer(data[:, low:high])
            found = self.pursuit(scores, scores_after=decoys is not None).later(low)
            if decoys is not None:
                kernels.count_below(scores, self.pursuit.judge[:, 0], a - low, b - low, decoys)
            parts.append(found.part((found.times >= a) & (found.times < b)))
        return Found.joined(parts)


def pieces(width: int, n_units: int, start: int, stop: int | None, n_samples: int) -> list[tuple[int, int, int, int]]:
    """Return what some columns are cut into for the pursuit of so many units.

    Returns
    -------
    Of each piece the first column, and the one after the last, in which spikes begin, and the same of what is looked at
    for them
    """
    stop, length = n_samples if stop is None else stop, max(8 * width, PIECE_SCORES // n_units)
    cuts = [(a, min(stop, a + length)) for a in range(start, stop, length)]
    return [(a, b, *_bounds(width, a, b, n_samples)) for a, b in cuts]


def _bounds(width: int, start: int, stop: int, n_samples: int) -> tuple[int, int]:
    """The samples to look at for the spikes of templates that begin in a piece."""
    margin = MARGIN * width
    return max(0, start - margin), min(n_samples, stop + margin + width - 1)


def in_order(run: Callable[[S], T], items: Iterable[S], n_threads: int) -> Iterator[T]:
    """Yield results in the order of the items, computed a few ahead of what is asked for."""
    if n_threads == 1:
        yield from map(run, items)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        waiting: deque[Future[T]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(run, item))
                if len(waiting) > n_threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
