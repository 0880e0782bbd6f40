"""The application object, and a window on a session from start to end."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import phy_medicine
from phy_medicine.base import machine_code
from phy_medicine.base.crash_report import REPORTER
from phy_medicine.base.log import logger
from phy_medicine.base.log_file import keep_log, stop_log
from phy_medicine.base.paths import OwnFiles, user_dir
from phy_medicine.gui import taking_over
from phy_medicine.gui.display import end_without_display, watch_display
from phy_medicine.gui.errors import Errors
from phy_medicine.gui.opening import opened
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.gui.theme import DARK, THEMES, Theme, wear
from phy_medicine.views.theme import MAX_POINTS, MIN_POINTS

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.session.plugin_record import PluginSource
    from phy_medicine.session.session import Session


# PyQt ends an application or a window that nobody refers to any more, and with it the program.
_kept: list[QtCore.QObject] = []

_SWITCH_S = 0.0005
_GC_THRESHOLD = 50_000
_LAST_TASKS_S = 3.0


def create_app(*, shared_context: bool = True, theme: Theme = DARK) -> QtWidgets.QApplication:
    """Return the application, made at the first call; must come before the first import of vispy.

    shared_context : all canvases share one OpenGL context, so that a view survives when its dock is floated
    """
    # Each call into Qt or OpenGL lets another thread take the interpreter, which then keeps it for the whole interval:
    # with Python's 5 ms a frame of 40 calls took 200 ms while a worker was busy.
    sys.setswitchinterval(_SWITCH_S)
    threading.Thread(target=_load_kernels, name="kernels", daemon=True).start()
    # The imports make a few hundred thousand objects that stay: looking through them again and again takes 60 ms of
    # the start, and now and then 30 ms of a frame.
    gc.set_threshold(_GC_THRESHOLD, 20, 50)
    os.environ["VISPY_PYQT5_SHARE_CONTEXT"] = "true" if shared_context else "false"
    app = QtWidgets.QApplication.instance()
    if app is None:
        QtCore.QCoreApplication.setAttribute(Qt.AA_ShareOpenGLContexts, shared_context)
        QtCore.QCoreApplication.setAttribute(Qt.AA_EnableHighDpiScaling)
        QtCore.QCoreApplication.setAttribute(Qt.AA_UseHighDpiPixmaps)
        # vispy sets the attribute of shared contexts as well, and Qt takes it only before there is an application.
        _choose_vispy_backend()
        app = QtWidgets.QApplication(sys.argv[:1])
        app.setApplicationName("phy-medicine")
        app.setStyle("Fusion")
        app.setWindowIcon(app_icon())
        _kept.append(app)
        atexit.register(_leave)
    elif app not in _kept:  # of IPython's `%gui qt`, or of a program that shows our window beside its own
        _choose_vispy_backend()
        app.setStyle("Fusion")
        _kept.append(app)
        atexit.register(_leave)
    REPORTER.learn("Qt", f"{QtCore.qVersion()} on {app.platformName()}")
    wear(theme)
    return app


def _load_kernels() -> None:
    """Load the machine code of earlier starts while the window is made, so that its first picture has it."""
    from phy_medicine.compute import kernels  # noqa: F401
    from phy_medicine.views import compiled  # noqa: F401

    machine_code.load_kept()


def _choose_vispy_backend() -> None:
    from vispy.app import use_app

    use_app("pyqt5")


def _window(session: Session, *, scripted: bool, clear_state: bool, plugins: PluginSource | None = None) -> MainWindow:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.gui.state import WindowState

    state = WindowState.of_dataset(
        session.model.dir_path, writable=_is_writable(session), clear=clear_state, configuration=session.configuration,
        name="recording.json" if session.is_recording else "state.json",
    )  # fmt: skip
    theme = THEMES.get(str(state.get("theme")), DARK)
    points = state.get("font_size")
    if points in range(MIN_POINTS, MAX_POINTS + 1):
        theme = theme.sized(points)
    if plugins is not None:
        plugins.attach()
    return MainWindow(session, state, theme=theme, scripted=scripted, plugins=plugins)


def show(session: Session, plugins: PluginSource | None = None, *, block: bool = False) -> MainWindow:
    """Open the window on a session and return it; the caller runs the event loop, unless `block` waits for its end."""
    create_app()
    window = _window(session, scripted=False, clear_state=False, plugins=plugins)
    _kept.append(window)
    window.closed.connect(lambda: _kept.remove(window))
    loop = QtCore.QEventLoop()
    window.closed.connect(loop.quit)
    _protect(window)
    window.open()
    if block:
        loop.exec_()
    return window


def _protect(window: MainWindow) -> None:
    """Catch errors while a shown window is open; PyQt would end a program in which nobody does."""
    if sys.excepthook is not sys.__excepthook__:  # IPython's, or that of another window
        return
    errors = Errors(window, silent=False, lost=partial(end_without_display, partial(_let_go, window)))
    errors.__enter__()

    def hand_over() -> None:
        errors.__exit__()
        for other in [w for w in _kept if isinstance(w, type(window)) and not w.is_closed][:1]:
            _protect(other)

    window.closed.connect(hand_over)


def _let_go(window: MainWindow) -> None:
    """Close the session of a window that nothing can be done with any more, not even close it."""
    window.bridge.close()
    window.session.close()


def _leave() -> None:
    """Close windows that are still open when the interpreter ends; Qt would crash on them later."""
    for window in [w for w in _kept if isinstance(w, QtWidgets.QMainWindow)]:
        window.scripted = True
        window.close()
    QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.DeferredDelete)


def run(
    session: Session | Callable[[], Session],
    *,
    do: Sequence[str] = (),
    screenshot: Path | None = None,
    quit: bool = False,
    size: tuple[int, int] | None = None,
    shared_context: bool = True,
    clear_state: bool = False,
    plugins: Callable[[], PluginSource] | None = None,
    crashes: Sequence[Path] = (),
) -> int:
    """Open the window and stay until it is closed.

    Parameters
    ----------
    session : a session, or what returns one (it may still be opening in another thread)
    do : lines to run, each when all views have painted the one before
    screenshot : picture of the window after the last line, PNG, SVG or PDF by its ending
    quit : close after that, without asking and without remembering the window
    plugins : gives the plugins of the session, not attached yet; called when the session is open
    crashes : reports of processes that were brought down, to be told of

    Returns
    -------
    int : 0, or 1 if a line failed

    Raises
    ------
    PhyMedError : the dataset cannot be opened
    """
    from phy_medicine.gui.recovery_dialog import ask_recovery

    app = create_app(shared_context=shared_context)
    # Plugins of phy find the folder of the dataset as the current one.
    screenshot = screenshot.absolute() if screenshot else None
    session = opened(session) if callable(session) else session
    window = _window(session, scripted=quit, clear_state=clear_state, plugins=None if plugins is None else plugins())
    lost = partial(end_without_display, partial(_let_go, window))
    with kept_log(session), Errors(window, silent=quit, lost=lost) as errors:
        watch_display(lost)
        window.open(size)
        for report in crashes:
            logger.warning("The program was brought down the last time; the report %s says more.", report)
        if not quit:
            taking_over.offer(window)
            ask_recovery(window)
        lines = [*do, *([f"screenshot {screenshot}"] if screenshot else ())]
        code = [0]

        def finished(result: int) -> None:
            code[0] = result
            if quit:
                window.close()

        if lines or quit:
            window.run_script(lines, finished)
        app.exec_()
    _end(session)
    return code[0] or int(quit and errors.n > 0)


@contextmanager
def kept_log(session: Session) -> Iterator[None]:
    """Keep the log beside the state of the dataset meanwhile, or beside the user's when the dataset must not change."""
    folder = OwnFiles(session.model.dir_path).log if _is_writable(session) else user_dir() / "log"
    head = f"phy-medicine {phy_medicine.__version__} on {session.model.path}, {session.model.n_spikes} spikes"
    log = keep_log(folder, head)
    try:
        yield
    finally:
        stop_log(log)


def _is_writable(session: Session) -> bool:
    return not session.read_only and os.access(session.model.dir_path, os.W_OK)


def _end(session: Session) -> None:
    """Close the session; the interpreter must not be taken down under a thread that is in the middle of a task."""
    session.close()
    try:
        session.pool.sync(_LAST_TASKS_S)
    except TimeoutError as error:
        logger.info("Leaving all the same: %s", error)


def app_icon() -> QtGui.QIcon:
    """Return the icon of the program."""
    return QtGui.QIcon(str(Path(__file__).parent.parent / "data" / "icon.png"))
