"""Views of plugins: whatever goes wrong in one is said in its own dock, and nothing else is held up by it.

`guarded` makes a subclass in which every method that the program calls, and the plugin has written, is called with
care. A picture that fails is replaced by a sentence; a click, a key or a hover that fails leaves the picture and a
line above it (`View.complaint`). Each failure is a `Problem` of the session's extensions.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from weakref import WeakKeyDictionary

from phy_medicine.base.errors import PhyMedError
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.extensions import Extensions, Problem, view_name
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views.base import View, ViewAction
from phy_medicine.views.gpu import Gpu
from phy_medicine.views.widget_view import WidgetView

PICTURE = ("upload", "rescale", "arrange", "decorate", "draw_widget")
"""Without these there is no picture."""
HOOKS: dict[str, Any] = {
    "cached": False, "scale_key": (), "time_panels": (), "on_click": None, "on_wheel": None, "set_time_window": None,
    "pick": None, "describe": None, "restore": None, "set_theme": None, "table_changed": None, "go_to_time": None,
    "show_interval": None, "set_channel": None, "show_feature": None,
    "filters_changed": None, "lost_choices": {},
}  # fmt: skip
"""Methods that answer for themselves -> the answer when they fail."""
ASKED = ("change", "lasso_work", "lasso_spike_ids")
"""What a person asks for: why it is not done is said where it was asked."""


class _Guard:
    """Calls the methods of the views of one plugin."""

    def __init__(self, owner: str, extensions: Extensions) -> None:
        self._owner = owner
        self._extensions = extensions
        self._told: WeakKeyDictionary[View, set[str]] = WeakKeyDictionary()

    def problem(self, view: View, part: str, error: Exception) -> str:
        """Tell of a failure, of the same one once for each view; return its sentence."""
        problem = Problem(self._owner, f"{view.name}.{part}", error)
        told = self._told.setdefault(view, set())
        if problem.sentence not in told:
            told.add(problem.sentence)
            self._extensions.report(problem)
        return problem.sentence

    def complain(self, view: View, part: str, error: Exception) -> None:
        """Say above the picture what went wrong."""
        sentence = str(error) if isinstance(error, PhyMedError) else self.problem(view, part, error)
        if view.complaint != sentence:
            view.complaint = sentence
            view.host.redraw(view)

    def give_up(self, view: View, part: str, error: Exception) -> None:
        """Say in the place of the picture what went wrong; it may be drawn again and again."""
        if not view.scene.message:
            said = str(error) if isinstance(error, PhyMedError) else self.problem(view, part, error)
            view.block, view.scene.message, view.status = None, said, ""
            view.redraw()

    def _timed(self, view: View, part: str, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a method in the thread of the window, and tell of one that holds it up."""
        return self._extensions.timed(self._owner, f"{view.name}.{part}", method, view, *args, **kwargs)

    def picture(self, part: str, method: Callable[..., Any]) -> Callable[..., Any]:
        """Return a method that draws."""

        @wraps(method)
        def call(view: View, *args: Any, **kwargs: Any) -> Any:
            try:
                return self._timed(view, part, method, *args, **kwargs)
            except Exception as error:
                self.give_up(view, part, error)

        return call

    def hook(self, part: str, method: Callable[..., Any], default: Any) -> Callable[..., Any]:
        """Return a method whose failure leaves the picture."""

        @wraps(method)
        def call(view: View, *args: Any, **kwargs: Any) -> Any:
            try:
                return self._timed(view, part, method, *args, **kwargs)
            except Exception as error:
                self.complain(view, part, error)
                return default

        return call

    def asked(self, part: str, method: Callable[..., Any]) -> Callable[..., Any]:
        """Return a method whose failure is the answer."""

        @wraps(method)
        def call(view: View, *args: Any, **kwargs: Any) -> Any:
            return self._extensions.attempt(self._owner, f"{view.name}.{part}", method, view, *args, **kwargs)

        return call

    def prepare(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """Return `prepare`, which says by an error why there is no picture."""

        @wraps(method)
        def call(view: View, request: ViewRequest) -> Any:
            try:
                return method(view, request)
            except PhyMedError:
                raise
            except Exception as error:
                raise DataMissing(self.problem(view, "prepare", error)) from error

        return call

    def paint(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """Return `paint`, which draws at least the sentence."""

        @wraps(method)
        def call(view: View, gpu: Gpu, ratio: float) -> None:
            try:
                method(view, gpu, ratio)
            except Exception as error:
                self.give_up(view, "paint", error)
                view.scene.paint(gpu, ratio, lambda _box: None, lambda: None)

        return call

    def actions(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """Return `actions`, the handlers of which are guarded too."""

        @wraps(method)
        def call(view: View) -> tuple[ViewAction, ...]:
            try:
                return tuple(self._action(view, action) for action in method(view))
            except Exception as error:
                self.complain(view, "actions", error)
                return ()

        return call

    def _action(self, view: View, action: ViewAction) -> ViewAction:
        @wraps(action.handler)
        def run(*args: Any) -> Any:
            try:
                return self._extensions.attempt(self._owner, f"{view.name}.{action.id}", action.handler, *args)
            except PhyMedError as error:
                self.complain(view, action.id, error)
                raise

        def checked() -> bool:
            what = f"{view.name}.{action.id}"
            return bool(self._extensions.call(self._owner, what, cast(Any, action.checked), default=False))

        return dataclasses.replace(action, handler=run, checked=action.checked and checked)

    def state(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """Return `state`; what every view remembers is kept in any case."""

        @wraps(method)
        def call(view: View) -> dict[str, Any]:
            try:
                return dict(method(view))
            except Exception as error:
                self.problem(view, "state", error)
                return View.state(view)

        return call

    def close(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """Return `close`; the canvas is given back in any case."""

        @wraps(method)
        def call(view: View) -> None:
            try:
                method(view)
            except Exception as error:
                self.problem(view, "close", error)
            View.close(view)

        return call


def guarded(view: type[View], owner: str, extensions: Extensions) -> type[View]:
    """Return a subclass of a plugin's class of views that never raises where the program calls it.

    Its name is that by which the registry knows the class, its title the plugin's, else the name.
    """
    guard = _Guard(owner, extensions)
    own = {name: getattr(view, name) for name in dir(view) if getattr(view, name) is not getattr(View, name, None)}
    facts: dict[str, Any] = {part: guard.picture(part, own[part]) for part in PICTURE if part in own}
    facts |= {part: guard.hook(part, own[part], default) for part, default in HOOKS.items() if part in own}
    facts |= {part: guard.asked(part, own[part]) for part in ASKED if part in own}
    for part in ("prepare", "paint", "actions", "state", "close"):
        if part in own:
            facts[part] = getattr(guard, part)(own[part])
    name = view_name(view)
    facts |= {"name": name, "title": view.__dict__.get("title") or name}
    facts |= {"__doc__": view.__doc__, "__module__": view.__module__, "__qualname__": view.__qualname__}
    return type(view.__name__, (view,), facts)


def broken(kind: str, title: str, sentence: str) -> type[View]:
    """Return a class of views that show nothing but a sentence."""

    def prepare(view: View, request: ViewRequest) -> Any:
        raise DataMissing(sentence)

    facts = {"name": kind, "title": title, "needs_selection": False, "prepare": prepare, "__doc__": sentence}
    return type(kind, (View,), facts)


def is_widget(view: View) -> bool:
    """Whether the dock must show what the view has to say, because no GL canvas does."""
    return isinstance(view, WidgetView)
