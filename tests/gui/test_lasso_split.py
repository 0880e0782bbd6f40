"""A split whose spikes must be read: in the background, with progress, to be cancelled, and exactly the same split."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError
from phy_medicine.compute.pieces import Pieces
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets
from phy_medicine.gui.range_host import RangeHost
from phy_medicine.session.raw_amplitude_source import RawAmplitudeSource
from phy_medicine.session.session import Session
from phy_medicine.views import feature_lasso, lasso_work, waveform_lasso
from phy_medicine.views.amplitude import AmplitudeView
from phy_medicine.views.feature import FeatureView
from phy_medicine.views.scheduler import prepare
from phy_medicine.views.waveform import WaveformView

from .mouse import inside, lasso, move
from .test_mouse import labels_after_split, view_in_sight
from .test_tables import click_row
from .test_waveform_view import _alt_clicks

CHUNK = 40


class Gate:
    """Lets a worker read one piece each time it is opened."""

    def __init__(self) -> None:
        self._passes = threading.Semaphore(0)
        self._wide_open = False
        self.error: Exception | None = None

    def open(self, n: int = 1) -> None:
        self._passes.release(n)

    def open_wide(self) -> None:
        self._wide_open = True
        self._passes.release(1000)

    def pass_through(self) -> None:
        if not self._wide_open:
            assert self._passes.acquire(timeout=20)
        if self.error is not None:
            raise self.error


@pytest.fixture
def gate(monkeypatch):
    """Stands before every piece that is read for a line over waveforms."""
    gate, caught = Gate(), waveform_lasso.caught

    def slowly(*args):
        gate.pass_through()
        return caught(*args)

    monkeypatch.setattr(waveform_lasso, "caught", slowly)
    monkeypatch.setattr(waveform_lasso, "_CHUNK", CHUNK)
    yield gate
    gate.open_wide()


@pytest.fixture
def view(window, press, settle):
    press("Space", "Space")
    view = view_in_sight(window, settle, "WaveformView")
    view.change(overlap=True)
    settle()
    return view


@pytest.fixture
def drawn(view, window, settle, qtbot):
    """A line over waveforms: the spikes of the clusters that cross it, and how many must be read."""
    box = int(view.block.boxes[0][0])
    data, channel = window.session.data, int(view.block.channel_ids[box])
    clusters = [c for c, boxes in zip(view.cluster_ids, view.block.boxes, strict=True) if box in boxes]
    spikes = np.sort(np.concatenate([data.spikes(c) for c in clusters]))
    waveforms = data.waveform_source.of_spikes(spikes, (channel,), view.block.window)[:, :, 0]
    sample = view.block.window.before
    low, high = np.quantile(waveforms[:, sample], (0.1, 0.6))
    (x, y0), (_, y1) = _alt_clicks(view, qtbot, box, [(sample, low), (sample, high)])
    settle()
    there = waveforms[:, int(x)] * (1 - x % 1) + waveforms[:, int(x) + 1] * (x % 1)
    chosen = np.zeros(window.session.model.n_spikes, bool)
    chosen[spikes[(there > min(y0, y1)) & (there < max(y0, y1))]] = True
    assert 10 < chosen.sum() < len(spikes) and len(spikes) > 4 * CHUNK
    return chosen, len(spikes)


def _state(window):
    session = window.session
    journal = session.storage.journal_path  # None before the first action
    lines = "" if journal is None else journal.read_text()
    return session.spike_clusters().tolist(), session.selection.current, lines


def _said(window):
    window.later.flush()
    return window.status.message.text()


def _wait_for(qtbot, window, text):
    qtbot.waitUntil(lambda: window.status.message.text().startswith(text), timeout=20_000)


def test_k_reads_in_the_background_says_how_far_it_is_and_splits_as_one_action(
    window, drawn, gate, press_now, settle, qtbot
):
    (chosen, n), before, session = drawn, window.session.spike_clusters(), window.session
    unchanged, position = _state(window), session.history.position
    press_now("K")
    assert window.splitting.running and not window.at_rest and _state(window) == unchanged
    assert _said(window) == f"Split: 0 of {n:,} spikes read; Esc cancels"
    gate.open(2)
    _wait_for(qtbot, window, f"Split: {2 * CHUNK} of {n:,} spikes read")
    assert _state(window) == unchanged
    gate.open_wide()
    settle()
    assert (session.spike_clusters() == labels_after_split(before, chosen, ())).all()
    assert session.history.position == position + 1 and not session.hold.taken
    assert window.status.message.text() == f"Assigned {np.isin(before, np.unique(before[chosen])).sum()} spikes."
    press_now("Ctrl+Z")
    assert (session.spike_clusters() == before).all()


def test_nothing_changes_clusters_or_selection_while_spikes_are_read(window, drawn, gate, press_now, qtbot):
    press_now("K")
    unchanged = _state(window)
    keys = ("Space", "Shift+Space", "Down", "Up", "Home", "Backspace", "G", "Alt+G", "Shift+Ctrl+K", "Ctrl+Z", "K")
    for key in keys:
        press_now(key)
        assert _state(window) == unchanged, key
    window.say("Something else.")
    press_now("Space")
    assert "Esc cancels it" in _said(window)
    click_row(qtbot, window.tables.clusters, 3)
    click_row(qtbot, window.tables.similar, 0, Qt.ControlModifier)
    click_row(qtbot, window.tables.clusters, 2, Qt.ControlModifier, Qt.RightButton)
    assert window.commands.run_line(":c 1 2") != ""
    assert _state(window) == unchanged and window.splitting.running


def test_a_message_covers_the_progress_only_for_a_while(window, drawn, gate, press_now, qtbot):
    press_now("K")
    window.say("A job is done.")
    assert _said(window) == "A job is done."
    gate.open(1)
    qtbot.waitUntil(lambda: window.lasso_split._reading.n_read == CHUNK, timeout=20_000)
    window.splitting.show()
    assert _said(window) == "A job is done."
    window.status._clock.timeout.emit()
    assert _said(window).startswith(f"Split: {CHUNK} of")


def test_esc_cancels_and_does_nothing_else_and_k_begins_again(
    window, view, drawn, gate, press_now, press, settle, qtbot
):
    chosen, _ = drawn
    window.session.filter("n_spikes > 1")
    settle()
    before, unchanged = window.session.spike_clusters(), _state(window)
    press_now("K")
    gate.open(1)
    _wait_for(qtbot, window, f"Split: {CHUNK} of")
    press_now("Esc")
    assert not window.splitting.running
    assert _said(window) == "The split was cancelled, and nothing has changed."
    gate.open_wide()
    window.session.pool.sync(20)
    settle()
    assert _state(window) == unchanged and window.session.cluster_table.filter_text == "n_spikes > 1"
    assert len(view.scene.lasso) == 2
    press("Esc")
    assert window.session.cluster_table.filter_text == ""
    press("K")
    assert (window.session.spike_clusters() == labels_after_split(before, chosen, ())).all()


def test_an_open_line_is_left_before_the_split_is_cancelled(window, drawn, gate, press_now):
    press_now("K", ":")
    assert window.line.isVisible()
    press_now("Esc")
    assert not window.line.isVisible() and window.splitting.running
    press_now("Esc")
    assert not window.splitting.running


def test_esc_cancels_also_in_a_filter_and_by_the_menu(window, drawn, gate, press_now, qtbot):
    entry = window.menus.actions["cancel_split"]
    assert not entry.isEnabled()
    press_now("K")
    edit = window.tables.clusters.filter_box.edit
    edit.setFocus()
    qtbot.keyClicks(edit, "id > 2")
    selected = window.session.selection.current
    assert window.session.cluster_table.filter_text == "id > 2" and window.splitting.running
    qtbot.keyClick(edit, Qt.Key_Escape)
    assert not window.splitting.running and edit.text() == "id > 2"
    assert window.session.selection.current == selected
    window.tables.clusters.grid.setFocus()
    press_now("K")
    assert entry.isEnabled()
    entry.trigger()
    assert not window.splitting.running and not entry.isEnabled()


def test_the_window_is_drawn_and_looked_at_between_the_pieces(window, view, drawn, gate, press_now, qtbot):
    traces = next(p for p in window.panels if p.kind == "TraceView")
    traces.dock.give_focus()
    qtbot.waitUntil(lambda: window.at_rest, timeout=20_000)
    painted = []
    traces.view.canvas.events.draw.connect(lambda _event: painted.append(traces.view.interval.center_s))
    view.canvas.events.draw.connect(lambda _event: painted.append("waveforms"))
    begin = traces.view.interval.center_s
    press_now("K")
    gate.open(1)
    press_now("Alt+Right")
    qtbot.waitUntil(lambda: any(p != begin and p != "waveforms" for p in painted), timeout=20_000)
    gate.open(1)
    view_dock = next(p for p in window.panels if p.view is view).dock
    view_dock.give_focus()
    move(view, QtCore.QPoint(80, 80))
    qtbot.waitUntil(lambda: "waveforms" in painted, timeout=20_000)
    assert window.splitting.running
    press_now("Esc")


def test_closing_the_window_cancels(window, drawn, gate, press_now):
    press_now("K")
    before, session = window.session.spike_clusters(), window.session
    position = session.history.position
    window.close()
    assert window.is_closed and not session.hold.taken
    gate.open_wide()
    session.pool.sync(20)
    QtWidgets.QApplication.processEvents()
    assert (session.spike_clusters() == before).all() and session.history.position == position


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ActionError("Some spikes are unknown."), "Some spikes are unknown."),
        (OSError("disk gone"), "its spikes could not be read: disk gone. Nothing has changed."),
    ],
)
def test_a_failure_is_one_sentence_and_changes_nothing(window, view, drawn, gate, press_now, settle, error, sentence):
    unchanged = _state(window)
    press_now("K")
    gate.error = error
    gate.open_wide()
    settle()
    assert sentence in window.status.message.text()
    assert _state(window) == unchanged and not window.session.hold.taken and len(view.scene.lasso) == 2
    gate.error = None
    press_now("Space")
    assert _state(window) != unchanged


def test_a_script_waits_for_the_split_and_goes_on_with_its_clusters(window, drawn, gate, qtbot, monkeypatch):
    chosen, _ = drawn
    monkeypatch.setattr("phy_medicine.gui.script.LIMIT_S", 0.05)  # it may read for longer than that
    before, codes = window.session.spike_clusters(), []
    window.run_script(["k", "move good"], codes.append)
    qtbot.waitUntil(lambda: window.splitting.running, timeout=20_000)
    start = time.monotonic()
    qtbot.waitUntil(lambda: time.monotonic() - start > 0.2, timeout=20_000)
    assert codes == [] and (window.session.spike_clusters() == before).all()
    monkeypatch.setattr("phy_medicine.gui.script.LIMIT_S", 20.0)
    gate.open_wide()
    qtbot.waitUntil(lambda: codes != [], timeout=20_000)
    session = window.session
    assert codes == [0] and (session.spike_clusters() == labels_after_split(before, chosen, ())).all()
    assert session.manager.group(int(before.max()) + 1) == "good"


def test_a_script_ends_when_the_spikes_cannot_be_read(window, drawn, gate, qtbot):
    gate.error, codes = OSError("disk gone"), []
    gate.open_wide()
    window.run_script(["k", "next"], codes.append)
    qtbot.waitUntil(lambda: codes != [], timeout=20_000)
    assert codes == [1]


def test_what_is_known_or_quickly_read_is_split_within_the_key_press(window, press, press_now, settle, qtbot):
    press("Space", "Space")
    for kind in ("FeatureView", "AmplitudeView"):
        view = view_in_sight(window, settle, kind)
        before = window.session.spike_clusters()
        x0, x1, y0, y1 = view.panels.ranges()[0]
        middle = y0 + 0.55 * (y1 - y0)
        left, right = x0 + 0.1 * (x1 - x0), x0 + 0.6 * (x1 - x0)
        lasso(qtbot, view, 0, [(left, middle), (right, middle), (right, y1 - 0.05 * (y1 - y0)), (left, 0.9 * y1)])
        press_now("K")
        assert (window.session.spike_clusters() != before).any() and not window.splitting.running
        press("Ctrl+Z")


@pytest.fixture(params=[None, (3.0, 14.0)])
def bounds(request, window, press, settle):
    """A time range, or none; two clusters are selected."""
    press("Space", "Space")
    if request.param is not None:
        window.session.set_time_range(*request.param)
        settle()
    return request.param


def test_components_are_read_in_the_background(window, press, settle, qtbot, monkeypatch, bounds):
    monkeypatch.setattr(feature_lasso, "_CHUNK", 23)
    view = view_in_sight(window, settle, "FeatureView")
    view.change(source="selected")
    settle()
    scores = view.block.scores.of(np.arange(window.session.model.n_spikes)).data[:, :, 0].astype(float)
    limit = view.block.limit
    polygon = lasso(qtbot, view, 1, [(-limit / 4, -limit / 2), (limit / 2, -limit / 4), (limit / 3, limit / 2)])
    _press_k_and_compare(window, press, inside(scores[:, 1], scores[:, 0], polygon), bounds, monkeypatch)


def test_raw_amplitudes_are_measured_in_the_background(window, press, settle, qtbot, monkeypatch, bounds):
    monkeypatch.setattr(RawAmplitudeSource, "n_measured", lambda *args: -(10**6))  # as if none were
    view = view_in_sight(window, settle, "AmplitudeView")
    view.change(kind="raw")
    settle()
    source, times = window.session.data.waveform_source, window.session.model.spike_times
    raw = np.ptp(source.of_spikes(np.arange(len(times)), (view.block.kind.channel_id,))[:, :, 0], axis=1)
    x0, x1, _, y1 = view.panels.ranges()[0]
    middle = float(np.median(view.block.values))
    left, right = x0 + 0.1 * (x1 - x0), x0 + 0.9 * (x1 - x0)
    polygon = lasso(qtbot, view, 0, [(left, middle), (right, middle), (right, 0.9 * y1), (left, 0.9 * y1)])
    _press_k_and_compare(window, press, inside(times, raw, polygon), bounds, monkeypatch)


def _press_k_and_compare(window, press, there, bounds, monkeypatch):
    began, start = [], Pieces.start
    monkeypatch.setattr(Pieces, "start", lambda self: (began.append(self), start(self)))
    session, before = window.session, window.session.spike_clusters()
    times, (low, high) = session.model.spike_times, bounds or (0.0, np.inf)
    mine = np.isin(before, session.selection.cluster_ids)
    chosen = there & mine & (times >= low) & (times < high)
    assert 10 < chosen.sum() < mine.sum()
    press("K")
    assert len(began) == 1 and (session.spike_clusters() == labels_after_split(before, chosen, ())).all()
    assert bounds is None or "Only spikes of 3–14 s were split off" in window.status.message.text()
    press("Ctrl+Z")
    assert (session.spike_clusters() == before).all()


def test_a_read_only_dataset_says_so_before_anything_is_read(dataset, open_window, press_keys_in, qtbot):
    session = Session.open(dataset, read_only=True)
    window = open_window(session)
    press_keys_in(window, "Space")
    qtbot.waitUntil(lambda: window.at_rest, timeout=20_000)
    view = next(p for p in window.panels if p.kind == "WaveformView").view
    box, middle = int(view.block.boxes[0][0]), sum(view.strip(0)) / 2
    for y in (-1000.0, 1000.0):
        view.scene.lasso.add(box, middle, y)
    press_keys_in(window, "K")
    assert not window.splitting.running and "does not accept changes" in _said(window)
    window.close()
    session.close()


# Against the slow and obvious version


class PlainHost:
    """A host of a view without a window."""

    def __init__(self, session: Session) -> None:
        self.data = session.data

    def __getattr__(self, name: str):
        return lambda *args: None


def _view(session, view_class, /, **changes):
    """A view of the session's selection and time range, as a window makes it, uploaded but not drawn."""
    host = RangeHost(PlainHost(session))
    view = host.view = view_class(host)
    view.auto_update = False
    view.change(**changes)
    request = view.request = session.request()
    view.show_block(view.limited(request), prepare(view, request))
    return view


