"""Every command and every Python example of the documents runs, page by page, on a simulated dataset."""

from __future__ import annotations

import configparser
import contextlib
import importlib.util
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("PyQt5")

import phy_medicine as pm
from phy_medicine.app.cli import COMMANDS, cli
from phy_medicine.app.config import read_configuration
from phy_medicine.app.doctor_probes import Probe
from phy_medicine.base.paths import user_dir
from phy_medicine.compute import job_kinds
from phy_medicine.session import plugin

from .examples import PAGES, ROOT, Example, examples, mentions

STAND_INS = {
    "path/to/params.py": "params.py",
    "path/to/other/params.py": "copy/params.py",
    "JOURNAL.jsonl": ".phy_medicine/journal/first.jsonl",
    "FIRST.jsonl": ".phy_medicine/journal/first.jsonl",
    "SECOND.jsonl": ".phy_medicine/journal/second.jsonl",
    "results/sorting/params.py": "params.py",
    "sorted/params.py": "params.py",
    "monday/params.py": "params.py",
    "tuesday/params.py": "params.py",
    "friday/params.py": "params.py",
    "FILE.kwik": "recording.kwik",
    "--channel-group 1": "--channel-group 0",
    "--channels 384": "--channels 16",
    "--n-channels 384": "--n-channels 16",
    "FORMAT": "cluster-info",
    "PATH": "clusters.tsv",
}
"""Words of the documents -> what is there in the test."""

SMALL = {
    "simulate": ("--channels", "16", "--units", "8", "--duration", "5", "--overwrite"),
    "motion": ("--no-plot-figures",),
    "cluster fit": ("--samples", "200"),
    "cluster criticize": ("--samples", "100"),
    "cluster sweep": ("--components", "1-2", "--folds", "0"),
}
"""Command, or the two words of one in a group -> options that make it quick; the last of an option counts."""

WINDOWS = ("template-gui", "kwik-gui", "trace-gui")
FRESH = (*WINDOWS, "import")
"""Commands that find the clusters as the sorter left them."""
CURATED = ("history", "replay", "diff")
"""Commands that find two saved curations, and a copy of the dataset as the sorter left it."""

ANSWERS = "y\n"
"""Typed when a command asks."""

NOT_RUN = (
    (r"make (\w+)", "makes an environment or takes minutes; the target is looked for in the Makefile"),
    (r"pip install ", "needs the network; what it names is looked for in setup.cfg"),
    (r"python -m benchmarks\.\w+", "takes minutes, and data of users; the module is looked for"),
    (r"phy-med bench (?!assignment)\w", "takes minutes; tests/app/test_bench.py runs benchmarks that are quick"),
    (
        r"phy-med (sln|localize .*(--method sln|--resume|--help-networks))",
        "trains for minutes, or goes on with a training; tests/app/test_sln.py does, here its options are looked for",
    ),
    (
        r"phy-med run ",
        "sorts for a while, some lines on a cluster; tests/app/test_run.py and tests/compute/pipeline do, here its "
        "options are looked for",
    ),
    (
        r"phy-med cluster sweep .*--resume",
        "goes on with one that was interrupted; tests/app/test_cluster_sweep.py does, here its options are looked for",
    ),
    (
        r"phy-med recluster ",
        "looks at groups that are not there, and on clusters; tests/app/test_recluster_command.py does, here its "
        "options are looked for",
    ),
    (r"phy-med train\b", "simulates for a minute; tests/app/test_train.py does, here its options are looked for"),
    (r"(dask|ipcluster) ", "starts a cluster; tests/compute/pipeline does"),
    (r"phy-med sort ", "sorts for a while; tests/app/test_sort.py does, here its options are looked for"),
    (r"python -m mkdocs ", "is what tests/docs/test_site.py does"),
)
"""Pattern of a line -> why it is not run, and what is looked for instead."""

NOT_EXECUTED = {
    "motion.md": "tests/compute/motion/test_handover.py runs the marked examples with peaks and recordings",
    "pipeline.md": "tests/compute/pipeline/test_slurm.py runs the marked example on a cluster of this machine",
}
"""Page -> who runs its Python."""


