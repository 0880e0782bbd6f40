"""The units of a report, read from the sorted dataset, and a small picture of each, drawn as SVG.

A picture of matplotlib takes 0.15 s and 30 KB; one of these 1 ms and some KB, so three hundred units are no matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, LabelValue
from phy_medicine.compute.correlogram import correlogram
from phy_medicine.compute.pipeline.report_figures import COLORS
from phy_medicine.io.model import Model
from phy_medicine.io.open_model import open_model

ORDER = ("good", "mua", "", "noise")
ACG_MS, ACG_BIN_MS = 50.0, 1.0
N_CHANNELS = 12
N_DOTS = 250
_WIDE, _HIGH = 330, 140


@dataclass(frozen=True, slots=True)
class ReportUnit:
    """A unit and what is shown of it.

    facts : column -> value, of the tables of the dataset
    place_um : x and depth
    amplitude : peak to peak of the template on its largest channel, unit of the raw file
    svg : its picture
    """

    id: int
    label: str
    n_spikes: int
    rate_hz: float
    place_um: tuple[float, float]
    amplitude: float
    facts: Mapping[str, LabelValue]
    svg: str


@dataclass(frozen=True, slots=True)
class ReportUnits:
    """All units, good ones first, each kind by depth; and the places of the channels, (n_channels, 2) µm."""

    units: Sequence[ReportUnit]
    positions_um: FloatArray


def read_units(params_py: Path) -> ReportUnits:
    """Read the units of a sorted dataset and draw each.

    Raises
    ------
    DatasetError : it cannot be opened
    """
    model = open_model(params_py)
    fields = model.metadata.fields
    labels = fields.get("group") or fields.get("KSLabel") or {}
    order = np.argsort(model.spike_clusters, kind="stable")
    ids, starts = np.unique(model.spike_clusters[order], return_index=True)
    units = []
    for unit_id, rows in zip(ids.tolist(), np.split(order, starts[1:]), strict=True):
        facts = {name: values[unit_id] for name, values in fields.items() if unit_id in values}
        units.append(_unit(model, unit_id, rows, str(labels.get(unit_id, "")), facts))
    units.sort(key=lambda unit: (ORDER.index(unit.label) if unit.label in ORDER else 2, -unit.place_um[1]))
    return ReportUnits(units, model.channel_positions)


def _unit(model: Model, unit_id: int, rows: IntArray, label: str, facts: Mapping[str, LabelValue]) -> ReportUnit:
    samples = np.asarray(model.spike_samples[rows], np.int64)
    amplitudes = model.amplitudes[rows] if model.amplitudes is not None else np.ones(len(rows))
    template = int(np.bincount(model.spike_templates[rows]).argmax())
    found = model.template(template)
    waveforms = found.data * np.float32(np.median(amplitudes))
    heights = np.ptp(waveforms, axis=0)
    positions = model.channel_positions[found.channel_ids]
    place = np.average(positions, axis=0, weights=heights.astype(np.float64) ** 2 + 1e-12)
    known = [facts.get(name, place[k]) for k, name in enumerate(("x_um", "depth_um"))]
    color = COLORS.get(label, COLORS[""])
    times = samples / model.sample_rate
    largest = np.argsort(-heights, kind="stable")[:N_CHANNELS]
    parts = [
        _template_svg(waveforms[:, largest], positions[largest], color),
        _acg_svg(samples, model.sample_rate, color),
        _amplitudes_svg(times, amplitudes * heights.max() / max(np.median(amplitudes), 1e-12), model.duration_s, color),
    ]
    svg = f'<svg viewBox="0 0 {_WIDE} {_HIGH}" role="img">{"".join(parts)}</svg>'
    where = (float(known[0]), float(known[1]))
    return ReportUnit(
        unit_id, label if label in COLORS else "", len(rows), len(rows) / model.duration_s, where,
        float(heights.max(initial=0)), facts, svg,
    )  # fmt: skip


def _path(x: FloatArray, y: FloatArray) -> str:
    """A line through points."""
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))


def _template_svg(waveforms: FloatArray, positions: FloatArray, color: str) -> str:
    """The template on its largest channels, where they are on the probe: 110 wide."""
    left, wide, top, high = 4.0, 102.0, 10.0, _HIGH - 24.0
    columns, ranks = (_steps(positions[:, k]) for k in (0, 1))
    n_columns, n_rows = columns.max() + 1, ranks.max() + 1
    cell, step = wide / n_columns, high / n_rows
    scale = 0.9 * min(2.2 * step, high) / max(float(np.ptp(waveforms)), 1e-12)
    x = np.linspace(0, 0.86 * cell, len(waveforms))
    lines = []
    for waveform, column, rank in zip(waveforms.T, columns, ranks, strict=True):
        middle = top + high - (rank + 0.5) * step
        lines.append(_path(left + column * cell + x, middle - scale * waveform))
    return f'<path d="{"".join(lines)}" fill="none" stroke="{color}" stroke-width="1.1" stroke-linejoin="round"/>'


def _steps(values: FloatArray) -> IntArray:
    """Places in order, 0 for the least."""
    return np.unique(np.round(values, 1), return_inverse=True)[1].ravel()


def _acg_svg(samples: IntArray, sample_rate: float, color: str) -> str:
    """The autocorrelogram: 100 wide."""
    left, wide, base, high = 122.0, 92.0, _HIGH - 16.0, _HIGH - 26.0
    counts = correlogram(samples, sample_rate=sample_rate, bin_s=ACG_BIN_MS / 1e3, window_s=2 * ACG_MS / 1e3)
    heights = high * counts / max(int(counts.max()), 1)
    step = wide / len(counts)
    x = left + step * np.arange(len(counts))
    bars = "".join(f"M{a:.2f} {base}V{base - h:.1f}H{a + step:.2f}V{base}" for a, h in zip(x, heights, strict=True))
    middle = left + wide / 2
    return (
        f'<path d="{bars}Z" fill="{color}" opacity="0.75"/><path d="M{left} {base}H{left + wide}" class="axis"/>'
        f'<text x="{middle}" y="{_HIGH - 4}" text-anchor="middle">± {ACG_MS:.0f} ms</text>'
    )


def _amplitudes_svg(times: FloatArray, amplitudes: FloatArray, duration_s: float, color: str) -> str:
    """Amplitudes over time: 100 wide."""
    left, wide, base, high = 232.0, 94.0, _HIGH - 16.0, _HIGH - 26.0
    some = np.unique(np.linspace(0, len(times) - 1, N_DOTS).astype(np.int64))
    top = max(float(np.quantile(amplitudes, 0.999)) * 1.05, 1e-12)
    x = left + wide * times[some] / duration_s
    y = base - high * np.clip(amplitudes[some] / top, 0, 1)
    dots = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(x, y, strict=True))
    return (
        f'<path d="{dots}" stroke="{color}" stroke-width="2" stroke-linecap="round" opacity="0.5"/>'
        f'<path d="M{left} {base}H{left + wide}" class="axis"/>'
        f'<text x="{left + wide / 2}" y="{_HIGH - 4}" text-anchor="middle">0 to {duration_s:,.0f} s</text>'
    )
