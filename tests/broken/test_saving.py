"""Curating every broken dataset that opens: labels and their tables are saved, and nothing else is touched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from phy_medicine.base.errors import ReadOnlyError, SaveError
from phy_medicine.session.session import Session
from tests.broken import drive
from tests.broken.case import Case
from tests.broken.catalogue import CASES

SAVED = re.compile(r"(.*/)?(spike_clusters\.npy|cluster_[^/]+\.tsv|rec\.kwik|rec\.kwik\.bak|rec\.0\.main)", re.DOTALL)
CANNOT_BE_SAVED = {"is_a_folder_of_labels", "is_a_loop_of_labels"}
"""Something stands where the groups must be written."""
OPEN = [case for case in CASES if not case.refused]


@pytest.mark.parametrize("case", OPEN, ids=lambda case: case.name)
def test_only_labels_are_written(case: Case, brief_folder, own_home):
    if not case.can_be_made():
        pytest.skip("needs a user who may not read everything")
    with brief_folder() as place:
        path = case.make(place)
        before = drive.tree(place)
        with drive.within_limits():
            said = curate(path, case)
        after = drive.tree(place)
    changed = {name for name in {**before, **after} if before.get(name) != after.get(name)}
    assert [name for name in changed if not SAVED.fullmatch(name)] == []
    if case.read_only or case.name in CANNOT_BE_SAVED:
        assert changed == set() and said
    if case.read_only:
        assert drive.told(0, said, path.parent).says(case.says), said


def curate(path: Path, case: Case) -> str:
    """Merge or label, save, open again and compare; return why that was refused."""
    session = Session.open(path)
    try:
        ids = list(session.cluster_ids)
        if len(ids) > 1:
            session.merge(ids[:2])
        else:
            session.label("note", "seen", cluster_ids=ids)
        session.undo()
        session.redo()
        session.save()
        labels = session.spike_clusters()
    except (ReadOnlyError, SaveError) as error:
        return str(error)
    finally:
        session.close()
    again = Session.open(path)
    same = (again.spike_clusters() == labels).all()
    again.close()
    assert same
    return ""
