"""Composition root: a session on a dataset, and a window on a session. Everything heavy is imported when asked for."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phy_medicine.base.configuration import Configuration
from phy_medicine.base.crash_watch import WATCH, report_crashes
from phy_medicine.base.errors import PhyMedError, SaveError
from phy_medicine.base.log import logger
from phy_medicine.base.log_file import hold_log, stop_log
from phy_medicine.base.paths import OwnFiles

if TYPE_CHECKING:
    from phy_medicine.app.plugins import PluginBook
    from phy_medicine.session.session import Session


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """How the window opens and what it does by itself; the fields are the options of `phy-med template-gui`.

    plugins : whether they are loaded
    """

    do: tuple[str, ...] = ()
    screenshot: Path | None = None
    quit: bool = False
    size: tuple[int, int] | None = None
    shared_context: bool = True
    clear_state: bool = False
    configuration: Configuration = Configuration()  # noqa: RUF009
    plugins: bool = True


def open_session(
    path: str | Path,
    *,
    read_only: bool = False,
    recover: bool | None = None,
    take_over: bool = False,
    configuration: Configuration | None = None,
    use_runs: bool = True,
    **choice: Any,
) -> Session:
    """Open a sorted dataset for curation, without a window.

    Parameters
    ----------
    path : the dataset's params.py, or a .kwik file
    read_only : refuse every change
    recover : replay unsaved work of an earlier session (True), leave it aside (False), or keep it for later (None)
    take_over : curate although somebody else seems to be curating, whose session ended without giving the dataset back
    configuration : what counts for caches, threads, jobs and the window; read from the configuration files by default
    use_runs : use the motion and the positions of spikes that were used last, or else the newest ones of the store; the
        window reads them later, once it is up
    choice : `channel_group` and `clustering` of a .kwik file; by default the first group and the clustering `main`

    Raises
    ------
    DatasetError : a file is missing or cannot be understood
    """
    from phy_medicine.session.session import Session

    if configuration is None:
        configuration = configuration_for(path)
    session = Session.open(
        Path(path), read_only=read_only, recover=recover, take_over=take_over, configuration=configuration, **choice
    )
    session.make_view = _notebook_view
    session.similar.at_once = True
    if use_runs:
        session.motion.restore()
        session.localization.restore()
    return session


def open_training(path: str | Path, **options: Any) -> Session:
    """Open a simulated dataset to train on; options : of `open_session`.

    Raises
    ------
    DatasetError : it cannot be opened, or its truth is not there
    """
    from phy_medicine.session.training import Training

    session = open_session(path, **options)
    try:
        session.training = Training(session)
    except PhyMedError:
        session.close()
        raise
    return session


def _notebook_view(session: Session, kind: str, **options: Any) -> Any:
    try:
        from phy_medicine.app.notebook import NotebookView
    except ImportError as error:
        if error.name is None or error.name.startswith("phy_medicine"):
            raise
        raise PhyMedError(
            f"Views in notebooks need {error.name}: pip install 'phy-medicine[notebook]', then start the kernel again."
        ) from error
    return NotebookView(session, kind, **options)


def configuration_for(path: str | Path, given: Sequence[str] = ()) -> Configuration:
    """Read what is configured for a dataset, and write each line that was left out to the log.

    given : `NAME=VALUE` of the command line

    Raises
    ------
    PhyMedError : a word of the command line is no setting
    """
    from phy_medicine.app.config import read_configuration

    path = Path(path).expanduser()
    configuration = read_configuration(path if path.is_dir() else path.parent, given)
    for problem in configuration.problems:
        logger.warning("%s", problem)
    return configuration


def show(session: Session, *, block: bool = False) -> Any:
    """Open the window on a session and return it; what is done to the session afterwards is seen in it at once.

    block : return when the window is closed, as a script that ends with it wants; without it the caller runs the event
    loop of Qt, as IPython does after `%gui qt`, or a program of one's own

    Raises
    ------
    PhyMedError : there is no display
    """
    check_display()
    from phy_medicine.gui.app import show as show_window

    return show_window(session, plugin_book(session), block=block)


def plugin_book(session: Session) -> PluginBook:
    """Return the plugins of a session, found and chosen as it is configured, and not attached yet."""
    return make_book(session, session.configuration)


def make_book(session: Session | None, configuration: Configuration, *, kwik: bool = False) -> PluginBook:
    """Return the plugins that there are; without a session they can be listed only, `kwik` those of a Kwik file."""
    from phy_medicine.app.plugin_finder import PluginWish
    from phy_medicine.app.plugins import PluginBook
    from phy_medicine.base.paths import phy_dir

    kwik = kwik or (session is not None and session.model.path.suffix == ".kwik")
    gui_name = "KwikGUI" if kwik else "TemplateGUI"
    wish = PluginWish(
        folders=configuration.plugin_dirs,
        names=configuration.names_for(gui_name),
        modules=configuration.modules,
        ask_before_new=bool(configuration.get("ask_before_new_plugins", False)),
        trusted=(phy_dir() / "plugins",),
    )
    return PluginBook(session, wish, gui_name=gui_name)


def run_window(open_it: Callable[[], Session], options: WindowOptions) -> int:
    """Open the window on the session that `open_it` gives, and return the exit code when it is closed.

    The session is opened and its plugins are found in a thread of their own, while the libraries of the window are
    loaded in this one.

    Raises
    ------
    PhyMedError : there is no display, or the dataset cannot be opened
    """
    check_display()
    hold_log()
    crashes = report_crashes()
    WATCH.begin()
    try:
        return _run_window(open_it, options, crashes)
    finally:
        WATCH.end()
        stop_log()


def _run_window(open_it: Callable[[], Session], options: WindowOptions, crashes: Sequence[Path]) -> int:
    thread = ThreadPoolExecutor(1, thread_name_prefix="open")
    opening = thread.submit(open_it)
    finding = thread.submit(lambda: plugin_book(opening.result())) if options.plugins else None
    thread.shutdown(wait=False)
    from phy_medicine.gui.app import run

    return run(
        opening.result,
        do=options.do,
        screenshot=options.screenshot,
        quit=options.quit,
        size=options.size,
        shared_context=options.shared_context,
        clear_state=options.clear_state,
        plugins=None if finding is None else finding.result,
        crashes=crashes,
    )


def clear_cache(path: str | Path) -> None:
    """Delete the dataset's cache of computed things; it is made again when needed.

    Raises
    ------
    SaveError : the folder cannot be deleted
    """
    cache = OwnFiles(Path(path).resolve().parent).cache
    if not cache.exists():
        return
    try:
        shutil.rmtree(cache)
    except OSError as error:
        raise SaveError(f"Could not delete the cache {cache}: {error.strerror}. Delete the folder by hand.") from error


def check_display(environment: Sequence[str] | None = None) -> None:
    """Refuse early where Qt would abort the whole program.

    Raises
    ------
    PhyMedError : Linux without a display
    """
    names = os.environ if environment is None else environment
    if sys.platform.startswith("linux") and not {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"} & set(names):
        raise PhyMedError("There is no display: run this on a desktop, or put `xvfb-run -a` in front of the command.")
