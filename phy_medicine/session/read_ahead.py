"""One thread that reads what will be asked for next, the newest wish first."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence

from phy_medicine.base.log import logger

_FOREVER = float("inf")


class ReadAhead:
    """Runs small pieces of reading in a thread of its own, which waits for the disk and not for the pool.

    The thread ends when there is nothing to do, and is started again by the next wish.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wishes: dict[Hashable, tuple[float, deque[Callable[[], object]]]] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    def ask(self, key: Hashable, pieces: Sequence[Callable[[], object]], *, lasting_s: float = _FOREVER) -> None:
        """Want some pieces, in this order, in place of what was wanted under this key.

        lasting_s : a wish that is not repeated in this time is forgotten
        """
        with self._lock:
            self._wishes.pop(key, None)
            if not pieces or self._closed:
                return
            self._wishes[key] = (time.monotonic() + lasting_s, deque(pieces))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="phy-medicine-read-ahead", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Forget all wishes, for good; a piece that is being read ends first."""
        with self._lock:
            self._closed = True
            self._wishes.clear()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def join(self) -> None:
        """Wait until nothing is left to do."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while (piece := self._next()) is not None:
            try:
                piece()
            except Exception as error:
                logger.debug("Reading ahead failed: %s", error)

    def _next(self) -> Callable[[], object] | None:
        """Take the next piece of the newest wish; forget those that nobody repeated."""
        with self._lock:
            now = time.monotonic()
            for key in reversed(list(self._wishes)):
                until, pieces = self._wishes[key]
                if pieces and now <= until:
                    return pieces.popleft()
                del self._wishes[key]
            self._thread = None
            return None
