"""How often each cluster fires over the recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from phy_medicine.base.params import setting
from phy_medicine.base.types import FloatArray
from phy_medicine.views.drift_marks import draw_band
from phy_medicine.views.histogram import HistogramView
from phy_medicine.views.histogram_block import NORMALIZATIONS, Bins
from phy_medicine.views.histogram_controls import RowSettings
from phy_medicine.views.interact import LEFT, Click

_RANGE = ("x_min", "x_max")


@dataclass(frozen=True, slots=True)
class FiringRateSettings(RowSettings):
    """What the view of firing rates shows."""

    n_bins: int = setting(200, "Number of bins", minimum=2, maximum=20_000)
    x_min: float = setting(0.0, "Start of the range; the same as its end: the whole recording", unit="s", minimum=0.0)
    x_max: float = setting(0.0, "End of the range", unit="s", minimum=0.0)
    normalization: str = setting("rate", "Height of the bars", choices=NORMALIZATIONS)


class FiringRateView(HistogramView):
    """Spikes by time, all of them, over the recording; a band marks what the trace views show."""

    name, title = "FiringRateView", "Firing rate"
    settings_type = FiringRateSettings
    quantity, unit, noun, alias = "Time", "s", "spikes", "fr"

    def values_of(self, cluster_id: int) -> FloatArray:
        """Return the times of all spikes of a cluster, s."""
        times: FloatArray = self.host.data.spike_times[self.host.data.spikes(cluster_id)]
        return times

    def moments_of(self, cluster_id: int) -> None:
        """Return None: Alt+click shows a moment, a click only counts."""

    def notes_of(self, cluster_id: int, values: FloatArray) -> tuple[str, ...]:
        """Return the mean rate, and how many spikes there are."""
        start_s, stop_s = self.host.data.shown_s
        rate = len(values) / max(stop_s - start_s, 1e-9)
        return f"{rate:.3g} /s", self.counted(len(values))

    def known_range(self) -> tuple[float, float]:
        """Return the whole recording."""
        return 0.0, max(self.host.data.duration_s, 1e-3)

    def exposure_s(self, bins: Bins) -> float:
        """Return the length of a bin."""
        return bins.width

    def rate_title(self) -> str:
        """Return the title of the vertical axis for rates."""
        return "Rate (spikes/s)"

    def rate_unit(self) -> str:
        """Return the unit of a rate."""
        return "spikes/s"

    def set_range(self, low: float, high: float) -> None:
        """Show a stretch of the recording; beyond its ends there is nothing."""
        whole = self.known_range()
        low, high = max(low, 0.0), min(high, whole[1])
        super().set_range(*((0.0, 0.0) if (low, high) == whole else (low, high)))

    def set_time_window(self, window: tuple[float, float] | None) -> None:
        """Mark the stretch of time that the trace views show."""
        self.time_window = window
        self.redraw()

    def time_panels(self) -> range:
        """Return all panels."""
        return range(len(self.panels))

    def decorate(self) -> None:
        """Add to the marks of every histogram a band where the trace views are."""
        super().decorate()
        if self.block is not None and self.time_window is not None:
            for panel in range(len(self.panels)):
                draw_band(self.scene, self.time_window, panel)

    def on_click(self, click: Click) -> None:
        """Alt+click shows that moment in the trace views; a click tells how many spikes a bin has."""
        if click.modifiers == {"alt"} and click.button == LEFT and click.panel is not None:
            time_s = float(np.clip(click.data_x, 0.0, self.host.data.duration_s))
            self.host.go_to_time(time_s, self.pick(click.x, click.y))
        else:
            super().on_click(click)

    # The range belongs to the recording: another one may be shorter, or have nothing there.

    def state(self) -> dict[str, Any]:
        """Return what is saved, with the recording that the range is of."""
        return super().state() | {"recording": self._recording()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over a saved state; the range only for the same recording."""
        if state.get("recording") != self._recording():
            settings = {k: v for k, v in state.get("settings", {}).items() if k not in _RANGE}
            state = {**state, "settings": settings}
        super().restore(state)

    def _recording(self) -> list[float]:
        return [float(self.host.data.duration_s), float(self.host.data.n_spikes)]
