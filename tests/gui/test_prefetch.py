"""The next candidates are ready before the key is pressed, and what is shown is the same without that."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import numpy as np
import pytest

from phy_medicine.compute.pool import Priority
from phy_medicine.session.session import Session

_KEYS = ("Down", "Space", "Space", "Down", "Space", "Shift+Space")


def plain(value):
    """What is in a block, without what names the request."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (tuple, list)):
        return [plain(v) for v in value]
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value) if f.name != "generation"}
    return value if isinstance(value, (int, float, str, bool, type(None))) else type(value)


@pytest.fixture
def look_ahead(window, settle, qtbot):
    """Lets the window make ready what may come next, and waits for it."""

    def look():
        settle()
        window.host._prefetch()
        window.session.pool.sync(20)

    return look


def test_the_next_keys_find_everything_ready(window, press, look_ahead):
    press("Down")
    for key in ("Space", "Down", "Space"):
        look_ahead()
        (now,) = window.session.candidate_requests(1) if key == "Space" else window.session.candidate_requests(2)[1:]
        for view in window.host.views:
            assert view.cached(now) or view.name not in ("WaveformView", "FeatureView", "CorrelogramView")
        press(key)
        assert window.session.selection.cluster_ids == now.cluster_ids


def test_every_view_shows_the_same_with_and_without(dataset, open_window, press_keys_in, qtbot):
    shown = []
    for n_ahead in (3, 0):
        session = Session.open(dataset)
        session.prefetch.n_ahead = n_ahead
        window = open_window(session)
        pictures = []
        for key in _KEYS:
            press_keys_in(window, key)
            qtbot.waitUntil(lambda window=window: window.at_rest, timeout=20_000)
            pictures.append({v.name: plain(v.block) for v in window.host.views if window.host.in_sight(v)})
            window.host._prefetch()
            session.pool.sync(20)
        shown.append((session.selection.cluster_ids, session.prefetch.n_bytes > 0, pictures))
        window.close()
        session.close()
    (with_ids, some, with_), (without_ids, none, without) = shown
    assert (some, none) == (True, False)
    assert with_ids == without_ids
    for one, other in zip(with_, without, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            assert one[name] == other[name], name


def test_another_selection_drops_what_is_not_ready_yet(window, press, settle, monkeypatch):
    press("Down")
    window.session.pool.sync(20)
    window.host._prefetched = None
    blocked = []
    monkeypatch.setattr(window.session.pool, "submit", lambda key, *args, **more: blocked.append((key, more)))
    window.host._prefetch()
    monkeypatch.undo()
    n_ahead = [key for key, more in blocked if more["priority"] == Priority.PREFETCH]
    assert len({key[1][1] for key in n_ahead}) == window.session.prefetch.n_ahead
    round_ = window.session.prefetch._round
    assert not round_.over
    press("Down")
    assert round_.over


def test_nothing_is_made_ready_once_the_dataset_was_let_go_of(window, settle):
    host = window.host
    window.session.select(window.session.cluster_ids[:1])
    settle()
    window.session.close()
    assert host.idle
    host._prefetched = None
    host._prefetch()
    host._warm_up()
    assert host._prefetched is None
