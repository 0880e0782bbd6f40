"""The command line: help, exit codes, errors in one sentence."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

import phy_medicine
from phy_medicine.app import build
from phy_medicine.app.build import WindowOptions
from phy_medicine.app.cli import COMMANDS, cli
from phy_medicine.base import log
from phy_medicine.base.crash_report import REPORTER, reports
from phy_medicine.base.errors import DatasetError

PARAMS = "params.py"


@pytest.fixture(autouse=True)
def no_reports_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process writes a report of the same fault once."""
    monkeypatch.setattr(REPORTER, "_told", {})


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[WindowOptions]:
    """Stand in for the window: keep the options it was given, open no session."""
    calls: list[WindowOptions] = []

    def run_window(_open_it: object, options: WindowOptions) -> int:
        calls.append(options)
        return 0

    monkeypatch.setattr("phy_medicine.app.template_gui.run_window", run_window)
    return calls


def test_version_is_the_version_of_the_package():
    assert CliRunner().invoke(cli, ["--version"]).output == f"phy-med, version {phy_medicine.__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str):
    result = CliRunner().invoke(cli, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_unknown_command_is_a_usage_error():
    result = CliRunner().invoke(cli, ["cluster-everything"])
    assert result.exit_code == 2
    assert "No such command" in result.stderr


def test_error_of_ours_is_one_sentence_and_exit_code_1(monkeypatch: pytest.MonkeyPatch):
    _fail_with(monkeypatch, DatasetError("spike_times.npy is missing in here."))
    result = CliRunner().invoke(cli, ["template-gui", PARAMS])
    assert result.exit_code == 1
    assert result.stderr == "Error: spike_times.npy is missing in here.\n"


def test_fault_of_the_program_says_how_to_find_out_more(monkeypatch: pytest.MonkeyPatch):
    _fail_with(monkeypatch, KeyError("atom"))
    result = CliRunner().invoke(cli, ["template-gui", PARAMS])
    assert result.exit_code == 1
    assert "--debug" in result.stderr
    assert "Traceback" not in result.stderr
    (report,) = reports()
    assert str(report) in result.stderr and "KeyError: …" in report.read_text("utf-8")


@pytest.mark.parametrize("words", [["template-gui", PARAMS, "--debug"], ["--debug", "template-gui", PARAMS]])
def test_debug_lets_the_traceback_through(monkeypatch: pytest.MonkeyPatch, words: list[str]):
    _fail_with(monkeypatch, KeyError("atom"))
    result = CliRunner().invoke(cli, words)
    assert isinstance(result.exception, KeyError)
    assert log.logger.level == logging.DEBUG
    assert len(reports()) == 1


def test_an_error_of_ours_is_no_fault_and_makes_no_report(monkeypatch: pytest.MonkeyPatch):
    _fail_with(monkeypatch, DatasetError("spike_times.npy is missing in here."))
    CliRunner().invoke(cli, ["template-gui", PARAMS])
    assert reports() == []


def test_window_options_arrive_in_order(opened: list[WindowOptions]):
    steps = ["--do", "c 3 5", "--do", "merge", "--screenshot", "a.png", "--size", "1280x800", "--quit"]
    assert CliRunner().invoke(cli, ["template-gui", PARAMS, *steps, "--no-shared-context"]).exit_code == 0
    assert opened == [WindowOptions(("c 3 5", "merge"), Path("a.png"), True, (1280, 800), False, False)]


@pytest.mark.parametrize(("given", "there"), [(None, "1"), ("4", "4")])
def test_algebra_of_a_window_has_one_thread_unless_the_user_says_otherwise(monkeypatch, opened, given, there):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if given is not None:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", given)
    assert CliRunner().invoke(cli, ["doctor", "--help"]).exit_code == 0
    assert os.environ.get("OPENBLAS_NUM_THREADS") == given
    assert CliRunner().invoke(cli, ["template-gui", PARAMS]).exit_code == 0
    assert os.environ["OPENBLAS_NUM_THREADS"] == there


def test_exit_code_of_the_window_is_the_exit_code_of_the_command(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("phy_medicine.app.template_gui.run_window", lambda *_: 1)
    assert CliRunner().invoke(cli, ["template-gui", PARAMS]).exit_code == 1


@pytest.mark.parametrize("size", ["1280", "0x0", "wide"])
def test_size_that_is_no_size_is_a_usage_error(size: str, opened: list[WindowOptions]):
    assert CliRunner().invoke(cli, ["template-gui", PARAMS, "--size", size]).exit_code == 2
    assert opened == []


@pytest.mark.parametrize(("name", "code"), [("a.svg", 0), ("a.PDF", 0), ("a", 0), ("a.jpg", 2)])
def test_a_picture_is_png_svg_or_pdf(name: str, code: int, opened: list[WindowOptions]):
    result = CliRunner().invoke(cli, ["template-gui", PARAMS, "--screenshot", name])
    assert result.exit_code == code
    assert len(opened) == (code == 0)
    assert ("a.jpg: a picture is written as .png, .svg or .pdf." in result.stderr) == (code != 0)


def test_clear_cache_deletes_the_cache_and_nothing_else(tmp_path: Path):
    for name in ("cache", "journal"):
        (tmp_path / ".phy_medicine" / name / "sub").mkdir(parents=True)
    build.clear_cache(tmp_path / PARAMS)
    assert [path.name for path in (tmp_path / ".phy_medicine").iterdir()] == ["journal"]


def test_no_display_is_said_before_qt_is_loaded():
    with pytest.raises(build.PhyMedError, match="no display"):
        build.check_display([])
    build.check_display(["DISPLAY"])


def test_describe_of_a_missing_dataset_names_it(tmp_path: Path):
    result = CliRunner().invoke(cli, ["template-describe", str(tmp_path / PARAMS)])
    assert result.exit_code == 1
    assert PARAMS in result.stderr
    assert result.stderr.count("\n") == 1


def test_describe_gives_text_and_json(simulated_dataset: Path):
    text = CliRunner().invoke(cli, ["template-describe", str(simulated_dataset)])
    assert text.exit_code == 0
    assert "16" in text.output
    facts = json.loads(CliRunner().invoke(cli, ["template-describe", str(simulated_dataset), "--json"]).output)
    assert facts["n_channels"] == 16


def test_simulate_writes_a_dataset_that_can_be_described(tmp_path: Path):
    options = ["--channels", "8", "--units", "3", "--duration", "5", "--drift", "jump", "--seed", "4"]
    result = CliRunner().invoke(cli, ["simulate", str(tmp_path / "out"), *options])
    assert result.exit_code == 0, result.output
    assert result.output.strip() == str(tmp_path / "out" / PARAMS)
    assert CliRunner().invoke(cli, ["template-describe", str(tmp_path / "out" / PARAMS)]).exit_code == 0


@pytest.mark.parametrize("options", [["--channels", "1"], ["--drift", "sideways"], ["--oversplit", "2"]])
def test_simulate_refuses_values_out_of_range_as_usage_errors(options: list[str], tmp_path: Path):
    result = CliRunner().invoke(cli, ["simulate", str(tmp_path / "out"), *options])
    assert result.exit_code == 2
    assert not (tmp_path / "out").exists()


def _fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def run_window(*_: object) -> int:
        raise error

    monkeypatch.setattr("phy_medicine.app.template_gui.run_window", run_window)
