"""`phy-med trace-gui`: a picture of a raw recording, and what is said of one that cannot be read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from phy_medicine.app.build import WindowOptions
from phy_medicine.app.cli import cli
from phy_medicine.app.trace_gui import open_recording
from phy_medicine.base.configuration import Configuration
from phy_medicine.compute.motion.recordings import RecordingFile

DATA = np.random.default_rng(1).normal(0, 30, (5000, 4)).astype(np.int16)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    path = tmp_path / "raw.bin"
    path.write_bytes(DATA.tobytes())
    return path


@pytest.mark.usefixtures("qapp")
def test_a_scripted_look_leaves_a_picture_and_nothing_else(raw: Path) -> None:
    command = [
        sys.executable, "-m", "phy_medicine", "trace-gui", str(raw), "-s", "2500", "-n", "4", "--size", "700x500",
        "--do", "tg 1.5", "--screenshot", str(raw.with_suffix(".png")), "--quit",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr.count("Error")) == (0, 0), done.stderr
    assert sorted(path.name for path in raw.parent.iterdir()) == ["raw.bin", "raw.png"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "does not say what it holds; give --sample-rate and --channels."),
        (["-s", "2500", "-n", "3"], "is no multiple of 3 channels"),
        (["-s", "2500", "-n", "4", "--dtype", "text"], "'text' is no type of a sample"),
        (["-s", "2500", "-n", "4", "--probe", "none.json"], "none.json does not exist"),
        (["--format", "nothing"], "SpikeInterface has no reader 'nothing'."),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(raw: Path, monkeypatch, words: list[str], sentence: str) -> None:
    monkeypatch.setattr("phy_medicine.app.trace_gui.run_window", lambda open_it, options: open_it().close() or 0)
    result = CliRunner().invoke(cli, ["trace-gui", str(raw), *words])
    assert result.exit_code == 1
    assert sentence in result.stderr and result.stderr.count("\n") == 1


def test_options_arrive_and_plugins_are_left_out(raw: Path, monkeypatch) -> None:
    calls: list[WindowOptions] = []
    monkeypatch.setattr("phy_medicine.app.trace_gui.run_window", lambda _open, options: calls.append(options) or 0)
    words = ["-s", "2500", "-n", "4", "--size", "700x500", "--do", "tg 1", "--quit"]
    assert CliRunner().invoke(cli, ["trace-gui", str(raw), *words]).exit_code == 0
    assert calls == [WindowOptions(("tg 1",), None, True, (700, 500), plugins=False)]


def test_the_recording_of_a_dataset_has_its_channels_and_contacts(simulated_dataset: Path) -> None:
    session = open_recording(RecordingFile(str(simulated_dataset)), Configuration())
    np.testing.assert_array_equal(
        session.model.channel_positions, np.load(simulated_dataset.parent / "channel_positions.npy")
    )
    assert session.data.contacts is not None
    session.close()
