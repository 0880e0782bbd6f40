"""What plugins ask the supervisor to do: one thing after another, each on a turn of the event loop of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from phy_medicine.app.phy_compat.action_table import call_of_plugin
from phy_medicine.app.phy_compat.events import connect, emit
from phy_medicine.app.phy_compat.task_logger import TaskLogger
from phy_medicine.app.phy_compat.timing import _block

_BLOCK_S = 20.0


class TaskQueue:
    """Calls that wait for their turn; one that is refused or fails is told of, and the next has its turn."""

    def __init__(self, gui: Any) -> None:
        self._gui = gui
        self._waiting: deque[tuple[str, str, Callable[[], Any]]] = deque()

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def put(self, what: str, call: Callable[[], Any]) -> None:
        """Call on a later turn of the event loop, after all that wait already."""
        window = self._gui.main
        self._waiting.append((window.session.extensions.adding, what, call))
        window.later.after(0, self._run)

    def _run(self) -> None:
        owner, what, call = self._waiting[0]
        try:
            self._gui.main.commands.guard(partial(call_of_plugin, self._gui, owner, what, call))
        finally:
            self._waiting.popleft()


class ActionCreator:
    """The sender of `action` events; what is emitted in its name is done by the supervisor."""

    def __init__(self, gui: Any, supervisor: Any) -> None:
        self._gui, self.supervisor = gui, supervisor
        self.queue = TaskQueue(gui)
        self.edit_actions, self.select_actions = gui.edit_actions, gui.select_actions
        self._telling = False
        connect(self._on_action, event="action", sender=self)

    def add(self, which: str, name: str, **options: Any) -> None:
        """Add an action that calls a method of the supervisor to the Edit or the Select menu.

        method_name, method_args : the method, by default that of the name
        """
        method = options.pop("method_name", name)
        call = partial(emit, "action", self, method, *options.pop("method_args", ()))
        options.setdefault("docstring", getattr(getattr(self.supervisor, method, None), "__doc__", None) or name)
        getattr(self, f"{which}_actions").add(call, name=name, **options)

    def tell(self, name: str, *args: Any) -> None:
        """Emit `action` for what the program itself is about to do."""
        self._telling = True
        try:
            emit("action", self, name, *args)
        finally:
            self._telling = False

    def _on_action(self, _sender: Any, name: str, *args: Any) -> None:
        self._gui.task_logger.log(name, args)
        if not self._telling:
            self.queue.put(f"supervisor.actions.{name}", partial(self._do, name, args))

    def _do(self, name: str, args: tuple[Any, ...]) -> None:
        getattr(self.supervisor, name)(*args)


class QueueLogger(TaskLogger):
    """The task logger of a window: some things wait in its queue."""

    def __init__(self, session: Any, queue: TaskQueue) -> None:
        super().__init__(session)
        self._tasks = queue
        self._history: list[tuple[str, tuple[Any, ...]]] = []

    def log(self, name: str, args: tuple[Any, ...]) -> None:
        """Note an action that was asked for."""
        self._history.append((name, args))

    def has_finished(self) -> bool:
        """Say whether all that was asked for is done."""
        return self._tasks.empty

    def show_history(self) -> None:
        """Print what was asked for."""
        print("=== History ===")
        for name, args in self._history:
            print(f"{name:<24}", *args)


def block(gui: Any) -> None:
    """Let events pass until nothing waits and everything is on the screen.

    Raises
    ------
    RuntimeError : it took longer than 20 s
    """
    _block(lambda: gui.queue.empty and gui.main.at_rest, _BLOCK_S)
    link = getattr(gui.controller, "link", None)
    if link is not None:
        link.tell()
