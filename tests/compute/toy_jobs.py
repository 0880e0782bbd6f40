"""Tiny kinds of jobs for tests of the queue: well behaved ones, and each way of going wrong."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import setting
from phy_medicine.compute.job_context import JobContext
from phy_medicine.compute.job_kinds import JobKind


@dataclass(frozen=True)
class ToySettings:
    """Settings of all toy jobs."""

    steps: int = setting(3, "Number of steps", minimum=1, maximum=1_000_000)
    step_ms: float = setting(0.0, "Length of a step", unit="ms", minimum=0.0)
    factor: float = setting(2.0, "What times are multiplied with")
    how: str = setting("memory", "How it goes wrong")


def toy(name: str, function: str = "", **more: object) -> JobKind:
    """Return a kind of this file."""
    return JobKind(name, name.capitalize(), "toy_jobs:ToySettings", f"toy_jobs:{function or name}", **more)


def double(context: JobContext) -> Mapping[str, np.ndarray]:
    """Multiply the input, step by step."""
    s = context.settings
    result = np.zeros(4)
    for i in range(s.steps):
        time.sleep(s.step_ms / 1e3)
        result += 1
        context.preview(so_far=result)
        context.progress((i + 1) / s.steps, f"Step {i + 1}")
    context.log(f"did {s.steps} steps on {context.device}")
    context.facts["steps"] = np.int64(s.steps)
    context.units["doubled"] = "s"
    times = np.asarray(context.inputs["times_s"]) if "times_s" in context.inputs else np.arange(3.0)
    return {"doubled": times * s.factor, "threads": np.array(int(os.environ.get("OMP_NUM_THREADS", 0)))}


def forever(context: JobContext) -> Mapping[str, np.ndarray]:
    """Make progress until it is cancelled."""
    while True:
        context.progress(0.5, "still here")
        time.sleep(0.01)


def patient(context: JobContext) -> Mapping[str, np.ndarray]:
    """Keep half of the work and wait until it is cancelled; an interrupted one goes on from there."""
    assert context.kept is not None
    half = context.kept / "half.npy"
    while not half.exists():
        np.save(context.kept / "draft.npy", np.arange(3.0) * context.settings.factor)
        (context.kept / "draft.npy").rename(half)
        while True:
            context.preview(x_um=np.arange(5.0), depth_um=np.arange(5.0))
            context.progress(0.5, "half is done")
            time.sleep(0.01)
    return {"doubled": np.load(half) * 2, "displacement": np.ones(2)}


def deaf(context: JobContext) -> Mapping[str, np.ndarray]:
    """Look at nothing, not even at a polite request to end; a child of its own does the same."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = os.fork()
    if child:
        context.progress(0.1, f"child {child}")
        print("deaf", flush=True)
    while True:
        time.sleep(60)


def wrong(context: JobContext) -> Mapping[str, np.ndarray]:
    """Go wrong in the way of the settings."""
    context.progress(0.2, "about to go wrong")
    match context.settings.how:
        case "memory":
            raise MemoryError("cannot allocate 3 TiB")
        case "real memory":
            np.ones((1 << 44,), dtype=np.uint8)
        case "card":
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB")
        case "sentence":
            raise PhyMedError("There are no peaks; use another threshold.")
        case "fault":
            raise KeyError("level")
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "segfault":
            ctypes.string_at(0)
        case "exit":
            os._exit(0)
        case "objects":
            return {"x": np.array([object()])}
        case "nothing":
            return None  # type: ignore[return-value]
        case "quit":
            sys.exit("good bye")
    return {}


def chatty(context: JobContext) -> Mapping[str, np.ndarray]:
    """Print to both streams of the process, as libraries do."""
    print("printed by python")
    os.write(1, b"printed by a library\n")
    print("to the error stream", file=sys.stderr)
    context.log("said properly\nin two lines")
    return {"x": np.arange(2)}
