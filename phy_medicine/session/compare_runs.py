"""In what two runs of the store differ, in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from phy_medicine.base.types import AnyArray
from phy_medicine.io.store import Store
from phy_medicine.io.store_runs import Comparison

_LONGEST = 60
_LEFT_OUT = ("started", "finished")


def comparison_text(store: Store, first_id: str, second_id: str) -> str:
    """Return lines of text: settings, inputs, arrays; of motions also how far apart the curves are.

    Raises
    ------
    StoreError : a run does not exist, or they are of two kinds
    """
    found = store.compare(first_id, second_id)
    a, b = found.first, found.second
    lines = [f"{'':<28}{a.name:<24}{b.name}", f"{'made':<28}{a.created[:19]:<24}{b.created[:19]}"]
    lines += _pairs("Settings", found.params) or ["", "Settings: the same"]
    same = "the very same data" if found.same_inputs else f"different data ({', '.join(found.inputs)})"
    lines += ["", f"Computed from {same}"]
    lines += _pairs(
        "Facts", {name: pair for name, pair in found.facts.items() if name not in _LEFT_OUT and _is_short(pair)}
    )
    if a.kind == "motion":
        lines += ["", *_motions(store.read(a.id), store.read(b.id))]
    return "\n".join([*lines, "", "Arrays", *_arrays(found)])


def _pairs(title: str, values: Any) -> list[str]:
    if not values:
        return []
    return ["", title, *(f"  {name:<26}{_text(x):<24}{_text(y)}" for name, (x, y) in values.items())]


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _is_short(pair: tuple[Any, Any]) -> bool:
    return all(len(_text(value)) <= _LONGEST for value in pair)


def _arrays(found: Comparison) -> list[str]:
    lines = []
    for name, difference in found.arrays.items():
        if difference.rms is None:
            shapes = ["absent" if s is None else f"({', '.join(map(str, s))})" for s in difference.shapes]
            lines.append(f"  {name:<26}{shapes[0]:<24}{shapes[1]}")
        elif difference.largest == 0:
            lines.append(f"  {name:<26}identical")
        else:
            unit = found.first.units.get(name, "")
            lines.append(
                f"  {name:<26}rms difference {difference.rms:.4g} {unit}, largest {difference.largest:.4g} {unit}"
            )
    return lines


def _motions(first: dict[str, AnyArray], second: dict[str, AnyArray]) -> list[str]:
    """How far apart two motions are, on the grid of the first."""
    from phy_medicine.compute.motion.motion import Motion

    a, b = Motion.from_arrays(first), Motion.from_arrays(second)
    times, depths = np.meshgrid(a.temporal_bins_s, a.spatial_bins_um, indexing="ij")
    x, y = a.at(times.ravel(), depths.ravel()), b.at(times.ravel(), depths.ravel())
    apart = np.abs((x - y) - np.median(x - y))
    median, high = np.percentile(apart, [50, 95])
    ranges = [float(np.ptp(m.displacement)) for m in (a, b)]
    return [
        f"Curves are apart by {median:.2f} µm (median), {high:.2f} µm (95th percentile)",
        f"  {'range of the motion':<26}{f'{ranges[0]:.1f} µm':<24}{ranges[1]:.1f} µm",
    ]
