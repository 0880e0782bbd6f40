"""Time ranges in the window: choosing them, saying in the status bar which is shown, twins that show the second."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from phy_medicine.base.errors import ActionError
from phy_medicine.gui.qt import Qt, QtWidgets
from phy_medicine.session.actions import Action, Arg
from phy_medicine.session.time_ranges import A, B, TimeRange

if TYPE_CHECKING:
    from phy_medicine.gui.layout_file import Layout
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.gui.panels import ViewPanel
    from phy_medicine.views.theme import Theme

_COMPARED = ("WaveformView", "AmplitudeView", "CorrelogramView")
_LAYOUT = "early and late"


class RangeSwitch:
    """Keeps the window up to date with the session's time ranges."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = session = window.session
        self._before: Layout | None = None
        self._mark = QtWidgets.QToolButton()
        self._mark.setFocusPolicy(Qt.NoFocus)
        self._mark.setToolTip("Views and tables show only this stretch of time. Click: show the whole recording.")
        self._mark.setAccessibleName("Time range; click to clear it")
        self._mark.clicked.connect(lambda: window.commands.run("clear_time_range"))
        self._mark.hide()
        window.status.add_mark(self._mark)
        window.host.range_chosen = self._choose
        window.bridge.connect(session.time_range_changed, self._changed)
        self.set_theme(window.theme)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._mark.setStyleSheet(f"color: {theme.accent}")

    def actions(self) -> tuple[Action, ...]:
        """Return the window's actions on time ranges."""

        def view(id_: str, text: str, handler: Any, help_: str, alias: str = "", **more: Any) -> Action:
            return Action(id_, text, handler, help_, more.pop("menu", "View"), "ranges", alias=alias, **more)

        ends = (Arg("start", "value", optional=True), Arg("stop", "value", optional=True))
        line = self._window.open_snippet_line
        return (
            view("ask_time_range", "Time range...", lambda: line("range "),
                 "Show and count only a stretch of time in all views and tables: its start and its end in s."),
            view("ask_second_time_range", "Second time range...", lambda: line("range2 "),
                 "The stretch of time of the views that compare: its start and its end in s."),
            view("range_from_trace", "Range from the trace window", self.from_trace,
                 "Show and count only the stretch of time that the trace views show."),
            view("first_and_last_third", "First and last third", self.thirds,
                 "Range A: the first third of the recording; range B: the last."),
            view("clear_time_range", "Whole recording", self._session.clear_time_range,
                 "Forget both time ranges.", args=(Arg("which", optional=True, choices=(A, B)),),
                 when=lambda: (self._session.time_ranges.a or self._session.time_ranges.b) is not None),
            view("add_twin", "Add twin for the second range", self.add_twin,
                 "Open beside the focused view another one of its kind that shows the second time range."),
            view("compare_early_late", "Compare early and late", self.compare,
                 "First and last third side by side: waveforms, amplitudes and correlograms of both; again: the panels "
                 "that were there before."),
            view("own_scale", "Scale of its own", self.part,
                 "Give the focused view and its twin a scale and a zoom for each, or one for both again."),
            view("time_range", "Time range", lambda *ends: self._typed(A, *ends),
                 "Show and count only a stretch of time, s; without numbers the whole recording.", "range", args=ends,
                 menu=""),
            view("second_time_range", "Second time range", lambda *ends: self._typed(B, *ends),
                 "The stretch of time that views bound to the second range show, s.", "range2", args=ends, menu=""),
        )  # fmt: skip

    def _typed(self, which: str, *ends: Any) -> None:
        if not ends:
            self._session.clear_time_range(which)
            self._window.say(f"No time range {which.upper()}.")
            return
        if len(ends) != 2 or not all(isinstance(end, (int, float)) for end in ends):
            snippet = "range" if which == A else "range2"
            raise ActionError(f"A time range is two times in seconds, its start and its end, such as :{snippet} 0 300")
        self._choose(float(ends[0]), float(ends[1]), which)

    def _choose(self, start_s: float, stop_s: float, which: str) -> None:
        chosen = self._session.set_time_range(start_s, stop_s, which)
        if chosen is None:
            self._window.say("All views show the whole recording.")
        elif which == A:
            self._window.say(f"All views and tables show only {chosen.text}; click the mark below to see all again.")
        elif any(p.which == B and p.open for p in self._window.panels):
            self._window.say(f"The views with the badge B show only {chosen.text}.")
        else:
            self._window.say(f"Range B is {chosen.text}; View > Add twin for the second range shows it.")

    def from_trace(self) -> None:
        """Take the stretch of time that the trace views show.

        Raises
        ------
        ActionError : no trace view has shown one
        """
        window = self._session.time_window
        if window is None:
            raise ActionError("No trace view shows a stretch of time; add one with View > Add > TraceView.")
        self._choose(*window, A)

    def thirds(self) -> None:
        """Set both ranges: early and late."""
        end_s = self._session.time_ranges.duration_s
        self._session.time_ranges.choose_both((0.0, end_s / 3), (2 * end_s / 3, end_s))
        ranges = self._session.time_ranges
        if ranges.a is not None and ranges.b is not None:
            self._window.say(f"A: {ranges.a.text}, B: {ranges.b.text}.")

    def add_twin(self) -> ViewPanel:
        """Show the focused view once more, of the second range.

        Raises
        ------
        ActionError : no view has the keyboard
        """
        panel = self._window.panels.focused()
        if panel is None:
            raise ActionError("Click into the view that you want to see of the second time range, then try again.")
        return self._window.panels.twin(panel, B)

    def compare(self) -> None:
        """Set both ranges and show the views that tell most of both, or the panels that were there before."""
        window, before, comparing = self._window, self._before, self._comparing()
        if comparing and before is not None:
            self._before = None
            window.arrangement.place(before)
            return
        with suppress(ActionError):
            self._before = None if comparing else window.arrangement.layout()
        for kind in _COMPARED:
            first, second = (window.panels.nth_or_new(kind, 0, which) for which in (A, B))
            if not (first.open and second.open):
                second.twin_of = first.name
                second.take_state({**first.settings(), "own_scale": False})
        window.layouts.use(_LAYOUT)
        self.thirds()
        ranges = self._session.time_ranges
        if self._before is not None and ranges.a is not None and ranges.b is not None:
            window.say(f"A: {ranges.a.text}, B: {ranges.b.text}. Compare again: the panels that were there before.")

    def _comparing(self) -> bool:
        """Return whether the views in the window are those of a comparison."""
        shown = {(p.kind, p.which) for p in self._window.panels if p.open}
        return shown == {(kind, which) for kind in _COMPARED for which in (A, B)}

    def part(self) -> None:
        """Give the focused view and its twin a scale for each, or one for both again.

        Raises
        ------
        ActionError : no view has the keyboard, or it has no twin
        """
        panel = self._window.panels.focused()
        if panel is None or panel.twin is None or not panel.view.shares_scale:
            raise ActionError("Click into a view that has a twin beside it; View > Add twin for the second range.")
        panel.toggle_own_scale()

    def restore(self) -> None:
        """Choose the ranges that were chosen when this dataset was closed."""
        remembered = self._window.state.get("time_ranges")
        if not remembered or self._window.scripted:
            return
        for which, ends in zip((A, B), remembered, strict=False):
            if ends is not None:
                self._window.commands.guard(lambda ends=ends, which=which: self._session.set_time_range(*ends, which))

    def remember(self) -> None:
        """Keep the ranges for this dataset."""
        ranges = self._session.time_ranges
        ends = [None if r is None else [r.start_s, r.stop_s] for r in (ranges.a, ranges.b)]
        self._window.state.set("time_ranges", ends if any(ends) else None, local=True)

    def _changed(self, _ranges: Any) -> None:
        window = self._window
        window.host.show_ranges()
        window.menus.update_enabled()
        window.later.put("time ranges", self._show)
        window.host.wake()

    def _show(self) -> None:
        ranges = self._session.time_ranges
        named = [(name, r) for name, r in (("A", ranges.a), ("B", ranges.b)) if r is not None]
        self._mark.setText(_in_words(named, ranges.duration_s))
        self._mark.setVisible(bool(named))


def _in_words(named: list[tuple[str, TimeRange]], duration_s: float) -> str:
    """Return `A 0–300 s · B 600–900 s of 900 s ×`."""
    parts = " \N{MIDDLE DOT} ".join(f"{name} {chosen.text}" for name, chosen in named)
    return f"{parts} of {duration_s:,.4g} s  \N{MULTIPLICATION SIGN}"
