"""Display ranges that a few extreme values do not spoil."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import AnyArray


def robust_range(
    values: AnyArray, *, low: float = 0.01, high: float = 0.99, n_max: int = 100_000
) -> tuple[float, float]:
    """Return two quantiles of the finite values, from a regular subsample of at most `n_max` of them.

    Parameters
    ----------
    values : any shape, any number type
    low, high : fractions, 0 <= low < high <= 1; the nearest value of the sample is given, nothing is interpolated
    n_max : bound of the work; the stride does not depend on the values, so the range is repeatable

    Returns
    -------
    (low, high), always low < high: values all equal to `v` give `v -+ 0.5` (or a millionth of a large `v`), no finite
        value gives (0, 1)

    Raises
    ------
    ValueError : `low` and `high` are not growing fractions, or `n_max` is below 1
    """
    if not (0 <= low < high <= 1 and n_max >= 1):
        raise ValueError(f"Quantiles need 0 <= low < high <= 1 and n_max >= 1, not {low}, {high} and {n_max}.")
    flat = np.asarray(values).reshape(-1)
    sample = flat[:: max(1, -(-flat.size // n_max))]
    finite = sample[np.isfinite(sample)]
    if not finite.size:
        return 0.0, 1.0
    rows = [round(fraction * (finite.size - 1)) for fraction in (low, high)]
    finite.partition(rows)
    bottom, top = float(finite[rows[0]]), float(finite[rows[1]])
    if bottom < top:
        return bottom, top
    # Half a unit vanishes beside a very large number.
    half = max(0.5, 1e-6 * abs(bottom))
    return bottom - half, top + half
