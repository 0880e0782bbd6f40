"""Broken datasets in the window: every view is painted, clusters are merged and brought back, nothing is touched.

One dataset of each topic; with `PHY_MEDICINE_EVERY_CASE=1`, as in `make fuzz`, all of them, which takes 20 minutes.
"""

from __future__ import annotations

import os

import pytest

pytest.importorskip("PyQt5")

from phy_medicine.gui.app import create_app
from tests.broken import drive, through_window
from tests.broken.case import Case
from tests.broken.catalogue import CASES

EXAMPLES = {
    "is_one_byte", "has_random_bytes", "is_cut_short_templates_npy", "has_one_spike", "has_a_far_cluster",
    "has_nan_positions", "has_infinite_templates", "has_only_nan_features", "has_strange_values", "has_strange_events",
    "has_quotes", "is_linked_elsewhere", "has_a_deep_state", "has_nan_kwx", "has_a_group_in_itself",
    "has_strange_groups",
}  # fmt: skip
CHOSEN = [
    case
    for case in CASES
    if not case.refused and (case.name in EXAMPLES or os.environ.get("PHY_MEDICINE_EVERY_CASE") == "1")
]


@pytest.fixture(scope="module")
def app():
    return create_app()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("case", CHOSEN, ids=lambda case: case.name)
def test_the_window_shows_it_and_takes_a_merge_back(case: Case, app, qtbot, brief_folder, own_home):
    if not case.can_be_made():
        pytest.skip("needs a user who may not read everything")
    faults: list[str] = []
    with brief_folder() as place:
        path = case.make(place)
        before = drive.tree(place)
        with through_window.opened(path, faults) as window:
            said = through_window.curate(window)
            remarks = "\n".join(map(str, window.session.model.checks))
            assert [(p.kind, p.view.canvas.error) for p in window.panels if p.view.canvas.error is not None] == []
        assert drive.tree(place) == before
    assert faults == []
    assert drive.told(0, said if case.read_only else remarks, path.parent).says(case.says)


def test_every_topic_has_an_example():
    topics = {case.topic for case in CASES if not case.refused}
    assert {case.topic for case in CASES if case.name in EXAMPLES} >= topics - TOPICS_WITHOUT_VIEWS


TOPICS_WITHOUT_VIEWS = {"params.py with impossible values"}
"""What opens of these is like others."""
