"""A way to compare clusters: by the shapes of their mean waveforms in the recording, whatever their size."""

from __future__ import annotations

import numpy as np

from phy_medicine.plugin import Plugin, Session, Similarity

N_SPIKES = 50
MAX_LAG = 5


class WaveformSimilarity(Plugin):
    """Adds the similarity `waveform`, to be chosen in the menu of the Similar table or with `:similarity waveform`."""

    def attach(self, session: Session) -> None:
        """Add the similarity; it is asked for one reference cluster after another, in the background."""
        data = session.data

        def similar(reference: int) -> list[tuple[int, float]]:
            channels = [int(channel) for channel in data.best_channels(reference)]
            near = [c for c in data.cluster_ids() if data.peak_channel(c) in channels]
            mean = {c: data.waveforms(c, channels, n=N_SPIKES).data.mean(axis=0) for c in (reference, *near)}
            pairs = [(c, cosine(mean[reference], mean[c])) for c in near if c != reference]
            return sorted(pairs, key=lambda pair: -pair[1])

        title = "mean waveforms"
        session.extensions.similarities.add(Similarity("waveform", similar, title, "Cosine at the best of a few lags."))


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Return the cosine of two waveforms, (n_samples, n_channels), at the best of a few shifts in time."""
    norm = np.linalg.norm(a) * np.linalg.norm(b)
    if norm == 0:
        return 0.0
    return float(max(np.vdot(a, np.roll(b, lag, axis=0)) for lag in range(-MAX_LAG, MAX_LAG + 1)) / norm)
