"""`phy-med doctor`: what it says, its exit code, and that nothing can bring it down."""

from __future__ import annotations

import json
import os
import runpy
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from phy_medicine.app import doctor, doctor_checks
from phy_medicine.app.cli import cli
from phy_medicine.app.doctor_probes import OPENGL, Answer, Probe
from phy_medicine.app.doctor_report import WIDTH, Report, Section
from phy_medicine.app.settings_table import settings_in_force
from phy_medicine.base import crash_report
from phy_medicine.base.configuration import Configuration
from phy_medicine.base.paths import phy_dir, user_dir
from phy_medicine.session.session import Session

GL = {
    "vendor": "Mesa", "renderer": "llvmpipe", "version": "4.5 Mesa", "shading_language": "4.50", "software": True,
    "texture_size": 16384, "screen": "1280 x 800", "font": "Sans",
}  # fmt: skip
TORCH = {"version": "2.5", "cuda": "", "cards": [], "mps": False}


class Said:
    """Stands for the process that is asked: OpenGL and torch as the test wants them."""

    opengl, torch = Answer(GL), Answer(TORCH)

    def __init__(self, module: str) -> None:
        self._answer = self.opengl if module == OPENGL else self.torch

    def wait(self, tick: object) -> Answer:
        return self._answer


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> type[Said]:
    class Here(Said):
        pass

    monkeypatch.setattr(doctor, "Probe", Here)
    monkeypatch.setenv("DISPLAY", os.environ.get("DISPLAY", ":0"))
    return Here


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["doctor", *words])


def test_a_sound_machine_is_usable(said):
    result = run()
    assert result.exit_code == 0 and "No problems found." in result.output
    assert "llvmpipe (in software)" in result.output


def test_no_line_is_longer_than_a_terminal(said, dataset: Path):
    folder = user_dir() / ("a long name of a folder " * 3)
    folder.mkdir()
    (user_dir() / "config.py").write_text("c = get_config()\nc.PhyMed.filter = 'n_spikes > 10 and ' * 6 + 'fr > 1'\n")
    lines = run(str(dataset), "--all").output.splitlines()
    assert [line for line in lines if len(line) > WIDTH and " " in line.strip()] == []


def test_reports_of_faults_are_listed_the_newest_first(said):
    assert "None." in run().output
    names = [crash_report.write_report("x", [], {}, []).name for _ in range(5)]
    output = run().output
    assert [name for name in reversed(names) if name in output] == names[:1:-1]
    assert "5 in all." in output
    listed = json.loads(run("--json").output)["sections"]["reports of faults"]
    assert [Path(line["value"]).name for line in listed[1:]] == names[:1:-1]


def test_settings_name_their_file(said, dataset: Path):
    phy_dir().mkdir()
    (phy_dir() / "phy_config.py").write_text("c = get_config()\nc.PhyMed.theme = 'light'\nc.PhyMed.them = 'light'\n")
    (user_dir() / "config.py").write_text("c = get_config()\nc.PhyMed.WaveformView.n_waveforms = 20\n")
    (dataset.parent / "phy_medicine.toml").write_text("[motion]\nmotion_bound = 300\n")
    content = json.loads(run(str(dataset), "--json").output)
    found = {line["name"]: (line["value"], line.get("source")) for line in content["sections"]["settings"]}
    assert found["theme"] == ("light", str(phy_dir() / "phy_config.py"))
    assert found["WaveformView.n_waveforms"] == (20, str(user_dir() / "config.py"))
    assert found["motion.motion_bound"] == (300.0, str(dataset.parent / "phy_medicine.toml"))
    assert found["palette"] == ("phy", "default")
    assert "Did you mean theme?" in content["problems"][0]["sentence"]
    assert content["usable"]


def test_what_was_changed_in_the_window_is_in_force():
    (user_dir() / "state.json").write_text(
        json.dumps({"version": 1, "values": {"theme": "light", "views": {
            "Waveforms": {"kind": "WaveformView", "settings": {"n_waveforms": 7}}}}})
    )  # fmt: skip
    found = [(s.name, s.value, s.source) for s in settings_in_force(Configuration()) if s.chosen]
    assert found == [
        ("theme", "light", "changed in the window"),
        ("WaveformView.n_waveforms", 7, "changed in the window, Waveforms"),
    ]


