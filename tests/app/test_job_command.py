"""Jobs and runs from the command line: the same worker, a bar, exit codes, JSON; Ctrl+C leaves nothing."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from phy_medicine.app.cli import PhyMed, cli
from phy_medicine.app.job_command import job_command
from phy_medicine.compute import job_kinds
from phy_medicine.io.lock import DatasetLock

TOYS = Path(__file__).resolve().parents[1] / "compute"


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """A command line with toy jobs."""
    monkeypatch.syspath_prepend(str(TOYS))
    import toy_jobs

    kinds = [toy_jobs.toy("double", inputs=("times_s",), help="Double the times.", uses_gpu=True),
             toy_jobs.toy("wrong"), toy_jobs.toy("chatty")]  # fmt: skip
    for kind in kinds:
        job_kinds.register(kind)

    class WithToys(PhyMed):
        def get_command(self, ctx, cmd_name):
            return job_command(cmd_name)

    yield WithToys("phy-med")
    for kind in kinds:
        job_kinds.unregister(kind.name)


def run(command, *words: object):
    return CliRunner().invoke(command, [str(word) for word in words])


def runs(dataset: Path) -> list[dict]:
    return json.loads(run(cli, "runs", dataset, "list", "--json").stdout)


def test_a_job_is_run_and_kept(toys, dataset):
    result = run(toys, "double", dataset, "--factor", "3", "--seed", "5")
    assert result.exit_code == 0, result.output
    assert "Kept as 'double 1'" in result.stdout
    (found,) = runs(dataset)
    assert (found["kind"], found["name"], found["params"]["factor"], found["params"]["seed"]) == (
        "double", "double 1", 3.0, 5,
    )  # fmt: skip


def test_json_says_what_came_of_it(toys, dataset, tmp_path):
    result = run(toys, "double", dataset, "--json", "--out", tmp_path / "out", "--device", "cpu")
    facts = json.loads(result.stdout)
    assert (facts["kind"], facts["device"], facts["facts"]["steps"]) == ("double", "cpu", 3)
    assert facts["run"]["name"] == "double 1"
    assert np.load(tmp_path / "out" / "doubled.npy").shape == tuple(facts["arrays"]["doubled"])
    assert json.loads((tmp_path / "out" / "double.json").read_text())["settings"]["factor"] == 2.0
    again = run(toys, "double", dataset, "--out", tmp_path / "out")
    assert (again.exit_code, "nothing is overwritten" in again.stderr) == (1, True)


def test_without_the_store_nothing_is_written_beside_the_dataset(toys, dataset, tmp_path):
    result = run(toys, "double", dataset, "--no-store", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "doubled.npy").exists()
    assert not (dataset.parent / ".phy_medicine").exists()


@pytest.mark.parametrize(("how", "words"), [("sentence", "There are no peaks"), ("kill", "SIGKILL")])
def test_a_failure_is_exit_code_1_and_names_the_log(toys, dataset, how, words):
    result = run(toys, "wrong", dataset, "--how", how)
    assert result.exit_code == 1
    assert words in result.stderr
    log = result.stderr.split("The log is ")[1].strip().rstrip(".")
    assert words in Path(log).read_text()


def test_a_value_out_of_range_is_exit_code_2(toys, dataset):
    assert run(toys, "double", dataset, "--steps", "0").exit_code == 2


def test_the_log_is_printed_when_asked_for(toys, dataset):
    assert "said properly" in run(toys, "chatty", dataset, "--log").stderr
    assert "said properly" not in run(toys, "chatty", dataset).stderr


def test_a_dataset_that_somebody_curates_is_left_alone(toys, dataset):
    lock = DatasetLock(dataset.parent)
    lock.acquire()
    lock.path.write_text(lock.path.read_text().replace('"host": "', '"host": "other-'))
    result = run(toys, "double", dataset)
    assert result.exit_code == 1
    assert "is being curated by" in result.stderr
    assert runs(dataset) == []


CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
import toy_jobs
from phy_medicine.app.cli import PhyMed
from phy_medicine.app.job_command import job_command
from phy_medicine.compute import job_kinds
job_kinds.register(toy_jobs.toy("deaf"))
class Toys(PhyMed):
    def get_command(self, ctx, name):
        return job_command(name)
Toys("phy-med")(["deaf", sys.argv[2], "--log"])
"""


@pytest.mark.skipif(os.name == "nt", reason="the toy job forks")
def test_ctrl_c_cancels_and_leaves_nothing(dataset, interrupt):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-c", textwrap.dedent(CHILD), str(TOYS), str(dataset)]
    code, said = interrupt(command, "deaf", env=environment)
    assert code == 1
    assert "was cancelled; nothing was kept" in said
    assert [p.name for p in (dataset.parent / ".phy_medicine").rglob("*") if p.is_file()] == []
    assert runs(dataset) == []


def test_runs_are_listed_renamed_compared_exported_and_deleted(toys, dataset, tmp_path):
    assert run(cli, "runs", dataset).stdout == "No runs yet.\n"
    for factor in (2, 4):
        run(toys, "double", dataset, "--factor", factor)
    listed = run(cli, "runs", dataset).stdout.splitlines()
    assert ["defaults" in listed[0], "factor=4.0" in listed[1]] == [True, True]
    assert run(cli, "runs", dataset, "rename", "double 1", "base").exit_code == 0
    compared = run(cli, "runs", dataset, "compare", "base", "double 2").stdout
    assert "factor" in compared and "the very same data" in compared
    facts = json.loads(run(cli, "runs", dataset, "compare", "base", "double 2", "--json").stdout)
    assert facts["params"] == {"factor": [2.0, 4.0]}
    assert run(cli, "runs", dataset, "export", "base", tmp_path / "out").exit_code == 0
    assert (tmp_path / "out" / "run.json").exists()
    assert run(cli, "runs", dataset, "delete", "base").exit_code == 1
    assert run(cli, "runs", dataset, "delete", "base", "--yes").exit_code == 0
    assert [r["name"] for r in runs(dataset)] == ["double 2"]
    missing = run(cli, "runs", dataset, "delete", "base", "--yes")
    assert (missing.exit_code, "There is no run 'base'" in missing.stderr) == (1, True)


def test_help_names_every_setting(toys):
    text = run(toys, "double", "--help").stdout
    assert "Double the times." in text
    for option in ("--steps", "--step", "--factor", "--device", "--seed", "--out", "--json", "--no-store"):
        assert option in text
