"""What functions say of clusters, or of pairs: computed in a thread of the pool, a few at a time, and kept by id."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from psygnal import Signal

from phy_medicine.compute.pool import Pool, Priority
from phy_medicine.session.extensions import SLOW_S, Extensions, Problem, Registry

if TYPE_CHECKING:
    from phy_medicine.curation.actions import Delta
    from phy_medicine.session.facts import SessionFacts

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

# So long a task keeps others of its priority waiting; then it goes to the end of the queue.
_SLICE_S = 0.03
# Tables and views are told so often of what has come.
_TELL_S = 0.25


class Computed(Protocol):
    """An item of a registry whose function takes one key: a cluster id, or a pair of them."""

    @property
    def name(self) -> str:
        """What it is asked for by."""

    @property
    def function(self) -> Callable[[Any], Any]:
        """Gives the value."""


I = TypeVar("I", bound=Computed)  # noqa: E741


class KeyedValues(Generic[I, K, V]):
    """Values by name of the item and key, which is what the value is of.

    The function of a plugin runs in one thread at a time, never in that of the window. One that raises gives None; the
    first problem of each name is told of, the others are not.

    Parameters
    ----------
    what : kind of item in words, for messages: "metric"
    plain : makes the kept value out of what a function returned; may raise
    facts : of the clusters; what came of a cluster that is gone meanwhile is dropped
    """

    arrived = Signal(object)
    """Names whose values came or went, frozenset; emitted in any thread, a few times a second at most."""

    def __init__(
        self,
        what: str,
        registry: Registry[I],
        extensions: Extensions,
        *,
        plain: Callable[[Any], V],
        facts: SessionFacts,
        pool: Callable[[], Pool],
    ) -> None:
        self._what, self._registry, self._extensions = what, registry, extensions
        self._plain, self._facts, self._pool = plain, facts, pool
        self._values: dict[str, dict[K, V | None]] = {}
        # Asked for, in this order; what is in sight comes first.
        self._first: dict[tuple[str, K], None] = {}
        self._later: dict[tuple[str, K], None] = {}
        self._changed = threading.Condition()
        self._calling = threading.RLock()
        self._running: tuple[str, K] | None = None
        self._spoiled = False
        self._scheduled = False
        self._told: set[str] = set()
        self._fresh: set[str] = set()
        self._told_at = 0.0
        registry.changed.connect(self._forget_item)

    # Asking

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all items."""
        return self._registry.names

    def item(self, name: str) -> I | None:
        """Return the item of a name, None without one."""
        return self._registry.get(name)

    @property
    def busy(self) -> bool:
        """Whether something that was asked for is not known yet."""
        return bool(self._first or self._later or self._scheduled)

    def known(self, key: K, name: str) -> bool:
        """Tell whether a value needs no computing."""
        return key in self._values.get(name, ())

    def peek(self, key: K, name: str) -> V | None:
        """Return a value, None where it is not known, without asking for it."""
        values = self._values.get(name)
        return None if values is None else values.get(key)

    def get(self, key: K, name: str) -> V | None:
        """Return a value; None where it is not known, which asks for it."""
        if not self.known(key, name):
            self.ask(name, (key,))
        return self.peek(key, name)

    def missing(self, name: str, keys: Iterable[K]) -> list[K]:
        """Return the keys whose value is not known."""
        values = self._values.get(name, {})
        return [key for key in keys if key not in values]

    def ask(self, name: str, keys: Iterable[K], *, first: bool = True) -> int:
        """Have values computed in the background, and return how many are not known; first : before what waits."""
        missing = self.missing(name, keys) if name in self._registry else []
        if not missing:
            return 0
        with self._changed:
            for task in ((name, key) for key in missing):
                if task == self._running:
                    continue
                if first:
                    self._later.pop(task, None)
                    self._first[task] = None
                elif task not in self._first:
                    self._later[task] = None
        self._schedule()
        return len(missing)

    def compute(self, name: str, keys: Iterable[K]) -> None:
        """Compute what is missing here, in this thread; in the midst of an action nothing can be computed."""
        for key in self.missing(name, keys) if not self._facts.held else ():
            self._compute(name, key)
        self._tell(at_once=True)

    def wait(self, keys: Sequence[K], timeout_s: float | None, names: Iterable[str] | None = None) -> int:
        """Have values computed and wait for them; return how many are not there in time."""
        wanted = tuple(self.names if names is None else names)
        for name in wanted:
            self.ask(name, keys)

        def n_missing() -> int:
            return sum(len(self.missing(name, keys)) for name in wanted if name in self._registry)

        with self._changed:
            self._changed.wait_for(lambda: not n_missing(), 0.0 if self._facts.held else timeout_s)
        return n_missing()

    # Forgetting

    def forget(self, name: str, keys: Iterable[K] | None = None) -> None:
        """Drop the values of some keys, of all by default, also what is being computed of them."""
        with self._changed:
            if keys is None:
                self._values.pop(name, None)
            else:
                values = self._values.get(name, {})
                keys = set(keys)
                for key in keys:
                    values.pop(key, None)
            if self._running and self._running[0] == name and (keys is None or self._running[1] in keys):
                self._spoiled = True

    def note(self, delta: Delta) -> None:
        """Take notice of an action; called while it is done, so what is computed of a cluster that goes is dropped."""
        touched = {*delta.removed, *delta.added}
        with self._changed:
            if self._running is not None and not touched.isdisjoint(self._clusters(self._running[1])):
                self._spoiled = True

    def _forget_item(self, name: str) -> None:
        self._told.discard(name)
        self.forget(name)
        self._fresh.add(name)
        self._tell(at_once=True)

    # Computing

    def _clusters(self, key: K) -> tuple[int, ...]:
        """The clusters that a value is of."""
        raise NotImplementedError

    def _alive(self, key: K) -> bool:
        return all(map(self._facts.contains, self._clusters(key)))

    @property
    def _key(self) -> Hashable:
        return f"{self._what} of clusters"

    @property
    def _priority(self) -> Priority:
        return Priority.BACKGROUND

    def _schedule(self) -> None:
        """Have a thread of the pool go on, unless one does."""
        with self._changed:
            if self._scheduled or not (self._first or self._later):
                return
            self._scheduled = True
        try:
            self._pool().submit(self._key, self._work, priority=self._priority)
        except RuntimeError:  # the session is closing
            with self._changed:
                self._scheduled = False
                self._first.clear()
                self._later.clear()
                self._changed.notify_all()

    def _work(self) -> None:
        """Compute for a moment, then let others of the pool come before the rest."""
        begin = time.perf_counter()
        try:
            while self._go_on(begin) and (task := self._next()) is not None:
                self._compute(*task)
        finally:
            with self._changed:
                self._scheduled = False
            self._schedule()
            self._tell(at_once=not self._scheduled)

    def _go_on(self, begin: float) -> bool:
        """Whether a task that began then may compute one more; s, of `perf_counter`."""
        return time.perf_counter() - begin < _SLICE_S

    def _next(self) -> tuple[str, K] | None:
        with self._changed:
            for waiting in (self._first, self._later):
                while waiting:
                    name, key = next(iter(waiting))
                    del waiting[name, key]
                    if name in self._registry and not self.known(key, name):
                        return name, key
        return None

    def _compute(self, name: str, key: K) -> None:
        with self._calling:
            item = self._registry.get(name)
            if item is None or self.known(key, name) or not self._alive(key):
                return
            with self._changed:
                self._running, self._spoiled = (name, key), False
            value, problem = self._call(item, key)
            # An action is done, and told to `note`, under this lock: either all of it is seen here, or nothing.
            with self._facts.lock, self._changed:
                self._running = None
                kept = not self._spoiled and self._registry.get(name) is item and self._alive(key)
                if kept:
                    self._values.setdefault(name, {})[key] = value
                    self._fresh.add(name)
                elif self._alive(key) and name in self._registry:
                    self._first[name, key] = None
                self._changed.notify_all()
            self._schedule()
            if kept and problem is not None:
                self._report_once(name, problem)

    def _call(self, item: I, key: K) -> tuple[V | None, Problem | None]:
        owner, what = self._registry.owner_of(item.name), f"{self._what} {item.name} of {self._words(key)}"
        begin = time.perf_counter()
        try:
            value = self._plain(item.function(key))
        except Exception as error:
            return None, Problem(owner, what, error)
        seconds = time.perf_counter() - begin
        self._took(item.name, seconds)
        return value, Problem(owner, what, None, seconds) if seconds > SLOW_S else None

    def _words(self, key: K) -> str:
        """What a value is of, for messages."""
        return " and ".join(f"cluster {c}" for c in self._clusters(key))

    def _report_once(self, name: str, problem: Problem) -> None:
        if name not in self._told:
            self._told.add(name)
            self._extensions.report(problem)

    def _took(self, name: str, seconds: float) -> None:
        """Note how long a call took."""

    def _tell(self, *, at_once: bool) -> None:
        now = time.perf_counter()
        with self._changed:
            if not self._fresh or not (at_once or now - self._told_at > _TELL_S):
                return
            names, self._fresh, self._told_at = frozenset(self._fresh), set(), now
        self.arrived.emit(names)
