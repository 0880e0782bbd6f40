"""A view: where each selected cluster is on the probe over the whole recording.

Two clusters whose lines go on in each other may be one cell that the probe has moved away from.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binned_statistic

from phy_medicine.plugin import Axes, DataMissing, Plugin, View, setting


@dataclass(frozen=True)
class TrackSettings:
    """The dialog of the view is made from this table."""

    n_bins: int = setting(60, "Number of stretches of time", minimum=5, maximum=2000)


class DepthTrackView(View):
    """Median depth of each selected cluster in stretches of time; where it is silent its line is broken."""

    name, title = "DepthTrackView", "Depth tracks"
    settings_type = TrackSettings
    axes = Axes(x="Time (s)", y="Depth (µm)")

    def prepare(self, request):  # in any thread: arrays in, arrays out
        data, n_bins = self.host.data, self.settings.n_bins
        times, depths, span = data.shown_times, data.depths.shown, (0, data.duration_s)
        tracks = [binned_statistic(times[s], depths[s], "median", n_bins, span)[0] for s in request.spike_ids]
        if np.isnan(tracks).all():
            raise DataMissing("No spikes of these clusters here.")
        return np.array(tracks)

    def upload(self, tracks):  # in the thread of the window, and quick
        (n, n_bins), duration_s = tracks.shape, self.host.data.duration_s
        times, rows = (np.arange(n_bins) + 0.5) * duration_s / n_bins, np.arange(n)
        self.panels.set_home(x=(0, duration_s), y=(np.nanmin(tracks) - 20, np.nanmax(tracks) + 20))
        self.picture.clear()
        self.picture.lines(times, tracks, color=self.colors, index=rows, width=2)
        dots = {"color": self.colors, "index": np.repeat(rows, n_bins), "size": 5}
        self.picture.points(np.tile(times, n), tracks.ravel(), **dots)
        self.status = f"silent in {np.isnan(tracks).mean():.0%} of the time"


class DepthTracks(Plugin):
    """Adds a view of the depth of clusters over the recording."""

    def attach(self, session):
        session.extensions.views.add(DepthTrackView)
