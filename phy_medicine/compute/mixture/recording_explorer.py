"""Plots of a recording: traces, the probe, waveforms, and clusters of waveforms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.localize.figure_parts import ACCENT, SECOND
from phy_medicine.compute.mixture.canvas import axes_for, group_color
from phy_medicine.compute.mixture.planes import pca_plane
from phy_medicine.compute.mixture.probe_waveforms import draw_waveforms
from phy_medicine.compute.mixture.projection import Projection
from phy_medicine.compute.mixture.recording_reader import ALL, Channels, RecordingReader
from phy_medicine.compute.mixture.scatter import draw_plane, sampled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INK = "#22303c"
_SPREAD = 8.0
"""Distance of stacked traces, in deviations of a typical one: spikes of a few times that still stand apart."""


class RecordingExplorer:
    """Looks at a recording.

    Parameters
    ----------
    recording : what reads it
    projection : of waveforms to features, for `plot_clusters`; without one principal components of the samples
    sample_rate : Hz, 0 to leave times in samples
    """

    def __init__(
        self, recording: RecordingReader, projection: Projection | None = None, *, sample_rate: float = 0.0
    ) -> None:
        self.recording, self.projection, self.sample_rate = recording, projection, sample_rate

    def plot_series(self, from_time: int, to_time: int, channels: Channels = ALL, *, ax: Axes | None = None) -> Axes:
        """Draw traces on top of each other, the first channel above.

        Parameters
        ----------
        from_time, to_time : samples, the second one is left out; channels : columns of the file, or "all"

        Raises
        ------
        PhyMedError : no such channel, or no sample between the two times
        """
        traces = self.recording.read_series(from_time, to_time, channels)
        ids = self._ids(channels)
        axis = axes_for(ax, 9.0, max(2.0, 0.35 * len(ids) + 0.8))
        centred = traces - np.median(traces, axis=0)
        step = _SPREAD * float(np.median(np.abs(centred))) * 1.4826 or float(np.abs(centred).max()) or 1.0
        times = (from_time + np.arange(len(traces))) / (self.sample_rate or 1.0)
        places = -step * np.arange(len(ids))
        axis.plot(times, centred + places, color=_INK, linewidth=0.6)
        axis.set_yticks(places, [str(channel) for channel in ids])
        axis.set(xlabel="Time (s)" if self.sample_rate else "Sample", ylabel="Channel")
        axis.margins(x=0, y=0.01)
        return axis

    def plot_geometry(
        self,
        channel_label: bool = True,
        neighbor_radius: float | None = None,
        *,
        channel: int | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw where channels lie, with their numbers, and whose neighbours they are.

        Parameters
        ----------
        neighbor_radius : µm, that of the recording if None
        channel : the one whose circle and neighbours are marked; None marks none
        """
        positions = self.recording.positions_um
        radius = self.recording.neighbor_radius if neighbor_radius is None else neighbor_radius
        axis = axes_for(ax, 3.4, 6.0)
        colors = [ACCENT] * len(positions)
        if channel is not None:
            from matplotlib.patches import Circle

            here = positions[self._ids([channel])[0]]
            near = np.linalg.norm(positions - here, axis=1) <= radius
            colors = [SECOND if is_near else ACCENT for is_near in near]
            axis.add_patch(Circle((float(here[0]), float(here[1])), radius, fill=False, color=SECOND, linewidth=1.0))
        axis.scatter(positions[:, 0], positions[:, 1], s=26, marker="s", c=colors, linewidths=0)
        for number, (x, y) in enumerate(positions if channel_label else ()):
            axis.annotate(str(number), (x, y), (4, 0), textcoords="offset points", fontsize=7, va="center")
        axis.set(xlabel="x (µm)", ylabel="y (µm)", aspect="equal")
        axis.margins(0.25 if channel is None else 0.1)
        return axis

    def plot_waveform(
        self,
        time: int,
        channels: Channels = ALL,
        overlay: bool = False,
        line_at_t: bool = False,
        *,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw the waveform about a time in samples.

        Parameters
        ----------
        overlay : all channels in one place, a colour each, over samples; else each where it lies on the probe
        line_at_t : mark the time itself; in one place only

        Raises
        ------
        PhyMedError : no such channel
        """
        ids, waveform = self._ids(channels), self.recording.read_waveform(time, channels)
        if not overlay:
            axis = axes_for(ax, 3.6, 4.8)
            return draw_waveforms(axis, [waveform], self.recording.positions_um[ids], [_INK])
        axis = axes_for(ax)
        window = self.recording.window
        for column, channel in enumerate(ids):
            axis.plot(
                np.arange(-window, window + 1), waveform[:, column], color=group_color(channel), label=str(channel)
            )  # fmt: skip
        if line_at_t:
            axis.axvline(0, color=SECOND, linewidth=0.8, linestyle="--")
        axis.set(xlabel="Sample", ylabel="Amplitude")
        if len(ids) <= 12:
            axis.legend(title="Channel", frameon=False, fontsize=7, title_fontsize=7)
        return axis

    def plot_waveform_around_channel(self, time: int, channel: int, *, ax: Axes | None = None) -> Axes:
        """Draw the waveform about a time on a channel and its neighbours, where they lie on the probe."""
        return self.plot_waveform(time, self.recording.neighbors_for_channel(channel), ax=ax)

    def plot_clusters(
        self,
        times: Mapping[int, AnyArray] | Sequence[AnyArray],
        sample: float | None = None,
        *,
        channels: Channels = ALL,
        seed: int = 0,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw the two principal components of groups of waveforms.

        Parameters
        ----------
        times : samples of each group, by its number or in order
        sample : how many spikes of all groups together, or the part of them up to 1.0; None for all

        Raises
        ------
        PhyMedError : no spikes, or no such channel
        """
        named = times if isinstance(times, Mapping) else dict(enumerate(times))
        every = np.concatenate([np.zeros(0, dtype=np.int64), *(np.asarray(own) for own in named.values())])
        groups = np.repeat(list(named), [len(own) for own in named.values()])
        if not len(every):
            raise PhyMedError("There are no spikes to look at.")
        rows = sampled(len(every), sample, seed)
        return draw_plane(pca_plane(self._scores(every[rows], channels)), groups[rows], ax=ax)

    def _scores(self, times: AnyArray, channels: Channels) -> FloatArray:
        if self.projection is None:
            return self.recording.read_waveforms(times, channels, flatten=True)
        return self.projection.reduce(self.recording.read_waveforms(times, channels), flatten=True)

    def _ids(self, channels: Channels) -> IntArray:
        return self.recording.channel_ids(channels)
