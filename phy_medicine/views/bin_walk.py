"""Looking at what is in a bin one by one: each click shows the next one in the traces, a right click the one before."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

import numpy as np

from phy_medicine.views.scene import Scene

K = TypeVar("K", bound=Hashable)


class BinWalk(Generic[K]):
    """Which bin was clicked last, and which of the things in it is shown.

    key : the bin, None before the first click; turn : the thing, from 0
    """

    key: K | None = None
    turn: int = 0

    def step(self, key: K, n: int, by: int) -> int:
        """Go on by one in a bin of n things, round and round; in another bin start at its first, or last."""
        wanted = self.turn + by if key == self.key else min(by, 0)
        self.key, self.turn = key, wanted % n if n else 0
        return self.turn

    def forget(self) -> None:
        """Start anew at the next click."""
        self.key, self.turn = None, 0


def shade_bin(scene: Scene, panel: int, edges: tuple[float, float]) -> None:
    """Lay a light ground over a bin, at least 2 px wide; edges : on the axis of the panel."""
    left, top, right, bottom = (float(edge) for edge in scene.panels.rects[panel])
    x0, x1 = (float(x) for x in scene.panels.to_pixels(panel, np.array(edges), 0.0)[0])
    middle = (x0 + x1) / 2
    x0, x1 = max(min(x0, middle - scene.ratio), left), min(max(x1, middle + scene.ratio), right)
    if x1 > x0:
        scene.over.rects([(x0, top, x1, bottom)], scene.theme.rgba("text", 0.28))
