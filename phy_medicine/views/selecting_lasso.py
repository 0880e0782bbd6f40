"""A lasso around clusters: from its third corner on, those inside are selected."""

from __future__ import annotations

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.views.base import View
from phy_medicine.views.interact import Click


class SelectingLasso(View):
    """A subclass says where its clusters are."""

    _selecting = False

    def cluster_places(self) -> tuple[IntArray, FloatArray, FloatArray] | None:
        """Return ids, x and y of the clusters that are drawn, in data units of the lasso's panel; None without any."""
        return None

    def add_lasso_corner(self, click: Click) -> None:
        """Add a corner; from the third on the clusters inside are selected."""
        if not self.scene.lasso.add(click.panel, click.data_x, click.data_y):
            return
        inside = self.clusters_inside()
        if inside:
            self._selecting = True
            try:
                self.host.select(inside)
            finally:
                self._selecting = False
        self.redraw()

    def clusters_inside(self) -> list[int]:
        """Return the clusters inside the lasso, in the order of the table."""
        places = self.cluster_places()
        if places is None or not self.scene.lasso.closed:
            return []
        ids, x, y = places
        inside: list[int] = ids[self.scene.lasso.contains(x, y)].tolist()
        return inside

    def clear_lasso(self) -> None:
        """Forget the lasso, unless it is the lasso that selects."""
        if not self._selecting and len(self.scene.lasso):
            self.scene.lasso.clear()
            self.redraw()
