"""What the explorer shows, and how it is told to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.params import setting
from phy_medicine.views.base import ViewAction
from phy_medicine.views.explorer_layout import FRAME, LOCAL, MAP, WAVES

if TYPE_CHECKING:
    from phy_medicine.views.explorer import ExplorerView

_TURN_DEG = 10.0
_TURNS = (
    ("left", "to the left", "ctrl+shift+left", (-1.0, 0.0)),
    ("right", "to the right", "ctrl+shift+right", (1.0, 0.0)),
    ("up", "up", "ctrl+shift+up", (0.0, -1.0)),
    ("down", "down", "ctrl+shift+down", (0.0, 1.0)),
)
_SWITCHES = (
    (LOCAL, "Offsets from the anchor", "Show the six panels of x, depth, z and strength from the anchor."),
    (MAP, "Positions on the probe", "Show the three panels of x, depth and z on the probe."),
    (WAVES, "Waveforms of the picked spike", "Show the picked spike on its contacts, with all estimates."),
    (FRAME, "Frame in space", "Show the picked spike in space, to be turned by dragging."),
    ("whole_probe", "Whole probe", "Show the whole probe, or the surroundings of the selected clusters."),
)


@dataclass(frozen=True, slots=True)
class ExplorerSettings:
    """What the explorer shows."""

    local: bool = setting(True, "Show the six panels of offsets from the anchor")
    map: bool = setting(True, "Show the three panels of the probe")
    waves: bool = setting(True, "Show the waveforms of the picked spike")
    frame: bool = setting(True, "Show the picked spike in space")
    whole_probe: bool = setting(False, "Show the whole probe, not the surroundings of the selected clusters")
    marker_size: float = setting(3.0, "Diameter of a spike of a selected cluster", unit="px", minimum=1.0, maximum=20.0)


def actions_of(view: ExplorerView) -> tuple[ViewAction, ...]:
    """Return what the explorer can do."""
    return (
        ViewAction("next_explored_spike", "Next spike", partial(_step, view, 1), ".",
                   help="Pick the next spike of the same cluster."),
        ViewAction("previous_explored_spike", "Previous spike", partial(_step, view, -1), ",",
                   help="Pick the spike of the same cluster before."),
        ViewAction("pick_spike", "Pick a spike", view.pick_spike, snippet="xs", arguments=(int,),
                   help="Pick a spike by its number, from 0 in order of time: :xs 1234"),
        *(_turn(view, *turn) for turn in _TURNS),
        *(_switch(view, *switch) for switch in _SWITCHES),
    )  # fmt: skip


def _turn(view: ExplorerView, name: str, words: str, key: str, by: tuple[float, float]) -> ViewAction:
    def turn() -> None:
        view.panels.turn(_TURN_DEG * by[0], _TURN_DEG * by[1])
        view.redraw()

    return ViewAction(f"turn_frame_{name}", f"Turn the frame {words}", turn, key,
                      help="Turn the picked spike in space by 10 degrees.")  # fmt: skip


def _switch(view: ExplorerView, name: str, text: str, help_: str) -> ViewAction:
    return ViewAction(
        f"toggle_explorer_{name}", text, lambda: view.change(**{name: not getattr(view.settings, name)}),
        help=help_, checked=lambda: bool(getattr(view.settings, name)),
    )  # fmt: skip


def _step(view: ExplorerView, by: int) -> None:
    """Pick the spike of the same cluster that follows, or the one before."""
    block = view.block
    if block is None or view.picked is None:
        raise ActionError("No spike is picked: click one in the explorer, or select a cluster.")
    data = view.host.data
    cluster_id = view.cluster_of(view.picked)
    ids = data.within(block.everything.time_range).spikes(cluster_id)
    ids = ids[np.isfinite(block.everything.columns.lx[ids])]
    place = int(np.searchsorted(ids, view.picked)) + by
    if not 0 <= place < len(ids):
        end = "last" if by > 0 else "first"
        raise ActionError(f"This is the {end} spike of cluster {cluster_id} that has a position.")
    view.pick_spike(int(ids[place]))
