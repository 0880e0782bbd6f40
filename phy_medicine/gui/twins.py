"""Which views are twins: a view of range A and one of range B that were opened beside each other, on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from phy_medicine.session.time_ranges import A

if TYPE_CHECKING:
    from phy_medicine.gui.panels import ViewPanel


class Twins:
    """Pairs the open views of a window; panels : all views, a list that grows."""

    def __init__(self, panels: Sequence[ViewPanel]) -> None:
        self._panels = panels

    def of(self, panel: ViewPanel) -> ViewPanel | None:
        """Return the twin of a view, None while it has none."""
        return next((p for p in self._panels if p.view is panel.view.scale.twin), None)

    def match(self) -> None:
        """Pair views and twins that are open; one whose partner was closed goes back to its own scale."""
        pairs = self._pairs()
        paired = {id(panel) for pair in pairs for panel in pair}
        for panel in self._panels:
            if id(panel) not in paired and panel.view.scale.twin is not None:
                panel.view.scale.part()
        for first, second in pairs:
            first.view.scale.pair(second.view, own=second.own_scale)
        for panel in self._panels:
            panel.show_range()

    def _pairs(self) -> list[tuple[ViewPanel, ViewPanel]]:
        """Return each open view of B with the view it was opened beside, else with the first free one of its kind."""
        free = [p for p in self._panels if p.open and p.which == A]
        pairs = []
        for second in (p for p in self._panels if p.open and p.which != A):
            mine = [p for p in free if p.kind == second.kind]
            first = next((p for p in mine if p.name == second.twin_of), next(iter(mine), None))
            if first is not None:
                free.remove(first)
                pairs.append((first, second))
        return pairs

    def toggle(self, panel: ViewPanel) -> None:
        """Give a view and its twin scales of their own, or one again."""
        other = self.of(panel)
        if other is not None:
            second = other if panel.which == A else panel
            second.own_scale = not second.own_scale
            self.match()
