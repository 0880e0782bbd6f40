"""What the explorer shows of some spikes: their waveforms, and where each of several methods puts them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.localize.contacts import Contacts, Neighbours, nearest
from phy_medicine.compute.localize.job import make_localizer
from phy_medicine.compute.localize.localizers import Localizer, Window
from phy_medicine.compute.localize.located import Located
from phy_medicine.compute.localize.settings import CENTRE, MONOPOLAR, LocalizeSettings
from phy_medicine.compute.localize.sources import RecordingSource, Source, StoredSource
from phy_medicine.compute.localize.spikes import Spikes, StoredSpikes

MOST_FITTED = 3000
"""Spikes whose waveforms are cut out; each reads a stretch of the recording."""
PIECE_BYTES = 1 << 20
"""Spikes far apart need short stretches around each, not all that lies between them."""
N_COMPONENTS = 5
BEFORE_MS, AFTER_MS = 1.0, 2.0
PEAK = "peak channel"


@dataclass(frozen=True, slots=True)
class Explored:
    """Spikes with all that is known of them.

    rows : (n,) of `Located`, ascending
    channels : (n, 10) int32, contacts of each waveform, -1 unused
    raw, denoised : (n, 10, n_samples) float32; amplitudes : (n,) largest peak-to-peak value
    um : method -> (n, 3) as observed
    peak_channels : (n,) where each is largest; before : samples before the spike
    """

    rows: IntArray
    channels: IntArray
    raw: FloatArray
    denoised: FloatArray
    amplitudes: FloatArray
    um: Mapping[str, FloatArray]
    peak_channels: IntArray
    before: int


def chosen(located: Located, n: int, seed: int, known: IntArray | None = None) -> IntArray:
    """Return rows of spikes drawn at random.

    known : ids of the spikes that have waveforms; None is all
    """
    rows = np.arange(located.n_spikes) if known is None else np.flatnonzero(np.isin(located.spike_ids, known))
    return np.random.default_rng(seed).permutation(rows)[:n]


def explore(
    located: Located, rows: IntArray, source: Source, wanted: IntArray, contacts: Contacts, sample_rate: float, n: int
) -> Explored:
    """Cut out waveforms and localize them by the classical methods.

    Parameters
    ----------
    rows : of the spikes whose waveforms are taken; the first n of those that have one are explored
    source : whose block ids `wanted` names, one for each of `rows`
    """
    if isinstance(source, RecordingSource):
        source = replace(source, piece_bytes=PIECE_BYTES)
    classical = Classical.of(contacts, sample_rate)
    cut = _cut(source, wanted, classical)
    denoised = denoise(cut.raw)
    shown = np.flatnonzero(cut.known)[:n]
    shown = shown[np.argsort(rows[shown], kind="stable")]
    um = {name: values[shown] for name, values in cut.um.items()}
    if located.name not in um:
        um = {located.name: located.um[rows[shown]], **um}
    return Explored(
        rows[shown], classical.table.channel_ids[cut.channels[shown]], cut.raw[shown], denoised[shown],
        np.ptp(cut.raw[shown], axis=2).max(axis=1, initial=0), um, cut.channels[shown], classical.window.before,
    )  # fmt: skip


def shown_window(sample_rate: float) -> Window:
    """Return the samples of a waveform that are shown: three milliseconds, of which one is before the spike."""
    return Window.of(BEFORE_MS, AFTER_MS, sample_rate)


@dataclass(frozen=True, slots=True)
class Classical:
    """The methods that need nothing but waveforms, for the contacts of a probe.

    table : the ten contacts of a spike, by the channel where it peaks
    """

    contacts: Contacts
    table: Neighbours
    window: Window
    methods: Mapping[str, Localizer]

    @classmethod
    def of(cls, contacts: Contacts, sample_rate: float) -> Classical:
        """Make the methods ready."""
        methods = {
            name: make_localizer(LocalizeSettings(method=name), contacts, sample_rate)[0]
            for name in (MONOPOLAR, CENTRE)
        }
        return cls(contacts, nearest(contacts), shown_window(sample_rate), methods)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all methods."""
        return (*self.methods, PEAK)

    def waveforms(self, spikes: Spikes) -> FloatArray:
        """Return (n, 10, n_samples) float32, zero where there is no contact."""
        return np.nan_to_num(spikes.snippets(self.table, self.window.before, self.window.after))

    def positions(self, spikes: Spikes, waveforms: FloatArray) -> dict[str, FloatArray]:
        """Return where each method puts the spikes, (n, 3) µm by its name; waveforms : of the same spikes."""
        channels = spikes.channel_ids
        um = {name: method.solve(method.measure(spikes), channels).um for name, method in self.methods.items()}
        peaks = self.table.channel_ids[channels, np.ptp(waveforms, axis=2).argmax(axis=1)]
        um[PEAK] = np.column_stack([self.contacts.positions_um[peaks], np.zeros(len(peaks))])
        return um


