"""A filter of the signal: takes the hum of the mains and its overtones out, and leaves everything else."""

from __future__ import annotations

import numpy as np

from phy_medicine.plugin import Plugin, Session, TraceFilter

MAINS_HZ = 50.0  # 60 in the Americas
OVERTONES = 5
WIDTH_HZ = 4.0


class MainsNotch(Plugin):
    """Adds the filter `mains notch` to the trace views; Alt+R switches between it and the raw signal."""

    def attach(self, session: Session) -> None:
        """Add the filter; a name of the program's own, "high-pass", would take the place of that one."""
        words = f"without {MAINS_HZ:g} Hz and {OVERTONES - 1} overtones"
        # A notch of 4 Hz rings for 0.1 s; with twice that on both sides the stretch shown has no edges.
        session.extensions.filters.add(TraceFilter("mains notch", without_mains, words, margin_s=0.3))


def without_mains(data: np.ndarray, sample_rate: float) -> np.ndarray:
    """Filter (n_samples, n_channels) forwards and backwards, so that nothing moves in time."""
    from scipy.signal import filtfilt, iirnotch

    for frequency in MAINS_HZ * np.arange(1, OVERTONES + 1):
        b, a = iirnotch(frequency, frequency / WIDTH_HZ, sample_rate)
        data = filtfilt(b, a, data, axis=0, padtype=None)
    return data
