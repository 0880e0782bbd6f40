"""Colour schemes of plugins, colour maps by name, and colours by a column of a plugin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import colorcet
import numpy as np
import pytest

from phy_medicine.curation.colors import CATEGORICAL_COLORS, GREY, LINEAR_COLORS
from phy_medicine.session.colormaps import PHY_COLORMAPS, colormap
from phy_medicine.session.extensions import ClusterColors, Metric, Problem
from phy_medicine.session.quality_columns import QUALITY_COLUMNS
from phy_medicine.session.session import Session


@pytest.fixture
def session(dataset: Path) -> Iterator[Session]:
    session = Session.open(dataset)
    yield session
    session.close()


def colors(session: Session, name: str, ids=None) -> np.ndarray:
    """The RGB of clusters once they are known."""
    ids = session.cluster_ids if ids is None else ids
    session.data.table.colors(name, ids)
    session.pool.sync()
    return session.data.table.colors(name, ids)[:, :3]


def add(session: Session, function, **more) -> None:
    session.extensions.color_schemes.add(ClusterColors("mine", function, **more))


@pytest.mark.parametrize("name", PHY_COLORMAPS)
def test_every_colour_map_of_phy_is_there(name):
    table = colormap(name)
    assert table.shape == ({"blank": 1, "cluster_group": 4}.get(name, 256), 3)
    assert table.min() >= 0 and table.max() <= 1 and not table.flags.writeable


def test_maps_of_colorcet_have_its_colours():
    expected = [int(colorcet.fire[10][i : i + 2], 16) / 255 for i in (1, 3, 5)]
    assert colormap("fire")[10] == pytest.approx(expected, abs=1e-6)
    assert colormap("rainbow") == pytest.approx(np.array(colorcet.rainbow_bgyr_35_85_c73), abs=1 / 255)


def test_a_map_may_be_an_array_of_bytes_or_of_shares_with_or_without_alpha():
    assert colormap(np.array([[255, 0, 51]])).tolist() == [pytest.approx([1.0, 0.0, 0.2])]
    assert colormap([[0.5, 0, 1, 0.3]]).tolist() == [[0.5, 0.0, 1.0]]
    assert colormap([[1, 0, 0], [0, 1, 0]]).tolist() == [[1, 0, 0], [0, 1, 0]]
    with pytest.raises(ValueError, match="shape"):
        colormap(np.zeros(3))


def test_values_go_from_the_first_to_the_last_colour(session):
    add(session, lambda c: c, colormap="linear")
    found = colors(session, "mine")
    assert found[0] == pytest.approx(LINEAR_COLORS[0]) and found[-1] == pytest.approx(LINEAR_COLORS[-1])


def test_logarithmic_values_have_equal_steps_for_equal_ratios(session):
    ids = session.cluster_ids[:3]
    add(session, lambda c: 10.0 ** ids.index(c), colormap=[[0, 0, 0], [0.5, 0, 0], [1, 0, 0]], logarithmic=True)
    assert colors(session, "mine", ids)[:, 0].tolist() == [0, 0.5, 1]


def test_categories_are_rows_of_the_map_numbers_or_text(session):
    ids = session.cluster_ids[:4]
    add(session, lambda c: 256 + ids.index(c), colormap="categorical", categorical=True)
    assert colors(session, "mine", ids) == pytest.approx(CATEGORICAL_COLORS[:4])
    words = dict(zip(ids, ["b", "a", "b", None], strict=True))
    add(session, words.get, colormap=[[1, 0, 0], [0, 1, 0]], categorical=True)
    assert colors(session, "mine", ids).tolist() == [[0, 1, 0], [1, 0, 0], [0, 1, 0], [0.75] * 3]


def test_one_that_raises_and_an_unknown_map_give_grey_and_are_told_of_once(session):
    problems: list[Problem] = []
    session.extensions.problem.connect(problems.append)
    add(session, lambda c: 1 / 0)
    assert colors(session, "mine") == pytest.approx(np.tile(GREY, (len(session.cluster_ids), 1)))
    assert len(problems) == 1
    add(session, lambda c: 1, colormap="rainbowww")
    assert colors(session, "mine") == pytest.approx(np.tile(GREY, (len(session.cluster_ids), 1)))
    assert len(problems) == 2 and "did you mean rainbow" in problems[1].sentence


def test_values_are_kept_until_a_label_changes(session):
    calls: list[int] = []
    add(session, lambda c: calls.append(c) or c)
    ids = session.cluster_ids[:3]
    colors(session, "mine", ids)
    colors(session, "mine", ids)
    assert sorted(calls) == sorted(ids)
    session.move("good", cluster_ids=[ids[1]])
    colors(session, "mine", ids)
    assert sorted(calls) == sorted([*ids, ids[1]])


def test_a_scheme_of_the_program_is_replaced_until_the_plugin_goes(session):
    before = colors(session, "depth")
    session.extensions.color_schemes.add(ClusterColors("depth", lambda c: 0, [[1, 0, 1]]))
    assert colors(session, "depth").tolist() == [[1, 0, 1]] * len(before)
    assert "depth" not in session.data.table.more_schemes()
    session.extensions.color_schemes.remove("depth")
    assert colors(session, "depth").tolist() == before.tolist()


def test_a_column_of_a_plugin_is_a_scheme_if_it_holds_numbers(session):
    session.extensions.metrics.add(Metric("quality", lambda c: -c))
    session.extensions.metrics.add(Metric("words", str.upper))
    session.extensions.metrics.add(Metric("names", lambda c: "x"))
    session.metrics.wait(session.cluster_ids, 20)
    others = [name for name in session.data.table.more_schemes() if name not in QUALITY_COLUMNS]
    assert others == ["quality", "words"]
    found = colors(session, "quality")
    assert found[0] == pytest.approx(LINEAR_COLORS[-1]) and found[-1] == pytest.approx(LINEAR_COLORS[0])


def test_the_version_grows_when_colours_arrive(session):
    add(session, lambda c: c)
    version = session.data.table.version
    colors(session, "mine")
    assert session.data.table.version > version
