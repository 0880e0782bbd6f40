"""Amplitude of every spike over time, with a histogram at the side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from phy_medicine.base.params import setting
from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.binned_quantiles import binned_quantiles
from phy_medicine.session.blocks import Amplitudes
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views.amplitude_block import FRACTIONS, AmplitudeBlock, amplitude_range, histograms, joined
from phy_medicine.views.amplitude_kinds import KINDS, AmplitudeKind, available, nearest_kind
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import View, ViewAction
from phy_medicine.views.contrast import luminance
from phy_medicine.views.drift_marks import draw_band
from phy_medicine.views.hover import Words
from phy_medicine.views.interact import WHEEL_FACTOR, Click
from phy_medicine.views.lasso_work import LassoWork
from phy_medicine.views.layout import Box, Panels
from phy_medicine.views.nearest import REACH, nearest_point, words_of_spike

# Above this many spikes points only cover each other; density shows what is there, and costs less.
POINT_BUDGET = 25_000
# More spikes than this are drawn smaller, so that they do not melt into a smear.
_LARGE_POINTS = 3_000
_BACKGROUND_CLUSTERS = 30
# What lies behind the selected clusters.
BACKGROUNDS = ("none", "neighbours", "all")


@dataclass(frozen=True, slots=True)
class TimeSettings:
    """How spikes are shown over time."""

    marker_size: float = setting(
        2.5, "Diameter of a spike, smaller when there are many", unit="px", minimum=1.0, maximum=20.0
    )
    background: str = setting(
        "neighbours", "Spikes in grey: of clusters on the same channels, or of the whole recording", choices=BACKGROUNDS
    )
    quantiles: bool = setting(False, "Lines at the 5, 50 and 95 % quantiles of each cluster over time")
    quantile_bins: int = setting(50, "Stretches of time of the quantiles", minimum=2, maximum=2000)


@dataclass(frozen=True, slots=True)
class AmplitudeSettings(TimeSettings):
    """What the amplitude view shows."""

    kind: str = setting("template", "Which amplitude", choices=KINDS)
    unit_uv: float = setting(0.0, "µV of one raw unit; 0 when it is not known", unit="µV", minimum=0.0, maximum=1e6)


class AmplitudeView(View):
    """Amplitude against time of all spikes of the selected clusters; grey is what lies on the same channels."""

    name, title = "AmplitudeView", "Amplitudes"
    has_lasso = True
    axes = Axes(x="Time (s)", y="Amplitude (a.u.)")
    settings_type: ClassVar[type] = AmplitudeSettings
    drawn_settings = frozenset({"marker_size"})

    def make_panels(self) -> Panels:
        """Return the scatter panel and the histogram panel, which share their y axis."""
        return Panels(2, x_links=[0, -1], y_links=[0, 0], common="y")

    # A principal component chosen in a feature view: channel and component.
    _feature: tuple[int, int] | None = None

    def cached(self, request: ViewRequest) -> bool:
        """Tell whether all amplitudes are in memory."""
        request = self.limited(request)
        if not request.cluster_ids or not self.host.data.has_amplitudes or self.settings.quantiles:
            return False
        return self._kind(request).ready(self.host.data, request.cluster_ids, self._behind(request))

    def prepare(self, request: ViewRequest) -> AmplitudeBlock:
        """Gather amplitudes of the clusters and of their neighbours."""
        data, kind = self.host.data, self._kind(request)
        shown = kind.show(data, request.cluster_ids, all_of=self.scene.lasso.closed)
        clusters = shown.clusters
        rows = np.repeat(np.arange(len(clusters), dtype=np.uint8), [len(c.values) for c in clusters])
        times, values, spike_ids = joined(clusters)
        if len(clusters) > 1 and len(values) <= POINT_BUDGET:
            # In order of time, so that no cluster hides another.
            order = np.argsort(spike_ids, kind="stable")
            times, values, rows, spike_ids = times[order], values[order], rows[order], spike_ids[order]
        behind = self._behind(request)
        background = kind.behind(data, behind)
        y_range = self.value_range(kind.typical(data, request.cluster_ids, values))
        return AmplitudeBlock(
            kind=kind,
            n_total=sum(map(len, request.spike_ids)),
            times_s=frozen(times),
            values=frozen(values),
            rows=frozen(rows),
            spike_ids=frozen(spike_ids),
            background_s=background.times_s.astype(np.float32),
            background_values=background.values,
            n_behind=self._n_behind(behind),
            histograms=histograms([c.values for c in clusters], y_range),
            y_range=y_range,
            quantiles=self._quantiles(kind, request.cluster_ids, clusters),
            more=shown.more,
        )

    def _quantiles(self, kind: AmplitudeKind, cluster_ids: Sequence[int], clusters: Sequence[Amplitudes]) -> FloatArray:
        """Return the quantiles of all shown spikes of each cluster: those of a million take 0.1 s, and are kept."""
        settings, data = self.settings, self.host.data
        if not settings.quantiles:
            return np.zeros((len(clusters), len(FRACTIONS), 0))

        def compute(part: Amplitudes) -> FloatArray:
            span, n_bins = self._quantile_span(), settings.quantile_bins
            return frozen(binned_quantiles(part.times_s, part.values, span=span, n_bins=n_bins, fractions=FRACTIONS))

        rows = []
        for cluster_id, part in zip(cluster_ids, clusters, strict=True):
            key = ("amplitude quantiles", kind, cluster_id, settings.quantile_bins, len(part.values))
            rows.append(data.kept(key, lambda part=part: compute(part)))
        return frozen(np.stack(rows)) if rows else np.zeros((0, len(FRACTIONS), 0))

    def value_range(self, values: FloatArray) -> tuple[float, float]:
        """Return what is shown without a zoom."""
        return amplitude_range(values)

    def _kind(self, request: ViewRequest) -> AmplitudeKind:
        name = nearest_kind(self.host.data, self.settings.kind)
        # The peak channel of the first cluster, unless a feature near the selection was chosen.
        channel_id, component = request.channel_ids[0] if request.channel_ids else 0, 0
        if name == "feature" and self._feature is not None and self._feature[0] in request.channel_ids:
            channel_id, component = self._feature
        first = request.cluster_ids[0] if request.cluster_ids else 0
        return AmplitudeKind(name, channel_id, component, first, self.settings.unit_uv)

    def _behind(self, request: ViewRequest) -> list[int] | None:
        """Return the clusters in the background, None for the whole recording."""
        if self.settings.background == "all":
            return None
        if self.settings.background == "none":
            return []
        near = {c: None for cluster_id in request.cluster_ids[:2] for c in self.host.data.neighbours(cluster_id)}
        return [c for c in near if c not in request.cluster_ids][:_BACKGROUND_CLUSTERS]

    def _n_behind(self, behind: list[int] | None) -> int:
        data = self.host.data
        first, stop = data.id_range
        return stop - first if behind is None else sum(len(data.spikes(c)) for c in behind)

    def upload(self, block: AmplitudeBlock) -> None:
        """Draw points while they are few, densities when they are many."""
        self.scene.axes = Axes(x="Time (s)", y=block.kind.title(self.host.data.channel_labels))
        self.panels.set_home(0, x=(0.0, self.host.data.duration_s))
        self.panels.set_home(y=block.y_range)
        self._set_top(block)
        picture, n = self.picture, len(block.values)
        picture.clear()
        grey = self.scene.theme.rgba("background_spikes", 0.5)
        picture.density(block.background_s, block.background_values, color=grey, cell=2, faintest=0.4)
        if n <= POINT_BUDGET:
            size = self.settings.marker_size * float(np.clip((_LARGE_POINTS / max(n, 1)) ** 0.5, 0.5, 1.0))
            picture.points(block.times_s, block.values, color=self.colors, index=block.rows, size=size)
        else:
            ends = np.cumsum([0, *np.bincount(block.rows, minlength=len(self.colors))])
            for color, start, stop in zip(self.colors, ends[:-1], ends[1:], strict=True):
                mine = slice(start, stop)
                picture.density(block.times_s[mine], block.values[mine], color=color, faintest=0.5)
        self.status = self._status_of(block)
        self._draw_quantiles(block)
        shade = self.colors * np.array([1, 1, 1, 0.5], dtype=np.float32)
        rows = np.arange(len(block.histograms))
        picture.steps(block.histograms, block.y_range, color=shade, index=rows, panel=1, sideways=True)
        if block.more and self.auto_update:
            self.host.request(self)
            # What is there can be worked with: nothing is dimmed and no key waits for the rest.
            self.scene.waiting_since = None

    def _set_top(self, block: AmplitudeBlock) -> None:
        """Show all bars; those of a twin with other bins are as long where there are as many spikes by amplitude."""
        width = (block.y_range[1] - block.y_range[0]) / max(block.histograms.shape[1], 1)
        _, top = self.scale.union("spikes", 0.0, max(float(block.histograms.max(initial=0)), 1.0) / width)
        self.panels.set_home(1, x=(0.0, 1.05 * float(top) * width))

    def rescale(self) -> None:
        """Change the length of the bars; spikes stay where they are."""
        self._set_top(self.block)

    def scale_key(self) -> AmplitudeKind | None:
        """Return what is shown over time."""
        return None if self.block is None else self.block.kind

    def _quantile_span(self) -> tuple[float, float]:
        data = self.host.data
        return (0.0, data.duration_s) if data.has_other_times else data.shown_s

    def _draw_quantiles(self, block: AmplitudeBlock) -> None:
        """Draw the median and thinner the outer quantiles, each with a rim, so that they are seen on their points."""
        n_bins = block.quantiles.shape[2]
        if not n_bins:
            return
        start_s, stop_s = self._quantile_span()
        times = start_s + (np.arange(n_bins) + 0.5) * (stop_s - start_s) / n_bins
        ground = self.scene.theme.rgba("view")
        dark = luminance(ground) < 0.5
        # Half-way to white, or to black, lines keep their hue and are seen on points of the same colour.
        light = self.colors.copy()
        light[:, :3] = 0.5 * light[:, :3] + (0.5 if dark else 0.0)
        rows = np.arange(len(light))
        for place, width in ((0, 1.25), (2, 1.25), (1, 2.0)):
            lines = block.quantiles[:, place]
            self.picture.lines(times, lines, color=ground, width=width + 2)
            self.picture.lines(times, lines, color=light, index=rows, width=width)

    def _status_of(self, block: AmplitudeBlock) -> str:
        n = len(block.values)
        count = f"{n:,} spikes" if n == block.n_total else f"{n:,} of {block.n_total:,}"
        n_selected = len(self.request.cluster_ids) if self.request is not None else 0
        cut = f" · {len(self.cluster_ids)} of {n_selected} clusters" if n_selected > len(self.cluster_ids) else ""
        grey = len(block.background_s)
        part = self.settings.background == "all" and 0 < grey < block.n_behind
        behind = f" · grey: {grey:,} of {block.n_behind:,}" if part else ""
        return f"{block.kind.name} · {count}{cut}" + (" · density" if n > POINT_BUDGET else "") + behind

    def arrange(self, box: Box) -> None:
        """Give the histogram a quarter of the width."""
        left, top, right, bottom = self.scene.inner(box)
        split = left + 0.75 * (right - left)
        gap = 26 * self.ratio
        right = max(right, split + gap + 1)
        self.panels.set_rects(np.array([(left, top, split, bottom), (split + gap, top, right, bottom)]))

    def decorate(self) -> None:
        """Add the axes, and a band where the trace views are."""
        self.scene.draw_axes(0)
        self.scene.draw_axes(1, Axes(x="Spikes", y=None))
        if self.time_window is not None:
            draw_band(self.scene, self.time_window)

    def time_panels(self) -> tuple[int, ...]:
        """Return the scatter panel, unless it shows other times than those of the recording."""
        return () if self.host.data.has_other_times else (0,)

    def on_click(self, click: Click) -> None:
        """Alt+click shows that moment in the trace views."""
        if click.modifiers == {"alt"} and click.panel == 0:
            self.host.go_to_time(click.data_x, self.pick(click.x, click.y))

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """Alt+wheel changes the size of the points."""
        if modifiers == {"alt"}:
            self.change(marker_size=float(np.clip(self.settings.marker_size * WHEEL_FACTOR**notches, 1.0, 20.0)))

    def pick(self, x: float, y: float) -> int | None:
        """Return the cluster of the nearest spike within 8 px."""
        if self.block is None or len(self.block.values) == 0:
            return None
        nearest = self._nearest(x, y)
        return None if nearest is None else self.cluster_ids[self.block.rows[nearest]]

    def _nearest(self, x: float, y: float) -> int | None:
        """Return the place in the block of the spike at a pixel."""
        block: AmplitudeBlock = self.block
        reach = REACH * self.ratio
        return nearest_point(self.panels, 0, block.times_s, block.values, place=(x, y), reach=reach)

    def describe(self, x: float, y: float) -> Words | None:
        """Tell cluster, time and amplitude of the spike under the pointer."""
        block: AmplitudeBlock | None = self.block
        nearest = self._nearest(x, y) if block is not None and self.panels.at(x, y) == 0 else None
        if block is None or nearest is None:
            return None
        time_s, value = float(block.times_s[nearest]), float(block.values[nearest])
        px, py = self.panels.to_pixels(0, time_s, value)
        values = block.kind.words(value, self.host.data.channel_labels)
        return words_of_spike(self.cluster_ids[block.rows[nearest]], time_s, values), float(px), float(py)

    def show_feature(self, channel_id: int, component: int) -> None:
        """Show the scores of a principal component on a channel."""
        self._feature = channel_id, component
        self.change(kind="feature")

    def lasso_work(self) -> LassoWork | None:
        """Return how to find all spikes of the drawn clusters inside the lasso where their amplitudes must be read."""
        lasso = self.scene.lasso
        block: AmplitudeBlock | None = self.block
        if block is None or lasso.panel != 0 or not lasso.closed:
            return None
        return block.kind.work(self.host.data, self._clusters(), lasso.corners)

    def lasso_spike_ids(self) -> IntArray:
        """Return all spikes of the drawn clusters inside the lasso, drawn or not.

        Raises
        ------
        ActionError : the amplitudes of some spikes are not known
        """
        lasso, work = self.scene.lasso, self.lasso_work()
        block: AmplitudeBlock | None = self.block
        if work is not None:
            return work.spikes()
        if block is None or lasso.panel != 0 or not lasso.closed:
            return super().lasso_spike_ids()
        shown = block.spike_ids, block.times_s, block.values
        return block.kind.inside(self.host.data, self._clusters(), lasso, shown)

    def _clusters(self) -> list[tuple[int, IntArray]]:
        """Return the clusters that are drawn, each with all of its spikes in the time range."""
        return list(zip(self.cluster_ids, self._drawn_request.spike_ids, strict=True))

    def add_lasso_corner(self, click: Click) -> None:
        """Add a corner to the lasso; once it encloses something, all spikes are measured."""
        super().add_lasso_corner(click)
        block: AmplitudeBlock | None = self.block
        if block is not None and block.kind.measured and self.scene.lasso.closed:
            self.host.request(self)

    def restore(self, state: dict[str, Any]) -> None:
        """Take over a saved state, also one in which the background was on or off.

        Raises
        ------
        PhyMedError : a value out of range
        """
        settings = dict(state.get("settings", {}))
        if isinstance(settings.get("background"), bool):
            settings["background"] = "neighbours" if settings["background"] else "none"
        super().restore({**state, "settings": settings})

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        kind = self.settings.kind
        return (
            ViewAction("next_amplitudes_type", "Next type of amplitude", self._next_kind, "a",
                       help=f"Fitted, feature, projection on the first cluster, or measured; now {kind}."),
            ViewAction("previous_amplitudes_type", "Previous type of amplitude", self._previous_kind, "shift+a",
                       help="The other way round."),
            *self.time_actions(),
        )  # fmt: skip

    def time_actions(self) -> tuple[ViewAction, ...]:
        """Return what every view of spikes over time can do."""
        settings = self.settings
        return (
            ViewAction("next_amplitude_background", "Next background", self._next_background,
                       help=f"Grey spikes: none, of neighbours, of the whole recording; now {settings.background}."),
            ViewAction("toggle_amplitude_quantiles", "Show quantiles", self._toggle_quantiles,
                       help="Lines at 5, 50 and 95 % of the spikes of each cluster over time.",
                       checked=lambda: bool(self.settings.quantiles)),
        )  # fmt: skip

    def _next_background(self) -> None:
        place = BACKGROUNDS.index(self.settings.background)
        self.change(background=BACKGROUNDS[(place + 1) % len(BACKGROUNDS)])

    def _toggle_quantiles(self) -> None:
        self.change(quantiles=not self.settings.quantiles)

    def _next_kind(self) -> None:
        self._turn_kind(1)

    def _previous_kind(self) -> None:
        self._turn_kind(-1)

    def _turn_kind(self, by: int) -> None:
        kinds = available(self.host.data)
        if kinds:
            now = kinds.index(nearest_kind(self.host.data, self.settings.kind))
            self.change(kind=kinds[(now + by) % len(kinds)])
