"""What is configured: phy's file, the user's, the dataset's and the command line, in this order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from phy_medicine.app.config import plugin_dirs, read_configuration
from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.paths import phy_dir, user_dir


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def phy(text: str) -> Path:
    return write(phy_dir() / "phy_config.py", f"c = get_config()\n{text}\n")


def own(text: str) -> Path:
    return write(user_dir() / "config.py", f"c = get_config()\n{text}\n")


def test_nothing_configured_is_empty_and_makes_no_folder():
    assert not read_configuration().values
    assert not phy_dir().exists()


def test_nothing_configured_imports_no_traitlets(tmp_path: Path):
    code = (
        "import sys; from phy_medicine.app.config import read_configuration; from pathlib import Path;"
        f"read_configuration(Path({str(tmp_path)!r})); print('traitlets' in sys.modules, 'tomllib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(
    ("n_files", "theme"), [(1, "light"), (2, "dark"), (3, "light"), (4, "dark")], ids=["phy", "user", "dataset", "line"]
)
def test_later_files_count_more(tmp_path: Path, n_files: int, theme: str):
    phy("c.PhyMed.theme = 'light'")
    if n_files > 1:
        own("c.PhyMed.theme = 'dark'")
    if n_files > 2:
        write(tmp_path / "phy_medicine.toml", 'theme = "light"')
    found = read_configuration(tmp_path, ["theme=dark"] if n_files > 3 else [])
    assert found.get("theme") == theme
    assert found.values["theme"].local is (n_files == 3)


def test_values_know_their_file():
    path = phy("c.PhyMed.WaveformView.n_waveforms = 20")
    found = read_configuration().values["WaveformView.n_waveforms"]
    assert (found.value, found.source) == (20, str(path))


def test_plugins_of_phy_and_our_own():
    (phy_dir() / "mine").mkdir(parents=True)
    (user_dir() / "plugins").mkdir(parents=True)
    phy(f"c.Plugins.dirs = [r'{phy_dir() / 'mine'}', '~/not/there']\nc.TemplateGUI.plugins = ['A', 'B']")
    own("c.PhyMed.plugins = ['B', 'C']")
    found = read_configuration()
    assert found.plugin_dirs == (phy_dir() / "mine", user_dir() / "plugins")
    assert found.names_for("TemplateGUI") == ("A", "B", "C")
    assert found.names_for("KwikGUI") == ("B", "C")


def test_home_folder_in_plugin_dirs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "lab").mkdir()
    phy("c.Plugins.dirs = ['~/lab']")
    assert read_configuration().plugin_dirs == (tmp_path / "lab",)


def test_plugins_of_phy_are_found_without_any_file():
    (phy_dir() / "plugins").mkdir(parents=True)
    assert plugin_dirs() == (phy_dir() / "plugins",) == read_configuration().plugin_dirs


def test_the_file_of_a_phy_user_is_a_module():
    phy("try:\n    import phycontrib_of_nobody\nexcept Exception:\n    pass\n\nclass Mine:\n    pass")
    (module,) = read_configuration().modules
    assert (module.__name__, module.Mine.__module__) == ("phy_config", "phy_config")


def test_a_file_runs_once_for_one_command():
    path = phy("from pathlib import Path\nlog = Path(__file__).parent / 'log'\nwith log.open('a') as f: f.write('x')")
    read_configuration()
    read_configuration()
    assert (path.parent / "log").read_text() == "x"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("\n1 / 0", 3, "ZeroDivisionError: division by zero"),
        ("x = (", 2, "SyntaxError: '(' was never closed"),
        ("import sys\nsys.exit(3)", 3, "SystemExit: 3"),
    ],
)
def test_a_broken_file_is_left_out_with_its_line(text: str, line: int, what: str):
    path = phy(f"{text}\nc.PhyMed.theme = 'light'")
    own("c.PhyMed.palette = 'okabe-ito'")
    found = read_configuration()
    assert found.problems == (f"{path}, line {line}: {what}. The file was left out; correct it and start again.",)
    assert [*found.values] == ["palette"]


def test_a_broken_dataset_file_names_its_line(tmp_path: Path):
    path = write(tmp_path / "phy_medicine.toml", "theme = \n")
    (problem,) = read_configuration(tmp_path).problems
    assert problem.startswith(f"{path}: ") and "line 1" in problem


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("c.PhyMed.them = 'light'", "There is no setting them. Did you mean theme?"),
        ("c.PhyMed.theme = 'blue'", "theme must be one of dark, light, not 'blue'."),
        ("c.PhyMed.font_size = 99", "font_size must lie between 9 and 24 points, not 99."),
        ("c.PhyMed.motion.motion_bond = 1", "motion has no setting motion_bond. Did you mean motion_bound?"),
        ("c.PhyMed.motio.motion_bound = 1", "There is no job motio. Did you mean motion?"),
        ("c.PhyMed.jobs.n_cpu = 0", "n_cpu must lie between 1 and 64, not 0."),
        ("c.PhyMed.shortcuts = {'merge': 3}", "shortcuts.merge must be a key such as Ctrl+M, a list of keys, or None,"),
        ("c.PhyMed.groups.artifact = 'ab'", "groups.artifact must have one letter or digit as key, not 'ab'."),
        ("c.PhyMed.columns = 3", "columns must be a list of names, not 3."),
        ("c.TemplateGUI.default_views = ['WaveformView']", "TemplateGUI.default_views is not used here."),
        ("c.PhyMed.WaveformView.n_waveforms = print", "WaveformView.n_waveforms cannot be <built-in function print>;"),
    ],
)
def test_a_line_that_cannot_be_is_left_out(line: str, problem: str):
    path = phy(f"c.PhyMed.palette = 'okabe-ito'\n{line}")
    found = read_configuration()
    assert len(found.problems) == 1 and found.problems[0].startswith(f"{path}: {problem}")
    assert [*found.values] == ["palette"]


def test_a_bad_line_leaves_the_earlier_value():
    phy("c.PhyMed.font_size = 12")
    own("c.PhyMed.font_size = 99")
    assert read_configuration().get("font_size") == 12


def test_lists_and_dictionaries_are_checked_and_kept():
    own(
        "c.PhyMed.shortcuts = {'merge': 'g', 'TraceView.widen': None, 'undo': ['Ctrl+Z', 'u']}\n"
        "c.PhyMed.sort = '-depth'\nc.PhyMed.columns.append('fr')\nc.PhyMed.groups.artifact = 'a'"
    )
    found = read_configuration()
    assert found.section("shortcuts") == {"merge": ["g"], "TraceView.widen": [], "undo": ["Ctrl+Z", "u"]}
    assert found.section("groups") == {"artifact": {"key": "a"}}
    assert (found.get("sort"), found.get("columns")) == ([["depth", False]], ["fr"])
    assert found.problems == ()


def test_names_of_phy_become_ours():
    phy("c.CorrelogramView.bin_size = 0.002\nc.WaveformView.overlap = True")
    found = read_configuration()
    assert found.section("CorrelogramView") == {"bin_ms": 2.0}
    assert found.section("WaveformView") == {"overlap": True}


def test_one_view_counts_more_than_all_views_of_the_signal():
    own("c.PhyMed.TraceView.filter = 'high-pass'\nc.PhyMed.filtered = False")
    found = read_configuration()
    assert (found.get("TraceView.filter"), found.get("TraceImageView.filter")) == ("high-pass", "none")


@pytest.mark.parametrize("line", ['plugins = ["A"]', "[shortcuts]\nmerge = 'x'", "ask_before_new_plugins = false"])
def test_a_dataset_brings_no_code_and_no_keys(tmp_path: Path, line: str):
    write(tmp_path / "phy_medicine.toml", line)
    found = read_configuration(tmp_path)
    assert not found.values and not found.plugin_names
    assert "cannot be set by a dataset" in found.problems[0]


def test_the_command_line_is_refused_at_once():
    with pytest.raises(PhyMedError, match=r"There is no setting thme. Did you mean theme\?"):
        read_configuration(None, ["thme=light"])
    with pytest.raises(PhyMedError, match="write NAME=VALUE"):
        read_configuration(None, ["theme"])


def test_values_typed_on_the_command_line():
    found = read_configuration(None, ["keep_colors=true", "c.PhyMed.WaveformView.n_waveforms=5", "shortcuts.A.b=w"])
    assert [(name, c.value) for name, c in found.values.items()] == [
        ("keep_colors", True), ("WaveformView.n_waveforms", 5), ("shortcuts.A.b", ["w"])
    ]  # fmt: skip


def test_the_examples_of_the_page_are_right(tmp_path: Path):
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text("utf-8")
    python, toml = (page.partition(f"```{language}\n")[2].partition("```")[0] for language in ("python", "toml"))
    write(user_dir() / "config.py", python)
    write(tmp_path / "phy_medicine.toml", toml)
    found = read_configuration(tmp_path)
    assert found.problems == ()
    assert (found.get("WaveformView.n_waveforms"), found.get("motion.motion_bound")) == (50, 200.0)
