"""Amplitude of every spike over time, with a histogram at the side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from phy_medicine.base.params import setting
from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.session.blocks import Amplitudes
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views.amplitude_kinds import KINDS, AmplitudeKind, available, nearest_kind
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import View, ViewAction
from phy_medicine.views.interact import WHEEL_FACTOR, Click
from phy_medicine.views.layout import Box, Panels

N_BINS = 100
# Above this many spikes points only cover each other; density shows what is there, and costs less.
POINT_BUDGET = 25_000
# More spikes than this are drawn smaller, so that they do not melt into a smear.
_LARGE_POINTS = 3_000
_BACKGROUND_CLUSTERS = 30
# Quantiles of more spikes look the same, and cost a millisecond for 50,000.
_RANGE_SPIKES = 20_000


@dataclass(frozen=True, slots=True)
class AmplitudeSettings:
    """What the amplitude view shows."""

    kind: str = setting("template", "Which amplitude", choices=KINDS)
    marker_size: float = setting(
        2.5, "Diameter of a spike, smaller when there are many", unit="px", minimum=1.0, maximum=20.0
    )
    background: bool = setting(True, "Show the spikes of neighbouring clusters in grey")


@dataclass(frozen=True, slots=True)
class AmplitudeBlock:
    """Spikes of the selected clusters and of their neighbours; in order of time when they are few.

    times_s, values : (n,) float32; rows : (n,) uint8, the cluster's place in the selection; spike_ids : (n,) int;
    background_s, background_values : (m,) float32; histograms : (n_clusters, N_BINS) float32 spikes by bin of `y_range`
    n_total : spikes of the clusters, shown or not
    """

    kind: AmplitudeKind
    n_total: int
    times_s: FloatArray
    values: FloatArray
    rows: IntArray
    spike_ids: IntArray
    background_s: FloatArray
    background_values: FloatArray
    histograms: FloatArray
    y_range: tuple[float, float]


class AmplitudeView(View):
    """Amplitude against time of all spikes of the selected clusters; grey is what lies on the same channels."""

    name, title = "AmplitudeView", "Amplitudes"
    has_lasso = True
    axes = Axes(x="Time (s)", y="Amplitude (a.u.)")
    settings_type: ClassVar[type] = AmplitudeSettings
    drawn_settings = frozenset({"marker_size"})

    def make_panels(self) -> Panels:
        """Return the scatter panel and the histogram panel, which share their y axis."""
        return Panels(2, x_links=[0, -1], y_links=[0, 0])

    # A principal component chosen in a feature view: channel and component.
    _feature: tuple[int, int] | None = None

    def cached(self, request: ViewRequest) -> bool:
        """Tell whether all amplitudes are in memory."""
        request = self.limited(request)
        if self.settings.kind != "template" or not request.cluster_ids:
            return False
        return self.host.data.amplitudes_ready(request.cluster_ids, self._neighbours(request))

    def prepare(self, request: ViewRequest) -> AmplitudeBlock:
        """Gather amplitudes of the clusters and of their neighbours."""
        kind = self._kind(request)
        clusters = [kind.read(self.host.data, c) for c in request.cluster_ids]
        rows = np.repeat(np.arange(len(clusters), dtype=np.uint8), [len(c.values) for c in clusters])
        times, values, spike_ids = _joined(clusters)
        if len(clusters) > 1 and len(values) <= POINT_BUDGET:
            # In order of time, so that no cluster hides another.
            order = np.argsort(spike_ids, kind="stable")
            times, values, rows, spike_ids = times[order], values[order], rows[order], spike_ids[order]
        background = kind.behind(self.host.data, self._neighbours(request))
        y_range = self.value_range(values)
        return AmplitudeBlock(
            kind=kind,
            n_total=sum(map(len, request.spike_ids)),
            times_s=frozen(times),
            values=frozen(values),
            rows=frozen(rows),
            spike_ids=frozen(spike_ids),
            background_s=background.times_s.astype(np.float32),
            background_values=background.values,
            histograms=_histograms([c.values for c in clusters], y_range),
            y_range=y_range,
        )

    def value_range(self, values: FloatArray) -> tuple[float, float]:
        """Return what is shown without a zoom."""
        return amplitude_range(values)

    def _kind(self, request: ViewRequest) -> AmplitudeKind:
        name = nearest_kind(self.host.data, self.settings.kind)
        # The peak channel of the first cluster, unless a feature near the selection was chosen.
        channel_id, component = request.channel_ids[0] if request.channel_ids else 0, 0
        if name == "feature" and self._feature is not None and self._feature[0] in request.channel_ids:
            channel_id, component = self._feature
        return AmplitudeKind(name, channel_id, component)

    def _neighbours(self, request: ViewRequest) -> list[int]:
        if not self.settings.background:
            return []
        near = {c: None for cluster_id in request.cluster_ids[:2] for c in self.host.data.neighbours(cluster_id)}
        return [c for c in near if c not in request.cluster_ids][:_BACKGROUND_CLUSTERS]

    def upload(self, block: AmplitudeBlock) -> None:
        """Draw points while they are few, densities when they are many."""
        self.scene.axes = Axes(x="Time (s)", y=block.kind.title(self.host.data.channel_labels))
        self.panels.set_home(0, x=(0.0, self.host.data.duration_s))
        self.panels.set_home(y=block.y_range)
        self.panels.set_home(1, x=(0.0, 1.05 * max(float(block.histograms.max(initial=0)), 1.0)))
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
        self.status = self._describe(block)
        shade = self.colors * np.array([1, 1, 1, 0.5], dtype=np.float32)
        rows = np.arange(len(block.histograms))
        picture.steps(block.histograms, block.y_range, color=shade, index=rows, panel=1, sideways=True)

    def _describe(self, block: AmplitudeBlock) -> str:
        n = len(block.values)
        count = f"{n:,} spikes" if n == block.n_total else f"{n:,} of {block.n_total:,}"
        n_selected = len(self.request.cluster_ids) if self.request is not None else 0
        cut = f" · {len(self.cluster_ids)} of {n_selected} clusters" if n_selected > len(self.cluster_ids) else ""
        return f"{block.kind.name} · {count}{cut}" + (" · density" if n > POINT_BUDGET else "")

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
            self._draw_band(*self.time_window)

    def _draw_band(self, start_s: float, stop_s: float) -> None:
        left, top, right, bottom = self.panels.rects[0]
        (x0, x1), _ = self.panels.to_pixels(0, np.array([start_s, stop_s]), 0.0)
        # At least 2 px, so that a quarter of a second is seen in an hour.
        x0, x1 = min(x0, (x0 + x1) / 2 - self.ratio), max(x1, (x0 + x1) / 2 + self.ratio)
        x0, x1 = max(x0, left), min(x1, right)
        if x1 > x0:
            self.scene.over.rects([(x0, top, x1, bottom)], (1.0, 1.0, 0.0, 0.25))

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
        px, py = self.panels.to_pixels(0, self.block.times_s, self.block.values)
        distances = np.hypot(px - x, py - y)
        nearest = int(np.argmin(distances))
        return self.cluster_ids[self.block.rows[nearest]] if distances[nearest] <= 8 * self.ratio else None

    def show_feature(self, channel_id: int, component: int) -> None:
        """Show the scores of a principal component on a channel."""
        self._feature = channel_id, component
        self.change(kind="feature")

    def lasso_spike_ids(self) -> IntArray:
        """Return all spikes of the drawn clusters inside the lasso, drawn or not.

        Raises
        ------
        ActionError : the amplitudes of some spikes are not known
        """
        lasso = self.scene.lasso
        block: AmplitudeBlock | None = self.block
        if block is None or lasso.panel != 0 or not lasso.closed:
            return super().lasso_spike_ids()
        shown = block.spike_ids, block.times_s, block.values
        return block.kind.inside(self.host.data, self._drawn_request.spike_ids, lasso, shown)

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        return (
            ViewAction("next_amplitudes_type", "Next type of amplitude", self._next_kind, "a"),
            ViewAction("previous_amplitudes_type", "Previous type of amplitude", self._previous_kind, "shift+a"),
        )

    def _next_kind(self) -> None:
        self._turn_kind(1)

    def _previous_kind(self) -> None:
        self._turn_kind(-1)

    def _turn_kind(self, by: int) -> None:
        kinds = available(self.host.data)
        if kinds:
            now = kinds.index(nearest_kind(self.host.data, self.settings.kind))
            self.change(kind=kinds[(now + by) % len(kinds)])


def amplitude_range(values: FloatArray) -> tuple[float, float]:
    """Return the 1..99 % quantiles widened to hold 0, and by a tenth at the data's side."""
    if len(values) == 0:
        return 0.0, 1.0
    low, high = np.quantile(values[:: max(1, len(values) // _RANGE_SPIKES)], (0.01, 0.99))
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    if low == high:
        return 0.0, 1.0
    edge = 0.1 * (high - low)
    return (low - edge if low < 0 else 0.0), (high + edge if high > 0 else 0.0)


def _joined(parts: list[Amplitudes]) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return times and values as float32, and spike ids, of several clusters in one array each."""
    if not parts:
        return np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64)
    times = np.concatenate([part.times_s for part in parts], dtype=np.float32, casting="same_kind")
    values = np.concatenate([part.values for part in parts], dtype=np.float32, casting="same_kind")
    return times, values, np.concatenate([part.spike_ids for part in parts])


def _histograms(values: list[FloatArray], y_range: tuple[float, float]) -> FloatArray:
    """Return one histogram for each cluster, the largest bin of all is 1; (n_clusters, N_BINS) float32."""
    low, high = y_range
    counts = np.zeros((len(values), N_BINS), dtype=np.float32)
    for row, cluster in enumerate(values):
        bins = ((cluster - low) * (N_BINS / max(high - low, 1e-12))).astype(np.int64)
        counts[row] = np.bincount(bins[(bins >= 0) & (bins < N_BINS)], minlength=N_BINS)
    return counts
