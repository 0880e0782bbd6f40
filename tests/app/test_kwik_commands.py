"""The commands for Kwik files: what they print, what they refuse, and the options of the window."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import phy_medicine as pm
from phy_medicine.app.build import WindowOptions
from phy_medicine.app.cli import cli
from phy_medicine.session.session import Session
from tests.io import kwik_miniatures as mini
from tests.io.kwik_miniatures import Form


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A Kwik file with two channel groups."""
    return mini.write(tmp_path, Form(groups=(0, 1)))


def test_describe_in_words_and_as_json(path: Path):
    text = CliRunner().invoke(cli, ["kwik-describe", str(path)]).output
    assert "0 (also 1)" in text and "main (also original)" in text and "1 Axon, 1 good, 1 mua, 1 noise" in text
    result = CliRunner().invoke(cli, ["kwik-describe", str(path), "--channel-group", "1", "--json"])
    facts = json.loads(result.output)
    assert facts["channel_group"] == 1 and facts["channel_order"] == mini.order_of(1).tolist()
    assert facts["n_spikes"] == 90 and facts["events"] == {"stimulus": 3}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["kwik-describe", "{}", "--channel-group", "7"], "has no channel group 7; it has 0, 1."),
        (["kwik-gui", "params.py"], "params.py is no .kwik file"),
        (["kwik-describe", "none.kwik"], "does not exist"),
        (["export", "{}", "--to", "kwik", "--out", "x"], "is a Kwik file already"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(path: Path, arguments: list[str], sentence: str):
    result = CliRunner().invoke(cli, [a.format(path) for a in arguments])
    assert result.exit_code == 1 and sentence in result.stderr and result.stderr.count("\n") == 1


def test_the_window_gets_all_options(path: Path, monkeypatch: pytest.MonkeyPatch):
    calls: list[tuple[Session, WindowOptions]] = []

    def run_window(open_it, options: WindowOptions) -> int:
        calls.append((open_it(), options))
        return 0

    monkeypatch.setattr("phy_medicine.app.kwik_gui.run_window", run_window)
    arguments = ["--channel-group", "1", "--clustering", "original", "--do", "c 3", "--quit", "--read-only"]
    assert CliRunner().invoke(cli, ["kwik-gui", str(path), *arguments]).exit_code == 0
    session, options = calls[0]
    assert (session.model.channel_group, session.model.clustering) == (1, "original")
    assert session.read_only and options.do == ("c 3",) and options.quit
    session.close()


def test_export_writes_what_open_reads(simulated_dataset: Path, tmp_path: Path):
    result = CliRunner().invoke(
        cli, ["export", str(simulated_dataset), "--to", "kwik", "--out", str(tmp_path / "rec.kwik"), "--raw", "copy"]
    )
    assert result.exit_code == 0
    assert [Path(line).name for line in result.stdout.splitlines()] == ["rec.kwik", "rec.kwx", "rec.raw.kwd"]
    session, original = pm.open(tmp_path / "rec.kwik"), pm.open(simulated_dataset, read_only=True)
    assert session.cluster_ids == original.cluster_ids
    session.close()
    original.close()


def test_python_opens_the_chosen_part(path: Path):
    session = pm.open(path, channel_group=1, clustering="original")
    assert session.name == "rec.kwik, group 1, original"
    session.close()
