"""What the view of discriminants shows, and what it can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from phy_medicine.base.params import setting
from phy_medicine.compute.mixture.planes import LDA, MODES, PCA
from phy_medicine.views.base import ViewAction
from phy_medicine.views.feature_scores import SOURCES

if TYPE_CHECKING:
    from phy_medicine.views.lda import LDAView

MOST_NEAREST = 8


@dataclass(frozen=True, slots=True)
class LDASettings:
    """What the view of discriminants shows."""

    n_nearest: int = setting(2, "Nearest clusters beside a single one", minimum=1, maximum=MOST_NEAREST)
    mode: str = setting(LDA, "Directions: discriminants, or principal components of the same spikes", choices=MODES)
    spikes: bool = setting(True, "Show the spikes")
    templates: bool = setting(True, "Show the templates")
    source: str = setting("file", "Features: of the file, or of the clusters that are shown", choices=SOURCES)
    n_spikes: int = setting(1500, "Spikes by cluster that are drawn", minimum=10, maximum=20_000)
    marker_size: float = setting(
        3.0, "Diameter of a spike, smaller when there are many", unit="px", minimum=1.0, maximum=20.0
    )


def actions_of(view: LDAView) -> tuple[ViewAction, ...]:
    """Return what the view can do."""

    def set_nearest(n: int) -> None:
        view.change(n_nearest=n)

    def step(by: int) -> None:
        view.change(n_nearest=min(max(view.settings.n_nearest + by, 1), MOST_NEAREST))

    def toggle_mode() -> None:
        view.change(mode=PCA if view.settings.mode == LDA else LDA)

    def switch(part: str, text: str, help_: str) -> ViewAction:
        return ViewAction(
            f"toggle_lda_{part}", text, lambda: view.change(**{part: not getattr(view.settings, part)}), help=help_,
            checked=lambda: bool(getattr(view.settings, part)),
        )  # fmt: skip

    return (
        ViewAction("set_nearest", "Number of nearest clusters", set_nearest, snippet="ln", arguments=(int,),
                   help="How many clusters of the nearest templates stand beside a single one: :ln 3"),
        ViewAction("more_nearest", "One nearest cluster more", lambda: step(1), "]",
                   help="Show one more of the nearest clusters beside a single one, at most eight."),
        ViewAction("fewer_nearest", "One nearest cluster fewer", lambda: step(-1), "[",
                   help="Show one fewer of the nearest clusters beside a single one, at least one."),
        ViewAction("toggle_plane", "Principal components", toggle_mode,
                   help="Show the directions in which the spikes vary most instead of those that tell clusters apart.",
                   checked=lambda: view.settings.mode == PCA),
        switch("spikes", "Spikes", "Show the spikes of the clusters, or their templates alone."),
        switch("templates", "Templates", "Show the templates of the clusters, or their spikes alone."),
    )  # fmt: skip
