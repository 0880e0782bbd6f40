"""Every kind of view through everything that may happen to it: it comes back to the same picture, and never fails."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.gui.panels import KINDS, Panels
from phy_medicine.gui.qt import QtWidgets
from phy_medicine.session.session import Session

from .dock_moves import check, differs, pixels, settle
from .located import localize

ATTRIBUTES = ("SpikePositionsView", "SpikeWidthView", "SpikePlaceView")
ALL_KINDS = (*KINDS, *ATTRIBUTES)
SMALL, LARGE = (900, 600), (1280, 800)
# What they draw has colours of its own, or belongs to a pair of clusters.
NOT_IN_SELECTION_COLORS = {"TraceImageView", "SteadinessView"}


@pytest.fixture
def open_alone(rich_dataset, open_window, open_with):
    """Opens a window with one view beside the tables; returns window and panel."""
    sessions = []

    def open_it(kind: str, params: Path = rich_dataset):
        session = Session.open(params, read_only=True)
        sessions.append(session)
        if kind in ("PositionView", "ExplorerView", "SteadinessView"):
            localize(session)
        open_with(kind)
        window = open_window(session, size=LARGE)
        (panel,) = window.panels
        settle(window)
        return window, panel

    yield open_it
    for session in sessions:
        session.close()


def similar_pair(session) -> list[int]:
    """Two large clusters on the same channels."""
    first = session.cluster_table.visible_ids()[0]
    return [first, next(iter(session.similar.rows(first)))]


def show(window, ids) -> None:
    window.session.select(list(ids))
    settle(window)


def has_color(picture: np.ndarray, color: np.ndarray) -> bool:
    """Whether some pixels have the hue of a color, however dim."""
    shade = picture.astype(float) / 255
    strength = shade.max(axis=2) - shade.min(axis=2)
    wanted = color[:3] - color[:3].min()
    hue = shade - shade.min(axis=2, keepdims=True)
    hue = hue / np.maximum(hue.max(axis=2, keepdims=True), 1e-9)
    close = np.abs(hue - wanted / wanted.max()).max(axis=2) < 0.12
    return int(np.count_nonzero(close & (strength > 0.25))) >= 3


def assert_same(window, panel, before: np.ndarray, what: str) -> None:
    settle(window)
    now = pixels(panel.view)
    assert now.shape == before.shape, f"{panel.kind} has another size after {what}"
    share = differs(now, before, 8).mean()
    assert share < 0.001, f"{panel.kind}: {share:.1%} of the picture changed by {what}"


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_view_comes_back_to_the_same_picture(open_alone, kind, qtbot):
    window, panel = open_alone(kind)
    session = window.session
    pair, others = similar_pair(session), session.cluster_table.visible_ids()[3:5]
    # A view that keeps its place while it may depends on what was selected before.
    show(window, others)
    show(window, pair)
    check(window, panel)
    before = pixels(panel.view)
    if kind not in NOT_IN_SELECTION_COLORS:
        for color in session.request().colors:
            assert has_color(before, color), f"{kind} lacks the color of a selected cluster"

    size, places = panel.dock.size(), window.saveState()

    def put_back() -> None:
        window.restoreState(places)
        qtbot.waitUntil(lambda: panel.dock.size() == size, timeout=5000)

    panel.dock.setFloating(True)
    panel.dock.resize(500, 400)
    check(window, panel)
    panel.dock.setFloating(False)
    put_back()
    assert_same(window, panel, before, "float and redock")

    panel.dock.close()
    show(window, others)
    window.commands.run("add_view", kind)
    show(window, pair)
    put_back()
    assert_same(window, panel, before, "hide and show")

    window.commands.run("what_if")
    check(window, panel)
    assert session.suppose.current is not None
    if panel.view.shows_parts:
        assert panel.view.cluster_ids == tuple(sorted(pair))
    elif panel.view.needs_selection:
        assert panel.view.cluster_ids == session.suppose.current.ids
    window.commands.run("what_if")
    assert_same(window, panel, before, "what if")

    window.set_theme("light")
    check(window, panel)
    assert np.abs(pixels(panel.view).astype(int) - before).mean() > 20
    window.set_theme("dark")
    assert_same(window, panel, before, "a change of theme")

    window.resize(*SMALL)
    QtWidgets.QApplication.processEvents()
    check(window, panel)
    window.resize(*LARGE)
    put_back()
    assert_same(window, panel, before, "resize")


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_view_shows_any_number_of_clusters(open_alone, kind):
    window, panel = open_alone(kind)
    session = window.session
    pair, view = similar_pair(session), panel.view
    visible = session.cluster_table.visible_ids()
    single = next(c for c in visible if len(session.data.spikes(c)) == 1)
    for ids in ([], visible[:20], [single, visible[0]], pair):
        show(window, ids)
    before = pixels(view)
    for ids in ([], visible[:1], visible[:2], visible[:20], [single], [single, visible[0]]):
        show(window, ids)
        assert view.canvas.error is None
        most = view.max_clusters
        if view.needs_selection and not view.scene.message:
            assert view.cluster_ids == tuple(ids[:most])
        if ids:
            check(window, panel)
    show(window, pair)
    assert_same(window, panel, before, "other selections")


@pytest.fixture(scope="module")
def broken_dataset(rich_dataset, brief_folder) -> Iterator[Path]:
    """The same with NaN in amplitudes, features, templates, attributes, and template features."""
    with brief_folder() as place:
        folder = place / "rich"
        shutil.copytree(rich_dataset.parent, folder)
        for name in ("amplitudes", "pc_features", "templates", "spike_width", "spike_place", "template_features"):
            array = np.load(folder / f"{name}.npy")
            array.reshape(-1)[:: 7 if name != "templates" else 1009] = np.nan
            np.save(folder / f"{name}.npy", array)
        yield folder / rich_dataset.name


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_view_does_not_fail_with_nan_in_every_file(open_alone, broken_dataset, kind):
    window, panel = open_alone(kind, broken_dataset)
    for ids in (similar_pair(window.session), window.session.cluster_table.visible_ids()[:5]):
        show(window, ids)
        check(window, panel)


def test_the_kinds_tested_are_all_there_are(open_alone):
    window, _ = open_alone("WaveformView")
    assert set(window.panels.kinds) == set(ALL_KINDS)
    assert isinstance(window.panels, Panels)
