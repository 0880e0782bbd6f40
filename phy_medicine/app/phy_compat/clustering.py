"""`Clustering`: which spike is of which cluster, and the actions that change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.arrays import _spikes_in_clusters
from phy_medicine.app.phy_compat.bunch import _is_array_like
from phy_medicine.app.phy_compat.update_info import UpdateInfo, update_of
from phy_medicine.base.types import IntArray
from phy_medicine.curation.actions import Delta
from phy_medicine.curation.assignment import Assignment
from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.session.session import Session

Act = Callable[[Callable[[], Any]], UpdateInfo | None]


class SpikesPerCluster(Mapping[int, IntArray]):
    """Cluster -> its spikes now, ascending int64, each array the caller's own.

    spikes : gives those of a cluster; safe in the threads that ask
    """

    def __init__(self, assignment: Assignment, spikes: Callable[[int], IntArray]) -> None:
        self._assignment, self._spikes = assignment, spikes

    def __getitem__(self, cluster_id: int) -> IntArray:
        if not self._assignment.contains(int(cluster_id)):
            raise KeyError(cluster_id)
        return self._spikes(int(cluster_id)).astype(np.int64)

    def __iter__(self) -> Iterator[int]:
        return iter(self._assignment.cluster_ids)

    def __len__(self) -> int:
        return len(self._assignment.cluster_ids)

    def copy(self) -> dict[int, IntArray]:
        """Return a dictionary of now."""
        return dict(self)


class Clustering:
    """The clusters of a session; without one, of an array of labels alone.

    spike_clusters : (n_spikes,) labels; new_cluster_id : smallest id a new cluster gets
    """

    def __init__(self, spike_clusters: Any, new_cluster_id: int | None = None, spikes_per_cluster: Any = None) -> None:
        manager = ClusterManager(np.asarray(spike_clusters), next_id=new_cluster_id)
        self._last: UpdateInfo | None = None
        self._use(manager, manager, self._act_alone, manager.assignment.spikes)
        manager.changed.connect(self._note)

    @classmethod
    def of(cls, session: Session, act: Act) -> Clustering:
        """Return the clusters of a session; act : does an action of it and gives what it changed."""
        made = cls.__new__(cls)
        made._use(session.manager, session, act, session.facts.spikes)
        return made

    def _use(self, manager: ClusterManager, doer: Any, act: Act, spikes: Callable[[int], IntArray]) -> None:
        self._manager, self._doer, self._act = manager, doer, act
        self._labels: IntArray | None = None
        self.spikes_per_cluster = SpikesPerCluster(manager.assignment, spikes)

    def _act_alone(self, action: Callable[[], Any]) -> UpdateInfo | None:
        self._last = None
        action()
        return self._last

    def _note(self, delta: Delta) -> None:
        self._last = update_of(delta, self._manager.assignment, {})
        self.follow(delta)

    def follow(self, delta: Delta) -> None:
        """Bring the array of labels up to date."""
        if self._labels is not None:
            for cluster_id in delta.added:
                self._labels[self._manager.assignment.spikes(cluster_id)] = cluster_id

    # What is

    @property
    def spike_clusters(self) -> IntArray:
        """(n_spikes,) int32, the cluster of every spike; it stays right, and cannot be written to."""
        if self._labels is None:
            self._labels = self._manager.assignment.labels()
        shown = self._labels.view()
        shown.flags.writeable = False
        return shown

    @property
    def cluster_ids(self) -> IntArray:
        """Clusters of now, ascending int64."""
        return np.array(self._manager.cluster_ids, dtype=np.int64)

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return len(self._manager.cluster_ids)

    @property
    def n_spikes(self) -> int:
        """Number of spikes."""
        return self._manager.assignment.n_spikes

    @property
    def spike_ids(self) -> IntArray:
        """(n_spikes,) all spikes."""
        return np.arange(self.n_spikes)

    def new_cluster_id(self) -> int:
        """Return the id that the next new cluster gets; none is given twice."""
        return self._manager.assignment.next_id

    def spikes_in_clusters(self, clusters: Any) -> IntArray:
        """Return the spikes of any of some clusters, ascending."""
        if len(clusters) > 200:
            return _spikes_in_clusters(self.spike_clusters, clusters)
        found = [self.spikes_per_cluster[c] for c in dict.fromkeys(map(int, clusters)) if c in self.spikes_per_cluster]
        return np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *found]))

    # Actions

    def merge(self, cluster_ids: Any, to: int | None = None) -> UpdateInfo | None:
        """Join clusters into a new one.

        Raises
        ------
        ValueError : no list, unknown clusters, or an id that is not the next one
        """
        if not _is_array_like(cluster_ids) and not isinstance(cluster_ids, tuple):
            raise ValueError("The first argument should be a list or an array.")
        ids = [int(c) for c in cluster_ids]
        if not set(ids) <= set(self._manager.cluster_ids):
            raise ValueError("Some clusters do not exist.")
        if to is not None and int(to) != self.new_cluster_id():
            raise ValueError(f"The new cluster is {self.new_cluster_id()}; another id cannot be chosen.")
        return self._act(lambda: self._do("merge", ids))

    def assign(self, spike_ids: Any, spike_clusters_rel: Any = 0) -> UpdateInfo | None:
        """Give spikes new clusters, one for each relative label; the rest of their clusters becomes new ones as well.

        Raises
        ------
        ValueError : spikes that do not exist
        """
        spikes = np.asarray(spike_ids, dtype=np.int64)
        if not len(spikes):
            return UpdateInfo()
        if spikes.min() < 0 or spikes.max() >= self.n_spikes:
            raise ValueError("Some spikes do not exist.")
        labels = None
        if np.ndim(spike_clusters_rel):
            labels = np.unique(np.asarray(spike_clusters_rel), return_inverse=True)[1]
        return self._act(lambda: self._do("split", spikes, labels))

    def split(self, spike_ids: Any, spike_clusters_rel: Any = 0) -> UpdateInfo | None:
        """Give spikes new clusters, as `assign`."""
        return self.assign(spike_ids, spike_clusters_rel)

    def undo(self) -> UpdateInfo | None:
        """Take the last action back."""
        return self._act(self._doer.undo)

    def redo(self) -> UpdateInfo | None:
        """Do the last undone action again."""
        return self._act(self._doer.redo)

    def reset(self) -> None:
        """Take all actions back, one after the other."""
        while self._manager.history.can_undo:
            self.undo()

    def _do(self, name: str, *args: Any) -> None:
        """Do it in the session, which keeps it safe, or alone."""
        if self._doer is self._manager:
            self._manager.do(getattr(self._manager, f"plan_{name}")(*args))
        else:
            getattr(self._doer, name)(*args)
