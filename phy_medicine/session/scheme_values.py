"""Colours of all clusters by what plugins compute of each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.types import FloatArray, LabelValue
from phy_medicine.curation.colors import GREY, mapped_colors
from phy_medicine.session.cluster_values import ClusterValues
from phy_medicine.session.colormaps import colormap
from phy_medicine.session.extensions import ClusterColors, Extensions, Problem

if TYPE_CHECKING:
    from phy_medicine.compute.pool import Pool
    from phy_medicine.curation.actions import Delta
    from phy_medicine.session.facts import SessionFacts

# A view in the making waits so long for colours, so that it need not be made twice.
_PATIENCE_S = 0.1


class SchemeValues(ClusterValues[ClusterColors, LabelValue]):
    """What decides the colour of each cluster, by scheme and cluster id; worked out again when labels change."""

    def __init__(self, extensions: Extensions, facts: SessionFacts, pool: Callable[[], Pool]) -> None:
        registry = extensions.color_schemes
        super().__init__("colours", registry, extensions, plain=plain_value, facts=facts, pool=pool)

    def colors(self, scheme: ClusterColors, cluster_ids: Sequence[int], alpha: float) -> FloatArray:
        """Return the colours of some clusters, (n, 4) float32 RGBA 0..1; grey where they are not known yet."""
        if threading.current_thread().name.startswith("phy-medicine"):
            self.wait(cluster_ids, _PATIENCE_S, (scheme.name,))
        else:
            self.ask(scheme.name, cluster_ids)
        values = [self.peek(c, scheme.name) for c in cluster_ids]
        try:
            table = colormap(scheme.colormap)
        except ValueError as error:
            self._report_once(
                scheme.name, Problem(self._registry.owner_of(scheme.name), f"colours {scheme.name}", error)
            )
            table = np.array([GREY], dtype=np.float32)
        return mapped_colors(values, table, categorical=scheme.categorical, logarithmic=scheme.logarithmic, alpha=alpha)

    def note(self, delta: Delta) -> None:
        """Take notice of an action: a label may be what decides."""
        super().note(delta)
        for name in self.names if delta.changed else ():
            self.forget(name, delta.changed)


def plain_value(value: Any) -> LabelValue:
    """Return a number or a text for what a function returned.

    Raises
    ------
    TypeError, ValueError : it is neither
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.item()
    if value is None:
        return float("nan")
    return value if isinstance(value, str) else float(value)
