"""The one event bus of plugins: who is called, for what event of which sender, and in which plugin's name.

A callback that raises is told of with the plugin's name, and the ones after it are called all the same.
"""

from __future__ import annotations

import logging
import re
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from phy_medicine.session.extensions import Extensions, Problem

Callback = Callable[..., Any]

_FAILED = object()


@dataclass(frozen=True, slots=True)
class Alias:
    """An event of older versions of phy, and how its callbacks are called.

    swapped : the sender comes second; one_cluster : with one cluster id at a time instead of a list
    """

    event: str
    swapped: bool = False
    one_cluster: bool = False


OLD_NAMES = {
    "cluster_click": Alias("request_select", one_cluster=True),
    "spike_click": Alias("select_spike"),
    "channel_click": Alias("select_channel"),
    "add_view": Alias("view_attached", swapped=True),
}
"""Events that phy's documentation names and its version 2.1 never sends."""


@dataclass(frozen=True, slots=True, eq=False)
class Connection:
    """One callback; last : called after those that are not; owner : the plugin it is of."""

    event: str
    sender: Any
    function: Callback
    last: bool
    owner: str
    extensions: Extensions | None
    alias: Alias | None = None

    def accepts(self, event: str, sender: Any) -> bool:
        """Say whether it is called for an event of a sender."""
        return self.event == event and (self.sender is None or _same(self.sender, sender))

    def concerns(self, items: Iterable[Any]) -> bool:
        """Say whether one of these is its function, its sender or the object its method is bound to."""
        bound = getattr(self.function, "__self__", None)
        mine = [x for x in (self.function, self.sender, bound) if x is not None]
        return any(_same(x, item) for item in items for x in mine)

    def calls(self, sender: Any, args: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        """Yield the arguments of each call."""
        if self.alias is not None and self.alias.swapped and args:
            yield args[0], sender, *args[1:]
        elif self.alias is not None and self.alias.one_cluster and args:
            for cluster_id in args[0]:
                yield sender, cluster_id, *args[1:]
        else:
            yield sender, *args


def _same(a: Any, b: Any) -> bool:
    if a is b:
        return True
    try:
        return bool(a == b)
    except Exception:  # arrays have no truth value
        return False


class EventBus:
    """Callbacks by event and sender; `connect`, `emit` and the rest are those of phy."""

    def __init__(self) -> None:
        self._connections: list[Connection] = []
        self._sessions: list[weakref.ref[Extensions]] = []
        self.is_silent = False

    # Whose

    def use(self, extensions: Extensions) -> None:
        """Report problems to a session's extensions, and ask them which plugin is running."""
        self._sessions = [ref for ref in self._sessions if ref() not in (None, extensions)]
        self._sessions.append(weakref.ref(extensions))

    def _owner(self, function: Callback) -> tuple[str, Extensions | None]:
        found = self._extensions
        adding = next((e for e in found if e.adding), None)
        if adding is not None:
            return adding.adding, adding
        inner = function.func if isinstance(function, partial) else function
        module = str(getattr(inner, "__module__", "") or "")
        return "" if module.startswith("phy_medicine.") else module, found[0] if found else None

    @property
    def _extensions(self) -> list[Extensions]:
        """Those of the sessions that plugins run in, the newest first."""
        return [extensions for ref in reversed(self._sessions) if (extensions := ref()) is not None]

    # Connecting

    def connect(
        self, func: Callback | None = None, event: str | None = None, sender: Any = None, **kwargs: Any
    ) -> Callback:
        """Call a function at an event, by default that of its name `on_<event>`; a decorator as well.

        sender : of this object alone; last=True : after the others; owner : the plugin, by default the one that runs

        Raises
        ------
        ValueError : no event is named
        """
        if func is None:
            return partial(self.connect, event=event, sender=sender, **kwargs)
        name = event or _event_of(func)
        alias = OLD_NAMES.get(name)
        owner, extensions = self._owner(func)
        owner = str(kwargs.get("owner", owner))
        self._connections.append(
            Connection(
                event=alias.event if alias else name,
                sender=None if alias and alias.swapped else sender,
                function=func,
                last=bool(kwargs.get("last")),
                owner=owner,
                extensions=extensions,
                alias=alias,
            )
        )
        return func

    def unconnect(self, *items: Any) -> None:
        """Forget callbacks: of these functions, of these senders, or methods bound to these objects."""
        self._connections = [c for c in self._connections if not c.concerns(items)]

    def unconnect_owner(self, owner: str, extensions: Extensions | None = None) -> None:
        """Forget all callbacks of a plugin, in one session or all."""
        self._connections = [c for c in self._connections if c.owner != owner or extensions not in (None, c.extensions)]

    def leave(self, extensions: Extensions) -> None:
        """Forget all callbacks that were connected in a session, and the session."""
        self._connections = [c for c in self._connections if c.extensions is not extensions]
        self._sessions = [ref for ref in self._sessions if ref() not in (None, extensions)]

    def reset(self) -> None:
        """Forget all callbacks."""
        self._connections = []

    @property
    def connections(self) -> tuple[Connection, ...]:
        """What is connected, in order."""
        return tuple(self._connections)

    # Emitting

    def emit(self, event: str, sender: Any, *args: Any, **kwargs: Any) -> Any:
        """Call the callbacks of an event in the order they were connected, and return what they return.

        single=True : call the first alone, and return its result without a list
        """
        return None if self.is_silent else self.emit_among(self._connections, event, sender, *args, **kwargs)

    def emit_among(self, connections: Iterable[Connection], event: str, sender: Any, *args: Any, **kwargs: Any) -> Any:
        """Emit an event to some of the `connections` alone."""
        single = kwargs.pop("single", None)
        alias = OLD_NAMES.get(event)
        name = alias.event if alias else event
        matching = [c for c in connections if c.accepts(name, sender)]
        results: list[Any] = []
        for connection in sorted(matching, key=lambda c: c.last):
            for call in connection.calls(sender, args):
                result = self._call(connection, event, call, kwargs)
                if result is not _FAILED:
                    results.append(result)
            if single and results:
                return results[-1]
        return results

    def emit_to(self, owner: str, event: str, sender: Any, *args: Any) -> None:
        """Call the callbacks of one plugin alone, which came later than the others."""
        for connection in [c for c in self._connections if c.owner == owner and c.accepts(event, sender)]:
            for call in connection.calls(sender, args):
                self._call(connection, event, call, {})

    def _call(self, connection: Connection, event: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call one callback in the name of its plugin; what went wrong is reported."""
        what, owner = f"on_{event}", connection.owner
        extensions = connection.extensions or next(iter(self._extensions), None)
        if extensions is None:
            try:
                return connection.function(*args, **kwargs)
            except Exception as error:
                logging.getLogger("phy").warning("%s", Problem(owner, what, error).sentence, exc_info=error)
                return _FAILED
        with extensions.owned_by(owner):
            return extensions.call(owner, what, connection.function, *args, default=_FAILED, **kwargs)

    def set_silent(self, silent: bool) -> None:
        """Emit nothing, or emit again."""
        self.is_silent = silent

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Emit nothing meanwhile."""
        before, self.is_silent = self.is_silent, True
        try:
            yield
        finally:
            self.is_silent = before


def _event_of(function: Callback) -> str:
    match = re.match("^on_(.+)$", getattr(function, "__name__", ""))
    if match is None:
        raise ValueError(f"Name the event of {function!r} with event=, or call the function on_<event>.")
    return match.group(1)


bus = EventBus()
"""The one that plugins use."""

connect = bus.connect
unconnect = bus.unconnect
unconnect_owner = bus.unconnect_owner
emit = bus.emit
reset = bus.reset
silent = bus.silent
set_silent = bus.set_silent


class ProgressReporter:
    """Counts up to `value_max`, and emits `progress` and `complete`."""

    def __init__(self) -> None:
        self._value = 0
        self._value_max = 0
        self._completed = False

    def set_progress_message(self, message: str, line_break: bool = False) -> None:
        """Print a message as it goes on; `{progress}` in it is the percentage."""
        end = "\n" if line_break else "\r"

        @connect(sender=self)
        def on_progress(sender: Any, value: int, value_max: int, **kwargs: Any) -> None:
            if value <= value_max and value_max:
                words = {"progress": 100 * value / value_max, "value": value, "value_max": value_max, **kwargs}
                sys.stdout.write(message.format_map(_Blanks(words)) + ("\n" if value == value_max else end))

    def set_complete_message(self, message: str) -> None:
        """Print a message at the end."""

        @connect(sender=self)
        def on_complete(sender: Any, **kwargs: Any) -> None:
            sys.stdout.write(message.format_map(_Blanks(kwargs)) + "\n")

    def _set_value(self, value: int, **kwargs: Any) -> None:
        if value < self._value_max:
            self._completed = False
        self._value = value
        emit("progress", self, self._value, self._value_max, **kwargs)
        if not self._completed and self._value >= self._value_max:
            self._completed = True
            emit("complete", self, **kwargs)

    def increment(self, **kwargs: Any) -> None:
        """Count one further; the arguments can stand in the message."""
        self._set_value(self._value + 1, **kwargs)

    def reset(self, value_max: int | None = None) -> None:
        """Begin again, up to another number if one is given."""
        self._value = 0
        if value_max is not None:
            self._value_max = value_max

    @property
    def value(self) -> int:
        """How far it is."""
        return self._value

    @value.setter
    def value(self, value: int) -> None:
        self._set_value(value)

    @property
    def value_max(self) -> int:
        """Where it ends."""
        return self._value_max

    @value_max.setter
    def value_max(self, value_max: int) -> None:
        if value_max > self._value_max:
            self._completed = False
        self._value_max = value_max

    def set_complete(self, **kwargs: Any) -> None:
        """Go to the end."""
        self._set_value(self._value_max, **kwargs)

    def is_complete(self) -> bool:
        """Say whether the end was reached."""
        return self._value >= self._value_max

    @property
    def progress(self) -> float:
        """Part that is done, 0 to 1."""
        return self._value / self._value_max if self._value_max else 0.0


class _Blanks(dict[str, Any]):
    """Words of a message; what is not known is a question mark."""

    def __missing__(self, key: str) -> str:
        return "?"
