"""When the compiled kernels are loaded."""

from __future__ import annotations

from phy_medicine.views import raster


def test_the_drawing_kernels_are_loaded_after_the_first_picture_and_not_before(window, settle, qtbot, monkeypatch):
    waiting = []
    monkeypatch.setattr(raster, "ready", lambda: bool(waiting))
    monkeypatch.setattr(raster, "warm_up", lambda: waiting.append(not window.host.idle))
    window.session.pool.sync()
    assert not waiting
    window.session.next()
    settle()
    qtbot.waitUntil(lambda: bool(waiting))
    assert waiting == [False]
