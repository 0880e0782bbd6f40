"""Neurons near the probe: where they are, how large, how often they fire, and what their spikes look like.

A spike is a current sink at the soma and a weaker, broader, later return current at a second point some tens of
micrometres away. Each adds its own waveform divided by the distance to the contact, so the footprint falls like
1/r close by and faster far away, and the shape changes across contacts as it does in tissue.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray, IntArray, frozen
from phy_medicine.io.simulate.probe import SimulatedProbe
from phy_medicine.io.simulate.settings import SimulationSettings, stream

# Columns of `Units.shapes`. Times in ms, gains as share of the trough.
LEFT, RIGHT, AFTER_LAG, AFTER_WIDTH, AFTER_GAIN, BEFORE_LEAD, BEFORE_WIDTH, BEFORE_GAIN, RETURN_GAIN = range(9)

# Ranges of these columns for three kinds of cells: wide (pyramidal), narrow (interneuron), triphasic (axon).
_WIDE = [
    (0.11, 0.16), (0.13, 0.20), (0.50, 0.70), (0.20, 0.30), (0.10, 0.28), (0.30, 0.35), (0.08, 0.12), (0.0, 0.08),
    (0.2, 0.45),
]  # fmt: skip
_NARROW = [
    (0.07, 0.10), (0.07, 0.11), (0.28, 0.40), (0.12, 0.20), (0.25, 0.50), (0.20, 0.25), (0.06, 0.08), (0.0, 0.05),
    (0.1, 0.30),
]  # fmt: skip
_TRIPHASIC = [
    (0.06, 0.09), (0.06, 0.09), (0.22, 0.32), (0.10, 0.16), (0.25, 0.45), (0.20, 0.26), (0.06, 0.09), (0.3, 0.55),
    (0.0, 0.10),
]  # fmt: skip
_KINDS = np.array([_WIDE, _NARROW, _TRIPHASIC])
_KIND_SHARES = (0.62, 0.26, 0.12)


@dataclass(frozen=True, slots=True)
class Units:
    """The simulated neurons.

    positions_um : (n_units, 3) float64, x across, y along, z away from the probe, at rest
    returns_um : (n_units, 3) float64, where the return current flows
    shapes : (n_units, 9) float64, columns as named in this module
    peaks_uv : (n_units,) float64, depth of the trough on the nearest contact, at rest
    rates_hz, refractory_s : (n_units,) float64
    bursty : (n_units,) bool
    names : (n_units,) int64, the same in every recording of the same neuron
    """

    positions_um: FloatArray
    returns_um: FloatArray
    shapes: FloatArray
    peaks_uv: FloatArray
    rates_hz: FloatArray
    refractory_s: FloatArray
    bursty: BoolArray
    names: IntArray

    @property
    def n_units(self) -> int:
        return len(self.positions_um)


def make_units(settings: SimulationSettings, probe: SimulatedProbe) -> Units:
    """Draw the neurons: evenly spread over the probe, 10 to 50 um away, 40 to 300 uV, log-normal rates."""
    units = _drawn(stream(settings.seed, "units"), settings, probe)
    return _later(units, settings, probe) if settings.session else units


def with_others(units: Units, settings: SimulationSettings, probe: SimulatedProbe) -> Units:
    """Add what is no neuron but makes clusters: artifacts first, then far-away neurons, with names below zero."""
    n_artifacts, n = settings.artifacts, settings.artifacts + settings.far_clusters
    if not n:
        return units
    rng = stream(settings.seed, "others")
    positions = _place(rng, n, probe, near_um=55.0, far_um=75.0, beside_um=18.0)
    is_artifact = np.arange(n) < n_artifacts
    others = Units(
        positions_um=positions,
        returns_um=_return_points(rng, positions),
        shapes=_draw_shapes(rng, rng.choice(3, n, p=_KIND_SHARES)),
        peaks_uv=np.where(is_artifact, 120.0, 34.0),
        rates_hz=np.where(is_artifact, 1.0, 2.0) * settings.rate_hz,
        refractory_s=np.zeros(n),
        bursty=np.zeros(n, dtype=bool),
        names=-1 - np.arange(n),
    )
    return _rows(units, others, np.arange(units.n_units + n))


def _later(units: Units, settings: SimulationSettings, probe: SimulatedProbe) -> Units:
    """The neurons in a later recording: a little larger or smaller, some of them gone, with others in their place."""
    rng, n = stream(settings.own_seed, "later"), units.n_units
    gone = rng.permutation(n)[: round(settings.turnover * n)]
    new = _drawn(stream(settings.own_seed, "units"), settings, probe)
    rows = np.arange(n)
    rows[gone] += n
    changed = replace(
        units,
        peaks_uv=units.peaks_uv * rng.lognormal(0.0, 0.1, n),
        rates_hz=units.rates_hz * rng.lognormal(0.0, 0.2, n),
    )
    return _rows(changed, replace(new, names=new.names + n * settings.session), rows)


def _rows(first: Units, second: Units, rows: IntArray) -> Units:
    """Units of two lists, one after the other."""
    columns = {f.name: np.concatenate([getattr(first, f.name), getattr(second, f.name)])[rows] for f in fields(Units)}
    return Units(**{name: frozen(column) for name, column in columns.items()})


def _drawn(rng: np.random.Generator, settings: SimulationSettings, probe: SimulatedProbe) -> Units:
    n = settings.units
    positions = _place(rng, n, probe, near_um=8.0, far_um=45.0, beside_um=18.0)
    kinds = rng.choice(3, n, p=_KIND_SHARES)
    peaks = rng.lognormal(np.log(105.0), 0.5, n) * (25.0 / (10.0 + positions[:, 2])) ** 0.6
    rates = rng.lognormal(np.log(settings.rate_hz), 0.75, n) * np.where(kinds == 1, 2.0, 1.0)
    bursty = (rng.random(n) < settings.bursty * 1.35) & (kinds != 1)
    return Units(
        positions_um=frozen(positions),
        returns_um=frozen(_return_points(rng, positions)),
        shapes=frozen(_draw_shapes(rng, kinds)),
        peaks_uv=frozen(np.clip(peaks, 40.0, 300.0)),
        rates_hz=frozen(np.clip(rates, 0.05 * settings.rate_hz, 60.0)),
        refractory_s=frozen(rng.uniform(0.0015, 0.0020, n)),
        bursty=frozen(bursty),
        names=frozen(np.arange(n)),
    )


def make_far_units(settings: SimulationSettings, probe: SimulatedProbe) -> Units:
    """Draw the far-away sources of the hash; their rates are not used."""
    rng = stream(settings.seed, "far")
    n = settings.far_units or probe.n_channels
    positions = _place(rng, n, probe, near_um=60.0, far_um=110.0, beside_um=40.0)
    return Units(
        positions_um=frozen(positions),
        returns_um=frozen(_return_points(rng, positions)),
        shapes=frozen(_draw_shapes(rng, rng.choice(3, n, p=_KIND_SHARES))),
        peaks_uv=frozen(np.full(n, 1.0)),
        rates_hz=frozen(np.ones(n)),
        refractory_s=frozen(np.zeros(n)),
        bursty=frozen(np.zeros(n, dtype=bool)),
        names=frozen(np.arange(n)),
    )


def _place(
    rng: np.random.Generator, n: int, probe: SimulatedProbe, *, near_um: float, far_um: float, beside_um: float
) -> FloatArray:
    """Spread n points along all shanks: one in each n-th of the whole length, so that no stretch stays empty."""
    shanks = np.unique(probe.shanks)
    place = rng.permutation((np.arange(n) + rng.random(n)) / n) * len(shanks)
    shank = np.minimum(place.astype(np.int64), len(shanks) - 1)
    contacts: list[IntArray] = [np.flatnonzero(probe.shanks == s) for s in shanks]
    low = np.array([probe.positions_um[c].min(axis=0) for c in contacts])[shank]
    high = np.array([probe.positions_um[c].max(axis=0) for c in contacts])[shank]
    x = rng.uniform(low[:, 0] - beside_um, high[:, 0] + beside_um)
    y = low[:, 1] + (place - shank) * (high[:, 1] - low[:, 1])
    return np.column_stack([x, y, rng.uniform(near_um, far_um, n)])


def _return_points(rng: np.random.Generator, positions: FloatArray) -> FloatArray:
    """Points 50 to 100 um from the soma, mostly along the probe, never closer to it than the soma."""
    n = len(positions)
    shift = np.column_stack(
        [rng.normal(0, 15, n), rng.choice([-1, 1], n) * rng.uniform(50, 100, n), rng.uniform(5, 30, n)]
    )
    return positions + shift


def _draw_shapes(rng: np.random.Generator, kinds: IntArray) -> FloatArray:
    low, high = _KINDS[kinds, :, 0], _KINDS[kinds, :, 1]
    return rng.uniform(low, high)
