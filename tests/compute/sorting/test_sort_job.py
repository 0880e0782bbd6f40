"""The job that sorts: what it writes, keeps, and goes on from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute import job_context
from phy_medicine.compute.job_context import Cancelled, JobContext
from phy_medicine.compute.job_kinds import kind
from phy_medicine.compute.motion.recordings import RecordingFile
from phy_medicine.compute.sorting import job
from phy_medicine.compute.sorting.job import SortRequest, begin_sort, kept_in, overall, preview_of, read_request, run
from phy_medicine.io.sorting_output import alone, is_unfinished
from phy_medicine.io.template_model import TemplateModel
from tests.compute.sorters.toy_sorter import toy_sorter
from tests.compute.sorting.made_sortings import (
    COLUMNS,
    GAIN,
    N_COLUMNS,
    POSITIONS,
    RATE,
    SETTINGS,
    true_spikes,
    write_recording,
)


@pytest.fixture
def request_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SortRequest:
    monkeypatch.setattr(job, "SORT", "tests.compute.sorting.made_sortings:fake_sort")
    write_recording(tmp_path / "raw.bin")
    rows = [f"{x},{y},{column}" for (x, y), column in zip(POSITIONS, COLUMNS, strict=True)]
    (tmp_path / "probe.csv").write_text("\n".join(["x,y,channel", *rows]))
    file = RecordingFile(
        str(tmp_path / "raw.bin"), "", RATE, N_COLUMNS, probe=str(tmp_path / "probe.csv"), gain_uv=GAIN
    )  # fmt: skip
    return SortRequest(file, tmp_path / "out")


def _context(request: SortRequest, settings: Any = SETTINGS, **more: Any) -> JobContext:
    kept = more.pop("kept", kept_in(request.out))
    path = begin_sort(request, settings, kept)
    return JobContext(settings, {"request": path}, folder=request.out, kept=kept, **more)


def _lines(events: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [str(facts["text"]) for event, facts in events if event == "log"]


def test_the_dataset_is_what_the_sorter_found(request_: SortRequest) -> None:
    context = _context(request_, seed=3)
    counts = run(context)["spikes_of_units"]
    model = TemplateModel.open(request_.out)
    assert model.checks == ()
    assert np.array_equal(model.spike_samples, true_spikes()[0])
    assert np.array_equal(model.spike_clusters, true_spikes()[1])
    assert counts.tolist() == np.bincount(true_spikes()[1]).tolist()
    assert context.facts == {
        "params": str(request_.out / "params.py"), "n_units": 3, "n_good": 2, "n_spikes": 409,
        "timings": {"detect": 0.25},
    }  # fmt: skip
    settings = json.loads((request_.out / "sorter_settings.json").read_text())
    assert (settings["settings"]["seed"], settings["settings"]["device"]) == (3, "cpu")
    assert settings["source"]["probe"].endswith("probe.csv")
    log = (request_.out / "sorter_log.txt").read_text().splitlines()
    assert log[0].endswith("s  2.0 s of 8 channels on 1 shanks.")
    assert log[-1].endswith("s  computed spikes")
    assert not (request_.out / ".sorting").exists()


def test_an_interrupted_sort_goes_on_after_its_last_stage(
    request_: SortRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_context, "CANCEL_S", 0.0)
    with pytest.raises(Cancelled):
        run(_context(request_, cancelled=(kept_in(request_.out) / "templates").exists))
    assert is_unfinished(request_.out)
    assert read_request(kept_in(request_.out) / "request.json")[0] == request_
    events: list[tuple[str, dict[str, Any]]] = []
    run(_context(request_, send=lambda event, **facts: events.append((event, facts))))
    assert "Going on with an earlier sort, which did templates." in _lines(events)
    assert [line for line in _lines(events) if line.startswith("computed")] == ["computed spikes"]
    assert not is_unfinished(request_.out)
    shown = [facts["arrays"].keys() for event, facts in events if event == "preview"]
    assert shown == [{"spike_samples", "spike_units"}]
    fractions = [facts["fraction"] for event, facts in events if event == "progress"]
    assert fractions == sorted(fractions)


def test_stages_stay_where_they_are_asked_for(request_: SortRequest, tmp_path: Path) -> None:
    run(_context(request_, kept=tmp_path / "stages"))
    assert sorted(path.name for path in (tmp_path / "stages").iterdir()) == ["request.json", "spikes", "templates"]
    events: list[tuple[str, dict[str, Any]]] = []
    again = SortRequest(request_.recording, tmp_path / "again")
    run(_context(again, kept=tmp_path / "stages", send=lambda event, **facts: events.append((event, facts))))
    assert not [line for line in _lines(events) if line.startswith("computed")]
    first, second = (np.load(out / "templates.npy") for out in (request_.out, again.out))
    assert np.array_equal(first, second)


def test_a_refused_recording_leaves_nothing(request_: SortRequest, tmp_path: Path) -> None:
    with (tmp_path / "raw.bin").open("ab") as file:
        file.write(b"x")
    with pytest.raises(PhyMedError, match="is no multiple of 10 channels"):
        begin_sort(request_, SETTINGS, kept_in(request_.out))
    assert not request_.out.exists()


def test_a_recording_without_spikes_is_no_dataset(request_: SortRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "SORT", "tests.compute.sorting.made_sortings:empty_sort")
    with pytest.raises(PhyMedError, match="No spikes were found"):
        run(_context(request_))
    assert not (request_.out / "params.py").exists()


def test_a_folder_is_for_one_sort_at_a_time(request_: SortRequest) -> None:
    context, kept = _context(request_), kept_in(request_.out)
    with alone(kept):
        for again in (lambda: _context(request_), lambda: run(context)):
            with pytest.raises(PhyMedError, match=r"is used by a sort of .* since .*; wait for its end"):
                again()
    assert [path.name for path in kept.iterdir()] == ["request.json"]
    run(context)
    assert not kept.exists()


def test_progress_is_that_of_all_stages() -> None:
    assert overall("motion", 0.0) == (0.0, "Estimating motion")
    assert overall("spikes", 0.5) == (pytest.approx(0.775), "Finding spikes")
    assert overall("units", 1.0) == (1.0, "Measuring units")
    assert overall("other", 0.5)[1] == "other"


def test_a_stage_shows_its_motion_templates_or_some_spikes() -> None:
    motion = {"displacement_um": np.zeros((2, 1)), "time_bins_s": np.arange(2), "depth_bins_um": np.zeros(1)}
    assert preview_of("motion", motion).keys() == {"displacement", "temporal_bins_s", "spatial_bins_um"}
    model = {"waveforms": np.arange(12).reshape(2, 3, 2), "mains": np.array([2, 0])}
    assert preview_of("templates", model)["templates"].tolist() == [[4, 5], [6, 7]]
    spikes = {"times": np.arange(50_000), "units": np.zeros(50_000), "features": np.zeros(1)}
    assert len(preview_of("spikes", spikes)["spike_samples"]) == 25_000
    assert preview_of("other", {}) == {}


def test_another_file_is_no_request(tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text('{"recording": {"path": "a", "colour": 1}, "out": "b", "settings": {}}')
    with pytest.raises(PhyMedError, match="does not describe a recording to sort"):
        read_request(tmp_path / "request.json")


def test_it_is_no_job_on_a_dataset(dataset: Path) -> None:
    import phy_medicine

    session = phy_medicine.open(dataset, read_only=True)
    try:
        assert "sorting" not in [found.name for found in session.jobs.kinds()]
        assert kind("sorting").makes_dataset
    finally:
        session.close()


def test_a_sorter_of_spikeinterface_makes_the_same_kind_of_dataset(request_: SortRequest) -> None:
    request = replace(request_, sorter="toy", params="least=30")
    with toy_sorter():
        run(_context(request))
    model = TemplateModel.open(request.out)
    assert model.checks == () and model.n_spikes > 0.5 * len(true_spikes()[0])
    assert model.features is not None and "sorter_unit" in model.metadata.fields
    said = json.loads((request.out / "sorter_settings.json").read_text())
    assert (said["sorter"], said["sorter_params"]) == ("toy", "least=30")
    assert not (request.out / ".sorting").exists()


def test_a_sorter_that_is_not_there_is_refused_before_anything_is_written(request_: SortRequest) -> None:
    for sorter, params, sentence in (
        ("nose", "", "SpikeInterface has no sorter 'nose'"),
        ("deconvolution", "colour=red", "deconvolution has no parameter 'colour'"),
        ("deconvolution", "fast", "'fast' is no parameter of a sorter"),
    ):
        with pytest.raises(PhyMedError, match=sentence):
            _context(replace(request_, sorter=sorter, params=params))
    assert not request_.out.exists()
