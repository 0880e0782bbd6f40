"""Our own sorter with the common interface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from phy_medicine.base.params import changed, params_of
from phy_medicine.compute.job_kinds import load
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.sorters.interface import Log, Progress, Sorter
from phy_medicine.compute.sorters.recorded import as_recorded, gain_of
from phy_medicine.compute.sorting import job
from phy_medicine.compute.sorting.result import SortedChannels, Sorting
from phy_medicine.compute.sorting.settings import SortingSettings

_TABLE = {param.name: param for param in params_of(SortingSettings)}


class DeconvolutionSorter(Sorter):
    """The sorter by deconvolution; its parameters are those of `SortingSettings`.

    settings : to begin with, instead of the defaults; stages : keeps what each stage finds, None keeps nothing;
    motion : of the tissue, where it is known
    """

    name = "deconvolution"

    def __init__(
        self, *, settings: SortingSettings | None = None, stages: Any = None, motion: Motion | None = None,
        **params: Any,
    ) -> None:  # fmt: skip
        self._start = settings or SortingSettings()
        self._stages, self._motion = stages, motion
        super().__init__(**params)

    def default_params(self) -> Mapping[str, Any]:
        """Return the parameters with their defaults."""
        return {name: getattr(self._start, name) for name in _TABLE}

    def check_param(self, name: str, value: Any) -> Any:
        """Return a value in the type of a parameter."""
        return _TABLE[name].check(value)

    @property
    def settings(self) -> SortingSettings:
        """The parameters as settings."""
        return changed(self._start, **self.get_params())

    def _sort(self, recording: Any, channels: SortedChannels, progress: Progress, log: Log) -> Sorting:
        from phy_medicine.compute.localize.job import n_threads
        from phy_medicine.compute.sorting.stages import Stages

        settings = self.settings
        known = {} if self._motion is None else {"motion": self._motion}
        found: Sorting = load(job.SORT)(
            as_recorded(recording), channels, settings, gain_uv=gain_of(recording),
            stages=self._stages or Stages(None, settings), log=log, n_threads=n_threads(),
            progress=lambda stage, fraction: progress(*job.overall(stage, fraction)), **known,
        )  # fmt: skip
        return found
