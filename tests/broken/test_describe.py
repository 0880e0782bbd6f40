"""Every broken dataset by the command that describes it: one sentence, no traceback, no file changed, no long wait."""

from __future__ import annotations

import pytest

from tests.broken import drive
from tests.broken.case import Case
from tests.broken.catalogue import CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_described_or_refused_in_a_sentence(case: Case, brief_folder):
    if not case.can_be_made():
        pytest.skip("needs a user who may not read everything")
    with brief_folder() as place:
        path = case.make(place)
        before = drive.tree(place)
        told = drive.describe(case, path)
        assert drive.tree(place) == before
    assert told.faults == []
    assert told.code == int(case.refused), told.text
    if not case.read_only:
        assert told.says(case.says), told.text
    if case.refused:
        assert "\n" not in told.text and told.text.endswith(".")
