"""What the sorter reads, filtered and made white on a device of torch; imports torch only when it reads.

The steps are those of `preprocess`. The recursive filter is a product of spectra here, forwards, then backwards, each
time with so many zeros after the end that the two ends do not meet.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.sorting.preprocess import FilteredChannels, SortingRecording

if TYPE_CHECKING:
    from torch import Tensor

_FORGOTTEN = 3
"""Times the margin of the filter, of which each leaves 1 part in 60,000."""


@dataclass(frozen=True, slots=True)
class TorchChannels(FilteredChannels):
    """The channels to sort, filtered on a device. Safe in any thread."""

    device: str = "cpu"
    _responses: dict[int, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of_channels(cls, channels: FilteredChannels, device: str) -> Self:
        """Filter the same channels in the same way on a device."""
        return cls(*(getattr(channels, f.name) for f in fields(FilteredChannels)), device=device)

    def read(self, start: int, stop: int) -> FloatArray:
        """Return samples start to stop, which must lie in the recording, (stop - start, N) float32, µV.

        Raises
        ------
        PhyMedError : values that are not finite
        """
        signal: FloatArray = self.tensor(start, stop).T.contiguous().cpu().numpy()
        return signal

    def tensor(self, start: int, stop: int) -> Tensor:
        """Return what `read` does, as (N, stop - start) on the device."""
        if self.gate is None:
            return self._on_device(start, stop)
        begin = max(start - self.gate.reach, 0)
        signal = self._on_device(begin, min(stop + self.gate.reach, self.n_samples))
        self._gated(signal, begin)
        return signal[:, start - begin : stop - begin].contiguous()

    def _on_device(self, start: int, stop: int) -> Tensor:
        """The channels after the filter and without their common median, (N, stop - start)."""
        from phy_medicine.compute.sorting.torch_rows import median, put

        raw, begin = self.raw(start, stop)
        signal = put(_as_torch_has_it(raw), self.device).T.float()
        offsets = self.offsets(raw)
        if offsets is not None:
            signal = signal - put(offsets, self.device)[:, None]
        signal = self._both_ways(signal.contiguous())[:, start - begin : stop - begin] * self.gain_uv
        for shank in self.shanks:
            rows = put(shank, self.device)
            signal[rows] -= median(signal[rows].T.contiguous())
        return signal

    def _both_ways(self, signal: Tensor) -> Tensor:
        """Filter (N, T) forwards and backwards, at rest at either end."""
        import torch
        from scipy.fft import next_fast_len

        sections = self.filter.sections(self.sample_rate)
        if sections is None:
            return signal
        n = signal.shape[1]
        size = next_fast_len(n + _FORGOTTEN * self.filter.margin(self.sample_rate), real=True)
        response = self._responses.get(size)
        if response is None:
            response = torch.as_tensor(frequency_response(sections, size)).to(torch.complex64).to(self.device)
            self._responses[size] = response
        for _ in range(2):
            signal = torch.fft.irfft(torch.fft.rfft(signal, size) * response, size)[:, :n].flip(1)
        return signal

    def _gated(self, signal: Tensor, begin: int) -> None:
        """Set artifacts to 0, in place."""
        from phy_medicine.compute.sorting.torch_rows import put

        assert self.gate is not None
        beyond = (signal.abs() > put(self.gate.limits, self.device)[:, None]).sum(dim=0)
        rows = (beyond > self.n_channels // 2).nonzero()[:, 0].cpu().numpy()
        near, gain = self.gate.weights(rows, signal.shape[1], begin)
        if near.size:
            signal[:, put(near, self.device)] *= put(gain, self.device)


@dataclass(frozen=True, slots=True)
class TorchRecording:
    """A recording as the sorter takes it, on a device; its signal is of `TorchChannels`."""

    recording: SortingRecording
    _still: list[Any] = field(default_factory=list, init=False, repr=False, compare=False)

    def tensor(self, start: int, stop: int) -> Tensor:
        """Return what `SortingRecording.read` does, (N, stop - start) float32, on the device."""
        import torch

        from phy_medicine.compute.sorting.torch_rows import put

        signal, recording = self.recording.signal, self.recording
        assert isinstance(signal, TorchChannels)
        data = signal.tensor(start, stop)
        if recording.moves is None:
            if not self._still:
                self._still.append(put(recording.still.dense(), signal.device))
            still: Tensor = self._still[0] @ data
            return still
        parts = [
            put(recording.moves.product(recording.whitening.matrix, number).dense(), signal.device)
            @ data[:, first:last]
            for number, first, last in recording.moves.bins(start, stop)
        ]
        return torch.cat(parts, dim=1)


def frequency_response(sections: FloatArray, size: int) -> FloatArray:
    """Return the response of second-order sections (n, 6) at the frequencies of a real transform of a length."""
    back = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    out = np.ones(len(back), np.complex128)
    for b0, b1, b2, _, a1, a2 in sections.tolist():
        out *= (b0 + back * (b1 + back * b2)) / (1 + back * (a1 + back * a2))
    return out


def _as_torch_has_it(raw: AnyArray) -> AnyArray:
    """The numbers as they are, where torch has their type everywhere, else in single precision."""
    known = raw.dtype.isnative and raw.dtype.str[1:] in ("i1", "i2", "u1", "f4")
    return raw if known else raw.astype(np.float32)
