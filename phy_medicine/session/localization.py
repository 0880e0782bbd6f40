"""Which positions of spikes are in use, and whether depths are theirs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen
from phy_medicine.session.used_run import RunStore, UsedRun

KIND = "localization"


@dataclass(frozen=True, slots=True, eq=False)
class Positions:
    """Where spikes come from: x_um across the probe, depth_um along it; (n_spikes,) float32, NaN where not known."""

    x_um: FloatArray
    depth_um: FloatArray

    def of(self, spike_ids: IntArray) -> FloatArray:
        """Return x and depth of some spikes, (n, 2) float32."""
        return np.stack([self.x_um[spike_ids], self.depth_um[spike_ids]], axis=1)


class LocalizationState(UsedRun[Positions]):
    """The positions of spikes of one session: the run in use, and whether depths are taken from it.

    `changed` tells "run" or "depths".
    """

    kind, words = KIND, "localization"

    def __init__(
        self,
        store: Callable[[], RunStore | None],
        n_spikes: int,
        state_file: Path | None = None,
        *,
        writable: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(store, state_file, writable=writable)
        self._n_spikes = n_spikes
        self._gives_depths = True

    @property
    def gives_depths(self) -> bool:
        """Whether the depths of spikes are the localized ones while a run is in use."""
        return self._gives_depths

    @gives_depths.setter
    def gives_depths(self, on: bool) -> None:
        if bool(on) != self._gives_depths:
            self._gives_depths = bool(on)
            self.changed.emit("depths")

    @property
    def for_depths(self) -> Positions | None:
        """The positions that depths are taken from; the remembered run is read now if it was not before."""
        return self.current if self._gives_depths else None

    @property
    def known_for_depths(self) -> Positions | None:
        """The positions that depths are taken from as far as they were read; never reads a file."""
        return self.known if self._gives_depths else None

    def toggle(self) -> bool:
        """Take depths from the localization, or from the sorter; return whether they are localized now.

        Raises
        ------
        ActionError : no localization is in use
        """
        if self.current is None:
            raise ActionError(
                "No positions of spikes are in use: compute them with the job localization or phy-med localize, or "
                "choose some with use_localization."
            )
        self.gives_depths = not self._gives_depths
        return self._gives_depths

    def _made(self, arrays: Mapping[str, AnyArray]) -> Positions:
        columns = [arrays.get(name) for name in ("x_um", "depth_um")]
        if any(column is None or column.shape != (self._n_spikes,) for column in columns):
            raise PhyMedError(f"These positions are not those of the {self._n_spikes:,} spikes of this dataset.")
        x, depth = (np.asarray(column, dtype=np.float32) for column in columns)
        return Positions(frozen(x), frozen(depth))
