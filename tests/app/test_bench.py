"""`phy-med bench`: which benchmarks there are, by what they say of themselves, and how they are run."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmarks.datasets import named_or_small
from benchmarks.jobs import enough_of
from phy_medicine.app import bench, bench_list
from phy_medicine.app.bench_list import read
from phy_medicine.app.cli import cli

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
TINY = ("--spikes", "60", "--clusters", "3")
FAKE = '''"""Counts.

python -m benchmarks.counts WHAT [--out result.json]     everything
python -m benchmarks.counts WHAT [--all [--twice]]

Needs a table (and chairs). The rest is silence.
"""
import argparse
import json
import sys
from pathlib import Path

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--code", type=int, default=0)
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    print(args.what * args.times)
    if args.what == "package":
        import no_such_package
    if args.what == "file":
        open("nowhere/at/all")
    if args.what == "killed":
        import os, signal
        os.kill(os.getpid(), signal.SIGTERM)
    if args.out and not args.silent:
        args.out.write_text(json.dumps({"times": args.times}))
    sys.exit(args.code)

if __name__ == "__main__":
    main()
'''


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["bench", *words])


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the benchmark `counts`, and one that writes no file, `mute`."""
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    for name in ("__init__.py", "__main__.py"):
        shutil.copy(FOLDER / name, folder)
    (folder / "counts.py").write_text(FAKE)
    (folder / "mute.py").write_text(FAKE.replace("counts", "mute").replace("--out", "--written"))
    monkeypatch.setattr(bench, "benchmark_folder", lambda: folder)
    return folder


def test_benchmarks_are_listed_with_what_they_measure_and_need():
    lines = run().output.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("selection "))
    assert "Time what a curator waits for" in lines[at]
    words = "needs DATASET, or a small one is simulated; a display of at least 1900 x 1180"
    assert lines[at + 1].strip() == words
    assert {"assignment", "motion", "jobs"} <= {line.split(" ")[0] for line in lines}


def test_modules_that_help_others_are_not_listed():
    names = {benchmark["name"] for benchmark in json.loads(run("--json").output)}
    helpers = {"datasets", "corrupted", "gl_census", "cable_neurons", "motion_peers", "reliability_ours"}
    assert {path.stem for path in FOLDER.glob("*.py")} - names == helpers | {
        "__init__", "__main__", "mixture_numpyro", "reliability_phy",
    }  # fmt: skip


def test_every_benchmark_can_give_json():
    assert [b["name"] for b in json.loads(run("--json").output) if not b["writes_json"]] == []


def test_a_module_says_what_it_needs(fake: Path):
    found = read(fake / "counts.py")
    assert found is not None
    assert found.measures == "Counts." and found.writes_json
    assert found.usage == (
        "phy-med bench counts WHAT [--out result.json]",
        "phy-med bench counts WHAT [--all [--twice]]",
    )
    assert found.needs == ("WHAT", "a table")
    assert found.not_installed == ("no_such_package",)


def test_words_of_several_lines_are_needed_one_or_the_other(tmp_path: Path):
    path = tmp_path / "one.py"
    path.write_text(FAKE.replace("counts", "one").replace("WHAT [--all [--twice]]", "THAT [DATASET ...]"))
    assert read(path).needs == ("WHAT or THAT", "DATASET, or a small one is simulated", "a table")
    path.write_text(FAKE.replace("counts", "one").replace("WHAT [--all", "[--all"))
    assert read(path).needs == ("a table",)


def test_an_unknown_name_is_answered_with_the_nearest():
    result = run("asignment", "--spikes", "60")
    assert result.exit_code == 1
    assert result.output == (
        "Error: There is no benchmark asignment. Did you mean assignment? `phy-med bench` lists all of them.\n"
    )


def test_arguments_and_output_pass_through(fake: Path, capfd):
    assert run("counts", "ab", "--times", "2").exit_code == 0
    assert capfd.readouterr().out == "abab\n"


@pytest.mark.parametrize(("words", "code"), [(("x", "--code", "3"), 3), (("x", "--no-such"), 2), (("killed",), 143)])
def test_the_exit_code_is_that_of_the_benchmark(fake: Path, words: tuple[str, ...], code: int):
    assert run("counts", *words).exit_code == code
    assert run("counts", *words, "--json").exit_code == code


