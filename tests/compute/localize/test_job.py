"""The job "localization": of a dataset, from either signal; cancelled it gives nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.job_context import Cancelled, JobContext
from phy_medicine.compute.job_kinds import kind
from phy_medicine.compute.localize import corrected
from phy_medicine.compute.localize.job import run
from phy_medicine.compute.localize.settings import LocalizeSettings
from phy_medicine.io.dataset_file import write_dataset
from phy_medicine.io.open_model import open_model

NAMES = {"x_um", "depth_um", "z_um", "alpha", "converged", "peak_channels"}


@pytest.fixture
def inputs(dataset: Path, tmp_path: Path) -> dict:
    model = open_model(dataset)
    return {
        "dataset": write_dataset(tmp_path / "dataset.json", model),
        "spike_samples": model.spike_samples,
        "peak_channels": model.template_peak_channels[model.spike_templates],
    }


def test_the_kind_is_known_with_its_settings_inputs_and_units():
    found = kind("localization")
    assert found.settings_class is LocalizeSettings and found.uses_gpu
    assert found.inputs == ("dataset", "spike_samples", "peak_channels") and dict(found.units)["z_um"] == "µm"


def test_positions_lie_where_the_simulated_units_are(dataset, inputs):
    events = []
    context = JobContext(LocalizeSettings(), inputs, send=lambda event, **facts: events.append((event, facts)))
    arrays = run(context)
    truth = np.load(dataset.parent / "ground_truth.npz")
    place = truth["unit_positions_um"][truth["spike_units"]]
    place[:, 1] += truth["spike_displacement_um"]
    error = np.abs(np.stack([arrays[name] for name in ("x_um", "depth_um", "z_um")], axis=1) - place)
    assert set(arrays) == NAMES
    # Half of these units are hardly above the noise.
    channels = open_model(dataset).channel_positions[arrays["peak_channels"]]
    assert np.nanmedian(error[:, 1]) < 0.8 * np.median(np.abs(channels[:, 1] - place[:, 1]))
    strong = truth["unit_peaks_uv"][truth["spike_units"]] > 100
    assert (np.nanmedian(error[strong], axis=0) < [6, 4, 12]).all()
    assert context.facts["n_found"] > 0.95 * len(place) and context.units["depth_um"] == "µm"
    fractions = [facts["fraction"] for event, facts in events if event == "progress"]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    assert {"preview", "log"} <= {event for event, _ in events}


def test_a_cancelled_job_ends_before_the_next_piece(inputs):
    with pytest.raises(Cancelled):
        run(JobContext(LocalizeSettings(), inputs, cancelled=lambda: True))


@pytest.mark.parametrize("method", ["com", "grid", "corrected"])
def test_other_methods_by_their_name(inputs, method, monkeypatch):
    brief = partial(corrected.learn, n_simulated=2000, n_passes=3)
    monkeypatch.setattr(corrected, "learn", brief)
    arrays = run(JobContext(replace(LocalizeSettings(), method=method), inputs))
    model = open_model(Path(json.loads(inputs["dataset"].read_text())["path"]))
    y = model.channel_positions[:, 1]
    found = arrays["depth_um"][np.isfinite(arrays["depth_um"])]
    assert len(found) > 0.95 * model.n_spikes and y.min() - 50 < found.min() < found.max() < y.max() + 50


def test_without_any_signal_it_says_what_is_needed(dataset, inputs, tmp_path):
    with pytest.raises(PhyMedError, match=r"No waveforms are stored.*raw recording or stored waveforms"):
        run(JobContext(replace(LocalizeSettings(), signal="stored"), inputs))
    (dataset.parent / "recording.dat").unlink()
    inputs["dataset"] = write_dataset(tmp_path / "again.json", open_model(dataset))
    with pytest.raises(PhyMedError, match=r"No raw data.*stored waveforms"):
        run(JobContext(LocalizeSettings(), inputs))


def test_a_recording_that_changes_meanwhile_is_refused(dataset, inputs):
    with (dataset.parent / "recording.dat").open("ab") as file:
        file.write(bytes(3200))
    with pytest.raises(PhyMedError, match=r"recording\.dat changed since"):
        run(JobContext(LocalizeSettings(), inputs))


def test_stored_waveforms_do_where_there_is_no_recording(dataset, inputs, tmp_path):
    model = open_model(dataset)
    samples, ids = model.spike_samples, np.arange(20, 60)
    channels = np.tile(np.arange(model.n_channels), (len(ids), 1))
    waveforms = model.traces.read_many(samples[ids] - 41, 82)
    for name, array in {"waveforms": waveforms, "channels": channels, "spikes": ids}.items():
        np.save(dataset.parent / f"_phy_spikes_subset.{name}.npy", array)
    (dataset.parent / "recording.dat").unlink()
    inputs["dataset"] = write_dataset(tmp_path / "stored.json", open_model(dataset))
    context = JobContext(LocalizeSettings(), inputs)
    arrays = run(context)
    assert np.flatnonzero(arrays["peak_channels"] >= 0).tolist() == ids.tolist()
    assert np.isfinite(arrays["depth_um"][ids]).all() and np.isnan(np.delete(arrays["alpha"], ids)).all()
    assert context.facts["n_known"] == 40
