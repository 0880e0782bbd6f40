"""Which run of one kind of result a session uses: chosen by a person or the newest, and remembered."""

from __future__ import annotations

import json
import threading
from abc import abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from psygnal import Signal

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.json_text import WRONG_CONTENT
from phy_medicine.base.log import logger
from phy_medicine.base.types import AnyArray
from phy_medicine.io.plain_file import read_json

T = TypeVar("T")

# Runs of several kinds are remembered in one file.
_FILE_LOCK = threading.Lock()


class StoreRun(Protocol):
    """What is needed of a run of the store."""

    @property
    def id(self) -> str:
        """Its name in the store, never used twice."""

    @property
    def kind(self) -> str:
        """What it is a result of."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def params(self) -> Mapping[str, Any]:
        """Settings of the job."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the job found out; `hints` is a list of sentences."""


class RunStore(Protocol):
    """What is needed of the store of results."""

    def runs(self, kind: str | None = None) -> tuple[Any, ...]:
        """Runs of a kind."""

    def read(self, run_id: str) -> Mapping[str, AnyArray]:
        """Arrays of a run."""


class UsedRun(Generic[T]):
    """The run in use of one kind, and what is made of its arrays.

    The remembered run is read at the first question, so a window that opens asks `known` instead of `current`.
    All methods are safe in any thread; `changed` is emitted in the thread that made the change.

    Parameters
    ----------
    store : gives the store of results, None when there is none
    state_file : the dataset's state, where the chosen run is remembered
    writable : tells whether the state file may be written
    """

    kind: str
    """Of the runs, and the name of the chosen one in the state file."""
    words: str
    """What a run is, for messages."""
    changed = Signal(str)
    """What is different now: "run", or what a subclass adds."""

    def __init__(
        self,
        store: Callable[[], RunStore | None],
        state_file: Path | None = None,
        *,
        writable: Callable[[], bool] = lambda: True,
    ) -> None:
        self._store = store
        self._state_file = state_file
        self._writable = writable
        self._lock = threading.RLock()
        self._asked = self._told = False
        self._current: tuple[StoreRun, T] | None = None

    @abstractmethod
    def _made(self, arrays: Mapping[str, AnyArray]) -> T:
        """Return what is used of the arrays of a run.

        Raises
        ------
        PhyMedError : they do not belong to this dataset
        """

    @property
    def current(self) -> T | None:
        """What is in use; the remembered run is read now if it was not before."""
        return None if (pair := self._read()) is None else pair[1]

    @property
    def run(self) -> StoreRun | None:
        """The run of the store that `current` comes from."""
        return None if (pair := self._read()) is None else pair[0]

    @property
    def known(self) -> T | None:
        """What is in use as far as it was read; never reads a file."""
        return None if (pair := self._current) is None else pair[1]

    @property
    def known_run(self) -> StoreRun | None:
        """The run in use as far as it was read; never reads a file."""
        return None if (pair := self._current) is None else pair[0]

    def arrays(self) -> Mapping[str, AnyArray]:
        """Return all arrays of the run in use, read anew; none without one.

        Raises
        ------
        PhyMedError : the run cannot be read any more
        """
        run, store = self.run, self._store()
        return {} if run is None or store is None else store.read(run.id)

    def use(self, run_id: str | None) -> None:
        """Use a run of the store from now on and the next time, or none.

        Raises
        ------
        PhyMedError : there is no such run, or it cannot be read; the one before stays
        """
        with self._lock:
            self._current = None if run_id is None else self._load(run_id)
            self._asked = self._told = True
            if self._state_file is not None and self._writable():
                write_choice(self._state_file, self.kind, run_id)
        self.changed.emit("run")

    def use_new(self, run: StoreRun) -> None:
        """Use what a job has just found, if it is of this kind; a run that cannot be used costs a log line."""
        if run.kind == self.kind:
            try:
                self.use(run.id)
            except PhyMedError as error:
                logger.warning("The new %s cannot be used: %s", self.words, error)

    def restore(self) -> None:
        """Read the remembered run now, and say once that there is one; for a worker once the window is up."""
        if self.current is not None and not self._told:
            self._told = True
            self.changed.emit("run")

    def forget(self, run_id: str) -> None:
        """Stop using a run that was deleted from the store."""
        run = self.known_run
        if run is not None and run.id == run_id:
            self.use(None)

    # Inside

    def _read(self) -> tuple[StoreRun, T] | None:
        if self._asked:
            return self._current
        with self._lock:
            if not self._asked:
                self._current = self._remembered()
                self._asked = True
            return self._current

    def _remembered(self) -> tuple[StoreRun, T] | None:
        """The chosen run; without a choice the newest; None when the choice was to use none, or it is gone."""
        try:
            chosen = read_choice(self._state_file, self.kind)
            store = self._store()
            if store is None or chosen is None:
                return None
            ids = [run.id for run in store.runs(self.kind)]
            if not ids:
                return None
            return self._load(chosen if chosen in ids else ids[-1])
        except (PhyMedError, OSError, ValueError) as error:
            logger.warning("The %s used before could not be read: %s", self.words, error)
            return None

    def _load(self, run_id: str) -> tuple[StoreRun, T]:
        store = self._store()
        runs = {run.id: run for run in store.runs(self.kind)} if store is not None else {}
        if store is None or run_id not in runs:
            raise PhyMedError(f"There is no {self.words} {run_id} in the store.")
        return runs[run_id], self._made(store.read(run_id))


def read_choice(path: Path | None, kind: str) -> str | None:
    """Return the remembered run; "" when nothing was ever chosen, None when the choice was to use none."""
    try:
        content = {"values": {}} if path is None else read_json(path)
        chosen = content["values"].get(kind, "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""
    return chosen if chosen is None or isinstance(chosen, str) else ""


def write_choice(path: Path, kind: str, run_id: str | None) -> None:
    """Write the choice beside what the state file holds already; a folder that cannot be written costs a log line."""
    from phy_medicine.io.durable import replace_file

    with _FILE_LOCK:
        try:
            content = read_json(path)
            values = dict(content["values"])
        except (OSError, *WRONG_CONTENT):
            content, values = {"version": 1}, {}
        values[kind] = run_id
        text = json.dumps({**content, "values": values}, indent=1, sort_keys=True)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, text.encode())
        except OSError as error:
            logger.warning("Could not remember which %s is used in %s: %s.", kind, path, error)
