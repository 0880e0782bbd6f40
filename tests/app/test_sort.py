"""`phy-med sort`: what is refused before anything is written, and where settings come from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from phy_medicine.app import sort as sort_command
from phy_medicine.app.cli import cli
from phy_medicine.app.sort import read_settings
from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.sorting.job import read_request
from phy_medicine.compute.sorting.settings import SortingSettings

Sort = Callable[..., Result]


@pytest.fixture
def sort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sort:
    """Runs `phy-med sort` with a recording and its probe in the working folder."""
    np.arange(4000, dtype=np.int16).tofile(tmp_path / "raw.bin")
    (tmp_path / "probe.csv").write_text("x,y\n0,0\n0,20\n")
    monkeypatch.chdir(tmp_path)
    flat = ("raw.bin", "--channels", "4", "--sample-rate", "30000", "--probe", "probe.csv", "--out", "out")
    return lambda *words, first=flat: CliRunner().invoke(cli, ["sort", *first, *words])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the job is asked for: settings and request, in place of starting it."""
    found: list[Any] = []

    def run_on_files(kind: str, settings: SortingSettings, inputs: dict[str, Path], **more: Any) -> None:
        found.append((settings, json.loads(inputs["request"].read_text())["recording"]))
        (inputs["request"].parent / "detect").mkdir(exist_ok=True)  # something to go on from
        raise PhyMedError("Asked.")

    monkeypatch.setattr(sort_command, "run_on_files", run_on_files)
    return found


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--channels", "7"), "is no multiple of 7 channels"),
        (("--sample-rate", "1000"), "1000 Hz is too low to tell spikes apart"),
        (("--probe", "none.json"), "none.json does not exist"),
        (("--probe", ""), "does not say where its channels are; name a probe with --probe"),
        (("--config", "none.toml"), "cannot be read: No such file"),
        (("--resume",), "holds no unfinished sorting to go on with"),
        (("--from", "learn"), "holds no unfinished sorting to go on with"),
        (("--resume", "--stages", "none"), "none holds nothing of an earlier sort to go on from"),
        (("--out", "raw.bin"), "raw.bin is a file; name a folder"),
        (("--out", "."), "is not empty; name a new folder"),
    ],
)
def test_what_cannot_be_sorted_is_said_in_a_sentence(sort: Sort, tmp_path: Path, words: tuple[str, ...], sentence: str):
    result = sort(*words)
    assert (result.exit_code, sentence in result.output) == (1, True), result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["probe.csv", "raw.bin"]


def test_a_recording_must_be_named(sort: Sort):
    result = sort(first=("--out", "out"))
    assert (result.exit_code, "Name a RECORDING" in result.output) == (2, True)


def test_typed_settings_count_more_than_the_file(sort: Sort, tmp_path: Path, asked: list[Any]):
    (tmp_path / "s.toml").write_text('rounds = 5\nbatch_s = 2\ndrift = "none"\n')
    assert sort("--config", "s.toml", "--rounds", "1", "--gain", "0.5").exit_code == 1
    settings, recording = asked[0]
    assert (settings.rounds, settings.batch_s, settings.drift, settings.seed) == (1, 2.0, "none", 0)
    assert recording == {
        "path": str(tmp_path / "raw.bin"), "format": "", "sample_rate_hz": 30000.0, "n_channels": 4, "dtype": "int16",
        "offset": 0, "probe": str(tmp_path / "probe.csv"), "gain_uv": 0.5,
    }  # fmt: skip


def test_what_is_configured_counts_least(sort: Sort, tmp_path: Path, own_home: Path, asked: list[Any]):
    (own_home / "config.py").write_text("c.PhyMed.sorting.rounds = 7\nc.PhyMed.sorting.batch_s = 3.0\n")
    (tmp_path / "s.toml").write_text("batch_s = 2\n")
    sort("--config", "s.toml")
    assert (asked[0][0].rounds, asked[0][0].batch_s) == (7, 2.0)


def test_a_sort_is_resumed_as_it_was_started(sort: Sort, tmp_path: Path, asked: list[Any]):
    sort("--rounds", "2", "--drift", "none")
    refused = sort()
    assert "holds an unfinished sorting: go on with --resume" in refused.output
    sort("--resume", "--drift", "templates", first=("--out", "out"))
    (first, recording), (second, again) = asked
    assert (first.rounds, first.drift, second.rounds, second.drift) == (2, "none", 2, "templates")
    assert recording == again


def test_a_sort_of_an_earlier_version_is_resumed_without_the_settings_that_are_gone(
    sort: Sort, tmp_path: Path, asked: list[Any]
):
    sort("--rounds", "2")
    path = tmp_path / "out" / ".sorting" / "request.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "settings": {**content["settings"], "colour": "red"}}))
    sort("--resume", first=("--out", "out"))
    assert [settings.rounds for settings, _ in asked] == [2, 2]


def test_another_sorter_is_named_with_its_parameters(sort: Sort, tmp_path: Path, asked: list[Any]):
    refused = sort("--sorter", "nose")
    assert (refused.exit_code, "SpikeInterface has no sorter 'nose'" in refused.output) == (1, True)
    assert not (tmp_path / "out").exists()
    sort("--sorter", "simple", "--param", "clusterer=kmeans", "--param", 'clusterer_kwargs={"n_clusters": 3}')
    request, _ = read_request(tmp_path / "out" / ".sorting" / "request.json")
    assert (request.sorter, request.params) == ("simple", "clusterer=kmeans 'clusterer_kwargs={\"n_clusters\": 3}'")
    sort("--resume", first=("--out", "out"))
    assert read_request(tmp_path / "out" / ".sorting" / "request.json")[0] == request


def test_stages_that_do_not_exist_are_refused(sort: Sort, asked: list[Any]):
    sort()
    result = sort("--from", "learn", first=("--out", "out"))
    assert "This sort has no stage 'learn' to go on from" in result.output
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("round = 3", "s.toml: sorting has no setting round. Did you mean rounds?"),
        ("rounds = 2.5", "s.toml: rounds must be int, not 2.5."),
        ("rounds = 0", "s.toml: rounds must be at least 1"),
        ('drift = "yes"', "s.toml: drift must be one of"),
        ("sort = 3", "s.toml: sorting has no setting sort."),
        ("[motion]\na = 1", "s.toml: sorting has no setting motion."),
        ("rounds", "s.toml is no TOML file"),
    ],
)
def test_a_file_of_settings_holds_settings_only(tmp_path: Path, text: str, sentence: str):
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(PhyMedError) as caught:
        read_settings(path)
    assert sentence in str(caught.value)


def test_settings_may_stand_in_a_table(tmp_path: Path):
    path = tmp_path / "s.toml"
    path.write_text("[sort]\nrounds = 2\ncommon_reference = false\n")
    assert read_settings(path) == {"rounds": 2, "common_reference": False}
