"""What the explorer shows of some spikes: their waveforms, and where each of several methods puts them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.localize.contacts import Contacts, nearest
from phy_medicine.compute.localize.job import make_localizer
from phy_medicine.compute.localize.localizers import Window
from phy_medicine.compute.localize.located import Located
from phy_medicine.compute.localize.settings import CENTRE, MONOPOLAR, LocalizeSettings
from phy_medicine.compute.localize.sources import RecordingSource, Source

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
    cut = _cut(source, wanted, contacts, sample_rate)
    denoised = denoise(cut.raw)
    shown = np.flatnonzero(cut.known)[:n]
    shown = shown[np.argsort(rows[shown], kind="stable")]
    um = {name: values[shown] for name, values in cut.um.items()}
    if located.name not in um:
        um = {located.name: located.um[rows[shown]], **um}
    before = shown_window(sample_rate).before
    table = nearest(contacts).channel_ids
    return Explored(
        rows[shown], table[cut.channels[shown]], cut.raw[shown], denoised[shown],
        np.ptp(cut.raw[shown], axis=2).max(axis=1, initial=0), um, cut.channels[shown], before,
    )  # fmt: skip


def shown_window(sample_rate: float) -> Window:
    """Return the samples of a waveform that are shown: three milliseconds, of which one is before the spike."""
    return Window.of(BEFORE_MS, AFTER_MS, sample_rate)


@dataclass(slots=True)
class _Cut:
    raw: FloatArray
    known: AnyArray
    channels: IntArray
    um: dict[str, FloatArray] = field(default_factory=dict)


def _cut(source: Source, wanted: IntArray, contacts: Contacts, sample_rate: float) -> _Cut:
    """Take waveforms and positions of the wanted spikes from a source, block by block."""
    table, window = nearest(contacts), shown_window(sample_rate)
    methods = {
        name: make_localizer(LocalizeSettings(method=name), contacts, sample_rate)[0] for name in (MONOPOLAR, CENTRE)
    }
    n, order = len(wanted), np.argsort(wanted, kind="stable")
    shape = (n, table.n_slots, window.before + window.after)
    cut = _Cut(np.zeros(shape, np.float32), np.zeros(n, bool), np.zeros(n, np.int64))
    cut.um = {name: np.full((n, 3), np.nan) for name in (*methods, PEAK)}
    for block in source.blocks():
        place = np.minimum(np.searchsorted(wanted[order], block.spike_ids), n - 1)
        here = np.flatnonzero(wanted[order[place]] == block.spike_ids)
        if not len(here):
            continue
        spikes, out = block.load(), order[place[here]]
        cut.raw[out] = np.nan_to_num(spikes.snippets(table, window.before, window.after))[here]
        cut.known[out], cut.channels[out] = True, spikes.channel_ids[here]
        for name, method in methods.items():
            cut.um[name][out] = method.solve(method.measure(spikes), spikes.channel_ids).um[here]
        largest = np.ptp(cut.raw[out], axis=2).argmax(axis=1)
        peaks = table.channel_ids[cut.channels[out], largest]
        cut.um[PEAK][out] = np.column_stack([contacts.positions_um[peaks], np.zeros(len(here))])
    return cut


def denoise(waveforms: FloatArray) -> FloatArray:
    """Return waveforms rebuilt from what most of them share: five components in time, the same on every contact.

    waveforms : (n, n_slots, n_samples) float32
    """
    n_samples = waveforms.shape[2]
    flat = waveforms.reshape(-1, n_samples).astype(np.float64)
    used = flat[np.ptp(flat, axis=1) > 0]
    if len(used) < 2:
        return waveforms.copy()
    mean = used.mean(axis=0)
    axes = np.linalg.eigh((used - mean).T @ (used - mean))[1][:, -N_COMPONENTS:]
    rebuilt = ((flat - mean) @ axes) @ axes.T + mean
    rebuilt[np.ptp(flat, axis=1) == 0] = 0
    return rebuilt.reshape(waveforms.shape).astype(np.float32)
