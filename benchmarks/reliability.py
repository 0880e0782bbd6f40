"""What becomes of a curation, and of the user's machine, when things go wrong: ours and phy 2.1.0 on the same cases.

    python -m benchmarks.reliability [--phy PYTHON] [--work DIR] [--cases NAME ...] [--out result.json]

Needs a display (`xvfb-run -a -s "-screen 0 1920x1200x24" python -m benchmarks.reliability ...`). PYTHON is the
interpreter of an environment that holds phy 2.1.0; without it ours alone is walked. Every case starts with a fresh
copy of a small simulated dataset, damages it or interrupts the program, and says in a few words what came of it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import pickle
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

PHY_SCRIPT = Path(__file__).with_name("reliability_phy.py")
ALL = ("merge:0+1", "good:2", "save")
LIMIT_S = 240
N_KILLS = 12


@dataclass(frozen=True, slots=True)
class Walk:
    """What one run printed: the steps that were done, and how it ended."""

    done: tuple[str, ...]
    end: str
    text: str

    @property
    def outcome(self) -> str:
        """In a few words: that all was done, the sentence of a refusal, or the error it broke with."""
        if self.end == "ended":
            told = ", says what is wrong" if "\nremark " in self.text else ""
            return f"opens{told}, curates and saves"
        place = f"at {_verb(self.done)}: " if self.done else "does not open: "
        return place + self.end


def _verb(done: tuple[str, ...]) -> str:
    following = {"open": "merge"} | {step: after.partition(":")[0] for step, after in itertools.pairwise(ALL)}
    return following.get(done[-1], "end")


@dataclass(frozen=True, slots=True)
class Program:
    """How to start one of the two.

    home : the user's folder, where both keep settings and what they compiled
    """

    name: str
    command: tuple[str, ...]
    home: Path

    def start(self, dataset: Path, *steps: str) -> subprocess.Popen[str]:
        """Start a walk in a process of its own."""
        return subprocess.Popen(
            [*self.command, str(dataset), *steps],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "HOME": str(self.home), "PYTHONUNBUFFERED": "1"},
        )

    def walk(self, dataset: Path, *steps: str) -> Walk:
        """Do steps and wait for their end."""
        walk = finished(self.start(dataset, *steps))
        return replace(walk, end=walk.end.replace(f"{dataset}/", "").replace(str(dataset), dataset.name))


def finished(process: subprocess.Popen[str]) -> Walk:
    """Wait for a walk and read what it said."""
    try:
        text, _ = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return Walk((), "hangs", process.communicate()[0])
    done = tuple(re.findall(r"^done (.*)$", text, re.MULTILINE))
    if process.returncode == 0:
        return Walk(done, "ended", text)
    if process.returncode < 0:
        return Walk(done, "killed", text)
    refused = re.findall(r"^refused (.*)$", text, re.MULTILINE)
    if refused:
        return Walk(done, f"“{refused[-1]}”", text)
    errors = re.findall(r"^((?:\w+\.)*\w*(?:Error|Exception|SystemExit)\b.*)$", text, re.MULTILINE)
    last = errors[-1][:100] if errors else f"exit code {process.returncode}"
    return Walk(done, f"traceback, {last}" if "Traceback" in text else last, text)


class Evil:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


def change(path: Path, edit: Callable[[np.ndarray], np.ndarray | None]) -> None:
    """Damage an array."""
    array = np.load(path)
    edited = edit(array)
    np.save(path, array if edited is None else edited)


# Cases: each takes a program and a fresh dataset, and says what came of it.

Case = Callable[[Program, Path], str]
CASES: dict[str, Case] = {}


def case(title: str) -> Callable[[Case], Case]:
    """Add a case to the table."""

    def add(function: Case) -> Case:
        CASES[title] = function
        return function

    return add


@case("nothing wrong")
def _(program: Program, data: Path) -> str:
    return program.walk(data, *ALL).outcome


@case("code in `params.py`")
def _(program: Program, data: Path) -> str:
    with (data / "params.py").open("a") as file:
        file.write(f"\nopen({str(data / 'ran')!r}, 'w').close()\n")
    walk = program.walk(data)
    return ("**the code runs**; " if (data / "ran").exists() else "the code does not run; ") + (
        "opens" if walk.end == "ended" else walk.outcome
    )


@case("pickles in the caches of the dataset")
def _(program: Program, data: Path) -> str:
    for place in (
        ".phy/spikes_per_cluster.pkl",
        ".phy/memcache/phy.apps.base.get_mean_spike_template_amplitudes.pkl",
        ".phy_medicine/cache/spikes_per_cluster.pkl",
    ):
        (data / place).parent.mkdir(parents=True, exist_ok=True)
        (data / place).write_bytes(pickle.dumps(Evil(data / f"ran{len(list(data.glob('ran*')))}")))
    program.walk(data)
    return "**they run**" if list(data.glob("ran*")) else "they do not run"


@case("pickle inside an npy file")
def _(program: Program, data: Path) -> str:
    np.save(data / "amplitudes.npy", np.array([Evil(data / "ran")] * 5, dtype=object), allow_pickle=True)
    walk = program.walk(data, *ALL)
    return ("**it runs**; " if (data / "ran").exists() else "it does not run; ") + walk.outcome


@case("killed between a merge and the save")
def _(program: Program, data: Path) -> str:
    program.walk(data, "merge:0+1", "good:2", "kill")
    if program.name == "ours":
        walk = _recovered(data)
        return "nothing is lost: both actions are offered at the next opening" if walk == 2 else f"**{2 - walk} lost**"
    kept = " 0=" not in _printed(program.walk(data, "count").text, "counts")
    return "nothing is lost" if kept else "**both actions are lost**"


def _recovered(data: Path) -> int:
    from phy_medicine.session.session import Session

    session = Session.open(data / "params.py", recover=True)
    n = 2 - (0 in session.cluster_ids) - (session.manager.labels.get("group", 2) != "good")
    session.close()
    return n


@case("killed between two files of a save")
def _(program: Program, data: Path) -> str:
    before = np.load(data / "spike_clusters.npy")
    program.walk(data, "merge:0+1", "good:2", "save-killed-between-files")
    left = _mixed(not np.array_equal(before, np.load(data / "spike_clusters.npy")), _good_on_disk(data))
    text = program.walk(data, "count").text
    shown = _mixed(" 0=" not in _printed(text, "counts"), " 2=good" in _printed(text, "groups"))
    return f"on disk {left}; at the next opening {shown}"


def _good_on_disk(data: Path) -> bool:
    path = data / "cluster_group.tsv"
    return path.exists() and bool(re.search(r"^2\tgood$", path.read_text(), re.MULTILINE))


def _mixed(labels: bool, groups: bool) -> str:
    """Say which of the two are of the save."""
    if labels == groups:
        return f"both are {'new' if labels else 'old'}"
    return "**labels are new, groups old**" if labels else "**labels are old, groups new**"


def _printed(text: str, what: str) -> str:
    """What a walk printed of all clusters, each after a space."""
    lines: list[str] = re.findall(rf"^{what}( .*)$", text, re.MULTILINE)
    return lines[-1] if lines else ""


@case(f"killed inside a save, {N_KILLS} times")
def _(program: Program, data: Path) -> str:
    torn = 0
    for _turn in range(N_KILLS):
        process = program.start(data, "save-for-ever")
        assert process.stdout is not None
        for text in process.stdout:
            if text.startswith("done open"):
                break
        time.sleep(random.uniform(0.5, 1.5))
        process.kill()
        process.communicate()
        try:
            torn += len(np.load(data / "spike_clusters.npy")) != len(np.load(data / "spike_times.npy"))
        except Exception:
            torn += 1
    left = list(data.glob(".*.tmp"))
    return f"{torn} torn files" + (f", {len(left)} temporary files left" if left else "")


@case("two windows on one dataset, both merge and save")
def _(program: Program, data: Path) -> str:
    opened, saved = data / "b_open", data / "a_saved"
    b = program.start(data, f"touch:{opened}", f"wait:{saved}", "merge:4+5", "save")
    a = program.start(data, f"wait:{opened}", "merge:0+1", "save", f"touch:{saved}")
    finished(a)
    second = finished(b)
    survived = not {0, 1} & set(np.load(data / "spike_clusters.npy").tolist())
    if second.end != "ended":
        return f"the second is refused: {second.end}"
    return "both are kept" if survived else "**the second save erases the first's merge, in silence**"


@case("labels changed by another program since the last session")
def _(program: Program, data: Path) -> str:
    program.walk(data, "save")

    def rolled(labels: np.ndarray) -> np.ndarray:
        ids = np.unique(labels)
        return np.roll(ids, 1)[np.searchsorted(ids, labels)].astype(labels.dtype)

    change(data / "spike_clusters.npy", rolled)
    ids, counts = np.unique(np.load(data / "spike_clusters.npy"), return_counts=True)
    truth = " ".join(f"{c}={n}" for c, n in zip(ids.tolist(), counts.tolist(), strict=True))
    shown = re.findall(r"^counts (.*)$", program.walk(data, "count").text, re.MULTILINE)
    return (
        "the new labels are shown" if shown and shown[-1] == truth else "**the old spikes of each cluster are shown**"
    )


def damaged(title: str, name: str, edit: Callable[[np.ndarray], np.ndarray | None]) -> None:
    """Add a case in which one array is wrong."""

    @case(title)
    def _(program: Program, data: Path) -> str:
        change(data / name, edit)
        before = (data / name).read_bytes()
        walk = program.walk(data, *ALL)
        rewritten = name != "spike_clusters.npy" and (data / name).read_bytes() != before
        return walk.outcome + ("; **the file is rewritten**" if rewritten else "")


def _nan_templates(array: np.ndarray) -> None:
    array[0] = np.nan


def _swapped(array: np.ndarray) -> None:
    array[[100, 5000]] = array[[5000, 100]]


def _far(array: np.ndarray) -> None:
    array[-500:] += 3_000_000


def _nan_amplitudes(array: np.ndarray) -> None:
    array[::3] = np.nan


def _negative(array: np.ndarray) -> np.ndarray:
    return np.where(array == array.min(), -1, array).astype(np.int32)


damaged("a template of NaN", "templates.npy", _nan_templates)
damaged("negative cluster ids", "spike_clusters.npy", _negative)
damaged("labels shorter than the spikes", "spike_clusters.npy", lambda a: a[:-7])
damaged("spike times out of order", "spike_times.npy", _swapped)
damaged("spikes after the end of the recording", "spike_times.npy", _far)
damaged("every third amplitude NaN", "amplitudes.npy", _nan_amplitudes)


@case("`spike_times.npy` of 0 bytes")
def _(program: Program, data: Path) -> str:
    (data / "spike_times.npy").write_bytes(b"")
    return program.walk(data, *ALL).outcome


@case("no `templates.npy`")
def _(program: Program, data: Path) -> str:
    (data / "templates.npy").unlink()
    return program.walk(data, *ALL).outcome


@case("no raw file")
def _(program: Program, data: Path) -> str:
    for path in data.glob("*.dat"):
        path.unlink()
    return program.walk(data, *ALL).outcome


def make_dataset(folder: Path) -> None:
    """Simulate a small recording that was sorted, as both programs read it."""
    options = ["--channels", "32", "--units", "12", "--duration", "60", "--overwrite"]
    subprocess.run([sys.executable, "-m", "phy_medicine", "simulate", str(folder), *options], check=True)


def home(work: Path, name: str) -> Path:
    """Return an empty home that everybody may write."""
    folder = (work / f"home of {name}").resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    return folder


def main() -> None:
    """Parse the command line, walk and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phy", help="interpreter of an environment with phy 2.1.0")
    parser.add_argument("--work", type=Path, default=Path("reliability_benchmark"))
    parser.add_argument("--cases", nargs="*", help="parts of titles; all by default")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    commands: dict[str, tuple[str, ...]] = {"ours": (sys.executable, "-m", "benchmarks.reliability_ours")}
    if args.phy:
        commands["phy 2.1.0"] = (args.phy, str(PHY_SCRIPT))
    programs = [Program(name, command, home(args.work, name)) for name, command in commands.items()]
    source = args.work / "source"
    make_dataset(source)
    print("| case | " + " | ".join(p.name for p in programs) + " |\n" + "|---" * (1 + len(programs)) + "|")
    results: dict[str, dict[str, str]] = {}
    for title, function in CASES.items():
        if args.cases and not any(part in title for part in args.cases):
            continue
        results[title] = {}
        for program in programs:
            folder = (args.work / "case").resolve()
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(source, folder)
            results[title][program.name] = function(program, folder)
        print(f"| {title} | " + " | ".join(results[title].values()) + " |", flush=True)
    if args.out:
        args.out.write_text(json.dumps(results, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
