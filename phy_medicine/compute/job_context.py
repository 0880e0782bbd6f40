"""What a computation in a worker is given: inputs, settings, a device, and ways to tell how far it is.

A job's function has the form `run(context: JobContext) -> Mapping[str, array]`. It calls `progress` or
`check_cancelled` at least a few times a second, and works the same without a window, in a test, or on a cluster.
"""

from __future__ import annotations

import base64
import io
import json
import math
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from phy_medicine.base.types import AnyArray
from phy_medicine.compute.job_files import as_json

PROGRESS_S = 0.1
"""Events of progress are not sent more often."""
PREVIEW_S = 0.5
"""Nor previews: a view draws each of them."""
CANCEL_S = 0.03
INLINE_BYTES = 192 << 10
"""Larger previews travel as a file."""
PREVIEW_BYTES = 32 << 20

Input = AnyArray | Path


class Cancelled(Exception):
    """Somebody asked the job to end; let it pass through."""


class EventWriter:
    """Writes events, one JSON line each; safe in any thread."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, event: str, **facts: Any) -> None:
        """Write one event; a reader that went away is no reason to fail."""
        line = json.dumps({"event": event, **facts}).encode() + b"\n"
        with self._lock:
            try:
                self._stream.write(line)
                self._stream.flush()
            except (OSError, ValueError):
                pass


class JobContext:
    """All that a job's function may use.

    settings : instance of the kind's settings class
    inputs : name -> array, mapped into memory and read-only, or path of a file that is no `.npy`
    device : "cpu", "mps" or "cuda:N", found to exist
    seed : of every random number
    folder : an empty folder for files of its own; it is deleted when the result has been taken over
    kept : a folder that outlives the job, where a kind that can be resumed writes what it needs for that; or None
    facts : to be filled with JSON values that belong to the result
    units : name of a result array -> its unit, to be filled
    """

    def __init__(
        self,
        settings: Any,
        inputs: Mapping[str, Input],
        *,
        device: str = "cpu",
        seed: int = 0,
        folder: Path = Path(),
        kept: Path | None = None,
        send: Callable[..., object] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.settings, self.inputs = settings, inputs
        self.device, self.seed, self.folder = device, seed, folder
        self.kept = kept
        self.facts: dict[str, Any] = {}
        self.units: dict[str, str] = {}
        self._send = send or (lambda _event, **_facts: None)
        self._cancelled = cancelled
        self._next_look = self._next_progress = self._next_preview = -math.inf
        self._n_previews = 0

    def progress(self, fraction: float, message: str = "") -> None:
        """Tell how much is done, 0..1, and what is going on.

        Raises
        ------
        Cancelled : the job is to end
        """
        self.check_cancelled()
        now = time.monotonic()
        if now >= self._next_progress or fraction >= 1:
            self._next_progress = now + PROGRESS_S
            self._send("progress", fraction=min(max(float(fraction), 0.0), 1.0), message=str(message))

    def log(self, text: str) -> None:
        """Add a line to the job's log."""
        self._send("log", text=str(text))

    @property
    def preview_due(self) -> bool:
        """Whether a preview would be sent now; ask before making one that costs something."""
        return time.monotonic() >= self._next_preview

    def preview(self, **arrays: AnyArray) -> None:
        """Show the result so far; a call within half a second of the last one is dropped."""
        now = time.monotonic()
        if now < self._next_preview:
            return
        n_bytes = sum(np.asarray(a).nbytes for a in arrays.values())
        if n_bytes > PREVIEW_BYTES:
            self._next_preview = math.inf
            self.log(f"Previews of {n_bytes / 1e6:,.0f} MB are too large to be shown while the job runs.")
            return
        if n_bytes <= INLINE_BYTES:
            packed = {name: base64.b64encode(npy_bytes(a)).decode() for name, a in arrays.items()}
            self._send("preview", arrays=packed)
        else:
            self._send("preview", file=str(self._preview_file(arrays)))
        # After the sending: one that waits for a slow reader is not followed by the next at once.
        self._next_preview = time.monotonic() + PREVIEW_S

    def _preview_file(self, arrays: Mapping[str, AnyArray]) -> Path:
        self._n_previews += 1
        path = self.folder / f"preview-{self._n_previews % 4}.npz"
        draft = path.with_suffix(".part")
        with draft.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        draft.replace(path)
        return path

    def check_cancelled(self) -> None:
        """Return quickly, or end the job.

        Raises
        ------
        Cancelled : somebody asked for it
        """
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + CANCEL_S
            if self._cancelled():
                self._next_look = -math.inf
                raise Cancelled


def npy_bytes(array: AnyArray) -> bytes:
    """Return an array as the content of an `.npy` file."""
    content = io.BytesIO()
    np.save(content, np.asarray(array), allow_pickle=False)
    return content.getvalue()


def checked_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts as JSON values; what cannot be one is written as text."""
    checked: dict[str, Any] = {}
    for name, value in facts.items():
        try:
            checked[str(name)] = as_json(value)
        except TypeError:
            checked[str(name)] = str(value)
    return checked
