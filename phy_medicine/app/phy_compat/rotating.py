"""Named values, one of which is current."""

from __future__ import annotations

from typing import Any


class RotatingProperty:
    """Values in the order in which they were added; the first is the current one until another is chosen."""

    def __init__(self) -> None:
        self._choices: dict[str, Any] = {}
        self._current: str | None = None

    def add(self, name: str, value: Any = None) -> None:
        """Add or replace a value."""
        self._choices[name] = value
        if self._current is None:
            self._current = name

    def keys(self) -> list[str]:
        """Return all names."""
        return list(self._choices)

    @property
    def current(self) -> str | None:
        """Name of the current value."""
        return self._current

    def get(self, name: str | None = None) -> Any:
        """Return a value, by default the current one; None if there is none."""
        return self._choices.get(name or self._current or "")

    def set(self, name: str | None) -> Any:
        """Make a value the current one, if it is there; return the current one."""
        if name in self._choices:
            self._current = name
        return self.get()

    def _neighbor(self, dir: int = 1) -> str | None:
        names = list(self._choices)
        if names:
            place = names.index(self._current) if self._current in names else 0
            self._current = names[(place + dir) % len(names)]
        return self._current

    def next(self) -> str | None:
        """Make the next value the current one; return its name."""
        return self._neighbor(1)

    def previous(self) -> str | None:
        """Make the value before the current one; return its name."""
        return self._neighbor(-1)
