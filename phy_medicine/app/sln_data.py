"""The recording that the commands of networks are given: a dataset, or a folder of plain files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.app.job_command import JobOutcome, run_job, run_on_files
from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.localize.contacts import Contacts, nearest
from phy_medicine.compute.localize.network_job import KIND
from phy_medicine.compute.localize.settings import MONOPOLAR, LocalizeSettings
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.io.npz_file import read_npz
from phy_medicine.io.spike_folder import SpikeFolder, is_spike_folder, read_folder

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

Say = Callable[[str], object] | None


@dataclass(frozen=True, slots=True)
class Data:
    """Spikes and contacts of a recording, and what can be computed on them.

    samples : (n_spikes,) int; contacts : with their shanks
    folder : where ground_truth.npz may be
    session, files : one of them
    """

    samples: IntArray
    sample_rate: float
    contacts: Contacts
    folder: Path
    session: Session | None = None
    files: SpikeFolder | None = None

    @property
    def times_s(self) -> FloatArray:
        """(n_spikes,) float64."""
        return np.asarray(self.samples, np.float64) / self.sample_rate

    @property
    def anchors_um(self) -> FloatArray:
        """(n_channels, 2), mean of the contacts around each channel."""
        return nearest(self.contacts).anchors_um

    def localize(self, given: Mapping[str, Any], kept: Path | None, say: Say) -> JobOutcome:
        """Train or apply a network in a process of its own.

        Raises
        ------
        PhyMedError : a setting that cannot be, it failed, or Ctrl+C was pressed
        """
        if self.session is not None:
            return run_job(self.session, KIND, given, to_store=False, kept=kept, say=say)
        from phy_medicine.compute.localize.network_job_settings import NetworkJobSettings
        from phy_medicine.compute.localize.spike_source import write_folder

        assert self.files is not None
        settings = NetworkJobSettings.of(**{k: v for k, v in given.items() if k != "device"})
        with tempfile.TemporaryDirectory() as folder:
            described = write_folder(Path(folder) / "folder.json", self.files.folder, peak=self.files.peak)
            device = str(given.get("device", "auto"))
            return run_on_files(KIND, settings, {"folder": described}, device=device, kept=kept, say=say)

    def monopolar(self, say: Say = None, device: str = "auto") -> Mapping[str, AnyArray]:
        """Return the columns of the monopolar positions: those that are known, or else fitted now.

        device : where those of a dataset are fitted
        """
        if self.session is not None:
            runs = [r for r in self.session.store.runs("localization") if r.facts.get("method") == MONOPOLAR]
            if runs and runs[-1].shapes.get("depth_um") == self.samples.shape:
                return self.session.store.read(runs[-1].id)
            given = {"method": MONOPOLAR, "device": device}
            return run_job(self.session, "localization", given, to_store=False, say=say).arrays
        assert self.files is not None
        if self.files.monopolar is not None:
            values = zip(("x_um", "depth_um", "z_um", "alpha"), self.files.monopolar.T, strict=True)
            return {**dict(values), "peak_channels": self.files.channels}
        from phy_medicine.compute.localize.job import make_localizer
        from phy_medicine.compute.localize.localize import localize
        from phy_medicine.compute.localize.spike_source import of_folder

        settings = LocalizeSettings(method=MONOPOLAR)
        spikes = of_folder(self.files, settings)
        method, _ = make_localizer(settings, spikes.contacts, spikes.sample_rate)
        return localize(spikes.source, method, spikes.n_spikes).as_arrays()

    def motion_of(self, columns: Mapping[str, AnyArray], method: str, say: Say = None) -> Motion:
        """Estimate the motion of positions in a process of its own; method : as of `MotionSettings`."""
        from phy_medicine.compute.motion.settings import MotionSettings

        depths, alpha = np.asarray(columns["depth_um"], np.float64), np.asarray(columns["alpha"], np.float64)
        known = np.flatnonzero(np.isfinite(depths) & np.isfinite(alpha))
        known = known[np.argsort(self.samples[known], kind="stable")]
        amplitudes = alpha[known] / np.maximum(np.asarray(columns["z_um"])[known], 20.0)
        arrays = {"times_s": self.times_s[known], "depths_um": depths[known], "amplitudes": amplitudes}
        with tempfile.TemporaryDirectory() as folder:
            paths = {name: Path(folder) / f"{name}.npy" for name in arrays}
            for name, path in paths.items():
                np.save(path, arrays[name])
            outcome = run_on_files("motion", MotionSettings.of(method=method, device="cpu"), paths, say=say)
        return Motion.from_arrays(outcome.arrays)

    def truth(self) -> tuple[FloatArray | None, IntArray | None]:
        """Return where each spike really came from, (n_spikes, 3), and of which unit, where the folder says it.

        Raises
        ------
        PhyMedError : the file of the truth is of other spikes
        """
        path = self.folder / "ground_truth.npz"
        if not path.exists():
            return None, None
        truth = read_npz(path)
        if "spike_units" not in truth or "unit_positions_um" not in truth:
            return None, None
        try:
            units = np.asarray(truth["spike_units"], np.int64)
            um = np.asarray(truth["unit_positions_um"], np.float64)[units].copy()
            um[:, 1] += truth.get("spike_displacement_um", 0.0)
        except (ValueError, TypeError, IndexError):
            raise PhyMedError(f"{path} holds units and positions that do not fit each other.") from None
        if len(units) != len(self.samples):
            raise PhyMedError(f"{path} is of {len(units):,} spikes, the data have {len(self.samples):,}.")
        return um, units


@contextmanager
def open_data(path: Path, *, peak: int = 30) -> Iterator[Data]:
    """Open a dataset (params.py, FILE.kwik, or a folder with one params.py), or a folder of plain files.

    peak : sample of the spike in the waveforms of plain files

    Raises
    ------
    PhyMedError : it is neither
    """
    from phy_medicine.app.build import open_session
    from phy_medicine.compute.localize.job import shanks_of

    if is_spike_folder(path):
        files = read_folder(path, peak=peak)
        yield Data(files.samples, files.sample_rate, Contacts.of(files.contacts_um), path, files=files)
        return
    if path.is_dir():
        if not (path / "params.py").is_file():
            raise PhyMedError(f"{path} has neither params.py nor waveforms_all.npy; name a dataset.")
        path = path / "params.py"
    session = open_session(path, read_only=True, recover=None)
    try:
        model = session.model
        contacts = Contacts.of(model.channel_positions, shanks_of(model))
        samples = np.asarray(model.spike_samples)
        yield Data(samples, model.sample_rate, contacts, model.dir_path, session=session)
    finally:
        session.close()
