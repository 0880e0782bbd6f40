"""A window on a real session, for tests with real keys."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("PyQt5")

from phy_medicine.gui.app import create_app
from phy_medicine.gui.layout import built_in
from phy_medicine.gui.main_window import MainWindow
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets
from phy_medicine.gui.state import WindowState
from phy_medicine.session.extensions import Problem
from phy_medicine.session.plugin_record import PluginSource
from phy_medicine.session.session import Session

from .desk import Desk, open_desk
from .phy_desk import OpenPhy, PhyDesk, make_book


@pytest.fixture(scope="session")
def qapp() -> QtWidgets.QApplication:
    """The application with its style, shared contexts and fonts."""
    return create_app()


@pytest.fixture
def session(dataset: Path) -> Iterator[Session]:
    session = Session.open(dataset)
    yield session
    session.close()


OpenWindow = Callable[..., MainWindow]


@pytest.fixture
def open_window(qapp, qtbot, old_objects_left_alone, monkeypatch) -> Iterator[OpenWindow]:
    """Opens windows that ask nothing; they are closed at the end."""
    windows: list[MainWindow] = []
    # A window freezes what it was made of, which is right for a program with one window; of hundreds 10 GB stayed.
    monkeypatch.setattr("phy_medicine.gui.main_window.gc", SimpleNamespace(freeze=lambda: None))

    def open_it(
        session: Session,
        *,
        size: tuple[int, int] = (1280, 800),
        scripted: bool = True,
        plugins: PluginSource | None = None,
    ) -> MainWindow:
        state = WindowState.of_dataset(session.model.dir_path, writable=True)
        if plugins is not None:
            plugins.attach()
        window = MainWindow(session, state, scripted=scripted, plugins=plugins)
        windows.append(window)
        window.open(size)
        window.activateWindow()
        qtbot.waitUntil(lambda: window.isActiveWindow() and window.at_rest, timeout=20_000)
        return window

    yield open_it
    for window in windows:
        if window.is_closed:
            continue
        window.scripted = True
        window.close()
        QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.DeferredDelete)
    windows.clear()
    gc.collect()


@pytest.fixture
def open_with(monkeypatch) -> Callable[..., None]:
    """Says which views stand beside the tables in windows that open from now on."""

    def choose(*kinds: str) -> None:
        tables = {"column": [{"tabs": ["Clusters"]}, {"tabs": ["Similar"]}], "sizes": [58, 42]}
        node = {"row": [tables, {"tabs": list(kinds)}], "sizes": [45, 55]}
        monkeypatch.setattr("phy_medicine.gui.layout.built_in", lambda name, width: node)

    return choose


@pytest.fixture
def few_views(open_with) -> None:
    """Windows open with one view: half the time, for tests of what is the same with any views."""
    open_with("WaveformView")


@pytest.fixture
def usual_views(few_views, monkeypatch) -> None:
    """For a test among those with few views that needs the usual ones; asked for before the window."""
    monkeypatch.setattr("phy_medicine.gui.layout.built_in", built_in)


@pytest.fixture
def window(session: Session, open_window: OpenWindow) -> MainWindow:
    return open_window(session)


@pytest.fixture
def settle(window: MainWindow, qtbot) -> Callable[[], None]:
    """Waits until everything that was done is on the screen."""
    return lambda: qtbot.waitUntil(lambda: window.at_rest, timeout=20_000)


@pytest.fixture
def press_keys_in(qtbot) -> Callable[..., None]:
    """Presses keys where the keyboard of a window is, one after another without waiting for the views."""
    from phy_medicine.gui.qt import QtGui

    def press_keys(window: MainWindow, *keys: str) -> None:
        for key in keys:
            code = QtGui.QKeySequence(key)[0]
            modifiers = Qt.KeyboardModifiers(code & int(Qt.KeyboardModifierMask))
            target = QtWidgets.QApplication.focusWidget() or window
            qtbot.keyClick(target, code & ~int(Qt.KeyboardModifierMask), modifiers)

    return press_keys


@pytest.fixture
def press_now(window: MainWindow, press_keys_in) -> Callable[..., None]:
    """Presses keys in the window, without waiting."""
    return lambda *keys: press_keys_in(window, *keys)


@pytest.fixture
def press(press_now, settle) -> Callable[..., None]:
    """Presses keys, written as in the help: press("Space", "Ctrl+Z"), and waits until the window is at rest."""

    def press_keys(*keys: str) -> None:
        press_now(*keys)
        settle()

    return press_keys


@pytest.fixture(scope="session")
def rich_dataset(tmp_path_factory) -> Path:
    """The params.py of a dataset in which every view has something to show; look, but change nothing.

    It has events, attributes of spikes, template features, and a cluster of one spike.
    """
    from phy_medicine.io.simulate import SimulationSettings, simulate

    settings = SimulationSettings(
        channels=24, units=20, duration_s=20.0, drift="zigzag", oversplit=0.3, events=30, seed=5
    )
    params = simulate(tmp_path_factory.mktemp("rich"), settings)
    folder, rng = params.parent, np.random.default_rng(0)
    clusters = np.load(folder / "spike_clusters.npy")
    n, n_clusters = len(clusters), int(clusters.max()) + 1
    clusters[n // 2] = n_clusters  # a cluster of one spike
    np.save(folder / "spike_clusters.npy", clusters)
    np.save(folder / "spike_width.npy", rng.gamma(3.0, 0.1, n))
    np.save(folder / "spike_place.npy", rng.normal(size=(n, 2)))
    near = np.argsort(rng.random((n_clusters, n_clusters)) - 2 * np.eye(n_clusters), axis=1)[:, :6]
    np.save(folder / "template_feature_ind.npy", near)
    np.save(folder / "template_features.npy", rng.normal(1.0, 0.4, (n, 6)).astype(np.float32))
    return params


@pytest.fixture(scope="module")
def desk(qapp, rich_dataset: Path, brief_folder) -> Iterator[Desk]:
    """One window for all tests of a module; each begins with `desk.start(kind)`."""
    with brief_folder() as folder, pytest.MonkeyPatch.context() as patch:
        shutil.copytree(rich_dataset.parent, folder / "rich")
        patch.setenv("PHY_MEDICINE_HOME", str(folder / "home"))
        with open_desk(folder / "rich" / rich_dataset.name) as desk:
            yield desk


@pytest.fixture
def settle_docks(settle) -> Callable[[], None]:
    """Waits until everything is on the screen, docks that come to the front included."""

    def wait():
        for _ in range(3):
            QtWidgets.QApplication.processEvents()
            settle()

    return wait


@pytest.fixture
def dataset_with_attributes(dataset: Path) -> Path:
    """The dataset with template features, an attribute of one number and one of two."""
    n = len(np.load(dataset.parent / "spike_times.npy"))
    rng = np.random.default_rng(4)
    np.save(dataset.parent / "spike_quality.npy", rng.normal(size=n))
    np.save(dataset.parent / "spike_place.npy", rng.normal(size=(n, 2)))
    n_templates = len(np.load(dataset.parent / "templates.npy"))
    np.save(dataset.parent / "template_features.npy", rng.normal(size=(n, n_templates)).astype(np.float32))
    return dataset


@pytest.fixture
def open_phy(session: Session, open_window, qtbot, tmp_path: Path) -> Iterator[OpenPhy]:
    """Opens a window with some plugin files and classes of them: `open_phy("examples/hello.py", "ExampleHello")`.

    At the end nothing of the plugins may have raised, unless that was allowed. asks : somebody is there to answer
    """
    problems: list[Problem] = []
    allowed: list[bool] = []
    session.extensions.problem.connect(problems.append)
    desks: list[PhyDesk] = []

    def open_it(*words: str, may_fail: bool = False, asks: bool = False) -> PhyDesk:
        files = tuple(word for word in words if word.endswith(".py"))
        names = [word for word in words if word not in files]
        book = make_book(session, tmp_path / "phy" / "plugins", *names, files=files)
        allowed.append(may_fail)
        window = open_window(session, plugins=book)

        def settle() -> None:
            for _ in range(3):  # what a plugin puts off to the next turn, and what comes of it
                QtWidgets.QApplication.processEvents()
                qtbot.waitUntil(lambda: window.at_rest, timeout=20_000)

        settle()
        window.scripted = not asks
        desks.append(PhyDesk(window, book, problems, settle))
        return desks[-1]

    yield open_it
    if any(allowed):
        return
    assert [p.sentence for p in problems if p.error is not None] == []
    for desk in desks:
        assert {r.name: r.details for r in desk.book.records if r.state == "failed"} == {}


@pytest.fixture
def answer(monkeypatch) -> Callable[[str], list[str]]:
    """Answers the next question for arguments, and keeps what was offered."""
    offered: list[str] = []

    def prepare(text: str) -> list[str]:
        def ask(*args, text: str = "", **kwargs) -> tuple[str, bool]:
            offered.append(text or (str(args[-1]) if args else ""))
            return answer_text, True

        answer_text = text
        monkeypatch.setattr(QtWidgets.QInputDialog, "getText", ask)
        return offered

    return prepare
