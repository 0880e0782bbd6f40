"""The record of the curation in the window: its switch, its mark, and the signs that somebody is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phy_medicine.base.errors import PhyMedError
from phy_medicine.gui import ask_path
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets
from phy_medicine.io.viewing_record import delete_record, export_record, read_viewings, record_path
from phy_medicine.session.actions import Action, Arg

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.views.theme import Theme

_SIGNS = {
    QtCore.QEvent.ShortcutOverride, QtCore.QEvent.MouseMove, QtCore.QEvent.MouseButtonPress, QtCore.QEvent.Wheel
}  # fmt: skip
_TURNS = {QtCore.QEvent.WindowActivate, QtCore.QEvent.WindowDeactivate}


class Recording(QtCore.QObject):
    """Joins the session's recorder with the window; events are looked at only while it is on."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._recorder = window, window.session.record
        self.mark = QtWidgets.QToolButton()
        self.mark.setFocusPolicy(Qt.NoFocus)
        self.mark.setText("\N{BLACK CIRCLE} record")
        self.mark.setAccessibleName("A record of the curation is kept; click to stop")
        self.mark.setToolTip(
            "Which clusters are shown, how long, and what is decided is written to\n"
            f"{record_path(window.session.model.dir_path)}\nand nowhere else. Click: stop."
        )
        self.mark.clicked.connect(lambda: window.commands.run("toggle_record"))
        window.status.add_mark(self.mark)
        self.mark.hide()
        window.bridge.connect(self._recorder.changed, self._show)
        window.closed.connect(self._close)
        self.set_theme(window.theme)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.mark.setStyleSheet(f"color: {theme.accent}")

    def actions(self) -> tuple[Action, ...]:
        """Return the switch, and what can be done with a record."""

        def record(id_: str, text: str, handler: object, help_: str, *args: Arg) -> Action:
            return Action(id_, text, handler, help_, "File", "record", args=args)  # type: ignore[arg-type]

        return (
            record("toggle_record", "Record of the curation", self.toggle,
                   "Keep a record of which clusters are shown, how long, and what is decided, beside the dataset."),
            record("export_record", "Export record...", self.export,
                   "Write the record of the curation to a .tsv file.", Arg("path", "rest", optional=True)),
            record("delete_record", "Delete record", self.delete, "Delete the record of the curation of this dataset."),
        )  # fmt: skip

    def restore(self) -> None:
        """Begin where that is wanted, and in a training; a dataset that must not change gets no record."""
        window = self._window
        wanted = window.session.configuration.get("record") if window.scripted else window.state.get("record")
        if (wanted or window.session.training is not None) and not window.session.read_only:
            self._recorder.start()

    def toggle(self) -> None:
        """Begin or stop to record, now and in windows to come.

        Raises
        ------
        ReadOnlyError : the dataset accepts no changes
        """
        on = not self._recorder.on
        (self._recorder.start if on else self._recorder.stop)()
        self._window.state.set("record", on)
        path = record_path(self._window.session.model.dir_path)
        self._window.say(f"The curation is recorded in {path}." if on else "The curation is not recorded any more.")

    def export(self, path: str = "") -> None:
        """Write the record as a table, in place of what the file held.

        Raises
        ------
        PhyMedError : there is no record, or the file cannot be written
        """
        window, folder = self._window, self._window.session.model.dir_path
        self._recorder.flush()
        viewings, n_lost = read_viewings(folder)
        if not viewings:
            raise PhyMedError("There is no record of this dataset; File > Record of the curation begins one.")
        start = folder / "record.tsv"
        target = ask_path.to_write(path, window, "Export record", scripted=window.scripted, suffix=".tsv", start=start)
        if target is not None:
            export_record(viewings, target, force=True)
            lost = f"; {n_lost:,} lines could not be read" if n_lost else ""
            window.say(f"Wrote {len(viewings):,} viewings to {target}{lost}.")

    def delete(self) -> None:
        """Delete the record; a recorder that is on begins a new one.

        Raises
        ------
        DatasetError : it cannot be deleted
        """
        there = delete_record(self._window.session.model.dir_path)
        self._window.say("The record was deleted." if there else "There is no record of this dataset.")

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Take keys and moves of the mouse as signs that somebody is there; they pass."""
        if event.type() in _TURNS and watched.isWidgetType() and watched.isWindow():
            self._recorder.activate(self._is_mine(QtWidgets.QApplication.activeWindow()))
        elif event.type() in _SIGNS and self._is_mine(QtWidgets.QApplication.activeWindow()):
            is_key = event.type() == QtCore.QEvent.ShortcutOverride
            # A key goes from the widget that has the keyboard up to the window: it is counted where it begins.
            begins = watched is QtWidgets.QApplication.focusWidget()
            if not is_key or (begins and not event.isAutoRepeat()):
                self._recorder.touch(key=is_key)
        return False

    def _show(self) -> None:
        on, app = self._recorder.on, QtWidgets.QApplication.instance()
        self.mark.setVisible(on)
        if on:
            app.installEventFilter(self)
            self._recorder.activate(self._is_mine(QtWidgets.QApplication.activeWindow()))
        else:
            app.removeEventFilter(self)

    def _close(self) -> None:
        QtWidgets.QApplication.instance().removeEventFilter(self)
        self._recorder.stop()

    def _is_mine(self, top: QtWidgets.QWidget | None) -> bool:
        """Whether a window is the main one, or a dock or dialog of it."""
        while top is not None and top is not self._window:
            top = top.parentWidget()
        return top is not None
