"""How near clusters are to each other, against how far their spikes spread, alone and with their templates."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray

# Of a round normal distribution in a plane, half is within so many standard deviations.
_HALF = float(np.sqrt(2 * np.log(2)))
_LEAST_UM = 1.0
_NOT_KNOWN = 0.5


def position_similarity(
    place_um: tuple[float, float], spread_um: float, places_um: FloatArray, spreads_um: FloatArray
) -> FloatArray:
    """Return 1 / (1 + d² / (s² + s'²)) for a cluster and others at distances d with standard deviations s and s'.

    Unlike an overlap of normal distributions it tells also far clusters apart, so that rows have an order.

    Parameters
    ----------
    place_um, spread_um : of the cluster; the spread is the median distance of its spikes from the place
    places_um : (n, 2) of the others; spreads_um : (n,)

    Returns
    -------
    (n,) float64, 0..1; 1 at the same place, 0.5 at one joint standard deviation from it
    """
    a = max(spread_um, _LEAST_UM) / _HALF
    b = np.maximum(np.asarray(spreads_um, dtype=np.float64), _LEAST_UM) / _HALF
    squares = np.square(np.asarray(places_um, dtype=np.float64) - np.asarray(place_um)).sum(axis=1)
    similarity: FloatArray = 1 / (1 + squares / (a**2 + b**2))
    return similarity


def combined_similarity(of_templates: FloatArray, of_positions: FloatArray) -> FloatArray:
    """Return the geometric mean of two similarities: large only where both are.

    Parameters
    ----------
    of_templates : (n,) -1..1, below 0 counts as 0
    of_positions : (n,) 0..1, NaN where a position is not known, which counts as one standard deviation away

    Returns
    -------
    (n,) float64, 0..1
    """
    templates = np.maximum(np.asarray(of_templates, dtype=np.float64), 0)
    positions = np.nan_to_num(np.asarray(of_positions, dtype=np.float64), nan=_NOT_KNOWN)
    combined: FloatArray = np.sqrt(templates * positions)
    return combined
