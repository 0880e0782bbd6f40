"""Auto- and cross-correlograms of all spikes of the selected clusters."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import setting
from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.correlogram import LagBins, lag_bins
from phy_medicine.curation.colors import pale
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import View, ViewAction
from phy_medicine.views.contrast import legible, luminance
from phy_medicine.views.correlogram_grid import CorrelogramGrid
from phy_medicine.views.interact import WHEEL_FACTOR
from phy_medicine.views.layout import Box
from phy_medicine.views.theme import RGBA

BIN_FACTOR = 1.05
# A screen has no more columns; and 20 clusters of so many bins are 13 MB.
MAX_BINS = 4001
_WINDOW_MS, _BIN_MS = (1.0, 5000.0), (0.01, 500.0)
_LINE_ALPHA, _SHADOW_ALPHA = 0.75, 0.5
# In smaller cells lines would hide the bars, logical px.
_LINED_CELL = (56, 28)


@dataclass(frozen=True, slots=True)
class CorrelogramSettings:
    """What the correlogram view shows."""

    window_ms: float = setting(
        50.0, "Full width of the window", unit="ms", minimum=_WINDOW_MS[0], maximum=_WINDOW_MS[1]
    )
    bin_ms: float = setting(1.0, "Width of a bin", unit="ms", minimum=_BIN_MS[0], maximum=_BIN_MS[1])
    refractory_ms: float = setting(2.0, "Refractory period, marked by lines", unit="ms", minimum=0.1, maximum=100.0)
    uniform_normalization: bool = setting(False, "One scale for all cells, instead of one for each")
    labels: bool = setting(True, "Show cluster ids and axes of the grid")


@dataclass(frozen=True, slots=True)
class CorrelogramBlock:
    """Counts of one selection.

    bins : as counted, on the sample grid; counts : (n, n, n_bins) float32, row by row; the lower triangle is the
    mirror of the upper one; baselines : (n, n) float64, counts in a bin if the clusters fired independently of each
    other; n_spikes : (n,) int; n_violations : intervals below the refractory period, of a single cluster
    """

    bins: LagBins
    counts: FloatArray
    baselines: FloatArray
    n_spikes: IntArray
    n_violations: int | None


class CorrelogramView(View):
    """Spike pairs by time lag: the row's cluster at lag 0, the column's around it; exact counts of all spikes."""

    name, title = "CorrelogramView", "Correlograms"
    max_clusters = 20
    axes = Axes(x="Lag (ms)", y="Rate (spikes/s)")
    settings_type = CorrelogramSettings
    drawn_settings = frozenset({"uniform_normalization", "labels"})
    _grid: CorrelogramGrid | None = None
    # Cluster, refractory period in ms, and how many intervals are shorter.
    _counted: tuple[tuple[int, float], int] | None = None

    def cached(self, request: ViewRequest) -> bool:
        """Tell whether all pairs have been counted."""
        ids = self.limited(request).cluster_ids
        bin_s, window_s = self._bin_window_s()
        known = self.host.data.has_correlogram
        return all(known(a, b, bin_s=bin_s, window_s=window_s) for i, a in enumerate(ids) for b in ids[i:])

    def prepare(self, request: ViewRequest) -> CorrelogramBlock:
        """Count the pairs of each two clusters once."""
        data, ids = self.host.data, request.cluster_ids
        bin_s, window_s = self._bin_window_s()
        bins = lag_bins(data.sample_rate, bin_s=bin_s, window_s=window_s)
        if bins.n_bins > MAX_BINS:
            raise PhyMedError(
                f"A window of {1e3 * window_s:g} ms in bins of {1e3 * bin_s:g} ms has more than {MAX_BINS:,} bins; "
                "choose a longer bin."
            )
        counts = np.empty((len(ids), len(ids), bins.n_bins), dtype=np.float32)
        for i, a in enumerate(ids):
            for j in range(i, len(ids)):
                counts[i, j] = data.correlogram(a, ids[j], bin_s=bin_s, window_s=window_s)
                counts[j, i] = counts[i, j, ::-1]
        n_spikes = np.array([len(spikes) for spikes in request.spike_ids], dtype=np.int64)
        return CorrelogramBlock(
            bins=bins,
            counts=frozen(counts),
            baselines=frozen(np.outer(n_spikes, n_spikes) * (bins.bin_s / max(data.duration_s, 1e-9))),
            n_spikes=frozen(n_spikes),
            n_violations=self._violations(ids[0], request.spike_ids[0]) if len(ids) == 1 else None,
        )

    def _violations(self, cluster_id: int, spike_ids: IntArray) -> int:
        """Count intervals below the refractory period; the last answer is kept, since 160,000 take 3 ms."""
        key = (cluster_id, self.settings.refractory_ms)
        known = self._counted
        if known is None or known[0] != key:
            known = (key, _short_intervals(self.host.data.spike_times[spike_ids], 1e-3 * key[1]))
            self._counted = known
        return known[1]

    def _bin_window_s(self) -> tuple[float, float]:
        """Return bin and window in s, rounded so that the same settings find the same counts in the cache."""
        settings = self.settings
        return round(settings.bin_ms * 1e-3, 12), round(max(settings.window_ms, settings.bin_ms) * 1e-3, 12)

    def upload(self, block: CorrelogramBlock) -> None:
        """Make bars of the counts, row by row."""
        n = len(block.n_spikes)
        if len(self.panels) != n * n:
            self.panels.resize(n * n)
        edge_ms = 1e3 * block.bins.bin_s * (block.bins.n_half + 0.5)
        bars, lines = self._values(block)
        tops = np.maximum(bars.max(axis=1, initial=0), lines)
        if self.settings.uniform_normalization:
            tops[:] = tops.max(initial=0)
        self.panels.set_home(x=(-edge_ms, edge_ms))
        for panel, top in enumerate(tops):
            self.panels.set_home(panel, y=(0.0, 1.08 * float(top) if top > 0 else 1.0))
        rows, columns = np.divmod(np.arange(n * n), max(n, 1))
        self.picture.clear()
        index = np.where(rows == columns, rows, n + rows)
        self.picture.steps(bars, (-edge_ms, edge_ms), color=self._palette(), index=index, panel=np.arange(n * n))
        self._grid = CorrelogramGrid(self.cluster_ids, uniform=self.settings.uniform_normalization)
        self.status = self._status_of(block)

    def _values(self, block: CorrelogramBlock) -> tuple[FloatArray, FloatArray]:
        """Return heights of bars and baselines: a rate for one cluster, else counts; (n * n, n_bins), (n * n,)."""
        n = len(block.n_spikes)
        bars, lines = block.counts.reshape(n * n, -1), block.baselines.reshape(-1)
        if n != 1:
            return bars, lines.copy()
        scale = 1.0 / (max(int(block.n_spikes[0]), 1) * block.bins.bin_s)
        return bars * np.float32(scale), lines * scale

    def _palette(self) -> FloatArray:
        """Return the colours of the diagonal, then those of the rows."""
        background = self.scene.theme.rgba("view")
        tint = pale if luminance(background) < 0.5 else _tint
        crosses = np.array([tint(color) for color in self.colors], dtype=np.float32).reshape(-1, 4)
        return np.vstack([self.colors, legible(crosses, background)])

    def _status_of(self, block: CorrelogramBlock) -> str:
        text = f"{_ms(1e3 * self._bin_window_s()[1])} ms ({_ms(1e3 * block.bins.bin_s)} ms)"
        if block.n_violations is not None and block.n_spikes[0] > 1:
            share = 100 * block.n_violations / (block.n_spikes[0] - 1)
            text += f" · {share:.2f} % of intervals < {self.settings.refractory_ms:g} ms"
        n_selected = len(self.request.cluster_ids) if self.request is not None else 0
        if n_selected > len(self.cluster_ids):
            text += f" · {len(self.cluster_ids)} of {n_selected} clusters"
        return text

    def arrange(self, box: Box) -> None:
        """Place the cells and what surrounds them."""
        if len(self.panels) == 1 or self._grid is None:
            super().arrange(box)
        else:
            self._grid.arrange(self.scene, box, labels=self.settings.labels)

    def decorate(self) -> None:
        """Add axes, baselines and the lines of the refractory period."""
        if self.block is None:
            return
        self._draw_lines(self.block)
        if len(self.panels) == 1:
            self.scene.draw_axes(0)
        elif self._grid is not None:
            self._grid.draw(self.scene, self.colors, labels=self.settings.labels)

    def _draw_lines(self, block: CorrelogramBlock) -> None:
        """Draw light lines with a shadow, which are seen on bars of any colour and beside them."""
        rects = self.panels.rects.astype(np.float64)
        if ((rects[:, 2:] - rects[:, :2]).min(axis=0) < np.array(_LINED_CELL) * self.ratio).any():
            return
        a, b, c, d = self.panels.transforms().T
        left, top, right, bottom = rects.T
        y = np.round(self._values(block)[1] * b + d)
        shown = (top <= y) & (y < bottom - self.ratio)
        self._shaded_lines(np.stack([left, y, right, y], axis=1)[shown], (0, 1))
        for lag_ms in (-self.settings.refractory_ms, self.settings.refractory_ms):
            x = np.round(lag_ms * a + c)
            shown = (left <= x) & (x < right)
            self._shaded_lines(np.stack([x, top, x, bottom], axis=1)[shown], (1, 0))

    def _shaded_lines(self, lines: FloatArray, across: tuple[int, int]) -> None:
        width = max(1.0, round(self.ratio))
        step = width * np.array(across * 2, dtype=np.float64)
        rects = lines + np.array([0.0, 0.0, 1.0, 1.0]) * step
        theme = self.scene.theme
        self.scene.over.rects(rects + step, theme.rgba("view", _SHADOW_ALPHA))
        self.scene.over.rects(rects, theme.rgba("text", _LINE_ALPHA))

    def pick(self, x: float, y: float) -> int | None:
        """Return the cluster of the row under a pixel."""
        panel = self.panels.at(x, y)
        return None if panel is None or self.block is None else self.cluster_ids[panel // len(self.cluster_ids)]

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """Control+wheel changes the window, Alt+wheel the bin."""
        window_ms, bin_ms = self.settings.window_ms, self.settings.bin_ms
        if modifiers == {"control"}:
            lowest, highest = max(bin_ms, _WINDOW_MS[0]), min(_WINDOW_MS[1], (MAX_BINS - 1) * bin_ms)
            self.change(window_ms=float(np.clip(window_ms * WHEEL_FACTOR**notches, lowest, highest)))
        elif modifiers == {"alt"}:
            lowest = max(1e3 / self.host.data.sample_rate, window_ms / (MAX_BINS - 1), _BIN_MS[0])
            self.change(bin_ms=float(np.clip(bin_ms * BIN_FACTOR**notches, lowest, min(window_ms / 2, _BIN_MS[1]))))

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        settings, one = self.settings, (float,)
        return (
            ViewAction("toggle_normalization", "One scale for all correlograms", self._toggle_normalization, "n",
                       help="Compare heights between cells, instead of shapes.",
                       checked=lambda: self.settings.uniform_normalization),
            ViewAction("toggle_labels", "Show labels", self._toggle_labels, help="Show or hide ids and axes.",
                       checked=lambda: self.settings.labels),
            ViewAction("set_bin", "Set the bin (ms)", self._set_bin, snippet="cb", arguments=one,
                       help=f"Width of a bin, now {settings.bin_ms:g} ms: :cb 1"),
            ViewAction("set_window", "Set the window (ms)", self._set_window, snippet="cw", arguments=one,
                       help=f"Full width of the window, now {settings.window_ms:g} ms: :cw 50"),
            ViewAction("set_refractory_period", "Set the refractory period (ms)", self._set_refractory, snippet="cr",
                       arguments=one, help=f"Marked by lines, now {settings.refractory_ms:g} ms: :cr 2"),
        )  # fmt: skip

    def _toggle_normalization(self) -> None:
        self.change(uniform_normalization=not self.settings.uniform_normalization)

    def _toggle_labels(self) -> None:
        self.change(labels=not self.settings.labels)

    def _set_bin(self, bin_ms: float) -> None:
        self.change(bin_ms=bin_ms)

    def _set_window(self, window_ms: float) -> None:
        self.change(window_ms=window_ms)

    def _set_refractory(self, refractory_ms: float) -> None:
        self.change(refractory_ms=refractory_ms)


def _short_intervals(times_s: FloatArray, shortest_s: float) -> int:
    return int(np.count_nonzero(np.diff(times_s) < shortest_s))


def _tint(color: Sequence[float]) -> RGBA:
    """Return the colour of cross-correlograms on a light ground, where pale ones would vanish."""
    hue = colorsys.rgb_to_hsv(*(float(value) for value in color[:3]))[0]
    return (*colorsys.hsv_to_rgb(hue, 0.3, 0.65), 1.0)


def _ms(value_ms: float) -> str:
    """Return a duration with one decimal, or as many as show it."""
    return (
        f"{value_ms:.1f}" if value_ms >= 0.1 and abs(value_ms * 10 - round(value_ms * 10)) < 0.01 else f"{value_ms:.3g}"
    )
