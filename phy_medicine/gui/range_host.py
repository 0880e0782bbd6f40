"""The window's host as one view sees it: with the data of the time range that the view shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from phy_medicine.session.time_ranges import A, TimeRange, range_read

if TYPE_CHECKING:
    from phy_medicine.gui.view_host import WindowHost
    from phy_medicine.session.data import DataService
    from phy_medicine.views.base import View


class RangedData:
    """The data service of the range that is being prepared in this thread, else of the one that is drawn.

    One object for the life of a view, which may keep it: a view that is prepared in a worker while another range is
    chosen goes on with its own, and keeps nothing under a wrong name.
    """

    def __init__(self, data: DataService, drawn: Callable[[], TimeRange | None]) -> None:
        self._data = data
        self._drawn = drawn

    def __getattr__(self, name: str) -> Any:
        return getattr(self._data.within(range_read(self._drawn())), name)


class RangeHost:
    """Hands everything on to the window's host but the questions for data.

    which : the range of the view, "a" or "b"; view : set once, when it is made
    """

    def __init__(self, host: WindowHost, which: str = A) -> None:
        self._host = host
        self.which = which
        self.view: View | None = None
        self.data = RangedData(host.data, self._drawn)

    def _drawn(self) -> TimeRange | None:
        return None if self.view is None else self.view.shown_request.time_range

    def __getattr__(self, name: str) -> Any:
        return getattr(self._host, name)