@pytest.fixture(scope="module")
def original(brief_folder) -> Iterator[Path]:
    """A small dataset with two motions in its store, a Kwik file, a raw file and arrays of peaks."""
    from phy_medicine.io.simulate import SimulationSettings, simulate

    settings = SimulationSettings(
        channels=16, units=10, duration_s=20.0, drift="zigzag", oversplit=0.4, events=8, seed=1
    )
    with brief_folder() as place, pytest.MonkeyPatch.context() as patch:
        folder = simulate(place / "data", settings).parent
        patch.setenv("PHY_MEDICINE_HOME", str(folder.parent / "home"))
        patch.setenv("PHY_MEDICINE_PHY_DIR", str(folder.parent / "phy"))
        patch.chdir(folder)
        for line in ("motion params.py", "motion params.py", "export params.py --to kwik --out recording.kwik"):
            result = CliRunner().invoke(cli, shlex.split(line))
            assert result.exit_code == 0, result.output
        raw = np.fromfile(folder / "recording.dat", np.int16, 16 * 2 * 30_000)
        raw.tofile(folder / "raw.bin")
        np.save(folder / "positions.npy", np.load(folder / "channel_positions.npy"))
        np.save(folder / "t.npy", np.load(folder / "spike_times.npy") / 30_000)
        np.save(folder / "z.npy", np.load(folder / "spike_positions.npy")[:, 1])
        np.save(folder / "a.npy", np.load(folder / "amplitudes.npy"))
        points = np.random.default_rng(0).normal(size=(300, 3))
        np.save(folder / "features.npy", points)
        np.save(folder / "more.npy", points[:20])
        yield folder


class KeptProbe:
    """A probe of the doctor that asks once for all pages."""

    _answers: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, module: str) -> None:
        self._module = module

    def wait(self, *_: object) -> Any:
        """Return the answer."""
        if self._module not in self._answers:
            self._answers[self._module] = Probe(self._module).wait()
        return self._answers[self._module]


class Reader:
    """Somebody who types what a page says, in a folder of their own."""

    def __init__(self, page: str, original: Path, folder: Path) -> None:
        self._page, self._original, self._folder = page, original, folder
        self._module = f"docs_{page.partition('.')[0]}"
        sys.modules[self._module] = module = ModuleType(self._module)
        self.names: dict[str, Any] = module.__dict__
        self._opened: list[Any] = []
        self.windows: list[Any] = []

    def do(self, example: Example) -> None:
        """Do one example; fails with its place when it does not work."""
        if example.language == "shell":
            self.type(example)
        elif named := re.match(r"# ~/\.phy_medicine/(\w+\.py)\n", example.text):
            self.configure(example, named[1])
        else:
            self.execute(example)

    def type(self, example: Example) -> None:
        """Run a line in this process."""
        line = _line(example)
        for word, there in STAND_INS.items():
            line = line.replace(word, there)
        program, *words = shlex.split(line)
        assert program == "phy-med", f"{example.place}: what is {line!r}?"
        command = words[0]
        if command in FRESH:
            self._put_back()
        if command in CURATED:
            self._curate()
        if words[-2:] == ["--out", "recording.kwik"]:
            for path in self._folder.glob("recording.kw*"):
                path.unlink()
        if command in WINDOWS and "--quit" not in words:
            words.append("--quit")
        small = SMALL.get(" ".join(words[:2]), SMALL.get(command, ()))
        result = CliRunner().invoke(cli, [*words, *small], input=ANSWERS)
        assert result.exit_code == 0, f"{example.place}: {line}\n{result.output}\n{result.exception!r}"
        if command == "replay":
            shutil.rmtree(self._folder / "copy")

    def execute(self, example: Example) -> None:
        """Run a block of Python after those before it."""
        try:
            exec(compile(example.text, example.place, "exec"), self.names)
        except Exception as error:
            pytest.fail(f"{example.place}: {type(error).__name__}: {error}\n{example.text}")

    def configure(self, example: Example, name: str) -> None:
        """Read a block as the file of the user's settings that it says to be."""
        path = user_dir() / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(example.text, "utf-8")
        problems = [str(p) for p in read_configuration(self._folder).problems]
        path.unlink()
        assert problems == [], example.place

    def open(self) -> Any:
        """Return a session of the page, as it says `session` without opening one."""
        self._opened.append(pm.open(self._folder / "params.py"))
        return self._opened[-1]

    def leave(self) -> None:
        """Close what the page opened, and forget what it registered."""
        for window in self.windows:
            window.scripted = True
            window.close()
        plugin.forget(self._module)
        sys.modules.pop(self._module)
        for kind in {k.name for k in job_kinds.kinds()} & {"rate"}:
            job_kinds.unregister(kind)
        for session in [*self._opened, self.names.get("session")]:
            if session is not None:
                session.close()

    def _curate(self) -> None:
        own, copy = self._folder / ".phy_medicine", self._folder / "copy"
        if not copy.exists():
            shutil.copytree(self._original, copy)
        if (own / "journal" / "second.jsonl").exists():
            return
        self._put_back()
        shutil.rmtree(own / "backups", ignore_errors=True)
        for name in ("first", "second"):
            with contextlib.closing(pm.open(self._folder / "params.py")) as session:
                session.merge(session.cluster_ids[:2])
                session.save()
            (made,) = (p for p in (own / "journal").iterdir() if p.name[0] == "2")
            made.rename(made.with_name(f"{name}.jsonl"))
        min((own / "backups").iterdir()).rename(own / "backups" / "20260101T120000_000000Z")

    def _put_back(self) -> None:
        shutil.rmtree(self._folder / ".phy_medicine" / "journal", ignore_errors=True)
        for path in self._folder.glob("cluster_*.tsv"):
            path.unlink()
        for path in (self._original / "spike_clusters.npy", *self._original.glob("cluster_*.tsv")):
            shutil.copy(path, self._folder)


