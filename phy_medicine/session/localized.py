"""Positions and motions that a session's store holds, in the form that pictures take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray
from phy_medicine.compute.localize.contacts import Contacts, nearest
from phy_medicine.compute.localize.job import shanks_of
from phy_medicine.compute.localize.located import Located
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.session.localization import KIND
from phy_medicine.session.motion import KIND as MOTION

if TYPE_CHECKING:
    from phy_medicine.io.store_runs import Run
    from phy_medicine.session.session import Session


def make_located(session: Session, name: str, columns: Mapping[str, AnyArray], motion: Motion | None) -> Located:
    """Return the spikes that a result has positions of."""
    model = session.model
    contacts = Contacts.of(model.channel_positions, shanks_of(model))
    anchors = nearest(contacts).anchors_um
    times = np.asarray(model.spike_samples, np.float64) / model.sample_rate
    return Located.of(name, times, columns, anchors, model.channel_positions, motion=motion)


def known_motions(session: Session) -> dict[str, Motion]:
    """Return the motions of the store by their names, the one that is in use first."""
    used = session.motion.run
    runs = sorted(session.store.runs(MOTION), key=lambda run: used is None or run.id != used.id)
    return {run.name: Motion.from_arrays(session.store.read(run.id)) for run in runs}


def latest_by(session: Session, method: str, motion: Motion | None) -> Located | None:
    """Return the latest positions by a method, None where there are none for these spikes."""
    runs = [run for run in session.store.runs(KIND) if run.facts.get("method") == method]
    if not runs:
        return None
    columns = session.store.read(runs[-1].id)
    return make_located(session, method, columns, motion) if _fits(session, columns) else None


def localization_run(session: Session, name: str = "") -> tuple[Run, Mapping[str, AnyArray]]:
    """Return a run of positions and its columns.

    Parameters
    ----------
    name : its id or name, "" for the latest

    Raises
    ------
    PhyMedError : there is none, or it has other spikes
    """
    runs = [run for run in session.store.runs(KIND) if name in ("", run.id, run.name)]
    if not runs:
        known = ", ".join(run.name for run in session.store.runs(KIND))
        raise PhyMedError(
            f"No positions are called {name!r}; there are: {known}." if known
            else "No positions of spikes are known yet; find them first with phy-med localize."
        )  # fmt: skip
    columns = session.store.read(runs[-1].id)
    if not _fits(session, columns):
        raise PhyMedError(f"{runs[-1].name!r} has positions of other spikes; localize again.")
    return runs[-1], columns


def _fits(session: Session, columns: Mapping[str, AnyArray]) -> bool:
    return len(columns["depth_um"]) == len(session.model.spike_samples)
