"""Several sessions of one probe in the window: matched in the background, shown, exported, labels carried over."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.gui import ask_path
from phy_medicine.session.actions import Action, Arg
from phy_medicine.session.carry_labels import CarriedLabel, carry_labels, plan_labels
from phy_medicine.session.match_sessions import MatchSettings, SessionMatch, match_sessions
from phy_medicine.session.match_text import export_match

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.gui.match_dialog import MatchDialog
    from phy_medicine.session.match_sessions import MatchedUnit
    from phy_medicine.session.session import Session
    from phy_medicine.views.theme import Theme

_TASK = "match sessions"


class _StoppedError(PhyMedError):
    """The dialog was closed meanwhile."""


class Matching:
    """The window's commands on several sessions; the others are opened read-only, and closed with the dialog."""

    def __init__(self, window: MainWindow) -> None:
        self._window, self._session = window, window.session
        self.dialog: MatchDialog | None = None
        self.found: SessionMatch | None = None
        self.sessions: tuple[Session, ...] = ()
        self.running = False
        self._stop = threading.Event()
        window.closed.connect(self.stop)

    def actions(self) -> tuple[Action, ...]:
        """Return what can be done with several sessions."""
        path = Arg("path", "rest", optional=True)
        return (
            Action("match_sessions", "Match sessions...", self.show,
                   "Find the same neurons in other sessions of this probe: the paths of their params.py.", "Jobs",
                   "sessions", args=(Arg("paths", "rest", optional=True),)),
            Action("export_matches", "Export matches", self.export,
                   "Write the table of matched units to a .tsv or .json file.", "", "sessions", args=(path,)),
            Action("carry_labels", "Carry labels over", self.carry_from,
                   "Give clusters the labels of the same neurons in the session of this name, where they have none.",
                   "", "sessions", args=(Arg("session", "rest", choices=self.names),)),
        )  # fmt: skip

    @property
    def folder(self) -> Path:
        """Where other sessions are looked for first."""
        return self._session.model.dir_path.parent

    def names(self) -> tuple[str, ...]:
        """Return the names of the matched sessions beside the one in the window."""
        return () if self.found is None else tuple(s.name for s in self.found.sessions[1:])

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        if self.dialog is not None:
            self.dialog.set_theme(theme)

    def show(self, paths: str = "") -> None:
        """Open the dialog, and match at once when paths are given."""
        from phy_medicine.gui.match_dialog import MatchDialog

        window = self._window
        if self.dialog is None:
            self.dialog = MatchDialog(self, window.theme, window)
            self.dialog.finished.connect(window.activateWindow)
        for path in shlex.split(paths):
            self.dialog.add_path(Path(path).expanduser().absolute())
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()
        if paths:
            self.run()

    def run(self) -> None:
        """Open the sessions of the list and match them, in a worker."""
        assert self.dialog is not None
        paths, settings = self.dialog.chosen(), MatchSettings(threshold=self.dialog.threshold.value())
        if not paths:
            self.dialog.show_status("Add a session of the same probe first.")
            return
        self.stop()
        self._stop = stop = threading.Event()
        self.running = True
        self.dialog.show_found(None)
        self.dialog.show_status("Opening the sessions \N{HORIZONTAL ELLIPSIS}", busy=True)
        post = self._window.bridge.post
        self._session.pool.submit(
            _TASK, lambda: self._work(paths, settings, stop),
            on_done=lambda found: post(partial(self._done, stop, *found)),
            on_error=lambda error: post(partial(self._failed, stop, error)),
        )  # fmt: skip

    def select(self, unit: MatchedUnit) -> None:
        """Select the cluster of a unit in the window, if it is still there."""
        cluster = unit.clusters[0]
        if cluster is not None and self._session.manager.assignment.contains(cluster):
            self._window.commands.guard(lambda: self._session.select([cluster]))

    def export(self, path: str = "") -> None:
        """Write the table, in place of what the file held.

        Raises
        ------
        PhyMedError : nothing was matched yet, or the file cannot be written
        """
        found, window = self._found(), self._window
        start = self.folder / "matches.tsv"
        target = ask_path.to_write(
            path, self.dialog or window, "Export matches", scripted=window.scripted, suffix=".tsv", start=start
        )
        if target is not None:
            export_match(found, target, force=True)
            window.say(f"Wrote {len(found.matched):,} matched units to {target}.")

    def carry_from(self, name: str) -> None:
        """Give the labels of one session to the clusters of the window that have none.

        Raises
        ------
        ActionError : nothing was matched, there is no such session, or nothing to carry over
        """
        found = self._found()
        if name not in self.names():
            raise ActionError(f"There is no matched session {name!r}; there are: {', '.join(self.names())}.")
        self.carry(plan_labels(found, self.sessions, 1 + self.names().index(name), 0))

    def carry(self, labels: Sequence[CarriedLabel]) -> None:
        """Give clusters of the window these labels.

        Raises
        ------
        PhyMedError : it cannot be done; nothing was changed
        """
        n = carry_labels(self._session, labels)
        self._window.say(f"Carried {n:,} labels over; {self._window.commands.key_of('undo')} takes them back.")

    def guard(self, call: Callable[[], object]) -> None:
        """Call, and say in the dialog what goes wrong."""
        try:
            call()
        except PhyMedError as error:
            if self.dialog is not None:
                self.dialog.show_status(str(error))

    def stop(self) -> None:
        """End what is going on, and close the other sessions."""
        self._stop.set()
        self.found = None
        for session in self.sessions[1:]:
            session.close()
        self.sessions = ()

    def _found(self) -> SessionMatch:
        if self.found is None:
            raise ActionError("Nothing was matched yet; Jobs > Match sessions does.")
        return self.found

    def _work(
        self, paths: Sequence[Path], settings: MatchSettings, stop: threading.Event
    ) -> tuple[tuple[Session, ...], SessionMatch]:
        """Open and match; what was opened is closed again when anything fails."""
        opened: list[Session] = []
        post = self._window.bridge.post

        def progress(name: str, done: int, every: int) -> None:
            if stop.is_set():
                raise _StoppedError("Stopped.")
            if done % 5 == 0 or done == every:
                post(partial(self._tell, stop, f"Waveforms of {name}: {done} of {every} clusters"))

        try:
            for path in paths:
                opened.append(type(self._session).open(path, read_only=True))
                opened[-1].motion.restore()
            sessions = (self._session, *opened)
            return sessions, match_sessions(sessions, settings, progress)
        except BaseException:
            for session in opened:
                session.close()
            raise

    def _tell(self, stop: threading.Event, text: str) -> None:
        if self.dialog is not None and stop is self._stop and self.running:
            self.dialog.show_status(text, busy=True)

    def _done(self, stop: threading.Event, sessions: tuple[Session, ...], found: SessionMatch) -> None:
        self.running = False
        if stop.is_set() or self.dialog is None:
            for session in sessions[1:]:
                session.close()
            return
        self.sessions, self.found = sessions, found
        self.dialog.show_found(found)
        self.dialog.show_status(self.dialog.status.text())

    def _failed(self, stop: threading.Event, error: BaseException) -> None:
        self.running = False
        if not isinstance(error, PhyMedError):
            raise error
        if not stop.is_set() and self.dialog is not None:
            self.dialog.show_status(str(error))
            self._window.say(str(error))
