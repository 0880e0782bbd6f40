"""`ClusterMeta`: labels of clusters, of a session or in a table of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from phy_medicine.app.phy_compat.bunch import _as_list
from phy_medicine.app.phy_compat.events import bus
from phy_medicine.app.phy_compat.update_info import IdList, UpdateInfo
from phy_medicine.curation.actions import GROUP
from phy_medicine.session.session import Session

Act = Callable[[Callable[[], Any]], UpdateInfo | None]


class ClusterMeta:
    """Labels by field and cluster, in a table of its own."""

    def __init__(self) -> None:
        self._defaults: dict[str, Any] = {}
        self._data: dict[str, dict[int, Any]] = {}
        self._done: list[tuple[UpdateInfo, dict[int, Any]]] = []
        self._undone: list[tuple[UpdateInfo, dict[int, Any]]] = []

    def __getattr__(self, name: str) -> Callable[[int], Any]:
        if name.startswith("_") or name not in self.fields:
            raise AttributeError(f"There is no label {name!r}; there are {', '.join(self.fields)}.")
        return partial(self.get, name)

    @property
    def fields(self) -> list[str]:
        """Names of the fields, in alphabetical order."""
        return sorted({*self._defaults, *self._data})

    def add_field(self, name: str, default_value: Any = None) -> None:
        """Add a field, and what clusters without a label have."""
        self._defaults[name] = default_value

    def get(self, field: str, cluster: Any) -> Any:
        """Return the label of a cluster, or of each in a list."""
        if isinstance(cluster, list | tuple):
            return [self.get(field, c) for c in cluster]
        value = self._value(field, int(cluster))
        return self._defaults.get(field) if value is None else value

    def _value(self, field: str, cluster_id: int) -> Any:
        return self._data.get(field, {}).get(cluster_id)

    def _cluster_ids(self) -> list[int]:
        return sorted({c for values in self._data.values() for c in values})

    def set(self, field: str, clusters: Any, value: Any, add_to_stack: bool = True) -> UpdateInfo | None:
        """Give clusters a label; add_to_stack : it can be undone, and is told of."""
        ids = [int(c) for c in _as_list(clusters)]
        before = {c: self._value(field, c) for c in ids}
        update = UpdateInfo(description=f"metadata_{field}", metadata_changed=IdList(ids), metadata_value=value)
        self._data.setdefault(field, {}).update(dict.fromkeys(ids, value))
        update.undo_state = None
        if add_to_stack:
            self._done.append((update, before))
            self._undone.clear()
            bus.emit("cluster", self, update)
        return update

    def to_dict(self, field: str) -> dict[int, Any]:
        """Return the label of every cluster."""
        return {c: self.get(field, c) for c in self._cluster_ids()}

    def from_dict(self, dic: Mapping[int, Mapping[str, Any]]) -> None:
        """Take labels over: cluster -> field -> label."""
        grouped: dict[tuple[str, Any], list[int]] = {}
        for cluster_id, labels in dic.items():
            for field, value in labels.items():
                if self._value(field, int(cluster_id)) != value:
                    grouped.setdefault((field, value), []).append(int(cluster_id))
        for (field, value), ids in grouped.items():
            self.set(field, ids, value, add_to_stack=False)

    def set_from_descendants(self, descendants: Any, largest_old_cluster: int | None = None) -> None:
        """Give new clusters the label of those they came of; where these differ, that of the largest."""
        news = {new for _, new in descendants}
        for field in self.fields:
            old = {o: self._value(field, o) for o, _ in descendants}
            labels = {v for v in old.values() if v is not None}
            value = labels.pop() if len(labels) == 1 else old.get(largest_old_cluster)
            if value is not None:
                self.set(field, [n for n in news if self._value(field, n) is None], value, add_to_stack=False)

    def undo(self) -> UpdateInfo | None:
        """Take the last label back."""
        if not self._done:
            return None
        update, before = self._done.pop()
        after = {c: self._value(update.description[9:], c) for c in before}
        self._data[update.description[9:]].update(before)
        self._undone.append((update, after))
        return self._tell(update, "undo")

    def redo(self) -> UpdateInfo | None:
        """Give the last label that was taken back again."""
        if not self._undone:
            return None
        update, after = self._undone.pop()
        before = {c: self._value(update.description[9:], c) for c in after}
        self._data[update.description[9:]].update(after)
        self._done.append((update, before))
        return self._tell(update, "redo")

    def _tell(self, update: UpdateInfo, history: str) -> UpdateInfo:
        told = UpdateInfo(update, history=history)
        bus.emit("cluster", self, told)
        return told


class SessionMeta(ClusterMeta):
    """Labels of the clusters of a session; every label that is set is an action, and can be undone."""

    def __init__(self, session: Session, act: Act) -> None:
        super().__init__()
        self._session, self._act = session, act

    @property
    def fields(self) -> list[str]:
        """Names of the fields, in alphabetical order."""
        return sorted({*self._session.label_fields, *self._defaults})

    def _value(self, field: str, cluster_id: int) -> Any:
        return self._session.manager.labels.get(field, cluster_id)

    def _cluster_ids(self) -> list[int]:
        return list(self._session.cluster_ids)

    def set(self, field: str, clusters: Any, value: Any, add_to_stack: bool = True) -> UpdateInfo | None:
        """Give clusters that exist a label."""
        ids = [int(c) for c in _as_list(clusters) if self._session.manager.assignment.contains(int(c))]
        if not ids:
            return None
        if field == GROUP:
            value = None if value is None else str(value)
        return self._act(lambda: self._session.label(field, value, ids))

    def undo(self) -> UpdateInfo | None:
        """Take the last action back, whatever it was."""
        return self._act(self._session.undo)

    def redo(self) -> UpdateInfo | None:
        """Do the last undone action again, whatever it was."""
        return self._act(self._session.redo)


def create_cluster_meta(cluster_groups: Mapping[int, str] | None) -> ClusterMeta:
    """Return a table of labels with groups."""
    meta = ClusterMeta()
    meta.add_field(GROUP)
    meta.from_dict({c: {GROUP: group} for c, group in (cluster_groups or {}).items()})
    return meta
