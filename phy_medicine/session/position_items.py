"""What a localization in use adds to a session: columns, similarities and colours of clusters."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.curation.position_similarity import combined_similarity
from phy_medicine.session.extensions import ClusterColors, Metric, Registry, Similarity
from phy_medicine.session.similar import COMBINED, POSITION

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

X, DEPTH, SPREAD, Z, ALPHA = "loc_x", "loc_depth", "loc_spread", "loc_z", "loc_alpha"


class PositionItems:
    """Adds to a session what positions give while some are in use, and takes it away with them."""

    def __init__(self, session: Session) -> None:
        self._extensions = session.extensions
        self._places = session.positions
        self._similar = session.similar
        self._localization = session.localization
        self._lock = threading.RLock()
        self._there: tuple[tuple[Registry[Any], str], ...] = ()
        session.localization.changed.connect(self._changed)
        session.motion.changed.connect(self._changed)

    def _changed(self, what: str) -> None:
        if what != "run":
            return
        with self._lock:
            items = [(registry, item) for registry, item in self._items() if self._places.exist]
            wanted = tuple((registry, item.name) for registry, item in items)
            before, self._there = self._there, wanted
            for registry, name in before:
                if (registry, name) in wanted:
                    registry.renew(name)
                else:
                    registry.remove(name)
            for registry, item in items:
                if (registry, item.name) not in before:
                    registry.add(item)

    def _items(self) -> Sequence[tuple[Registry[Any], Metric | Similarity | ClusterColors]]:
        extensions = self._extensions
        return (
            *((extensions.metrics, metric) for metric in self._metrics()),
            *((extensions.similarities, similarity) for similarity in self._similarities()),
            *((extensions.color_schemes, colors) for colors in self._colors()),
        )

    def _metrics(self) -> Sequence[Metric]:
        always = (
            Metric(DEPTH, self._one("depth_um"), "Loc. depth", "µm",
                   "Median localized depth of the spikes, as observed"),
            Metric(X, self._one("x_um"), "Loc. x", "µm",
                   "Median localized place of the spikes across the probe"),
            Metric(SPREAD, self._one("spread_um"), "Spread", "µm",
                   "Half of the spikes are as near as this to the median; the motion in use is taken out"),
        )  # fmt: skip
        z = Metric(Z, self._one("z_um"), "Loc. z", "µm", "Median localized distance of the spikes from the probe")
        alpha = Metric(ALPHA, self._one("alpha"), "Loc. \N{GREEK SMALL LETTER ALPHA}", "", "Median strength of the "
                       "sources of the spikes: amplitude times distance, unit of the recording times µm")  # fmt: skip
        return *always, *((z,) if self._has("z") else ()), *((alpha,) if self._has("alpha") else ())

    def _similarities(self) -> Sequence[Similarity]:
        return (
            Similarity(
                POSITION, self._places.similar, "position similarity",
                "How near the spikes of two clusters come from, against how far they spread.",
            ),
            Similarity(
                COMBINED, self._combined, "template and position similarity",
                "How alike the templates of two clusters are and how near their spikes come from: the geometric mean "
                "of both. The motion in use is taken out.",
            ),
        )  # fmt: skip

    def _colors(self) -> Sequence[ClusterColors]:
        depth = ClusterColors(DEPTH, self._one("depth_um"), "rainbow", help="Median localized depth of the spikes.")
        z = ClusterColors(Z, self._one("z_um"), "viridis", help="Median localized distance from the probe.")
        alpha = ClusterColors(
            ALPHA, self._one("alpha"), "inferno", logarithmic=True, help="Median strength of the sources."
        )
        return depth, *((z,) if self._has("z") else ()), *((alpha,) if self._has("alpha") else ())

    def _has(self, quantity: str) -> bool:
        positions = self._localization.known
        return positions is not None and positions.has(quantity)

    def _combined(self, cluster_id: int) -> list[tuple[int, float]]:
        """Return the clusters that are similar by their templates, those first that are near as well."""
        templates, near = self._similar.aware_rows(cluster_id), dict(self._places.similar(cluster_id))
        values = combined_similarity(
            np.array(list(templates.values())), np.array([near.get(c, np.nan) for c in templates])
        )
        order = np.argsort(-values, kind="stable")
        ids = list(templates)
        return [(ids[i], float(values[i])) for i in order]

    def _one(self, name: str) -> Callable[[int], float | None]:
        """Return what gives one number of the position of a cluster."""
        return lambda cluster_id: getattr(self._places.get(cluster_id), name, None)
