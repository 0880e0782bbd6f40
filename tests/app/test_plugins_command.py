"""`phy-med plugins`, and plugins of a user's configuration in a window opened by the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from phy_medicine.app.cli import cli

PLUGIN = '''
from phy_medicine.plugin import Metric, Plugin

class SpikeCountPlugin(Plugin):
    """Counts spikes twice."""
    def attach(self, session):
        session.extensions.metrics.add(Metric("twice", lambda c: 2 * len(session.data.spikes(c))))

class SparePlugin(Plugin):
    """Nobody asks for it."""
    def attach(self, session):
        raise RuntimeError("never")
'''
CONFIG = """
from phy import IPlugin

c = get_config()
c.TemplateGUI.plugins = ["SpikeCount", "InTheConfig", "NoSuchPlugin"]


class InTheConfigPlugin(IPlugin):
    \"\"\"Defined in the file of settings itself.\"\"\"

    def attach_to_controller(self, controller):
        controller.cluster_metrics["thrice"] = lambda cluster_id: 3 * len(controller.get_spike_ids(cluster_id))
"""


@pytest.fixture
def user(own_home: Path, tmp_path: Path, monkeypatch) -> Path:
    """A user's ~/.phy with a configuration and a folder of plugins."""
    folder = tmp_path / "of_phy"
    (folder / "plugins").mkdir(parents=True)
    (folder / "plugins" / "counts_z.py").write_text(PLUGIN)
    (folder / "phy_config.py").write_text(CONFIG)
    monkeypatch.setenv("PHY_MEDICINE_PHY_DIR", str(folder))
    return folder


def run(*words: str):
    return CliRunner().invoke(cli, ["plugins", *words], catch_exceptions=False)


def test_plugins_are_listed_without_running_them(user: Path):
    (user / "plugins" / "bomb.py").write_text(
        "from phy import IPlugin\nclass BombPlugin(IPlugin): pass\nraise SystemExit(3)"
    )
    result = run("--json")
    assert result.exit_code == 0
    records = {record["name"]: record for record in json.loads(result.output)}
    assert {name: record["state"] for name, record in records.items()} == {
        "SpikeCountPlugin": "found", "SparePlugin": "found", "BombPlugin": "found", "InTheConfigPlugin": "found",
        "NoSuchPlugin": "missing",
    }  # fmt: skip
    assert records["SpikeCountPlugin"]["asked_by"] == "c.TemplateGUI.plugins"
    assert records["SparePlugin"]["asked_by"] == ""
    assert records["SpikeCountPlugin"]["help"] == "Counts spikes twice."


def test_with_a_dataset_they_are_attached_and_one_that_is_missing_is_an_error(user: Path, dataset: Path):
    before = {p: p.read_bytes() for p in sorted(dataset.parent.glob("*")) if p.is_file()}
    result = run(str(dataset))
    assert result.exit_code == 1
    assert "SpikeCountPlugin: in use" in result.output
    assert "InTheConfigPlugin: in use" in result.output
    assert "NoSuchPlugin: not found" in result.output
    assert {p: p.read_bytes() for p in sorted(dataset.parent.glob("*")) if p.is_file()} == before


def test_no_plugins_are_no_error(own_home: Path):
    result = run()
    assert result.exit_code == 0
    assert result.output.startswith("No plugins in ")


def test_a_window_of_the_command_line_has_the_users_plugins(user: Path, dataset: Path, tmp_path: Path):
    """The whole way: configuration file, plugin file, column, filter, save; in a process of its own."""
    pytest.importorskip("PyQt5")
    (user / "phy_config.py").write_text(CONFIG.replace(', "NoSuchPlugin"', ""))
    words = ["--do", "f twice > 0 and thrice > 0", "--do", "c 1 2", "--do", "merge", "--do", "save", "--quit"]
    command = [sys.executable, "-m", "phy_medicine", "template-gui", str(dataset), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr
    header = (dataset.parent / "cluster_info.tsv").read_text().splitlines()[0].split("\t")
    assert {"twice", "thrice"} <= set(header)


def test_metrics_of_plugins_are_exported_without_a_window(user: Path, dataset: Path, tmp_path: Path):
    import csv

    (user / "plugins" / "broken_z.py").write_text("from phy import IPlugin\nclass BrokenPlugin(IPlugin): pass\n")
    (user / "phy_config.py").write_text(CONFIG.replace("NoSuchPlugin", "BrokenPlugin"))
    words = ["export", str(dataset), "--to", "cluster-info", "--out"]
    result = CliRunner().invoke(cli, [*words, str(tmp_path / "clusters.csv")], catch_exceptions=False)
    assert result.exit_code == 0
    assert "Note: plugin BrokenPlugin: failed" in result.stderr
    with (tmp_path / "clusters.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows and all(int(row["twice"]) == 2 * int(row["n_spikes"]) for row in rows)
    assert all(int(row["thrice"]) == 3 * int(row["n_spikes"]) for row in rows)
    plain = CliRunner().invoke(cli, [*words, str(tmp_path / "plain.csv"), "--no-plugins"], catch_exceptions=False)
    assert plain.exit_code == 0 and plain.stderr == ""
    assert "twice" not in (tmp_path / "plain.csv").read_text().splitlines()[0]