def _every_value(session, view, kind):
    """Coordinates of every spike of the recording in one array: x and y, or waveforms."""
    every = np.arange(session.model.n_spikes)
    if kind is AmplitudeView:
        waveforms = session.data.waveform_source.of_spikes(every, (view.block.kind.channel_id,))
        return session.model.spike_times, np.ptp(waveforms[:, :, 0], axis=1)
    scores = view.block.scores.of(every).data[:, :, 0]
    return scores[:, 1], scores[:, 0]


def _in_background(session, work):
    found, ended = [], threading.Event()
    pieces = Pieces(
        session.pool, work.pieces(), on_item=lambda p: found.append(p.found), on_end=ended.set, on_error=found.append
    )
    pieces.start()
    assert ended.wait(20), found
    return lasso_work.union(found)


PART = st.floats(0.02, 0.98)
RANGES = st.none() | st.tuples(st.floats(0, 9), st.floats(11, 20))


@pytest.fixture(scope="module")
def looked_at(simulated_dataset):
    session = Session.open(simulated_dataset, read_only=True)
    session.next()
    session.next()
    yield session
    session.close()


@pytest.mark.parametrize(("kind", "changes"), [(FeatureView, {"source": "selected"}), (AmplitudeView, {"kind": "raw"})])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(corners=st.lists(st.tuples(PART, PART), min_size=3, max_size=6), bounds=RANGES, chunk=st.integers(1, 300))
def test_the_background_finds_what_the_whole_arrays_hold(looked_at, kind, changes, corners, bounds, chunk):
    session = looked_at
    session.set_time_range(*(bounds or (0.0, session.data.duration_s)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feature_lasso, "_CHUNK", chunk)
        patch.setattr("phy_medicine.session.raw_amplitude_source.PART", chunk)
        if kind is AmplitudeView:  # parts of another length
            session.data._cache.clear()
        view = _view(session, kind, **changes)
        x, y = (np.asarray(v, dtype=float) for v in _every_value(session, view, kind))
        mine = np.isin(session.spike_clusters(), session.selection.cluster_ids)
        # Beside the spikes, and never two corners in one place.
        beside = 1e-3 * np.sqrt(np.arange(2, 2 + len(corners)))
        xs = np.quantile(x[mine], [c[0] for c in corners]) + beside * np.std(x[mine])
        ys = np.quantile(y[mine], [c[1] for c in corners]) + beside[::-1] * np.std(y[mine])
        for corner in zip(xs, ys, strict=True):
            view.scene.lasso.add(1 if kind is FeatureView else 0, *corner)
        work = view.lasso_work()
        session.clear_time_range()
        found = _in_background(session, work)
    times, low, high = session.model.spike_times, *(bounds or (0.0, np.inf))
    seen, corners = np.flatnonzero(mine & (times >= low) & (times < high)), list(zip(xs, ys, strict=True))
    assert found.tolist() == [i for i in seen if _encloses(corners, x[i], y[i])]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.lists(st.tuples(PART, PART), min_size=2, max_size=5), bounds=RANGES, chunk=st.integers(1, 300))
