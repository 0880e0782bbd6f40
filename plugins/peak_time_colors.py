"""A way to colour clusters: by the time when each fires most, so that those that drift away stand out."""

from __future__ import annotations

import numpy as np

from phy_medicine.plugin import ClusterColors, Plugin, Session

BIN_S = 10.0


class PeakTimeColors(Plugin):
    """Adds the colours `peak_time`, from blue at the start to red at the end; Shift+wheel goes to them."""

    def attach(self, session: Session) -> None:
        """Add the colour scheme."""
        data = session.data

        def peak_time(cluster_id: int) -> float | None:
            times_s = data.spike_times[data.spikes(cluster_id)]
            if not len(times_s):
                return None  # grey
            counts = np.bincount((times_s / BIN_S).astype(int))
            smooth = np.convolve(counts, [0.25, 0.5, 0.25], mode="same")
            return float(BIN_S * (np.argmax(smooth) + 0.5))

        session.extensions.color_schemes.add(ClusterColors("peak_time", peak_time, "rainbow"))
