"""Where the scores of a feature view come from: the file, or waveforms of the selected clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import IntArray
from phy_medicine.session.blocks import Features

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService
    from phy_medicine.session.pca_source import SelectedComponents

SOURCES = ("file", "selected")
# Spikes of a cluster that are drawn, even in time.
N_DRAWN = 2500
# Spikes of a cluster that the discriminant is computed from: some 10 ms to read in memory.
N_MANY = 20_000


class Scores(Protocol):
    """Scores of spikes on some channels; safe to use from any thread."""

    @property
    def words(self) -> str:
        """What the scores are, for the title bar; "" for those of the file."""

    @property
    def n_quick(self) -> int:
        """Spikes whose scores are read in less than some 50 ms."""

    def drawn(self, cluster_id: int) -> Features:
        """Return the scores of the spikes of a cluster that are drawn."""

    def many(self, cluster_id: int) -> Features:
        """Return the scores of spikes enough for statistics, at most 20,000."""

    def behind(self) -> Features:
        """Return the scores of some spikes of the rest."""

    def of(self, spike_ids: IntArray) -> Features:
        """Return the scores of exactly these spikes."""

    def check_all(self, spike_ids: IntArray) -> None:
        """Refuse a split that would leave spikes behind because nothing is known of them.

        Raises
        ------
        ActionError : some of the spikes have no scores at all
        """


class FileScores:
    """PC scores that the sorter wrote."""

    words = ""
    n_quick = 1 << 14

    def __init__(
        self, data: DataService, channel_ids: Sequence[int], *, n: int = N_DRAWN, n_behind: int = N_DRAWN
    ) -> None:
        self._data = data
        self._channels = tuple(channel_ids)
        self._n, self._n_behind = n, n_behind

    def drawn(self, cluster_id: int) -> Features:
        """Return the scores of some spikes, even in time."""
        return self._data.features(cluster_id, self._channels, n=self._n)

    def many(self, cluster_id: int) -> Features:
        """Return the scores of at most 20,000 spikes."""
        return self._data.features(cluster_id, self._channels, n=N_MANY)

    def behind(self) -> Features:
        """Return the scores of spikes of the whole recording."""
        return self._data.background_features(self._channels, n=self._n_behind)

    def of(self, spike_ids: IntArray) -> Features:
        """Return the scores of exactly these spikes."""
        return self._data.features_of(spike_ids, self._channels)

    def check_all(self, spike_ids: IntArray) -> None:
        """Refuse a split when some spikes have no features at all."""
        n_without = self._data.n_without_features(spike_ids)
        if n_without:
            raise ActionError(
                f"Only {len(spike_ids) - n_without:,} of {len(spike_ids):,} spikes of these clusters have PC features, "
                "so a split here would leave the others behind; take the components of the selected clusters in the "
                "menu of the view, or split in the amplitude view."
            )


class SelectedScores:
    """Scores on the principal components of the selected clusters' own waveforms."""

    n_quick = 0

    def __init__(self, data: DataService, cluster_ids: Sequence[int], channel_ids: Sequence[int]) -> None:
        self._data = data
        self._clusters = tuple(cluster_ids)
        self._selected: SelectedComponents = data.pca.components(cluster_ids, channel_ids)

    @property
    def n_waveforms(self) -> int:
        """Waveforms that the components are made of."""
        return self._selected.n_waveforms

    @property
    def words(self) -> str:
        """Of how many waveforms the components are."""
        return f"PCA of {self.n_waveforms:,} waveforms"

    def drawn(self, cluster_id: int) -> Features:
        """Return the scores of the waveforms that the components are made of."""
        return self._data.pca.of_cluster(cluster_id, self._selected)

    def many(self, cluster_id: int) -> Features:
        """Return the same scores: others would have to be read from the recording."""
        return self.drawn(cluster_id)

    def behind(self) -> Features:
        """Return the scores of spikes of the first cluster's neighbours."""
        return self._data.pca.behind(self._data.neighbours(self._clusters[0]), self._selected)

    def of(self, spike_ids: IntArray) -> Features:
        """Return the scores of exactly these spikes, whose waveforms are read now."""
        return self._data.pca.of_spikes(spike_ids, self._selected)

    def check_all(self, spike_ids: IntArray) -> None:
        """Refuse a split when some spikes have no waveform at all."""
        n_without = self._data.pca.n_without(spike_ids)
        if n_without:
            raise ActionError(
                f"Only {len(spike_ids) - n_without:,} of {len(spike_ids):,} spikes of these clusters have stored "
                "waveforms, so a split here would leave the others behind; give the dataset its raw data, or split in "
                "the amplitude view."
            )


def nearest_source(data: DataService, source: str) -> str:
    """Return the source itself, or waveforms where there are no features but a recording."""
    return "selected" if source == "selected" or (data.has_waveforms and not data.has_features) else "file"
