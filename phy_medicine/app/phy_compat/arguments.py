"""Arguments of plugins' actions: how many a function takes, how they are typed, and how they are asked for."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

from phy_medicine.app.phy_compat.dialogs import input_dialog
from phy_medicine.app.phy_compat.loose_qt import QtGui

_EXAMPLE = re.compile(r"Example: `([^`]+)`")
_RANGE = re.compile(r"(\d+)-(\d+)\Z")


def arguments(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    """Return the arguments that a function can be given by position."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # of some built-in functions nothing is known
        return (inspect.Parameter("values", inspect.Parameter.VAR_POSITIONAL),)
    return tuple(p for p in parameters if p.kind not in (p.KEYWORD_ONLY, p.VAR_KEYWORD))


def required_arguments(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of the arguments that a function cannot be called without."""
    return tuple(p.name for p in arguments(function) if p.default is p.empty and p.kind is not p.VAR_POSITIONAL)


def _parse_arg(text: str) -> int | float | str:
    """A number where the text is one."""
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _parse_list(text: str) -> Any:
    """`3-6` and `1,2` as lists, other words as one value."""
    found = _RANGE.match(text)
    if found:
        return list(range(int(found[1]), int(found[2]) + 1))
    if "," in text:
        return [_parse_arg(word) for word in text.split(",") if word]
    return _parse_arg(text)


def _parse_snippet(text: str) -> tuple[Any, ...]:
    """Words as values: numbers, texts, ranges `3-6` and lists `1,2`."""
    return tuple(map(_parse_list, text.split()))


def example_in(docstring: str) -> str:
    """Return what stands in "Example: `...`", or ""."""
    found = _EXAMPLE.search(docstring)
    return found[1] if found else ""


def _prompt_args(title: str, docstring: str, default: Callable[[], Any] | None = None) -> tuple[Any, ...] | None:
    """Ask for arguments; None when nothing was entered. default : returns what is offered."""
    offered = str(default()) if callable(default) else str(default or example_in(docstring))
    text, ok = input_dialog(title, _EXAMPLE.sub("", docstring).strip(), offered)
    return _parse_snippet(text) if ok and text.strip() else None


def _get_qkeysequence(shortcut: str | Sequence[str] | None) -> Any:
    """A key sequence of a text or of the name of a standard key, a list of them for several."""
    if not shortcut:
        return []
    if not isinstance(shortcut, str):
        return [_get_qkeysequence(key) for key in shortcut]
    standard = getattr(QtGui.QKeySequence, shortcut, None)
    if isinstance(standard, QtGui.QKeySequence.StandardKey):
        return QtGui.QKeySequence(standard)
    return QtGui.QKeySequence(shortcut)


def key_texts(shortcut: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return keys as the program writes them; a standard key is the keys of this platform."""
    if not shortcut:
        return ()
    if not isinstance(shortcut, str):
        return tuple(key for one in shortcut for key in key_texts(one))
    standard = getattr(QtGui.QKeySequence, shortcut, None)
    if isinstance(standard, QtGui.QKeySequence.StandardKey):
        found = QtGui.QKeySequence.keyBindings(standard)
    else:
        found = [QtGui.QKeySequence(shortcut)]
    return tuple(s.toString(QtGui.QKeySequence.PortableText) for s in found) or (shortcut,)


def _get_shortcut_string(shortcut: Any) -> str:
    """Keys in small letters, as phy lists them."""
    return ", ".join(key.lower() for key in key_texts(shortcut))
