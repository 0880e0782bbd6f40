"""Single spikes with all that is known of them, for the explorer: local positions, waveforms, and other estimates."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.localize.contacts import Contacts, Neighbours, nearest
from phy_medicine.compute.localize.settings import MONOPOLAR, LocalizeSettings
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.localization import NONE_IN_USE, log_of

if TYPE_CHECKING:
    from phy_medicine.compute.localize.explored import Classical, Components
    from phy_medicine.compute.localize.sources import Source
    from phy_medicine.io.model import Model
    from phy_medicine.session.data import DataService
    from phy_medicine.session.localization import Positions

_INCOMPLETE = (
    "These positions lack depth from the probe, strength or channels of the spikes: find positions again with Jobs > "
    "Positions of spikes."
)
_NOT_STORED = "The waveform of this spike is not stored beside the dataset, and there is no raw recording."
_OUTSIDE = "This spike lies outside of the recording."
# Of 500 spikes 5,000 waveforms are taken; the components then change no more that one could see.
_MOST_LEARNT = 500
_STRENGTH_TAIL = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class LocalColumns:
    """Where all spikes are, seen from their anchors; float32 of length n_spikes, NaN where not known.

    lx, ly : µm from the anchor; z : µm from the probe; log_alpha : logarithm (base 10) of the strength
    peak_channels : (n_spikes,) int32, -1 where not known; anchors_um : (n_channels, 2) float64
    strength : lowest and highest log_alpha of nearly all spikes
    method : that of the run
    """

    positions: Positions
    lx: FloatArray
    ly: FloatArray
    z: FloatArray
    log_alpha: FloatArray
    peak_channels: IntArray
    anchors_um: FloatArray
    strength: tuple[float, float]
    method: str


@dataclass(frozen=True, slots=True, eq=False)
class ExploredSpike:
    """One spike.

    channel_ids : (n_slots,) int32, contacts of the waveforms, -1 unused; raw, denoised : (n_slots, n_samples) float32,
    raw units, None where there are none; before : samples before the spike; amplitude : largest peak-to-peak value
    um : method -> (3,) x, depth and z as observed; anchor_um : (2,)
    missing : why there are no waveforms, "" if there are
    """

    spike_id: int
    channel_id: int
    channel_ids: IntArray
    raw: FloatArray | None
    denoised: FloatArray | None
    before: int
    amplitude: float
    um: Mapping[str, FloatArray]
    anchor_um: FloatArray
    missing: str = ""


def signal_settings(params: Mapping[str, Any]) -> LocalizeSettings:
    """Return the settings by which a run of positions took its signal, of its parameters."""
    known = {field.name for field in fields(LocalizeSettings)}
    return LocalizeSettings(**{**{k: v for k, v in params.items() if k in known}, "method": MONOPOLAR})


class ExploredSpikes:
    """The spikes of the positions in use; safe in any thread. What is made for a run is kept until another is used."""

    def __init__(self, data: DataService) -> None:
        self._data = data
        self._lock = threading.RLock()
        self._columns: LocalColumns | None = None
        self._bench: _Bench | None = None

    def columns(self) -> LocalColumns:
        """Return where all spikes are.

        Raises
        ------
        DataMissing : no positions are in use, or they are not enough
        """
        with self._lock:
            positions = self._data.localization.current
            if positions is None:
                raise DataMissing(NONE_IN_USE)
            if self._columns is None or self._columns.positions is not positions:
                self._columns, self._bench = None, None
                self._columns = self._make_columns(positions)
            return self._columns

    def spike(self, spike_id: int) -> ExploredSpike:
        """Read the waveforms of a spike and localize it; a spike without says why.

        Raises
        ------
        DataMissing : no positions are in use, or they are not enough
        """
        with self._lock:
            columns, bench = self.columns(), self._ready()
            return bench.spike(columns, spike_id)

    def learn(self, seconds: float) -> float:
        """Read waveforms for the denoising for some seconds; return which part of them is read, 1 when all are."""
        with self._lock:
            self.columns()
            return self._ready().learn(seconds)

    @property
    def learnt(self) -> int:
        """Spikes whose waveforms made the components of the denoising."""
        bench = self._bench
        return 0 if bench is None else bench.n_learnt

    def with_waveforms(self, spike_ids: IntArray) -> IntArray:
        """Return those of the spikes that have waveforms; with neither a recording nor stored ones all of them."""
        model = self._data.model
        if model.traces is not None or model.waveform_subset is None:
            return spike_ids
        stored: IntArray = spike_ids[np.isin(spike_ids, model.waveform_subset.spike_ids)]
        return stored if len(stored) else spike_ids

    def _make_columns(self, positions: Positions) -> LocalColumns:
        run, arrays = self._data.localization.run, self._data.localization.arrays()
        channels = np.asarray(arrays.get("peak_channels", ()), dtype=np.int32)
        z, alpha = positions.z_um, positions.alpha
        if run is None or z is None or alpha is None or len(channels) != self._data.n_spikes:
            raise DataMissing(_INCOMPLETE)
        anchors = neighbours(self._data.model).anchors_um
        known = (channels >= 0) & (channels < len(anchors))
        at = np.where(known[:, None], anchors[np.where(known, channels, 0)], np.nan)
        log_alpha = log_of(alpha)
        return LocalColumns(
            positions,
            frozen((positions.x_um - at[:, 0]).astype(np.float32)),
            frozen((positions.depth_um - at[:, 1]).astype(np.float32)),
            z,
            frozen(log_alpha),
            frozen(np.where(known, channels, -1)),
            anchors,
            _limits(log_alpha),
            str(run.facts.get("method", "")),
        )

    def _ready(self) -> _Bench:
        columns = self.columns()
        if self._bench is None:
            run = self._data.localization.run
            params: Mapping[str, Any] = getattr(run, "params", {})
            self._bench = _Bench(self._data.model, columns.peak_channels, signal_settings(params))
        return self._bench


class _Bench:
    """What is needed to read and localize single spikes of one run; made at the first of them."""

    def __init__(self, model: Model, peak_channels: IntArray, settings: LocalizeSettings) -> None:
        from phy_medicine.compute.localize.explored import Classical, Components, shown_window
        from phy_medicine.compute.localize.job import signal_source

        self._model = model
        window = shown_window(model.sample_rate)
        self._classical: Classical = Classical.of(_contacts(model), model.sample_rate)
        self._components: Components = Components(window.before + window.after)
        self._source: Source | None = None
        self._missing = ""
        channels = np.maximum(peak_channels, 0).astype(np.int64)
        try:
            reach = max(window.before, window.after)
            self._source, _ = signal_source(model, np.asarray(model.spike_samples), channels, settings, reach)
        except PhyMedError as error:
            self._missing = str(error)
        self._to_learn = self._order(np.flatnonzero(peak_channels >= 0))
        self.n_learnt = 0

    def _order(self, spike_ids: IntArray) -> IntArray:
        """Spikes to learn from, all over the recording."""
        if self._source is None:
            return spike_ids[:0]
        if self._model.traces is None and self._model.waveform_subset is not None:
            spike_ids = np.intersect1d(spike_ids, self._model.waveform_subset.spike_ids)
        n = min(_MOST_LEARNT, len(spike_ids))
        return np.random.default_rng(0).choice(spike_ids, n, replace=False)

    def learn(self, seconds: float) -> float:
        from phy_medicine.compute.localize.explored import single

        end = time.perf_counter() + seconds
        while self.n_learnt < len(self._to_learn) and time.perf_counter() < end and self._source is not None:
            spikes = single(self._source, int(self._to_learn[self.n_learnt]))
            if spikes is not None:
                self._components.add(self._classical.waveforms(spikes))
            self.n_learnt += 1
        return self.n_learnt / len(self._to_learn) if len(self._to_learn) else 1.0

    def spike(self, columns: LocalColumns, spike_id: int) -> ExploredSpike:
        from phy_medicine.compute.localize.explored import single

        channel = int(columns.peak_channels[spike_id])
        at = columns.positions
        own = np.array([at.x_um[spike_id], at.depth_um[spike_id], columns.z[spike_id]], dtype=np.float64)
        um = {columns.method: own}
        anchor = columns.anchors_um[channel] if channel >= 0 else np.full(2, np.nan)
        slots = self._classical.table.channel_ids[max(channel, 0)]
        spikes = None if self._source is None or channel < 0 else single(self._source, spike_id)
        if spikes is None:
            missing = self._missing or (_NOT_STORED if self._model.traces is None else _OUTSIDE)
            return ExploredSpike(
                spike_id, channel, slots, None, None, self._classical.window.before, np.nan, um, anchor, missing
            )
        raw = self._classical.waveforms(spikes)
        for name, places in self._classical.positions(spikes, raw).items():
            um.setdefault(name, places[0])
        denoised = self._components.rebuild(raw)[0] if self._components.n_waveforms > 1 else None
        return ExploredSpike(
            spike_id, channel, slots, frozen(raw[0]), denoised, self._classical.window.before,
            float(np.ptp(raw[0], axis=1).max()), um, anchor,
        )  # fmt: skip


def _contacts(model: Model) -> Contacts:
    from phy_medicine.compute.localize.job import shanks_of

    return Contacts.of(model.channel_positions, shanks_of(model))


def neighbours(model: Model) -> Neighbours:
    """Return the ten contacts of each channel."""
    return nearest(_contacts(model))


def _limits(values: FloatArray) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 1.0
    low, high = (float(q) for q in np.quantile(known, (_STRENGTH_TAIL, 1 - _STRENGTH_TAIL)))
    return (low, high) if high > low else (low - 0.5, high + 0.5)
