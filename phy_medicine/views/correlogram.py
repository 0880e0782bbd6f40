"""Auto- and cross-correlograms of all spikes of the selected clusters."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.correlogram import LagBins, lag_bins
from phy_medicine.compute.log_correlogram import LogLagBins, log_lag_bins
from phy_medicine.compute.spike_pairs import SpikePairs, spike_pairs
from phy_medicine.curation.colors import pale
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views.axes import Axes
from phy_medicine.views.bin_walk import BinWalk, shade_bin
from phy_medicine.views.contrast import legible, luminance
from phy_medicine.views.correlogram_block import CorrelogramBlock, Heights, heights
from phy_medicine.views.correlogram_controls import MAX_BINS, CorrelogramControls, CorrelogramSettings
from phy_medicine.views.correlogram_grid import X_TITLE, CorrelogramGrid, lag_text
from phy_medicine.views.correlogram_marks import (
    MOST_NOTED,
    NOTE_HEADROOM,
    draw_chance,
    draw_empty,
    draw_notes,
    draw_refractory,
    has_room,
)
from phy_medicine.views.hover import Words
from phy_medicine.views.interact import LEFT, RIGHT, Click
from phy_medicine.views.layout import Box
from phy_medicine.views.theme import DARK, RGBA, Theme

if TYPE_CHECKING:
    from phy_medicine.session.view_host import ViewHost

__all__ = ["CorrelogramSettings", "CorrelogramView"]

# Logarithmic bins are drawn in so many equal columns, finer than the pixels of a cell.
_N_COLUMNS = 1024


class CorrelogramView(CorrelogramControls):
    """Spike pairs by time lag: the row's cluster at lag 0, the column's around it; exact counts of all spikes."""

    name, title = "CorrelogramView", "Correlograms"
    max_clusters = 20
    axes = Axes(x=X_TITLE, y="Rate (spikes/s)")
    _grid: CorrelogramGrid | None = None
    _heights: Heights | None = None
    # The pairs of the bin that was clicked last.
    _pairs: SpikePairs | None = None

    def __init__(self, host: ViewHost, *, theme: Theme = DARK, settings: Any = None) -> None:
        super().__init__(host, theme=theme, settings=settings)
        # Row's cluster, column's cluster and bin.
        self._walk: BinWalk[tuple[int, int, int]] = BinWalk()

    # Arrays

    def cached(self, request: ViewRequest) -> bool:
        """Tell whether all pairs have been counted."""
        data, ids = self.host.data, self.limited(request).cluster_ids
        if not all(data.is_kept(self._short_key(c)) for c in ids):
            return False
        try:
            bins = self._bins()
        except PhyMedError:
            return True
        if isinstance(bins, LogLagBins):
            return all(data.correlograms.has_log(a, b, bins) for a in ids for b in ids)
        bin_s, window_s = self._bin_window_s()
        known = data.has_correlogram
        return all(known(a, b, bin_s=bin_s, window_s=window_s) for i, a in enumerate(ids) for b in ids[i:])

    def prepare(self, request: ViewRequest) -> CorrelogramBlock:
        """Count the pairs of each two clusters once.

        Raises
        ------
        PhyMedError : the settings make too many bins, or none
        """
        data, ids = self.host.data, request.cluster_ids
        bins = self._bins()
        n_spikes = np.array([len(spikes) for spikes in request.spike_ids], dtype=np.int64)
        short = [
            data.kept(self._short_key(c), partial(self._count_short, spikes))
            for c, spikes in zip(ids, request.spike_ids, strict=True)
        ]
        start_s, stop_s = data.shown_s
        return CorrelogramBlock(
            bins=bins,
            counts=frozen(self._count_log(ids, bins) if isinstance(bins, LogLagBins) else self._count(ids, bins)),
            chance=frozen(np.outer(n_spikes, n_spikes) / max(stop_s - start_s, 1e-9)),
            n_spikes=frozen(n_spikes),
            n_short=frozen(np.array(short, dtype=np.int64)),
        )

    def _count(self, ids: Sequence[int], bins: LagBins) -> FloatArray:
        bin_s, window_s = self._bin_window_s()
        counts = np.empty((len(ids), len(ids), bins.n_bins), dtype=np.float32)
        for i, a in enumerate(ids):
            for j in range(i, len(ids)):
                counts[i, j] = self.host.data.correlogram(a, ids[j], bin_s=bin_s, window_s=window_s)
                counts[j, i] = counts[i, j, ::-1]
        return counts

    def _count_log(self, ids: Sequence[int], bins: LogLagBins) -> FloatArray:
        counts = [[self.host.data.correlograms.get_log(a, b, bins) for b in ids] for a in ids]
        return np.array(counts, dtype=np.float32).reshape(len(ids), len(ids), bins.n_bins)

    def _short_key(self, cluster_id: int) -> tuple[str, int, float]:
        return "short intervals", cluster_id, self.settings.refractory_ms

    def _count_short(self, spike_ids: IntArray) -> int:
        """Count intervals below the refractory period: 160,000 take 3 ms."""
        intervals = np.diff(self.host.data.spike_times[spike_ids])
        return int(np.count_nonzero(intervals < 1e-3 * self.settings.refractory_ms))

    def _bins(self) -> LagBins | LogLagBins:
        settings, rate = self.settings, self.host.data.sample_rate
        if settings.log_axis:
            low_s, high_s = 1e-3 * settings.log_min_ms, 1e-3 * settings.log_max_ms
            return log_lag_bins(rate, low_s=low_s, high_s=high_s, n_bins=settings.log_bins)
        bin_s, window_s = self._bin_window_s()
        bins = lag_bins(rate, bin_s=bin_s, window_s=window_s)
        if bins.n_bins > MAX_BINS:
            raise PhyMedError(
                f"A window of {1e3 * window_s:g} ms in bins of {1e3 * bin_s:g} ms has more than {MAX_BINS:,} bins; "
                "choose a longer bin."
            )
        return bins

    def _bin_window_s(self) -> tuple[float, float]:
        """Return bin and window in s, rounded so that the same settings find the same counts in the cache."""
        settings = self.settings
        return round(settings.bin_ms * 1e-3, 12), round(max(settings.window_ms, settings.bin_ms) * 1e-3, 12)

    # Picture

    def upload(self, block: CorrelogramBlock) -> None:
        """Make bars of the counts, row by row."""
        settings, n = self.settings, len(block.n_spikes)
        if len(self.panels) != n * n:
            self.panels.resize(n * n)
        edges = block.edges
        made = self._make_heights(block)
        headroom = NOTE_HEADROOM if settings.labels and n <= MOST_NOTED else 1.08
        self.panels.set_home(x=(edges[0], edges[-1]))
        for panel, (low, high) in enumerate(made.spans(same_scale=settings.same_scale, headroom=headroom)):
            self.panels.set_home(panel, y=(float(low), float(high)))
        bars = made.bars
        if block.logarithmic:
            places = np.linspace(edges[0], edges[-1], 2 * _N_COLUMNS + 1)[1::2]
            bars = bars[:, np.clip(np.searchsorted(edges, places, side="right") - 1, 0, block.bins.n_bins - 1)]
        rows, columns = np.divmod(np.arange(n * n), max(n, 1))
        self.picture.clear()
        index = np.where(rows == columns, rows, n + rows)
        self.picture.steps(bars, edges[[0, -1]], color=self._palette(), index=index, panel=np.arange(n * n))
        self._heights = made
        self._grid = CorrelogramGrid(self.cluster_ids, made, uniform=settings.same_scale, log_x=block.logarithmic)
        floor = math.log10(made.floors[0]) if made.floors else 0.0
        self.scene.axes = Axes(x=X_TITLE, y=made.title, log_x=block.logarithmic, log_y=bool(made.floors), y_floor=floor)
        key = self._walk.key
        if key is not None and not (set(key[:2]) <= set(self.cluster_ids) and key[2] < block.bins.n_bins):
            self._walk.forget()
        self.status = self._status_of(block)

    def _make_heights(self, block: CorrelogramBlock) -> Heights:
        s = self.settings
        made = heights(block, s.normalization, log_counts=s.log_counts, same_scale=s.same_scale)
        if not made.floors:
            return made
        floors, _ = self.scale.union("floors", np.array(made.floors), np.array(made.floors))
        if floors.tolist() == list(made.floors):
            return made
        return heights(block, s.normalization, log_counts=True, same_scale=s.same_scale, floors=floors)

    def _palette(self) -> FloatArray:
        """Return the colours of the diagonal, then those of the rows."""
        background = self.scene.theme.rgba("view")
        tint = pale if luminance(background) < 0.5 else _tint
        crosses = np.array([tint(color) for color in self.colors], dtype=np.float32).reshape(-1, 4)
        return np.vstack([self.colors, legible(crosses, background)])

    def _status_of(self, block: CorrelogramBlock) -> str:
        if isinstance(block.bins, LogLagBins):
            low_ms, high_ms = 1e3 * block.bins.edges_s[[0, -1]]
            text = f"{_ms(low_ms)} to {_ms(high_ms)} ms ({block.bins.n_bins} bins)"
        else:
            text = f"{_ms(1e3 * self._bin_window_s()[1])} ms ({_ms(1e3 * block.bins.bin_s)} ms)"
        share = block.short_share(0) if len(block.n_spikes) == 1 else None
        if share is not None:
            text += f" · {100 * share:.2f} % of intervals < {self.settings.refractory_ms:g} ms"
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
        """Add axes, what chance would give, the refractory period, notes, and a ground for the clicked bin."""
        block: CorrelogramBlock | None = self.block
        if block is None or self._heights is None:
            return
        if has_room(self.scene):
            draw_chance(self.scene, block, self._heights.lines)
            draw_refractory(self.scene, block, self.settings.refractory_ms)
        if self._walk.key is not None:
            a, b, index = self._walk.key
            panel = self.cluster_ids.index(a) * len(self.cluster_ids) + self.cluster_ids.index(b)
            shade_bin(self.scene, panel, (float(block.edges[index]), float(block.edges[index + 1])))
        if self.settings.labels and len(block.n_spikes) <= MOST_NOTED:
            draw_notes(self.scene, [self._note(block, row) for row in range(len(block.n_spikes))])
            draw_empty(self.scene, block)
        if len(self.panels) == 1:
            self.scene.draw_axes(0)
        elif self._grid is not None:
            self._grid.draw(self.scene, self.colors, labels=self.settings.labels)

    def _note(self, block: CorrelogramBlock, row: int) -> str:
        share = block.short_share(row)
        return "" if share is None else f"{100 * share:.2f} % < {self.settings.refractory_ms:g} ms"

    # Pointer

    def pick(self, x: float, y: float) -> int | None:
        """Return the cluster of the row under a pixel."""
        panel = self.panels.at(x, y)
        return None if panel is None or self.block is None else self.cluster_ids[panel // len(self.cluster_ids)]

    def _bin_at(self, panel: int | None, x: float) -> tuple[int, int, int] | None:
        """Return the row's and the column's cluster and the bin at a place of a cell, or None."""
        block: CorrelogramBlock | None = self.block
        if panel is None or block is None:
            return None
        index = block.at(x)
        row, column = divmod(panel, len(self.cluster_ids))
        return None if index is None else (self.cluster_ids[row], self.cluster_ids[column], index)

    def describe(self, x: float, y: float) -> Words | None:
        """Tell clusters, lag, count and rate of the bin under the pointer."""
        panel = self.panels.at(x, y)
        place = math.nan if panel is None else float(self.panels.to_data(panel, x, y)[0])
        found = self._bin_at(panel, place)
        if found is None or panel is None:
            return None
        block: CorrelogramBlock = self.block
        a, b, index = found
        row, column = divmod(panel, len(self.cluster_ids))
        count, width_s = float(block.counts[row, column, index]), float(np.diff(block.bins.edges_s)[index])
        chance = float(block.chance[row, column]) * width_s
        words = f"{count:,.0f} pairs · {count / (max(int(block.n_spikes[row]), 1) * width_s):.3g} spikes/s"
        lines = [_names(a, b), self._lag_words(index), words + (f" · {count / chance:.3g} of chance" if chance else "")]
        if a == b and block.n_spikes[row] > 1:
            limit, n = self.settings.refractory_ms, int(block.n_spikes[row]) - 1
            lines.append(f"{block.n_short[row]:,} of {n:,} intervals < {limit:g} ms")
        return "\n".join(lines), x, y

    def _lag_words(self, index: int) -> str:
        low, high = (1e3 * float(edge) for edge in self.block.bins.edges_s[index : index + 2])
        return f"lag {lag_text(low)} to {lag_text(high)} ms"

    def on_click(self, click: Click) -> None:
        """Click tells how many pairs a bin has, and shows one after the other in the traces; right click goes back."""
        found = self._bin_at(click.panel, click.data_x)
        if found is None or click.modifiers or click.button not in (LEFT, RIGHT):
            return
        a, b, index = found
        if self._pairs is None or self._walk.key != found:
            self._pairs = self._find_pairs(a, b, index)
        turn = self._walk.step(found, len(self._pairs), 1 if click.button == LEFT else -1)
        where = f"{_names(a, b)} · {self._lag_words(index)}"
        if len(self._pairs):
            i, j = self._pairs.at(turn)
            times, spikes_a, spikes_b = self.host.data.spike_times, self.host.data.spikes(a), self.host.data.spikes(b)
            self.host.go_to_time(float(times[spikes_a[i]] + times[spikes_b[j]]) / 2, a)
            self.status = f"pair {turn + 1:,} of {len(self._pairs):,} · {where}"
        else:
            self.status = f"no pairs · {where}"
        self.redraw()

    def _find_pairs(self, a: int, b: int, index: int) -> SpikePairs:
        """Return the pairs of a bin; those of one cluster once, the later spike second."""
        data, lags = self.host.data, self.block.bins.lags(index)
        first, second = (np.rint(data.spike_times[data.spikes(c)] * data.sample_rate).astype(np.int64) for c in (a, b))
        if a != b:
            return spike_pairs(first, second, lags)
        return spike_pairs(first, None, lags if lags[1] > 0 and lags[0] >= 0 else (max(-lags[1], 0), -lags[0]))


def _names(a: int, b: int) -> str:
    return str(a) if a == b else f"{a} → {b}"


def _tint(color: Sequence[float]) -> RGBA:
    """Return the colour of cross-correlograms on a light ground, where pale ones would vanish."""
    hue = colorsys.rgb_to_hsv(*(float(value) for value in color[:3]))[0]
    return (*colorsys.hsv_to_rgb(hue, 0.45, 0.85), 1.0)


def _ms(value_ms: float) -> str:
    """Return a duration with one decimal, or as many as show it."""
    return (
        f"{value_ms:.1f}" if value_ms >= 0.1 and abs(value_ms * 10 - round(value_ms * 10)) < 0.01 else f"{value_ms:.3g}"
    )
