"""How values are written for people: three significant digits, thousands separated, ids in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from phy_medicine.base.types import LabelValue
from phy_medicine.session.pair_columns import PAIR_NAMES

MINUS = "\N{MINUS SIGN}"
_SHARES = frozenset({"similarity", *PAIR_NAMES}) - {"distance"}
"""Columns of numbers between 0 and about 1, written alike so that they can be compared from row to row."""


def number(value: float) -> str:
    """Write a number with three significant digits; digits left of the point are never rounded away."""
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return f"{MINUS if value < 0 else ''}\N{INFINITY}"
    size = abs(value)
    if size >= 99.95 or value == 0:
        text = f"{size:,.0f}"
    elif size < 0.001:
        text = f"{size:.2e}"
    else:
        decimals = 2 - math.floor(math.log10(size))
        text = f"{size:.{decimals}f}"
        if len(text.replace(".", "").lstrip("0")) > 3:  # 9.996 became 10.00
            text = f"{size:.{decimals - 1}f}"
    return MINUS + text if value < 0 else text


def cell(value: LabelValue | None, kind: str = "float", column: str = "") -> str:
    """Write a table cell; ids and channels are names, so they carry no separators."""
    if value is None:
        return ""
    if column in _SHARES and isinstance(value, float) and math.isfinite(value):
        return f"{value:.3f}".replace("-", MINUS)
    if isinstance(value, (bool, str)):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}".replace("-", MINUS) if column == "n_spikes" or kind == "count" else str(value)
    return number(float(value))


def ids_in_words(cluster_ids: Sequence[int], *, limit: int = 8) -> str:
    """Write ids with commas; of a long list the first ones and how many more there are."""
    shown = ", ".join(str(c) for c in cluster_ids[:limit])
    return shown if len(cluster_ids) <= limit else f"{shown} and {len(cluster_ids) - limit:,} more"
