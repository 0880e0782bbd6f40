"""The long run: feeds every reader, each in a process of its own, and prints what became of it."""

from __future__ import annotations

import argparse
import base64
import faulthandler
import json
import logging
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ENGINES = ("hypothesis", "atheris")
_MOST_DEATHS = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says; 1 when anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help="names of targets; all by default")
    parser.add_argument("--inputs", type=int, default=1_200_000, help="of all targets and both engines together")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="what the inputs follow from")
    parser.add_argument("--engine", choices=(*ENGINES, "both", "short", "corpus"), default="both")
    parser.add_argument("--keep", action="store_true", help="keep what is found in the corpus")
    parser.add_argument("--report", type=Path, help="JSON file for the counts")
    parser.add_argument("--jobs", type=int, default=1, help="targets at the same time")
    parser.add_argument("--serve", choices=("plain", "counted"), help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.serve is not None:
        return _serve(chosen.serve == "counted")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    return _all(chosen)


@dataclass(slots=True)
class Score:
    """What became of the inputs of one target."""

    n: int = 0
    last_n: int = 0
    refused: int = 0
    seconds: float = 0.0
    findings: dict[str, tuple[str, bytes, int]] = field(default_factory=dict)

    def add(self, told: dict[str, Any]) -> None:
        """Add what one process did."""
        self.n += told["n"]
        self.last_n = told["n"]
        self.refused += told["refused"]
        self.seconds += told["seconds"]
        for kind, (what, data, times) in told["findings"].items():
            before = self.findings.get(kind, ("", b"", 0))[2]
            self.findings[kind] = what, base64.b64decode(data), before + times

    def facts(self) -> dict[str, Any]:
        """Return the counts for a report."""
        return {"inputs": self.n, "refused": self.refused, "seconds": self.seconds, "faults": list(self.findings)}


def _all(chosen: argparse.Namespace) -> int:
    from tests.fuzz.table import table

    targets = {name: table()[name] for name in chosen.targets or table()}
    total = sum(target.share for target in targets.values())
    print(f"seed {chosen.seed}", flush=True)
    queue = list(targets.values())
    scores: dict[str, Score] = {}

    def work() -> None:
        servers = {counted: Server(counted=counted) for counted in _servers(chosen.engine)}
        while queue:
            target = queue.pop(0)
            score = Score()
            for engine, n in _plan(chosen.engine, round(chosen.inputs * target.share / total), target.coverage):
                _run(servers[engine == "atheris"], target.name, engine, n, chosen.seed, score)
            scores[target.name] = score
            _print(target.name, score, keep=chosen.keep)
        for server in servers.values():
            server.close()

    with ThreadPoolExecutor(chosen.jobs) as pool:
        for one in [pool.submit(work) for _ in range(chosen.jobs)]:
            one.result()
    n, found = (sum(counts) for counts in zip(*((s.n, len(s.findings)) for s in scores.values()), strict=True))
    print(f"{n:,} inputs of {len(scores)} readers, {found} faults found")
    if chosen.report is not None:
        chosen.report.write_text(json.dumps({name: scores[name].facts() for name in targets}, indent=1))
    return 1 if found else 0


def _servers(engine: str) -> tuple[bool, ...]:
    return (False, True) if engine == "both" and _has_atheris() else (engine == "atheris",)


def _print(name: str, score: Score, *, keep: bool) -> None:
    from tests.fuzz import corpus

    rate = score.n / max(score.seconds, 1e-9)
    lines = [f"{name:16} {score.n:9,} inputs {score.refused:9,} refused {rate:8,.0f}/s {len(score.findings):3} found"]
    for kind, (what, data, times) in score.findings.items():
        kept = corpus.keep(name, data) if keep else None
        lines += [f"    {kind} ({times}): {what}", f"        {data[:120]!r} {kept or ''}"]
    print("\n".join(lines), flush=True)


def _plan(engine: str, n: int, coverage: bool) -> list[tuple[str, int]]:
    """How many inputs each engine makes: most by coverage, which is four times as fast, where that helps."""
    if engine == "both":
        return [
            ("corpus", 0),
            ("hypothesis", n // 20 if coverage else n),
            *([("atheris", n - n // 20)] if coverage and _has_atheris() else []),
        ]
    return [("corpus", 0), ("hypothesis", n)] if engine == "short" else [(engine, n)]


def _has_atheris() -> bool:
    from importlib.util import find_spec

    return find_spec("atheris") is not None


class Server:
    """A process that has imported the program and forks for each target; `counted`: with its branches counted."""

    def __init__(self, *, counted: bool) -> None:
        command = [sys.executable, "-m", "tests.fuzz", "--serve", "counted" if counted else "plain"]
        errors = subprocess.DEVNULL if counted else None  # atheris names every module
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        )

    def run(self, task: dict[str, Any]) -> int:
        """Have a task done and return the exit code, negative for a signal."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _run(server: Server, name: str, engine: str, n: int, seed: int, score: Score) -> None:
    """Feed a target so many inputs; a process that died is a finding, and the next goes on."""
    left, deaths = n, 0
    while deaths < _MOST_DEATHS:
        with TemporaryDirectory(prefix="fuzz") as place:
            folder = Path(place)
            code = server.run({"name": name, "engine": engine, "n": left, "seed": seed + deaths, "folder": place})
            if (folder / "told.json").exists():
                score.add(json.loads((folder / "told.json").read_text()))
                return
            score.add(_died(folder, code))
        count, deaths = score.last_n, deaths + 1
        left = max(0, left - count)
        if engine == "corpus" or not left or not count:
            return


def _died(folder: Path, code: int) -> dict[str, Any]:
    """Return what is known of a process that ended in the middle of an input."""
    last, counter, errors = (folder / part for part in ("last", "n", "errors"))
    data = last.read_bytes() if last.exists() else b""
    n = int(counter.read_text() or 0) if counter.exists() else 0
    words = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    lines = errors.read_text("utf-8", errors="replace").strip().splitlines() if errors.exists() else []
    finding = " | ".join(line[:200] for line in lines[-12:]), base64.b64encode(data).decode(), 1
    return {"n": n, "refused": 0, "seconds": 0.0, "findings": {f"the process died: {words}": finding}}


def _serve(counted: bool) -> int:
    """Import everything, then fork for each task on stdin and tell on stdout how it ended."""
    if counted:
        from tests.fuzz import by_coverage

        by_coverage.instrument()
    from tests.fuzz.guard import load_codecs
    from tests.fuzz.table import table

    table()
    load_codecs()
    out = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for line in sys.stdin:
        task = json.loads(line)
        process = os.fork()
        if process == 0:
            _work(task)
        _, status = os.waitpid(process, 0)
        out.write(f"{os.waitstatus_to_exitcode(status)}\n")
        out.flush()
    return 0


def _work(task: dict[str, Any]) -> None:
    """Feed one target in this process, write what became of it, and end."""
    folder, code = Path(task["folder"]), 1
    errors = os.open(folder / "errors", os.O_WRONLY | os.O_CREAT)
    os.dup2(errors, 2)
    os.dup2(errors, 1)
    faulthandler.enable(all_threads=False)
    try:
        _feed(folder, task["name"], task["engine"], task["n"], task["seed"])
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _feed(folder: Path, name: str, engine: str, n: int, seed: int) -> None:
    from tests.fuzz import by_coverage, by_hypothesis, corpus
    from tests.fuzz.attempt import Trial
    from tests.fuzz.guard import Guard, limit_memory
    from tests.fuzz.table import table

    os.environ["PHY_MEDICINE_HOME"] = os.environ["PHY_MEDICINE_PHY_DIR"] = str(folder / "home")
    logging.getLogger("phy_medicine").setLevel(logging.CRITICAL)
    logging.getLogger("phy_medicine").propagate = False
    with Trial(table()[name], Guard(), last=folder / "last", counter=folder / "n") as trial:
        limit_memory()
        began = time.process_time()

        def tell() -> None:
            findings = {f.kind: (f.what, base64.b64encode(f.data).decode(), f.times) for f in trial.findings.values()}
            seconds = time.process_time() - began
            facts = {"n": trial.n, "refused": trial.refused, "seconds": seconds, "findings": findings}
            (folder / "told.json").write_text(json.dumps(facts))
            trial.__exit__()

        if engine == "corpus":
            for data in (*trial.target.seeds, *corpus.kept(name)):
                trial.feed(data)
        elif engine == "hypothesis":
            by_hypothesis.feed(trial, n, seed)
        else:
            by_coverage.feed(trial.target, trial.feed, n, seed, tell)
        tell()


if __name__ == "__main__":
    sys.exit(main())
