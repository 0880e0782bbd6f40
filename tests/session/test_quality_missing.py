"""Quality metrics of datasets that lack something: what can be had is there, the rest is empty, nothing fails."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from phy_medicine.compute.metrics.drift import drift as quality_drift
from phy_medicine.session.extensions import Problem
from phy_medicine.session.quality_columns import DRIFT, ISOLATION, QUALITY, SHAPE, TRAINS
from phy_medicine.session.session import Session


def known(path: Path) -> tuple[set[str], set[str], list[Problem]]:
    """Families of which some cluster has a value, columns of which some has one, and what failed."""
    session, problems = Session.open(path, read_only=True), list[Problem]()
    session.extensions.problem.connect(problems.append)
    session.quality.compute()
    columns = {
        column.name
        for columns in QUALITY.values()
        for column in columns
        if any(session.quality.peek(c, column.name) is not None for c in session.cluster_ids)
    }
    assert session.quality.complete() and session.quality.progress == 1
    session.close()
    return {f for f, some in QUALITY.items() if {c.name for c in some} & columns}, columns, problems


@pytest.mark.parametrize(
    ("lost", "families", "lacking"),
    [
        ((), {TRAINS, SHAPE, ISOLATION}, set()),
        (("pc_features.npy",), {TRAINS, SHAPE}, set()),
        (("*.dat",), {TRAINS, SHAPE, ISOLATION}, {"snr"}),
        (("*.dat", "templates.npy", "pc_features.npy", "amplitudes.npy"), {TRAINS}, {"amplitude_cutoff"}),
    ],
)
def test_what_can_be_had_is_there(dataset, lost, families, lacking):
    for pattern in lost:
        for path in dataset.parent.glob(pattern):
            path.unlink()
    found, columns, problems = known(dataset)
    assert found == families and not columns & lacking and not problems
    assert DRIFT not in found  # the recording is shorter than two minutes


def test_a_kwik_file_is_measured_too(tmp_path):
    source = Path(__file__).parent.parent / "data" / "klusta_mock"
    for path in source.glob("_test*"):
        shutil.copy(path, tmp_path)
    families, columns, problems = known(tmp_path / "_test.kwik")
    assert {TRAINS, SHAPE} <= families and "snr" in columns and not problems


def test_drift_is_that_of_the_positions_in_use(dataset, monkeypatch):
    from phy_medicine.session import quality_values

    monkeypatch.setattr(quality_values, "drift", lambda t, d, s: quality_drift(t, d, s, interval_s=5.0, least_spikes=5))
    session = Session.open(dataset, read_only=True)
    session.quality.compute()
    values = [session.quality.peek(c, "drift_ptp") for c in session.cluster_ids]
    assert any(v is not None and v > 0 for v in values)
    assert all(session.quality.peek(c, "drift_ptp_corrected") is None for c in session.cluster_ids)
    session.quality.forget_positions()
    assert session.quality.wait(120) == 0
    assert [session.quality.peek(c, "drift_ptp") for c in session.cluster_ids] == values
    session.close()
