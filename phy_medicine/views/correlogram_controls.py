"""What can be changed in a correlogram view, by wheel, key, snippet and menu."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.params import setting
from phy_medicine.views.base import View, ViewAction
from phy_medicine.views.correlogram_block import NORMALIZATIONS
from phy_medicine.views.interact import WHEEL_FACTOR

BIN_FACTOR = 1.05
# A screen has no more columns; and 20 clusters of so many bins are 13 MB.
MAX_BINS = 4001
_WINDOW_MS, _BIN_MS, _LOG_MS, _LOG_BINS = (1.0, 5000.0), (0.01, 500.0), (0.01, 1e6), (5, 500)


@dataclass(frozen=True, slots=True)
class CorrelogramSettings:
    """What the correlogram view shows."""

    window_ms: float = setting(
        50.0, "Full width of the window", unit="ms", minimum=_WINDOW_MS[0], maximum=_WINDOW_MS[1]
    )
    bin_ms: float = setting(1.0, "Width of a bin", unit="ms", minimum=_BIN_MS[0], maximum=_BIN_MS[1])
    refractory_ms: float = setting(2.0, "Refractory period, marked by lines", unit="ms", minimum=0.1, maximum=100.0)
    normalization: str = setting("automatic", "Height of the bars", choices=NORMALIZATIONS)
    same_scale: bool = setting(False, "One scale for all cells, instead of one for each")
    log_counts: bool = setting(False, "Logarithmic height of the bars, except of z-scores")
    log_axis: bool = setting(False, "Logarithmic axis, of lags above 0")
    log_min_ms: float = setting(0.5, "Start of the logarithmic axis", unit="ms", minimum=_LOG_MS[0], maximum=_LOG_MS[1])
    log_max_ms: float = setting(
        1000.0, "End of the logarithmic axis", unit="ms", minimum=_LOG_MS[0], maximum=_LOG_MS[1]
    )
    log_bins: int = setting(60, "Bins of the logarithmic axis", minimum=_LOG_BINS[0], maximum=_LOG_BINS[1])
    labels: bool = setting(True, "Show cluster ids, axes of the grid and parts of intervals that are too short")


class CorrelogramControls(View):
    """Settings, gestures and actions of correlogram views."""

    settings_type: ClassVar[type] = CorrelogramSettings
    drawn_settings = frozenset({"normalization", "same_scale", "log_counts", "labels"})
    zoom_settings = frozenset({"window_ms", "log_min_ms", "log_max_ms"})

    def restore(self, state: dict[str, Any]) -> None:
        """Take over a saved state, also one in which a single scale was a normalisation.

        Raises
        ------
        PhyMedError : a value out of range
        """
        settings = dict(state.get("settings", {}))
        if "uniform_normalization" in settings:
            settings.setdefault("same_scale", settings.pop("uniform_normalization"))
        super().restore({**state, "settings": settings})

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """Control+wheel changes the window, Alt+wheel the bin."""
        settings = self.settings
        if modifiers == {"control"} and settings.log_axis:
            end = settings.log_max_ms * WHEEL_FACTOR ** (3 * notches)
            self.change(log_max_ms=float(np.clip(end, 2 * settings.log_min_ms, _LOG_MS[1])))
        elif modifiers == {"control"}:
            lowest, highest = max(settings.bin_ms, _WINDOW_MS[0]), min(_WINDOW_MS[1], (MAX_BINS - 1) * settings.bin_ms)
            self.change(window_ms=float(np.clip(settings.window_ms * WHEEL_FACTOR**notches, lowest, highest)))
        elif modifiers == {"alt"} and settings.log_axis:
            n = round(settings.log_bins / BIN_FACTOR**notches)
            # At least one more or less, which a factor would round away.
            n = n - int(np.sign(notches)) if n == settings.log_bins else n
            self.change(log_bins=int(np.clip(n, *_LOG_BINS)))
        elif modifiers == {"alt"}:
            lowest = max(1e3 / self.host.data.sample_rate, settings.window_ms / (MAX_BINS - 1), _BIN_MS[0])
            highest = min(settings.window_ms / 2, _BIN_MS[1])
            self.change(bin_ms=float(np.clip(settings.bin_ms * BIN_FACTOR**notches, lowest, highest)))

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        settings, one = self.settings, (float,)
        return (
            self._switch("toggle_normalization", "One scale for all correlograms", "same_scale",
                         "Compare heights between cells, instead of shapes.", "n"),
            ViewAction("next_correlogram_normalization", "Next normalisation", self._next_normalization,
                       help="Counts, rate, ratio to chance or z-score; automatic: a rate for one cluster, else counts. "
                       f"Now {settings.normalization}."),
            self._switch("toggle_correlogram_log_axis", "Logarithmic lags", "log_axis",
                         "Lags above 0, the shortest and the longest in one picture."),
            self._switch("toggle_correlogram_log_counts", "Logarithmic heights", "log_counts",
                         "Show bins of few pairs beside those of many."),
            self._switch("toggle_labels", "Show labels", "labels", "Show or hide ids and axes."),
            ViewAction("set_bin", "Set the bin (ms)", self._set_bin, snippet="cb", arguments=one,
                       help=f"Width of a bin, now {settings.bin_ms:g} ms: :cb 1"),
            ViewAction("set_window", "Set the window (ms)", self._set_window, snippet="cw", arguments=one,
                       help=f"Full width of the window, now {settings.window_ms:g} ms: :cw 50; on a logarithmic axis "
                       "the longest lag"),
            ViewAction("set_refractory_period", "Set the refractory period (ms)", self._set_refractory, snippet="cr",
                       arguments=one, help=f"Marked by lines, now {settings.refractory_ms:g} ms: :cr 2"),
        )  # fmt: skip

    def _switch(self, id_: str, text: str, name: str, help_: str, shortcut: str = "") -> ViewAction:
        def turn() -> None:
            self.change(**{name: not getattr(self.settings, name)})

        return ViewAction(id_, text, turn, shortcut, help=help_, checked=lambda: bool(getattr(self.settings, name)))

    def _next_normalization(self) -> None:
        place = NORMALIZATIONS.index(self.settings.normalization)
        self.change(normalization=NORMALIZATIONS[(place + 1) % len(NORMALIZATIONS)])

    def _set_bin(self, bin_ms: float) -> None:
        if self.settings.log_axis:
            raise ActionError("Bins of a logarithmic axis have no width in ms; turn the wheel with Alt for more bins.")
        self.change(bin_ms=bin_ms)

    def _set_window(self, window_ms: float) -> None:
        self.change(**{"log_max_ms" if self.settings.log_axis else "window_ms": window_ms})

    def _set_refractory(self, refractory_ms: float) -> None:
        self.change(refractory_ms=refractory_ms)
