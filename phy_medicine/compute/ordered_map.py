"""A function called with many items in workers: results in order, lost workers made good, few pieces under way.

A piece of work is a function of a module and one small item, such as paths and a range of samples; what is large
travels by files that every worker can read. There is no scheduler here.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.log import logger
from phy_medicine.compute.device import n_processors
from phy_medicine.compute.executors import WorkersError, words
from phy_medicine.compute.job_context import Cancelled

I = TypeVar("I")  # noqa: E741
R = TypeVar("R")

RETRIES = 2
_POLL_S = 0.2


class TaskError(PhyMedError):
    """A function raised; `item` is what it was called with, `trace` the traceback where it happened."""

    def __init__(self, sentence: str, item: Any, trace: str = "") -> None:
        super().__init__(sentence)
        self.item = item
        self.trace = trace


@dataclass(frozen=True, slots=True)
class _Outcome(Generic[R]):
    """What a function returned, or said when it raised."""

    value: R | None
    sentence: str = ""
    trace: str = ""
    raised: bool = False


def _called(function: Callable[[I], R], item: I) -> _Outcome[R]:
    """Call a function in a worker. What it raises comes back as text, whatever it is and whatever carries it."""
    try:
        return _Outcome(function(item))
    except PhyMedError as error:
        return _Outcome(None, str(error), traceback.format_exc(), True)
    except Exception as error:
        return _Outcome(None, words(error), traceback.format_exc(), True)


class _Piece(Generic[I, R]):
    """An item under way.

    n_lost : workers that were lost with it
    future : None while it waits to be begun
    """

    def __init__(self, item: I) -> None:
        self.item = item
        self.n_lost = 0
        self.future: Future[_Outcome[R]] | None = None

    def begin(self, executor: Executor, function: Callable[[I], R]) -> None:
        """Hand it to a worker."""
        try:
            self.future = executor.submit(_called, function, self.item)
        except BrokenExecutor as error:
            self.future = Future()
            self.future.set_exception(error)
        except Exception as error:
            raise WorkersError(f"No worker takes more work: {words(error)}.") from error

    @property
    def running(self) -> bool:
        """Whether nothing came of it yet."""
        return self.future is not None and not self.future.done()

    def lost(self) -> BaseException | None:
        """Why no outcome came although the future ended; None when it did, or while it runs."""
        if self.future is None or not self.future.done():
            return None
        if self.future.cancelled():
            return WorkersError("it was cancelled")
        return self.future.exception()


def ordered_map(
    executor: Executor,
    function: Callable[[I], R],
    items: Iterable[I],
    *,
    retries: int = RETRIES,
    in_flight: int = 0,
    progress: Callable[[int], object] = lambda n_done: None,
    cancelled: Callable[[], object] = lambda: False,
) -> Iterator[R]:
    """Call a function with each item in workers, and yield what it returns in the order of the items.

    A worker that is lost (killed, out of memory, its machine gone) costs only time: its pieces are begun again. One
    that was lost `retries` times is begun a last time by itself, so that the piece that ends its workers is known.

    Parameters
    ----------
    function : of a module, so that workers find it
    items : small and picklable; taken as they are needed
    in_flight : pieces under way or done before their turn, at most; 0 is twice the number of workers
    progress : called with the number of items whose results were yielded
    cancelled : asked several times a second; true, or raising, ends the work

    Raises
    ------
    TaskError : the function raised
    WorkersError : a piece of work lost `retries + 1` workers, or no worker is left
    Cancelled : `cancelled` returned true
    """
    room = in_flight or 2 * getattr(executor, "n_workers", n_processors())
    source, pieces, n_done = iter(items), deque[_Piece[I, R]](), 0
    try:
        while True:
            if cancelled():
                raise Cancelled
            _begin_again(pieces, executor, function, retries)
            if all(piece.future is not None for piece in pieces):
                for item in islice(source, room - len(pieces)):
                    pieces.append(_Piece(item))
                    pieces[-1].begin(executor, function)
            if not pieces:
                return
            head = pieces[0]
            if head.future is not None and head.future.done() and head.lost() is None:
                pieces.popleft()
                n_done += 1
                yield _value(head)
                progress(n_done)
            elif running := [piece.future for piece in pieces if piece.running and piece.future is not None]:
                wait(running, _POLL_S, FIRST_COMPLETED)
    finally:
        for piece in pieces:
            if piece.future is not None:
                piece.future.cancel()


def _begin_again(pieces: deque[_Piece[I, R]], executor: Executor, function: Callable[[I], R], retries: int) -> None:
    """Begin pieces whose worker was lost; those that may have ended it themselves one at a time."""
    for piece in pieces:
        error = piece.lost()
        if error is None:
            continue
        piece.n_lost, piece.future = piece.n_lost + 1, None
        if piece.n_lost > retries:
            raise WorkersError(
                f"{piece.item}: {piece.n_lost} workers were lost with it, the last by {words(error)}. Most often they "
                "ran out of memory; use fewer workers, or smaller pieces."
            )
        logger.warning("A worker was lost with %s (%s); it is begun again.", piece.item, words(error))
        if piece.n_lost < retries:
            piece.begin(executor, function)
    if not any(piece.running for piece in pieces):
        waiting = next((piece for piece in pieces if piece.future is None), None)
        if waiting is not None:
            waiting.begin(executor, function)


def _value(piece: _Piece[I, R]) -> R:
    """What the function returned."""
    assert piece.future is not None
    outcome = piece.future.result()
    if outcome.raised:
        logger.debug("%s", outcome.trace)
        raise TaskError(f"{piece.item}: {outcome.sentence}", piece.item, outcome.trace)
    return outcome.value  # type: ignore[return-value]