def test_help_after_a_name_is_that_of_the_benchmark(fake: Path, capfd):
    assert run("counts", "--help").exit_code == 0
    assert capfd.readouterr().out.startswith("usage: phy-med bench counts [-h] [--times TIMES]")
    assert "--json" in run("--help").output


def test_json_is_all_that_stands_on_stdout(fake: Path, tmp_path: Path, capfd):
    result = run("counts", "ab", "--json", "--times", "2", "--out", str(tmp_path / "kept.json"))
    assert json.loads(result.stdout) == json.loads((tmp_path / "kept.json").read_text()) == {"times": 2}
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "abab\n")


def test_a_benchmark_without_json_says_so(fake: Path, capfd):
    result = run("mute", "x", "--json")
    assert result.exit_code == 1 and capfd.readouterr().out == ""
    assert result.output == "Error: The benchmark mute gives no figures as JSON; leave out --json and --out.\n"
    assert "when it is run like this" in run("counts", "x", "--silent", "--json").output


def test_a_file_in_no_folder_is_refused_before_anything_runs(fake: Path, tmp_path: Path, capfd):
    result = run("counts", "x", "--out", str(tmp_path / "no" / "kept.json"))
    assert result.exit_code == 1 and "does not exist" in result.output
    assert capfd.readouterr().out == ""


def test_figures_of_a_benchmark_that_failed_are_not_written(fake: Path, tmp_path: Path):
    kept = tmp_path / "kept.json"
    kept.write_text("old")
    assert run("counts", "x", "--code", "1", "--out", str(kept)).exit_code == 1
    assert kept.read_text() == "old"


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("package", "The benchmark counts needs the package no_such_package, which is not installed.\n"),
        ("file", "nowhere/at/all: No such file or directory.\n"),
    ],
)
def test_what_cannot_be_run_ends_with_a_sentence(fake: Path, what: str, sentence: str, capfd):
    assert run("counts", what).exit_code == 1
    assert capfd.readouterr().err == sentence
    assert run("--debug", "counts", what).exit_code == 1
    assert "Traceback" in capfd.readouterr().err


def test_without_a_copy_of_the_source_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bench_list, "__file__", str(tmp_path / "phy_medicine" / "app" / "bench_list.py"))
    (tmp_path / "benchmarks").mkdir()  # of somebody else
    result = run()
    assert result.exit_code == 1 and "they come with a copy of the source" in result.output


def test_the_quickest_runs_by_itself():
    result = run("assignment", *TINY, "--json")
    assert result.exit_code == 0
    figures = json.loads(result.stdout)
    assert list(figures)[3:] == [
        "2 merges, applied and undone", f"split of {_all_but_one_of_the_largest()} spikes", "all labels as one vector",
    ]  # fmt: skip


def _all_but_one_of_the_largest() -> int:
    import numpy as np

    return int(np.bincount(np.random.default_rng(0).integers(0, 3, 60)).max()) - 1


def test_what_is_no_dataset_is_said(tmp_path: Path, capfd):
    assert run("sorter_memory", str(tmp_path)).exit_code == 1
    assert capfd.readouterr().err == f"{tmp_path} is no dataset: name a folder that holds params.py, or leave it out.\n"


def test_without_a_dataset_a_small_one_is_simulated(capsys):
    with named_or_small(None, channels=8, units=2, duration_s=2.0) as folder:
        assert (folder / "params.py").is_file()
    assert not folder.exists()
    assert "small simulated dataset (8 channels, 2 units, 2 s)" in capsys.readouterr().out


def test_a_named_dataset_is_taken_by_its_folder_or_its_file(dataset: Path):
    folder = dataset if dataset.is_dir() else dataset.parent
    for named in (folder, folder / "params.py"):
        with named_or_small(named) as found:
            assert found == folder


def test_selections_end_with_the_clusters_of_a_small_dataset(capsys):
    args = argparse.Namespace(reps=20, blocks=4)
    assert [enough_of(n, args) for n in (160, 159, 8)] == [20, 19, 1]
    assert "19 selections in each stretch" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="too few clusters"):
        enough_of(7, args)
