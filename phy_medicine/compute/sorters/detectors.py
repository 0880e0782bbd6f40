"""Detectors with the common interface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from phy_medicine.base.params import params_of
from phy_medicine.base.types import IntArray
from phy_medicine.compute.detection import PeakDetector, recording_noise, search
from phy_medicine.compute.filtered_recording import FilteredRecording
from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.motion.detect import DetectSettings
from phy_medicine.compute.peak_settings import FEW_CHANNELS
from phy_medicine.compute.signal_filters import SignalFilter
from phy_medicine.compute.sorters.interface import Detector, Progress, no_progress
from phy_medicine.compute.sorters.recorded import SomeColumns, as_recorded, channels_of

_TABLE = {param.name: param for param in params_of(DetectSettings) if param.name != "localization"}


class ThresholdDetector(Detector):
    """Samples beyond so many times the noise of their channel that none near them, in time and on the probe, exceeds.

    Its parameters are those of `DetectSettings`. After `fit`: `noise_` (n_channels,) float32.
    """

    name = "threshold"

    def default_params(self) -> Mapping[str, Any]:
        """Return the parameters with their defaults."""
        return {name: param.default for name, param in _TABLE.items()}

    def check_param(self, name: str, value: Any) -> Any:
        """Return a value in the type of a parameter."""
        return _TABLE[name].check(value)

    def fit(self, recording: Any, channels: Any = None) -> Self:
        """Measure the noise of a recording; see `Detector.fit`."""
        self._channels = channels_of(recording, channels)
        self._recording = recording
        self.noise_ = recording_noise(self._filtered(recording))
        return self

    def predict(self, recording: Any = None, *, progress: Progress = no_progress) -> IntArray:
        """Return the times of the spikes, (n,) int64, samples; of the recording of `fit` without another one."""
        noise = self._learned("noise_")
        recorded = as_recorded(self._recording if recording is None else recording)
        found = []
        for piece in search(self._filtered(recorded), self._detector(noise, recorded.sample_rate)):
            progress(piece.stop / recorded.n_samples, "Detecting spikes")
            found.append(piece.peaks)
        self.spike_times_ = np.concatenate([p.samples for p in found])
        self.channels_ = np.concatenate([p.channel_ids for p in found])
        self.amplitudes_ = np.concatenate([p.amplitudes for p in found])
        return self.spike_times_

    def _filtered(self, recording: Any) -> FilteredRecording:
        params = self.get_params()
        columns = SomeColumns(as_recorded(recording), self._channels.map)
        few = columns.n_channels <= FEW_CHANNELS
        chosen = SignalFilter("detection", "", "", params["low_cut_hz"], params["high_cut_hz"], not few)
        return FilteredRecording(columns, chosen)

    def _detector(self, noise: Any, sample_rate: float) -> PeakDetector:
        params = self.get_params()
        return PeakDetector.of(
            Contacts.of(self._channels.positions, self._channels.shanks), noise,
            threshold=params["detect_threshold"], radius_um=params["detect_radius_um"], sign=params["detect_sign"],
            exclude_samples=int(params["detect_window_ms"] * sample_rate / 1000),
        )  # fmt: skip
