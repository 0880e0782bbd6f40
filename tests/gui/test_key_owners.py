"""Who gets a key that several could have: the program, the view that has the keyboard, else the first view."""

from __future__ import annotations

import operator
import subprocess
from collections import Counter

import pytest

from phy_medicine.gui.keys import canonical
from phy_medicine.gui.qt import Qt

from .dock_moves import settle
from .mouse import click
from .test_real_keyboard import pytestmark as needs_xdotool


def view_of(window, kind):
    return next(p.view for p in window.panels if p.kind == kind)


def front(window, kind):
    """Bring a view of a kind to the front, made if there is none, and return its panel."""
    panel = next((p for p in window.panels if p.kind == kind), None) or window.panels.reopen_or_add(kind)
    panel.dock.give_focus()
    settle(window)
    return panel


def test_ctrl_q_ends_the_window(window, press_now):
    press_now("Ctrl+Q")
    assert window.is_closed


def test_no_two_actions_of_the_program_share_a_key_and_no_view_takes_one(window):
    for kind in window.panels.kinds:
        if all(p.kind != kind for p in window.panels):
            window.panels.add(kind)
    table = window.commands.table
    own = Counter(canonical(key) for a in table if not a.owner for key in a.shortcuts)
    assert [key for key, n in own.items() if n > 1] == []
    assert [(a.id, key) for a in table if a.owner for key in map(canonical, a.shortcuts) if key in own] == []
    within = Counter((a.owner, canonical(key)) for a in table if a.owner for key in a.shortcuts)
    assert [claim for claim, n in within.items() if n > 1] == []


def scalings(window):
    return [p.view.settings.scaling for p in window.panels if p.kind == "FeatureView"]


def test_a_view_key_acts_on_the_view_that_has_the_keyboard_else_on_the_first_of_its_kind(window, press, qtbot):
    first = front(window, "FeatureView")
    second = window.panels.add("FeatureView")
    window.addDockWidget(Qt.TopDockWidgetArea, second.dock)
    press("Space")
    window.tables.clusters.setFocus()
    press("Ctrl++")
    assert scalings(window) == pytest.approx([1.2, 1.0])
    click(qtbot, second.view, second.dock.content.rect().center(), modifiers=Qt.NoModifier)
    assert second.dock.content.hasFocus()
    press("Ctrl++", "Ctrl++")
    assert scalings(window) == pytest.approx([1.2, 1.44])
    front(window, "WaveformView")
    press("Ctrl+-")
    assert scalings(window) == pytest.approx([1.0, 1.44])
    first.dock.close()
    press("Ctrl+-")
    assert scalings(window) == pytest.approx([1.0, 1.2])


def test_a_snippet_acts_on_the_view_that_had_the_keyboard_before_the_line(window, press, qtbot):
    front(window, "CorrelogramView")
    second = window.panels.add("CorrelogramView")
    window.addDockWidget(Qt.TopDockWidgetArea, second.dock)
    second.dock.give_focus()
    press("Space", ":")
    qtbot.keyClicks(window.line, "cw 80")
    press("Return")
    assert [p.view.settings.window_ms for p in window.panels if p.kind == "CorrelogramView"] == [50, 80]


def test_a_key_that_two_kinds_of_view_have_is_for_the_one_that_has_the_keyboard(window, press):
    raster, amplitudes = front(window, "RasterView"), front(window, "AmplitudeView")
    for action_id in ("next_amplitudes_type", "increase_marker_size"):
        assert window.commands.run_line(f"set_shortcut {action_id} Ctrl+9") == ""
    before = amplitudes.view.settings.kind
    raster.dock.give_focus()
    press("Ctrl+9")
    assert (raster.view.settings.marker_size, amplitudes.view.settings.kind) == (pytest.approx(1.1), before)
    amplitudes.dock.give_focus()
    press("Ctrl+9")
    assert raster.view.settings.marker_size == pytest.approx(1.1) and amplitudes.view.settings.kind != before


# On a US keyboard a plus needs Shift, so that Ctrl++ cannot be told from Ctrl+Shift++; here the X server presses it.

SIGNS = (
    ("FeatureView", "ctrl+shift+equal", "ctrl+minus", "settings.scaling"),
    ("RasterView", "ctrl+shift+equal", "ctrl+shift+minus", "settings.marker_size"),
    ("TemplateView", "ctrl+alt+shift+equal", "ctrl+alt+minus", "settings.scaling"),
    ("TraceImageView", "ctrl+alt+shift+minus", "ctrl+alt+shift+equal", "interval.length_s"),
    ("TraceView", "alt+minus", "alt+shift+equal", "interval.length_s"),
)


def press_by_server(window, key):
    subprocess.run(["xdotool", "windowfocus", str(int(window.winId())), "key", key], check=True)


@needs_xdotool
def test_a_sign_that_needs_shift_reaches_the_view_that_has_the_keyboard(window, press, qtbot):
    press("Space")
    views = {kind: front(window, kind).view for kind, *_ in SIGNS}

    def values():
        return [operator.attrgetter(path)(views[kind]) for kind, *_, path in SIGNS]

    for place, (kind, more, less, _) in enumerate(SIGNS):
        front(window, kind)
        # The trace view and the trace image show the same stretch of time.
        others = [i for i in range(len(SIGNS)) if i != place and {i, place} != {3, 4}]
        for key, compare in ((more, operator.gt), (less, operator.lt)):
            before = values()
            press_by_server(window, key)
            qtbot.waitUntil(lambda before=before: values() != before, timeout=5_000)
            after = values()
            assert compare(after[place], before[place]), f"{kind}: {key}"
            assert [after[i] for i in others] == [before[i] for i in others], f"{kind}: {key}"
