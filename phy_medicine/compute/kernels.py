"""When to use the compiled kernels: the first time after an installation they take seconds to compile.

After that their machine code loads in some hundredths of a second. Until it is there, public functions of this layer do
small inputs with numpy, and only large ones wait for the kernels. Counts are the same either way, the filter agrees to
the last bits of float32.
"""

from __future__ import annotations

from phy_medicine.compute import _kernels_bins, _kernels_drift, _kernels_filter, _kernels_pairs
from phy_medicine.compute.metrics import _kernels_neighbours
from phy_medicine.io import _kernels_rows

MODULES = (_kernels_pairs, _kernels_bins, _kernels_filter, _kernels_drift, _kernels_neighbours, _kernels_rows)


def warm_up() -> None:
    """Load every kernel, or compile it the first time; safe in any thread."""
    for module in MODULES:
        module.kernels.load()


def ready() -> bool:
    """Whether every kernel is loaded."""
    return all(module.kernels.ready for module in MODULES)


def use_compiled(size: int, numpy_limit: int) -> bool:
    """Whether to use the kernel for an input of this size.

    Parameters
    ----------
    numpy_limit : largest size that numpy does in less time than the compilation of the kernels would take
    """
    return size > numpy_limit or ready()
