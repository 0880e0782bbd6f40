"""What detectors and sorters have in common, after scikit-learn: parameters, `fit`, `predict`, `fit_predict`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.sorters.recorded import channels_of
from phy_medicine.compute.sorting.result import SortedChannels, Sorting

Progress = Callable[[float, str], object]
Log = Callable[[str], object]


def no_progress(_fraction: float, _message: str) -> None:
    """Tell nobody."""


def no_log(_text: str) -> None:
    """Tell nobody."""


class Estimator(ABC):
    """An algorithm and its parameters; what it learned is in attributes whose names end with an underscore."""

    name = ""

    def __init__(self, **params: Any) -> None:
        self._params: dict[str, Any] = {}
        self._defaults = dict(self.default_params())
        self.set_params(**params)

    @abstractmethod
    def default_params(self) -> Mapping[str, Any]:
        """Return the parameters with their defaults."""

    def check_param(self, name: str, value: Any) -> Any:
        """Return a value in the type of a parameter; as it is, where nothing more is known of it."""
        return value

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return all parameters; `deep` is there for scikit-learn."""
        return {**self._defaults, **self._params}

    def set_params(self, **params: Any) -> Self:
        """Change parameters.

        Raises
        ------
        PhyMedError : there is no such parameter, or it cannot have this value; nothing changed
        """
        unknown = next((name for name in params if name not in self._defaults), None)
        if unknown is not None:
            known = ", ".join(self._defaults) or "none"
            raise PhyMedError(f"{self.name} has no parameter {unknown!r}; it has {known}.")
        self._params |= {name: self.check_param(name, value) for name, value in params.items()}
        return self

    def __repr__(self) -> str:
        changed = ", ".join(f"{name}={value!r}" for name, value in self._params.items())
        return f"{type(self).__name__}({changed})"

    def __sklearn_is_fitted__(self) -> bool:
        return any(name.endswith("_") and not name.startswith("_") for name in vars(self))

    def _learned(self, name: str) -> Any:
        if name not in vars(self):
            raise PhyMedError(f"{self.name} has seen no recording yet; call fit first.")
        return vars(self)[name]


class Detector(Estimator):
    """Finds spikes without asking of which neuron they are.

    After `predict`: `spike_times_` (n,) int64, samples, ascending; `channels_` (n,) int64, row of the channels, where
    each is largest; `amplitudes_` (n,) float32
    """

    spike_times_: IntArray
    channels_: IntArray
    amplitudes_: FloatArray

    @abstractmethod
    def fit(self, recording: Any, channels: Any = None) -> Self:
        """Learn what a recording is like.

        Parameters
        ----------
        recording : of SpikeInterface, or anything that `Recorded` describes
        channels : `SortedChannels` or a probe of probeinterface; None where the recording knows its probe

        Raises
        ------
        PhyMedError : no positions of the channels, or a recording that cannot be used
        """

    @abstractmethod
    def predict(self, recording: Any = None, *, progress: Progress = no_progress) -> IntArray:
        """Return the times of the spikes, (n,) int64, samples; of the recording of `fit` without another one."""

    def fit_predict(self, recording: Any, channels: Any = None) -> IntArray:
        """Learn from a recording and return the times of its spikes."""
        return self.fit(recording, channels).predict()


class Sorter(Estimator):
    """Finds the neurons of a recording.

    After `fit`: `sorting_`, a `Sorting` that `io.sorting_output` writes as a dataset; `spike_times_` (n,) int64,
    samples, ascending; `labels_` (n,) int32, unit of each spike; `templates_` (n_units, n_channels, n_samples)
    float32, whitened
    """

    sorting_: Sorting
    spike_times_: IntArray
    labels_: IntArray
    templates_: FloatArray

    @abstractmethod
    def _sort(self, recording: Any, channels: SortedChannels, progress: Progress, log: Log) -> Sorting: ...

    def fit(
        self, recording: Any, probe: Any = None, *, progress: Progress = no_progress, log: Log = no_log
    ) -> Self:  # fmt: skip
        """Sort a recording.

        Parameters
        ----------
        recording : of SpikeInterface, or anything that `Recorded` describes
        probe : of probeinterface, or `SortedChannels`; None where the recording knows its probe
        progress : called with the fraction done and what is going on; what it raises ends the work
        log : called with lines that are worth keeping

        Raises
        ------
        PhyMedError : the sorter is not installed, refuses the recording, or found nothing
        """
        found = self._sort(recording, channels_of(recording, probe), progress, log)
        self.sorting_ = found
        self.spike_times_, self.labels_ = np.asarray(found.spikes.times), np.asarray(found.spikes.units)
        self.templates_ = found.templates
        return self

    def fit_predict(
        self, recording: Any, probe: Any = None, *, progress: Progress = no_progress, log: Log = no_log
    ) -> Sorting:  # fmt: skip
        """Sort a recording and return what was found; see `fit`."""
        return self.fit(recording, probe, progress=progress, log=log).sorting_
