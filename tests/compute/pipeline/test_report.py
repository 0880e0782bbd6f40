from __future__ import annotations

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.compute.motion.recordings import RecordingFile
from phy_medicine.compute.pipeline.recording_run import RecordingRun
from phy_medicine.compute.pipeline.report import ReportFacts, write_report
from phy_medicine.compute.pipeline.report_units import read_units
from phy_medicine.compute.pipeline.settings import PipelineSettings

SETTINGS = PipelineSettings.of({"localize": {"method": "com"}, "motion": {"num_depth_bins": 1}})


class Page(HTMLParser):
    """Remembers every tag, and the text in each cell and tile."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(content)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data.strip())

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


@pytest.fixture(scope="module")
def run(simulated_dataset, tmp_path_factory) -> RecordingRun:
    """A run up to the motion, with its report."""
    folder = simulated_dataset.parent
    recording = RecordingFile(str(folder / "recording.dat"), "", 30_000.0, 16, probe=str(folder / "probe.json"))
    with ThreadPoolExecutor(2) as threads:
        run = RecordingRun(recording, tmp_path_factory.mktemp("out"), SETTINGS, threads)
        list(run.go(("detect", "localize", "motion")))
        assert run.report() == run.out / "report.html"
    return run


def test_a_report_is_one_file_that_loads_nothing(run):
    page = Page((run.out / "report.html").read_text("utf-8"))
    sources = [attrs["src"] for name, attrs in page.tags if name == "img"]
    assert len(sources) == 2
    assert all((source or "").startswith("data:image/png;base64,iVBOR") for source in sources)
    assert not [attrs for name, attrs in page.tags if name in ("link", "iframe") or attrs.get("href")]


def test_a_report_says_what_was_found_and_with_what(run):
    page = Page((run.out / "report.html").read_text("utf-8"))
    n_peaks = len(np.load(run.folder / "detect/peaks.npy"))
    assert f"{n_peaks:,}" in page.texts
    assert "20.0 seconds, 16 channels" in page.texts
    assert "600,000 of int16" in page.texts
    assert any(re.fullmatch(r"\d+\.\d s, threads of one process", text) for text in page.texts)
    changed = [page.tags.index(tag) for tag in page.tags if tag[0] == "tr" and tag[1].get("class") == "changed"]
    assert len(changed) >= 1


def test_units_have_a_row_and_a_card_each_but_noise_no_card(run, simulated_dataset, tmp_path):
    folder = tmp_path / "sorted"
    shutil.copytree(simulated_dataset.parent, folder)
    (folder / "cluster_group.tsv").write_text("cluster_id\tgroup\n0\tnoise\n1\tmua\n")
    (folder / "cluster_metrics.tsv").write_text("cluster_id\tsnr\treason\n0\t2.5\tfires <rarely>\n")
    facts = ReportFacts(
        "<name>", {"channels": "16"}, 20.0, 30_000.0, {"detect": {"n_peaks": 10}}, {}, SETTINGS,
        dataset=folder / "params.py",
    )  # fmt: skip
    page = Page(write_report(tmp_path / "report.html", facts, run.folder).read_text("utf-8"))
    n_units = len(np.unique(np.load(folder / "spike_clusters.npy")))
    rows = [tag for tag in page.tags if tag[0] == "tr" and "class" not in tag[1]]
    assert page.count("svg") == n_units - 1
    assert len(rows) >= n_units + 1
    assert {"<name>", "SNR", "2.5", "fires <rarely>"} <= set(page.texts)


def test_units_are_measured_on_the_dataset(simulated_dataset):
    found = read_units(simulated_dataset)
    clusters = np.load(simulated_dataset.parent / "spike_clusters.npy")
    unit = next(unit for unit in found.units if unit.id == clusters[0])
    assert unit.n_spikes == (clusters == clusters[0]).sum()
    assert unit.rate_hz == pytest.approx(unit.n_spikes / 20.0, rel=1e-3)
    assert 0 < unit.place_um[1] < found.positions_um[:, 1].max() + 20
    assert unit.svg.startswith('<svg viewBox="0 0 330 140"') and unit.svg.count("<path") == 5


def test_a_folder_of_another_recording_is_refused(run, tmp_path):
    from phy_medicine.base.errors import PhyMedError

    other = tmp_path / "other.bin"
    shutil.copy(run.recording.path, other)
    with ThreadPoolExecutor(1) as threads, pytest.raises(PhyMedError, match=r"holds the run of recording\.dat"):
        file = RecordingFile(str(other), "", 30_000.0, 16, probe=run.recording.probe)
        list(RecordingRun(file, run.out, SETTINGS, threads).go(("detect",)))
    assert Path(run.folder / "detect/peaks.npy").exists()
