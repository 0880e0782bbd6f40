"""Every key runs its action and no other, and does what it says; no key is without a test."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from phy_medicine.curation.suggestions import Suggestion
from phy_medicine.gui.dock import Dock
from phy_medicine.gui.gestures import GESTURES
from phy_medicine.gui.keys import canonical
from phy_medicine.session.training import Training

from .desk import Desk
from .located import METHOD, positions
from .mouse import lasso
from .spec_keys import KEYS, Key
from .spec_phy import DEAD, GESTURE_NAMES, HEIRS, OTHER_NAMES, PROGRAM, VIEWS

EFFECTS = {
    "best": lambda d: d.session.selection.best_ids,
    "similar": lambda d: d.session.selection.similar_ids,
    "clusters": lambda d: d.session.cluster_ids,
    "groups": lambda d: [d.session.manager.group(c) for c in d.session.cluster_ids],
    "filter": lambda d: d.session.cluster_table.filter_text,
    "dirty": lambda d: d.session.dirty,
    "reordered": lambda d: d.session.data.has_other_times,
    "filters": lambda d: (d.view_of("TraceView").settings.filter, d.view_of("TraceImageView").settings.filter),
    "dialogs": lambda d: len(d.dialogs()),
    "about": lambda d: sum("About" in w.windowTitle() for w in d.dialogs()),
    "line": lambda d: d.window.line.isVisible(),
    "message": lambda d: d.window.status.message.text(),
    "shown": lambda d: [dock.objectName() for dock in d.window.findChildren(Dock) if dock.isHidden()],
    "focus": lambda d: [dock.objectName() for dock in d.window.findChildren(Dock) if dock.bar.focused],
}


def draw_lasso(desk: Desk, qtbot) -> None:
    desk.start("AmplitudeView")
    x0, x1, y0, y1 = desk.view.panels.ranges()[0]
    left, right, low, high = x0 + 0.5 * (x1 - x0), x1 - 0.02 * (x1 - x0), 0.02 * (y1 - y0), y1 - 0.02 * (y1 - y0)
    lasso(qtbot, desk.view, 0, [(left, low), (left, high), (right, high), (right, low)])


def localize_twice(desk: Desk, _qtbot) -> None:
    """Put positions into the store that are not in use; they stay unused by later tests."""
    n = desk.session.model.n_spikes
    for _ in range(2):
        desk.session.store.add("localization", {"x_um": np.zeros(n), "depth_um": np.zeros(n)})
    desk.session.localization.use(None)


def use_positions(desk: Desk, qtbot) -> None:
    if desk.session.localization.current is None:
        run = desk.session.store.add("localization", positions(desk.session), name="net", facts={"method": METHOD})
        desk.session.localization.use(run.id)


def train(desk: Desk, _qtbot) -> None:
    desk.session.training = Training(desk.session)
    desk.window.menus.update_enabled()


def suggest(desk: Desk, _qtbot) -> None:
    """Offer three suggestions, and look at the second one."""
    session = desk.session
    session.walk.begun = True
    queue = session.suggestions.queue
    while queue.refused:
        session.suggestions.take_back(queue.refused[0])
    queue.withdraw([s.about for s in queue.open])
    session.suggestions.offer(Suggestion("noise", (c,), 1e9 - c, 0.9) for c in session.cluster_ids[3:6])
    session.walk.go_to(session.suggestions.queue.waiting[1])


def reject(desk: Desk, qtbot) -> None:
    suggest(desk, qtbot)
    desk.session.walk.reject()


BEFORE = {
    "": lambda desk, qtbot: None,
    "a view": lambda desk, qtbot: desk.start("AmplitudeView"),
    "moved": lambda desk, qtbot: desk.session.move("good", "best"),
    "undone": lambda desk, qtbot: (desk.session.move("good", "best"), desk.session.undo()),
    "merged": lambda desk, qtbot: desk.session.merge(),
    "good": lambda desk, qtbot: desk.session.label("group", "good"),
    "filtered": lambda desk, qtbot: desk.session.filter("n_spikes > 2"),
    "lasso": draw_lasso,
    "workspace": lambda desk, qtbot: (desk.session.next(), desk.session.collect()),
    "localized twice": localize_twice,
    "suggested": suggest,
    "rejected": reject,
    "localized": use_positions,
    "training": train,
    "violations": lambda desk, qtbot: desk.view.change(refractory_ms=100.0),
}


def value_of(desk: Desk, path: str) -> Any:
    return EFFECTS[path](desk) if path in EFFECTS else operator.attrgetter(path)(desk.view)


def name_of(row: Key) -> str:
    return f"{row.kind or 'program'}: {row.key}"


@pytest.fixture
def fresh(desk: Desk):
    yield desk
    desk.close_dialogs()
    desk.undo_all()
    if desk.session.localization.known is not None:
        desk.session.localization.use(None)
        desk.settle()


@pytest.mark.parametrize("row", KEYS, ids=name_of)
def test_a_key_runs_its_action_and_does_what_it_says(fresh: Desk, qtbot, row: Key):
    desk, (sign, path) = fresh, (row.effect[0], row.effect[1:])
    desk.start(row.kind)
    BEFORE[row.before](desk, qtbot)
    desk.settle()
    desk.ran.clear()
    before = value_of(desk, path)
    desk.press(row.key)
    after = value_of(desk, path)
    assert desk.ran == [row.action]
    assert {"+": operator.gt, "-": operator.lt, "!": operator.ne}[sign](after, before), f"{path} {before} -> {after}"


def test_the_keys_that_are_tested_are_all_there_are(desk: Desk):
    there = {(a.owner, canonical(key), a.id) for a in desk.window.commands.table for key in a.shortcuts}
    tested = {(row.kind, canonical(row.key), row.action) for row in KEYS} | {("", "Ctrl+Q", "exit")}
    assert there - tested == set(), "keys without a row in spec_keys.py"
    assert tested - there == set(), "keys that are gone"
    assert len(KEYS) == len({row[:2] for row in KEYS})


def bindings_of_phy() -> list[tuple[str, str, str]]:
    program = [("", action, key) for action, key in PROGRAM.items()]
    return [*program, *((view, action, key) for view, mine in VIEWS.items() for action, key in mine.items())]


def test_every_binding_of_phy_has_a_key_here_or_a_gesture_in_the_help_or_a_reason():
    keys = {(row.kind, canonical(row.key)): row.action for row in KEYS} | {("", "Ctrl+Q"): "exit"}
    gestures = {(view, gesture) for views, gesture, _ in GESTURES for view in views.split(", ")}
    bindings = bindings_of_phy()
    assert len(bindings) == 118
    for view, action, key in bindings:
        if key.endswith(("click", "wheel")):
            name, heirs = GESTURE_NAMES.get((view, key)), HEIRS.get(view, (view,))
            shared = ("All views", name) in gestures or all((heir, name) in gestures for heir in heirs)
            assert shared or (view, key) in DEAD, (view, action, key)
        else:
            # The trace image says image_left for go_left.
            name = OTHER_NAMES.get(action, action.removeprefix("go_to_").removeprefix("go_"))
            assert name in keys[view, canonical(key)], (view, action, key)
