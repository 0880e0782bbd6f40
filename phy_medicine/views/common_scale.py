"""Two views of one kind that show two time ranges on one scale: the union of what either would show alone.

Panels take the union of their home ranges, and pan and zoom together. What a view scales in another way it gives in
`upload`, by name, and gets the union back:

    low, high = self.scale.union("amplitudes", low, high)

When the twin comes with more, the view is asked to `rescale`; nothing is prepared again.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray

if TYPE_CHECKING:
    from phy_medicine.views.base import View

# Settings by which twins may differ and still be compared: how much is drawn of the same, and what is written on it.
_LOOKS = frozenset({
    "background", "band", "center", "curves", "labels", "marker_size", "mean", "n_waveforms", "quantile_bins",
    "quantiles", "refractory_ms", "scale_bars",
})  # fmt: skip


class CommonScale:
    """The scale of one view; twin : the view of the other range while both are open, own : the person parted them."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.twin: View | None = None
        self.own = False
        # The twin while it shows the same; also for the moment in which it shows the selection before.
        self._joined: View | None = None
        # By name: what this view alone would show, and what it was given; (2, n) lows and highs.
        self._mine: dict[str, FloatArray] = {}
        self._taken: dict[str, FloatArray] = {}
        view.panels.on_move = self._moved

    @property
    def joined(self) -> View | None:
        """The twin, while both have the same scale."""
        twin = self._joined
        return twin if twin is not None and twin.scale._joined is self._view else None

    @property
    def words(self) -> str:
        """Return "own scale" where a person might take two scales for one."""
        view, twin = self._view, self.twin
        if twin is None or self._joined is not None or not view.shares_scale or view.block is None:
            return ""
        # While they show two selections one of them is about to be drawn anew.
        differ = twin.block is not None and twin.cluster_ids == view.cluster_ids
        return "own scale" if self.own or differ else ""

    # A view calls these

    def union(self, name: str, low: AnyArray | float, high: AnyArray | float) -> tuple[FloatArray, FloatArray]:
        """Return the lowest and the highest of this view and its twin, with the shape of `low`."""
        self._mine[name] = np.array([np.ravel(low), np.ravel(high)], dtype=np.float64)
        both = self._taken[name] = self._with_twin(name)
        return both[0].reshape(np.shape(low)), both[1].reshape(np.shape(low))

    def before_upload(self) -> None:
        """Find out whether the twin shows the same as what is uploaded now."""
        self._mine.clear()
        self._taken.clear()
        twin = self._joined = self.twin if self._matches() else None
        if twin is not None:
            twin.scale._joined = self._view
        self._view.panels.join(None if twin is None else twin.panels.own_home)

    def after_upload(self) -> None:
        """Let the twin follow what has been uploaded."""
        twin = self.twin
        if self._joined is not None:
            self._meet()
        elif twin is not None and (twin.cluster_ids == self._view.cluster_ids or not twin.auto_update):
            # One that shows the selection before is drawn anew soon, and until then stays as it is.
            twin.scale.release()

    # The window calls these

    def pair(self, twin: View, *, own: bool) -> None:
        """Compare this view with another one; own : each keeps its scale."""
        if self.twin is twin and twin.scale.twin is self._view and self.own == own:
            return
        self.part()
        twin.scale.part()
        for scale, other in ((self, twin), (twin.scale, self._view)):
            scale.twin, scale.own = other, own
        if self._matches():
            self._joined, twin.scale._joined = twin, self._view
            self._meet()

    def part(self) -> None:
        """Show what this view alone would show, and leave the twin to itself."""
        for view in (self._view, self.twin):
            if view is not None:
                view.scale.twin = None
                view.scale.release()

    def release(self) -> None:
        """Go back to the view's own scale."""
        if self._joined is None:
            return
        self._joined = None
        self._view.panels.join(None)
        self._follow()
        self._view.redraw()

    # The pair

    def _matches(self) -> bool:
        twin, view = self.twin, self._view
        if twin is None or self.own or view.block is None or twin.block is None:
            return False
        return bool(view.shares_scale and type(twin).name == type(view).name and key_of(view) == key_of(twin))

    def _meet(self) -> None:
        """Bring both to the union, and to one zoom: that of the view that was moved last."""
        view, twin = self._view, self._joined
        if twin is None:
            return
        before = view.panels.version, twin.panels.version
        followed = [False, False]
        # What a view gives under one name may depend on what it was given under another.
        for i, scale in enumerate((self, twin.scale) * 2):
            followed[i % 2] |= scale._follow()
        view.panels.join(twin.panels.own_home)
        twin.panels.join(view.panels.own_home)
        first, second = sorted((view, twin), key=lambda v: v.panels.moved)
        first.panels.restore(second.panels.state())
        for each, version, anew in zip((view, twin), before, followed, strict=True):
            if anew or each.panels.version != version:
                each.redraw()

    def _follow(self) -> bool:
        """Draw the view anew if one of its names has another range now; tell whether it has."""
        changed = any(not np.array_equal(self._with_twin(name), taken) for name, taken in self._taken.items())
        if changed and self._view.block is not None:
            self._view.rescale()
        return changed

    def _with_twin(self, name: str) -> FloatArray:
        mine = self._mine[name]
        other = self._joined.scale._mine.get(name) if self._joined is not None else None
        if other is None or other.shape != mine.shape:
            return mine
        return np.array([np.minimum(mine[0], other[0]), np.maximum(mine[1], other[1])])

    def _moved(self) -> None:
        twin = self.joined
        if twin is not None:
            twin.panels.restore(self._view.panels.state())
            twin.redraw()


def key_of(view: View) -> tuple[Any, ...]:
    """Return what two views must have in common to be compared: clusters, settings, and what the view adds."""
    settings = view.settings
    values = [getattr(settings, f.name) for f in dataclasses.fields(settings) if f.name not in _LOOKS]
    return (view.cluster_ids, values, view.scale_key())
