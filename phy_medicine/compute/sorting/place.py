"""Where a sort is computed: by compiled loops on the processor, or by torch on a graphics card. Chosen here alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from phy_medicine.compute.device import CPU, TORCH_CPU, resolve
from phy_medicine.compute.sorting.preprocess import FilteredChannels, SortingRecording
from phy_medicine.compute.sorting.stretches import KEPT_BYTES, Surroundings


@dataclass(frozen=True, slots=True)
class Place:
    """Makes what a sort reads from; everything after it works where the data are.

    device : of torch; "" for compiled loops; words : what the user is told about it
    """

    device: str = ""
    words: str = ""

    @classmethod
    def of(cls, name: str) -> Self:
        """Take a device by its name, as settings have it.

        Raises
        ------
        PhyMedError : no such device, or it is not there
        """
        found = resolve(name)
        if found.startswith("cuda") or name == TORCH_CPU:
            import torch  # noqa: F401  (the threads of what is not loaded yet cannot be limited)

            return cls(found, f"What takes most of the time is computed by torch on {found}.")
        # Apple's chips lack double precision, in which spikes are judged.
        return cls(words="" if found == CPU else f"Sorting does not use {found}; it is done on the processor.")

    def threads(self, n_threads: int) -> int:
        """Return in how many threads stretches are worked on: on a device as many as keep it busy."""
        return min(n_threads, 2) if self.device else n_threads

    def signal(self, channels: FilteredChannels) -> FilteredChannels:
        """Return channels, filtered there."""
        if not self.device:
            return channels
        from phy_medicine.compute.sorting.torch_preprocess import TorchChannels

        return TorchChannels.of_channels(channels, self.device)

    def source(
        self, recording: SortingRecording, margin: int, *, keeps: bool = True, folder: Path | None = None
    ) -> Surroundings:
        """Return the stretches of a recording, whose signal was made here.

        keeps : those that were read, for they are read again; folder : where the processor keeps them
        """
        n_samples = recording.n_samples
        if not self.device:
            kept = KEPT_BYTES if keeps else 0
            return Surroundings(recording.read, n_samples, margin, kept_bytes=kept, folder=folder)
        from phy_medicine.compute.sorting import torch_pass
        from phy_medicine.compute.sorting.torch_preprocess import TorchRecording

        tensor, kept = TorchRecording(recording).tensor, torch_pass.KEPT_BYTES if keeps else 0
        return torch_pass.TorchSurroundings(tensor, n_samples, margin, self.device, kept_bytes=kept)
