"""Channels that would only harm a sorting: dead ones, noisy ones, and those outside of the brain.

Source: International Brain Laboratory 2022, Spike sorting pipeline for the IBL, figshare 19705522, of the three kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import BoolArray, FloatArray, IntArray
from phy_medicine.compute.filtered_recording import Recorded
from phy_medicine.compute.sorting.result import SortedChannels

AUTO, NONE = "auto", "none"
N_STRETCHES, STRETCH_S = 25, 0.2
DEAD = 0.1
"""Of the median standard deviation."""
NOISY, LEAST_TIMES = 5.0, 4.0
"""Median absolute deviations, of the logarithm of the power at high frequencies; and how many times the median it is at
least, for the channels of some probes differ by very little."""
HIGH = 0.8
"""Of half the sample rate: from there on frequencies are high."""
OUTSIDE, LEAST_COHERENCE = 0.25, 0.3
"""Of the median coherence with the neighbours; where that is small itself, nothing can be told."""
N_NEIGHBOURS = 8
BY_HAND = "left out by hand"


@dataclass(frozen=True, slots=True)
class ChannelLooks:
    """What tells bad channels, of the signal before any filter; (N,) float64 each.

    deviations : standard deviation, unit of the recording
    high_power : power at high frequencies
    coherence : correlation with the mean of the nearest channels
    """

    deviations: FloatArray
    high_power: FloatArray
    coherence: FloatArray

    @classmethod
    def of(cls, recording: Recorded, channels: SortedChannels) -> ChannelLooks:
        """Look at stretches spread over a recording."""
        nearest = _nearest(channels)
        length = max(2, min(round(STRETCH_S * recording.sample_rate), recording.n_samples))
        starts = np.unique(np.linspace(0, recording.n_samples - length, N_STRETCHES).astype(int)).tolist()
        parts = [_looks_of(recording.read(s, s + length)[:, channels.map], nearest) for s in starts]
        return cls(*(np.median(values, axis=0) for values in zip(*parts, strict=True)))


def bad_channels(looks: ChannelLooks, channels: SortedChannels) -> dict[int, str]:
    """Return column of the file -> reason, of the channels that should be left out."""
    usual = float(np.median(looks.deviations))
    dead = looks.deviations < DEAD * usual
    noisy = ~dead & _is_noisy(looks.high_power, dead)
    outside = _is_outside(looks.coherence, channels, dead | noisy)
    power, coherence = np.median(looks.high_power), np.median(looks.coherence)
    out = {}
    for n, column in enumerate(channels.map.tolist()):
        if dead[n]:
            out[column] = f"dead: it varies {looks.deviations[n] / usual:.1%} as much as the median channel"
        elif noisy[n]:
            out[column] = f"noisy: {looks.high_power[n] / power:,.0f} times the usual power at high frequencies"
        elif outside[n]:
            out[column] = (
                f"outside of the brain: correlation {looks.coherence[n]:.2f} with its neighbours, "
                f"where {coherence:.2f} is usual"
            )
    return out


def good_channels(recording: Recorded, channels: SortedChannels, choice: str = AUTO) -> SortedChannels:
    """Return the channels that are worth sorting; those left out are in `left_out`, with the reason.

    choice : as the setting `bad_channels` has it

    Raises
    ------
    PhyMedError : a choice that says nothing, of a channel that the probe does not have, or that leaves out all
    """
    automatic, dropped, kept = parse_choice(choice)
    unknown = sorted((dropped | kept) - set(channels.map.tolist()))
    if unknown:
        raise PhyMedError(f"bad_channels names channel {unknown[0]}, which is not one of the probe's.")
    found = bad_channels(ChannelLooks.of(recording, channels), channels) if automatic else {}
    reasons = {column: why for column, why in found.items() if column not in kept} | dict.fromkeys(dropped, BY_HAND)
    return without(channels, reasons)


def without(channels: SortedChannels, reasons: Mapping[int, str]) -> SortedChannels:
    """Return channels without some, column of the file -> reason.

    Raises
    ------
    PhyMedError : none is left
    """
    stays = ~np.isin(channels.map, list(reasons))
    if not stays.any():
        raise PhyMedError("All channels of the probe would be left out; set bad_channels to those that really are bad.")
    left_out = dict(channels.left_out) | dict(sorted(reasons.items()))
    return SortedChannels(channels.map[stays], channels.positions[stays], channels.shanks[stays], left_out)


def parse_choice(choice: str) -> tuple[bool, set[int], set[int]]:
    """Return whether bad channels are looked for, which others to leave out, and which to keep.

    Raises
    ------
    PhyMedError : it cannot be understood
    """
    automatic, dropped, kept = False, set[int](), set[int]()
    for part in filter(None, (p.strip() for p in choice.split(","))):
        first, dash, last = part.removeprefix("-").partition("-")
        if part in (AUTO, NONE):
            automatic = part == AUTO
        elif first.isdecimal() and (last.isdecimal() or not dash):
            columns = range(int(first), int(last or first) + 1)
            (kept if part.startswith("-") else dropped).update(columns)
        else:
            raise PhyMedError(
                f"{part!r} in bad_channels is no channel; write auto, none, numbers such as 3, 17-20, or -7 to keep 7."
            )
    return automatic, dropped - kept, kept


def _looks_of(part: FloatArray, nearest: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Standard deviation, power at high frequencies, and coherence, of a stretch (n_samples, N)."""
    signal = part.T.astype(np.float32)
    signal -= signal.mean(axis=1, keepdims=True)
    deviations = signal.std(axis=1)
    spectrum = np.fft.rfft(signal, axis=1)[:, int(HIGH * (signal.shape[1] // 2)) :]
    power = np.square(np.abs(spectrum)).mean(axis=1) / signal.shape[1]
    around = np.stack([signal[row[row >= 0]].mean(axis=0) if (row >= 0).any() else 0 * signal[0] for row in nearest])
    size = deviations * around.std(axis=1)
    coherence = np.where(size > 0, (signal * around).mean(axis=1) / np.where(size > 0, size, 1), 0)
    return deviations, power, coherence


def _nearest(channels: SortedChannels) -> IntArray:
    """The nearest other channels of each on its shank, (N, n), -1 for none."""
    away = np.linalg.norm(channels.positions[:, None] - channels.positions, axis=2)
    away[channels.shanks[:, None] != channels.shanks] = np.inf
    np.fill_diagonal(away, np.inf)
    order = np.argsort(away, axis=1, kind="stable")[:, :N_NEIGHBOURS]
    return np.where(np.isfinite(np.take_along_axis(away, order, axis=1)), order, -1)


def _is_noisy(power: FloatArray, dead: BoolArray) -> BoolArray:
    size = np.log(np.maximum(power, np.finfo(np.float32).tiny))
    middle = np.median(size[~dead])
    spread = np.median(np.abs(size[~dead] - middle))
    return np.asarray(size - middle > max(NOISY * spread, np.log(LEAST_TIMES)))


def _is_outside(coherence: FloatArray, channels: SortedChannels, bad: BoolArray) -> BoolArray:
    """The uppermost channels of a shank that have nothing in common with their neighbours."""
    usual = float(np.median(coherence[~bad])) if (~bad).any() else 0.0
    out = np.zeros(len(coherence), bool)
    if usual < LEAST_COHERENCE:
        return out
    alone = coherence < OUTSIDE * usual
    for shank in np.unique(channels.shanks):
        members = np.flatnonzero(channels.shanks == shank)
        downwards = members[np.argsort(-channels.positions[members, 1], kind="stable")]
        inside = np.flatnonzero(~(alone | bad)[downwards])
        out[downwards[: inside[0] if inside.size else None]] = True
    return out & alone
