"""When a round of the joint phase is taken back: the picture collapsed, or spikes went where noise cannot explain."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from phy_medicine.base.types import AnyArray
from phy_medicine.compute.localize.network_settings import NetworkSettings


def moved(now_um: AnyArray, before_um: AnyArray, monopolar_um: AnyArray) -> dict[str, float]:
    """Return how far positions moved in x and in depth, as parts of how far two methods disagree anyway.

    Parameters
    ----------
    now_um, before_um : (n, 2 or more), positions of a network now and after pretraining
    monopolar_um : (n, 2 or more), what it was pretrained on; spikes that have none do not count

    Returns
    -------
    moved_x, moved_depth : median distance of now from before over that of before from monopolar, 0 without spikes
    """
    known = np.isfinite(monopolar_um).all(axis=1)
    if not known.any():
        return {"moved_x": 0.0, "moved_depth": 0.0}
    now, before, fit = (np.asarray(um[known, :2], np.float64) for um in (now_um, before_um, monopolar_um))
    far, noise = (np.median(np.abs(a - before), axis=0) for a in (now, fit))
    x, depth = (float(value) for value in far / np.maximum(noise, 1e-3))
    return {"moved_x": x, "moved_depth": depth}


def fault(first: Mapping[str, float], now: Mapping[str, float], settings: NetworkSettings) -> str | None:
    """Return what is wrong with the positions after a round, or None.

    Parameters
    ----------
    first, now : entropy before the first round, and entropy and what `moved` returns after this one
    """
    least = (1 - settings.most_entropy_loss) * first["entropy"]
    if now["entropy"] < least:
        return f"the positions collapsed, their entropy fell to {now['entropy']:.2f}, below {least:.2f}"
    for name, axis in (("moved_x", "x"), ("moved_depth", "depth")):
        if 0 < settings.most_moved < now.get(name, 0.0):
            return (
                f"spikes moved in {axis} {now[name]:.1f} times as far as network and monopolar fit disagree, more "
                f"than {settings.most_moved:g} times"
            )
    return None
