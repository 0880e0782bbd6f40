"""What plugins add to the program: one typed registry for each sort of thing, every item with the plugin it is of.

A function of a plugin is called through `Extensions.call`, so that one that raises or takes long is told of and never
breaks what the program was about to do.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from psygnal import Signal

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.base.log import logger
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.job_kinds import JobKind
from phy_medicine.session.actions import Action, Arg

T = TypeVar("T")
R = TypeVar("R")

SLOW_S = 1.0
"""A call that takes longer is told of."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A column of the cluster table.

    function : cluster id -> number, text, truth value, list of these, or None for an empty cell; called in a thread of
    the pool, once for each cluster, since an id never changes its spikes; title : of the column, the name by default
    of_labels : the values depend on groups or labels too: those of a cluster are worked out again when these change
    """

    name: str
    function: Callable[[int], Any]
    title: str = ""
    unit: str = ""
    help: str = ""
    of_labels: bool = False


@dataclass(frozen=True, slots=True)
class Similarity:
    """A way to compare clusters, for the similarity table and the wizard.

    function : cluster id -> pairs of a cluster id and a value, largest first; ids that are gone are left out
    weight : how much it counts in the combined similarity, beside 1 for most sources of the program; the value counts
        as a number between 0 and 1, and 0 for clusters that are not named
    """

    name: str
    function: Callable[[int], Sequence[tuple[int, float]]]
    title: str = ""
    help: str = ""
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class ClusterColors:
    """A way to colour all clusters.

    function : cluster id -> number, or None for grey; colormap : a name of `colorcet` or of phy ("linear", "rainbow",
    "categorical", "diverging", "blank", "cluster_group"), "inferno", "viridis", or (n, 3) RGB 0..1; categorical : the
    number is a row of the colour map, repeated; logarithmic : equal ratios are equal steps of colour
    """

    name: str
    function: Callable[[int], float | None]
    colormap: str | AnyArray = "linear"
    categorical: bool = False
    logarithmic: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True)
class Splitter:
    """A way to split clusters by computation; runs in a thread of the pool and ends in one action.

    function : selected cluster ids and the arguments -> spike ids (n,) int64 and a label for each, (n,) int; spikes of
    one label become one cluster
    """

    name: str
    function: Callable[..., tuple[IntArray, IntArray]]
    title: str = ""
    help: str = ""
    shortcut: str = ""
    alias: str = ""
    args: tuple[Arg, ...] = ()


@dataclass(frozen=True, slots=True)
class TraceFilter:
    """A way to filter the signal before it is shown.

    function : (n_samples, n_channels) float32 without offset, sample rate in Hz -> the same shape; any thread
    margin_s : signal on either side that the filter needs, so that the stretch shown has no edges
    """

    name: str
    function: Callable[[FloatArray, float], AnyArray]
    words: str = ""
    margin_s: float = 0.01


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that went wrong in a plugin; what : the part that was called; error : None when it only took long."""

    owner: str
    what: str
    error: Exception | None
    seconds: float = 0.0

    @property
    def sentence(self) -> str:
        """One sentence for the status bar."""
        whose = f"Plugin {self.owner}: {self.what}" if self.owner else self.what
        if self.error is None:
            return f"{whose} took {self.seconds:.1f} s."
        return f"{whose} failed: {type(self.error).__name__}: {self.error}"


