"""Keys, menu entries and snippets of the trace view."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from phy_medicine.views.base import ViewAction
from phy_medicine.views.trace_channels import DEPTH, ID, SHANK

if TYPE_CHECKING:
    from phy_medicine.views.signal_view import SignalView
    from phy_medicine.views.trace import TraceView

_STEP, _SIZE, _LENGTH = 0.1, 1.2, 1.25
ORDER_TEXTS = {
    SHANK: "Channels by shank and depth",
    DEPTH: "Channels by depth alone",
    ID: "Channels by number",
}


def trace_actions(view: TraceView) -> tuple[ViewAction, ...]:
    """Return the actions of a trace view, in menu order."""
    return (*_switches(view), *signal_actions(view, ""), *_movements(view), *_sizes(view))


def signal_actions(view: SignalView, prefix: str) -> tuple[ViewAction, ...]:
    """Return the choices of all views of the signal: following, order of channels, filter."""

    def choice(name: str, value: str) -> tuple[Callable[[], None], Callable[[], bool]]:
        return lambda: view.change(**{name: value}), lambda: getattr(view.settings, name) == value

    made = [
        ViewAction(f"{prefix}toggle_follow", "Follow the selection in time",
                   lambda: view.change(follow=not view.settings.follow),
                   help="Go to the nearest spike of the first cluster whenever another one is selected.",
                   checked=lambda: bool(view.settings.follow)),
        ViewAction(f"{prefix}center_channels", "Centre on the channels of the cluster", view.center_channels,
                   help="Bring the channels around the first selected cluster into the middle."),
    ]  # fmt: skip
    for name, text in ORDER_TEXTS.items():
        handler, checked = choice("order", name)
        help_text = "Order of the channels in this view, from the bottom."
        made.append(ViewAction(f"{prefix}order_by_{name}", text, handler, help=help_text, checked=checked))
    for item in view.host.data.filters:
        handler, checked = choice("filter", item.name)
        action_id = f"{prefix}filter_{re.sub(r'[^0-9A-Za-z]', '_', item.name)}"
        help_text = "Show the signal like this; Alt+R switches between raw and filtered in all views."
        made.append(ViewAction(action_id, f"Signal: {item.words}", handler, help=help_text, checked=checked))
    return tuple(made)


def _switches(view: TraceView) -> tuple[ViewAction, ...]:
    def switch(name: str) -> tuple[Callable[[], None], Callable[[], bool]]:
        return (
            lambda: view.change(**{name: not getattr(view.settings, name)}),
            lambda: bool(getattr(view.settings, name)),
        )

    table = (
        ("toggle_all_channels", "All channels", "all_channels", "alt+a",
         "Show all channels, or those around the selected clusters."),
        ("toggle_highlighted_spikes", "Spikes of all clusters", "all_spikes", "alt+s",
         "Mark the spikes of all clusters, or of the selected ones."),
        ("toggle_spike_lines", "Lines at spikes", "spike_lines", "",
         "Draw a line through all channels at every spike of the selected clusters."),
        ("toggle_residual", "Residual: without all spikes", "residual", "",
         "Subtract the spikes of all clusters, each cluster's mean spike fitted to the signal."),
        ("toggle_show_labels", "Names of channels", "labels", "alt+l", "Show or hide the names of channels."),
        ("switch_origin", "Origin at the top", "origin_top", "alt+o", "Turn the order of channels upside down."),
        ("toggle_auto_scale", "Scale by the noise", "auto_scale", "",
         "Fit the scale whenever other channels are shown, or keep it."),
    )  # fmt: skip
    made = []
    for action_id, text, name, key, help_text in table:
        handler, checked = switch(name)
        made.append(ViewAction(action_id, text, handler, key, help=help_text, checked=checked))
    return tuple(made)


def _movements(view: TraceView) -> tuple[ViewAction, ...]:
    def by_view(part: float) -> Callable[[], None]:
        return lambda: view.shift(part * _length(view))

    def by_recording(part: float) -> Callable[[], None]:
        return lambda: view.shift(part * view.host.data.duration_s)

    end_s = view.host.data.duration_s
    return (
        ViewAction("go_to", "Go to time", view.go_to, "alt+t", "tg", "Show a moment, in s: :tg 12.5", (float,)),
        ViewAction("shift", "Shift by time", view.shift, "", "ts", "Move by some time, in s: :ts -0.5", (float,)),
        ViewAction("go_left", "Back", by_view(-_STEP), "alt+left", help="Scroll back by a tenth of the view."),
        ViewAction("go_right", "Forward", by_view(_STEP), "alt+right", help="Scroll on by a tenth of the view."),
        ViewAction("jump_left", "Jump back", by_recording(-_STEP), "shift+alt+left",
                   help="Jump back by a tenth of the recording."),
        ViewAction("jump_right", "Jump forward", by_recording(_STEP), "shift+alt+right",
                   help="Jump on by a tenth of the recording."),
        ViewAction("go_to_start", "Go to the start", lambda: view.go_to(0.0), "alt+home",
                   help="Show the start of the recording."),
        ViewAction("go_to_end", "Go to the end", lambda: view.go_to(end_s), "alt+end",
                   help="Show the end of the recording."),
        ViewAction("go_to_next_spike", "Next spike", lambda: view.go_to_spike(1), "alt+pgdown",
                   help="Go to the next spike of the first selected cluster."),
        ViewAction("go_to_previous_spike", "Previous spike", lambda: view.go_to_spike(-1), "alt+pgup",
                   help="Go to the previous spike of the first selected cluster."),
        ViewAction("go_to_next_event", "Next event", lambda: view.go_to_event(1),
                   help="Go to the next event of the experiment."),
        ViewAction("go_to_previous_event", "Previous event", lambda: view.go_to_event(-1),
                   help="Go to the event before."),
        ViewAction("go_to_next_violation", "Next violation of the refractory period",
                   lambda: view.go_to_violation(1), "shift+alt+pgdown",
                   help="Go to the next two spikes of the first cluster that are too close to be one neuron's."),
        ViewAction("go_to_previous_violation", "Previous violation of the refractory period",
                   lambda: view.go_to_violation(-1), "shift+alt+pgup", help="Go to the pair before."),
    )  # fmt: skip


def _length(view: TraceView) -> float:
    return view.interval.length_s if view.interval is not None else float(view.settings.length_s)


def _sizes(view: TraceView) -> tuple[ViewAction, ...]:
    return (
        ViewAction("narrow", "Show less time", lambda: view.zoom_time(_LENGTH), "alt++", help="Show less time."),
        ViewAction("widen", "Show more time", lambda: view.zoom_time(1 / _LENGTH), "alt+-", help="Show more time."),
        ViewAction("increase", "Larger traces", lambda: view.scale_by(_SIZE), "alt+up", help="Enlarge the traces."),
        ViewAction("decrease", "Smaller traces", lambda: view.scale_by(1 / _SIZE), "alt+down",
                   help="Make the traces smaller."),
    )  # fmt: skip
