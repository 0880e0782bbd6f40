"""Principal components of the spikes on two channels, pair by pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.params import setting
from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.session.blocks import Features
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import View, ViewAction
from phy_medicine.views.feature_cells import draw_cells, draw_names, place_cells
from phy_medicine.views.feature_grid import DEFAULT_GRID, Dimension, FeatureGrid, choose_channels, parse_grid
from phy_medicine.views.feature_lasso import spikes_inside
from phy_medicine.views.interact import LEFT, RIGHT, WHEEL_FACTOR, Click
from phy_medicine.views.layout import Box, Panels

N_SPIKES = 2500
_ALPHA = 0.5
_SMALLEST_SCALING, _LARGEST_SCALING = 0.02, 50.0
_STEP = 1.2
_QUICK_CLUSTERS = 4


@dataclass(frozen=True, slots=True)
class FeatureSettings:
    """What the feature view shows."""

    marker_size: float = setting(2.0, "Diameter of a spike", unit="px", minimum=1.0, maximum=20.0)
    scaling: float = setting(1.0, "Magnification", minimum=_SMALLEST_SCALING, maximum=_LARGEST_SCALING)
    fixed_channels: bool = setting(False, "Keep the channels when the selection changes")
    background: bool = setting(True, "Show spikes of the whole recording in grey")
    grid: str = setting(DEFAULT_GRID, "Dimensions of each panel, rows divided by /")


@dataclass(frozen=True, slots=True)
class FeatureBlock:
    """Spikes of the whole recording, then those of the clusters in order of time.

    columns : (n_dimensions, n) float32, in the order of `grid.dimensions`; rows : (n,) uint8, 0 for the background,
    then 1 + the cluster's place in the selection; limit : largest score of the clusters
    """

    grid: FeatureGrid
    channel_ids: tuple[int, ...]
    columns: FloatArray
    rows: IntArray
    n_drawn: int
    n_total: int
    limit: float


class FeatureView(View):
    """A grid of pairs of principal components, on the channels where the selected clusters are best seen."""

    name, title = "FeatureView", "Features"
    has_lasso = True
    axes = Axes(x=None, y=None)
    settings_type = FeatureSettings
    drawn_settings = frozenset({"marker_size", "scaling"})

    # Clusters and channels shown last: they decide whether the channels stay.
    _shown: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    _grid: FeatureGrid = parse_grid(DEFAULT_GRID)

    def make_panels(self) -> Panels:
        """Return one panel for each pair of the grid; those with a dimension in common move together along it."""
        return Panels(len(self._grid.panels), x_links=self._grid.links(0), y_links=self._grid.links(1))

    def cached(self, request: ViewRequest) -> bool:
        """Tell whether all rows are in memory, of clusters few enough to be put in order at once."""
        request = self.limited(request)
        if not 0 < len(request.cluster_ids) <= _QUICK_CLUSTERS:
            return False
        channels = self._channels_for(request, parse_grid(self.settings.grid).n_channels)
        return self.host.data.features_ready(request.cluster_ids, channels, n=N_SPIKES)

    def prepare(self, request: ViewRequest) -> FeatureBlock:
        """Choose the channels and gather the scores."""
        pairs = parse_grid(self.settings.grid)
        channels = self._channels_for(request, pairs.n_channels)
        data = self.host.data
        clusters = [data.features(c, channels, n=N_SPIKES) for c in request.cluster_ids]
        columns = [_columns(pairs, features) for features in clusters]
        for column in columns:
            # A spike that lacks a channel was too small there to be kept.
            np.nan_to_num(column, copy=False)
        limit = _limit(pairs, columns)
        rows = np.repeat(np.arange(1, len(clusters) + 1, dtype=np.uint8), [len(f.spike_ids) for f in clusters])
        values = np.concatenate([np.zeros((len(pairs.dimensions), 0), np.float32), *columns], axis=1)
        if len(clusters) > 1:
            # In order of time, so that no cluster hides another.
            order = np.argsort(np.concatenate([f.spike_ids for f in clusters]), kind="stable")
            values, rows = values[:, order], rows[order]
        if self.settings.background:
            behind = _columns(pairs, data.background_features(channels, n=N_SPIKES))
            values = np.concatenate([behind, values], axis=1)
            rows = np.concatenate([np.zeros(behind.shape[1], np.uint8), rows])
        n_drawn, n_total = sum(len(f.spike_ids) for f in clusters), sum(f.n_total for f in clusters)
        return FeatureBlock(pairs, channels, frozen(values), frozen(rows), n_drawn, n_total, limit)

    def _channels_for(self, request: ViewRequest, n: int) -> tuple[int, ...]:
        """Keep the channels while the clusters are the same, after a merge or split, and when they are fixed."""
        clusters, channels = self._shown
        if len(channels) == n:
            alive = set(self.host.data.cluster_ids())
            if self.settings.fixed_channels or clusters == request.cluster_ids or not alive.issuperset(clusters):
                return channels
        reference = request.best_ids[-1] if request.best_ids else request.cluster_ids[0]
        best = [self.host.data.best_channels(c).tolist() for c in request.cluster_ids]
        return choose_channels(best, request.cluster_ids.index(reference), n)

    def upload(self, block: FeatureBlock) -> None:
        """Draw every panel with the same range of scores."""
        self._shown = self.cluster_ids, block.channel_ids
        self._take_grid(block.grid)
        limit = block.limit / self.settings.scaling
        spans = {False: (-limit, limit), True: (0.0, self.host.data.duration_s)}
        palette = np.concatenate([[self.scene.theme.rgba("background_spikes", _ALPHA)], self.colors])
        palette[1:, 3] = _ALPHA
        known = dict(zip(block.grid.dimensions, block.columns, strict=True))
        self.picture.clear()
        for panel, (x, y) in enumerate(block.grid.panels):
            self.panels.set_home(panel, x=spans[x.place is None], y=spans[y.place is None])
            size = self.settings.marker_size
            self.picture.points(known[x], known[y], color=palette, index=block.rows, panel=panel, size=size)
        self.status = self._describe(block)

    def _take_grid(self, pairs: FeatureGrid) -> None:
        if pairs != self._grid:
            self._grid = pairs
            self.panels.resize(len(pairs.panels), x_links=pairs.links(0), y_links=pairs.links(1))
            self.scene.lasso.clear()

    def _describe(self, block: FeatureBlock) -> str:
        labels = ", ".join(dict.fromkeys(self._channel_labels(block)))
        fixed = " (fixed)" if self.settings.fixed_channels else ""
        all_drawn = block.n_drawn == block.n_total
        count = f"{block.n_total:,} spikes" if all_drawn else f"{block.n_drawn:,} of {block.n_total:,}"
        n_selected = len(self.request.cluster_ids) if self.request is not None else 0
        cut = f" · {len(self.cluster_ids)} of {n_selected} clusters" if n_selected > len(self.cluster_ids) else ""
        return f"channels: {labels}{fixed} · {count}{cut}"

    def _channel_labels(self, block: FeatureBlock) -> list[str]:
        return [self.host.data.channel_labels[c] for c in block.channel_ids]

    def arrange(self, box: Box) -> None:
        """Leave room for names: left of the rows, and below the panels."""
        place_cells(self.scene, self._grid, self._names(), box)

    def decorate(self) -> None:
        """Add frames, zero lines, and the names of the axes where they change."""
        draw_cells(self.scene, self._grid)
        draw_names(self.scene, self._grid, self._names())

    def _names(self) -> dict[Dimension, str]:
        labels = [""] if self.block is None else self._channel_labels(self.block)
        return {dimension: dimension.label(labels) for dimension in self._grid.dimensions}

    # Gestures and actions

    def on_click(self, click: Click) -> None:
        """Alt+click shows the x dimension, and Alt+right click the y dimension, in the amplitude views."""
        if click.modifiers != {"alt"} or click.panel is None or self.block is None:
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
        scaling = float(np.clip(self.settings.scaling * factor, _SMALLEST_SCALING, _LARGEST_SCALING))
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

    def set_grid_dim(self, rows: Sequence[Sequence[str]]) -> None:
        """Change the panels; rows : as `[["time,0A", "1A,0A"], ...]`.

        Raises
        ------
        PhyMedError : unknown dimension, or rows of different length
        """
        text = " / ".join(" ".join(row) for row in rows)
        parse_grid(text)
        self.change(grid=text)

    def lasso_spike_ids(self) -> IntArray:
        """Return all spikes of the drawn clusters inside the lasso, drawn or not.

        Raises
        ------
        ActionError : not all of these spikes have features
        """
        lasso = self.scene.lasso
        if self.block is None or not lasso.closed or lasso.panel is None:
            return super().lasso_spike_ids()
        pair, spike_ids = self._grid.panels[lasso.panel], self._drawn_request.spike_ids
        return spikes_inside(self.host.data, spike_ids, lasso, pair, self.block.channel_ids)

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        return (
            ViewAction("increase", "Magnify the features", lambda: self._scale(_STEP), "ctrl++"),
            ViewAction("decrease", "Shrink the features", lambda: self._scale(1 / _STEP), "ctrl+-"),
            ViewAction(
                "toggle_automatic_channel_selection",
                "Choose channels automatically",
                self._toggle_automatic,
                "c",
                help="Off: the channels stay when the selection changes",
                checked=lambda: not self.settings.fixed_channels,
            ),
            ViewAction("clear_channels", "Choose the channels anew", self._clear_channels),
        )

    def _toggle_automatic(self) -> None:
        if self.settings.fixed_channels:
            self._shown = (), ()
        self.change(fixed_channels=not self.settings.fixed_channels)

    def _clear_channels(self) -> None:
        self._shown = (), ()
        self.host.request(self)


def _columns(pairs: FeatureGrid, features: Features) -> FloatArray:
    """Return the coordinates of spikes in every dimension, (n_dimensions, n) float32."""
    return np.stack([dimension.values(features) for dimension in pairs.dimensions])


def _limit(pairs: FeatureGrid, columns: list[FloatArray]) -> float:
    """Return the largest score in any dimension but time."""
    scores = [k for k, dimension in enumerate(pairs.dimensions) if dimension.place is not None]
    largest = max((float(np.abs(column[scores]).max(initial=0.0)) for column in columns), default=0.0)
    return largest or 1.0
