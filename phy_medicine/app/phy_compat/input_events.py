"""Mouse and keys of a canvas as phy tells them: `on_mouse_click(e)` and so on, with Bunches."""

from __future__ import annotations

import time
from typing import Any, Protocol

CLICK_S = 0.25
"""Between press and release of a click."""
_BUTTONS = {1: "Left", 2: "Right", 3: "Middle"}
_MODIFIERS = ("Shift", "Control", "Alt", "Meta")


class Listener(Protocol):
    """Who is told of events by name."""

    def emit(self, name: str, **kwargs: Any) -> None:
        """Tell of one event."""


class InputEvents:
    """Follows the events of a canvas and passes them on."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._press: dict[str, Any] = {"pos": None, "button": None, "modifiers": None}
        self._pressed_at = 0.0
        self._last_pos: tuple[int, int] | None = None
        self._key: str | None = None

    def follow(self, canvas: Any) -> None:
        """Listen to a canvas from now on; a widget of its own is left alone."""
        events = canvas.events
        if not hasattr(events, "mouse_press"):
            return
        events.mouse_press.connect(self.mouse_press)
        events.mouse_release.connect(self.mouse_release)
        events.mouse_move.connect(self.mouse_move)
        events.mouse_double_click.connect(lambda event: self._mouse("mouse_double_click", event))
        events.mouse_wheel.connect(self.mouse_wheel)
        events.key_press.connect(self.key_press)
        events.key_release.connect(self.key_release)
        events.resize.connect(lambda event: self._listener.emit("resize"))

    def _mouse(self, name: str, event: Any) -> None:
        self._listener.emit(
            name, pos=place_of(event), button=_BUTTONS.get(event.button), modifiers=modifiers_of(event), key=self._key
        )

    def mouse_press(self, event: Any) -> None:
        """A button went down."""
        self._press = {"pos": place_of(event), "button": _BUTTONS.get(event.button), "modifiers": modifiers_of(event)}
        self._pressed_at = time.perf_counter()
        self._mouse("mouse_press", event)

    def mouse_release(self, event: Any) -> None:
        """A button came up, which soon after the press is a click as well."""
        self._mouse("mouse_release", event)
        if time.perf_counter() - self._pressed_at < CLICK_S:
            self._mouse("mouse_click", event)
        self._press = {"pos": None, "button": None, "modifiers": None}

    def mouse_move(self, event: Any) -> None:
        """The pointer moved, with or without a button."""
        place = place_of(event)
        self._listener.emit(
            "mouse_move",
            pos=place,
            last_pos=self._last_pos,
            modifiers=modifiers_of(event),
            button=self._press["button"],
            mouse_press_position=self._press["pos"],
            mouse_press_modifiers=self._press["modifiers"],
        )
        self._last_pos = place

    def mouse_wheel(self, event: Any) -> None:
        """The wheel turned; delta : notches, above 0 away from the hand."""
        delta = float(event.delta[1] or event.delta[0])
        self._listener.emit("mouse_wheel", pos=place_of(event), delta=delta, modifiers=modifiers_of(event))

    def key_press(self, event: Any) -> None:
        """A key went down."""
        self._key = key_of(event)
        self._listener.emit("key_press", key=self._key, modifiers=modifiers_of(event))

    def key_release(self, event: Any) -> None:
        """A key came up."""
        self._listener.emit("key_release", key=key_of(event), modifiers=modifiers_of(event))
        self._key = None


def place_of(event: Any) -> tuple[int, int]:
    """Return the pixel of an event, from the top left, logical px."""
    return int(event.pos[0]), int(event.pos[1])


def modifiers_of(event: Any) -> tuple[str, ...]:
    """Return the modifiers held, in phy's order."""
    held = {key.name for key in event.modifiers}
    return tuple(name for name in _MODIFIERS if name in held)


def key_of(event: Any) -> str | None:
    """Return the name of a key: a capital letter, a digit, a sign, or "Left", "F1", "Return"."""
    name = event.key.name if event.key is not None else event.text
    return " " if name == "Space" else (name or None)