def _line(example: Example) -> str:
    """A line to type without the remark after it."""
    return example.text.partition("  #")[0].strip()


def _is_run(example: Example) -> bool:
    return example.language == "shell" and not any(re.match(pattern, example.text) for pattern, _ in NOT_RUN)


def _executed(example: Example) -> bool:
    return example.language == "python" and example.page not in NOT_EXECUTED


RUN = {page.name: [e for e in examples(page) if _is_run(e) or _executed(e)] for page in PAGES}
# Half of what the page of all commands says, which is made from their help, other pages say too.
_ELSEWHERE = {_line(e) for page, found in RUN.items() for e in found if page != "commands.md"}
RUN["commands.md"] = [e for e in RUN["commands.md"] if _line(e) not in _ELSEWHERE]


@pytest.fixture
def reader(original: Path, tmp_path: Path, monkeypatch, request) -> Iterator[Callable[[str], Reader]]:
    """Opens a page: gives a reader who sits in a copy of the dataset."""
    readers = []

    def open_page(page: str) -> Reader:
        shutil.copytree(original, tmp_path / "data")
        monkeypatch.chdir(tmp_path / "data")
        # One home for all pages keeps the machine code of kernels, which takes some ten seconds to compile.
        monkeypatch.setenv("PHY_MEDICINE_HOME", str(original.parent / "home"))
        monkeypatch.setattr("phy_medicine.app.doctor.Probe", KeptProbe)
        monkeypatch.setattr("phy_medicine.compute.localize.figure_parts.DPI", 40)
        readers.append(Reader(page, original, tmp_path / "data"))
        return readers[-1]

    yield open_page
    for one in readers:
        one.leave()


@pytest.mark.parametrize("page", [name for name, found in RUN.items() if found])
def test_what_the_page_says_works(page: str, reader: Callable[[str], Reader]):
    who = reader(page)
    given = GIVEN.get(page)
    if given is not None:
        who.names |= given(who)
    for example in RUN[page]:
        who.do(example)


