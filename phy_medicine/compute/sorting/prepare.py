"""All that comes before the first spike: channels to leave out, motion, noise."""

from __future__ import annotations

from collections.abc import Callable

from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.sorting.bad_channels import good_channels
from phy_medicine.compute.sorting.drift import motion_of
from phy_medicine.compute.sorting.preprocess import FilteredChannels, SortingRecording
from phy_medicine.compute.sorting.result import SortedChannels
from phy_medicine.compute.sorting.settings import DRIFT_NONE, SortingSettings


def prepare(
    signal: FilteredChannels,
    channels: SortedChannels,
    settings: SortingSettings,
    *,
    motion: Motion | None = None,
    progress: Callable[[float, str], object] = lambda fraction, message: None,
    cancelled: Callable[[], object] = lambda: False,
) -> SortingRecording:
    """Return a recording as the sorter takes it.

    Parameters
    ----------
    signal, channels : of the channels of the probe, good and bad
    motion : where it is known already; otherwise it is estimated, if the settings want it
    progress : called with the fraction done and a line of text
    cancelled : asked for each second of the recording; true, or raising, ends the work

    Raises
    ------
    PhyMedError : settings that do not fit the probe, values that are not finite, or no good channel
    Cancelled : `cancelled` returned true
    """
    progress(0.0, "Looking for bad channels")
    good = good_channels(signal.recording, channels, settings.bad_channels)
    if len(good.map) < len(channels.map):
        signal = FilteredChannels.of(signal.recording, good, settings, gain_uv=signal.gain_uv)
    if motion is None and settings.drift != DRIFT_NONE:
        motion = motion_of(signal, good, seed=settings.seed, progress=progress, cancelled=cancelled)
    progress(1.0, "Measuring the noise")
    return SortingRecording.of_signal(signal, good, settings, motion=motion)
