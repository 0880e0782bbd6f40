from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("spikeinterface")

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.job_context import Cancelled
from phy_medicine.compute.motion.dredge import run_dredge
from phy_medicine.compute.motion.estimate import estimate
from phy_medicine.compute.motion.peaks import Peaks
from phy_medicine.compute.motion.settings import MedicineSettings


@pytest.fixture(scope="module")
def peaks() -> Peaks:
    """Twenty units at depths below zero that move by 40 µm in 60 s, from 1000 s on."""
    rng = np.random.default_rng(0)
    times, unit = rng.uniform(1000, 1060, 20_000), rng.integers(0, 20, 20_000)
    depths = rng.uniform(-900, -100, 20)[unit] + 40 * (times - 1000) / 60 + rng.normal(0, 2, times.size)
    return Peaks(times, depths, rng.uniform(-90, -50, 20)[unit])


@pytest.mark.parametrize("rigid", [True, False])
def test_dredge_finds_a_drift_with_our_sign_and_times(peaks, rigid):
    motion = run_dredge(peaks, rigid=rigid, device="cpu")
    assert motion.temporal_bins_s.size == 60 and motion.temporal_bins_s[0] == pytest.approx(1000.5, abs=0.02)
    assert (motion.spatial_bins_um.size == 1) == rigid
    assert motion.at(1055, -500) - motion.at(1005, -500) == pytest.approx(40 * 50 / 60, abs=2)


def test_dredge_is_a_method_like_the_others(peaks):
    found = estimate(peaks, MedicineSettings.of(num_depth_bins=1, device="cpu"), method="dredge")
    assert found.solver == "dredge" and found.facts["sharpness_after"]["rho_all"] > 0.8


def test_long_recordings_are_registered_in_chunks(peaks, monkeypatch):
    monkeypatch.setattr("phy_medicine.compute.motion.dredge.LONG_BINS", 30)
    monkeypatch.setattr("phy_medicine.compute.motion.dredge.CHUNK_BINS", 20)
    motion = run_dredge(peaks, rigid=True, device="cpu")
    assert motion.at(1055, -500) - motion.at(1005, -500) == pytest.approx(40 * 50 / 60, abs=4)


def test_cancelled_before_it_starts(peaks):
    with pytest.raises(Cancelled):
        run_dredge(peaks, cancelled=lambda: True)


def test_peaks_that_dredge_cannot_use_are_refused(peaks, monkeypatch):
    def refuse(*_arguments, **_options):
        raise ValueError("no peaks")

    monkeypatch.setattr("spikeinterface.sortingcomponents.motion.estimate_motion", refuse)
    with pytest.raises(PhyMedError, match="DREDge cannot use these peaks: no peaks"):
        run_dredge(peaks, device="cpu")
