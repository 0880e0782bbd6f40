"""The quality metrics of all clusters: computed in the background, kept by id and on the disk, never in the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from psygnal import Signal

from phy_medicine.base.types import LabelValue
from phy_medicine.session.columns import Column
from phy_medicine.session.extensions import Registry
from phy_medicine.session.heirs import Heirs
from phy_medicine.session.quality_columns import DRIFT, QUALITY, QUALITY_COLUMNS, SHAPE
from phy_medicine.session.quality_kept import KeptMetrics
from phy_medicine.session.quality_queue import Family, FamilyValues
from phy_medicine.session.quality_values import ClusterQuality, Values

if TYPE_CHECKING:
    from phy_medicine.curation.actions import Delta
    from phy_medicine.session.session import Session

_AT_ONCE = 10
_FAMILY_OF = {column.name: family for family, columns in QUALITY.items() for column in columns}
_PLACE_OF = {column.name: i for columns in QUALITY.values() for i, column in enumerate(columns)}


class QualityMetrics:
    """Cells of the columns of `QUALITY`, of every cluster.

    An id never changes its spikes and nothing depends on other clusters, so a value is computed once: of merged and
    split clusters alone. Those of the spikes and the signal are kept on the disk by which spikes a cluster has; drift
    depends on the motion and the localization in use and is worked out again when these change.
    """

    arrived = Signal(object)
    """Names of columns whose values came or went, frozenset; in any thread, a few times a second at most."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._facts = session.facts
        self._quality = ClusterQuality(session.data, session.facts, session.clusters.channels)
        self._kept = KeptMetrics(session, self._values_of)
        self._heirs = Heirs()
        self._of_all = False
        self._keeps = True
        registry: Registry[Family] = Registry(lambda: "", lambda family: family.name)
        for name in QUALITY:
            registry.add(Family(name, self._function(name)))
        self._values = FamilyValues(
            "quality", registry, session.extensions, plain=lambda values: values, facts=session.facts,
            pool=lambda: session.pool,
        )  # fmt: skip
        self._values.arrived.connect(self._tell)

    # As columns

    @property
    def columns(self) -> tuple[Column, ...]:
        """All of them."""
        return tuple(QUALITY_COLUMNS.values())

    def __contains__(self, column: str) -> bool:
        return column in QUALITY_COLUMNS

    @property
    def busy(self) -> bool:
        """Whether something that was asked for is not known yet."""
        return self._values.busy

    @property
    def progress(self) -> float:
        """Part of everything that is known of the clusters there are."""
        ids = self._facts.cluster_ids()
        missing = sum(len(self._values.missing(family, ids)) for family in QUALITY)
        return 1 - missing / (len(ids) * len(QUALITY)) if ids else 1.0

    def known(self, cluster_id: int, column: str) -> bool:
        """Tell whether a cell needs no computing."""
        return self._values.known(cluster_id, _FAMILY_OF[column])

    def peek(self, cluster_id: int, column: str) -> float | None:
        """Return a cell, None where it is empty or not known, without asking for it."""
        values = self._values.peek(cluster_id, _FAMILY_OF[column])
        return None if values is None else values[_PLACE_OF[column]]

    def get(self, cluster_id: int, column: str) -> float | None:
        """Return a cell; None where it is not known, which asks for it."""
        if not self.known(cluster_id, column):
            self.ask(column, (cluster_id,))
        return self.peek(cluster_id, column)

    def ask(self, column: str, cluster_ids: Iterable[int], *, first: bool = True) -> int:
        """Have cells computed in the background, and return how many are not known; first : before what waits."""
        return self._values.ask(_FAMILY_OF[column], cluster_ids, first=first)

    def guess(self, cluster_id: int, column: str) -> LabelValue | None:
        """Return a value to sort by until it is known: that of a cluster that this one came from."""
        return self._heirs.guess(cluster_id, lambda parent: self.peek(parent, column))

    # For all

    def ask_all(self) -> None:
        """Have everything computed, the quickest first, after what is in sight; once asked, new clusters follow."""
        if self._of_all:
            return
        self._of_all = True
        by_depth = sorted(self._facts.cluster_ids(), key=self._depth)
        for family in QUALITY:
            self._values.ask(family, by_depth, first=False)

    def ask_for(self, cluster_ids: Sequence[int]) -> None:
        """Have everything of some clusters computed before what waits, and give way to what else they need now."""
        self._values.give_way()
        self.ask_ahead(cluster_ids)

    def ask_ahead(self, cluster_ids: Sequence[int]) -> None:
        """Have everything of some clusters computed before what waits; they may be selected next."""
        for family in QUALITY if self._values.busy else ():
            self._values.ask(family, cluster_ids)

    def hold(self) -> None:
        """Compute nothing in the background until `release`; what is asked for waits."""
        self._values.hold()

    def release(self) -> None:
        """Go on in the background."""
        self._values.release()

    def compute(self, cluster_ids: Sequence[int] | None = None, names: Iterable[str] | None = None,
                done: Callable[[int, int], None] = lambda done, total: None) -> None:  # fmt: skip
        """Compute what is missing here, in this thread; by default everything.

        done : called with the clusters of a family that are done, and all
        """
        ids = sorted(self._facts.cluster_ids() if cluster_ids is None else cluster_ids, key=self._depth)
        families = [f for f in QUALITY if names is None or {c.name for c in QUALITY[f]} & set(names)]
        if DRIFT in families:  # in the background it is taken as it is known by then, and nothing is read for it
            for used in (self.session.motion, self.session.localization):
                used.restore()
        self._keeps = False
        try:
            for i, family in enumerate(families):
                for j in range(0, len(ids), _AT_ONCE):
                    self._values.compute(family, ids[j : j + _AT_ONCE])
                    done(i * len(ids) + min(j + _AT_ONCE, len(ids)), len(families) * len(ids))
        finally:
            self._keeps = True
        self._kept.write()

    def wait(self, timeout_s: float | None = None) -> int:
        """Wait until everything is known of all clusters; return how many rows of values are not in time."""
        return self._values.wait(self._facts.cluster_ids(), timeout_s)

    def complete(self) -> bool:
        """Tell whether everything is known of all clusters."""
        ids = self._facts.cluster_ids()
        return not any(self._values.missing(family, ids) for family in QUALITY)

    # Following the session

    def note(self, delta: Delta) -> None:
        """Take notice of an action; called while it is done."""
        self._values.note(delta)
        self._heirs.note(delta)
        for family in QUALITY if self._of_all else ():
            self._values.ask(family, delta.added)

    def forget_signal(self) -> None:
        """Measure waveforms again: the signal is filtered otherwise from now on."""
        self._quality.forget_signal()
        self._again(SHAPE)

    def forget_positions(self) -> None:
        """Work the drift out again: another motion or localization is in use."""
        self._again(DRIFT)

    def close(self) -> None:
        """Compute nothing any more, wait for the cluster that is being measured, and keep what there is."""
        self._values.close()
        self._kept.write()

    # Inside

    def _again(self, family: str) -> None:
        known = [c for c in self._facts.cluster_ids() if self._values.known(c, family)]
        self._values.forget(family)
        self.arrived.emit(frozenset(column.name for column in QUALITY[family]))
        self._values.ask(family, known, first=False)

    def _depth(self, cluster_id: int) -> tuple[float, float]:
        """Where a cluster is: neighbours one after another read the same spikes."""
        channel = int(self.session.clusters.channels.of(cluster_id)[0])
        x, y = self.session.model.channel_positions[channel]
        return float(y), float(x)

    def _tell(self, families: frozenset[str]) -> None:
        if self._keeps and not self._values.busy:
            self._kept.write()
        self.arrived.emit(frozenset(column.name for family in families for column in QUALITY[family]))

    def _values_of(self, family: str, cluster_id: int) -> Values:
        return self._quality.values(family, cluster_id)

    def _function(self, family: str) -> Callable[[int], Values]:
        if family == DRIFT:  # of what is in use now
            return lambda cluster_id: self._values_of(family, cluster_id)
        return lambda cluster_id: self._kept.values(family, cluster_id, lambda: self._values.spoiled)
