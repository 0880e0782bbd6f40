"""Our sorter inside SpikeInterface: importing this module makes `run_sorter("phy_medicine", recording)` work.

`run_phy_medicine(recording)` sorts without a folder, also recordings that are in memory only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from spikeinterface.core import NumpySorting, concatenate_recordings, load, split_sorting
from spikeinterface.sorters import BaseSorter, sorterlist

import phy_medicine
from phy_medicine.base.params import params_of
from phy_medicine.compute.sorters.deconvolution import DeconvolutionSorter
from phy_medicine.compute.sorting.result import Sorting
from phy_medicine.compute.sorting.settings import SortingSettings

__all__ = ["PhyMedicineSorter", "run_phy_medicine"]

NAME = "phy_medicine"
_SORTING = "sorting"
_PARAMS = params_of(SortingSettings)


def run_phy_medicine(recording: Any, *, verbose: bool = False, **settings: Any) -> Any:
    """Sort a recording of SpikeInterface with one segment or several, and with a probe.

    Parameters
    ----------
    verbose : print what the sorter says
    settings : of `SortingSettings`

    Returns
    -------
    A sorting of SpikeInterface, with the segments of the recording; its properties are the columns that phy-medicine
    has for units: label, reason, depth_um, snr, contamination and others

    Raises
    ------
    PhyMedError : no probe, a setting that cannot be, or a recording that cannot be sorted
    """
    many = recording.get_num_segments() > 1
    whole = concatenate_recordings([recording]) if many else recording
    sorter = DeconvolutionSorter(**settings)
    found = sorter.fit_predict(whole, log=print if verbose else lambda _line: None)
    sorting = _sorting_of(found, whole)
    return split_sorting(sorting, [recording]) if many else sorting


def _sorting_of(found: Sorting, recording: Any) -> Any:
    spikes = found.spikes
    inside = (spikes.times >= 0) & (spikes.times < found.n_samples)
    sorting = NumpySorting.from_samples_and_labels(
        [np.asarray(spikes.times)[inside]], [np.asarray(spikes.units)[inside]], found.sample_rate,
        unit_ids=np.arange(len(found.templates)),
    )  # fmt: skip
    for name, values in found.units.items():
        sorting.set_property(name, np.asarray(values))
    peaks = np.abs(found.templates).max(axis=2).argmax(axis=1)
    sorting.set_property("channel", np.asarray(recording.channel_ids)[found.channels.map[peaks]])
    return sorting


class PhyMedicineSorter(BaseSorter):  # type: ignore[misc]
    """The sorter by deconvolution as SpikeInterface runs its sorters, from a folder."""

    sorter_name = NAME
    requires_locations = True
    gpu_capability = "nvidia-optional"
    handle_multi_segment = True
    compatible_with_parallel: ClassVar[dict[str, bool]] = {"loky": True, "multiprocessing": True, "threading": True}
    sorter_description = "phy-medicine: all units pursued at once, overlaps resolved, templates that follow the tissue."
    installation_mesg = "pip install phy-medicine"
    _default_params: ClassVar[dict[str, Any]] = {param.name: param.default for param in _PARAMS}
    _params_description: ClassVar[dict[str, str]] = {param.name: param.help for param in _PARAMS}

    @classmethod
    def is_installed(cls) -> bool:
        """Return that it is."""
        return True

    @classmethod
    def get_sorter_version(cls) -> str:
        """Return the version of the program."""
        return str(phy_medicine.__version__)

    @classmethod
    def _check_apply_filter_in_params(cls, params: dict[str, Any]) -> bool:
        return bool(params["band_pass"])

    @classmethod
    def _check_params(cls, recording: Any, output_folder: Path, params: dict[str, Any]) -> dict[str, Any]:
        return DeconvolutionSorter(**params).get_params()

    @classmethod
    def _setup_recording(cls, recording: Any, output_folder: Path, params: dict[str, Any], verbose: bool) -> None:
        """Do nothing: the recording is read where it is."""

    @classmethod
    def _run_from_folder(cls, output_folder: Path, params: dict[str, Any], verbose: bool) -> None:
        recording = cls.load_recording_from_folder(output_folder.parent, with_warnings=False)
        sorting = run_phy_medicine(recording, verbose=verbose, **params)
        sorting.save(folder=output_folder / _SORTING, overwrite=True)

    @classmethod
    def _get_result_from_folder(cls, output_folder: Path) -> Any:
        return load(output_folder / _SORTING)


if NAME not in sorterlist.sorter_dict:
    sorterlist.sorter_full_list.append(PhyMedicineSorter)
    sorterlist.sorter_dict[NAME] = PhyMedicineSorter
