"""Two columns of the cluster table: intervals too short for one neuron, and how much it fires in bursts."""

from __future__ import annotations

import numpy as np

from phy_medicine.plugin import Metric, Plugin, Session

REFRACTORY_S = 0.0015


class IsiMetrics(Plugin):
    """Adds the columns `isi_violations` and `burst_index`; try `:f isi_violations < 1` and `:s burst_index`."""

    def attach(self, session: Session) -> None:
        """Add both columns; each is computed in the background, cluster by cluster."""
        data = session.data

        def isi_violations(cluster_id: int) -> float | None:
            times_s = data.spike_times[data.spikes(cluster_id)]
            if len(times_s) < 2:
                return None  # an empty cell
            return float(100 * np.mean(np.diff(times_s) < REFRACTORY_S))

        def burst_index(cluster_id: int) -> float | None:
            # Source: Royer et al. 2012, Nat. Neurosci. 15:769; short lags of the autocorrelogram over long ones.
            counts = data.correlogram(cluster_id, cluster_id, bin_s=0.001, window_s=0.6)
            middle = len(counts) // 2
            short, long = counts[middle + 3 : middle + 6].mean(), counts[middle + 200 : middle + 300].mean()
            return float(short / long) if long > 0 else None

        metrics = session.extensions.metrics
        metrics.add(
            Metric("isi_violations", isi_violations, "ISI viol.", "%", "Intervals below 1.5 ms, of all intervals.")
        )
        metrics.add(
            Metric("burst_index", burst_index, "Burst", "", "Autocorrelogram at 3 to 5 ms over that at 200 to 300 ms.")
        )
