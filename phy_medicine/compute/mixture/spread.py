"""Pieces of a job done by workers: processes of this machine, or a cluster that sees the same files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from phy_medicine.compute.device import n_processors
from phy_medicine.compute.executors import LOCAL, Workers, executor_of
from phy_medicine.compute.job_context import Cancelled, JobContext
from phy_medicine.compute.ordered_map import TaskError, ordered_map

T = TypeVar("T")
R = TypeVar("R")

CANCEL = "cancel"
_THREADS = "OMP_NUM_THREADS"


def cancel_file(context: JobContext) -> Path:
    """Return the file at whose sight pieces of a job end; they ask for it with `check`."""
    return context.folder / CANCEL


def check(cancel: str) -> None:
    """Return quickly, or end the piece of work.

    Raises
    ------
    Cancelled : the file is there
    """
    if Path(cancel).exists():
        raise Cancelled("it was cancelled")


def workers_of(where: str, n_tasks: int) -> Workers:
    """Return who does the pieces; use it in a `with`.

    where : as of `executor_of`; "" is as many processes as the job has threads, or this one alone where that is enough
    n_tasks : how many pieces there are

    Raises
    ------
    WorkersError : there is no such place
    """
    if where:
        return executor_of(where)
    threads = os.environ.get(_THREADS, "")
    n = min(int(threads), n_processors()) if threads.isdigit() and int(threads) > 0 else n_processors()
    if min(n, n_tasks) > 1:
        return executor_of(f"{LOCAL}:{min(n, n_tasks)}")
    return Workers("this process", lambda: ThreadPoolExecutor(1), lambda: 1)


def spread(
    context: JobContext, where: str, function: Callable[[T], R], tasks: Sequence[T], done: Callable[[int], object]
) -> Iterator[R]:
    """Call a function of a module with each task in workers, and yield what it returns in their order.

    Parameters
    ----------
    where : see `workers_of`
    done : called with the number of tasks that are done

    Raises
    ------
    TaskError : the function raised
    WorkersError : there is no such place, or too many workers were lost
    Cancelled : the job is to end; the pieces under way have ended
    """
    if not tasks:
        return
    cancel_file(context).unlink(missing_ok=True)
    with workers_of(where, len(tasks)) as workers:
        context.log(f"By {workers.words}.")
        try:
            # The question whether it is to end raises.
            yield from ordered_map(workers, function, tasks, progress=done, cancelled=context.check_cancelled)
        except TaskError:
            context.check_cancelled()
            raise
        finally:
            cancel_file(context).touch()  # whatever still runs is for nothing
