"""The demo: simulate a drifting recording that was sorted into too many clusters, then curate it.

With a display the window opens on it. Without one, a short scripted curation runs on a virtual display and leaves
pictures in `demo/`. Called by `make demo`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from virtual_display import VIRTUAL_DISPLAY, has_display

DEMO = Path(__file__).resolve().parent.parent / "demo"
PARAMS_PY = DEMO / "data" / "params.py"
PHY_MED = (sys.executable, "-m", "phy_medicine")
SIMULATION = ("--channels", "64", "--units", "30", "--duration", "120", "--drift", "zigzag", "--oversplit", "0.25")


def main() -> None:
    """Open the window where there is a display, else leave pictures of a scripted curation."""
    if has_display():
        if not PARAMS_PY.exists():
            simulate()
        run(*PHY_MED, "template-gui", str(PARAMS_PY))
        return
    shutil.rmtree(DEMO, ignore_errors=True)
    simulate()
    # Qt complains where a machine without a desktop has not set its folder for sockets.
    runtime = DEMO / ".runtime"
    runtime.mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    curate()


def simulate() -> None:
    """Write the recording and its sorted dataset into `demo/data`."""
    print("Simulating 120 s of a drifting recording on 64 channels", flush=True)
    run(*PHY_MED, "simulate", str(PARAMS_PY.parent), *SIMULATION)


def curate() -> None:
    """Merge the two halves of over-split units, label them and save; a picture of each step."""
    (first, second), *others = oversplit_pairs()
    merges = [step for a, b in others[:3] for step in (f"c {a} {b}", "merge", "move good best")]
    look = f"c {first} {second}"
    window("1-two-halves-of-one-unit.png", "1280x800", look)
    window("2-merged.png", "1920x1200", look, "merge", "label note drift")
    window("3-curated-and-saved.png", "1920x1200", look, "merge", "move good best", *merges, "save")
    window("4-opened-again.png", "1280x800", "first", "next")
    print(f"A curated session, and pictures of it:\n  {PARAMS_PY}")
    for picture in sorted(DEMO.glob("*.png")):
        print(f"  {picture}")


def oversplit_pairs() -> list[tuple[int, int]]:
    """Return the pairs of clusters that are one unit in truth, the largest first."""
    labels = np.load(PARAMS_PY.parent / "spike_clusters.npy").ravel()
    units = np.load(PARAMS_PY.parent / "ground_truth.npz")["spike_units"]
    pairs = []
    for unit in np.unique(units[units >= 0]):
        clusters, counts = np.unique(labels[units == unit], return_counts=True)
        large = clusters[counts > 0.2 * counts.sum()]
        if len(large) == 2:
            pairs.append((int(counts.sum()), (int(large[0]), int(large[1]))))
    return [pair for _, pair in sorted(pairs, reverse=True)]


def window(picture: str, size: str, *steps: str) -> None:
    """Open the window on a virtual display, run the steps, take a picture, close."""
    print(f"{picture}: {'; '.join(steps)}", flush=True)
    does = [word for step in steps for word in ("--do", step)]
    options = ("--size", size, *does, "--screenshot", str(DEMO / picture), "--discard-journal", "--quit")
    run(*VIRTUAL_DISPLAY, *PHY_MED, "template-gui", str(PARAMS_PY), *options)


def run(*command: str) -> None:
    """Run a program; end with its exit code when it fails."""
    code = subprocess.run(command, check=False).returncode
    if code:
        sys.exit(code)


if __name__ == "__main__":
    main()
