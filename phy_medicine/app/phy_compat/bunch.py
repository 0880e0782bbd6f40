"""`Bunch`, and the small conversions of `phylib.utils._types` that plugins call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.types import AnyArray


class Bunch(dict[Any, Any]):
    """A dictionary whose items are attributes as well."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.__dict__ = self

    def __getattr__(self, name: str) -> Any:
        # Only reached for what is not there; declared so that any name may be asked for.
        raise AttributeError(name)

    if TYPE_CHECKING:

        def __setattr__(self, name: str, value: Any) -> None: ...

    def copy(self) -> Bunch:
        """Return a copy that is a Bunch as well."""
        return Bunch(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)


def _bunchify(values: dict[Any, Any]) -> Bunch:
    """A Bunch of a dictionary and of the dictionaries directly in it."""
    return Bunch({k: Bunch(v) if isinstance(v, dict) else v for k, v in values.items()})


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int | np.generic)


def _is_float(value: Any) -> bool:
    return isinstance(value, float | np.float32 | np.float64)


def _is_array_like(value: Any) -> bool:
    return isinstance(value, list | np.ndarray)


def _as_scalar(value: Any) -> Any:
    """A native number."""
    if isinstance(value, np.generic):
        return value.item()
    if not isinstance(value, int | float):
        raise AssertionError(f"{value!r} is not a number.")
    return value


def _as_scalars(values: Any) -> list[Any]:
    return [_as_scalar(v) for v in values]


def _as_list(value: Any) -> Any:
    """A list of one item or a tuple; arrays and other sequences as they are, None stays None."""
    if value is None:
        return None
    if isinstance(value, str) or not hasattr(value, "__len__"):
        return [value]
    return list(value) if isinstance(value, tuple) else value


def _as_tuple(value: Any) -> Any:
    return value if value is None or isinstance(value, tuple) else (value,)


def _as_array(values: Any, dtype: Any = None) -> AnyArray | None:
    """An array of numbers, without a copy where possible.

    Raises
    ------
    ValueError : these are no numbers
    """
    if values is None:
        return None
    if isinstance(values, np.ndarray) and dtype is None:
        return values
    array: AnyArray = np.asarray([values] if isinstance(values, int | float) else values, dtype=dtype)
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise ValueError(f"'arr' seems to have an invalid dtype: {array.dtype}")
    return array
