"""The keys that walk through suggestions, and the panel that shows them."""

from __future__ import annotations

from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError
from phy_medicine.curation.suggestions import KINDS, Suggestion
from phy_medicine.gui.dock import Dock
from phy_medicine.gui.qt import QtCore
from phy_medicine.gui.suggestion_panel import SuggestionPanel
from phy_medicine.gui.suggestion_reasons import in_words
from phy_medicine.gui.tool_dock import ToolDock
from phy_medicine.session.actions import Action, Arg
from phy_medicine.session.model_pairs import MODEL

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.views.theme import Theme

DOCK = "Suggestions"
_LEAST_HEIGHT = 230
"""Pixels that the dock is given when it is first opened: six rows, and reasons that need no scrolling."""
_FOLLOW_S = 3.0
"""So long after the first suggestion was found, one that is more useful takes its place, unless something was done."""
_FOUND_MS = 250
"""The panel follows what is found in the background so often."""


class WindowSuggestions:
    """Opens the panel, and keeps it up to date while it can be seen."""

    def __init__(self, window: MainWindow) -> None:
        self._window, self._session = window, window.session
        self.tool = ToolDock(window, DOCK, self._make, lambda: self.panel.setFocus(), least_height=_LEAST_HEIGHT)
        self._found = QtCore.QTimer(window, singleShot=True, interval=_FOUND_MS)
        self._found.timeout.connect(self._refresh)
        # What was selected when a suggestion was wanted and none was there yet.
        self._wanted: object = None
        # Until when the first of the list is looked at, whichever that is, and what is selected while it is.
        self._follow_until_s, self._followed = -inf, None
        connect, session = window.bridge.connect, window.session
        connect(session.suggestions.changed, self._found_some)
        for news in (session.walk.changed, session.selection.changed, session.clusters.changed, session.colors.changed):
            connect(news, lambda *_news: self._changed())

    def actions(self) -> tuple[Action, ...]:
        """Return the keys of the walk."""
        walk = self._session.walk

        def go(id_: str, text: str, handler: Callable[..., Any], key: str, help_: str, **more: Any) -> Action:
            keys = (key,) if key else ()
            return Action(id_, text, handler, help_, "Select", "suggestions", shortcuts=keys, **more)

        return (
            go("show_suggestions", "Suggestions", self.show, "Q",
               "Look for merges, splits, noise and multi-units in the background, and show what may be worth doing."),
            go("next_suggestion", "Next suggestion", lambda: self._walk(walk.next), "J",
               "Select the clusters of the next suggestion, after another selection those of the current one.",
               repeats=True),
            go("previous_suggestion", "Previous suggestion", lambda: self._walk(walk.previous), "Shift+J",
               "Select the clusters of the suggestion before.", repeats=True),
            go("accept_suggestion", "Accept suggestion", lambda: self._walk(walk.accept), "Y",
               "Do what is suggested, as one action that can be undone, and go on to the next suggestion."),
            go("reject_suggestion", "Reject suggestion", lambda: self._walk(walk.reject), "X",
               "Never suggest this again, and go on to the next suggestion."),
            go("postpone_suggestion", "Suggestion later", lambda: self._walk(walk.later), "Z",
               "Put this suggestion behind all others, and go on to the next one."),
            go("take_back_suggestion", "Offer the last one again", lambda: self._walk(walk.take_back), "Shift+X",
               "Take back the last suggestion that was rejected or put off, or the rejected one that is marked."),
            go("show_rejected", "Rejected suggestions", self.show_rejected, "Shift+Q",
               "Show the suggestions that were rejected, or again those that wait."),
            go("suggestion_kinds", "Kinds of suggestions...", self.choose_kinds, "",
               "Walk through suggestions of these kinds alone: merge, split, noise, mua; without a word, of all.",
               args=(Arg("kinds", "rest", optional=True, choices=KINDS),)),
            go("suggestion_preset", "Preset of suggestions...", self.choose_preset, "",
               "How merges are found: the default, by a model, or as a preset of the automatic merging of "
               "SpikeInterface.", args=(Arg("name", "rest", choices=lambda: self._session.suggestions.presets),)),
            go("suggest_merges", "Merges by a model", self.suggest_by_model, "",
               "Suggest merges of clusters that one Gaussian explains better than two, and show what is suggested."),
            go("own_order", "Own order of suggestions", self.switch_own_order, "",
               "Order suggested merges as learned of your own decisions where that is better, or again by default."),
            go("forget_decisions", "Forget own decisions", self.forget_decisions, "",
               "Delete the decisions on merges that are kept for all datasets, and order suggestions by default."),
        )  # fmt: skip

    @property
    def panel(self) -> SuggestionPanel:
        """The content of the dock; made now if it was not before."""
        panel: SuggestionPanel = self.tool.dock.content
        return panel

    @property
    def searching(self) -> bool:
        """Whether suggestions are still looked for, so that a script waits and finds the same ones each time."""
        return self._session.walk.begun and (self._session.suggestions.busy or self._found.isActive())

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        if self.tool.made:
            self.panel.set_theme(theme)

    # What the keys do

    def show(self) -> None:
        """Show the panel, give it the keyboard, and look at the current suggestion as soon as there is one."""
        self._session.walk.begin()
        self.tool.show()
        self._look_soon()

    def show_rejected(self) -> None:
        """Show the suggestions that were rejected, or again those that wait."""
        self._session.walk.begin()
        rejected = not (self.tool.in_sight and self.panel.shows_rejected)
        self.tool.show()
        self.panel.show_rejected(rejected)

    def choose_kinds(self, words: str = "") -> None:
        """Walk through suggestions of some kinds alone, of all without a word.

        Raises
        ------
        ActionError : a word is no kind
        """
        wanted = words.replace(",", " ").lower().split()
        wrong = [word for word in wanted if word not in KINDS]
        if wrong:
            raise ActionError(f"There is no kind of suggestion {wrong[0]}; there are {', '.join(KINDS)}.")
        self._session.suggestions.queue.kinds = frozenset(kind for kind in KINDS if not wanted or kind in wanted)
        self._session.walk.changed.emit()

    def choose_preset(self, name: str) -> None:
        """Look for suggestions as a preset does.

        Raises
        ------
        ActionError : there is no such preset
        """
        self._session.suggestions.choose_preset(name)
        self._changed()

    def switch_own_order(self) -> None:
        """Order merges as learned of the decisions of the person, or by default, and say so."""
        own = self._session.suggestions.own_order
        self._window.say(own.switch(not own.on))
        self._changed()

    def forget_decisions(self) -> None:
        """Delete what is kept of decisions in all datasets.

        Raises
        ------
        DatasetError : it cannot be deleted
        """
        self._window.say(self._session.suggestions.own_order.forget())
        self._changed()

    def suggest_by_model(self) -> None:
        """Look for merges by a model, and show the suggestions.

        Raises
        ------
        ActionError : the dataset has no features
        """
        self.choose_preset(MODEL)
        self.show()

    def _walk(self, step: Callable[[], Any]) -> None:
        """Run a step, with the panel in sight the first time; where nothing was found yet, wait for the first one."""
        session, self._follow_until_s = self._session, -inf
        if not session.walk.begun or not self.tool.made:
            session.walk.begin()
            self.tool.bring()
        if session.suggestions.queue.current is None and session.suggestions.busy:
            self._look_soon()
            return
        marked = self.panel.chosen_rejected
        if step == session.walk.take_back and marked is not None:
            session.walk.take_back(marked)
        else:
            step()
        if self.panel.shows_rejected:
            self.panel.show_rejected(False)
        self._say()

    def _look_soon(self) -> None:
        if self._session.suggestions.queue.current is not None:
            self._session.walk.look()
            self._follow()
        elif self._session.suggestions.busy:
            self._wanted = self._session.selection.current
            self._window.say("Looking for suggestions; the first one is shown as soon as it is found.")
        else:
            self._window.say(self._session.walk.why_nothing())

    def _follow(self) -> None:
        """Look at the first of the list for a moment, as long as nothing else is selected."""
        self._follow_until_s = monotonic() + _FOLLOW_S
        self._followed = self._session.selection.current
        self._say()

    def _look_at_better(self) -> None:
        """Look at the first of the list if one was found that is more useful than the first that came."""
        if self._followed != self._session.selection.current:
            self._follow_until_s = -inf
        elif monotonic() < self._follow_until_s and self._session.walk.look_at_first():
            self._followed = self._session.selection.current
            self._say()

    def _say(self) -> None:
        """Say in the status bar what is looked at."""
        queue = self._session.suggestions.queue
        current, place = queue.current, queue.place
        if current is None or place is None:
            self._window.say(self._session.walk.why_nothing())
            return
        self._window.say(f"{self._words(current)}; suggestion {place + 1:,} of {len(queue.waiting):,}")

    def _words(self, suggestion: Suggestion) -> str:
        order = self._session.walk.selection_of(suggestion).cluster_ids
        return f"{in_words(suggestion, order)}? {suggestion.gain:,.0f} spikes to gain, {suggestion.confidence:.0%} sure"

    # Following

    def _make(self) -> Dock:
        self._session.walk.begin()
        dock = Dock(DOCK, SuggestionPanel(self._window), self._window.theme)
        dock.shown.connect(lambda seen: seen and self._refresh())
        return dock

    def _found_some(self) -> None:
        if not self._found.isActive():
            self._found.start()

    def _changed(self) -> None:
        if self.tool.in_sight:
            self._window.later.put("suggestions", self._refresh)

    def _refresh(self) -> None:
        if self._window.is_closed:
            return
        session = self._session
        if self._wanted is not None:
            self._look_at_first(self._wanted)
        self._look_at_better()
        if self.tool.in_sight:
            self.panel.refresh()
        if session.suggestions.busy and (self.tool.in_sight or self._wanted is not None):
            self._found.start()

    def _look_at_first(self, wanted: object) -> None:
        """Look at the first suggestion that was found, unless the person went elsewhere meanwhile."""
        session = self._session
        if session.suggestions.queue.current is not None:
            self._wanted = None
            if wanted == session.selection.current:
                self._window.commands.guard(session.walk.look)
                self._follow()
        elif not session.suggestions.busy:
            self._wanted = None
            self._window.say(session.walk.why_nothing())
