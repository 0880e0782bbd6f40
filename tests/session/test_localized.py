"""Positions and motions of a store as figures and pages take them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.session.localized import known_motions, latest_by, localization_run
from phy_medicine.session.session import Session


class FakeStore:
    """Runs by name, the oldest first; "motion" begins the names of motions, methods those of positions."""

    def __init__(self, **runs: dict[str, np.ndarray]) -> None:
        self.arrays = runs

    def runs(self, kind=None):
        found = (
            SimpleNamespace(id=name, name=name, kind=kind, facts={"method": name.partition("_")[0]})
            for name in self.arrays
            if name.startswith("motion") == (kind == "motion")
        )
        return tuple(found)

    def read(self, run_id):
        return self.arrays[run_id]


def motion(um: float) -> dict[str, np.ndarray]:
    return Motion(np.array([[0.0], [um]]), np.array([0.0, 10.0]), np.array([0.0])).to_arrays()


def positions(n: int, um: float) -> dict[str, np.ndarray]:
    return {name: np.full(n, um) for name in ("x_um", "depth_um", "z_um", "alpha")} | {
        "peak_channels": np.zeros(n, int)
    }


@pytest.fixture
def session(dataset):
    session = Session.open(dataset)
    n = session.model.n_spikes
    session.store = FakeStore(
        com_1=positions(n, 1.0), com_2=positions(n, 2.0), other=positions(3, 9.0),
        motion_1=motion(1.0), motion_2=motion(2.0),
    )  # fmt: skip
    yield session
    session.close()
    session.pool.sync(20)


def test_the_motion_in_use_comes_first_and_without_a_choice_it_is_the_latest(session):
    assert list(known_motions(session)) == ["motion_2", "motion_1"]
    session.motion.use("motion_1")
    assert list(known_motions(session)) == ["motion_1", "motion_2"]


def test_positions_are_the_latest_of_a_method_or_those_asked_for(session):
    assert latest_by(session, "com", None).um[0].tolist() == [2.0, 2.0, 2.0]
    assert latest_by(session, "monopolar", None) is None
    assert localization_run(session, "com_1")[0].id == "com_1"


def test_positions_that_are_not_there_or_of_other_spikes_are_refused(session):
    assert latest_by(session, "other", None) is None
    with pytest.raises(PhyMedError, match="positions of other spikes"):
        localization_run(session)
    with pytest.raises(PhyMedError, match="called 'x'; there are: com_1, com_2, other"):
        localization_run(session, "x")
