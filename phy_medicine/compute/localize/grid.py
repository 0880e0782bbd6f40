"""Grid convolution: how well each of a grid of places explains a spike, by templates that decay from there.

The signal of each contact is projected on a trough in time; its scalar products with templates at all places near the
peak and of several widths are weights of these places, of which the largest twentieth is averaged.

Source: the idea of SpikeInterface's grid_convolution, by P. Yger; its decay, widths and share are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.localize.contacts import Contacts, Neighbours, within
from phy_medicine.compute.localize.localizers import Positions, Window, strengths
from phy_medicine.compute.localize.spikes import Spikes

DECAY_UM = 2.5
LEVELS_UM = np.linspace(0.0, 120.0, 5)
SHARE = 0.05
TROUGH_MS = 0.25
REACH_UM = 50.0
"""Contacts so far beyond the places have a say: the widest template has a standard deviation of 17 µm."""
_KEPT = 1024  # channels whose templates are kept: 35 MB for 384 of a Neuropixels probe
_PRODUCTS = 1 << 21  # at once


@dataclass(frozen=True, slots=True)
class GridTemplates:
    """Templates around one channel.

    um : (n_places, 3) float64; weights : (n_slots, n_places) float32, of length 1 over the contacts
    """

    um: FloatArray
    weights: FloatArray


@dataclass(frozen=True, slots=True)
class GridConvolution:
    """Grid convolution; `of` makes one for a probe.

    shape : (n_samples,) float32, course in time; radius_um : of the places around the peak; step_um : between them
    """

    neighbours: Neighbours
    window: Window
    shape: FloatArray
    radius_um: float
    step_um: float
    _templates: dict[int, GridTemplates] = field(default_factory=dict, compare=False)

    @classmethod
    def of(
        cls, contacts: Contacts, window: Window, sample_rate: float, *, radius_um: float = 40.0, step_um: float = 5.0
    ) -> GridConvolution:
        """Make the method for a probe."""
        times_ms = np.arange(-window.before, window.after) * 1000 / sample_rate
        shape = -np.exp(-(times_ms**2) / (2 * TROUGH_MS**2))
        return cls(within(contacts, radius_um + REACH_UM), window, shape.astype(np.float32), radius_um, step_um)

    @property
    def batch(self) -> int:
        """See `Localizer`."""
        return 1

    def measure(self, spikes: Spikes) -> FloatArray:
        """Return projections on the trough, then amplitudes, (n, 2, n_slots)."""
        before, after = self.window.before, self.window.after
        projections = spikes.projections(self.neighbours, self.shape, before)
        return np.stack([projections, spikes.amplitudes(self.neighbours, before, after)], axis=1)

    def solve(self, features: FloatArray, channel_ids: IntArray) -> Positions:
        """Return the weighted places; spikes of one channel are done together."""
        um = np.full((len(features), 3), np.nan)
        values = np.nan_to_num(features[:, 0])
        # A spike of either sign fits the trough or its mirror image.
        largest = np.take_along_axis(values, np.abs(values).argmax(axis=1)[:, np.newaxis], axis=1)
        values = values * np.sign(largest)
        order = np.argsort(channel_ids, kind="stable")
        for together in np.split(order, np.flatnonzero(np.diff(channel_ids[order])) + 1):
            if not len(together):
                continue
            templates = self._around(int(channel_ids[together[0]]))
            n = max(1, _PRODUCTS // templates.weights.shape[1])
            for rows in (together[start : start + n] for start in range(0, len(together), n)):
                um[rows] = _weighted_places(values[rows], templates)
        alpha = strengths(features[:, 1], channel_ids, self.neighbours, um)
        return Positions(um, alpha, np.isfinite(um[:, 0]))

    def _around(self, channel_id: int) -> GridTemplates:
        known = self._templates.get(channel_id)
        if known is None:
            if len(self._templates) >= _KEPT:
                self._templates.clear()
            known = self._templates[channel_id] = self._make(channel_id)
        return known

    def _make(self, channel_id: int) -> GridTemplates:
        """Templates on the part of the probe's grid near a channel."""
        centre = self.neighbours.contacts.positions_um[channel_id]
        steps = [np.arange(np.ceil((c - self.radius_um) / self.step_um), (c + self.radius_um) / self.step_um + 1e-9)
                 for c in centre]  # fmt: skip
        places = np.stack(np.meshgrid(*steps), axis=-1).reshape(-1, 2) * self.step_um
        places = places[np.hypot(*(places - centre).T) <= self.radius_um]
        away = np.hypot(*(self.neighbours.positions_um[channel_id][:, np.newaxis] - places).transpose(2, 0, 1))
        distance = np.sqrt(away[:, np.newaxis] ** 2 + LEVELS_UM[:, np.newaxis] ** 2)
        # Relative to the nearest contact: what decays from 100 µm would be too small for a float.
        weights = np.nan_to_num(np.exp((np.nanmin(distance, axis=0) - distance) / DECAY_UM))
        weights /= np.linalg.norm(weights, axis=0)
        n = len(places)
        um = np.concatenate([np.tile(places, (len(LEVELS_UM), 1)), np.repeat(LEVELS_UM, n)[:, np.newaxis]], axis=1)
        return GridTemplates(um, weights.reshape(len(weights), -1).astype(np.float32))


def _weighted_places(values: FloatArray, templates: GridTemplates) -> FloatArray:
    """Mean of the best places by their scalar products, (n, 3) µm; NaN without a positive one."""
    products = values @ templates.weights
    n_best = max(1, round(SHARE * products.shape[1]))
    limit = np.partition(products, -n_best, axis=1)[:, -n_best, np.newaxis]
    products[(products < limit) | (products < 0)] = 0
    total = products.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: FloatArray = (products @ templates.um) / total[:, np.newaxis]
    return mean
