"""A view made ready for a picture of any size, without its canvas, and put back as it was.

    with still(view, Pose((600, 400), theme=LIGHT)) as scene:
        ...                                     # scene.size is what was asked for; axes, marks and data are in it

Nothing of it is seen on the screen: it happens between two frames, in the thread of the window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from phy_medicine.views.base import Sentence, View
from phy_medicine.views.scene import Scene
from phy_medicine.views.scheduler import NOTHING_SELECTED, prepare
from phy_medicine.views.theme import Theme

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService


@dataclass(frozen=True, slots=True)
class Pose:
    """How a view is to be drawn.

    size : logical px; ratio : physical px by logical px; theme : None keeps the view's own; fresh : read the data of
    the view's request again, as a view that is out of sight may show an older one
    """

    size: tuple[int, int]
    ratio: float = 1.0
    theme: Theme | None = None
    fresh: bool = False

    @property
    def pixels(self) -> tuple[int, int]:
        """Size in physical px."""
        return max(round(self.size[0] * self.ratio), 1), max(round(self.size[1] * self.ratio), 1)


class _StillHost:
    """The host meanwhile: a wish for other data is noted, all other wishes are for the screen and left aside."""

    def __init__(self, host: Any) -> None:
        self._host = host
        self.asked = False

    @property
    def data(self) -> DataService:
        data: DataService = self._host.data
        return data

    def request(self, view: View) -> None:
        self.asked = True

    def __getattr__(self, name: str) -> Callable[..., None]:
        getattr(self._host, name)
        return lambda *_args, **_options: None


@contextmanager
def still(view: View, pose: Pose) -> Iterator[Scene]:
    """Arrange a view at the size of a pose, with data that fit it, and put it back afterwards."""
    scene, host = view.scene, view.host
    known = _Before(view)
    still_host = _StillHost(host)
    view.host = still_host  # type: ignore[assignment]
    try:
        scene.size, scene.ratio = pose.pixels, pose.ratio
        scene.touch()
        if pose.theme is not None:
            scene.set_theme(pose.theme)
        if pose.fresh or scene.waiting_since is not None or (view.block is None and not scene.message):
            _read(view)
        elif scene.theme is not known.theme and view.block is not None:
            view.upload(view.block)
        for _ in range(view.still_rounds):
            # What was read before may not be all yet.
            unfinished, still_host.asked = still_host.asked, False
            scene.settle(pose.pixels, pose.ratio, view.arrange, view.decorate_all)
            if not (unfinished or still_host.asked):
                break
            still_host.asked = False
            _read(view)
        yield scene
    finally:
        still_host.asked = False
        known.restore(view)
        view.host = host
        if still_host.asked:
            host.request(view)


def _read(view: View) -> None:
    """Prepare what the view shows now, in this thread."""
    request = view.request
    if request is None or (view.needs_selection and not request.cluster_ids):
        if request is not None:
            view.show_block(request, NOTHING_SELECTED)
        return
    view.show_block(view.limited(request), prepare(view, request))


class _Before:
    """What a view showed, and on which canvas."""

    def __init__(self, view: View) -> None:
        scene = view.scene
        self.size, self.ratio, self.theme = scene.size, scene.ratio, scene.theme
        self._block, self._request = view.block, view._drawn_request
        self._message, self._waiting = scene.message, scene.waiting_since
        self._status = view._status

    def restore(self, view: View) -> None:
        """Show it again."""
        scene = view.scene
        scene.size, scene.ratio, scene.theme = self.size, self.ratio, self.theme
        if self._block is not None:
            view.show_block(self._request, self._block)
        elif self._message:
            view.show_block(self._request, Sentence(self._message))
        scene.message, scene.waiting_since = self._message, self._waiting
        view.status = self._status
        scene.touch()
        if self.size != (1, 1):
            scene.settle(self.size, self.ratio, view.arrange, view.decorate_all)
