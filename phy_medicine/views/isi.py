"""Intervals between successive spikes of each cluster, with the refractory period."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.params import setting
from phy_medicine.base.types import FloatArray
from phy_medicine.views.base import ViewAction
from phy_medicine.views.bin_walk import BinWalk
from phy_medicine.views.histogram import HistogramView
from phy_medicine.views.histogram_block import NORMALIZATIONS
from phy_medicine.views.histogram_controls import HistogramSettings
from phy_medicine.views.theme import DARK, Theme
from phy_medicine.views.violations import intervals_ms, middles_s, violations

if TYPE_CHECKING:
    from phy_medicine.session.view_host import ViewHost


@dataclass(frozen=True, slots=True)
class ISISettings(HistogramSettings):
    """What the view of intervals shows."""

    n_bins: int = setting(50, "Number of bins", minimum=2, maximum=20_000)
    x_max: float = setting(50.0, "End of the range", unit="ms")
    normalization: str = setting("density", "Height of the bars", choices=NORMALIZATIONS)
    log_min: float = setting(0.1, "Start of the logarithmic axis", unit="ms", minimum=0.001)
    log_max: float = setting(10_000.0, "End of the logarithmic axis", unit="ms", minimum=0.001)
    refractory_ms: float = setting(2.0, "Refractory period, marked by a line", unit="ms", minimum=0.0, maximum=100.0)


class ISIView(HistogramView):
    """Intervals between successive spikes, all of them; the label tells how many are below the refractory period."""

    name, title = "ISIView", "ISI"
    settings_type = ISISettings
    quantity, unit, noun, alias = "Interval", "ms", "intervals", "isi"

    def __init__(self, host: ViewHost, *, theme: Theme = DARK, settings: Any = None) -> None:
        super().__init__(host, theme=theme, settings=settings)
        # The cluster whose violations are looked at.
        self._violations: BinWalk[int] = BinWalk()

    def values_of(self, cluster_id: int) -> FloatArray:
        """Return the intervals of a cluster, ms, exact to the sample."""
        data = self.host.data
        return intervals_ms(data.spike_times[data.spikes(cluster_id)], data.sample_rate)

    def moments_of(self, cluster_id: int) -> FloatArray:
        """Return the middle of each interval, s."""
        return middles_s(self.host.data.spike_times[self.host.data.spikes(cluster_id)])

    def values_key(self) -> Hashable:
        """Return what the labels depend on."""
        return (self.settings.refractory_ms,)

    def notes_of(self, cluster_id: int, values: FloatArray) -> tuple[str, ...]:
        """Return the share of intervals below the refractory period, and how many there are."""
        if not len(values):
            return ("no intervals",)
        limit = self.settings.refractory_ms
        share = 100 * np.count_nonzero(values < limit) / len(values)
        return f"{share:.2f} % < {limit:g} ms", f"of {len(values):,}"

    def marks(self) -> tuple[float, ...]:
        """Return the refractory period."""
        return (self.settings.refractory_ms,)

    def _nothing(self, n_clusters: int) -> str:
        return "No intervals: a cluster of one spike has none."

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        limit = self.settings.refractory_ms
        return (
            *super().actions(),
            ViewAction("set_isi_refractory_period", "Set the refractory period (ms)", self._set_refractory,
                       snippet="isir", arguments=(float,), help=f"Marked by a line, now {limit:g} ms: :isir 2"),
            ViewAction("next_violation", "Next interval below the refractory period", self._next_violation,
                       help="Show the next pair of spikes of the first cluster that are too close, in the traces."),
            ViewAction("previous_violation", "Previous interval below the refractory period", self._previous_violation,
                       help="Show the pair before in the traces."),
        )  # fmt: skip

    def _set_refractory(self, refractory_ms: float) -> None:
        self.change(refractory_ms=refractory_ms)

    def _next_violation(self) -> None:
        self._go_on(1)

    def _previous_violation(self) -> None:
        self._go_on(-1)

    def _go_on(self, step: int) -> None:
        """Show one of the violations of the first cluster after the other.

        Raises
        ------
        ActionError : no cluster is selected, or it has no violation
        """
        if self.block is None:
            raise ActionError("Select a cluster first.")
        cluster_id, limit = self.cluster_ids[0], self.settings.refractory_ms
        short = violations(self.values_of(cluster_id), limit)
        if not len(short):
            raise ActionError(f"Cluster {cluster_id} has no interval below {limit:g} ms.")
        which = self._violations.step(cluster_id, len(short), step)
        self.status = f"{which + 1:,} of {cluster_id}: {len(short):,} intervals < {limit:g} ms"
        self.host.go_to_time(float(self.moments_of(cluster_id)[short[which]]), cluster_id)
        self.redraw()
