"""What a view is given and what it may ask for; the only bridge between a view and the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService
    from phy_medicine.session.time_ranges import TimeRange


@dataclass(frozen=True, slots=True)
class ViewRequest:
    """One selection as a view sees it; immutable, so that it can be worked on in any thread.

    cluster_ids : colour order, `best_ids` then `similar_ids` without duplicates
    colors : (n_clusters, 4) float32 RGBA 0..1
    spike_ids : for each cluster all its spikes in the time range, ascending
    channel_ids : best channels of the selected clusters, those of the first cluster first, peak first
    time_window : (start, stop) in s shown by the time views, or None
    time_range : stretch of time that everything shown is of, None for the whole recording; other_range : the one of
    the two that this view does not show
    missing : why there is nothing to show, "" if there is
    """

    generation: int
    cluster_ids: tuple[int, ...] = ()
    best_ids: tuple[int, ...] = ()
    similar_ids: tuple[int, ...] = ()
    colors: FloatArray = field(default_factory=lambda: np.zeros((0, 4), dtype=np.float32))
    spike_ids: tuple[IntArray, ...] = ()
    channel_ids: tuple[int, ...] = ()
    time_window: tuple[float, float] | None = None
    time_range: TimeRange | None = None
    other_range: TimeRange | None = None
    missing: str = ""


class ViewHost(Protocol):
    """The questions and wishes of a view; implemented by the window, and by a plain one in tests and notebooks."""

    @property
    def data(self) -> DataService:
        """Where all arrays come from."""

    def select(self, cluster_ids: Sequence[int]) -> None:
        """Select these clusters in the cluster table."""

    def select_more(self, cluster_ids: Sequence[int]) -> None:
        """Add these clusters to the selection."""

    def split(self, spike_ids: IntArray) -> None:
        """Split these spikes off their clusters."""

    def go_to_time(self, time_s: float, cluster_id: int | None = None) -> None:
        """Show this moment in every trace view."""

    def set_channels(self, channel_id: int, which: int) -> None:
        """Use a channel as the which-th channel (0: x, 1: y) of the feature views."""

    def select_feature(self, channel_id: int, component: int) -> None:
        """Show the scores of a principal component (0: A) on a channel over time in the amplitude views."""

    def time_window_changed(self, start_s: float, stop_s: float) -> None:
        """Tell every view which stretch of time the trace view shows."""

    def show_interval(self, start_s: float, stop_s: float) -> None:
        """Show this stretch of time in every view of the signal."""

    def set_time_range(self, start_s: float, stop_s: float, which: str) -> None:
        """Let every view show this stretch of time alone ("a"), or those bound to the second range ("b")."""

    def lasso_changed(self, view: Any) -> None:
        """The lasso of a view was drawn, changed or cleared."""

    def request(self, view: Any) -> None:
        """Prepare the view again, because a setting of it changed."""

    def redraw(self, view: Any) -> None:
        """Draw the view at the next tick."""

    def message(self, text: str) -> None:
        """Show one sentence in the status bar."""
