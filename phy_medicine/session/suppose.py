"""What if: clusters as they would be after a merge or a split, for every view to show, while nothing changes.

A supposed cluster has an id of its own that no real one has and that is never used again, so that nothing that is kept
by id, here or in a view, is ever mixed up. Labels, history, journal, tables and plugins never hear of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from string import ascii_lowercase
from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import IntArray, frozen
from phy_medicine.curation.actions import Merge, Split

if TYPE_CHECKING:
    from phy_medicine.compute.mixture.split_axes import SplitAxes
    from phy_medicine.curation.actions import Delta
    from phy_medicine.curation.selection import Selection
    from phy_medicine.session.session import Session

_FAR_BELOW = -1_000_000_000
"""No sorter gives such an id, and one that did would be passed over."""


class SupposedId(int):
    """Id of a supposed cluster; reads as what it is made of: 3+5, or 3a and 3b.

    parts : the real clusters that its spikes are of
    """

    name: str
    parts: tuple[int, ...]

    def __new__(cls, number: int, name: str, parts: Sequence[int]) -> SupposedId:
        """Make the id of a number that was not used before."""
        made = super().__new__(cls, number)
        made.name, made.parts = name, tuple(parts)
        return made

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Origin:
    """What found the parts of a split that is supposed.

    reason : why it should be done, in a sentence
    done : called once it was accepted, with what it changed
    axes : the parts as they are seen apart best
    title : what is proposed, in a few words; action : id of the one that goes back
    """

    reason: str
    done: Callable[[Delta], object]
    axes: SplitAxes | None = None
    title: str = "Split by a model"
    action: str = "model_split"


@dataclass(frozen=True)
class Supposition:
    """One merge or split that is looked at before it is done.

    action : what would be done, with ids that it would give now
    clusters : spikes of each supposed cluster, ascending; after those that the action makes come spikes that are only
        marked, and are in one of those too
    origin : what found it, None where a person chose the spikes
    """

    action: Merge | Split
    clusters: Mapping[SupposedId, IntArray]
    origin: Origin | None = None

    @property
    def ids(self) -> tuple[SupposedId, ...]:
        """The supposed clusters, in colour order."""
        return tuple(self.clusters)

    @property
    def is_merge(self) -> bool:
        """Whether clusters are joined, and none is split."""
        return isinstance(self.action, Merge)

    @property
    def moves(self) -> bool:
        """Whether spikes are given to other clusters, which go on as they are."""
        return isinstance(self.action, Split) and bool(self.action.cells) and not self.action.rest

    @cached_property
    def parts(self) -> tuple[int, ...]:
        """The real clusters that would go, ascending."""
        return self.action.cluster_ids if isinstance(self.action, Merge) else self.action.old_ids

    @property
    def in_words(self) -> str:
        """`3 and 5 as one cluster`, or `3 as 3a (120 spikes) and 3b (4,000)`."""
        real = _listed([str(c) for c in self.parts])
        if self.is_merge:
            return f"{real} as one cluster"
        made = list(self.clusters.items())[: len(self.action.new_ids)]  # type: ignore[union-attr]
        sizes = [f"{c} ({len(spikes):,} spikes)" for c, spikes in made]
        return f"{real} as {_listed(sizes)}"


class Suppositions:
    """The one thing that is supposed now, if any.

    It ends when it is accepted, when something else is selected, and with every action, of which `selection.changed`
    and `clusters.changed` tell.
    """

    changed = Signal()
    """Something else was supposed, or it was taken back."""

    def __init__(self, session: Session) -> None:
        self._session = session
        lowest = min(session.cluster_ids, default=0)
        self._numbers = count(min(lowest - 1, _FAR_BELOW), -1)
        self.current: Supposition | None = None
        session.selection.changed.connect(self._end)
        session.manager.changed.connect(self._end)

    def merge(self, cluster_ids: Sequence[int] | None = None) -> Supposition:
        """Suppose that clusters, the selected ones by default, are one.

        Raises
        ------
        ActionError : fewer than two clusters, or an unknown one
        """
        session = self._session
        action = session.manager.plan_merge(session.selection.current.to_merge if cluster_ids is None else cluster_ids)
        return self._suppose(action)

    def split(
        self,
        spike_ids: IntArray | Sequence[int],
        labels: IntArray | Sequence[int] | None = None,
        *,
        note: str = "",
        origin: Origin | None = None,
    ) -> Supposition:
        """Suppose that spikes are split off; arguments as of `Session.split` and `Supposition`.

        Raises
        ------
        ActionError : no spikes, or a split that would change nothing
        """
        return self._suppose(self._session.manager.plan_split(spike_ids, labels, note=note), origin)

    def action(
        self,
        action: Merge | Split,
        names: Sequence[str] = (),
        origin: Origin | None = None,
        marked: Mapping[str, IntArray] | None = None,
    ) -> Supposition:
        """Suppose an action that was planned on the clusters as they are now.

        names : of the supposed clusters in the order of its new ids, where others than usual are wanted
        marked : name -> spikes that are shown once more, in a colour of their own

        Raises
        ------
        ActionError : clusters have to stay as they are
        """
        return self._suppose(action, origin, names, marked)

    def nothing(self) -> None:
        """Look at the clusters as they are again."""
        if self.current is not None:
            self._set(None)

    def accept(self) -> Delta:
        """Do what is supposed, as one action.

        Raises
        ------
        ActionError : nothing is supposed
        ReadOnlyError, JournalError : the action cannot be kept safe; nothing changed
        """
        supposed = self.current
        if supposed is None:
            raise ActionError("Nothing is supposed that could be done.")
        delta = self._session.do(supposed.action)
        if supposed.origin is not None:
            supposed.origin.done(delta)
        return delta

    # Inside

    def _suppose(
        self,
        action: Merge | Split,
        origin: Origin | None = None,
        names: Sequence[str] = (),
        marked: Mapping[str, IntArray] | None = None,
    ) -> Supposition:
        self._session.hold.check()
        of_cluster = self._session.facts.spikes
        if isinstance(action, Merge):
            spikes = frozen(np.sort(np.concatenate([of_cluster(c) for c in action.cluster_ids])))
            clusters = {self._id("+".join(map(str, action.cluster_ids)), action.cluster_ids): spikes}
        else:
            clusters = self._parts(action, of_cluster, names)
            for name, spikes in (marked or {}).items():
                mark = self._id(name, action.old_ids)
                self._note_shared(mark, spikes, clusters)
                clusters[mark] = frozen(np.sort(spikes))
        supposed = Supposition(action, clusters, origin)
        self._set(supposed)
        return supposed

    def _note_shared(self, mark: SupposedId, spikes: IntArray, clusters: Mapping[SupposedId, IntArray]) -> None:
        """Tell the correlograms which spikes are marked of each supposed cluster."""
        samples = self._session.model.spike_samples
        for other, of_other in clusters.items():
            self._session.data.correlograms.note_shared(mark, other, samples[np.intersect1d(spikes, of_other)])

    def _parts(
        self, action: Split, of_cluster: Callable[[int], IntArray], given: Sequence[str]
    ) -> dict[SupposedId, IntArray]:
        """The chosen parts of all clusters that are split, then what is left of each."""
        whole = "+".join(map(str, action.old_ids))
        labels = np.zeros(len(action.spike_ids), dtype=np.int32) if action.parts is None else action.parts
        names = iter(given) if given else (f"{whole}{_letters(i)}" for i in count())
        clusters = {
            self._id(next(names), of): frozen(action.spike_ids[labels == part])
            for part, of in enumerate(_made_of(action))
        }
        for old, _new in action.rest:
            name = next(names) if given or len(action.old_ids) == 1 else f"rest of {old}"
            left = np.setdiff1d(of_cluster(old), action.spike_ids, assume_unique=True)
            clusters[self._id(name, (old,))] = frozen(left)
        return clusters

    def _id(self, name: str, parts: Sequence[int]) -> SupposedId:
        return SupposedId(next(self._numbers), name, parts)

    def _set(self, supposed: Supposition | None) -> None:
        session = self._session
        session.facts.suppose({} if supposed is None else supposed.clusters)
        self.current = supposed
        if supposed is not None and isinstance(supposed.action, Merge):
            session.data.correlograms.note_merge(supposed.ids[0], supposed.action.cluster_ids)
        self.changed.emit()

    def _end(self, _news: Selection | Delta) -> None:
        self._session.facts.suppose({})
        self.current = None


def _made_of(split: Split) -> list[tuple[int, ...]]:
    """The clusters that each part of a split is shown in place of: its own where it goes on as it was, else all."""
    if split.cells and not split.rest:
        return [(old,) for old in split.old_ids]
    return [split.old_ids] * len(split.part_ids)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _letters(place: int) -> str:
    """a, b, ... z, aa, ab, ..."""
    rest, letter = divmod(place, len(ascii_lowercase))
    return (_letters(rest - 1) if rest else "") + ascii_lowercase[letter]
