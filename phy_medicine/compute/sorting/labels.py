"""Good units, units of several neurons, and noise; with the reason for each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.sorting.post_settings import PostSettings

GOOD, MUA, NOISE = "good", "mua", "noise"
LEAST_SPAN_UM = 200.0
"""Extent of a shank, below which a neuron may be seen on all of it."""
_LOBE = 0.3
"""Height of a deflection that counts, of the largest."""
_MOST_LOBES = 4
_LEAST_PEAK = 0.05
_MOST_AT_EDGE = 0.5


def label_unit(row: Mapping[str, float], shape: str, settings: PostSettings) -> tuple[str, str]:
    """Return label and reason of a unit.

    Parameters
    ----------
    row : what `unit_metrics` measured, and `shank_spread_um`, the spread of a signal alike on the whole shank, NaN
        where a neuron may be that large
    shape : why its waveform is not that of a neuron, or ""
    """
    against = [shape] if shape else []
    if row["rate_hz"] < settings.noise_rate_hz:
        against.append(f"fires at {row['rate_hz']:.3f} Hz")
    if row["spread_um"] > settings.noise_spread * row["shank_spread_um"]:
        against.append(f"spread over {row['spread_um']:.0f} µm, the whole shank")
    if against:
        return NOISE, ", ".join(against)
    checks = [
        # Of few spikes one pair is a large part of those expected: a unit is not impure before that is sure.
        (row["contamination_low"] < settings.good_contamination, f"contamination {row['contamination']:.2f}"),
        (row["snr"] > settings.good_snr, f"signal to noise {row['snr']:.1f}"),
        (row["n_spikes"] >= settings.good_spikes, f"{row['n_spikes']:.0f} spikes"),
        (row["presence_ratio"] > settings.good_presence, f"there {row['presence_ratio']:.0%} of the time"),
    ]
    short = [words for passed, words in checks if not passed]
    return (MUA, ", ".join(short)) if short else (GOOD, ", ".join(words for _, words in checks[:2]))


def label_units(
    table: Mapping[str, AnyArray], waveforms: FloatArray, shank_spreads: FloatArray, settings: PostSettings
) -> tuple[list[str], list[str]]:
    """Return labels and reasons.

    Parameters
    ----------
    table : as of `unit_metrics`; waveforms : (K, D), of the largest channel; shank_spreads : (K,), um
    """
    found = []
    for k, waveform in enumerate(waveforms):
        row = {name: values[k] for name, values in table.items()}
        found.append(label_unit({**row, "shank_spread_um": shank_spreads[k]}, not_neuronal(waveform), settings))
    return [label for label, _ in found], [reason for _, reason in found]


def not_neuronal(waveform: FloatArray) -> str:
    """Return why a waveform, (D,), is not that of a neuron: a trough with a peak beside, or reversed; "" if it may."""
    height = float(np.abs(waveform).max(initial=0))
    if not height > 0:
        return "no waveform"
    large = np.where(np.abs(waveform) >= _LOBE * height, np.sign(waveform), 0)
    signs = large[large != 0]
    n_lobes = 1 + int((signs[1:] != signs[:-1]).sum())
    if max(abs(float(waveform[0])), abs(float(waveform[-1]))) > _MOST_AT_EDGE * height:
        return "its waveform does not end within the window"
    if n_lobes > _MOST_LOBES:
        return f"its waveform swings {n_lobes} times"
    sign = np.sign(waveform[np.abs(waveform).argmax()])
    return "" if (-sign * waveform).max() > _LEAST_PEAK * height else "no peak beside the trough"


def shank_spread(positions: FloatArray) -> float:
    """Return the spread of a signal that is alike on all channels of a shank; NaN on a short one.

    positions : (n, 2), um
    """
    if len(positions) < 2 or float(np.ptp(positions, axis=0).max()) < LEAST_SPAN_UM:
        return float("nan")
    return float(np.sqrt(((positions - positions.mean(axis=0)) ** 2).sum(axis=1).mean()))
