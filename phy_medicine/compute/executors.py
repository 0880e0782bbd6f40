"""Where pieces of work are done: processes of this machine, a dask cluster, an ipyparallel cluster."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import redirect_stdout
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.device import n_processors

R = TypeVar("R")

LOCAL, DASK, IPYPARALLEL = "local", "dask", "ipyparallel"
CONNECT_S = 20.0
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class WorkersError(PhyMedError):
    """Workers cannot be reached, or one was lost too often."""


class Workers(Executor):
    """An executor that says how many workers it has and takes new ones for those that are lost.

    words : for people, "2 processes" or "dask at tcp://..."
    open : makes the executor below; called again when it broke
    count : workers that there are now
    close : called at the end
    """

    def __init__(
        self,
        words: str,
        open: Callable[[], Executor],
        count: Callable[[], int],
        close: Callable[[], object] = lambda: None,
    ) -> None:
        self.words = words
        self._open, self._count, self._close = open, count, close
        self._lock = threading.Lock()
        self._below: Executor | None = open()

    @property
    def n_workers(self) -> int:
        """Pieces of work that can be done at once, at least 1."""
        return max(1, self._count())

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """See `Executor`; a pool of processes that broke is replaced."""
        with self._lock:
            if self._below is None:
                raise RuntimeError("The executor was shut down.")
            try:
                return self._below.submit(fn, *args, **kwargs)
            except BrokenExecutor:
                self._below.shutdown(wait=False)
                self._below = self._open()
                return self._below.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See `Executor`."""
        with self._lock:
            below, self._below = self._below, None
        if below is None:
            return
        # Those of clusters do not know `cancel_futures`.
        options = {"cancel_futures": cancel_futures} if isinstance(below, ProcessPoolExecutor) else {}
        below.shutdown(wait=wait, **options)
        self._close()


def executor_of(text: str) -> Workers:
    """Return what does work in the place that a text names; use it in a `with`.

    Parameters
    ----------
    text : "local" (a process for each processor), "local:N", "dask:ADDRESS" (of a scheduler, or the file it wrote),
        "ipyparallel:PROFILE" (of a running cluster; "ipyparallel" alone is the default profile)

    Raises
    ------
    WorkersError : there is no such place, it cannot be reached, or its library is not installed
    """
    kind, _, where = text.strip().partition(":")
    if kind == LOCAL:
        return _local(where)
    if kind == DASK and where:
        return _dask(where)
    if kind == IPYPARALLEL:
        return _ipyparallel(where)
    raise WorkersError(f"Workers are local, local:N, dask:ADDRESS or ipyparallel:PROFILE, not {text!r}.")


def _local(where: str) -> Workers:
    if where and not (where.isdecimal() and 1 <= int(where) <= 1024):
        raise WorkersError(f"local:N takes a number of processes from 1 to 1,024, not {where!r}.")
    n_workers = int(where or n_processors())
    threads = max(1, n_processors() // n_workers)

    def open() -> Executor:
        # A copy of this process (fork) would have its locks and none of its threads.
        return ProcessPoolExecutor(n_workers, get_context("spawn"), _begin, (threads,))

    return Workers(f"{n_workers} process{'es' if n_workers > 1 else ''} of this machine", open, lambda: n_workers)


def _begin(threads: int) -> None:
    """Begin a local worker: Ctrl+C is for the process that started it, and workers share the processors."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in _THREADS:
        os.environ.setdefault(name, str(threads))


def _dask(where: str) -> Workers:
    try:
        from distributed import Client
    except ImportError:
        raise WorkersError("dask is not installed; get it with: pip install 'phy-medicine[cluster]'.") from None
    named = {"scheduler_file": where} if Path(where).is_file() else {"address": where}
    try:
        client = Client(**named, timeout=CONNECT_S)  # type: ignore[no-untyped-call]
        if not client.scheduler_info()["workers"]:
            client.wait_for_workers(1, timeout=CONNECT_S)
    except (OSError, ValueError, TimeoutError) as error:
        raise WorkersError(f"No dask scheduler with workers answers at {where} ({words(error)}).") from None

    def count() -> int:
        return sum(worker["nthreads"] for worker in client.scheduler_info(n_workers=-1)["workers"].values())

    return Workers(f"dask at {where}", client.get_executor, count, client.close)


def _ipyparallel(profile: str) -> Workers:
    try:
        import ipyparallel
    except ImportError:
        raise WorkersError("ipyparallel is not installed; get it with: pip install 'phy-medicine[cluster]'.") from None
    named = f"profile {profile}" if profile else "the default profile"
    try:
        with redirect_stdout(sys.stderr):  # it prints what it waits for
            client = ipyparallel.Client(profile=profile or "default", timeout=CONNECT_S)
    except (OSError, ValueError, TimeoutError) as error:
        raise WorkersError(f"No ipyparallel cluster answers for {named} ({words(error)}).") from None
    if not client.ids:
        client.close()
        raise WorkersError(f"The ipyparallel cluster of {named} has no engines; start some with ipcluster.")
    # Each message of a retry is one of ours; the controller would try again without a word.
    view = client.load_balanced_view()
    return Workers(f"ipyparallel, {named}", lambda: view.executor, lambda: len(client.ids), client.close)


def words(error: BaseException) -> str:
    """Say what an error is, in one line."""
    return ": ".join([type(error).__name__, *str(error).splitlines()[:1]])