@pytest.mark.parametrize("line", ["c.PhyMed.WaveformView.n_wavforms = 1", "c.PhyMed.WavformView.n_waveforms = 1"])
def test_names_of_views_are_checked(said, line: str):
    (user_dir() / "config.py").write_text(f"c = get_config()\n{line}\n")
    result = run()
    assert "Did you mean" in result.output and result.exit_code == 0


def test_without_a_display_the_program_is_unusable(said, monkeypatch: pytest.MonkeyPatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    result = run()
    assert result.exit_code == 1 and "There is no display" in result.output


def test_a_driver_that_crashes_is_reported(said):
    said.opengl = Answer({}, "the process was ended by SIGSEGV")
    result = run()
    assert result.exit_code == 1 and "ended by SIGSEGV" in result.output


def test_torch_that_fails_ends_nothing(said):
    said.torch = Answer({}, "No module named 'torch'")
    result = run()
    assert result.exit_code == 0 and "pip install torch" in result.output


def test_an_old_opengl_is_too_old():
    section = doctor_checks.opengl(Answer({**GL, "version": "1.4 Generic"}))
    assert [p.fatal for p in section.problems] == [True]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "the process was ended by SIGSEGV"),
        ("raise RuntimeError('no driver.')", "RuntimeError: no driver"),
        ("raise SystemExit(3)", "exit code 3"),
        ("import time; time.sleep(60)", "no answer after 1 s"),
        ("print('words'); print('{\"a\": 1}')", ""),
    ],
)
def test_a_process_that_is_asked(code: str, error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "asked.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    answer = Probe("asked", timeout_s=1 if "sleep" in code else 30).wait()
    assert answer.error == error and (answer.facts == {"a": 1}) is (error == "")


def test_opengl_says_who_it_is():
    answer = Probe(OPENGL).wait()
    assert answer.error == "" and answer.facts["renderer"] and answer.facts["texture_size"] >= 1024


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor_checks, "_wanted", lambda: [("nobody-has-this", ">=2"), ("numpy", ">=99")])
    first, second = (p.sentence for p in doctor_checks.python().problems)
    assert "pip install 'nobody-has-this>=2'" in first and "is not >=99" in second


def test_plugins_are_found_and_not_run(said):
    (phy_dir() / "plugins").mkdir(parents=True)
    text = "from phy import IPlugin\nraise RuntimeError\nclass Mine(IPlugin):\n    pass\n"
    (phy_dir() / "plugins" / "mine.py").write_text(text)
    (phy_dir() / "phy_config.py").write_text("c = get_config()\nc.TemplateGUI.plugins = ['Mine', 'Lost']\n")
    content = json.loads(run("--json").output)
    states = {line["name"]: line["value"] for line in content["sections"]["plugins"] if "state" in line["value"]}
    assert states["Mine"]["state"] == "found" and states["Lost"]["state"] == "missing"
    assert any("No plugin is called Lost" in p["sentence"] for p in content["problems"])


def test_unsaved_work_and_a_lock_are_told_of(said, dataset: Path):
    session = Session.open(dataset)
    session.merge(session.cluster_ids[:2])
    sentences = " ".join(p.sentence for p in doctor_checks.dataset(dataset).problems)
    session.close()
    assert "unsaved work" in sentences


def test_unsaved_work_that_no_longer_fits_is_told_of(said, dataset: Path):
    session = Session.open(dataset)
    session.merge(session.cluster_ids[:2])
    session.close()
    other = Session.open(dataset)
    other.merge(other.cluster_ids[:2])
    other.save()
    other.close()
    assert "no longer fits the labels" in run(str(dataset)).output.replace("\n", " ")


def test_a_dataset_that_cannot_be_opened_is_fatal(said, tmp_path: Path):
    result = run(str(tmp_path / "params.py"))
    assert result.exit_code == 1 and "does not exist" in " ".join(result.output.split())


def test_the_text_of_a_report():
    section = Section("Things")
    section.add("one", "first", "here")
    section.warn("This is odd.")
    section.warn("This is bad.", fatal=True)
    report = Report((section,))
    assert report.to_text().splitlines() == [
        "Things", "  one                 first                 here", "", "2 problems", "  × This is bad.",
        "  ! This is odd.",
    ]  # fmt: skip
    assert not report.usable


def test_the_page_lists_all_settings_as_they_are():
    script = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "settings_page.py"))
    assert script["page"]() == script["PAGE"].read_text("utf-8"), "run `python scripts/settings_page.py`"
