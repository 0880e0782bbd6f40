"""Dictionaries of the controller whose items stand in the registries of the session as well."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from phy_medicine.session.extensions import Metric, Registry

Function = Callable[..., Any]


class MirrorDict(dict[str, Function]):
    """Name -> function; what is put in is added to a registry, what is taken out is removed from it.

    The defaults are in no registry: the program has them itself. An item whose plugin is switched off goes.

    make : name and function -> item of the registry
    """

    def __init__(
        self,
        registry: Registry[Any],
        make: Callable[[str, Function], Any],
        defaults: Mapping[str, Function] | None = None,
    ) -> None:
        super().__init__(defaults or {})
        self._registry, self._make = registry, make
        self._defaults = dict(defaults or {})
        self._mirrored: set[str] = set()
        registry.changed.connect(self._follow)

    def __setitem__(self, name: str, function: Function) -> None:
        self._take_out(name)
        super().__setitem__(name, function)
        item = self._make(name, function)
        if item is not None:
            self._mirrored.add(name)
            self._registry.add(item)

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self._take_out(name)

    def _take_out(self, name: str) -> None:
        if name in self._mirrored:
            self._mirrored.discard(name)
            self._registry.remove(name)

    def _follow(self, name: str) -> None:
        """Something else took the item out of the registry."""
        if name in self._mirrored and name not in self._registry:
            self._mirrored.discard(name)
            super().pop(name, None)
            if name in self._defaults:
                super().__setitem__(name, self._defaults[name])

    def close(self) -> None:
        """Follow the registry no longer."""
        self._registry.changed.disconnect(self._follow, missing_ok=True)

    # The other ways to change a dictionary

    def update(self, *others: Any, **items: Function) -> None:
        """Put several items in."""
        for name, function in dict(*others, **items).items():
            self[name] = function

    def __ior__(self, other: Any) -> MirrorDict:  # type: ignore[override,misc]
        self.update(other)
        return self

    def setdefault(self, name: str, function: Function = lambda *args: None) -> Function:
        """Put an item in unless there is one of the name, and return the one that is there."""
        if name not in self:
            self[name] = function
        return self[name]

    def pop(self, name: str, *default: Any) -> Any:
        """Take an item out and return it."""
        found = super().pop(name, *default)
        self._take_out(name)
        return found

    def popitem(self) -> tuple[str, Function]:
        """Take the last item out and return it."""
        name, function = super().popitem()
        self._take_out(name)
        return name, function

    def clear(self) -> None:
        """Take all items out."""
        for name in list(self):
            del self[name]


def metric_of(name: str, function: Function) -> Metric:
    """Return the column of the cluster table that a function of phy gives."""

    def value(cluster_id: int) -> Any:
        return plain(function(cluster_id))

    words = (function.__doc__ or "").strip().split("\n")[0]
    return Metric(name, value, help=words, of_labels=reads_labels(function))


def plain(value: Any) -> Any:
    """Return numbers, texts and lists of what a plugin gave, without types of numpy."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return [plain(v) for v in value] if isinstance(value, list | tuple) else value


def reads_labels(function: Function) -> bool:
    """Say whether a function names anything that depends on groups or labels."""
    code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
    return code is not None and _names_labels([code])


def _names_labels(codes: Iterable[Any]) -> bool:
    words = {"metadata", "cluster_meta", "get_labels", "cluster_labels", "cluster_info", "get_cluster_info"}
    for code in codes:
        inner = [c for c in code.co_consts if hasattr(c, "co_names")]
        if words & set(code.co_names) or _names_labels(inner):
            return True
    return False
