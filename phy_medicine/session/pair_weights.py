"""How much each source counts in the combined similarity, those of plugins among them."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, isnan, nan
from typing import TYPE_CHECKING

from psygnal import Signal

from phy_medicine.base.errors import ActionError
from phy_medicine.compute.pairs.combine import WEIGHTS, combined
from phy_medicine.compute.pairs.evidence import PairEvidence
from phy_medicine.session.pair_columns import COMBINED
from phy_medicine.session.plugin_similarity import plain_row

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

SECTION = "similarity_weights"
"""What the weights are configured under."""


class PairWeights:
    """The weights of the program, of plugins, and what a person chose, each before the one before it."""

    changed = Signal()
    """Other weights count, or a source came or went; in any thread."""

    def __init__(self, session: Session) -> None:
        self._plugins = session.similarity_values
        self._extensions = session.extensions
        self._chosen: dict[str, float] = dict(session.configuration.section(SECTION))
        self._plugins.arrived.connect(self._arrived)

    @property
    def current(self) -> dict[str, float]:
        """Source -> weight, 0 for one that does not count."""
        items = (self._plugins.item(name) for name in self._plugins.names)
        return {**WEIGHTS, **{i.name: i.weight for i in items if i is not None and i.weight}, **self._chosen}

    def choose(self, weights: Mapping[str, float] | None) -> None:
        """Let sources count so much from now on, the others as usual; None: all as usual.

        weights : source -> weight, 0 or more: "template", "drift", "waveform", "features", "correlogram", "amplitude",
            "distance", or the name of a similarity of a plugin, also of one that comes later

        Raises
        ------
        ActionError : a weight is not a number of 0 or more; nothing changes
        """
        chosen = dict(weights or {})
        for name, weight in chosen.items():
            if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < inf:
                raise ActionError(f"The weight of {name} must be a number of 0 or more, not {weight!r}.")
        self._chosen = {name: float(weight) for name, weight in chosen.items()}
        self._extensions.similarities.renew(COMBINED)
        self.changed.emit()

    def known(self, reference: int) -> bool:
        """Tell whether the sources of plugins are known for a reference; those that are not are asked for."""
        return not sum([self._plugins.ask(name, (reference,)) for name in self._sources])

    def combined(self, evidence: PairEvidence, reference: int, other: int) -> float | None:
        """Return the combined number of a pair; None where nothing that counts is known, or a plugin is not ready."""
        if not self.known(reference):
            return None
        rows = {name: self._plugins.peek(reference, name) for name in self._sources}
        return self._combined(evidence, rows, other)

    def all_combined(self, evidence: Mapping[int, PairEvidence], reference: int) -> dict[int, float]:
        """Return the combined numbers of a reference with others; what plugins lack is computed in this thread."""
        rows = {name: self._row(name, reference) for name in self._sources}
        found = {other: self._combined(e, rows, other) for other, e in evidence.items()}
        return {other: value for other, value in found.items() if value is not None}

    def _combined(
        self, evidence: PairEvidence, rows: Mapping[str, Mapping[int, float] | None], other: int
    ) -> float | None:
        # What a plugin does not name is not similar; of one that failed nothing is known.
        more = {name: nan if row is None else row.get(other, 0.0) for name, row in rows.items()}
        value = combined(evidence, self.current, more)
        return None if isnan(value) else value

    @property
    def _sources(self) -> tuple[str, ...]:
        """The similarities of plugins that count."""
        weights = self.current
        return tuple(name for name in self._plugins.names if name != COMBINED and weights.get(name, 0.0) > 0)

    def _row(self, name: str, reference: int) -> Mapping[int, float] | None:
        item = self._plugins.item(name)
        if item is None or self._plugins.known(reference, name):
            return self._plugins.peek(reference, name)
        owner = self._extensions.similarities.owner_of(name)
        return self._extensions.call(
            owner, f"similarity {name}", lambda: plain_row(item.function(reference)), default=None
        )

    def _arrived(self, names: frozenset[str]) -> None:
        if names & {*self._sources}:
            self.changed.emit()
