"""The lasso of a view: how it is drawn, and which spikes it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from phy_medicine.base.types import IntArray
from phy_medicine.views.interact import Click
from phy_medicine.views.lasso_work import LassoWork
from phy_medicine.views.scene import Scene

if TYPE_CHECKING:
    from phy_medicine.session.view_host import ViewHost


class ViewLasso:
    """The part of a view that has a lasso, where `has_lasso` says so."""

    has_lasso: bool = False
    lasso_modifier: ClassVar[str] = "control"
    """Held while a click adds a corner, and while a right click clears them all."""
    host: ViewHost
    scene: Scene

    @property
    def lasso_hint(self) -> str:
        """What can be done with the lasso as it is drawn, or ""."""
        key = {"control": "Ctrl"}.get(self.lasso_modifier, self.lasso_modifier.capitalize())
        done = f"Press K to split off the spikes inside, {key}+right click to clear the lasso."
        return done if self.scene.lasso.closed else ""

    def lasso_work(self) -> LassoWork | None:
        """Return how to find the spikes inside the lasso where they must be read; None: `lasso_spike_ids` is quick."""
        return None

    def lasso_spike_ids(self) -> IntArray:
        """Return all spikes inside the lasso, ascending, drawn or not; what must be read is read now, in this thread.

        Raises
        ------
        PhyMedError : it cannot be known where all spikes belong
        """
        work = self.lasso_work()
        return np.zeros(0, dtype=np.int64) if work is None else work.spikes()

    def add_lasso_corner(self, click: Click) -> None:
        """Add a corner to the lasso; a click outside its panel is ignored."""
        if self.scene.lasso.add(click.panel, click.data_x, click.data_y):
            self.host.lasso_changed(self)
            self.redraw()

    def clear_lasso(self) -> None:
        """Forget the lasso."""
        if len(self.scene.lasso):
            self.scene.lasso.clear()
            self.host.lasso_changed(self)
            self.redraw()
