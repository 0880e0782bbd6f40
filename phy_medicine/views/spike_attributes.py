"""A view for each further thing that a dataset knows of its spikes: `spike_<name>.npy` is shown by `Spike<Name>View`.

One number for each spike is shown over time, as amplitudes are; two or more as x and y.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.params import setting
from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.session.blocks import Amplitudes, DataMissing
from phy_medicine.session.view_host import ViewHost, ViewRequest
from phy_medicine.views.amplitude import AmplitudeView, TimeSettings
from phy_medicine.views.amplitude_kinds import AmplitudeKind, some_spikes
from phy_medicine.views.base import View, ViewAction
from phy_medicine.views.cluster_scatter import number
from phy_medicine.views.scatter import ScatterSettings, ScatterView, span_of
from phy_medicine.views.theme import DARK, Theme

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService
    from phy_medicine.views.lasso import Lasso
    from phy_medicine.views.lasso_work import LassoWork

_KIND = re.compile(r"Spike(.+)View")
_BEHIND = 50_000
# What sorters call the place of a spike on the probe, µm.
_POSITIONS = ("positions", "locations")


@dataclass(frozen=True, slots=True)
class PlaneSettings(ScatterSettings):
    """What a view of an attribute with x and y shows."""

    background: bool = setting(True, "Show the spikes of neighbouring clusters in grey")


@dataclass(frozen=True, slots=True)
class AttributeKind(AmplitudeKind):
    """An attribute in the place of an amplitude; a spike without a value is not drawn, and outside of every lasso."""

    @property
    def measured(self) -> bool:
        """Return that attributes are known, whatever their name."""
        return False

    def title(self, channel_labels: Sequence[str]) -> str:
        """Return the title of the axis."""
        return words_of(self.name)

    def words(self, value: float, channel_labels: Sequence[str]) -> str:
        """Return name and value."""
        return f"{words_of(self.name)} {number(value)}"

    def read(self, data: DataService, cluster_id: int) -> Amplitudes:
        """Return the values of all spikes of a cluster."""
        return self._known(data, data.spikes(cluster_id), data.attributes.of_cluster(self.name, cluster_id))

    def behind(self, data: DataService, cluster_ids: Sequence[int] | None) -> Amplitudes:
        """Return values of some spikes of several clusters, or of the whole recording."""
        ids = some_spikes(data, cluster_ids, _BEHIND)
        return self._known(data, ids, data.attributes.of(self.name, ids))

    def work(
        self, data: DataService, clusters: Sequence[tuple[int, IntArray]], polygon: FloatArray
    ) -> LassoWork | None:
        """Return None: values of all spikes are drawn, so nothing must be read."""
        return None

    def inside(
        self,
        data: DataService,
        clusters: Sequence[tuple[int, IntArray]],
        lasso: Lasso,
        shown: tuple[IntArray, FloatArray, FloatArray],
    ) -> IntArray:
        """Return all spikes of the clusters inside a lasso."""
        ids, times_s, values = shown
        found: IntArray = np.sort(ids[lasso.contains(times_s, values)])
        return found

    def _known(self, data: DataService, spike_ids: IntArray, values: FloatArray) -> Amplitudes:
        known = np.isfinite(values)
        ids = spike_ids[known]
        return Amplitudes(ids, frozen(data.shown_times[ids]), frozen(values[known]))


class AttributeView(AmplitudeView):
    """An attribute against time of all spikes of the selected clusters."""

    settings_type = TimeSettings
    attribute: str

    def cached(self, request: ViewRequest) -> bool:
        """Tell whether the values of the clusters are in memory, and nothing is behind them."""
        attributes, request = self.host.data.attributes, self.limited(request)
        known = all(attributes.ready(self.attribute, c) for c in request.cluster_ids)
        return (
            known and bool(request.cluster_ids) and self.settings.background == "none" and not self.settings.quantiles
        )

    def value_range(self, values: FloatArray) -> tuple[float, float]:
        """Return what is shown without a zoom; unlike an amplitude an attribute need not have its zero in sight."""
        return span_of(values)

    def _kind(self, request: ViewRequest) -> AmplitudeKind:
        return AttributeKind(known_attribute(self.host.data, self.attribute))

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view: there is one type only."""
        return self.time_actions()


class PlaneView(ScatterView):
    """The first two numbers of an attribute as x and y."""

    settings_type = PlaneSettings
    attribute: str

    def places(self, request: ViewRequest, spike_ids: IntArray) -> FloatArray:
        """Return x and y of spikes."""
        return self.host.data.attributes.of(known_attribute(self.host.data, self.attribute), spike_ids)

    def titles(self, request: ViewRequest) -> tuple[str, str]:
        """Return the name of the attribute with the number of its column; positions are along and across the probe."""
        if self.attribute in _POSITIONS:
            return "x (µm)", "y (µm)"
        words = words_of(self.attribute)
        return f"{words} 0", f"{words} 1"

    def behind(self, request: ViewRequest) -> IntArray:
        """Return spikes of clusters on the same channels."""
        return spikes_nearby(self.host.data, request) if self.settings.background else super().behind(request)


def spikes_nearby(data: DataService, request: ViewRequest) -> IntArray:
    """Return some spikes of the clusters on the channels of the first two of a request."""
    near = {c: None for cluster_id in request.cluster_ids[:2] for c in data.neighbours(cluster_id)}
    return data.some_spikes([c for c in near if c not in request.cluster_ids], _BEHIND)


def words_of(attribute: str) -> str:
    """Return the name of an attribute as words."""
    return attribute.replace("_", " ").capitalize()


def kind_of(attribute: str) -> str:
    """Return the kind of view of an attribute, as phy calls it."""
    return f"Spike{attribute.title()}View"


def kinds_of(data: DataService) -> tuple[str, ...]:
    """Return the kinds of view for the attributes of a dataset."""
    return tuple(kind_of(name) for name in data.attributes.names)


def known_attribute(data: DataService, attribute: str) -> str:
    """Return the attribute.

    Raises
    ------
    DataMissing : the dataset has none of this name
    """
    if attribute not in data.attributes.names:
        raise DataMissing(f"No {words_of(attribute).lower()} of spikes: spike_{attribute}.npy not found.")
    return attribute


class AttributeViews:
    """Makes the views of one kind: which class serves an attribute is known with the dataset alone."""

    def __init__(self, kind: str) -> None:
        match = _KIND.fullmatch(kind)
        if match is None:
            raise AttributeError(kind)
        self.name = kind
        self._words = match[1]

    @property
    def title(self) -> str:
        """Title of the docks."""
        return f"Spike {words_of(self._words).lower()}"

    def __call__(self, host: ViewHost, *, theme: Theme = DARK, settings: Any = None) -> View:
        """Return a new view."""
        data = host.data
        attribute = next((n for n in data.attributes.names if kind_of(n) == self.name), self._words.lower())
        plane = attribute in data.attributes.names and data.attributes.is_plane(attribute)
        base: type[View] = PlaneView if plane else AttributeView
        facts = {"name": self.name, "title": self.title, "attribute": attribute, "__doc__": base.__doc__}
        made: View = type(self.name, (base,), facts)(host, theme=theme, settings=settings)
        return made


def __getattr__(name: str) -> AttributeViews:
    """Give `Spike<Name>View` of any name."""
    return AttributeViews(name)
