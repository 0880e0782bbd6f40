"""Which positions of spikes are in use, and whether depths are theirs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen
from phy_medicine.compute.localize.settings import MONOPOLAR
from phy_medicine.session.used_run import RunStore, StoreRun, UsedRun

KIND = "localization"
NONE_IN_USE = (
    "No positions of spikes are in use: compute them with Jobs > Positions of spikes or phy-med localize, or choose "
    "some with use_localization."
)
"""What to do where positions are needed and there are none."""
X, DEPTH, Z, ALPHA = QUANTITIES = ("x", "depth", "z", "alpha")
"""What is known of a spike; `ALPHA` stands for its common logarithm."""


@dataclass(frozen=True, slots=True, eq=False)
class Positions:
    """Where spikes come from, and how strong their sources are; NaN where not known.

    x_um, depth_um, z_um : (n_spikes,) float32, across the probe, along it, away from it
    alpha : (n_spikes,) float32, unit of the recording times µm
    z_um and alpha are None where the run has none.
    """

    x_um: FloatArray
    depth_um: FloatArray
    z_um: FloatArray | None = None
    alpha: FloatArray | None = None

    def of(self, spike_ids: IntArray) -> FloatArray:
        """Return x and depth of some spikes, (n, 2) float32."""
        return np.stack([self.x_um[spike_ids], self.depth_um[spike_ids]], axis=1)

    def has(self, quantity: str) -> bool:
        """Tell whether the run has one of `QUANTITIES`."""
        return self._column(quantity) is not None

    def values(self, quantity: str, spike_ids: IntArray | slice) -> FloatArray:
        """Return one of `QUANTITIES` of some spikes, (n,) float32: µm, or log10 of alpha; NaN where not known."""
        column = self._column(quantity)
        if column is None:
            return np.full(len(self.x_um[spike_ids]), np.nan, dtype=np.float32)
        return log_of(column[spike_ids]) if quantity == ALPHA else column[spike_ids]

    def _column(self, quantity: str) -> FloatArray | None:
        return {X: self.x_um, DEPTH: self.depth_um, Z: self.z_um, ALPHA: self.alpha}[quantity]


def log_of(alpha: FloatArray) -> FloatArray:
    """Return the common logarithm, NaN where there is none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        logarithm: FloatArray = np.where(alpha > 0, np.log10(alpha), np.nan).astype(np.float32)
    return logarithm


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
        self._named: tuple[str, Positions] | None = None

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
            raise ActionError(NONE_IN_USE)
        self.gives_depths = not self._gives_depths
        return self._gives_depths

    def others(self) -> tuple[StoreRun, ...]:
        """Return the runs of positions beside the one in use, newest first; reads no positions."""
        store, used = self._store(), self.run
        runs = () if store is None else store.runs(self.kind)
        return tuple(run for run in reversed(runs) if used is None or run.id != used.id)

    def usual_baseline(self) -> str:
        """Return the name of the run that others are compared with: the newest monopolar one, else the newest.

        Raises
        ------
        ActionError : there is no run beside the one in use
        """
        others = self.others()
        if not others:
            raise ActionError(
                "There are no other positions of spikes to compare with: compute some by another method, with the job "
                "localization or phy-med localize."
            )
        return next((run for run in others if run.params.get("method") == MONOPOLAR), others[0]).name

    def named(self, name: str) -> Positions:
        """Return the positions of a run by its name or id, which need not be in use; those asked for last are kept.

        Raises
        ------
        PhyMedError : there is no such run, or it cannot be read
        """
        store = self._store()
        runs = () if store is None else store.runs(self.kind)
        run = next((run for run in runs if name in (run.name, run.id)), None)
        if run is None:
            known = ", ".join(run.name for run in runs) or "none yet"
            raise PhyMedError(f"There are no positions {name!r} in the store; there are: {known}.")
        kept = self._named
        if kept is None or kept[0] != run.id:
            kept = self._named = run.id, self._load(run.id)[1]
        return kept[1]

    def _made(self, arrays: Mapping[str, AnyArray]) -> Positions:
        x, depth, z, alpha = (self._own(arrays.get(name)) for name in ("x_um", "depth_um", "z_um", "alpha"))
        if x is None or depth is None:
            raise PhyMedError("These positions are not complete: a run has x_um and depth_um at least.")
        return Positions(x, depth, z, alpha)

    def _own(self, column: AnyArray | None) -> FloatArray | None:
        if column is not None and column.shape != (self._n_spikes,):
            raise PhyMedError(f"These positions are not those of the {self._n_spikes:,} spikes of this dataset.")
        return None if column is None else frozen(np.asarray(column, dtype=np.float32))
