"""A recording in stretches: what the sorter reads at once, and what it keeps of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray
from phy_medicine.compute.sorting.step_file import StepFile

Read = Callable[[int, int], FloatArray]
"""Samples start..stop of the whitened data, (N, stop - start) float32, within the recording, the caller's own."""

KEPT_BYTES = 4 << 30
"""On the disk: 170 s of 384 channels at 30 kHz."""


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
    """Reads stretches with what is around them, and keeps those that were read in a file; safe in any thread.

    margin : samples on each side
    kept_bytes : at most; then values are rounded, also of what does not fit. 0 keeps nothing and leaves values alone
    folder : of the file; None for that of temporary files
    """

    device = ""
    """Of torch, on which the data are; none for arrays of the host."""

    def __init__(
        self, read: Read, n_samples: int, margin: int, *, kept_bytes: int = KEPT_BYTES, folder: Path | None = None
    ) -> None:
        self.n_samples, self.margin = n_samples, margin
        self._read = read
        self._kept = StepFile(kept_bytes, folder) if kept_bytes else None

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
        if self._kept is not None and (kept := self._kept.get(bounds)) is not None:
            return kept
        data = np.ascontiguousarray(self._read(*bounds), dtype=np.float32)
        if not np.isfinite(data.sum(dtype=np.float64)):
            raise PhyMedError(
                f"The data have values that are not finite between samples {bounds[0]:,} and {bounds[1]:,}."
            )
        if self._kept is not None:
            self._kept.put(bounds, data)
        return data
