"""Which two dimensions each panel of a feature view shows: time, or a principal component on a chosen channel.

A grid is written as in phy, rows divided by `/`: `time,0A 1A,0A / 0A,1A time,1A`. `0A` is component A on the first
chosen channel, `1B` component B on the second one. Other dimensions are `amplitude`, `depth`, and `LDA`, the axis that
separates the selected clusters best; `count` as the x of a panel stands for a histogram of the other dimension.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray
from phy_medicine.session.blocks import Features

DEFAULT_GRID = (
    "time,0A 1A,0A 0B,0A 1B,0A / 0A,1A time,1A 0B,1A 1B,1A / 0A,0B 1A,0B time,0B 1B,0B / 0A,1B 1A,1B 0B,1B time,1B"
)
DISCRIMINANT_GRID = "time,LDA 0A,LDA count,LDA"
"""What the linear discriminant is shown with: time, the first component, and how many spikes lie where."""
_COMPONENTS = "ABCDEFGHIJ"
_MOST_PANELS = 100
_TITLES = {
    "time": "Time (s)",
    "amplitude": "Amplitude (a.u.)",
    "depth": "Depth (µm)",
    "LDA": "LDA (SD)",
    "count": "Spikes (%)",
}


@dataclass(frozen=True, slots=True)
class Dimension:
    """A component (0: A) on a channel, or an attribute of the spikes.

    place : of the channel among the chosen ones, None for an attribute
    attribute : time, amplitude, depth, LDA or count, when there is no channel
    """

    place: int | None = None
    component: int = 0
    attribute: str = "time"

    @property
    def kind(self) -> str:
        """Score, or the attribute."""
        return self.attribute if self.place is None else "score"

    @property
    def signed(self) -> bool:
        """Whether values lie around zero, and are magnified with the scores."""
        return self.kind in ("score", "LDA")

    def values(self, features: Features) -> FloatArray:
        """Return the coordinate of each spike, (n,) float32: s, or scores, NaN where there are none."""
        if self.place is None:
            return features.times_s.astype(np.float32)
        if self.component >= features.data.shape[2] or features.data.shape[1] == 0:
            return np.full(len(features.data), np.nan, dtype=np.float32)
        scores: FloatArray = features.data[:, self.place % features.data.shape[1], self.component]
        return scores

    def label(self, channel_labels: Sequence[str]) -> str:
        """Return `12A`; channel_labels : of the chosen channels."""
        if self.place is None:
            return _TITLES[self.attribute]
        return f"{channel_labels[self.place % len(channel_labels)]}{_COMPONENTS[self.component]}"


@dataclass(frozen=True, slots=True)
class FeatureGrid:
    """Panels row by row, each with its x and y dimension."""

    n_rows: int
    n_columns: int
    panels: tuple[tuple[Dimension, Dimension], ...]

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """All dimensions, in order of first appearance."""
        return tuple(dict.fromkeys(d for pair in self.panels for d in pair))

    @property
    def discriminates(self) -> bool:
        """Whether the axis that separates the clusters is shown."""
        return any(d.kind == "LDA" for d in self.dimensions)

    @property
    def n_channels(self) -> int:
        """Channels that must be chosen."""
        return max((d.place + 1 for d in self.dimensions if d.place is not None), default=1)

    def lower_ends(self) -> tuple[int, ...]:
        """Return the panels below which the x axis must be named: the panel below differs, or there is none."""
        n = self.n_columns
        return tuple(
            k for k, pair in enumerate(self.panels) if k + n >= len(self.panels) or self.panels[k + n][0] != pair[0]
        )

    def left_ends(self) -> tuple[int, ...]:
        """Return the panels left of which the y axis must be named."""
        return tuple(
            k for k, pair in enumerate(self.panels) if k % self.n_columns == 0 or self.panels[k - 1][1] != pair[1]
        )

    def links(self, axis: int) -> list[int]:
        """Return link numbers for `Panels`: panels with the same dimension along an axis move together."""
        known = self.dimensions
        return [known.index(pair[axis]) for pair in self.panels]


@lru_cache(maxsize=16)
def parse_grid(text: str) -> FeatureGrid:
    """Read a grid, rows divided by `/` or by line breaks.

    Raises
    ------
    PhyMedError : unknown dimension, or rows of different length
    """
    rows = [row.split() for row in re.split(r"[/\n]", text.strip())]
    lengths = [len(row) for row in rows]
    if not lengths[0]:
        raise PhyMedError("The feature grid is empty; write rows of panels as 'time,0A 1A,0A / 0A,1A time,1A'.")
    if len(set(lengths)) > 1:
        raise PhyMedError(
            f"The rows of the feature grid have {_listed(lengths)} panels, but need the same number; "
            "write rows as 'time,0A 1A,0A / 0A,1A time,1A'."
        )
    panels = tuple(_pair(panel) for row in rows for panel in row)
    if len(panels) > _MOST_PANELS:
        raise PhyMedError(f"The feature grid has {len(panels)} panels; more than {_MOST_PANELS} cannot be drawn.")
    return FeatureGrid(len(rows), lengths[0], panels)


def _listed(numbers: Sequence[int]) -> str:
    return " and ".join([", ".join(map(str, numbers[:-1])), str(numbers[-1])])


def _pair(panel: str) -> tuple[Dimension, Dimension]:
    names = panel.split(",")
    if len(names) != 2:
        raise PhyMedError(f"A panel of the feature grid is two dimensions with a comma, as 'time,0A', not {panel!r}.")
    x, y = _dimension(names[0]), _dimension(names[1])
    if y.kind == "count":
        raise PhyMedError(f"In the feature grid a histogram lies at the side, as 'count,{names[0]}', not {panel!r}.")
    return x, y


def _dimension(name: str) -> Dimension:
    if name in _TITLES:
        return Dimension(attribute=name)
    match = re.fullmatch(r"(\d{1,3})([A-J])", name)
    if match is None:
        raise PhyMedError(
            "A dimension of the feature grid is time, amplitude, depth, LDA, or a channel by its place and a component "
            f"as '0A', not {name!r}."
        )
    return Dimension(int(match[1]), _COMPONENTS.index(match[2]))


def choose_channels(best: Sequence[Sequence[int]], reference: int, n: int) -> tuple[int, ...]:
    """Return n channels: the reference's best ones that all clusters share, then its other ones.

    best : best channels of each cluster, best first; reference : its row. Fewer channels than n are repeated.
    """
    own = [int(c) for c in best[reference]]
    shared = set(own).intersection(*({int(c) for c in channels} for channels in best))
    ordered = [c for c in own if c in shared] + [c for c in own if c not in shared]
    return tuple(ordered[i % len(ordered)] for i in range(n))


def share_channels(best: Sequence[Sequence[int]], n: int) -> tuple[int, ...]:
    """Return n channels, the best of each cluster in turn, then the second best; fewer than n are repeated."""
    longest = max(len(channels) for channels in best)
    turns = (int(channels[i]) for i in range(longest) for channels in best if i < len(channels))
    ordered = list(dict.fromkeys(turns))
    return tuple(ordered[i % len(ordered)] for i in range(n))
