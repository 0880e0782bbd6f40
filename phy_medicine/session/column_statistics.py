"""What a column says as a whole: its range and median in words, and the ends of a colour scale over it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, LabelValue

Cell = LabelValue | None

_MOST_TEXTS = 6
_OUTER = (2.0, 98.0)
"""Percentiles at the ends of a colour scale: one cluster far out does not make all others alike."""
_LOG_RATIO = 50.0


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """Values of one column.

    n_rows, n_empty : rows, and those without a value
    low, median, high, mean : of the numbers, None without any
    texts : each text with how often it occurs, the commonest first
    """

    n_rows: int
    n_empty: int
    low: float | None = None
    median: float | None = None
    high: float | None = None
    mean: float | None = None
    texts: tuple[tuple[str, int], ...] = ()


def summarize(cells: Sequence[Cell]) -> ColumnSummary:
    """Return what the cells of a column say as a whole; infinite and NaN count as empty."""
    numbers = numbers_of(cells)
    finite = numbers[np.isfinite(numbers)]
    texts = Counter(cell for cell in cells if isinstance(cell, str))
    n_empty = len(cells) - len(finite) - texts.total()
    if not len(finite):
        return ColumnSummary(len(cells), n_empty, texts=tuple(texts.most_common()))
    low, median, high = (float(v) for v in np.percentile(finite, (0, 50, 100)))
    return ColumnSummary(len(cells), n_empty, low, median, high, float(finite.mean()), tuple(texts.most_common()))


def numbers_of(cells: Sequence[Cell]) -> FloatArray:
    """Return cells as (n,) float64, NaN for those that are no numbers."""
    return np.array([float(c) if isinstance(c, int | float) else math.nan for c in cells], dtype=np.float64)


def summary_in_words(summary: ColumnSummary, unit: str = "") -> tuple[str, ...]:
    """Return a summary in one or two lines, such as `median 4.2 Hz, 0.1 to 31, mean 6.0`."""
    lines = []
    after = f" {unit}" if unit else ""
    if summary.median is not None and summary.low is not None and summary.high is not None:
        span = f"{_short(summary.low)} to {_short(summary.high)}"
        lines.append(f"median {_short(summary.median)}{after}, {span}, mean {_short(summary.mean or 0.0)}")
    if summary.texts:
        told = [f"{text} {n:,}" for text, n in summary.texts[:_MOST_TEXTS]]
        more = len(summary.texts) - len(told)
        lines.append(", ".join(told) + (f", {more:,} others" if more else ""))
    rows = f"{summary.n_rows:,} {'row' if summary.n_rows == 1 else 'rows'}"
    lines.append(rows + (f", {summary.n_empty:,} empty" if summary.n_empty else ""))
    return tuple(lines)


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 or value == round(value) else f"{value:.3g}"


@dataclass(frozen=True, slots=True)
class ValueScale:
    """From values of a column to places 0..1 on a colour map.

    low, high : values at the ends, beyond which all are alike; logarithmic : for positive values that span decades
    """

    low: float
    high: float
    logarithmic: bool = False

    @classmethod
    def of(cls, cells: Sequence[Cell]) -> ValueScale | None:
        """Return the scale of a column, None without two different numbers."""
        numbers = numbers_of(cells)
        finite = numbers[np.isfinite(numbers)]
        if len(finite) < 2 or finite.min() == finite.max():
            return None
        low, high = (float(v) for v in np.percentile(finite, _OUTER))
        if low == high:
            low, high = float(finite.min()), float(finite.max())
        return cls(low, high, bool(finite.min() > 0 and high / low > _LOG_RATIO))

    def place(self, cell: Cell) -> float | None:
        """Return where a value stands, None for what is no number."""
        if not isinstance(cell, int | float) or math.isnan(cell):
            return None
        if not self.logarithmic:
            return min(1.0, max(0.0, (cell - self.low) / (self.high - self.low)))
        if cell <= 0:
            return 0.0
        return min(1.0, max(0.0, math.log(cell / self.low) / math.log(self.high / self.low)))
