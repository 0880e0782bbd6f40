"""phy-medicine: manual curation of spike sorting, aware of probe motion.

`open` gives a session on a dataset without any window; `show` opens the window on it. Both are looked up when first
used, so that importing the package costs neither Qt nor numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from phy_medicine.app.build import open_session as open
    from phy_medicine.app.build import show

__version__ = "0.1.0"
__all__ = ["__version__", "open", "show"]

_ELSEWHERE = {"open": "open_session", "show": "show"}


def __getattr__(name: str) -> Any:
    if name not in _ELSEWHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module("phy_medicine.app.build"), _ELSEWHERE[name])
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
