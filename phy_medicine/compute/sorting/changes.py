"""Waveforms that change slowly in the course of a recording: those of some units in some windows of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.sorting.averages import Moving, Still


@dataclass(frozen=True, slots=True)
class Change:
    """Units whose waveform in a window is another one than in the mean of the recording.

    units : (m,) int64, ascending; shapes : `Still` or `Moving`, of these
    """

    units: IntArray
    shapes: Any

    def into(self, shapes: Any) -> Any:
        """Return waveforms of all units, these replaced."""
        order = np.arange(shapes.n_units)
        order[self.units] = shapes.n_units + np.arange(len(self.units))
        return shapes.and_also(self.shapes).of(order)


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes in windows of a recording, as arrays that may be mapped.

    window_samples : of a window; 0 for a recording that is one
    arrays : `windows` (m,) int64, ascending, and `units` (m,); of each its waveform: `channels` (m, C), -1 for none,
        and `waveforms` (m, C, D), or places and weights as of `Moving`, and where those of each begin in `place_bounds`
    """

    window_samples: int
    arrays: Mapping[str, AnyArray]

    @classmethod
    def of(cls, changes: Sequence[Change], window_samples: int, most_channels: int) -> Self:
        """Put the changes of all windows together.

        most_channels : on which a waveform that does not move is kept, those where it is largest
        """
        windows = np.repeat(np.arange(len(changes)), [len(change.units) for change in changes])
        arrays: dict[str, AnyArray] = {"windows": windows.astype(np.int64)}
        if not windows.size:
            return cls(window_samples, arrays)
        some = [change for change in changes if len(change.units)]
        arrays["units"] = np.concatenate([change.units for change in some])
        if isinstance(some[0].shapes, Moving):
            shapes = [change.shapes for change in some]
            places = [place for one in shapes for place in one.places]
            arrays["place_bounds"] = np.cumsum([0, *map(len, places)])
            arrays["places"] = np.concatenate(places)
            arrays["weights"] = np.concatenate([weight for one in shapes for weight in one.weights])
            arrays["of_shank"] = np.concatenate([one.of_shank for one in shapes])
        else:
            local = [_on_channels(change.shapes.waveforms, most_channels) for change in some]
            for name, parts in zip(("channels", "waveforms"), zip(*local, strict=True), strict=True):
                arrays[name] = np.concatenate(parts)
        return cls(window_samples, arrays)

    def window(self, sample: int) -> int:
        """Return the window of a sample that has changes of its own; -1 where waveforms are those of all."""
        number = sample // self.window_samples if self.window_samples else -1
        return number if len(self._rows(number)) else -1

    def shapes(self, shapes: Any, window: int) -> Any:
        """Return waveforms of all units, those that are changed in a window replaced."""
        rows = self._rows(window)
        if not len(rows):
            return shapes
        units = np.asarray(self.arrays["units"][rows])
        if isinstance(shapes, Moving):
            bounds = self.arrays["place_bounds"]
            cuts = [slice(int(bounds[row]), int(bounds[row + 1])) for row in rows]
            places, weights = (tuple(np.asarray(self.arrays[n][cut]) for cut in cuts) for n in ("places", "weights"))
            shank = np.asarray(self.arrays["of_shank"][rows])
            return Change(units, Moving(places, weights, shapes.positions, shapes.shanks, shank)).into(shapes)
        dense = np.zeros((len(rows), *shapes.waveforms.shape[1:]), np.float32)
        for out, row in zip(dense, rows, strict=True):
            channels = self.arrays["channels"][row]
            out[channels[channels >= 0]] = self.arrays["waveforms"][row][channels >= 0]
        return Change(units, Still(dense)).into(shapes)

    def _rows(self, window: int) -> IntArray:
        return np.arange(*np.searchsorted(self.arrays["windows"], [window, window + 1]))


NONE = Changes(0, {"windows": np.zeros(0, np.int64)})


def _on_channels(waveforms: FloatArray, most: int) -> tuple[IntArray, FloatArray]:
    """The channels (m, C) on which waveforms (m, N, D) are largest, -1 where they are 0, and those there."""
    heights = np.abs(waveforms).max(axis=2)
    channels = np.argsort(-heights, axis=1, kind="stable")[:, :most]
    there = np.take_along_axis(heights, channels, axis=1) > 0
    return np.where(there, channels, -1), np.take_along_axis(waveforms, channels[:, :, None], axis=1)
