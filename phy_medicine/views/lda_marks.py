"""Where the parts of the view of discriminants stand, and what is written above them."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from phy_medicine.base.types import FloatArray
from phy_medicine.views.axes import format_number
from phy_medicine.views.flow import Item, line_height, rgba_of
from phy_medicine.views.layout import Box
from phy_medicine.views.lda_block import LdaBlock, PairError
from phy_medicine.views.scene import Scene, wrap

_EDGE = 8.0
# The templates stand beside or below the spikes where both have this much room, logical px at a text of 12 px.
_BESIDE, _BELOW = (370.0, 150.0), (150.0, 400.0)
_SHARE = 0.6
_MOST_LINES, _LINES_SHARE = 4, 0.24


def split(
    box: Box, unit: float, ratio: float, *, spikes: bool, templates: bool
) -> tuple[Box | None, Box | None]:  # fmt: skip
    """Return the box of the spikes, and that of the templates where there is room for both; unit : px."""
    edge = _EDGE * ratio
    left, top, right, bottom = box[0], box[1] + edge, box[2], box[3]
    width, height = right - left, bottom - top
    if templates and not spikes:
        return None, (left + edge, top, right - edge, bottom - edge / 2)
    if templates and width >= _BESIDE[0] * unit and height >= _BESIDE[1] * unit and width >= 0.8 * height:
        middle = left + _SHARE * width
        return (left, top, middle - edge / 2, bottom), (middle + edge / 2, top, right - edge, bottom - edge / 2)
    if templates and width >= _BELOW[0] * unit and height >= _BELOW[1] * unit:
        middle = top + _SHARE * height
        return (left, top, right, middle - edge / 2), (left + edge, middle + edge / 2, right - edge, bottom - edge / 2)
    return (left, top, right, bottom), None


def draw_missing(scene: Scene, text: str, box: Box) -> None:
    """Say in the middle of a box why there are no spikes."""
    ink = scene.over
    lines = wrap(text, lambda line: ink.text_width(line) <= box[2] - box[0] - 16 * scene.ratio)
    top = (box[1] + box[3] - (len(lines) - 1) * line_height(scene)) / 2
    for k, line in enumerate(lines):
        at = top + k * line_height(scene)
        ink.text(line, (box[0] + box[2]) / 2, at, anchor="cm", color=scene.theme.rgba("dim"))


def most_lines(scene: Scene, box: Box) -> int:
    """Return how many lines of text may stand above a part."""
    return max(1, min(_MOST_LINES, int(_LINES_SHARE * (box[3] - box[1]) / line_height(scene))))


def cluster_items(block: LdaBlock, colors: FloatArray) -> list[Item]:
    """Return which colour is which cluster; the nearest, which are not selected, have rings."""
    return [
        Item(str(c), (rgba_of(colors[row]),), (row >= block.shown.n_selected,), strong=True)
        for row, c in enumerate(block.shown.cluster_ids)
    ]


def error_items(block: LdaBlock, colors: FloatArray) -> list[Item]:
    """Return how well pairs are told apart, the worst first."""
    first = [Item("LDA error")] if block.errors else []
    return first + [_pair_item(block, pair, colors) for pair in block.errors]


def _pair_item(block: LdaBlock, pair: PairError, colors: FloatArray) -> Item:
    discs = tuple(rgba_of(colors[row]) for row in pair.rows)
    hollow = tuple(row >= block.shown.n_selected for row in pair.rows)
    return Item(percent(pair.error), discs, hollow, strong=True)


def distance_items(block: LdaBlock, colors: FloatArray) -> list[Item]:
    """Return how far the templates are from the first one."""
    shown = block.shown
    known = [row for row, d in enumerate(shown.distances) if row and isfinite(d)]
    first = [Item(f"Distance from {shown.cluster_ids[0]}")] if known else []
    return first + [
        Item(f"{shown.distances[row]:.2f}", (rgba_of(colors[row]),), (row >= shown.n_selected,), strong=True)
        for row in known
    ]


def percent(part: float) -> str:
    """Return a part in percent, with a digit more where it is small."""
    value = 100 * part
    return f"{'< 0.1' if 0 < value < 0.05 else format_number(value, 1 if 0 < value < 10 else 0)} %"


def in_words(block: LdaBlock, n_selected: int, channel_labels: Sequence[str]) -> str:
    """Return what the title bar says."""
    n, near = len(block.spike_ids), len(block.shown.cluster_ids) - block.shown.n_selected
    if block.scores is None:
        return f"templates of {len(block.shown.cluster_ids)} clusters"
    parts = [f"{n:,} spikes" if n == block.n_total else f"{n:,} of {block.n_total:,} spikes"]
    parts += [f"with the {near} nearest clusters" if near > 1 else "with the nearest cluster"] if near else []
    parts += [f"{block.shown.n_selected} of {n_selected} clusters"] if n_selected > block.shown.n_selected else []
    parts += [block.scores.words] if block.scores.words else []
    parts += [] if block.shared else ["without scores on some channels"]
    return " · ".join([*parts, f"channels: {', '.join(channel_labels[c] for c in block.channel_ids)}"])
