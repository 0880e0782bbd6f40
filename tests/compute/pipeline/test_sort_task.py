from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.motion.recordings import RecordingFile
from phy_medicine.compute.pipeline.metrics import explained
from phy_medicine.compute.pipeline.recording_run import RecordingRun
from phy_medicine.compute.pipeline.settings import PipelineSettings
from phy_medicine.compute.pipeline.sort_task import moves
from phy_medicine.compute.sorting import job
from phy_medicine.io.template_model import TemplateModel
from tests.compute.pipeline import known_sorter
from tests.compute.sorting.made_sortings import (
    COLUMNS,
    GAIN,
    N_COLUMNS,
    POSITIONS,
    RATE,
    true_spikes,
    write_recording,
)

STAGES = ("detect", "localize", "motion", "sort", "metrics")
SETTINGS = PipelineSettings.of({"localize": {"method": "com"}, "motion": {"num_depth_bins": 1}, "run": {"seed": 5}})


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A recording whose spikes are known, and a sorter that knows them."""
    monkeypatch.setattr(job, "SORT", "tests.compute.pipeline.known_sorter:sort")
    write_recording(tmp_path / "raw.bin")
    rows = [f"{x},{y},{column}" for (x, y), column in zip(POSITIONS, COLUMNS, strict=True)]
    (tmp_path / "probe.csv").write_text("\n".join(["x,y,channel", *rows]))
    file = RecordingFile(
        str(tmp_path / "raw.bin"), "", RATE, N_COLUMNS, probe=str(tmp_path / "probe.csv"), gain_uv=GAIN
    )
    known_sorter.given.clear()
    with ThreadPoolExecutor(2) as threads:
        yield RecordingRun(file, tmp_path / "out", SETTINGS, threads)


def test_the_sorted_dataset_opens_and_explains_the_peaks(run):
    ends = {end.stage: end for end in run.go(STAGES)}
    assert ends["sort"].facts == {"n_units": 3, "n_good": 2, "n_spikes": 409, "dataset": "sorting"}
    model = TemplateModel.open(run.out / "sorting")
    assert model.checks == ()
    assert np.array_equal(model.spike_samples, true_spikes()[0])
    metrics = ends["metrics"].facts
    assert (metrics["n_good"], metrics["n_mua"], metrics["n_spikes"]) == (2, 1, 409)
    assert metrics["explained_large"] > 0.99
    assert not (run.folder / "sort/stages").exists()
    page = run.report().read_text("utf-8")
    assert page.count('<div class="card">') == 3 and "good units" in page


def test_a_motion_that_is_none_is_not_corrected_for(run):
    list(run.go(STAGES[:4]))
    assert len(known_sorter.given) == 1
    still = Motion(np.full((4, 1), 0.3), np.arange(4.0), np.zeros(1))
    assert not moves(still)
    assert moves(Motion(np.array([[-1.0], [0.0], [0.0], [1.0]]), np.arange(4.0), np.zeros(1)))


def test_a_curated_dataset_is_not_overwritten(run):
    list(run.go(STAGES))
    (run.folder / "sort/stage.json").unlink()
    journal = run.out / "sorting/.phy_medicine/journal"
    journal.mkdir(parents=True, exist_ok=True)
    (journal / "1.jsonl").write_text("{}\n")
    with pytest.raises(PhyMedError, match="holds a curation"):
        list(run.go(STAGES))
    assert (run.out / "sorting/params.py").exists()


def test_a_dataset_of_another_program_is_not_overwritten(run):
    (run.out / "sorting").mkdir(parents=True)
    (run.out / "sorting/params.py").write_text("dat_path = 'raw.bin'\n")
    with pytest.raises(PhyMedError, match="was made by something else"):
        list(run.go(STAGES))
    assert (run.out / "sorting/params.py").read_text() == "dat_path = 'raw.bin'\n"


def test_a_folder_that_another_run_writes_to_is_refused(run):
    going = run.go(STAGES)
    assert next(going).stage == "detect"
    with pytest.raises(PhyMedError, match="is written to by a run of"):
        list(run.go(STAGES))
    assert [end.stage for end in going] == list(STAGES[1:])


def test_a_dataset_that_was_moved_away_is_made_again(run):
    list(run.go(STAGES))
    shutil.move(run.out / "sorting", run.out.parent / "elsewhere")
    ends = list(run.go(STAGES))
    assert [end.kept for end in ends] == [True, True, True, False, True]
    assert (run.out / "sorting/params.py").exists()


def test_peaks_near_a_spike_in_time_and_on_the_probe_are_explained():
    rng = np.random.default_rng(0)
    peaks, spikes = np.sort(rng.integers(0, 2000, 60)), np.sort(rng.integers(0, 2000, 80))
    places, spike_places = rng.uniform(0, 400, (60, 2)), rng.uniform(0, 400, (80, 2))
    near = np.abs(peaks[:, None] - spikes) <= 15
    beside = np.linalg.norm(places[:, None] - spike_places, axis=2) <= 100
    expected = (near & beside).any(axis=1)
    assert 5 < expected.sum() < 55
    assert np.array_equal(explained(peaks, places, spikes, spike_places, 15), expected)