def test_the_background_catches_the_same_waveforms(looked_at, at, bounds, chunk):
    session = looked_at
    session.set_time_range(*(bounds or (0.0, session.data.duration_s)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waveform_lasso, "_CHUNK", chunk)
        view = _view(session, WaveformView, overlap=True)
        box = int(view.block.boxes[0][0])
        channel, window = int(view.block.channel_ids[box]), view.block.window
        every = session.data.waveform_source.of_spikes(np.arange(session.model.n_spikes), (channel,), window)[:, :, 0]
        start, stop = view.strip(0)
        samples = np.array([c[0] for c in at]) * (view.block.n_samples - 1)
        heights = np.quantile(every, [c[1] for c in at])
        for sample, height in zip(samples, heights, strict=True):
            view.scene.lasso.add(box, start + (stop - start) * sample / (view.block.n_samples - 1), height)
        work = view.lasso_work()
        session.clear_time_range()
        found = _in_background(session, work)
    there = [c for c, boxes in zip(view.cluster_ids, view.block.boxes, strict=True) if box in boxes]
    times, low, high = session.model.spike_times, *(bounds or (0.0, np.inf))
    mine = np.isin(session.spike_clusters(), there) & (times >= low) & (times < high)
    corners = np.stack([samples, heights], axis=1)
    expected = [i for i in np.flatnonzero(mine) if _touched(every[i], corners)]
    assert found.tolist() == expected


def _encloses(corners, x, y) -> bool:
    """An odd number of edges lie to the right of a point."""
    n = 0
    for (xa, ya), (xb, yb) in zip(corners, corners[1:] + corners[:1], strict=True):
        n += (ya > y) != (yb > y) and x < xa + (xb - xa) * (y - ya) / (yb - ya)
    return n % 2 == 1


def _touched(waveform, corners) -> bool:
    """A sample is inside, or for two corners the curve crosses the line; one waveform at a time."""
    if len(corners) > 2:
        return any(_encloses(corners.tolist(), float(at), float(value)) for at, value in enumerate(waveform))
    (xa, ya), (xb, yb) = corners[np.argsort(corners[:, 0])]
    at = np.unique(np.clip(np.r_[xa, np.arange(np.ceil(xa), np.floor(xb) + 1), xb], xa, xb))
    curve = np.interp(at, np.arange(len(waveform)), waveform)
    if xa == xb:
        return bool(min(ya, yb) <= curve[0] <= max(ya, yb))
    above = curve > ya + (yb - ya) * (at - xa) / (xb - xa)
    return bool(above.any() and not above.all())
