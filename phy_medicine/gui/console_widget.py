"""The widget of the console: qtconsole on a kernel in process, in the colours of the theme, with keys of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from qtconsole.inprocess import QtInProcessKernelClient, QtInProcessKernelManager, QtInProcessRichJupyterWidget

from phy_medicine.gui.console_figures import CellFigures
from phy_medicine.gui.console_kernel import ConsoleKernel, dispatch, end_kernel, start_kernel
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.views.theme import DARK, Theme

_BANNER = """Python of this window: session, model, views, window, np, plt, pm. Tab completes, session? tells more.
Also %select 3 5, %snippet LINE, %views, %save_curation. F6 leaves the console.

"""
_ROLES = ("view", "text", "accent", "warning", "error")
_SHEET = """
QPlainTextEdit, QTextEdit {{ background-color: {view}; color: {text}; border: 0; padding: 4px;
  selection-background-color: {accent}; selection-color: #ffffff; }}
.inverted {{ background-color: {text}; color: {view}; }}
.error {{ color: {error}; }}
.in-prompt, .in-prompt-number {{ color: {accent}; }}
.out-prompt, .out-prompt-number {{ color: {warning}; }}
.in-prompt-number, .out-prompt-number {{ font-weight: bold; }}
"""
_SYNTAX = {"dark": "monokai", "light": "default"}
_IPYTHON_COLORS = {"dark": "linux", "light": "lightbg"}


class _Client(QtInProcessKernelClient):  # type: ignore[misc]
    """Gives messages to the kernel in this very thread."""

    def _dispatch_to_kernel(self, msg: dict[str, Any]) -> None:
        kernel: ConsoleKernel | None = self.kernel
        if kernel is None or kernel.shell is None:
            return
        self.session.send(kernel.shell_stream, msg)
        dispatch(kernel, kernel.shell_stream.recv_multipart())
        _, reply = self.session.recv(kernel.shell_stream, copy=False)
        if kernel.shell is not None:  # else the cell has closed the window
            self.shell_channel.call_handlers_later(reply)


class _Manager(QtInProcessKernelManager):  # type: ignore[misc]
    client_class = f"{__name__}._Client"

    def start_kernel(self, **options: Any) -> None:
        self.kernel = start_kernel(self, options["names"])


class ConsoleWidget(QtInProcessRichJupyterWidget):  # type: ignore[misc]
    """Text in which Python is typed.

    names : the name space; passes : tells which keys go to the window nevertheless
    """

    def __init__(self, names: Mapping[str, Any], theme: Theme, passes: Callable[[QtGui.QKeyEvent], bool]) -> None:
        self._passes = passes
        self._theme = DARK
        super().__init__(banner=_BANNER, enable_calltips=True)
        self.setFocusProxy(self._control)
        self._control.setFrameStyle(QtWidgets.QFrame.NoFrame)
        # The keys of these belong to the window, or to nobody: the text has the size that all text has.
        for action in (self.export_action, self.print_action, self.increase_font_size, self.decrease_font_size):
            action.setShortcut(QtGui.QKeySequence())
        self.kernel_manager = _Manager()
        self.kernel_manager.start_kernel(names=names)
        self.figures = CellFigures(self.kernel.shell, theme)
        self.kernel.around_cells = self._running
        self.set_theme(theme)
        self.kernel_client = self.kernel_manager.client()
        self.kernel_client.start_channels()

    @property
    def kernel(self) -> ConsoleKernel:
        """The kernel; None once the console is closed."""
        kernel: ConsoleKernel = self.kernel_manager.kernel
        return kernel

    @contextmanager
    def _running(self) -> Iterator[None]:
        """What holds while a cell runs: figures are the console's, and the pointer says that one has to wait."""
        QtWidgets.QApplication.setOverrideCursor(Qt.WaitCursor)
        try:
            with self.figures.drawn_inline():
                yield
        finally:
            QtWidgets.QApplication.restoreOverrideCursor()

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Claim every key but a few, so that no action of the window runs by accident; keep the typed line in sight."""
        if event.type() == QtCore.QEvent.ShortcutOverride and not self._passes(event):
            event.accept()
            return True
        resized = event.type() == QtCore.QEvent.Resize and watched is self._control
        seen = resized and self._control.viewport().rect().intersects(self._control.cursorRect())
        done = bool(super().eventFilter(watched, event))
        if seen:
            self._control.ensureCursorVisible()
        return done

    def _register_is_complete_callback(self, source: str, callback: Callable[[bool, str], object]) -> None:
        """Tell at once whether a cell is complete: qtconsole waits 0.1 s for the answer, which a busy window misses."""
        callback(*self._is_complete(source))

    def set_theme(self, theme: Theme) -> None:
        """Use other colours and another size of text, also for what is there already."""
        self._theme = theme
        self.style_sheet = _SHEET.format(**{role: getattr(theme, role) for role in _ROLES})
        self.syntax_style = _SYNTAX[theme.name]
        font = QtGui.QFontDatabase.systemFont(QtGui.QFontDatabase.FixedFont)
        font.setPointSize(theme.points)
        self.font = font
        self.kernel.shell.colors = _IPYTHON_COLORS[theme.name]
        self.figures.set_theme(theme)

    def close_kernel(self) -> None:
        """End the kernel; the widget is of no use any more."""
        kernel = self.kernel
        self.kernel_client.stop_channels()
        self.kernel_client = None
        self.kernel_manager.kernel = None
        end_kernel(kernel)
