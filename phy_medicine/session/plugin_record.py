"""What is known of each plugin, for who shows or changes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from psygnal import SignalInstance

PluginState = Literal["attached", "failed", "off", "found", "new", "missing"]

STATE_WORDS: dict[PluginState, str] = {
    "attached": "in use",
    "failed": "failed",
    "off": "switched off",
    "found": "not asked for",
    "new": "new, not run yet",
    "missing": "not found",
}
"""How a state is called where people read it."""


@dataclass(frozen=True, slots=True)
class PluginRecord:
    """One plugin class, or a name that was asked for and does not exist.

    key : `module.ClassName`; name : of the class; state : "attached" in use; "failed" it raised when its file was run
    or when it was attached; "off" switched off by the user; "found" there, but nobody asked for it; "new" asked for,
    but its file is shown before it runs for the first time; "missing" asked for and not there
    source : file or package it is from; asked_by : what asked for it, in words; help : first line of its docstring
    details : traceback, or why it is in this state; n_problems : calls of it that raised since it was attached
    """

    key: str
    name: str
    state: PluginState
    source: str = ""
    asked_by: str = ""
    help: str = ""
    details: str = ""
    n_problems: int = 0

    @property
    def state_words(self) -> str:
        """The state and the problems as people read them, `in use, 2 problems`."""
        more = f", {self.n_problems} problem{'s' * (self.n_problems != 1)}" if self.n_problems else ""
        return f"{STATE_WORDS[self.state]}{more}"

    @property
    def sentence(self) -> str:
        """One line for a list or a terminal."""
        return f"{self.name}: {self.state_words}"


class PluginSource(Protocol):
    """All plugins of a session; implemented where sessions and windows are put together."""

    @property
    def changed(self) -> SignalInstance:
        """Emitted, in any thread, when a record differs from before."""

    @property
    def records(self) -> tuple[PluginRecord, ...]:
        """All plugins: in use, failed and missing ones first."""

    def attach(self) -> None:
        """Attach what is asked for, before there is a window."""

    def open_window(self, window: Any) -> None:
        """Give the plugins the window, before it has views."""

    def announce(self) -> None:
        """Tell the plugins that the window and its views are there."""

    def close_window(self) -> None:
        """Tell the plugins that the window is gone."""

    def enable(self, key: str) -> None:
        """Use a plugin now and from now on."""

    def disable(self, key: str) -> None:
        """Stop using a plugin, now and from now on."""

    def reload(self, key: str) -> None:
        """Run a plugin's file again and use what it holds now."""
