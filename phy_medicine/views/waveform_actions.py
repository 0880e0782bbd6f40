"""What the waveform view can do, for menus, keys, snippets and help."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.views.base import ViewAction
from phy_medicine.views.waveform_settings import KINDS

if TYPE_CHECKING:
    from phy_medicine.views.waveform import WaveformView

# One press of a key.
_STEP = 1.1
_SCALINGS = (
    ("widen", "Widen the waveforms", "ctrl+right", "box_width", _STEP, "Stretch every waveform in time."),
    ("narrow", "Narrow the waveforms", "ctrl+left", "box_width", 1 / _STEP, "Squeeze every waveform in time."),
    ("increase", "Increase the waveforms", "ctrl+up", "box_height", _STEP, "Draw amplitudes larger."),
    ("decrease", "Decrease the waveforms", "ctrl+down", "box_height", 1 / _STEP, "Draw amplitudes smaller."),
    ("extend_horizontally", "Extend the probe horizontally", "shift+right", "probe_width", _STEP,
     "Move the columns of channels apart."),
    ("shrink_horizontally", "Shrink the probe horizontally", "shift+left", "probe_width", 1 / _STEP,
     "Move the columns of channels together."),
    ("extend_vertically", "Extend the probe vertically", "shift+up", "probe_height", _STEP,
     "Move the rows of channels apart."),
    ("shrink_vertically", "Shrink the probe vertically", "shift+down", "probe_height", 1 / _STEP,
     "Move the rows of channels together."),
)  # fmt: skip


def scale(view: WaveformView, name: str, factor: float) -> None:
    """Multiply a setting within its limits."""
    view.change(**{name: float(np.clip(getattr(view.settings, name) * factor, 0.1, 10.0))})


def _toggle(view: WaveformView, name: str) -> None:
    view.change(**{name: not getattr(view.settings, name)})


def _turn_kind(view: WaveformView, by: int) -> None:
    view.change(kind=KINDS[(KINDS.index(view.settings.kind) + by) % len(KINDS)])


def _toggle_mean(view: WaveformView) -> None:
    view.change(kind="waveforms" if view.settings.kind == "mean_waveforms" else "mean_waveforms")


def _toggle_band(view: WaveformView) -> None:
    view.change(band="none" if view.settings.shows_band else "all")


def _toggle_align(view: WaveformView) -> None:
    view.change(align="peak" if view.settings.align == "none" else "none")


def actions_of(view: WaveformView) -> tuple[ViewAction, ...]:
    """Return the actions of the view."""
    s = view.settings
    toggle = partial(_toggle, view)

    def set_n_waveforms(n: int = 100) -> None:
        view.change(n_waveforms=n)

    def set_window(before_ms: float, after_ms: float) -> None:
        view.change(before_ms=before_ms, after_ms=after_ms)

    return (
        ViewAction("toggle_waveform_overlap", "Overlap clusters", partial(toggle, "overlap"), "o",
                   help="Draw clusters over each other instead of side by side.", checked=lambda: s.overlap),
        ViewAction("toggle_show_labels", "Channel labels", partial(toggle, "labels"), "ctrl+l",
                   help="Show the channel labels.", checked=lambda: s.labels),
        ViewAction("toggle_scale_bars", "Scale bars", partial(toggle, "scale_bars"),
                   help="Show how long a millisecond and how high an amplitude is.", checked=lambda: s.scale_bars),
        ViewAction("next_waveforms_type", "Next type of waveforms", partial(_turn_kind, view, 1), "w",
                   help="Waveforms, mean waveforms, templates, density of many waveforms."),
        ViewAction("previous_waveforms_type", "Previous type of waveforms", partial(_turn_kind, view, -1), "shift+w",
                   help="Density of many waveforms, templates, mean waveforms, waveforms."),
        ViewAction("toggle_mean_waveforms", "Mean waveforms", partial(_toggle_mean, view), "m",
                   help="Show the mean of each cluster alone.", checked=lambda: s.kind == "mean_waveforms"),
        ViewAction("toggle_waveform_band", "Mean ± standard deviation", partial(_toggle_band, view),
                   help="Draw a band of one standard deviation around the mean.", checked=lambda: s.shows_band),
        ViewAction("toggle_waveform_align", "Align at the peak", partial(_toggle_align, view),
                   help="Move means, waveforms and templates so that the largest deflection on the best channel is at "
                        "0 ms.", checked=lambda: s.align == "peak"),
        *(
            ViewAction(i, text, partial(scale, view, name, by), key, help=words)
            for i, text, key, name, by, words in _SCALINGS
        ),
        ViewAction("change_n_spikes_waveforms", "Waveforms by cluster...", set_n_waveforms, snippet="wn",
                   help="How many waveforms of each cluster are drawn.", arguments=(int,)),
        ViewAction("waveform_window", "Time before and after the spike...", set_window, snippet="ww",
                   help="Milliseconds before and after the spike; 0 0 is what is usual in the dataset.",
                   arguments=(float, float)),
    )  # fmt: skip
