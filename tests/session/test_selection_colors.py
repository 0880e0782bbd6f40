"""Colours of selected clusters: by place in the selection, or kept while they stay selected."""

from __future__ import annotations

import pytest

from phy_medicine.base.errors import ActionError
from phy_medicine.curation.colors import selection_color
from phy_medicine.curation.groups import Groups
from phy_medicine.curation.selection import SelectionModel
from phy_medicine.session.selection_colors import SelectionColors


@pytest.fixture
def selection() -> SelectionModel:
    return SelectionModel()


@pytest.fixture
def colors(selection: SelectionModel) -> SelectionColors:
    colors = SelectionColors(Groups())
    selection.changed.connect(colors.note)
    return colors


def places(colors: SelectionColors, selection: SelectionModel) -> list[int]:
    ids = selection.cluster_ids
    return [colors.positions(ids)[c] for c in ids]


def test_the_place_in_the_selection_gives_the_colour(selection, colors):
    selection.set([5, 7], [9])
    assert places(colors, selection) == [0, 1, 2]
    selection.set([7], [9])
    assert places(colors, selection) == [0, 1]
    assert tuple(colors.of([7, 9])[1]) == pytest.approx(selection_color(1))


def test_kept_colours_stay_and_a_new_cluster_takes_the_first_free_one(selection, colors):
    colors.keep = True
    selection.set([5, 7], [9])
    selection.set([7], [9])
    assert places(colors, selection) == [1, 2]
    selection.set([7, 4], [9])
    assert places(colors, selection) == [1, 0, 2]
    selection.set([])
    selection.set([9])
    assert places(colors, selection) == [0]


def test_asking_for_what_may_come_next_changes_nothing(selection, colors):
    colors.keep = True
    selection.set([5, 7])
    selection.set([7])
    colors.of([8, 7, 6])
    assert places(colors, selection) == [1]


def test_switching_off_gives_the_places_back_and_tells_only_of_a_change(selection, colors):
    told = []
    colors.changed.connect(lambda: told.append(places(colors, selection)))
    colors.keep = True
    selection.set([5, 7])
    selection.set([7])
    colors.keep = False
    colors.keep = True
    assert told == [[0]]


def test_a_palette_changes_selection_and_groups_at_once(selection, colors):
    told = []
    colors.changed.connect(lambda: told.append(colors.palette))
    colors.palette = "okabe-ito"
    colors.palette = "okabe-ito"
    assert told == ["okabe-ito"]
    assert colors.of([3])[0].tolist() == pytest.approx([0, 0x72 / 255, 0xB2 / 255, 1])
    with pytest.raises(ActionError, match="phy, okabe-ito"):
        colors.palette = "pink"
