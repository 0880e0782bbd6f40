"""Explorers for notebooks: plots of a recording, and of the groups of a spike train in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray
from phy_medicine.compute.localize.figure_parts import clean, new_figure
from phy_medicine.compute.mixture.canvas import axes_for, grid_for, group_color
from phy_medicine.compute.mixture.planes import LDA, PCA, plane
from phy_medicine.compute.mixture.probe_waveforms import Frame, draw_waveforms
from phy_medicine.compute.mixture.recording_explorer import RecordingExplorer
from phy_medicine.compute.mixture.recording_reader import Channels
from phy_medicine.compute.mixture.scatter import draw_plane
from phy_medicine.compute.mixture.spike_train import SpikeTrain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

__all__ = ["RecordingExplorer", "SpikeTrain", "SpikeTrainExplorer"]

ALL = "all"
SHOWN = 2000
"""Spikes of a scatter, of all groups together; more only cover each other."""


class SpikeTrainExplorer(SpikeTrain):
    """Plots of the groups of a spike train; a group has the same colour in all of them.

    `sample` is a number of spikes of all groups together, or the part of them up to 1.0, or None for all; `seed` says
    which. Every plot takes axes, those of a new figure if None.
    """

    def plot_templates(
        self, groups: Iterable[int] | str = ALL, *, columns: int = 5, ax: Sequence[Axes] | AnyArray | None = None
    ) -> Figure | SubFigure:
        """Draw the template of each group in a panel, on the channels near its main one, all at one scale."""
        shown = self._some(groups)
        axes = grid_for(ax, len(shown), columns=columns, size=(2.0, 2.6))
        largest = max(float(np.ptp(self.template_for_group(group), axis=0).max()) for group in shown)
        frame = Frame.of(self.recording.positions_um, largest)
        for group, axis in zip(shown, axes, strict=True):
            near = self.neighbor_channels_for_group(group)
            wave = self.template_for_group(group)[:, near]
            draw_waveforms(axis, [wave], self.recording.positions_um[near], [group_color(group)], frame)
            axis.set_title(f"{group}, channel {self.main_channel_for_group(group)}", fontsize=9)
        return axes[0].figure

    def plot_pca(
        self, groups: Iterable[int] | str, channels: Channels | None = None, *, sample: float | None = SHOWN,
        seed: int = 0, ax: Axes | None = None,
    ) -> Axes:  # fmt: skip
        """Draw groups in the two directions in which their spikes vary most."""
        return self._plot_plane(PCA, groups, channels, sample, seed, ax)

    def plot_lda(
        self, groups: Iterable[int] | str, channels: Channels | None = None, *, sample: float | None = SHOWN,
        seed: int = 0, ax: Axes | None = None,
    ) -> Axes:  # fmt: skip
        """Draw groups in the two directions that tell apart exactly these groups; see `scatter.lda_plane`.

        Raises
        ------
        PhyMedError : fewer than two groups, or one that is not there
        """
        return self._plot_plane(LDA, groups, channels, sample, seed, ax)

    def plot_closest_clusters_to(
        self, group: int, k: int, mode: str = LDA, *, sample: float | None = SHOWN, seed: int = 0,
        ax: Axes | None = None,
    ) -> Axes:  # fmt: skip
        """Draw a group and the k groups whose templates are nearest, by discriminants or principal components."""
        return self._plot_plane(mode, self.close_templates(group, k), None, sample, seed, ax)

    def plot_closest_templates_to(self, group: int, k: int, *, max_shift: int = 0, ax: Axes | None = None) -> Axes:
        """Draw the templates of a group and of the k nearest ones over each other, on the channels near the group."""
        return self._overlay(self.close_templates(group, k, max_shift=max_shift), ax)

    def plot_all_clusters(
        self, k: int = 2, mode: str = LDA, *, columns: int = 4, sample: float | None = SHOWN, seed: int = 0,
        ax: Sequence[Axes] | AnyArray | None = None,
    ) -> Figure | SubFigure:  # fmt: skip
        """Draw a panel for each group, with its k nearest ones; `sample` is for each panel."""
        axes = grid_for(ax, len(self.groups), columns=columns, size=(2.9, 2.6))
        for group, axis in zip(self.groups.tolist(), axes, strict=True):
            self.plot_closest_clusters_to(group, k, mode, sample=sample, seed=seed, ax=axis)
            axis.set_title(f"Group {group}", fontsize=9)
        return axes[0].figure

    def plot_waveforms_and_clusters(
        self, group: int, *, k: int = 2, sample: float | None = SHOWN, seed: int = 0,
        ax: Sequence[Axes] | AnyArray | None = None,
    ) -> Figure | SubFigure:  # fmt: skip
        """Draw a group and its k nearest by discriminants on the left, and their templates on the right."""
        if ax is None:
            ax = new_figure(8.4, 4.2).subplots(1, 2, width_ratios=(3, 2))
        left, right = grid_for(ax, 2)
        self.plot_closest_clusters_to(group, k, sample=sample, seed=seed, ax=left)
        self.plot_closest_templates_to(group, k, ax=right)
        return left.figure

    def _overlay(self, groups: Sequence[int], ax: Axes | None) -> Axes:
        axis = axes_for(ax, 3.6, 4.8)
        near = self.neighbor_channels_for_group(groups[0])
        waves = [self.template_for_group(group)[:, near] for group in groups]
        draw_waveforms(axis, waves[::-1], self.recording.positions_um[near], [group_color(g) for g in groups[::-1]])
        for group in groups:
            axis.plot([], [], color=group_color(group), label=str(group))
        axis.legend(frameon=False, fontsize=8, loc="best")
        return axis

    def _plot_plane(
        self, mode: str, groups: Iterable[int] | str, channels: Channels | None, sample: float | None, seed: int,
        ax: Axes | None,
    ) -> Axes:  # fmt: skip
        shown = self._some(groups)
        x, labels = self.scores_for_groups(shown, channels, sample, seed=seed)
        axis = draw_plane(plane(x, labels, mode), labels, first=shown, ax=ax)
        clean(axis)
        return axis

    def _some(self, groups: Iterable[int] | str) -> list[int]:
        if isinstance(groups, str):
            if groups != ALL:
                raise PhyMedError(f"Groups are numbers, or {ALL!r}, not {groups!r}.")
            return list(map(int, self.groups))
        found = [self._known(group) for group in groups]
        if not found:
            raise PhyMedError("There are no groups to look at.")
        return found
