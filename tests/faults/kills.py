"""Kill a curating process again and again, and look at what is left each time."""

from __future__ import annotations

import os
import select
import signal
import time
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.io.generation import recover_pending
from phy_medicine.session.session import Session
from tests.faults.replica import Replica, State, state_of
from tests.faults.zygote import Zygote

N_STEPS = 30
LONGEST_S = 0.25
"""A process that is killed by the clock lives at most so long after its opening."""
Look = Callable[[Path, list[State]], None]


class Killer:
    """Kills processes that curate one dataset, and compares what is left with the acknowledged actions.

    counts : kills by where they landed, and what came of them
    look : looks at the files of a dataset, whose labels must be those of one of some states
    """

    def __init__(self, zygote: Zygote, path: Path, measured: set[str], look: Look, seed: int = 1) -> None:
        self.counts: Counter[str] = Counter()
        self._zygote, self._path, self._look = zygote, path, look
        self._rng = np.random.default_rng(seed)
        self._replica = Replica(_opened(path)[0], measured)

    def kill(self, n: int) -> None:
        """Kill so many processes."""
        while self.counts["kills"] < n:
            self._turn()

    def _turn(self) -> None:
        death = str(self._rng.choice(["", "", "call", "save", "save"]))
        tried, ready, ended = self._curate(death)
        if ended == 0:  # it did all its steps before its time was up
            self.counts["lived"] += 1
        else:
            assert ended == -signal.SIGKILL, ended
            self.counts["kills"] += 1
            where = "opening" if not ready else "idle" if tried is None else "save" if tried == ["save"] else "action"
            self.counts[f"in {where}"] += 1
        self._compare(tried)

    def _curate(self, death: str) -> tuple[list[Any] | None, bool, int]:
        """Let a process curate and die; return the step it was at, whether it had begun, and its exit code."""
        self._zygote.start("tests.faults.driver:curate", path=str(self._path), seed=int(self._rng.integers(1 << 30)),
                           n_steps=N_STEPS, death=death)  # fmt: skip
        pid, tried, ready = 0, None, False
        end = float("inf")
        while True:
            if not select.select([self._zygote.answers], [], [], max(0.0, min(end - time.monotonic(), 60.0)))[0]:
                os.kill(pid, signal.SIGKILL)
                end = float("inf")
                continue
            for answer in self._zygote.read():
                assert "failed" not in answer, answer["failed"]
                pid = answer.get("pid", pid)
                if "ended" in answer:
                    return tried, ready, answer["ended"]
                if "ready" in answer:
                    ready = True
                    if not death:
                        end = time.monotonic() + self._rng.uniform(0, LONGEST_S)
                elif "try_" in answer:
                    tried = answer["try_"]
                elif "done" in answer:
                    assert tried is not None and self._replica.can(tried)
                    self._replica.take(tried)
                    self.counts["actions"] += 1
                    tried = None
                elif "refused" in answer:
                    tried = None

    def _compare(self, tried: list[Any] | None) -> None:
        """Look at the files, open the dataset, recover, and find every acknowledged action."""
        replica = self._replica
        acknowledged, base = replica.state, replica.base
        self._look(self._path, [base, acknowledged] if tried == ["save"] else [base])
        on_disk, session = _opened(self._path)
        assert on_disk in ([base, acknowledged] if tried == ["save"] else [base])
        recovered = bool(session.recover().n_done)
        found = state_of(session), (session.history.position, len(session.history.items))
        session.close()
        self._replica = self._that_matches(found, on_disk, recovered, tried)
        recover_pending(self._path.parent)
        self._look(self._path, [on_disk])

    def _that_matches(self, found: Any, on_disk: State, recovered: bool, tried: list[Any] | None) -> Replica:
        """The replica that has what was found: all that was acknowledged, and at most what was being done."""
        exact = deepcopy(self._replica)
        exact.reopen(on_disk, recovered=recovered)
        if (exact.state, exact.place) == found:
            return exact
        assert tried is not None and tried != ["save"] and self._replica.can(tried)
        more = deepcopy(self._replica)
        more.take(tried)
        more.reopen(on_disk, recovered=recovered)
        assert (more.state, more.place) == found
        self.counts["one more"] += 1
        return more


def _opened(path: Path) -> tuple[State, Session]:
    session = Session.open(path)
    return state_of(session), session
