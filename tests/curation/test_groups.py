"""Groups of phy and of the user."""

from __future__ import annotations

import pytest

from phy_medicine.base.errors import ActionError
from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.curation.groups import Groups


def test_the_four_groups_have_phys_colours_and_keys() -> None:
    facts = [(g.name, g.color, g.key, g.masked) for g in Groups()]
    assert facts == [
        ("noise", "#777777", "n", True),
        ("mua", "#AFAFAF", "m", True),
        ("good", "#86D16D", "g", False),
        ("unsorted", "#FFFFFF", "u", False),
    ]


def test_no_group_is_unsorted() -> None:
    assert Groups().get(None).name == "unsorted"


def test_custom_groups_get_a_colour_and_a_key_that_nobody_has() -> None:
    groups = Groups()
    for name in ("nice", "non", "gum"):
        groups.get(name)
    assert [groups.get(name).key for name in ("nice", "non", "gum")] == ["i", "o", ""]
    assert len({group.color for group in groups}) == 7


def test_a_group_can_be_masked_and_given_a_colour() -> None:
    groups = Groups()
    groups.add("artifact", color="#ff0000", key="x", masked=True)
    assert (groups.is_masked("artifact"), groups.get("artifact").map_color) == (True, (1.0, 0.0, 0.0))


@pytest.mark.parametrize(("name", "color", "key"), [("", "", ""), ("a\tb", "", ""), ("x", "red", ""), ("x", "", "g")])
def test_a_bad_name_colour_or_key_is_refused(name: str, color: str, key: str) -> None:
    groups = Groups()
    with pytest.raises(ActionError):
        groups.add(name, color=color, key=key)
    assert len(groups) == 4


def test_groups_follow_the_palette_unless_somebody_chose_their_colour():
    groups = Groups()
    groups.add("axon")
    groups.add("mine", color="#123456")
    before = list(groups)
    groups.use_palette("okabe-ito")
    colors = {group.name: group.color for group in groups}
    assert (colors["good"], colors["axon"], colors["mine"]) == ("#56B4E9", "#E69F00", "#123456")
    assert groups.get("good").map_color == pytest.approx((0x56 / 255, 0xB4 / 255, 0xE9 / 255))
    assert groups.add("later").color == "#CC79A7"
    groups.remove("later")
    groups.use_palette("phy")
    assert [group.color for group in groups] == [group.color for group in before]


def test_clusters_can_be_put_into_a_group_that_is_not_known_yet():
    groups = Groups()
    assert [groups.choose(name).name for name in ("good", "axon bundle", "é")] == ["good", "axon bundle", "é"]
    assert len(groups) == 6


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Good", "There is no group Good; there is good"),
        ("5", "phy 1 number"),
        (2.5, "phy 1 number"),
        ("a\tb", "visible characters"),
        ("x\x07", "visible characters"),
        ("\u200b", "visible characters"),
        ("x" * 201, "at most 200"),
    ],
)
def test_a_name_that_cannot_be_a_groups_is_refused_in_a_sentence(name: object, why: str):
    manager = ClusterManager([3, 3, 5])
    with pytest.raises(ActionError, match=why):
        manager.plan_group([3], name)  # type: ignore[arg-type]
    with pytest.raises(ActionError):
        manager.plan_label("group", [3], name)  # type: ignore[arg-type]
    assert len(manager.groups) == 4


def test_a_group_of_a_file_with_an_odd_name_keeps_it():
    groups = Groups()
    groups.get("Good")
    assert groups.choose("Good").name == "Good"


def test_clusters_can_be_put_into_a_group_that_others_of_the_dataset_are_in():
    manager = ClusterManager([3, 3, 5], {"group": {5: "Good"}})
    assert manager.plan_group([3], "Good").group == manager.plan_label("group", [3], "Good").value == "Good"


def test_a_group_of_blanks_is_none():
    manager = ClusterManager([3, 3, 5])
    assert manager.plan_group([3], "  ").group is None
    assert manager.plan_label("group", [3], "").value is None
