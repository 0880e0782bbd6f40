"""`phy-med extract-waveforms`: what it prints, writes and refuses, and that the window shows what was stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from phy_medicine.app import export
from phy_medicine.app.cli import cli
from phy_medicine.base.errors import ReadOnlyError
from phy_medicine.io.waveform_subset import NAMES
from phy_medicine.session.session import Session


def extract(*words: object) -> Result:
    return CliRunner().invoke(cli, ["extract-waveforms", *map(str, words)])


def test_three_files_are_written_and_nothing_else_changes(dataset: Path):
    before = {p: p.stat().st_mtime_ns for p in dataset.parent.rglob("*") if p.is_file()}
    result = extract(dataset, 20, "--nc", 14)
    assert result.exit_code == 0 and result.stderr == ""
    summary, *paths = result.stdout.splitlines()
    assert paths == [str(dataset.parent / name) for name in NAMES]
    n, n_samples, n_channels = np.load(paths[0]).shape
    assert n_channels == 14 and summary.startswith(f"{n:,} waveforms of ")
    assert f"{n_samples} samples on 14 channels" in summary
    after = {p: p.stat().st_mtime_ns for p in dataset.parent.rglob("*") if p.is_file()}
    assert {p: after.pop(p) for p in map(Path, paths)} and after == before


def test_json_says_what_was_written(dataset: Path):
    facts = json.loads(extract(dataset, 20, "--seed", 3, "--sample2unit", 0.195, "--json").stdout)
    assert facts["n_channels"] == 16 and facts["n_spikes"] == len(np.load(facts["files"][2]))
    assert facts["n_at_edges"] == 0 and facts["notes"] == []


def test_files_that_are_there_are_replaced_with_force_only(dataset: Path):
    assert extract(dataset, 3).exit_code == 0
    again = extract(dataset, 4)
    assert again.exit_code == 1 and "exists already; --force" in again.stderr and again.stderr.count("\n") == 1
    assert extract(dataset, 4, "--force").exit_code == 0
    counts = np.bincount(np.load(dataset.parent / "spike_templates.npy")[np.load(dataset.parent / NAMES[2])].ravel())
    assert counts.max() == 4


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["0"], 2, "'[N]'"),
        (["many"], 2, "'[N]'"),
        (["--nc", "0"], 2, "'--nc'"),
        (["--seed", "-1"], 2, "'--seed'"),
        (["--sample2unit", "0"], 1, "Samples cannot be multiplied by 0"),
    ],
)
def test_numbers_that_cannot_be_are_refused(dataset: Path, words: list[str], code: int, sentence: str):
    result = extract(dataset, *words)
    assert result.exit_code == code and sentence in result.stderr
    assert not list(dataset.parent.glob("*_phy*"))


def test_datasets_without_a_recording_and_kwik_files_are_refused(dataset: Path, tmp_path: Path):
    next(dataset.parent.glob("*.dat")).unlink()
    result = extract(dataset)
    assert result.exit_code == 1 and "No raw data: " in result.stderr and result.stderr.count("\n") == 1
    assert "is a Kwik file" in extract(tmp_path / "a.kwik").stderr
    assert extract(tmp_path / "nowhere" / "params.py").exit_code == 1


def test_ctrl_c_leaves_nothing(dataset: Path, monkeypatch: pytest.MonkeyPatch):
    before = sorted(dataset.parent.rglob("*"))

    @contextmanager
    def interrupted(**_: Any) -> Iterator[Any]:
        def step(done: int, _: int) -> None:
            assert (dataset.parent / "._phy_spikes_subset.new" / NAMES[0]).exists()
            if done:
                raise KeyboardInterrupt

        yield step

    monkeypatch.setattr(export, "progress_bar", interrupted)
    result = extract(dataset, 20)
    assert result.exit_code == 1 and "Aborted!" in result.stderr
    assert sorted(dataset.parent.rglob("*")) == before


# The session


def test_what_a_session_stored_is_shown_where_the_recording_is_not(dataset: Path):
    session = Session.open(dataset)
    report = session.extract_waveforms(10, n_channels=4)
    raw = {}
    for spike in np.load(report.files[2]):
        channels = session.model.template_channels(int(session.model.spike_templates[spike]))[:4]
        start = int(session.model.spike_samples[spike]) - report.n_samples // 2
        raw[int(spike)] = channels, session.model.traces.read(start, start + report.n_samples, channels)
    session.close()
    next(dataset.parent.glob("*.dat")).unlink()
    session = Session.open(dataset)
    source = session.data.waveform_source
    shown = source.of_cluster(session.cluster_ids[0], range(session.model.n_channels), 5)
    assert len(shown.spike_ids) == 5 and shown.data.any(axis=1).sum(axis=1).min() >= 4
    assert shown.n_before == report.n_samples // 2
    for spike, (channels, expected) in raw.items():
        assert np.array_equal(session.model.waveform_subset.get(np.array([spike]), channels)[0], expected)
    session.close()


def test_a_session_that_is_read_only_stores_nothing(dataset: Path):
    session = Session.open(dataset, read_only=True)
    with pytest.raises(ReadOnlyError, match="does not accept changes"):
        session.extract_waveforms()
    session.close()
    assert not list(dataset.parent.glob("*_phy*"))
