"""What never changes of a dataset: its size, its channels, what there is."""

from __future__ import annotations

from functools import cached_property

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.io.contacts import Contacts, read_contacts
from phy_medicine.io.model import Model


class Recording:
    """Facts of a dataset; safe to ask in any thread.

    model : the dataset
    """

    def __init__(self, model: Model) -> None:
        self.model = model

    @property
    def n_spikes(self) -> int:
        """Spikes in the dataset."""
        return self.model.n_spikes

    @property
    def n_channels(self) -> int:
        """Displayed channels."""
        return self.model.n_channels

    @property
    def sample_rate(self) -> float:
        """Samples per second."""
        return self.model.sample_rate

    @property
    def duration_s(self) -> float:
        """Length of the recording, or the time of the last spike without raw data."""
        return self.model.duration_s

    @property
    def spike_times(self) -> FloatArray:
        """(n_spikes,) float64, s, ascending."""
        return self.model.spike_times

    @property
    def channel_positions(self) -> FloatArray:
        """(n_channels, 2) float64, x and y in µm."""
        return self.model.channel_positions

    @property
    def channel_shanks(self) -> IntArray:
        """(n_channels,) int32."""
        return self.model.channel_shanks

    @property
    def channel_labels(self) -> tuple[str, ...]:
        """What people call each channel."""
        return self.model.channel_labels

    @cached_property
    def contacts(self) -> Contacts | None:
        """Shapes of the contacts, None where they are not known."""
        return read_contacts(self.model.probe_path, self.model.channel_positions)

    @property
    def has_features(self) -> bool:
        """Whether PC features exist."""
        return self.model.features is not None

    @property
    def has_amplitudes(self) -> bool:
        """Whether every spike has an amplitude."""
        return self.model.amplitudes is not None

    @property
    def has_waveforms(self) -> bool:
        """Whether waveforms of single spikes exist."""
        return self.model.traces is not None or self.model.waveform_subset is not None
