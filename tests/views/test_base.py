"""What every view gets from its base class, and the canvas."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import FakeHost, picture_of, show

from phy_medicine.base.errors import PhyMedError
from phy_medicine.views import shaders
from phy_medicine.views.amplitude import AmplitudeView
from phy_medicine.views.ink import Ink
from phy_medicine.views.scene import wrap


class Event:
    """A mouse or key event as vispy gives it."""

    def __init__(self, pos=(0, 0), button=1, modifiers=(), delta=(0, 0), key="", text=""):
        self.pos, self.button, self.delta, self.text, self.handled = pos, button, delta, text, False
        self.modifiers = [type("Key", (), {"name": name}) for name in modifiers]
        self.key = type("Key", (), {"name": key}) if key else None


@pytest.fixture
def view(drawn):
    view = AmplitudeView(FakeHost())
    show(view, view.host.make_request([0, 1]))
    drawn(view)
    return view


def _gestures(view):
    return view.canvas._gestures


def test_a_view_shows_no_more_clusters_than_it_can():
    host = FakeHost(n_clusters=12)
    view = AmplitudeView(host)
    limited = view.limited(host.make_request(range(12), n_best=10))
    assert limited.cluster_ids == tuple(range(8))
    assert limited.best_ids == tuple(range(8)) and limited.similar_ids == ()


def test_a_status_of_more_than_64_characters_loses_whole_parts(view):
    view.status = f"waveforms · {'x' * 60} · 300 of 3,796"
    assert view.status == "waveforms · 300 of 3,796"


def test_dragging_pans_by_the_distance_of_the_pointer(view):
    before = view.panels.to_data(0, 200.0, 200.0)
    g = _gestures(view)
    g.press(Event((200, 200)))
    g.move(Event((230, 180)))
    g.release(Event((230, 180)))
    assert np.allclose(view.panels.to_data(0, 230.0, 180.0), before)


def test_the_wheel_zooms_at_the_pointer_and_a_double_click_resets(view):
    g = _gestures(view)
    g.wheel(Event((100, 100), delta=(0, 1)))
    assert view.panels.zoomed
    g.double_click(Event((100, 100)))
    assert not view.panels.zoomed


def test_control_clicks_draw_a_lasso_and_a_right_one_clears_it(view):
    g = _gestures(view)
    for pos in ((100, 100), (200, 100), (200, 200), (500, 50)):
        g.press(Event(pos, modifiers=["Control"]))
        g.release(Event(pos, modifiers=["Control"]))
    assert len(view.scene.lasso) == 3  # the last one lies in the histogram panel
    assert len(view.lasso_spike_ids()) > 0
    g.press(Event((100, 100), button=2, modifiers=["Control"]))
    g.release(Event((100, 100), button=2, modifiers=["Control"]))
    assert len(view.scene.lasso) == 0
    assert len(view.host.called("lasso_changed")) == 4


def test_keys_pan_zoom_and_reset_and_others_are_left_to_the_window(view):
    g = _gestures(view)
    g.key(Event(key="+", text="+"))
    assert view.panels.zoomed
    g.key(Event(key="R", text="r"))
    assert not view.panels.zoomed
    other = Event(key="G", text="g")
    g.key(other)
    assert not other.handled


def test_settings_are_saved_and_restored(view):
    view.change(marker_size=5.0)
    other = AmplitudeView(FakeHost())
    other.restore(view.state())
    assert other.settings == view.settings


def test_a_wrong_setting_is_refused(view):
    with pytest.raises(PhyMedError, match="marker_size"):
        view.change(marker_size=-1.0)


def test_the_picture_is_the_same_after_the_context_was_lost(view):
    before = picture_of(view)
    view.canvas.native.makeCurrent()
    view.canvas.on_initialize(None)
    assert np.array_equal(picture_of(view), before)


def test_a_new_size_keeps_the_axes_inside_the_canvas(view):
    picture_of(view, (300, 200))
    assert view.panels.rects.max() <= 300
    assert view.panels.rects[:, 3].max() <= 200


def test_a_waiting_view_is_dimmed_under_a_progress_line(view):
    before = picture_of(view)
    view.scene.waiting_since = -1e9
    after = picture_of(view)
    assert after[100:300].sum() < before[100:300].sum() * 0.85
    assert after[0].max() > 200


def test_text_is_drawn_on_whole_pixels_and_turns():
    level, upright = Ink(), Ink()
    level.text("Time (s)", 10, 20, color=(1, 1, 1, 1))
    upright.text("Time (s)", 10, 20, color=(1, 1, 1, 1), rotated=True)
    a, b = level.vertices()[0], upright.vertices()[0]
    assert np.array_equal(a[:, :2], np.round(a[:, :2]))
    assert np.ptp(a[:, 0]) == np.ptp(b[:, 1])


def test_all_digits_have_the_same_width():
    ink = Ink()
    assert len({ink.text_width(digit) for digit in "0123456789"}) == 1


def test_a_message_is_broken_between_words():
    assert wrap("one two three", lambda text: len(text) <= 7) == ["one two", "three"]


def test_every_shader_is_short_and_opens_with_its_inputs():
    for path in shaders.shader_dir().glob("*.[vf]*t*"):
        if path.suffix in (".vert", ".frag"):
            lines = path.read_text().splitlines()
            assert len(lines) <= 40 and lines[0] == "#version 120" and lines[1].startswith("//")
