"""Principal components of the spikes on two channels, pair by pair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import View, ViewAction
from phy_medicine.views.feature_block import FeatureBlock, Span, build
from phy_medicine.views.feature_cells import draw_caption, draw_cells, draw_names, place_cells
from phy_medicine.views.feature_grid import (
    DEFAULT_GRID,
    DISCRIMINANT_GRID,
    Dimension,
    FeatureGrid,
    choose_channels,
    parse_grid,
    share_channels,
)
from phy_medicine.views.feature_lasso import work_of
from phy_medicine.views.feature_scores import FileScores, Scores, SelectedScores, nearest_source
from phy_medicine.views.feature_settings import LARGEST_SCALING, OTHERS, SMALLEST_SCALING, FeatureSettings
from phy_medicine.views.feature_words import count_in_words, nearest, separated, separation, words_at
from phy_medicine.views.hover import Words
from phy_medicine.views.interact import LEFT, RIGHT, WHEEL_FACTOR, Click
from phy_medicine.views.lasso_work import LassoWork
from phy_medicine.views.layout import Box, Panels

_ALPHA = 0.5
_STEP = 1.2
_QUICK_CLUSTERS = 4
_DISCRIMINANT_CHANNELS = 4
# A pointer this near to a spike means it, logical px.
_REACH = 8


class FeatureView(View):
    """A grid of pairs of principal components, on the channels where the selected clusters are best seen."""

    name, title = "FeatureView", "Features"
    has_lasso = True
    axes = Axes(x=None, y=None)
    settings_type = FeatureSettings
    drawn_settings = frozenset({"marker_size", "scaling"})
    zoom_settings = frozenset({"scaling"})

    # Clusters and channels shown last: they decide whether the channels stay.
    _shown: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    _grid: FeatureGrid = parse_grid(DEFAULT_GRID)
    _meaning: tuple[Any, ...] = ()

    def make_panels(self) -> Panels:
        """Return one panel for each pair of the grid; those with a dimension in common move together along it."""
        return Panels(len(self._grid.panels), x_links=self._grid.links(0), y_links=self._grid.links(1))

    def cached(self, request: ViewRequest) -> bool:
        """Tell whether all rows are in memory, of clusters few enough to be put in order at once."""
        request = self.limited(request)
        if not 0 < len(request.cluster_ids) <= _QUICK_CLUSTERS:
            return False
        pairs, data = self._pairs(), self.host.data
        if pairs.discriminates or any(d.kind in ("amplitude", "depth") for d in pairs.dimensions):
            return False
        channels = self._channels_for(request, pairs)
        if nearest_source(data, self.settings.source) == "selected":
            return not self.settings.background and data.pca.ready(request.cluster_ids, channels)
        return data.features_ready(request.cluster_ids, channels, n=self.settings.n_spikes)

    def prepare(self, request: ViewRequest) -> FeatureBlock:
        """Choose the channels and gather the scores."""
        pairs, data, settings = self._pairs(), self.host.data, self.settings
        channels = self._channels_for(request, pairs)
        scores: Scores
        if nearest_source(data, settings.source) == "file":
            scores = FileScores(data, channels, n=settings.n_spikes, n_behind=settings.n_background)
        else:
            scores = self._selected(request, channels)
        background, against = settings.background, settings.against
        return build(data, pairs, request.cluster_ids, channels, scores, background=background, against=against)

    def _selected(self, request: ViewRequest, channels: tuple[int, ...]) -> SelectedScores:
        scores = SelectedScores(self.host.data, request.cluster_ids, channels)
        if scores.n_waveforms == 0:
            raise DataMissing("No spike of these clusters has a stored waveform, so no components can be computed.")
        return scores

    def _pairs(self) -> FeatureGrid:
        return parse_grid(DISCRIMINANT_GRID if self.settings.discriminant else self.settings.grid)

    def _n_channels(self, pairs: FeatureGrid) -> int:
        """Channels that are chosen: the discriminant uses four, though its panels name one."""
        least = _DISCRIMINANT_CHANNELS if self.settings.discriminant else 1
        return max(pairs.n_channels, min(least, self.host.data.n_channels))

    def _channels_for(self, request: ViewRequest, pairs: FeatureGrid) -> tuple[int, ...]:
        """Keep the channels while the clusters are the same, when they are merged or split there, and when fixed."""
        n = self._n_channels(pairs)
        clusters, channels = self._shown
        alive = set(self.host.data.cluster_ids())
        best = [self.host.data.best_channels(c).tolist() for c in request.cluster_ids]
        seen = all(set(channels).intersection(of_cluster) for of_cluster in best)
        # Those shown are gone, or what is to be shown is only supposed.
        changed = not alive.issuperset((*clusters, *request.cluster_ids)) and seen
        kept = self.settings.fixed_channels or clusters == request.cluster_ids or changed
        if kept and len(channels) >= n:
            return channels[:n]
        reference = request.best_ids[-1] if request.best_ids else request.cluster_ids[0]
        if self.settings.discriminant:
            chosen = share_channels(best if self.settings.against == OTHERS else best[:2], n)
        else:
            chosen = choose_channels(best, request.cluster_ids.index(reference), n)
        if not kept or not channels:
            return chosen
        more = [c for c in chosen if c not in channels]
        return (*channels, *more, *chosen)[:n]

    def upload(self, block: FeatureBlock) -> None:
        """Draw every panel; scores have the same range in all of them."""
        self._shown = self.cluster_ids, block.channel_ids
        self._take_grid(block)
        spans = {d: self._span(block, d) for d in block.grid.dimensions}
        palette = np.concatenate([[self.scene.theme.rgba("background_spikes", _ALPHA)], self.colors])
        palette[1:, 3] = _ALPHA
        clusters = np.arange(len(self.colors))
        self.picture.clear()
        for panel, (x, y) in enumerate(block.grid.panels):
            self.panels.set_home(panel, x=spans[x], y=spans[y])
            if x.kind == "count":
                bars, edges = block.histograms[y], block.span(y)
                self.picture.steps(bars, edges, color=palette[1:], index=clusters, panel=panel, sideways=True)
                continue
            size = self.settings.marker_size
            self.picture.points(
                block.column(x), block.column(y), color=palette, index=block.rows, panel=panel, size=size
            )
        self.status = self._status_of(block)

    def scale_key(self) -> tuple[int, ...]:
        """Return the channels."""
        return () if self.block is None else self.block.channel_ids

    def _span(self, block: FeatureBlock, dimension: Dimension) -> Span:
        low, high = block.span(dimension)
        return (low / self.settings.scaling, high / self.settings.scaling) if dimension.signed else (low, high)

    def _take_grid(self, block: FeatureBlock) -> None:
        """Place the panels anew for another grid, and forget a lasso that was drawn over something else."""
        pairs = block.grid
        if pairs != self._grid:
            self._grid = pairs
            self.panels.resize(len(pairs.panels), x_links=pairs.links(0), y_links=pairs.links(1))
        meaning = pairs, block.channel_ids, type(block.scores), pairs.discriminates and self.settings.against
        if meaning != self._meaning:
            self._meaning = meaning
            self.clear_lasso()

    def _status_of(self, block: FeatureBlock) -> str:
        labels = ", ".join(dict.fromkeys(self._channel_labels(block)))
        fixed = " (fixed)" if self.settings.fixed_channels else ""
        parts = [*self._computed(), f"channels: {labels}{fixed}", count_in_words(block)]
        n_selected = len(self.request.cluster_ids) if self.request is not None else 0
        if n_selected > len(self.cluster_ids):
            parts.append(f"{len(self.cluster_ids)} of {n_selected} clusters")
        return " · ".join(parts)

    def _computed(self) -> list[str]:
        """What was computed: how far the clusters are apart, and of what; nothing for plain scores of the file."""
        block: FeatureBlock | None = self.block
        if block is None:
            return []
        return [
            *([separation(block.axis)] if block.axis else []),
            *([block.scores.words] if block.scores.words else []),
        ]

    def _caption(self) -> list[str]:
        """The same for the line above the panels, longest wording first."""
        computed = self._computed()
        if not computed:
            return []
        if self.block.axis is None:
            return computed
        apart, whose = computed[0], separated(self.cluster_ids, self.settings.against).capitalize()
        return [" · ".join([f"{whose}: {apart}", *computed[1:]]), f"{whose}: {apart}", apart, apart.split(",")[0]]

    def _channel_labels(self, block: FeatureBlock) -> list[str]:
        return [self.host.data.channel_labels[c] for c in block.channel_ids]

    def arrange(self, box: Box) -> None:
        """Leave room for names: left of the rows, and below the panels."""
        place_cells(self.scene, self._grid, self._names(), box, caption=bool(self._caption()))

    def decorate(self) -> None:
        """Add frames, zero lines, the names of the axes where they change, and what is not plain in a line above."""
        draw_cells(self.scene, self._grid)
        draw_names(self.scene, self._grid, self._names())
        if caption := self._caption():
            draw_caption(self.scene, caption)

    def _names(self) -> dict[Dimension, str]:
        labels = [""] if self.block is None else self._channel_labels(self.block)
        return {dimension: dimension.label(labels) for dimension in self._grid.dimensions}

    def pick(self, x: float, y: float) -> int | None:
        """Return the cluster of the nearest spike within 8 px; None for one of the background."""
        found = self._nearest(x, y)
        return None if found is None or self.block.rows[found] == 0 else self.cluster_ids[self.block.rows[found] - 1]

    def _nearest(self, x: float, y: float) -> int | None:
        return None if self.block is None else nearest(self.panels, self.block, (x, y), _REACH * self.ratio)

    def describe(self, x: float, y: float) -> Words | None:
        """Return the values and the cluster of the spike under the pointer, else the values at the pointer."""
        if self.block is None:
            return None
        within = _REACH * self.ratio
        return words_at(self.panels, self.block, self._names(), self.cluster_ids, place=(x, y), within=within)

    # Gestures and actions

    def on_click(self, click: Click) -> None:
        """Alt+click shows the x dimension, and Alt+right click the y dimension, in the amplitude views."""
        if click.modifiers != {"alt"} or click.panel is None or self.block is None:
            return
        if self.block.scores.words:
            self.host.message("The amplitude views show scores of the file; these were computed for this view alone.")
            return
        x, y = self._grid.panels[click.panel]
        chosen, other = (x, y) if click.button == LEFT else (y, x)
        # Time over time says nothing: it stands for the other dimension's channel.
        shown = other if chosen.place is None else chosen
        if shown.place is not None and click.button in (LEFT, RIGHT):
            self.host.select_feature(self.block.channel_ids[shown.place], shown.component)

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """Ctrl+wheel magnifies the scores, Alt+wheel changes the size of the points."""
        if modifiers == {"control"}:
            self._scale(WHEEL_FACTOR**notches)
        elif modifiers == {"alt"}:
            self.change(marker_size=float(np.clip(self.settings.marker_size * WHEEL_FACTOR**notches, 1.0, 20.0)))

    def _scale(self, factor: float) -> None:
        scaling = float(np.clip(self.settings.scaling * factor, SMALLEST_SCALING, LARGEST_SCALING))
        self.change(scaling=scaling)

    def set_channel(self, channel_id: int, which: int) -> None:
        """Use a channel as the which-th one (0: x, 1: y) until the selection changes."""
        clusters, channels = self._shown
        chosen = list(channels)
        if not chosen or chosen[which := min(which, len(chosen) - 1)] == channel_id:
            return
        if channel_id in chosen:
            chosen[chosen.index(channel_id)] = chosen[which]
        chosen[which] = channel_id
        self._shown = clusters, tuple(chosen)
        self.host.request(self)

    def set_feature_channels(self, *labels: str) -> None:
        """Use channels, by what they are called, as the first ones until the selection changes.

        Raises
        ------
        PhyMedError : unknown channel, one given twice, or more than the grid shows
        """
        clusters, channels = self._shown
        ids = [self._channel(label) for label in labels]
        if len(set(ids)) < len(ids):
            raise PhyMedError("Give each channel once; the feature view shows a channel against another.")
        if not channels:
            raise PhyMedError("Select a cluster first; the channels of the feature view belong to the selection.")
        if len(ids) > len(channels):
            raise PhyMedError(f"The feature view shows {len(channels)} channels now, not {len(ids)}.")
        kept = [c for c in channels if c not in ids]
        self._shown = clusters, (*ids, *kept, *channels)[: len(channels)]
        self.host.request(self)

    def _channel(self, label: str) -> int:
        labels = self.host.data.channel_labels
        if label not in labels:
            raise PhyMedError(f"There is no channel {label}; channels are called {labels[0]} to {labels[-1]}.")
        return labels.index(label)

    def change(self, **values: Any) -> None:
        """Change settings, and show the view with them.

        Raises
        ------
        PhyMedError : unknown setting, value out of range, or a grid that cannot be read
        """
        if "grid" in values:
            parse_grid(str(values["grid"]))
        super().change(**values)

    def set_grid_dim(self, rows: Sequence[Sequence[str]]) -> None:
        """Change the panels; rows : as `[["time,0A", "1A,0A"], ...]`.

        Raises
        ------
        PhyMedError : unknown dimension, or rows of different length
        """
        self.change(grid=" / ".join(" ".join(row) for row in rows))

    def time_panels(self) -> tuple[int, ...]:
        """Return the panels with time from left to right, unless it is another than that of the recording."""
        if self.host.data.has_other_times:
            return ()
        return tuple(i for i, (x, _) in enumerate(self._grid.panels) if x.place is None)

    def lasso_work(self) -> LassoWork | None:
        """Return how to find all spikes of the drawn clusters inside the lasso, drawn or not."""
        lasso = self.scene.lasso
        if self.block is None or not lasso.closed or lasso.panel is None:
            return None
        block: FeatureBlock = self.block
        pair, spike_ids = self._grid.panels[lasso.panel], self._drawn_request.spike_ids
        scores, axis = block.scores, block.axis
        data, corners = self.host.data, lasso.corners
        return work_of(data, spike_ids, corners, pair, block.channel_ids, scores=scores, axis=axis)

    def add_lasso_corner(self, click: Click) -> None:
        """Add a corner to the lasso, except over a histogram."""
        if click.panel is not None and self._grid.panels[click.panel][0].kind == "count":
            self.host.message("Draw the lasso around points; over a histogram it encloses none.")
            return
        super().add_lasso_corner(click)

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        return (
            ViewAction("increase", "Magnify the features", lambda: self._scale(_STEP), "ctrl++",
                       help="Draw the scores larger in every panel."),
            ViewAction("decrease", "Shrink the features", lambda: self._scale(1 / _STEP), "ctrl+-",
                       help="Draw the scores smaller in every panel."),
            ViewAction("toggle_automatic_channel_selection", "Choose channels automatically", self._toggle_automatic,
                       "c", help="Off: the channels stay when the selection changes",
                       checked=lambda: not self.settings.fixed_channels),
            ViewAction("clear_channels", "Choose the channels anew", self._clear_channels,
                       help="Forget the channels that were chosen, and take the best ones of the selection."),
            ViewAction("set_feature_channels", "Choose the channels by name", self._name_channels, snippet="fc",
                       arguments=(str, str),
                       help="As :fc 12 13, x channel then y channel; they stay until the selection changes."),
            ViewAction("toggle_feature_source", "Components of the selected clusters", self._toggle_source,
                       help="Principal components of the waveforms of the selected clusters, instead of those in the "
                            "file.",
                       checked=lambda: nearest_source(self.host.data, self.settings.source) != "file"),
            ViewAction("toggle_linear_discriminant", "Linear discriminant", self._toggle_discriminant,
                       help="Show the selected clusters along the axis that separates them best.",
                       checked=lambda: self.settings.discriminant),
        )  # fmt: skip

    def _name_channels(self, x: str, y: str) -> None:
        self.set_feature_channels(x, y)

    def _toggle_source(self) -> None:
        if not self.host.data.has_features:
            self.host.message("This dataset has no PC features, so components are always of the selected clusters.")
            return
        self.change(source="selected" if self.settings.source == "file" else "file")

    def _toggle_discriminant(self) -> None:
        self.change(discriminant=not self.settings.discriminant)

    def _toggle_automatic(self) -> None:
        if self.settings.fixed_channels:
            self._shown = (), ()
        self.change(fixed_channels=not self.settings.fixed_channels)

    def _clear_channels(self) -> None:
        self._shown = (), ()
        self.host.request(self)
