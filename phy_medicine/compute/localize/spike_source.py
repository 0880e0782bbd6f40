"""The spikes that a network is trained on and applied to: those of a dataset, or of a folder of plain files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.json_text import parse_json
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.localize.contacts import Contacts, nearest
from phy_medicine.compute.localize.job import shanks_of, signal_source
from phy_medicine.compute.localize.localize import Following
from phy_medicine.compute.localize.localizers import Positions, Window
from phy_medicine.compute.localize.settings import LocalizeSettings
from phy_medicine.compute.localize.sources import Block, Source
from phy_medicine.compute.localize.spikes import StoredSpikes
from phy_medicine.io.dataset_file import open_dataset
from phy_medicine.io.spike_folder import SpikeFolder, read_folder

if TYPE_CHECKING:
    from phy_medicine.compute.localize.examples import Examples

IN_MEMORY_BYTES = 512 << 20
"""Waveforms that need more are kept in a file while the network learns."""
_SPARE_BYTES = 256 << 20
_BLOCK_SPIKES = 2048


@dataclass(frozen=True, slots=True)
class SpikeSource:
    """Spikes and the signal around them.

    samples : (n_spikes,) int, when each is, in samples
    n_known : spikes whose signal is known
    window : in which amplitudes are taken
    following : None where peak channels stay as they are
    given : monopolar positions that are known already, of all spikes
    """

    source: Source
    contacts: Contacts
    samples: IntArray
    sample_rate: float
    n_known: int
    window: Window
    following: Following | None
    given: Positions | None = None

    @property
    def n_spikes(self) -> int:
        """Number of spikes."""
        return len(self.samples)

    def examples(self, settings: LocalizeSettings, folder: Path, progress: Callable[[int, int], object]) -> Examples:
        """Take the waveforms and monopolar positions; many waveforms are kept in a file of the folder.

        Raises
        ------
        PhyMedError : no space for them
        """
        from phy_medicine.compute.localize.examples import AFTER, BEFORE, N_NEAREST, collect, worth_learning

        n_bytes = 2 * N_NEAREST * (BEFORE + AFTER) * self.n_spikes
        large = n_bytes > IN_MEMORY_BYTES
        if large and shutil.disk_usage(folder).free < n_bytes + _SPARE_BYTES:
            raise PhyMedError(
                f"The waveforms need {n_bytes / 1e9:.1f} GB beside the dataset; free space and try again."
            )
        found, spike_ids = collect(
            self.source, self.samples, self.contacts, settings, sample_rate=self.sample_rate,
            folder=folder if large else None, progress=lambda n_done: progress(n_done, self.n_known),
        )  # fmt: skip
        if self.given is None:
            return found
        fit = Positions(self.given.um[spike_ids], self.given.alpha[spike_ids], self.given.converged[spike_ids])
        return replace(found, monopolar=fit, learn=worth_learning(fit))


def open_spikes(inputs: Mapping[str, AnyArray | Path], settings: LocalizeSettings) -> SpikeSource:
    """Open what a job was given: "folder", or "dataset", "spike_samples" and "peak_channels".

    Raises
    ------
    PhyMedError : it cannot be opened, or has no signal
    """
    described = inputs.get("folder")
    if isinstance(described, Path):
        return of_folder(_described_folder(described), settings)
    described = inputs["dataset"]
    assert isinstance(described, Path)
    model = open_dataset(described)
    samples, channels = (np.asarray(inputs[name]) for name in ("spike_samples", "peak_channels"))
    contacts = Contacts.of(model.channel_positions, shanks_of(model))
    window = Window.of(settings.before_ms, settings.after_ms, model.sample_rate)
    source, n_known = signal_source(model, samples, channels, settings, _reach(window))
    following = Following(nearest(contacts), window) if settings.follow else None
    return SpikeSource(source, contacts, samples, model.sample_rate, n_known, window, following)


def _reach(window: Window) -> int:
    from phy_medicine.compute.localize.examples import AFTER, BEFORE

    return max(window.before, window.after, BEFORE, AFTER) + 1


def write_folder(path: Path, folder: Path, *, peak: int) -> Path:
    """Write which folder of plain files this is, for a job; peak : sample of the spike in its waveform."""
    path.write_text(json.dumps({"folder": str(folder.absolute()), "peak": peak}), "utf-8")
    return path


def _described_folder(path: Path) -> SpikeFolder:
    content = parse_json(path.read_text("utf-8"))
    return read_folder(Path(content["folder"]), peak=int(content["peak"]))


def of_folder(files: SpikeFolder, settings: LocalizeSettings) -> SpikeSource:
    """Return the spikes of plain files; their peak channels stay, and monopolar positions in the folder are used.

    Raises
    ------
    PhyMedError : the waveforms are of other contacts than the ten nearest to each spike's channel
    """
    contacts = Contacts.of(files.contacts_um)
    table = nearest(contacts)
    if table.n_slots != files.waveforms.shape[1]:
        raise PhyMedError(f"{files.folder} has {contacts.n_channels} contacts, too few for waveforms of ten.")
    if files.anchors_um is not None:
        away = np.abs(table.anchors_um[files.channels] - files.anchors_um).max(axis=1)
        n_other = int((away > 1.0).sum())
        if n_other:
            raise PhyMedError(
                f"{files.folder / 'spike_anchors.npy'}: the anchors of {n_other:,} spikes are not the means of the ten "
                "contacts nearest to their channels, so that their waveforms are of other contacts."
            )
    window = Window.of(settings.before_ms, settings.after_ms, files.sample_rate)
    given = None
    if files.monopolar is not None:
        um, alpha = files.monopolar[:, :3], files.monopolar[:, 3]
        given = Positions(um, alpha, np.isfinite(files.monopolar).all(axis=1))
    source = FolderSource(files.waveforms, files.channels, table.channel_ids, files.sample_rate, files.peak)
    return SpikeSource(source, contacts, files.samples, files.sample_rate, files.n_spikes, window, None, given)


@dataclass(frozen=True, slots=True)
class FolderSource:
    """Spikes whose waveforms on the ten nearest contacts are in a file.

    waveforms : (n_spikes, 10, n_samples), by depth, then by x
    channel_ids : (n_spikes,) int; table : (n_channels, 10), the contacts of each channel
    peak : sample of the spike
    """

    waveforms: AnyArray
    channel_ids: IntArray
    table: IntArray
    sample_rate: float
    peak: int

    def blocks(self) -> Iterator[Block]:
        """Return the spikes in the order of the file."""
        for start in range(0, len(self.channel_ids), _BLOCK_SPIKES):
            ids = np.arange(start, min(start + _BLOCK_SPIKES, len(self.channel_ids)))
            yield Block(ids, lambda ids=ids: self._load(ids))  # type: ignore[misc]

    def _load(self, ids: IntArray) -> StoredSpikes:
        waveforms: FloatArray = np.ascontiguousarray(
            np.asarray(self.waveforms[ids[0] : ids[-1] + 1], np.float32).transpose(0, 2, 1)
        )
        channels = np.ascontiguousarray(self.channel_ids[ids], np.int64)
        return StoredSpikes(waveforms, self.table[channels], channels, self.sample_rate, self.peak)
