"""Where a heavy computation runs: choosing a graphics card or the processor, and surviving a full card.

torch is imported only when a graphics card may be there, and never by the process of a window.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.log import logger

T = TypeVar("T")

AUTO, CPU = "auto", "cpu"
TORCH_CPU = "torch:cpu"
"""What the sorter does on a graphics card, done on the processor, to compare the two; for all else it is `cpu`."""
_NAME = re.compile(rf"auto|cpu|{TORCH_CPU}|mps|cuda(:\d+)?")
_SMALL_CARD = 4 << 30
_OUT_OF_MEMORY = re.compile(r"out of memory|CUBLAS_STATUS_ALLOC_FAILED|can't allocate memory", re.IGNORECASE)


def n_processors() -> int:
    """Return the processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cards() -> tuple[str, ...]:
    """Return the graphics cards that seem to be there, without asking torch, so it costs nothing.

    A name in the list is a good guess: whether torch can use the card is known only in the worker.
    """
    if sys.platform == "darwin":
        return ("mps",) if platform.machine() == "arm64" else ()
    found = sorted(int(p.name.removeprefix("nvidia")) for p in Path("/dev").glob("nvidia[0-9]*"))
    if not found and (Path("/dev/kfd").exists() or shutil.which("nvidia-smi")):
        found = [0]
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None:
        found = found[: len([name for name in hidden.split(",") if name.strip() not in ("", "-1")])]
    return tuple(f"cuda:{i}" for i in range(len(found)))


def choices() -> tuple[str, ...]:
    """Return what can be offered as device on this machine."""
    return (AUTO, CPU, *cards())


def check_name(device: str) -> str:
    """Return the name of a device, checked.

    Raises
    ------
    PhyMedError : not auto, cpu, mps, cuda or cuda:N
    """
    if not _NAME.fullmatch(device):
        raise PhyMedError(f"{device!r} is no device; use auto, cpu, mps, cuda or cuda:N.")
    return device


def resolve(device: str) -> str:
    """Return the device to compute on: `cpu`, `mps` or `cuda:N`; `auto` takes the card with most free memory.

    Raises
    ------
    PhyMedError : the device does not exist here
    """
    check_name(device)
    if device in (CPU, TORCH_CPU) or (device == AUTO and not cards()):
        return CPU
    import torch

    n_cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device in (AUTO, "cuda") and n_cuda:
        return f"cuda:{max(range(n_cuda), key=lambda i: torch.cuda.mem_get_info(i)[0])}"
    has_mps = torch.backends.mps.is_available()
    if device == AUTO:
        return "mps" if has_mps else CPU
    there = [*(f"cuda:{i}" for i in range(n_cuda)), *(["mps"] if has_mps else []), CPU]
    if device not in there:
        raise PhyMedError(f"The device {device} is not available to torch here; there is {', '.join(there)}.")
    return device


def free_bytes(device: str) -> int:
    """Return the memory that is free on a device of torch; of one that does not say it, as much as small cards have."""
    if not device.startswith("cuda"):
        return _SMALL_CARD
    import torch

    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(torch.cuda.mem_get_info(device)[0]) + kept


@contextlib.contextmanager
def exact_products(device: str) -> Iterator[None]:
    """On a graphics card, take products of matrices in full single precision, the same way each time."""
    if not device.startswith("cuda"):
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    import torch

    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, of the machine or of a graphics card."""
    return isinstance(error, MemoryError) or bool(_OUT_OF_MEMORY.search(str(error)))


def in_halves(
    step: Callable[[int], T], batch: int, *, smallest: int = 1, say: Callable[[str], object] = logger.warning
) -> tuple[T, int]:
    """Call `step(batch)`, with half the batch each time the memory of the card runs out.

    Parameters
    ----------
    batch, smallest : items at once, at first and at least
    say : told of every halving

    Returns
    -------
    What `step` returned, and the batch that fitted, to go on with

    Raises
    ------
    Whatever `step` raises, also for lack of memory once the batch is the smallest
    """
    while True:
        try:
            return step(batch), batch
        except (RuntimeError, MemoryError) as error:
            if batch <= smallest or not is_out_of_memory(error):
                raise
            batch = max(smallest, batch // 2)
            say(f"Not enough memory; going on with batches of {batch:,}.")
        _free_cards()


def _free_cards() -> None:
    """Give back what torch keeps for later; outside of the handler, whose traceback would hold the tensors."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
