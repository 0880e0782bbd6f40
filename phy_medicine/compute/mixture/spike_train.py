"""A sorted spike train beside its recording: what each group looks like, and which groups are like it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.mixture.projection import Projection
from phy_medicine.compute.mixture.recording_reader import Channels, RecordingReader
from phy_medicine.compute.mixture.scatter import sampled
from phy_medicine.compute.mixture.table import Table

Templates = Mapping[int, AnyArray] | Sequence[AnyArray] | AnyArray | None
_AVERAGED = 500
"""Spikes of a template: more change it by less than a twentieth of the noise."""
_AT_ONCE = 2000


class SpikeTrain:
    """Groups of spikes in a recording.

    Parameters
    ----------
    templates : (n_samples, n_channels) of each group, by its number, or in the order of the groups' numbers; None for
        the mean waveforms
    spike_train : (n, 2) int, a row (sample, group) for each spike
    recording : what reads waveforms
    projection : of waveforms to features

    Raises
    ------
    PhyMedError : no rows of two integers, a group without a template, or templates of another shape
    """

    def __init__(
        self, templates: Templates, spike_train: AnyArray, recording: RecordingReader, projection: Projection
    ) -> None:
        train = np.asarray(spike_train)
        if train.ndim != 2 or train.shape[1] != 2 or train.dtype.kind not in "iu" or not len(train):
            raise PhyMedError(
                f"A spike train is rows of a sample and a group, integers, not {train.shape} {train.dtype}."
            )
        self.recording, self.projection = recording, projection
        self.times, self.labels = train[:, 0].astype(np.int64), train[:, 1].astype(np.int64)
        self.groups: IntArray = np.unique(self.labels)
        self._there = frozenset(self.groups.tolist())
        self._templates = self.make_templates() if templates is None else self._named(templates)

    def _named(self, templates: Mapping[int, AnyArray] | Sequence[AnyArray] | AnyArray) -> dict[int, FloatArray]:
        pairs: Iterable[tuple[int, AnyArray]]
        if isinstance(templates, Mapping):
            pairs = templates.items()
        elif len(templates) == len(self.groups):
            pairs = zip(self.groups.tolist(), templates, strict=True)
        else:
            raise PhyMedError(f"There are {len(templates)} templates for {len(self.groups)} groups; give one for each.")
        named = {int(group): np.asarray(template, dtype=np.float64) for group, template in pairs}
        shape = (self.recording.n_samples, self.recording.n_channels)
        for group in self.groups.tolist():
            if group not in named:
                raise PhyMedError(f"Group {group} has no template.")
            if named[group].shape != shape:
                raise PhyMedError(f"The template of group {group} has the shape {named[group].shape}, not {shape}.")
        return named

    def make_templates(self, labels: AnyArray | None = None, *, seed: int = 0) -> dict[int, FloatArray]:
        """Return the mean waveform (n_samples, n_channels) of each group, of at most 500 of its spikes.

        Parameters
        ----------
        labels : (n,) groups of the spikes of the train, those of the train by default

        Raises
        ------
        PhyMedError : as many labels as spikes are needed
        """
        own = self.labels if labels is None else np.asarray(labels)
        if own.shape != self.times.shape:
            raise PhyMedError(f"There are {len(self.times)} spikes, and labels of the shape {own.shape}.")
        whole = ~self.recording.incomplete(self.times)
        return {int(group): self._mean(self.times[own == group], whole[own == group], seed) for group in np.unique(own)}

    def _mean(self, times: IntArray, whole: AnyArray, seed: int) -> FloatArray:
        """The mean waveform, of spikes that lie whole in the recording where there are any."""
        usable = times[whole] if whole.any() else times
        return self.recording.read_waveforms(usable[sampled(len(usable), _AVERAGED, seed)]).mean(axis=0, dtype=float)

    def times_for_group(self, group: int, sample: float | None = None, *, seed: int = 0) -> IntArray:
        """Return the samples (n,) of a group's spikes, in the order of the train.

        Parameters
        ----------
        sample : how many of them, or the part of them up to 1.0; None for all

        Raises
        ------
        PhyMedError : there is no such group
        """
        own = self.times[self.labels == self._known(group)]
        found: IntArray = own[sampled(len(own), sample, seed)]
        return found

    def scores_for_groups(
        self, groups: Iterable[int], channels: Channels | None = None, sample: float | None = None, *, seed: int = 0
    ) -> tuple[FloatArray, IntArray]:
        """Return features of groups' spikes, and the group of each, row by row.

        Parameters
        ----------
        channels : None for the channels near the main channel of any of the groups
        sample : how many rows of all together, or the part of them up to 1.0; None for all

        Returns
        -------
        (n, n_channels * n_features) float64, (n,) int64

        Raises
        ------
        PhyMedError : there is no such group or channel
        """
        wanted = [self._known(group) for group in groups]
        rows = np.flatnonzero(np.isin(self.labels, wanted))
        rows = rows[sampled(len(rows), sample, seed)]
        near = self.neighbor_channels_for_groups(wanted) if channels is None else channels
        parts = [
            self.projection.reduce(
                self.recording.read_waveforms(self.times[rows[i : i + _AT_ONCE]], near), flatten=True
            )
            for i in range(0, len(rows), _AT_ONCE)
        ]
        return np.concatenate(parts), self.labels[rows]

    def waveforms_for_group(
        self, group: int, channels: Channels | None = None, sample: float | None = None, *, seed: int = 0
    ) -> FloatArray:
        """Return (n, n_samples, n_channels) float32; arguments and errors as of `scores_for_groups`."""
        near = self.neighbor_channels_for_groups([group]) if channels is None else channels
        return self.recording.read_waveforms(self.times_for_group(group, sample, seed=seed), near)

    def template_for_group(self, group: int) -> FloatArray:
        """Return the template (n_samples, n_channels) of a group."""
        return self._templates[self._known(group)]

    def main_channel_for_group(self, group: int) -> int:
        """Return the channel on which the template is largest from peak to peak."""
        return int(np.ptp(self.template_for_group(group), axis=0).argmax())

    def neighbor_channels_for_group(self, group: int) -> IntArray:
        """Return the channels near the main channel of a group, itself among them."""
        return self.recording.neighbors_for_channel(self.main_channel_for_group(group))

    def neighbor_channels_for_groups(self, groups: Iterable[int]) -> IntArray:
        """Return the channels near the main channel of any of the groups."""
        near = [self.neighbor_channels_for_group(group) for group in groups]
        found: IntArray = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *near]))
        return found

    def close_templates(self, group: int, k: int, *, max_shift: int = 0) -> list[int]:
        """Return a group and the k groups whose templates are nearest by summed squared difference.

        Parameters
        ----------
        k : fewer are returned where there are no more groups
        max_shift : samples that a template may be moved by, either way, to lie nearest; what moves out counts as 0

        Raises
        ------
        PhyMedError : there is no such group
        """
        own = self.template_for_group(group)
        others = [other for other in self.groups.tolist() if other != group]
        away = [_distance(own, self._templates[other], max_shift) for other in others]
        order = np.argsort(away, kind="stable")[: max(k, 0)]
        return [int(group), *(others[place] for place in order)]

    def stats_for_groups(self, groups: Iterable[int] | None = None) -> Table:
        """Return a table of groups: number, range, maximum and minimum of the template, main channel, spikes."""
        rows = []
        for group in self.groups.tolist() if groups is None else groups:
            template = self.template_for_group(group)
            high, low = float(template.max()), float(template.min())
            rows.append({
                "id": int(group), "range": high - low, "max": high, "min": low,
                "main_channel": self.main_channel_for_group(group), "spikes": int((self.labels == group).sum()),
            })  # fmt: skip
        return Table.of(rows)

    def _known(self, group: int) -> int:
        if group not in self._there:
            some = ", ".join(map(str, self.groups[:10].tolist())) + (", ..." if len(self.groups) > 10 else "")
            raise PhyMedError(f"There is no group {group}; there are {some}.")
        return int(group)


def _distance(one: FloatArray, other: FloatArray, max_shift: int) -> float:
    """The least summed squared difference over the shifts."""
    n = len(one)
    found = []
    for shift in range(-min(max_shift, n), min(max_shift, n) + 1):
        moved = np.zeros_like(other)
        moved[max(shift, 0) : n + min(shift, 0)] = other[max(-shift, 0) : n - max(shift, 0)]
        found.append(float(((one - moved) ** 2).sum()))
    return min(found)