def _of_plugins(who: Reader) -> dict[str, Any]:
    """What plugins_data.md takes for granted."""
    from phy_medicine import plugin as api

    names = {name: getattr(api, name) for name in ("Similarity", "ClusterColors", "TraceFilter")}
    return {**names, "session": who.open(), "function": lambda *_: None}


def _of_the_console(who: Reader) -> dict[str, Any]:
    """The names of the console of a window."""
    window = pm.show(who.open())
    who.windows.append(window)
    return window.console._names()


def _of_a_backup(who: Reader) -> dict[str, Any]:
    """A backup of the name that kwik.md says."""
    session = pm.open("recording.kwik")
    session.move("good", cluster_ids=session.cluster_ids[:1])
    session.save()
    session.close()
    backups = Path(".phy_medicine/backups")
    next(backups.glob("*.npz")).rename(backups / "20260101T101500_000000Z-recording.0.main.npz")
    return {}


GIVEN: dict[str, Callable[[Reader], dict[str, Any]]] = {
    "plugins_data.md": _of_plugins,
    "console.md": _of_the_console,
    "kwik.md": _of_a_backup,
}
"""Page -> what its Python needs that it does not make itself."""


def test_every_page_has_its_examples_collected():
    assert {"README.md", "commands.md", "exports.md", "curation.md"} <= set(RUN)
    assert sum(map(len, RUN.values())) > 50


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_block_without_a_language_holds_only_commands(page: Path):
    known = [rf"phy-med ({'|'.join(COMMANDS)})\b", *(pattern for pattern, _ in NOT_RUN)]
    strange = [e for e in examples(page) if e.language == "shell" and not re.match("|".join(known), e.text)]
    assert [f"{e.place}: {e.text}" for e in strange] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lines_that_are_not_run_name_what_there_is(page: Path):
    makefile = (ROOT / "Makefile").read_text("utf-8")
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    for example in (*examples(page), *mentions(page)):
        if example.language != "shell":
            continue
        if target := re.match(r"make (\w+)", example.text):
            assert re.search(rf"(?m)^{target[1]}:", makefile), example.place
        if module := re.match(r"python -m (benchmarks\.\w+)", example.text):
            assert importlib.util.find_spec(module[1]), example.place
        if example.text.startswith("phy-med ") and not _is_run(example):
            assert _unknown_options(example) == [], example.place
    for extra in re.findall(r"pip install [\"']?phy-medicine\[(\w+)\]", page.read_text("utf-8")):
        assert extra in setup["options.extras_require"], page.name


@pytest.mark.parametrize("page", [p for p in PAGES if p.name != "changelog.md"], ids=lambda page: page.name)
def test_commands_mentioned_in_text_have_these_options(page: Path):
    for example in mentions(page):
        assert _unknown_options(example) == [], f"{example.place}: {example.text}"


def _unknown_options(example: Example) -> list[str]:
    """The options of a line, or of the part of one, that its command does not have."""
    words = [w for w in example.text.partition("  #")[0].replace("...", "").split()[1:] if w != "|"]
    if not words or words[0] in ("COMMAND", "--help"):
        return []
    command = cli.get_command(click.Context(cli), words[0])
    assert command is not None, f"{example.place}: there is no command {words[0]}"
    if isinstance(command, click.Group) and words[1:] and words[1] in command.commands:
        command = command.commands[words[1]]
    options = {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | {"--help"}
    return [w for w in words if w.startswith("--") and w.rstrip(",;") not in options]


def test_examples_that_others_run_are_run_by_them():
    for page, reason in NOT_EXECUTED.items():
        runner = (ROOT / reason.split()[0]).read_text("utf-8")
        for example in examples(ROOT / "docs" / page):
            if example.language == "python":
                assert example.mark, example.place
                assert f'"{example.mark}"' in runner, example.place


@pytest.mark.parametrize("name", ["window.md", "configuration.md"])
def test_files_shown_as_examples_can_be_read(name: str):
    import json
    import tomllib

    readers = {"json": json.loads, "toml": tomllib.loads}
    found = [e for e in examples(ROOT / "docs" / name) if e.language in readers]
    assert found
    for example in found:
        assert readers[example.language](example.text), example.place