class Registry(Generic[T]):
    """Items by name, in the order they came; of several with one name the last counts, until it is removed."""

    changed = Signal(str)
    """Name of the item that came, went or was replaced."""

    def __init__(self, owner: Callable[[], str], name_of: Callable[[T], str]) -> None:
        self._owner = owner
        self._name_of = name_of
        self._items: dict[str, list[tuple[str, T]]] = {}

    def add(self, item: T) -> T:
        """Add an item in the name of the plugin that is attaching, and return it."""
        name = self._name_of(item)
        self._items.setdefault(name, []).append((self._owner(), item))
        self.changed.emit(name)
        return item

    def renew(self, name: str) -> None:
        """Tell that an item gives other values than before, for instance a metric after a job; from any thread."""
        self.changed.emit(name)

    def remove(self, name: str) -> None:
        """Take the last item of a name out; one that it had replaced is back.

        Raises
        ------
        KeyError : there is none
        """
        self._items[name].pop()
        if not self._items[name]:
            del self._items[name]
        self.changed.emit(name)

    def remove_of(self, owner: str) -> None:
        """Take out everything that a plugin added."""
        for name, items in list(self._items.items()):
            kept = [(whose, item) for whose, item in items if whose != owner]
            if len(kept) == len(items):
                continue
            if kept:
                self._items[name] = kept
            else:
                del self._items[name]
            self.changed.emit(name)

    def get(self, name: str) -> T | None:
        """Return the item of a name, or None."""
        items = self._items.get(name)
        return items[-1][1] if items else None

    def owner_of(self, name: str) -> str:
        """Return the plugin that an item is of, "" when it is the program's or there is none."""
        items = self._items.get(name)
        return items[-1][0] if items else ""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all items."""
        return tuple(self._items)

    def __contains__(self, name: str) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[T]:
        # A list at once: another thread may add an item meanwhile.
        return iter([items[-1][1] for items in list(self._items.values()) if items])

    def __len__(self) -> int:
        return len(self._items)


def _name(item: Any) -> str:
    return str(item.name)


def view_name(view: type) -> str:
    """Return the name that a class of views says itself, else that of the class: never one that it inherits."""
    return str(view.__dict__.get("name") or view.__name__)


class Extensions:
    """Everything that plugins added to a session; it holds from the moment it is added until it is removed."""

    problem = Signal(object)
    """A `Problem`, emitted in the thread where it happened."""

    def __init__(self) -> None:
        self._adding = ""
        self._told: set[tuple[str, str, bool]] = set()

        def owner() -> str:
            return self._adding

        self.views: Registry[type] = Registry(owner, view_name)
        """Subclasses of `views.base.View`, by their `name`."""
        self.metrics: Registry[Metric] = Registry(owner, _name)
        self.similarities: Registry[Similarity] = Registry(owner, _name)
        self.color_schemes: Registry[ClusterColors] = Registry(owner, _name)
        self.actions: Registry[Action] = Registry(owner, lambda action: action.id)
        self.splitters: Registry[Splitter] = Registry(owner, _name)
        self.filters: Registry[TraceFilter] = Registry(owner, _name)
        self.jobs: Registry[JobKind] = Registry(owner, _name)

    @property
    def registries(self) -> tuple[Registry[Any], ...]:
        """All of them."""
        return (
            self.views, self.metrics, self.similarities, self.color_schemes, self.actions, self.splitters,
            self.filters, self.jobs,
        )  # fmt: skip

    @property
    def adding(self) -> str:
        """The plugin whose code runs now, as far as it is known; "" outside of one."""
        return self._adding

    @contextmanager
    def owned_by(self, owner: str) -> Iterator[None]:
        """Note what is added meanwhile as a plugin's."""
        before, self._adding = self._adding, owner
        try:
            yield
        finally:
            self._adding = before

    def remove_of(self, owner: str) -> None:
        """Take out everything that a plugin added."""
        for registry in self.registries:
            registry.remove_of(owner)
        self._told = {key for key in self._told if key[0] != owner}

    def call(self, owner: str, what: str, function: Callable[..., R], *args: Any, default: R, **kwargs: Any) -> R:
        """Call a function of a plugin; one that raises is told of, and `default` is returned.

        owner : the plugin; what : which part of it, in words ("metric quality")
        """
        try:
            return self.timed(owner, what, function, *args, slow_s=SLOW_S, **kwargs)
        except Exception as error:
            self.report(Problem(owner, what, error))
            return default

    def attempt(
        self, owner: str, what: str, function: Callable[..., R], *args: Any, slow_s: float = SLOW_S, **kwargs: Any
    ) -> R:
        """Call a function of a plugin that a person asked for, who is to be told why it failed.

        slow_s : a call that takes longer is told of

        Raises
        ------
        PhyMedError : the sentence of the plugin, or of the problem, which is told of
        """
        try:
            return self.timed(owner, what, function, *args, slow_s=slow_s, **kwargs)
        except PhyMedError:
            raise
        except Exception as error:
            problem = Problem(owner, what, error)
            self.report(problem)
            raise ActionError(problem.sentence) from error

    def timed(
        self, owner: str, what: str, function: Callable[..., R], *args: Any, slow_s: float = SLOW_S, **kwargs: Any
    ) -> R:
        """Call a function of a plugin and tell of a call that takes longer than slow_s; what it raises is raised."""
        begin = time.perf_counter()
        result = function(*args, **kwargs)
        seconds = time.perf_counter() - begin
        if seconds > slow_s:
            self.report(Problem(owner, what, None, seconds))
        return result

    def report(self, problem: Problem) -> None:
        """Tell of something that went wrong in a plugin: to the log with its traceback, and to who listens.

        The same part of a plugin is a warning once: one that fails at every selection would cover all other messages.
        """
        key = (problem.owner, problem.what, problem.error is None)
        level = logging.DEBUG if key in self._told else logging.WARNING
        self._told.add(key)
        # What is said for people, as of a damaged file, needs no traceback.
        fault = None if isinstance(problem.error, PhyMedError) else problem.error
        logger.log(level, "%s", problem.sentence, exc_info=fault)
        self.problem.emit(problem)
