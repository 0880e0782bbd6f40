"""One unit of a sorting that is being made, with its spikes, and units joined and taken apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from phy_medicine.base.types import AnyArray, BoolArray, FloatArray, IntArray
from phy_medicine.compute.pairs.template_pairs import shifted


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """Spikes in the order of time, and the template that they are multiples of.

    template : (N, D) float32, norm 1
    times : (n,) int64, samples; amplitudes, gains, residuals : (n,) float32, as of `SortedSpikes`
    rows : (n,) int64, which of the spikes it was made from each is
    source : (n_all, P, C) float32, features of all spikes it was made from; it may be in a file
    relaid : (n, P, C) float32, features of a unit that was joined; None for those of the source
    channels : (C,) of the features, -1 for none; None without features
    history : what was done with it, in words; rejected : why it is no unit, or ""
    bimodality : of its spikes, 0 for one kind; NaN before it is looked at
    """

    template: FloatArray
    times: IntArray
    amplitudes: FloatArray
    gains: FloatArray
    residuals: FloatArray
    rows: IntArray
    source: FloatArray | None = None
    relaid: FloatArray | None = None
    channels: IntArray | None = None
    history: tuple[str, ...] = ()
    rejected: str = ""
    bimodality: float = float("nan")

    def __len__(self) -> int:
        return len(self.times)

    @property
    def has_features(self) -> bool:
        """Whether there are features of the spikes."""
        return self.channels is not None and (self.source is not None or self.relaid is not None)

    @property
    def features(self) -> FloatArray:
        """Features on `channels`, (n, P, C) float32; read or copied each time."""
        if self.relaid is not None:
            return self.relaid
        assert self.source is not None
        return np.asarray(self.source[self.rows], np.float32)

    @property
    def strength(self) -> float:
        """Median amplitude, 0 without spikes."""
        return float(np.median(self.amplitudes)) if len(self) else 0.0

    def kept(self, keep: BoolArray | IntArray) -> Unit:
        """Return the unit with a part of its spikes, a mask or ascending rows."""
        relaid = None if self.relaid is None else self.relaid[keep]
        return replace(
            self, times=self.times[keep], amplitudes=self.amplitudes[keep], gains=self.gains[keep],
            residuals=self.residuals[keep], rows=self.rows[keep], relaid=relaid,
        )  # fmt: skip

    def told(self, *words: str, rejected: str = "") -> Unit:
        """Return the unit with more words on what was done with it."""
        return replace(self, history=self.history + words, rejected=rejected or self.rejected)

    def on(self, channels: IntArray, shapes: FloatArray) -> FloatArray:
        """Return features on other channels, (n, P, C'); where there are none, those of the template.

        shapes : (P, D)
        """
        assert self.channels is not None
        own = self.features
        out = np.zeros((len(self), len(shapes), len(channels)), np.float32)
        slot_of = {int(c): slot for slot, c in enumerate(self.channels) if c >= 0}
        for slot, channel in enumerate(channels):
            if channel < 0:
                continue
            if int(channel) in slot_of:
                out[:, :, slot] = own[:, :, slot_of[int(channel)]]
            else:
                out[:, :, slot] = self.amplitudes[:, None] * (shapes @ self.template[channel])
        return out


def shared_features(
    first: Unit, second: Unit, lag: int = 0, shapes: FloatArray | None = None
) -> tuple[FloatArray, FloatArray] | None:
    """Return the features of two units on the channels that both have, (n, P, C'); None without any.

    lag, shapes : as of `joined`
    """
    if not (first.has_features and second.has_features):
        return None
    assert first.channels is not None and second.channels is not None
    common, slots, others = np.intersect1d(first.channels, second.channels, return_indices=True)
    real = common >= 0
    if not real.any():
        return None
    its = second.features[:, :, others[real]]
    return first.features[:, :, slots[real]], its if shapes is None else _shift_features(its, shapes, lag)


def joined(first: Unit, second: Unit, lag: int, shapes: FloatArray | None = None) -> Unit:
    """Return two units as one, on the channels of the one with more spikes and in its time.

    Parameters
    ----------
    lag : how much later the second has the waveform of the first in its window, samples
    shapes : (P, D), of the features; without them the result has no features
    """
    if len(second) > len(first):
        first, second, lag = second, first, -lag
    moved = shifted(second.template, lag)
    template = first.amplitudes.sum() * first.template + second.amplitudes.sum() * moved
    norm = float(np.linalg.norm(template))
    template = (template / norm if norm > 0 else first.template).astype(np.float32)
    scales = float((first.template * template).sum()), float((moved * template).sum())
    times = np.concatenate([first.times, second.times + lag])
    order = np.lexsort((np.arange(len(times)), times))

    def both(a: AnyArray, b: AnyArray) -> AnyArray:
        return np.concatenate([a, b])[order]

    features = None
    if shapes is not None and first.has_features and first.channels is not None:
        features = both(first.features, _shift_features(second.on(first.channels, shapes), shapes, lag))
    return Unit(
        template, times[order], both(scales[0] * first.amplitudes, scales[1] * second.amplitudes).astype(np.float32),
        both(first.gains, second.gains), both(first.residuals, second.residuals), both(first.rows, second.rows),
        None, features, None if features is None else first.channels, first.history + second.history,
        first.rejected or second.rejected,
    )  # fmt: skip


def _shift_features(features: FloatArray, shapes: FloatArray, lag: int) -> FloatArray:
    """Features of waveforms moved `lag` samples to the front of the window, as far as the shapes hold them."""
    return features if lag == 0 else np.einsum("npc,pq->nqc", features, shifted(shapes, lag) @ shapes.T)


def parted(unit: Unit, second: BoolArray, shapes: FloatArray) -> tuple[Unit, Unit]:
    """Return two units of the spikes of one, each with the template that its features have in the mean.

    second : (n,) bool, the spikes of the second
    """
    assert unit.channels is not None
    parts = []
    features = unit.features
    whole = features.mean(axis=0)
    real = unit.channels >= 0
    for mask in (~second, second):
        part = unit.kept(mask)
        change = (features[mask].mean(axis=0) - whole)[:, real].T @ shapes
        mean = float(unit.amplitudes.mean()) * unit.template
        mean[unit.channels[real]] += change
        norm = float(np.linalg.norm(mean))
        scale = norm / max(float(part.amplitudes.mean()), 1e-12)
        template = (mean / max(norm, 1e-12)).astype(np.float32)
        parts.append(replace(part, template=template, amplitudes=(scale * part.amplitudes).astype(np.float32)))
    return parts[0], parts[1]


def units_of(
    templates: FloatArray, times: IntArray, units: IntArray, amplitudes: FloatArray, **more: AnyArray | None
) -> list[Unit]:
    """Return the units of spikes in the order of time, a unit for each template.

    Parameters
    ----------
    templates : (K, N, D), norm 1; times, units, amplitudes : (n,)
    more : gains, residuals : (n,); features : (n, P, C) with channels : (K, C). Without, gains are amplitude² / 2
    """
    amplitudes = np.asarray(amplitudes, np.float32)
    gains = np.asarray(more.get("gains", amplitudes**2 / 2), np.float32)
    residuals = np.asarray(more.get("residuals", np.zeros_like(amplitudes)), np.float32)
    features, channels = more.get("features"), more.get("channels")
    order = np.lexsort((np.asarray(times), np.asarray(units)))
    ends = np.searchsorted(np.asarray(units)[order], np.arange(len(templates) + 1))
    out = []
    for k, template in enumerate(np.asarray(templates, np.float32)):
        rows = order[ends[k] : ends[k + 1]]
        out.append(
            Unit(
                template, np.asarray(times, np.int64)[rows], amplitudes[rows], gains[rows], residuals[rows], rows,
                features, None, None if channels is None else channels[k],
            )
        )  # fmt: skip
    return out


def spikes_of(units: list[Unit], like: str) -> AnyArray:
    """Return a value of all spikes, `times` or another field of `Unit`, or `units`, in the order of time and unit."""
    numbers, order = _numbered(units)
    if like == "units":
        return numbers[order]
    return np.concatenate([getattr(u, like) for u in units])[order] if units else np.zeros(0)


def features_into(units: list[Unit], out: FloatArray) -> None:
    """Write the features of all spikes, (n, P, C), in the order of time and unit; those of one unit are in memory."""
    place = np.empty(len(out), np.int64)
    place[_numbered(units)[1]] = np.arange(len(out))
    start = 0
    for unit in units:
        out[place[start : start + len(unit)]] = unit.features
        start += len(unit)


def _numbered(units: list[Unit]) -> tuple[IntArray, IntArray]:
    """The unit of each spike, one unit after the other, and the order of time and unit."""
    numbers = np.repeat(np.arange(len(units)), [len(u) for u in units]).astype(np.int32)
    times = np.concatenate([u.times for u in units]) if units else np.zeros(0, np.int64)
    return numbers, np.lexsort((numbers, times))
