"""How much less pure two clusters would be as one."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import IntArray
from phy_medicine.compute.metrics.contamination import contamination_by_one, refractory_pairs
from phy_medicine.compute.spike_pairs import pairs_before


def contamination_gain(
    first: IntArray,
    second: IntArray,
    censored: int,
    refractory: int,
    n_samples: int,
    *,
    own: tuple[int, int] | None = None,
) -> float:
    """Return by how much the union of two trains is more contaminated than the worse of them, -1 to 1.

    Parameters
    ----------
    first, second : (n,), (m,) int, ascending, samples
    censored, refractory : samples; pairs count from the first up to the second, not with it
    n_samples : of the recording
    own : `refractory_pairs` of each, where they are known
    """
    n_first, n_second = own or tuple(refractory_pairs(t, censored, refractory) for t in (first, second))
    n_union = n_first + n_second + pairs_between(first, second, censored, refractory)
    sizes, pairs = (len(first) + len(second), len(first), len(second)), (n_union, n_first, n_second)
    # The unit of time is a sample.
    window = max(refractory - censored, 0)
    union, *each = (contamination_by_one(n, k, window, n_samples) for n, k in zip(sizes, pairs, strict=True))
    return union - max(each)


def pairs_between(first: IntArray, second: IntArray, censored: int, refractory: int) -> int:
    """Count the pairs of a spike of either train that are `censored` samples apart or more, and less than another."""
    if refractory <= censored:
        return 0
    outer, inner = [1 - refractory, refractory], [1 - censored, censored] if censored > 0 else [0, 0]
    below = pairs_before(first, second, np.array([*outer, *inner])).tolist()
    return int(below[1] - below[0] - (below[3] - below[2]))
