"""When to use the compiled kernels: they take half a second to load, and a window should not wait for that.

`warm_up` is meant for a background thread, once the first window is up. Until it has returned, public functions of
this layer do small inputs with numpy, and only large ones wait for the kernels. Counts are the same either way, the
filter agrees to the last bits of float32.
"""

from __future__ import annotations

import importlib
import threading

# Loading from numba's disk cache takes 0.5 s, of which numba and its imports 0.4 s; compiling all anew 2 s.
KERNEL_MODULES = ("_kernels_pairs", "_kernels_bins", "_kernels_filter")

_loaded = threading.Event()


def warm_up() -> None:
    """Import numba and load (or compile, the first time after an installation) every kernel; safe in any thread."""
    for name in KERNEL_MODULES:
        importlib.import_module(f"phy_medicine.compute.{name}")
    _loaded.set()


def ready() -> bool:
    """Whether every kernel is loaded."""
    return _loaded.is_set()


def use_compiled(size: int, numpy_limit: int) -> bool:
    """Whether to use the kernel for an input of this size.

    Parameters
    ----------
    numpy_limit : largest size that numpy does in less time than the loading of the kernels would take
    """
    return _loaded.is_set() or size > numpy_limit
