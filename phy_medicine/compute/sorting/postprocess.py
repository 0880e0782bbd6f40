"""From what a sorter found to units with a label: duplicates out, mixtures apart, parts together, all measured."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.sorting.draft import Draft, in_memory
from phy_medicine.compute.sorting.duplicates import without_duplicates, without_own_duplicates
from phy_medicine.compute.sorting.labels import NOISE, label_units, shank_spread
from phy_medicine.compute.sorting.merges import MergePool, Suggestion
from phy_medicine.compute.sorting.post_settings import PostSettings
from phy_medicine.compute.sorting.splits import find_split, split_unit
from phy_medicine.compute.sorting.unit import Unit
from phy_medicine.compute.sorting.unit_metrics import unit_metrics

DUPLICATE = "most of its spikes are those of unit"
Told = Callable[[float, str], object]


def postprocess(
    draft: Draft,
    settings: PostSettings | None = None,
    progress: Told = lambda fraction, message: None,
    empty: Callable[[tuple[int, ...]], FloatArray] = in_memory,
) -> tuple[Draft, dict[str, AnyArray], tuple[Suggestion, ...]]:
    """Decide what the units of a sorting are.

    Parameters
    ----------
    draft : its features may be in a file: those of one unit are in memory at a time
    progress : called with the fraction done and a line of text
    empty : makes the array for the features of the result, (n, P, C) float32, for example in a file

    Returns
    -------
    draft : with the units in the order of depth. Duplicate spikes are gone; a unit that is a duplicate or noise keeps
        its spikes
    table : name -> (K,) array, what `unit_metrics` measures and `label`, `reason` and `bimodality`, of units that may
        be two; in `reason` is also what was done
    suggested : pairs of units that may be one, the best first
    """
    settings = settings or PostSettings()
    if not len(draft.templates):
        return draft, {name: np.zeros(0, np.str_) for name in ("label", "reason")}, ()
    progress(0.0, "Looking for spikes found twice")
    stronger: dict[int, IntArray] = {}
    units = _singles(draft.units(), draft, settings, stronger)
    progress(0.2, "Taking mixtures apart")
    parts = [part for unit in units for part in _parts(unit, draft, settings)]
    # A part may turn out to be what is left of a larger unit.
    units = parts if len(parts) == len(units) else _singles(parts, draft, settings, stronger)
    progress(0.5, "Joining units")
    pool = MergePool(units, draft.sample_rate, draft.n_samples, settings, draft.feature_shapes)
    pool.merge()
    units = [without_own_duplicates(u, draft.sample_rate, settings) if not u.rejected else u for u in pool.left()]
    progress(0.8, "Measuring units")
    table = unit_metrics(draft, units, settings)
    order = np.argsort(table["depth_um"], kind="stable")
    units = [units[k] for k in order]
    table = {name: values[order] for name, values in table.items()}
    table |= _labels(draft, units, table, settings, _places(stronger, units, len(draft.spikes.times)))
    place = [int(k) for k in np.argsort(order)]
    suggested = tuple(
        (min(place[i], place[j]), max(place[i], place[j]), score, words) for i, j, score, words in pool.suggested()
    )
    progress(1.0, f"{len(units)} units, {int((table['label'] == 'good').sum())} of them good")
    return draft.with_units(units, empty), table, suggested


def measured(draft: Draft, settings: PostSettings | None = None) -> dict[str, AnyArray]:
    """Measure and label the units of a sorting as they are; the table as of `postprocess`."""
    settings = settings or PostSettings()
    units = draft.units()
    table = unit_metrics(draft, units, settings)
    return table | _labels(draft, units, table, settings, {})


def _singles(units: list[Unit], draft: Draft, settings: PostSettings, stronger: dict[int, IntArray]) -> list[Unit]:
    """Units without duplicates; those that are one are rejected.

    stronger : first spike of each of these -> spikes of the unit that it is a duplicate of; added to
    """
    out = list(units)
    rows = [k for k, unit in enumerate(units) if not unit.rejected]
    for k, single in zip(rows, without_duplicates([units[k] for k in rows], draft.sample_rate, settings), strict=True):
        out[k] = single.unit
        if single.duplicate_of >= 0:
            stronger[int(single.unit.rows[0])] = units[rows[single.duplicate_of]].rows
            out[k] = single.unit.told(rejected=DUPLICATE)
    return out


def _places(stronger: dict[int, IntArray], units: list[Unit], n_spikes: int) -> dict[int, int]:
    """Which unit each duplicate is one of, both by their places in the end."""
    owner = np.full(n_spikes, -1)
    for k, unit in enumerate(units):
        owner[unit.rows] = k
    return {
        int(owner[first]): int(np.bincount(owner[rows][owner[rows] >= 0]).argmax()) for first, rows in stronger.items()
    }


def _parts(unit: Unit, draft: Draft, settings: PostSettings) -> list[Unit]:
    if unit.rejected:
        return [unit]
    return split_unit(unit, draft.feature_shapes, draft.sample_rate, draft.n_samples, settings)


def _labels(
    draft: Draft, units: list[Unit], table: dict[str, AnyArray], settings: PostSettings, stronger: dict[int, int]
) -> dict[str, AnyArray]:
    """Columns of what the units are and why."""
    labels, reasons = label_units(table, _waveforms(draft, units), _shank_spreads(draft, table), settings)
    depths = [_kinds(u, draft, settings) for u in units]
    for k, unit in enumerate(units):
        if unit.rejected:
            labels[k], reasons[k] = NOISE, f"{unit.rejected} {stronger[k]}"
        two = ("may be two units",) if depths[k] else ()
        reasons[k] = "; ".join((reasons[k], *two, *unit.history))
    return {
        "label": np.array(labels, dtype=np.str_), "reason": np.array(reasons, dtype=np.str_),
        "bimodality": np.array(depths),
    }  # fmt: skip


def _waveforms(draft: Draft, units: list[Unit]) -> FloatArray:
    """The waveform of the largest channel of each unit, in the unit of the recording, (K, D)."""
    waveforms = [draft.whitening.inverse @ unit.template for unit in units]
    return np.array([w[np.abs(w).max(axis=1).argmax()] for w in waveforms])


def _shank_spreads(draft: Draft, table: dict[str, AnyArray]) -> FloatArray:
    """How far a signal alike on all channels of each unit's shank is spread, (K,), um."""
    shanks = np.asarray(draft.channels.shanks)
    spreads = {shank: shank_spread(draft.channels.positions[shanks == shank]) for shank in np.unique(shanks)}
    return np.array([spreads[shank] for shank in table["shank"]])


def _kinds(unit: Unit, draft: Draft, settings: PostSettings) -> float:
    """How bimodal a unit is; of those that were joined it is not known yet."""
    if unit.rejected:
        return 0.0
    if not isnan(unit.bimodality):
        return unit.bimodality
    found = find_split(unit, draft.sample_rate, draft.n_samples, settings)
    return 0.0 if found is None else found.depth
