"""`phy-med run`: recordings in, results in a folder; refusals in one sentence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from phy_medicine.app.cli import cli


@pytest.fixture(autouse=True)
def kept_machine_code(own_home, monkeypatch, tmp_path_factory):
    """Workers take some ten seconds to compile kernels in a home of their own."""
    monkeypatch.setenv("PHY_MEDICINE_HOME", str(tmp_path_factory.getbasetemp() / "kernels"))


def run(*words: object):
    return CliRunner().invoke(cli, ["run", *(str(word) for word in words)])


@pytest.fixture
def options(simulated_dataset) -> list[object]:
    """What has to be said of the simulated recording."""
    folder = simulated_dataset.parent
    return [
        "--sample-rate",
        30_000,
        "--channels",
        16,
        "--probe",
        folder / "probe.json",
        "--executor",
        "local:1",
        "--no-sort",
    ]


@pytest.fixture
def raw(simulated_dataset) -> Path:
    return simulated_dataset.parent / "recording.dat"


def test_two_recordings_side_by_side_each_in_its_folder(raw, options, tmp_path):
    short = tmp_path / "short.bin"
    np.fromfile(raw, np.int16, 16 * 30_000 * 6).tofile(short)
    config = tmp_path / "lab.toml"
    config.write_text('[detect]\ndetect_threshold = 4.5\n[localize]\nmethod = "com"\n')
    result = run(raw, short, *options, "--config", config, "--out", tmp_path / "out", "--json", "--chunk", 5)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [Path(folder).name for folder in found] == ["recording", "short"]
    assert found[str(tmp_path / "out/recording")]["detect"]["n_chunks"] == 4
    assert found[str(tmp_path / "out/short")]["detect"]["n_chunks"] == 2
    assert "short.bin: motion: " in result.stderr
    assert (tmp_path / "out/short/report.html").exists()
    again = run(raw, short, *options, "--config", config, "--out", tmp_path / "out", "--chunk", 5)
    assert again.stderr.count("there already") == 6
    assert again.stdout.strip() == str(tmp_path / "out/report.html")
    page = (tmp_path / "out/report.html").read_text("utf-8")
    assert 'href="short/report.html"' in page and "2 of 2" in page


def test_a_recording_that_fails_holds_up_no_other(raw, options, tmp_path):
    odd = tmp_path / "odd.bin"
    odd.write_bytes(bytes(1001))
    result = run(odd, raw, *options, "--chunk", 10, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "odd.bin is no multiple of 16 channels" in result.stderr
    assert "1 of 2 recordings are done" in result.stderr
    assert (tmp_path / "out/recording/run/motion/motion.npy").exists()
    assert "odd.bin is no multiple of 16 channels" in (tmp_path / "out/report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"--sample-rate": 0}, "does not say what it holds; give --sample-rate"),
        ({"--probe": ""}, "does not say where its channels are"),
        ({"--probe": "nowhere.json"}, "nowhere.json does not exist"),
        ({"--dtype": "integer"}, "'integer' is no type of a sample"),
        ({"--executor": "cloud"}, "Workers are local, local:N, dask:ADDRESS or ipyparallel:PROFILE"),
        ({"--from": "motion"}, "holds no result of detect"),
        ({"--chunk": 0}, "must lie between 1"),
    ],
)
def test_what_cannot_be_run_is_refused(change, sentence, raw, options, tmp_path):
    words = dict(zip(options[:-1:2], options[1::2], strict=True)) | change
    result = run(raw, *(word for pair in words.items() for word in pair), "--no-sort", "--out", tmp_path / "out")
    assert result.exit_code in (1, 2)
    assert sentence in result.stderr
    assert "fault of the program" not in result.stderr
    assert not list((tmp_path / "out").rglob("*.npy"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[detect]\nthreshold = 4\n", "[detect] has no setting threshold. Did you mean detect_threshold?"),
        ("[motoin]\n", "There is no table [motoin]"),
        ("chunk_s = 3\n", "chunk_s stands in no table"),
        ("[detect]\ndetect_threshold = 0\n", "[detect] detect_threshold must be at least 1"),
        ('[localize]\nmethod = "corrected"\n', "learns from the whole recording"),
        ("[detect\n", "is no TOML file that can be read"),
    ],
)
def test_a_config_that_is_wrong_is_refused(text, sentence, raw, options, tmp_path):
    config = tmp_path / "lab.toml"
    config.write_text(text)
    result = run(raw, *options, "--config", config, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert not (tmp_path / "out").exists()


def test_ctrl_c_cancels_and_the_same_command_goes_on(raw, options, tmp_path):
    words = [sys.executable, "-m", "phy_medicine", "run", raw, *options, "--chunk", 1, "--out", tmp_path / "out"]
    child = subprocess.Popen([str(w) for w in words], stderr=subprocess.PIPE, text=True, start_new_session=True)

    def interrupt() -> None:
        while child.poll() is None and not list(tmp_path.rglob("run/detect/000001-*.npy")):
            time.sleep(0.01)
        os.killpg(child.pid, signal.SIGINT)

    threading.Thread(target=interrupt).start()
    _, said = child.communicate(timeout=60)
    assert child.returncode == 1, said
    assert said.strip().endswith("Error: Cancelled; the same command goes on where it was.")
    result = run(raw, *options, "--chunk", 1, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
