"""The kinds of views that can be opened: those of the program, of the dataset's attributes, and of plugins."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from phy_medicine.views.base import View
from phy_medicine.views.guarded import guarded
from phy_medicine.views.spike_attributes import kinds_of

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

KINDS = {
    "WaveformView": "waveform",
    "FeatureView": "feature",
    "AmplitudeView": "amplitude",
    "CorrelogramView": "correlogram",
    "ProbeView": "probe",
    "TraceView": "trace",
    "DriftView": "drift",
    "PositionView": "position",
    "ExplorerView": "explorer",
    "SteadinessView": "steadiness",
    "LDAView": "lda",
    "ClusterGridView": "cluster_grid",
    "ClusterScatterView": "cluster_scatter",
    "TemplateView": "template",
    "TemplateFeatureView": "template_feature",
    "TraceImageView": "trace_image",
    "SimilarityMatrixView": "similarity_matrix",
    "HistogramView": "histogram",
    "ISIView": "isi",
    "FiringRateView": "firing_rate",
    "RasterView": "raster_view",
    "EventView": "event_view",
}
"""Class of a view -> its module in `phy_medicine.views`; imported when the first one is made."""


def view_class(kind: str) -> type[View]:
    """Return the class of a kind of view of the program."""
    module = KINDS.get(kind, "spike_attributes")
    view: type[View] = getattr(import_module(f"phy_medicine.views.{module}"), kind)
    return view


def short_name(kind: str) -> str:
    """Return a kind as a name in Python: `TraceImageView` -> "trace_image", `ISIView` -> "isi"."""
    stem = kind.removesuffix("View")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", stem).lower()


class ViewKinds:
    """What views a session can be shown in, as its plugins are now; one of a plugin takes the place of a namesake."""

    program = tuple(k for k, m in KINDS.items() if find_spec(f"phy_medicine.views.{m}"))

    def __init__(self, session: Session) -> None:
        self._extensions = session.extensions
        self._own = (*self.program, *kinds_of(session.data))
        self._guarded: dict[str, tuple[type[View], type[View]]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all kinds."""
        return (*self._own, *(name for name in self._extensions.views.names if name not in self._own))

    def owner(self, kind: str) -> str:
        """Return the plugin that a kind is of, "" for the program's own."""
        return self._extensions.views.owner_of(kind)

    def is_plugin(self, kind: str) -> bool:
        """Whether a kind is of a plugin."""
        return kind in self._extensions.views

    def find(self, kind: str) -> type[View] | None:
        """Return the class of a kind, of a plugin's one that does no harm; None when there is none any more."""
        added = self._extensions.views.get(kind)
        if added is None:
            return view_class(kind) if kind in self._own else None
        known = self._guarded.get(kind)
        if known is None or known[0] is not added:
            known = self._guarded[kind] = (added, guarded(added, self.owner(kind), self._extensions))
        return known[1]

    def title(self, kind: str) -> str:
        """Return what docks of a kind are called."""
        return (self.find(kind) or View).title or kind

    def call(self, kind: str, what: str, function: Callable[[], View], failed: Callable[[str], View]) -> View:
        """Make a view; of a plugin's that cannot be made, what `failed` makes of the sentence that says why."""
        if not self.is_plugin(kind):
            return function()
        try:
            return self._extensions.attempt(self.owner(kind), f"{kind}.{what}", function)
        except Exception as error:
            return failed(str(error))
