"""What the views of all clusters share: a block that lasts until the cluster table changes, and selecting by clicks."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views.base import View
from phy_medicine.views.interact import LEFT, Click


class AllClustersView(View):
    """A view of the rows of the cluster table; a selection only changes colours, so it costs no `prepare`."""

    max_clusters = None
    needs_selection = False
    shows_parts = True

    # The key that a block was made for, and the block; replaced together, since workers read them.
    _kept: tuple[Any, Any] | None = None
    _asked: Any = None

    @abstractmethod
    def make_block(self) -> Any:
        """Return the arrays of all rows; in any thread."""

    def cached(self, request: ViewRequest) -> bool:
        """Tell whether nothing changed but the selection."""
        return self._kept is not None and self._kept[0] == self._key()

    def prepare(self, request: ViewRequest) -> Any:
        """Return the arrays of all rows, made anew when the table or a setting changed."""
        kept, key = self._kept, self._key()
        if kept is not None and kept[0] == key:
            return kept[1]
        block = self.make_block()
        self._kept = key, block
        return block

    def _key(self) -> tuple[Any, ...]:
        wanted = (getattr(self.settings, f.name) for f in dataclasses.fields(self.settings))
        names = (f.name for f in dataclasses.fields(self.settings))
        prepared = tuple(v for name, v in zip(names, wanted, strict=True) if name not in self.drawn_settings)
        return self.host.data.table.version, self.host.data.time_range, *prepared

    def _follow(self) -> None:
        """Ask once for what is in sight now, for views whose key tells what that is."""
        key = self._key()
        if self.block is not None and self._kept is not None and self._kept[0] != key and self._asked != key:
            self._asked = key
            self.host.request(self)

    def table_changed(self) -> None:
        """Show the rows as they are now."""
        if self._kept is None or self._kept[0] != self._key():
            self.host.request(self)

    def more_choices(self, setting: str) -> tuple[str, ...]:
        """Return the colour schemes of plugins."""
        return self.host.data.table.more_schemes() if setting == "colors" else ()

    def turn_scheme(self, by: int) -> None:
        """Use the next colour scheme, or the one before."""
        self.change(colors=self.next_choice("colors", by))

    def choose(self, click: Click, cluster_ids: Sequence[int], *, control: bool) -> bool:
        """Select clusters by a left click, with Shift add them; False if the click is none of these.

        control : Control may be held as well, as in phy
        """
        held = click.modifiers - {"control"} if control else click.modifiers
        if click.button != LEFT or not held <= {"shift"}:
            return False
        if not cluster_ids:
            self.host.message("No cluster here.")
        elif held:
            self.host.select_more(list(cluster_ids))
        else:
            self.host.select(list(cluster_ids))
        return True

    def state(self) -> dict[str, Any]:
        """Return settings and the zoom, which is taken over for the same recording only."""
        return {**super().state(), "zoom": [self.host.data.duration_s, self.panels.state()]}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over a saved state.

        Raises
        ------
        PhyMedError : a value out of range
        """
        super().restore(state)
        zoom: Any = state.get("zoom")
        if zoom and zoom[0] == self.host.data.duration_s:
            self.panels.restore(zoom[1])
