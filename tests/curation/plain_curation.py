"""The rules of curation written down in the slow, obvious way, to compare the real ones with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy

Table = dict[str, dict[int, int | float | str]]


class PlainCuration:
    """The rules of curation written down without any index."""

    def __init__(
        self, labels: Sequence[int], fields: Mapping[str, Mapping[int, int | float | str]], measured: set[str]
    ):
        self.labels = list(labels)
        live = set(labels)
        self.table: Table = {"group": {}}
        self.table |= {f: {c: v for c, v in values.items() if c in live} for f, values in fields.items()}
        self.measured = measured
        self.next_id = max(labels) + 1
        self.states: list[tuple[list[int], Table]] = [(list(self.labels), deepcopy(self.table))]
        self.position = 0

    def merge(self, cluster_ids: Sequence[int]) -> None:
        chosen = [i for i, c in enumerate(self.labels) if c in cluster_ids]
        self._assign(dict.fromkeys(chosen, self.next_id))

    def split(self, spike_ids: Sequence[int], relative: Sequence[int]) -> None:
        low = min(relative)
        new = {s: self.next_id + r - low for s, r in zip(spike_ids, relative, strict=True)}
        touched = sorted({self.labels[s] for s in spike_ids})
        free = max(new.values()) + 1
        for old in touched:
            rest = [i for i, c in enumerate(self.labels) if c == old and i not in new]
            if rest:
                new |= dict.fromkeys(rest, free)
                free += 1
        self._assign(new)

    def split_to(self, spike_ids: Sequence[int], group: str) -> None:
        self.split(spike_ids, [0] * len(spike_ids))
        self.table["group"][self.labels[spike_ids[0]]] = group
        self._replace()

    def reassign(self, moves: Mapping[int, int]) -> None:
        moves = {s: c for s, c in moves.items() if self.labels[s] != c}
        touched = sorted({self.labels[s] for s in moves} | set(moves.values()))
        number = {c: self.next_id + i for i, c in enumerate(touched)}
        cells = {f: {c: v for c, v in column.items() if c in touched} for f, column in self.table.items()}
        after = [moves.get(i, c) for i, c in enumerate(self.labels)]
        self._assign({i: number[c] for i, c in enumerate(after) if c in touched})
        for field in set(self.table) - self.measured:
            for old, new in number.items():
                self.table[field].pop(new, None)
                if old in cells[field]:
                    self.table[field][new] = cells[field][old]
        self._replace()

    def set(self, field: str, cluster_ids: Sequence[int], value: int | float | str | None) -> None:
        column = self.table.setdefault(field, {})
        for cluster in cluster_ids:
            column.pop(cluster, None)
            if value is not None:
                column[cluster] = value
        self._push()

    def undo(self) -> None:
        self._go(self.position - 1)

    def redo(self) -> None:
        self._go(self.position + 1)

    def restore(self, position: int) -> None:
        self.labels, self.table = deepcopy(self.states[position])
        self._push()

    def _assign(self, new: Mapping[int, int]) -> None:
        old = {self.labels[i] for i in new}
        counts = {c: self.labels.count(c) for c in old}
        largest = max(sorted(old), key=lambda c: counts[c])
        for field, column in self.table.items():
            values = {c: column.pop(c) for c in sorted(old) if c in column}
            distinct = set(values.values())
            heir = None if not distinct else distinct.pop() if len(distinct) == 1 else values.get(largest)
            if heir is not None and field not in self.measured:
                column |= dict.fromkeys(set(new.values()), heir)
        for i, c in new.items():
            self.labels[i] = c
        self.next_id = max(self.next_id, max(new.values()) + 1)
        self._push()

    def _replace(self) -> None:
        self.states[self.position] = (list(self.labels), deepcopy(self.table))

    def _push(self) -> None:
        self.states[self.position + 1 :] = [(list(self.labels), deepcopy(self.table))]
        self.position += 1

    def _go(self, position: int) -> None:
        self.position = position
        self.labels, self.table = deepcopy(self.states[position])
