"""Waveforms drawn where their channels lie on the probe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _HEIGHT = 0.85, 1.6
_ALONE_UM = 40.0


@dataclass(frozen=True, slots=True)
class Frame:
    """How large waveforms are on a probe; width_um : of one; um_per_unit : height of a unit of the recording."""

    width_um: float
    um_per_unit: float

    @classmethod
    def of(cls, positions_um: FloatArray, largest: float) -> Frame:
        """Return the frame in which waveforms of a largest peak-to-peak fit between channels (n, 2)."""
        across, along = (_spacing(positions_um[:, axis]) for axis in (0, 1))
        return cls(_WIDTH * (across or along or _ALONE_UM), _HEIGHT * (along or across or _ALONE_UM) / (largest or 1.0))


def _spacing(values: FloatArray) -> float:
    """The smallest distance of different values, 0 if there is one."""
    steps = np.diff(np.unique(np.round(values, 3)))
    return float(steps.min()) if steps.size else 0.0


def draw_waveforms(
    axis: Axes,
    waveforms: Sequence[AnyArray],
    positions_um: FloatArray,
    colors: Sequence[Any],
    frame: Frame | None = None,
) -> Axes:
    """Draw waveforms, each (n_samples, n_channels), about the positions (n_channels, 2) of their channels."""
    largest = max((float(np.ptp(wave, axis=0).max()) for wave in waveforms), default=0.0)
    frame = frame or Frame.of(positions_um, largest)
    for waveform, color in zip(waveforms, colors, strict=True):
        n_samples = len(waveform)
        across = np.append(np.linspace(-0.5, 0.5, n_samples) * frame.width_um, np.nan)
        gap = np.full((1, waveform.shape[1]), np.nan)
        heights = np.vstack([np.asarray(waveform, dtype=np.float64), gap]) * frame.um_per_unit
        axis.plot(
            (across[:, None] + positions_um[:, 0]).T.ravel(), (heights + positions_um[:, 1]).T.ravel(),
            color=color, linewidth=1.1,
        )  # fmt: skip
    axis.set_xlabel("x (µm)", fontsize=8)
    axis.set_ylabel("y (µm)", fontsize=8)
    return axis
