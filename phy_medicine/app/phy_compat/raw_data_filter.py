"""`RawDataFilter`: the filters of the signal, one of which is in use."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.events import bus
from phy_medicine.app.phy_compat.rotating import RotatingProperty
from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.filtering import highpass
from phy_medicine.session.extensions import Extensions, TraceFilter


class RawDataFilter(RotatingProperty):
    """Filters of the signal; one that a plugin adds is offered by the trace views too.

    Emits `raw_data_filter_changed` (name) when another one is in use.
    """

    def __init__(self, extensions: Extensions | None = None) -> None:
        super().__init__()
        self._extensions = extensions
        super().add("raw", _raw)

    def add_default_filter(self, sample_rate: float) -> None:
        """Add the high-pass of 150 Hz, and use it."""

        def high_pass(arr: AnyArray, axis: int = 0) -> FloatArray:
            data = np.moveaxis(np.asarray(arr, dtype=np.float64), axis, 0)
            shape = data.shape
            filtered = highpass(data.reshape(1, shape[0], -1), sample_rate)
            return np.moveaxis(np.asarray(filtered).reshape(shape), 0, axis)

        self._high_pass = high_pass
        super().add("high_pass", high_pass)
        self.set("high_pass")

    @property
    def is_default(self) -> bool:
        """Whether the filter in use is the program's own high-pass."""
        return self.get() is getattr(self, "_high_pass", None)

    def add_filter(self, fun: Callable[..., Any] | None = None, name: str | None = None) -> Any:
        """Add a filter `f(arr, axis=0)`, by default under the name of the function; a decorator as well."""
        if fun is None:
            return partial(self.add_filter, name=name)
        self.add(name or fun.__name__, fun)
        return fun

    def add(self, name: str, value: Any = None) -> None:
        """Add a filter `f(arr, axis=0)`; one of the same name is replaced."""
        super().add(name, value)
        if self._extensions is not None:
            words = (value.__doc__ or "").strip().split("\n")[0]
            self._extensions.filters.add(TraceFilter(name, partial(_filtered, value), words))

    def set(self, name: str | None) -> Any:
        """Use a filter, if there is one of the name."""
        before, found = self._current, super().set(name)
        if self._current != before:
            bus.emit("raw_data_filter_changed", self, self._current)
        return found

    def _neighbor(self, dir: int = 1) -> str | None:
        before, found = self._current, super()._neighbor(dir)
        if found != before:
            bus.emit("raw_data_filter_changed", self, found)
        return found

    def apply(self, arr: AnyArray, axis: int | None = None, name: str | None = None) -> AnyArray:
        """Return the signal filtered along an axis, by default with the filter in use.

        Raises
        ------
        ValueError : the filter gave another shape
        """
        fun = self.set(name or self.current or "raw")
        if not fun:
            return arr
        filtered: AnyArray = fun(arr) if axis is None else fun(arr, axis=axis)
        if filtered.shape != arr.shape:
            raise ValueError(f"The filter {self.current} made {filtered.shape} of {arr.shape}.")
        return filtered


def _raw(arr: AnyArray, axis: int | None = None) -> AnyArray:
    return arr


def _filtered(fun: Callable[..., Any], data: FloatArray, sample_rate: float) -> AnyArray:
    found: AnyArray = fun(data, axis=0)
    return found
