"""phy's undo stacks, for plugins that keep one of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


class History:
    """Items, and the place reached in them; base_item : the first, which is never undone."""

    def __init__(self, base_item: Any = None) -> None:
        self.clear(base_item)

    def clear(self, base_item: Any = None) -> None:
        """Forget everything but the base item."""
        kept = base_item if base_item is not None or not hasattr(self, "_history") else self._history[0]
        self._history: list[Any] = [kept]
        self._index = 1

    @property
    def current_item(self) -> Any:
        """The item reached."""
        return self._history[self._index - 1] if self._index else None

    @property
    def current_position(self) -> int:
        """Number of items up to the one reached."""
        return self._index

    def __len__(self) -> int:
        return len(self._history)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._history[: self._index])

    def iter(self, start: int | None = None, end: int | None = None) -> Iterator[Any]:
        """Yield items up to the place reached."""
        yield from self._history[start or 0 : self._index if end is None else end]

    def add(self, item: Any) -> None:
        """Add an item after the one reached; what came after it is forgotten."""
        self._history[self._index :] = [item]
        self._index += 1

    def back(self) -> Any:
        """Go back, and return the item that is left; None at the base item."""
        if self._index <= 1:
            return None
        self._index -= 1
        return self._history[self._index]

    def forward(self) -> Any:
        """Go on, and return the item reached; None at the last one."""
        if self._index >= len(self._history):
            return None
        self._index += 1
        return self._history[self._index - 1]

    def is_first(self) -> bool:
        """Say whether only the base item is reached."""
        return self._index == 1

    def is_last(self) -> bool:
        """Say whether the last item is reached."""
        return self._index == len(self._history)


class GlobalHistory(History):
    """Which things with `undo` and `redo` acted, in order; process_ups : makes one result of theirs."""

    def __init__(self, process_ups: Callable[[list[Any]], Any] | None = None) -> None:
        super().__init__(())
        self.process_ups = process_ups

    def action(self, *controllers: Any) -> None:
        """Note that these acted together."""
        self.add(tuple(controllers))

    def add_to_current_action(self, controller: Any) -> None:
        """Note that another took part in the last action."""
        self._history[self._index - 1] = (*self.current_item, controller)

    def undo(self) -> Any:
        """Undo in all that acted last."""
        return self._process([c.undo() for c in self.back() or ()])

    def redo(self) -> Any:
        """Redo in all that acted next."""
        return self._process([c.redo() for c in self.forward() or ()])

    def _process(self, ups: list[Any]) -> Any:
        if self.process_ups is None:
            return ups
        return self.process_ups(ups)
