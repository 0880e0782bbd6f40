"""What the native views of plugins have in common: calls of the plugin's code, selections, and what is remembered."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from phy_medicine.app.phy_compat import colors, events
from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.plugin_pictures import save_picture
from phy_medicine.app.phy_compat.plugin_state import plain_state
from phy_medicine.base.types import IntArray
from phy_medicine.session.extensions import Extensions, Problem
from phy_medicine.session.view_host import ViewRequest

if TYPE_CHECKING:
    from phy_medicine.views.base import View

    _Base = View
else:
    _Base = object


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One selection to be shown; each is a plugin's `on_select`, once."""

    request: ViewRequest


class PluginSide(_Base):
    """Mixed with a view of the program; plugin : a `ManualClusteringView`, None where none could be made.

    owner : the plugin; extensions : of the session, which hear what goes wrong; controller : what plugins know
    """

    owner: ClassVar[str] = ""
    extensions: ClassVar[Extensions | None] = None
    controller: ClassVar[Any] = None
    plugin: Any = None
    attached = False
    selecting = False
    """Whether the plugin is showing a selection: it is drawn once it has done so, however often it asks for that."""
    _done: Shown | None = None
    _untaken = False

    @property
    def saved(self) -> dict[str, Any]:
        """What is remembered of the plugin's view."""
        found: dict[str, Any] = self.__dict__.setdefault("_saved", {})
        return found

    @property
    def supervisor(self) -> Any:
        """Who sends the selections, as plugins know it."""
        return getattr(self.controller, "supervisor", None)

    def call(self, what: str, function: Any, *args: Any, default: Any = None, **kwargs: Any) -> Any:
        """Call a function of the plugin; one that raises, or takes long, is told of, here and to the session."""
        words = f"{self.name}.{what}"
        try:
            if self.extensions is None:
                return function(*args, **kwargs)
            return self.extensions.timed(self.owner, words, function, *args, **kwargs)
        except Exception as error:
            self._tell(Problem(self.owner, words, error))
            return default

    def _tell(self, problem: Problem) -> None:
        if self.extensions is not None:
            self.extensions.report(problem)
        elif problem.error is not None:
            raise problem.error
        self.complaint = problem.sentence

    def select(self, block: Shown, request: ViewRequest) -> None:
        """Let the plugin show a selection, once."""
        if block is self._done:
            return
        self._done, self._drawn_request = block, request
        if not request.cluster_ids:
            return
        self.selecting = True
        events.emit("is_busy", self.plugin, True)
        try:
            with colors.of_selection(request.colors):
                self.plugin.select_now(list(request.cluster_ids))
        finally:
            self.selecting = False
            events.emit("is_busy", self.plugin, False)

    def spikes_to_split(self) -> IntArray:
        """Return the spikes that the plugin's `on_request_split` gives, ascending."""
        split = getattr(self.plugin, "on_request_split", None)
        found = () if split is None else self.call("on_request_split", split, default=())
        ids: IntArray = np.unique(np.asarray(() if found is None else found, dtype=np.int64))
        return ids[(ids >= 0) & (ids < int(self.host.data.n_spikes))]

    # What is remembered

    def state(self) -> dict[str, Any]:
        """Return what is saved: whether the view follows, and what the plugin names."""
        plugin = self.saved if self.plugin is None else {**self.saved, **plain_state(self.plugin)}
        return {"settings": {}, "auto_update": self.auto_update, "plugin": plugin}

    def restore(self, state: dict[str, Any]) -> None:
        """Keep what was saved, for the plugin to take when it is attached."""
        super().restore({key: value for key, value in state.items() if key != "plugin"})
        self._saved = dict(state.get("plugin", {}))
        self._untaken = bool(self._saved)

    def take_state(self) -> None:
        """Give the plugin what was saved, once."""
        if self._untaken and self.plugin is not None:
            self._untaken = False
            self.call("set_state", self.plugin.set_state, Bunch(self.saved))

    # What a plugin asks for

    def show_status(self, text: str) -> None:
        """Say something in the title of the view."""
        self.status = text
        self.host.redraw(self)

    def save_picture(self, folder: Any = None) -> Path:
        """Write a picture of the view into a folder, as PNG; return its path.

        Raises
        ------
        ActionError : the folder or the file cannot be written
        """
        return save_picture(self, type(self.plugin).__name__, folder)
