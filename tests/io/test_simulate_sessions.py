"""Clusters that are no neurons, splits of both kinds, and further recordings of the same neurons."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from phy_medicine.io.simulate import SimulationSettings, simulate
from phy_medicine.io.simulate.drift import make_drift
from phy_medicine.io.simulate.probe import make_probe
from phy_medicine.io.simulate.units import make_units

SMALL = SimulationSettings(channels=8, units=8, duration_s=10.0, rate_hz=8.0, raw=False, seed=5)


def truth_of(folder):
    return dict(np.load(folder / "ground_truth.npz"))


def test_artifacts_are_on_all_contacts_at_once_and_no_neuron_is_mixed_with_others(tmp_path):
    settings = dataclasses.replace(SMALL, artifacts=1, far_clusters=2, oversplit=1.0, overmerge=1.0)
    folder = simulate(tmp_path / "d", settings).parent
    truth = truth_of(folder)
    assert truth["unit_names"].tolist() == [*range(8), -1, -2, -3]
    assert sorted(truth["cluster_units"][:, 0][truth["cluster_units"][:, 0] >= 8].tolist()) == [8, 9, 10]
    assert set(truth["cluster_units"][:, 1].tolist()) <= {-1, *range(8)}
    templates, inverse = np.load(folder / "templates.npy"), np.load(folder / "whitening_mat_inv.npy")
    (cluster,) = np.flatnonzero(truth["cluster_units"][:, 0] == 8)
    sizes = np.ptp(templates[cluster] @ inverse, axis=0)
    assert sizes.min() > 0.9 * sizes.max()


def test_mixed_splits_are_by_motion_and_by_amplitude_in_turn(tmp_path):
    settings = dataclasses.replace(
        SMALL, drift="jump", drift_um=40.0, oversplit=0.5, oversplit_by="mixed", overmerge=0.0, duration_s=30.0
    )
    folder = simulate(tmp_path / "d", settings).parent
    truth, labels = truth_of(folder), np.load(folder / "spike_clusters.npy")
    moved = truth["spike_displacement_um"]
    gaps = [abs(moved[labels == a].mean() - moved[labels == b].mean()) for a, b in truth["oversplit_pairs"]]
    assert [gap > 15 for gap in gaps] == [True, False, True, False]


def test_another_session_has_the_same_neurons_and_other_spikes(tmp_path):
    first = truth_of(simulate(tmp_path / "a", SMALL).parent)
    again = truth_of(simulate(tmp_path / "b", dataclasses.replace(SMALL, session=1)).parent)
    assert first["unit_names"].tolist() == again["unit_names"].tolist()
    np.testing.assert_array_equal(first["unit_positions_um"], again["unit_positions_um"])
    assert len(first["spike_units"]) != len(again["spike_units"])
    ratio = again["unit_peaks_uv"] / first["unit_peaks_uv"]
    assert 0.02 < np.log(ratio).std() < 0.3


def test_neurons_go_and_others_come():
    settings = dataclasses.replace(SMALL, session=2, turnover=0.25)
    probe = make_probe(settings)
    base, later = make_units(SMALL, probe), make_units(settings, probe)
    new = later.names >= 8
    assert new.sum() == 2
    assert (later.names[new] // 8 == 2).all()
    same = (later.positions_um == base.positions_um).all(axis=1)
    np.testing.assert_array_equal(same, ~new)


def test_the_tissue_moves_between_sessions_more_at_the_top():
    settings = dataclasses.replace(SMALL, session=1, moved_um=50.0)
    drift = make_drift(settings, (0.0, 1000.0))
    assert drift.at(np.array([0.0, 5.0]), np.array([0.0, 1000.0])).tolist() == pytest.approx([40.0, 60.0])