@dataclass(slots=True)
class _Cut:
    raw: FloatArray
    known: AnyArray
    channels: IntArray
    um: dict[str, FloatArray] = field(default_factory=dict)


def _cut(source: Source, wanted: IntArray, classical: Classical) -> _Cut:
    """Take waveforms and positions of the wanted spikes from a source, block by block."""
    window = classical.window
    n, order = len(wanted), np.argsort(wanted, kind="stable")
    shape = (n, classical.table.n_slots, window.before + window.after)
    cut = _Cut(np.zeros(shape, np.float32), np.zeros(n, bool), np.zeros(n, np.int64))
    cut.um = {name: np.full((n, 3), np.nan) for name in classical.names}
    for block in source.blocks():
        place = np.minimum(np.searchsorted(wanted[order], block.spike_ids), n - 1)
        here = np.flatnonzero(wanted[order[place]] == block.spike_ids)
        if not len(here):
            continue
        spikes, out = block.load(), order[place[here]]
        waveforms = classical.waveforms(spikes)
        cut.raw[out] = waveforms[here]
        cut.known[out], cut.channels[out] = True, spikes.channel_ids[here]
        for name, um in classical.positions(spikes, waveforms).items():
            cut.um[name][out] = um[here]
    return cut


class Components:
    """What most waveforms share: five components in time, the same on every contact; waveforms are added bit by bit."""

    def __init__(self, n_samples: int) -> None:
        self.n_waveforms = 0
        self._total = np.zeros(n_samples)
        self._products = np.zeros((n_samples, n_samples))
        self._known: tuple[int, FloatArray] = (0, np.zeros((n_samples, 0)))

    def add(self, waveforms: FloatArray) -> None:
        """Learn from waveforms, (n, n_slots, n_samples); those that are zero all over are no waveforms."""
        flat = waveforms.reshape(-1, waveforms.shape[2]).astype(np.float64)
        flat = flat[np.ptp(flat, axis=1) > 0]
        self.n_waveforms += len(flat)
        self._total += flat.sum(axis=0)
        self._products += flat.T @ flat

    def rebuild(self, waveforms: FloatArray) -> FloatArray:
        """Return waveforms, (n, n_slots, n_samples) float32, as the components make them; as they are before any."""
        if self.n_waveforms < 2:
            return waveforms.copy()
        mean, axes = self._total / self.n_waveforms, self._axes()
        flat = waveforms.reshape(-1, len(mean)).astype(np.float64)
        rebuilt = ((flat - mean) @ axes) @ axes.T + mean
        rebuilt[np.ptp(flat, axis=1) == 0] = 0
        return rebuilt.reshape(waveforms.shape).astype(np.float32)

    def _axes(self) -> FloatArray:
        """The components, (n_samples, 5), found anew when there are more waveforms."""
        if self._known[0] != self.n_waveforms:
            mean = self._total / self.n_waveforms
            spread = self._products - self.n_waveforms * np.outer(mean, mean)
            self._known = self.n_waveforms, np.linalg.eigh(spread)[1][:, -N_COMPONENTS:]
        return self._known[1]


def denoise(waveforms: FloatArray) -> FloatArray:
    """Return waveforms rebuilt from what most of them share.

    waveforms : (n, n_slots, n_samples) float32
    """
    components = Components(waveforms.shape[2])
    components.add(waveforms)
    return components.rebuild(waveforms)


def single(source: Source, row: int) -> Spikes | None:
    """Return one spike of a source with as little of the signal as it needs; None if its signal is not known.

    row : of the arrays of the source
    """
    if isinstance(source, RecordingSource):
        alone = replace(source, samples=source.samples[row : row + 1], channel_ids=source.channel_ids[row : row + 1])
        block = next(alone.blocks(), None)
        return None if block is None else block.load()
    assert isinstance(source, StoredSource)
    places = np.flatnonzero(np.asarray(source.waveforms.spike_ids) == row)
    if not len(places):
        return None
    waveforms, stored, _ = source.waveforms.part(int(places[0]), int(places[0]) + 1)
    channels = np.array([source.channel_ids[row]], dtype=np.int64)
    return StoredSpikes(waveforms, stored, channels, source.sample_rate, waveforms.shape[1] // 2)
