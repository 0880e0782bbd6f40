"""Text of every kind of view at many sizes: none over another, none cut off at the edge, none below 9 points."""

from __future__ import annotations

import itertools
import shutil
from typing import NamedTuple

import numpy as np
import pytest

from phy_medicine.gui.panels import KINDS
from phy_medicine.session.session import Session
from phy_medicine.views.ink import Ink, Line
from phy_medicine.views.scene import Scene
from phy_medicine.views.still import Pose, still
from phy_medicine.views.text import atlas
from phy_medicine.views.theme import DARK

from .dock_moves import settle
from .located import localize

ALL_KINDS = (*KINDS, "SpikePositionsView", "SpikeWidthView")
TAIL = 1
SIZES = ((400, 300), (520, 260), (300, 500), (220, 160), (1200, 900))
POSES = (
    *(Pose(size, ratio) for size in SIZES for ratio in (1.0, 2.0)),
    *(Pose(size, theme=DARK.sized(14)) for size in ((400, 300), (1200, 900))),
)
SMALLEST_PX = 12


class Piece(NamedTuple):
    """A line of text and the pixels that its letters cover."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Piece) -> bool:
        """Whether more than the tail of a letter touches the other."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom - TAIL and other.top < self.bottom - TAIL

    def leaves(self, width: int, height: int) -> bool:
        return self.left < 0 or self.top < 0 or self.right > width or self.bottom > height


def piece(line: Line, ink: Ink) -> Piece:
    """The pixels of a line, as `Ink` places it."""
    letters, pen = atlas(ink.font_px), 0
    left, right, top, bottom = np.inf, -np.inf, np.inf, -np.inf
    for character in line.text:
        g = letters.glyph(character)
        if g.width:
            left, right = min(left, pen + g.left), max(right, pen + g.left + g.width)
            top, bottom = min(top, g.top), max(bottom, g.top + g.height)
        pen += g.advance
    before = {"l": 0.0, "c": 0.5, "r": 1.0}[line.anchor] * pen
    if line.rotated:
        x, y = round(line.x), round(line.y + before)
        return Piece(line.text, x + top, y - right, x + bottom, y - left)
    x, y = round(line.x - before), round(line.y)
    return Piece(line.text, x + left, y + top, x + right, y + bottom)


def pieces(scene: Scene) -> list[Piece]:
    return [piece(line, ink) for ink in (scene.under, scene.over) for line in ink.lines if line.text.strip()]


def faults(scene: Scene) -> list[str]:
    """What is wrong with the text of a scene, in words."""
    found, (width, height) = pieces(scene), scene.size
    cut = [f"{p.text!r} leaves the canvas" for p in found if p.leaves(width, height)]
    over = [f"{a.text!r} is over {b.text!r}" for a, b in itertools.combinations(found, 2) if a.overlaps(b)]
    small = [f"text of {scene.over.font_px} px"] if scene.over.font_px < SMALLEST_PX * scene.ratio else []
    return small + cut + over


@pytest.fixture
def rich_window(rich_dataset, open_window, tmp_path):
    shutil.copytree(rich_dataset.parent, tmp_path / "rich")
    session = Session.open(tmp_path / "rich" / rich_dataset.name)
    store = session.store
    localize(session)
    yield open_window(session)
    session.store = store
    session.close()


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 20])
def test_no_text_of_a_view_is_over_another_or_leaves_the_canvas(rich_window, n):
    window, found = rich_window, []
    window.session.select(window.session.cluster_table.visible_ids()[:n])
    for kind in ALL_KINDS:
        window.commands.run("add_view", kind)
        settle(window)
        panel = next(p for p in reversed(list(window.panels)) if p.kind == kind)
        for pose in POSES:
            with still(panel.view, pose) as scene:
                found += [f"{kind} {pose.size} @{pose.ratio:g} {scene.theme.points} pt: {f}" for f in faults(scene)]
        panel.dock.close()
    assert not found, "\n".join(found)
