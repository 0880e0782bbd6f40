"""`Supervisor`: selection and actions of the session, in phy's words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.cluster_meta import SessionMeta
from phy_medicine.app.phy_compat.clustering import Clustering
from phy_medicine.app.phy_compat.events import bus
from phy_medicine.app.phy_compat.link import SessionLink
from phy_medicine.app.phy_compat.navigation import Navigation
from phy_medicine.app.phy_compat.task_logger import TaskLogger
from phy_medicine.app.phy_compat.update_info import UpdateInfo
from phy_medicine.base.types import IntArray
from phy_medicine.curation.actions import GROUP
from phy_medicine.curation.groups import UNSORTED
from phy_medicine.session.session import Session


class Supervisor(Navigation):
    """What plugins do with clusters; each of their actions is an ordinary one of the session.

    link : tells plugins what happens
    cluster_metrics : name -> function of a cluster id, for `get_cluster_info`
    similarity : gives the function of the similarity in use
    actions, select_actions, view_actions, action_creator, cluster_view, similarity_view : set by the window
    lasso_spikes : gives the spikes inside the lasso of the window's own views; set by the window
    """

    def __init__(
        self,
        link: SessionLink,
        *,
        cluster_metrics: dict[str, Callable[[int], Any]] | None = None,
        similarity: Callable[[int], Any] | None = None,
        context: Any = None,
    ) -> None:
        session: Session = link.session
        self.session, self.link = session, link
        self.context = context
        self.cluster_metrics = {} if cluster_metrics is None else cluster_metrics
        self.similarity = similarity
        self.clustering = Clustering.of(session, link.act)
        self.cluster_meta = SessionMeta(session, link.act)
        self.task_logger = TaskLogger(session)
        self.columns: list[str] = self.default_columns()
        self.actions: Any = None
        self.select_actions: Any = None
        self.view_actions: Any = None
        self.action_creator: Any = None
        self.cluster_view: Any = None
        self.similarity_view: Any = None
        self.lasso_spikes: Callable[[], IntArray | None] | None = None
        link.follow(self.clustering.follow)
        link.start(self, self.clustering, self.cluster_meta)

    def default_columns(self) -> list[str]:
        """Return the columns that the tables have when no plugin chooses others."""
        names = ["id", *self.cluster_metrics, "n_spikes", *self.session.label_fields]
        return [n for n in dict.fromkeys(names) if n != GROUP]

    # Facts

    @property
    def cluster_labels(self) -> dict[str, dict[int, Any]]:
        """Field -> cluster -> label, cells without one left out."""
        return self.session.manager.labels.to_dict()

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the labels, the group left out."""
        return tuple(f for f in self.cluster_meta.fields if f != GROUP)

    def n_spikes(self, cluster_id: int) -> int:
        """Return the number of spikes of a cluster, 0 if there is none of this id."""
        return self.session.manager.assignment.count(int(cluster_id))

    def get_labels(self, field: str) -> dict[int, Any]:
        """Return the label of every cluster, None where it has none."""
        return {c: self.cluster_meta.get(field, c) for c in self.session.cluster_ids}

    def get_cluster_info(self, cluster_id: int, exclude: Collection[str] = ()) -> dict[str, Any]:
        """Return a row of the cluster table: metrics, labels, and whether navigation skips the cluster."""
        cluster_id, call = int(cluster_id), self.session.extensions.call
        info: dict[str, Any] = {"id": cluster_id}
        for name, metric in list(self.cluster_metrics.items()):
            owner = self.session.extensions.metrics.owner_of(name)
            info[name] = call(owner, f"metric {name}", metric, cluster_id, default=None)
        info["n_spikes"] = self.n_spikes(cluster_id)
        info.update((field, self.cluster_meta.get(field, cluster_id)) for field in self.cluster_meta.fields)
        info["is_masked"] = self.session.manager.is_masked(cluster_id)
        return {name: value for name, value in info.items() if name not in exclude}

    @property
    def cluster_info(self) -> list[dict[str, Any]]:
        """The rows of all clusters."""
        return [self.get_cluster_info(c) for c in self.session.cluster_ids]

    @property
    def shown_cluster_ids(self) -> list[int]:
        """Clusters that the table shows, from top to bottom."""
        return list(self.session.cluster_table.visible_ids())

    @property
    def state(self) -> Bunch:
        """Order and selection of both tables."""
        tables = {"cluster_view": self.session.cluster_table, "similarity_view": self.session.similarity_table}
        chosen = {"cluster_view": self.selected_clusters, "similarity_view": self.selected_similar}
        state = Bunch()
        for name, table in tables.items():
            key = table.sort_keys[0] if table.sort_keys else None
            order = (None, None) if key is None else (key.column, "asc" if key.ascending else "desc")
            state[name] = Bunch(current_sort=order, selected=chosen[name])
        return state

    # Clusters

    def merge(self, cluster_ids: Sequence[int] | None = None, to: int | None = None) -> UpdateInfo | None:
        """Join clusters, the selected ones by default."""
        ids = self.selected if cluster_ids is None else [int(c) for c in cluster_ids]
        return self.clustering.merge(ids, to=to) if len(ids) > 1 else None

    def split(self, spike_ids: Any = None, spike_clusters_rel: Any = 0) -> UpdateInfo | None:
        """Give spikes new clusters, by default those that views and plugins offer at `request_split`."""
        spikes = self.requested_spikes() if spike_ids is None else np.asarray(spike_ids, dtype=np.int64)
        if not len(spikes):
            self.session.message.emit("No spikes selected, cannot split.")
            return None
        return self.clustering.split(spikes, spike_clusters_rel)

    def requested_spikes(self) -> IntArray:
        """Return the spikes that callbacks of `request_split` and the window's own lasso offer, ascending."""
        offers = bus.emit("request_split", self) or []
        found = [np.zeros(0, dtype=np.int64)]
        for offer in offers:
            if offer is not None and len(offer):
                found.append(np.asarray(offer).astype(np.int64).ravel())
        own = self.lasso_spikes() if self.lasso_spikes is not None else None
        if own is not None:
            found.append(np.asarray(own, dtype=np.int64))
        return np.unique(np.concatenate(found))

    # Labels

    def label(self, name: str, value: Any, cluster_ids: Any = None) -> UpdateInfo | None:
        """Give clusters, the selected ones by default, a label."""
        ids = self.selected if cluster_ids is None else np.atleast_1d(cluster_ids).tolist()
        update = self.cluster_meta.set(name, ids, value) if ids else None
        if update is not None and name not in (GROUP, *self.columns):
            self.columns.append(name)
        return update

    def move(self, group: str | None, which: Any) -> UpdateInfo | None:
        """Put clusters into a group and go on; which : "best", "similar", "all", a cluster or several."""
        name = group or UNSORTED
        if isinstance(which, str):
            return self.link.act(lambda: self.session.move(name, which))
        ids = [int(c) for c in np.atleast_1d(which).tolist()]
        return self.link.act(lambda: self.session.move(name, cluster_ids=ids)) if ids else None

    # History and files

    def undo(self) -> UpdateInfo | None:
        """Take the last action back."""
        return self.link.act(self.session.undo)

    def redo(self) -> UpdateInfo | None:
        """Do the last undone action again."""
        return self.link.act(self.session.redo)

    def is_dirty(self) -> bool:
        """Say whether there is something to save."""
        return self.session.dirty

    def save(self) -> None:
        """Save labels and tables.

        Raises
        ------
        ReadOnlyError, SaveError : nothing was lost
        """
        self.link.act(self.session.save)

    def block(self) -> None:
        """Tell all that has not been told yet."""
        self.link.tell()
