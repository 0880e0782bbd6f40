"""DREDge, through SpikeInterface, on plain arrays of peaks.

Source: Windolf et al. 2025, DREDge: robust motion correction for high-density extracellular recordings across species,
Nature Methods.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray
from phy_medicine.compute.device import resolve
from phy_medicine.compute.job_context import Cancelled
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.motion.peaks import Peaks

SAMPLE_RATE_HZ = 1000.0
"""Of the recording that SpikeInterface is shown: times to the millisecond are ample for bins of tenths of a second."""
CONTACT_UM, MOST_CONTACTS = 20.0, 1000
LONG_BINS = 4000
"""With more time bins the correlation of all pairs would take gigabytes: they are registered in chunks."""
CHUNK_BINS = 2000


def run_dredge(
    peaks: Peaks,
    *,
    bin_s: float = 1.0,
    rigid: bool = False,
    device: str = "auto",
    progress: Callable[[float, str], object] = lambda fraction, message: None,
    preview: Callable[[Motion], object] = lambda motion: None,
    cancelled: Callable[[], object] = lambda: False,
) -> Motion:
    """Estimate a motion with DREDge at SpikeInterface's settings for it.

    Returns
    -------
    The motion on DREDge's own grid: the middle of its time bins, and the middle of its windows over depth

    Raises
    ------
    PhyMedError : DREDge cannot use these peaks
    Cancelled : `cancelled` returned true; DREDge itself cannot be interrupted
    """
    from spikeinterface.sortingcomponents.motion import estimate_motion

    if cancelled():
        raise Cancelled
    progress(0.0, "DREDge")
    start = float(peaks.times_s.min())
    recording = _recording(peaks, start)
    table, locations = _as_spikeinterface(peaks, start)
    n_bins = recording.get_total_duration() / bin_s
    options: dict[str, Any] = {"bin_s": bin_s, "batching_mode": "full"}
    if n_bins > LONG_BINS:
        # Whole bins, whatever its name says.
        options |= {"batching_mode": "online", "chunk_len_s": CHUNK_BINS}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = estimate_motion(
                recording, table, locations, method="dredge_ap", direction="y", rigid=rigid, win_shape="gaussian",
                win_step_um=400.0, win_scale_um=400.0, device=resolve(device), progress_bar=False, **options,
            )  # fmt: skip
    except (ValueError, AssertionError, IndexError, RuntimeError, np.linalg.LinAlgError) as error:
        raise PhyMedError(f"DREDge cannot use these peaks: {str(error) or type(error).__name__}.") from error
    if cancelled():
        raise Cancelled
    progress(1.0, "DREDge is done")
    times = np.asarray(found.temporal_bins_s[0], np.float64) + start
    return Motion(np.asarray(found.displacement[0]), times, np.asarray(found.spatial_bins_um)).centred()


def _recording(peaks: Peaks, start_s: float) -> Any:
    """A recording as long as the peaks and a probe as tall; its samples are not looked at."""
    from probeinterface import Probe
    from spikeinterface.core import NumpyRecording

    low, high = float(peaks.depths_um.min()), float(peaks.depths_um.max())
    n_contacts = int(np.clip(np.ceil((high - low) / CONTACT_UM) + 1, 2, MOST_CONTACTS))
    n_samples = int(np.ceil((float(peaks.times_s.max()) - start_s) * SAMPLE_RATE_HZ)) + 2
    # One zero that is seen everywhere: no memory.
    traces = np.broadcast_to(np.float32(0), (n_samples, n_contacts))
    recording = NumpyRecording([traces], sampling_frequency=SAMPLE_RATE_HZ)
    probe = Probe(ndim=2, si_units="um")
    probe.set_contacts(np.column_stack([np.zeros(n_contacts), np.linspace(low, high, n_contacts)]))
    probe.set_device_channel_indices(np.arange(n_contacts))
    # Older versions return another recording, newer ones change this one.
    return recording.set_probe(probe) or recording


def _as_spikeinterface(peaks: Peaks, start_s: float) -> tuple[AnyArray, AnyArray]:
    """Peaks and their locations as SpikeInterface's structured arrays."""
    fields = [("sample_index", "i8"), ("channel_index", "i8"), ("amplitude", "f8"), ("segment_index", "i8")]
    table = np.zeros(peaks.n_peaks, fields)
    table["sample_index"] = (np.asarray(peaks.times_s, np.float64) - start_s) * SAMPLE_RATE_HZ
    table["amplitude"] = peaks.amplitudes
    locations = np.zeros(peaks.n_peaks, [("x", "f8"), ("y", "f8")])
    locations["y"] = peaks.depths_um
    order = np.argsort(table["sample_index"], kind="stable")
    return table[order], locations[order]
