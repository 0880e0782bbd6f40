"""Switches of what all views show: filtered or raw signal, recorded or reordered spike times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow


class DataSwitches:
    """Acts on every open view at once."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def toggle_filter(self) -> None:
        """Show the raw signal, or the filtered one, in all views of the signal.

        Raises
        ------
        ActionError : no such view is open
        """
        views = [v for v in self._window.host.views if hasattr(v, "set_filtered")]
        if not views:
            raise ActionError("No view of the signal is open; add one with View > Add > TraceView.")
        filtered = not any(view.settings.filtered for view in views)
        for view in views:
            view.set_filtered(filtered)
        words = getattr(views[0], "filter_words", "high-pass")
        self._window.say(f"Filtered signal: {words}." if filtered else "Raw signal, not filtered.")

    def toggle_events(self) -> None:
        """Mark the events of the experiment in all views over time, or leave them out.

        Raises
        ------
        ActionError : the dataset has no events
        """
        window = self._window
        if not window.session.data.events:
            raise ActionError("No events: put events.csv beside the dataset; the view Events says more.")
        on = not window.host.shows_events
        window.host.show_events(on)
        window.say("Events are marked in all views over time." if on else "Events are not marked.")

    def toggle_times(self) -> None:
        """Put spikes at the times of `spike_times_reordered.npy`, or back at those of the recording.

        Raises
        ------
        ActionError : the dataset has no such file
        """
        window, session = self._window, self._window.session
        reordered = session.model.spike_times_reordered
        if reordered is None:
            raise ActionError("No reordered spike times: spike_times_reordered.npy not found in the dataset.")
        on = not session.data.has_other_times
        session.data.show_times(reordered if on else None)
        for view in window.host.views:
            window.host.update(view)
        window.say("Spikes at their reordered times." if on else "Spikes at the times of the recording.")
