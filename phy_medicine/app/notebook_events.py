"""Events of jupyter_rfb as the gestures of the views understand them, which were made for those of vispy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from phy_medicine.views.base import View
from phy_medicine.views.interact import Gestures

# A notch of the wheel in a browser.
_NOTCH = 100.0
_KEYS = {"ArrowLeft": "Left", "ArrowRight": "Right", "ArrowUp": "Up", "ArrowDown": "Down"}


@dataclass(frozen=True, slots=True)
class Key:
    """A key by vispy's name: "Left", "R", "+", "CONTROL"."""

    name: str


@dataclass(slots=True)
class MouseEvent:
    """pos : logical px from the top left corner; button : 1 left, 2 right; delta : notches of the wheel."""

    pos: tuple[float, float] = (0.0, 0.0)
    button: int = 0
    modifiers: tuple[Key, ...] = ()
    delta: tuple[float, float] = (0.0, 0.0)
    key: Key | None = None
    text: str = ""
    handled: bool = False


class Events:
    """Passes the events of one widget on to the gestures and to the words at the pointer of a view."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._gestures = Gestures(view)

    def handle(self, event: dict[str, Any]) -> None:
        """Pass on one event; those that mean nothing here are left aside."""
        kind, made = kind_of(event), made_of(event)
        if kind == "pointer_down":
            self._view.hover.forget()
            self._gestures.press(made)
        elif kind == "pointer_up":
            self._gestures.release(made)
        elif kind == "pointer_move":
            self._gestures.move(made)
            if not event.get("buttons"):
                ratio = self._view.ratio
                self._view.hover.move_to(made.pos[0] * ratio, made.pos[1] * ratio)
        elif kind == "pointer_leave":
            self._view.hover.leave()
        elif kind == "double_click":
            self._gestures.double_click(made)
        elif kind == "wheel":
            self._gestures.wheel(made)
        elif kind == "key_down":
            self._gestures.key(made)
        elif kind == "key_up":
            self._gestures.key_release(made)


def kind_of(event: dict[str, Any]) -> str:
    """Return what happened; versions before 1.0 have another word for it."""
    return str(event.get("type") or event.get("event_type", ""))


def made_of(event: dict[str, Any]) -> MouseEvent:
    """Return an event in vispy's words."""
    pressed = str(event.get("key", ""))
    name = _KEYS.get(pressed, pressed.upper() if len(pressed) == 1 else pressed)
    return MouseEvent(
        pos=(float(event.get("x", 0.0)), float(event.get("y", 0.0))),
        button=int(event.get("button", 0)),
        modifiers=tuple(Key(str(name).upper()) for name in event.get("modifiers", ())),
        delta=(float(event.get("dx", 0.0)) / _NOTCH, -float(event.get("dy", 0.0)) / _NOTCH),
        key=Key(name) if pressed else None,
        text=pressed if len(pressed) == 1 else "",
    )
