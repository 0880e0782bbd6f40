"""Every way to filter the signal in one session: the program's own, and those of plugins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from psygnal import Signal

from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.signal_filters import HIGH_PASS, NONE, SIGNAL_FILTERS
from phy_medicine.session.extensions import Extensions, Problem, TraceFilter

_PHY = {"raw": NONE, "high_pass": HIGH_PASS}
_SHORT = 24


class AnyFilter(Protocol):
    """What is done to the signal; as `compute.signal_filters.SignalFilter`.

    all_channels : it looks at all channels of the recording, whichever are shown
    """

    @property
    def name(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def short(self) -> str: ...
    @property
    def common(self) -> bool: ...
    @property
    def all_channels(self) -> bool: ...

    def margin(self, sample_rate: float) -> int:
        """Return the samples on either side that it needs."""

    def apply(self, data: AnyArray, sample_rate: float) -> FloatArray:
        """Filter (n_samples, n_channels) or (n, n_samples, n_channels), without offset; float32."""


class PluginFilter:
    """The filter of a plugin; one that fails leaves the signal as it is, and is told of once."""

    common = False
    all_channels = True

    def __init__(self, item: TraceFilter, owner: str, extensions: Extensions) -> None:
        self.name = own_name(item.name)
        self.words = item.words or item.name
        self.short = self.words if len(self.words) <= _SHORT else item.name
        self._item, self._owner, self._extensions = item, owner, extensions
        self._told = False

    def margin(self, sample_rate: float) -> int:
        """Return the samples on either side that it needs."""
        return max(0, int(self._item.margin_s * sample_rate))

    def apply(self, data: AnyArray, sample_rate: float) -> FloatArray:
        """Filter (n_samples, n_channels), or several of these; float32."""
        raw: FloatArray = np.asarray(data, dtype=np.float32)
        if raw.ndim == 3:
            return np.stack([self._apply(part, sample_rate) for part in raw]) if len(raw) else raw
        return self._apply(raw, sample_rate)

    def _apply(self, raw: FloatArray, sample_rate: float) -> FloatArray:
        try:
            # A copy: what a plugin does to its argument must not reach what others read.
            filtered = np.asarray(self._item.function(raw.copy(), sample_rate))
            if filtered.shape != raw.shape:
                raise ValueError(f"it gave the shape {filtered.shape} instead of {raw.shape}")
            return np.ascontiguousarray(filtered, dtype=np.float32)
        except Exception as error:
            self._report(error)
            return raw

    def _report(self, error: Exception) -> None:
        if not self._told:
            self._told = True
            self._extensions.report(Problem(self._owner, f"filter {self._item.name}", error))


class SignalFilters:
    """Filters by name, in the order of the menu; a name that is not there stands for the raw signal.

    A filter of a plugin with the name of one of the program's own, or with phy's name for it ("high_pass"), takes its
    place; the raw signal stays as it is.
    """

    changed = Signal(str)
    """Name of the filter that came, went or was replaced."""

    def __init__(self, extensions: Extensions | None = None) -> None:
        self._extensions = extensions
        self._plugins: dict[str, PluginFilter] = {}
        if extensions is not None:
            extensions.filters.changed.connect(self._read)
            for item in extensions.filters:
                self._read(item.name)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all filters."""
        return tuple(dict.fromkeys((*SIGNAL_FILTERS, *self._plugins)))

    def __iter__(self) -> Iterator[AnyFilter]:
        return iter([self[name] for name in self.names])

    def __getitem__(self, name: str) -> AnyFilter:
        name = own_name(name)
        return self._plugins.get(name) or SIGNAL_FILTERS.get(name) or SIGNAL_FILTERS[NONE]

    def plugin(self, name: str) -> PluginFilter | None:
        """Return the filter of a plugin that has a name, None if there is none."""
        return self._plugins.get(own_name(name))

    def _read(self, name: str) -> None:
        assert self._extensions is not None
        registry, own = self._extensions.filters, own_name(name)
        found = [item for item in registry if own_name(item.name) == own and own != NONE]
        plugins = {key: item for key, item in self._plugins.items() if key != own}
        if found:
            plugins[own] = PluginFilter(found[-1], registry.owner_of(found[-1].name), self._extensions)
        self._plugins = plugins
        self.changed.emit(own)


def own_name(name: str) -> str:
    """Return the program's name of a filter for phy's."""
    return _PHY.get(name, name)
