"""The frame scheduler with a pool that works when told to."""

from __future__ import annotations

import pytest
from fake_host import FakeHost

from phy_medicine.views.amplitude import AmplitudeView
from phy_medicine.views.scheduler import FrameScheduler


class SlowView(AmplitudeView):
    """A view that is never prepared in the thread of the window."""

    def cached(self, request):
        return False


class HandPool:
    """Keeps the newest task of each key until `work` is called."""

    def __init__(self):
        self.tasks = {}

    def submit(self, key, function, *args, on_done=None):
        self.tasks[key] = (function, args, on_done)

    def cancel(self, key):
        return self.tasks.pop(key, None) is not None

    def work(self):
        tasks, self.tasks = self.tasks, {}
        for function, args, on_done in tasks.values():
            on_done(function(*args))


@pytest.fixture
def parts():
    pool, wakes = HandPool(), []
    scheduler = FrameScheduler(pool, wakes.append, paint=lambda view: None)
    view = SlowView(FakeHost())
    scheduler.add(view)
    scheduler.tick()
    return scheduler, pool, view, wakes


def test_a_prepared_view_is_drawn_at_the_next_tick_once(parts):
    scheduler, pool, view, wakes = parts
    scheduler.request(view, view.host.make_request([0]))
    assert scheduler.tick() == ()
    wakes.clear()
    pool.work()
    assert 0.0 in wakes
    assert scheduler.tick() == (view,)
    assert view.cluster_ids == (0,)
    assert scheduler.tick() == ()


def test_an_older_result_is_dropped(parts):
    scheduler, pool, view, _ = parts
    scheduler.request(view, view.host.make_request([0]))
    late = pool.tasks.copy()
    scheduler.request(view, view.host.make_request([1]))
    for function, args, on_done in late.values():
        on_done(function(*args))
    scheduler.tick()
    assert view.block is None
    pool.work()
    scheduler.tick()
    assert view.cluster_ids == (1,)


def test_a_hidden_view_waits_and_shows_the_newest_when_shown(parts):
    scheduler, pool, view, _ = parts
    scheduler.set_visible(view, False)
    scheduler.request(view, view.host.make_request([0]))
    scheduler.request(view, view.host.make_request([2]))
    assert not pool.tasks
    scheduler.set_visible(view, True)
    pool.work()
    assert scheduler.tick() == (view,)
    assert view.cluster_ids == (2,)


def test_an_empty_selection_says_what_to_do_at_once(parts):
    scheduler, _, view, _ = parts
    scheduler.request(view, view.host.make_request([]))
    assert scheduler.tick() == (view,)
    assert view.scene.message == "Select a cluster in the table."


def test_a_view_without_automatic_update_keeps_its_picture(parts):
    scheduler, pool, view, _ = parts
    view.auto_update = False
    scheduler.request(view, view.host.make_request([0]))
    assert not pool.tasks
    scheduler.request(view, view.host.make_request([0]), force=True)
    assert pool.tasks


def test_a_view_that_fails_says_so_and_does_not_stop_the_others(parts, monkeypatch):
    scheduler, pool, view, _ = parts
    monkeypatch.setattr(view.host.data, "amplitudes", lambda cluster_id: 1 / 0)
    scheduler.request(view, view.host.make_request([0]))
    pool.work()
    scheduler.tick()
    assert view.scene.message == "This view failed; the log says why."


def test_a_quick_view_is_shown_without_the_pool(parts, monkeypatch):
    scheduler, pool, view, _ = parts
    monkeypatch.setattr(view, "cached", lambda request: True)
    scheduler.request(view, view.host.make_request([0]))
    assert not pool.tasks
    assert scheduler.tick() == (view,)


def test_a_removed_view_gets_nothing_more(parts):
    scheduler, pool, view, _ = parts
    scheduler.request(view, view.host.make_request([0]))
    scheduler.remove(view)
    pool.work()
    assert scheduler.tick() == ()


def test_a_view_that_is_ready_is_painted_together_with_one_that_is_not_yet(parts):
    scheduler, pool, view, wakes = parts
    other = SlowView(view.host)
    scheduler.add(other)
    scheduler.tick()
    scheduler.request_all(view.host.make_request([0]))
    late = pool.tasks.pop(("view", id(other)))
    pool.work()
    wakes.clear()
    assert scheduler.tick() == ()
    assert 0 < wakes[-1] <= 0.05
    function, args, on_done = late
    on_done(function(*args))
    assert set(scheduler.tick()) == {view, other}
