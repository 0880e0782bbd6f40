"""What the pointer is told of the position of a spike."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from phy_medicine.session.localization import ALPHA
from phy_medicine.views.cluster_scatter import number
from phy_medicine.views.nearest import words_of_spike


def position_words(cluster_id: int, time_s: float, values: Mapping[str, float], away_um: float | None) -> str:
    """Return cluster, time, what is known of the position, and how far away another run puts the spike.

    values : quantity -> µm, or log10 of alpha; those that are not known are left out
    """
    known = {name: value for name, value in values.items() if np.isfinite(value)}
    parts = [f"{name} {number(value)} µm" for name, value in known.items() if name != ALPHA]
    if ALPHA in known:
        parts.append(f"log10 α {number(known[ALPHA])}")
    if away_um is not None and np.isfinite(away_um):
        parts.append(f"moved by {number(away_um)} µm")
    return words_of_spike(cluster_id, time_s, " · ".join(parts))
