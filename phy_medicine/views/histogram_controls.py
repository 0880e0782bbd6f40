"""What can be changed in a histogram view: bins, range and how rows look, by wheel, snippet and menu."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import changed, setting
from phy_medicine.views.base import View, ViewAction
from phy_medicine.views.histogram_block import NORMALIZATIONS, HistogramBlock
from phy_medicine.views.interact import WHEEL_FACTOR

BIN_FACTOR = 1.05
_N_BINS = (2, 20_000)
CENTERS = ("none", "mean", "median")


@dataclass(frozen=True, slots=True)
class RowSettings:
    """What every histogram has: bins, range, and how rows look."""

    n_bins: int = setting(100, "Number of bins", minimum=_N_BINS[0], maximum=_N_BINS[1])
    x_min: float = setting(0.0, "Start of the range; the same as its end: automatic")
    x_max: float = setting(0.0, "End of the range")
    normalization: str = setting("count", "Height of the bars", choices=NORMALIZATIONS)
    overlay: bool = setting(False, "Lay clusters one over the other, instead of rows")
    same_scale: bool = setting(False, "One vertical scale for all rows, instead of one for each")
    log_counts: bool = setting(False, "Logarithmic height of the bars")
    center: str = setting("none", "Mark the mean or the median by a line", choices=CENTERS)


@dataclass(frozen=True, slots=True)
class HistogramSettings(RowSettings):
    """What a histogram of values shows."""

    log_axis: bool = setting(False, "Logarithmic axis, of values above 0")
    log_min: float = setting(0.0, "Start of the logarithmic axis; 0: automatic", minimum=0.0)
    log_max: float = setting(0.0, "End of the logarithmic axis; 0: automatic", minimum=0.0)


class HistogramControls(View):
    """Settings, gestures and actions of histogram views.

    unit : of the values; alias : first letters of the snippets, which only the class that says them has
    """

    settings_type: ClassVar[type] = HistogramSettings
    drawn_settings = frozenset({"normalization", "overlay", "same_scale", "log_counts"})
    zoom_settings = frozenset({"x_min", "x_max", "log_min", "log_max"})
    unit: ClassVar[str] = ""
    alias: ClassVar[str] = ""

    @property
    def log_axis(self) -> bool:
        """Whether the axis is logarithmic."""
        return bool(getattr(self.settings, "log_axis", False))

    def known_range(self) -> tuple[float, float] | None:
        """Return the range that is shown when none is set; None: that of most values."""
        return None

    def set_values_range(self) -> tuple[float, float] | None:
        """Return the range of the settings, or the known one; None: that of most values."""
        settings = self.settings
        low, high = (settings.log_min, settings.log_max) if self.log_axis else (settings.x_min, settings.x_max)
        return (low, high) if high > low and (low > 0 or not self.log_axis) else self.known_range()

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """Control+wheel moves the end of the range, Shift+wheel its start, Alt+wheel changes the number of bins."""
        block: HistogramBlock | None = self.block
        if modifiers == {"alt"}:
            n = self.settings.n_bins
            # At least one more or less, which a factor would round away.
            wanted = round(n * BIN_FACTOR**notches)
            wanted = n + (1 if notches > 0 else -1) if wanted == n else wanted
            self.change(n_bins=int(np.clip(wanted, *_N_BINS)))
        elif block is not None and modifiers in ({"control"}, {"shift"}):
            low, high = block.bins.low, block.bins.high
            factor = WHEEL_FACTOR**notches
            if modifiers == {"control"}:
                self.set_range(low, self._scaled(high, low, factor))
            else:
                self.set_range(self._scaled(low, high, factor), high)

    def _scaled(self, end: float, other: float, factor: float) -> float:
        """Return one end of the range moved by a factor; an end at 0 or below by a tenth of the range."""
        if end > 0 and (self.log_axis or min(end, other) >= 0):
            moved = end * factor
        else:
            moved = end + (factor - 1) * abs(other - end)
        return end if (moved - other) * (end - other) <= 0 else moved

    def set_range(self, low: float, high: float) -> None:
        """Show the values between two ends; the same value twice: the automatic range.

        Raises
        ------
        PhyMedError : the range does not grow
        """
        self.change(
            **dict(zip(("log_min", "log_max") if self.log_axis else ("x_min", "x_max"), (low, high), strict=True))
        )

    def change(self, **values: Any) -> None:
        """Change settings, and show the view with them.

        Raises
        ------
        PhyMedError : unknown setting, value out of range, or a range that does not grow
        """
        wanted = changed(self.settings, **values)
        log_range = (wanted.log_min, wanted.log_max) if hasattr(wanted, "log_min") else (0.0, 0.0)
        for low, high in ((wanted.x_min, wanted.x_max), log_range):
            # The same value twice is the automatic range, and so is an end of 0 on a logarithmic axis.
            if high < low and not (high == 0 and (low, high) == log_range):
                raise PhyMedError(f"The range must end after its start, not from {low:g} to {high:g} {self.unit}.")
        super().change(**values)

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        mine = self.name.removesuffix("View").lower()
        alias = vars(type(self)).get("alias", "")
        unit, one = f" ({self.unit})" if self.unit else "", (float,)

        def named(letters: str) -> str:
            return alias + letters if alias else ""

        def switch(id_: str, text: str, name: str, help_: str) -> ViewAction:
            def turn() -> None:
                self.change(**{name: not getattr(self.settings, name)})

            return ViewAction(
                f"toggle_{mine}_{id_}", text, turn, help=help_, checked=lambda: bool(getattr(self.settings, name))
            )

        log_axis = (switch("log_axis", "Logarithmic axis", "log_axis", "Show values above 0 on a logarithmic axis."),)
        return (
            ViewAction(f"set_{mine}_n_bins", "Set the number of bins", self._set_n_bins, snippet=named("n"),
                       arguments=(int,), help=f"Number of bins, now {self.settings.n_bins}."),
            ViewAction(f"set_{mine}_bin_size", f"Set the bin size{unit}", self._set_bin_size, snippet=named("b"),
                       arguments=one, help="Width of a bin; the range stays as it is."),
            ViewAction(f"set_{mine}_x_min", f"Set the start of the range{unit}", self._set_x_min, snippet=named("min"),
                       arguments=one, help="Left end of the axis."),
            ViewAction(f"set_{mine}_x_max", f"Set the end of the range{unit}", self._set_x_max, snippet=named("max"),
                       arguments=one, help="Right end of the axis."),
            ViewAction(f"reset_{mine}_range", "Usual range", self._reset_range, help="Forget the ends that were set."),
            switch("overlay", "Lay clusters over each other", "overlay", "All clusters in one row, or a row for each."),
            ViewAction(f"next_{mine}_normalization", "Next normalisation", self._next_normalization,
                       help=f"Counts, density, rate or part of the maximum; now {self.settings.normalization}."),
            switch("same_scale", "One scale for all rows", "same_scale", "Compare heights between rows."),
            *(log_axis if hasattr(self.settings, "log_axis") else ()),
            switch("log_counts", "Logarithmic heights", "log_counts", "Show bins of few values beside those of many."),
            ViewAction(f"next_{mine}_center", "Mark the mean or median", self._next_center,
                       help="A line at the mean, at the median, or none."),
        )  # fmt: skip

    def _set_n_bins(self, n_bins: int) -> None:
        self.change(n_bins=n_bins)

    def _set_bin_size(self, size: float) -> None:
        low, high = self._shown_range()
        if not size > 0:
            raise PhyMedError(f"A bin must be larger than 0, not {size:g} {self.unit}.")
        width = math.log10(high / low) if self.log_axis else high - low
        if not _N_BINS[0] <= round(width / size) <= _N_BINS[1]:
            raise PhyMedError(f"Bins of {size:g} make {round(width / size):,} bins; there may be 2 to {_N_BINS[1]:,}.")
        self.change(n_bins=round(width / size))

    def _set_x_min(self, x_min: float) -> None:
        self.set_range(x_min, self._shown_range()[1])

    def _set_x_max(self, x_max: float) -> None:
        self.set_range(self._shown_range()[0], x_max)

    def _shown_range(self) -> tuple[float, float]:
        block: HistogramBlock | None = self.block
        if block is not None:
            return block.bins.low, block.bins.high
        return self.set_values_range() or (0.0, 1.0)

    def _reset_range(self) -> None:
        usual = self.settings_type()
        names = ("x_min", "x_max", "log_min", "log_max")
        self.change(**{name: getattr(usual, name) for name in names if hasattr(usual, name)})

    def _next_normalization(self) -> None:
        self.change(normalization=_next(NORMALIZATIONS, self.settings.normalization))

    def _next_center(self) -> None:
        self.change(center=_next(CENTERS, self.settings.center))


def _next(choices: tuple[str, ...], now: str) -> str:
    return choices[(choices.index(now) + 1) % len(choices)]
