"""A recording in stretches: what the sorter reads at once, and what it keeps in memory of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray

Read = Callable[[int, int], FloatArray]
"""Samples start..stop of the whitened data, (N, stop - start) float32, within the recording."""

STEP = 1 / 64
"""Of kept values, in standard deviations of the noise."""
KEPT_BYTES = 400 << 20


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples start to stop, whose spikes are looked for at once."""

    start: int
    stop: int


def stretches(n_samples: int, length: int, edges: tuple[int, ...] = ()) -> list[Stretch]:
    """Cut a recording into stretches of one length, and where else something changes."""
    inside = [edge for edge in edges if 0 < edge < n_samples]
    bounds = np.unique([*range(0, n_samples, length), *inside, n_samples]).tolist()
    return [Stretch(a, b) for a, b in pairwise(bounds)]


def spread(every: list[Stretch], most: int) -> list[Stretch]:
    """Return so many of the stretches at most, spread evenly over all."""
    if len(every) <= most:
        return every
    return [every[i] for i in np.linspace(0, len(every) - 1, most).round().astype(int)]


class Surroundings:
    """Reads stretches with what is around them, and keeps those that were read, in steps of 1/64.

    margin : samples on each side; kept_bytes : at most; safe in any thread
    """

    device = ""
    """Of torch, on which the data are; none for arrays of the host."""

    def __init__(self, read: Read, n_samples: int, margin: int, *, kept_bytes: int = KEPT_BYTES) -> None:
        self.n_samples, self.margin = n_samples, margin
        self._read, self._room = read, kept_bytes
        self._kept: dict[tuple[int, int], FloatArray] = {}
        self._lock = threading.Lock()

    def bounds(self, stretch: Stretch) -> tuple[int, int]:
        """Return the first sample read for a stretch, and the one after the last."""
        return max(0, stretch.start - self.margin), min(self.n_samples, stretch.stop + self.margin)

    def __call__(self, stretch: Stretch) -> FloatArray:
        """Return (N, T) float32 of a stretch and its surroundings, the caller's own.

        Raises
        ------
        PhyMedError : values that are not finite
        """
        bounds = self.bounds(stretch)
        kept = self._kept.get(bounds)
        if kept is not None:
            return np.multiply(kept, np.float32(STEP), dtype=np.float32)
        data = np.array(self._read(*bounds), dtype=np.float32, order="C")
        if not np.isfinite(data.sum(dtype=np.float64)):
            raise PhyMedError(
                f"The data have values that are not finite between samples {bounds[0]:,} and {bounds[1]:,}."
            )
        with self._lock:
            self._room -= 2 * data.size
            fits = self._room >= 0
            if not fits:
                self._room += 2 * data.size
        if not fits:
            return data
        rounded = np.clip(np.rint(data / np.float32(STEP)), -32768, 32767).astype(np.int16)
        self._kept[bounds] = rounded
        return np.multiply(rounded, np.float32(STEP), dtype=np.float32)
