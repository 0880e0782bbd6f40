"""A sorter of SpikeInterface that takes a moment: every channel with peaks is a unit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from spikeinterface.core import NumpySorting, load
from spikeinterface.sorters import BaseSorter, sorterlist

from phy_medicine.compute.sorters.detectors import ThresholdDetector


class ToySorter(BaseSorter):
    """Its units are the channels on which there are `least` peaks."""

    sorter_name = "toy"
    _default_params = {"least": 20, "fail": ""}  # noqa: RUF012
    _params_description = {"least": "Peaks of a unit", "fail": "What to raise"}  # noqa: RUF012

    @classmethod
    def is_installed(cls):
        return True

    @classmethod
    def get_sorter_version(cls):
        return "1"

    @classmethod
    def _check_apply_filter_in_params(cls, params):
        return False

    @classmethod
    def _setup_recording(cls, recording, output_folder, params, verbose):
        pass

    @classmethod
    def _run_from_folder(cls, output_folder, params, verbose):
        if params["fail"]:
            raise ValueError(params["fail"])
        recording = cls.load_recording_from_folder(output_folder.parent)
        detector = ThresholdDetector(detect_threshold=6.0).fit(recording)
        times, channels = detector.predict(), detector.channels_
        many = np.flatnonzero(np.bincount(channels) >= params["least"])
        kept = np.isin(channels, many)
        sorting = NumpySorting.from_samples_and_labels(
            [times[kept]], [channels[kept]], recording.get_sampling_frequency()
        )
        sorting.set_property("KSLabel", np.array(["good"] * len(sorting.unit_ids)))
        sorting.save(folder=output_folder / "sorting")

    @classmethod
    def _get_result_from_folder(cls, output_folder):
        return load(output_folder / "sorting")


@contextmanager
def toy_sorter() -> Iterator[None]:
    """Let SpikeInterface know the sorter."""
    sorterlist.sorter_full_list.append(ToySorter)
    sorterlist.sorter_dict["toy"] = ToySorter
    yield
    sorterlist.sorter_full_list.remove(ToySorter)
    del sorterlist.sorter_dict["toy"]
