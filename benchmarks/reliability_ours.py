"""Walk our window through steps on one dataset; run by `benchmarks/reliability.py`.

    python -m benchmarks.reliability_ours DATASET STEP ...

Prints "done STEP" after each step: merge:A+B, good:C, save, kill, save-killed-between-files, save-for-ever, count,
wait:FILE, touch:FILE. A refusal is printed as "refused SENTENCE", and ends the walk.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path


def kill() -> None:
    """Die as in a power cut."""
    os.kill(os.getpid(), signal.SIGKILL)


def kill_at_second_file(dataset: Path) -> None:
    """Die when a save has put its first file in place, and is about to put the second."""
    replace, placed = Path.replace, []

    def one_only(self: Path, target: Path) -> Path:
        if Path(target).parent == dataset:
            if placed:
                kill()
            placed.append(target)
        return replace(self, target)

    Path.replace = one_only  # type: ignore[method-assign]


def walk(dataset: Path, steps: list[str]) -> None:
    """Open the window and do the steps."""
    import numpy as np

    from benchmarks.selection import Driver

    driver = Driver(dataset / "params.py")
    session = driver.session
    for check in session.model.checks:
        if check.severity == "warning":
            print("remark", check)
    print("done open", flush=True)
    for step in steps:
        verb, _, rest = step.partition(":")
        if verb == "merge":
            ids = [int(c) for c in rest.split("+")]
            driver.step(lambda ids=ids: session.select(ids))
            driver.step(session.merge)
        elif verb == "good":
            driver.step(lambda c=int(rest): session.move("good", cluster_ids=[c]))
        elif verb == "save":
            session.save()
        elif verb == "kill":
            kill()
        elif verb == "save-killed-between-files":
            kill_at_second_file(dataset.resolve())
            session.save()
        elif verb == "save-for-ever":
            spikes = np.arange(session.model.n_spikes)
            while True:
                session.split(spikes[: len(spikes) // 2])
                session.save()
        elif verb == "count":
            sizes = {c: len(session.facts.spikes(c)) for c in session.cluster_ids}
            print("counts", *(f"{c}={n}" for c, n in sizes.items()), flush=True)
            groups = {c: session.manager.group(c) for c in session.cluster_ids}
            print("groups", *(f"{c}={group}" for c, group in groups.items() if group), flush=True)
        elif verb == "wait":
            while not Path(rest).exists():
                driver.settle()
                time.sleep(0.1)
        elif verb == "touch":
            Path(rest).touch()
        driver.settle()
        print("done", step, flush=True)
    os._exit(0)


def main() -> None:
    from phy_medicine.base.errors import PhyMedError

    try:
        walk(Path(sys.argv[1]), sys.argv[2:])
    except PhyMedError as error:
        print("refused", error, flush=True)
        os._exit(1)


if __name__ == "__main__":
    main()
