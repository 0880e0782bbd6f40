"""The report of a run: one HTML file with everything in it, for people."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.types import LabelValue
from phy_medicine.compute.pipeline import report_figures as figures
from phy_medicine.compute.pipeline.page import page, section, tile
from phy_medicine.compute.pipeline.report_units import ReportUnit, ReportUnits, read_units
from phy_medicine.compute.pipeline.settings import PipelineSettings
from phy_medicine.io.durable import replace_file

REPORT = "report.html"
COLUMNS: Mapping[str, tuple[str, str]] = {
    "snr": ("SNR", ".1f"),
    "contamination": ("Contamination", ".3f"),
    "presence_ratio": ("Presence", ".0%"),
    "amplitude_cutoff": ("Missed", ".0%"),
    "drift_um": ("Drift, µm", ".0f"),
    "reason": ("Why", ""),
}
"""Column of the dataset -> its head, and how a value is written."""


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """What a report is made of.

    recording : name -> value, of the recording, for people
    stages : stage -> what is known of its result
    timings : stage -> how long it took, and where
    notes : sentences that a reader should see
    dataset : `params.py` of the sorting, None without one
    """

    title: str
    recording: Mapping[str, str]
    duration_s: float
    sample_rate: float
    stages: Mapping[str, Mapping[str, Any]]
    timings: Mapping[str, str]
    settings: PipelineSettings
    notes: Sequence[str] = ()
    dataset: Path | None = None


def write_report(path: Path, facts: ReportFacts, folder: Path) -> Path:
    """Write a report.

    Parameters
    ----------
    folder : of the stages

    Raises
    ------
    PhyMedError : a file of the run cannot be read
    """
    units = read_units(facts.dataset) if facts.dataset is not None else None
    sections = [*_peaks_sections(facts, folder), *_unit_sections(units), _recording_section(facts), _how(facts)]
    subtitle = f"{_duration(facts.duration_s)}, {facts.recording['channels']} channels"
    content = page(facts.title, subtitle, _tiles(facts, units), sections)
    replace_file(path, content.encode())
    return path


def _tiles(facts: ReportFacts, units: ReportUnits | None) -> Iterable[str]:
    """The figures that people look for first."""
    stages = facts.stages
    n_peaks = stages["detect"]["n_peaks"]
    tiles = [(f"{n_peaks:,}", "peaks"), (f"{n_peaks / facts.duration_s:,.0f}", "peaks a second")]
    if "motion" in stages:
        tiles.append((f"{stages['motion']['motion_range_um']:.0f} µm", "motion of the probe"))
    if units is not None:
        count = {label: sum(unit.label == label for unit in units.units) for label in ("good", "mua")}
        n_spikes = sum(unit.n_spikes for unit in units.units if unit.label != "noise")
        tiles += [(f"{count['good']}", "good units"), (f"{count['mua']}", "multi-unit"), (f"{n_spikes:,}", "spikes")]
    shares = stages.get("metrics", {})
    if shares.get("explained_large") is not None:
        tiles.append((f"{shares['explained_large']:.0%}", "of large peaks explained"))
    for value, words in tiles:
        yield tile(value, words)


def _peaks_sections(facts: ReportFacts, folder: Path) -> Iterable[str]:
    """The drift map, and how many peaks there are."""
    from phy_medicine.compute.motion.outputs import load_motion
    from phy_medicine.compute.pipeline.tasks import located_peaks

    if "motion" not in facts.stages:
        return
    peaks = located_peaks(folder, facts.sample_rate)
    motion = load_motion(folder / "motion")
    before, after = (facts.stages["motion"][name]["rho_w30"] for name in ("sharpness_before", "sharpness_after"))
    hints = "".join(f"<li>{html.escape(hint)}</li>" for hint in facts.stages["motion"].get("hints", ()))
    yield section(
        "Drift",
        "Peaks by time and depth, the darker the larger. Bands that are level below are neurons that moved with the "
        f"tissue above. Correlation of the pictures of moments within 30 s: {before:.2f} as observed, {after:.2f} with "
        "the motion taken out.",
        f'<img alt="Drift map" src="{figures.drift_map(peaks, motion)}">{f"<ul>{hints}</ul>" if hints else ""}',
    )
    yield section(
        "Activity", "Peaks a second in the course of the recording, and along the probe.",
        f'<img alt="Peaks a second" src="{figures.activity(peaks, facts.duration_s)}">',
    )  # fmt: skip


def _unit_sections(units: ReportUnits | None) -> Iterable[str]:
    if units is None:
        return
    if not units.units:
        yield section("Units", "The sorter found no unit.", "")
        return
    shown = [unit for unit in units.units if unit.label != "noise"]
    picture = figures.probe_map(
        units.positions_um, np.array([unit.place_um for unit in units.units]),
        np.array([unit.amplitude for unit in units.units]), [unit.label for unit in units.units],
    )  # fmt: skip
    yield section(
        "Units", "A click on the head of a column orders the table by it. SNR: largest amplitude over the noise of its "
        "channel; presence: part of the recording with spikes; missed: spikes below the threshold, by the shape of the "
        "amplitudes' histogram.", f'<div class="scroll">{_table(units.units)}</div>',
    )  # fmt: skip
    cards = "".join(map(_card, shown))
    yield section(
        "Waveforms", "On the left where the units are on the probe; larger dots have larger amplitudes. Of each unit "
        "the template on its largest channels as they lie on the probe, autocorrelogram, amplitudes over time; units "
        "labelled noise are left out.",
        f'<div class="beside"><img alt="Units on the probe" src="{picture}"><div class="cards">{cards}</div></div>',
    )  # fmt: skip


def _table(units: Sequence[ReportUnit]) -> str:
    known = [name for name in COLUMNS if any(name in unit.facts for unit in units)]
    heads = ["Unit", "Label", "Spikes", "Rate, Hz", "Depth, µm", *(COLUMNS[name][0] for name in known)]
    text = (1, len(heads) - 1) if "reason" in known else (1,)
    row = "".join(f"<th{' class=text' if k in text else ''}>{head}</th>" for k, head in enumerate(heads))
    lines = [f'<table class="sorted"><thead><tr>{row}</tr></thead><tbody>']
    for unit in units:
        cells = [
            _cell(unit.id), f'<td class="text">{_badge(unit.label)}</td>', _cell(unit.n_spikes, ","),
            _cell(unit.rate_hz, ".2f"), _cell(unit.place_um[1], ".0f"),
            *(_cell(unit.facts.get(name, ""), COLUMNS[name][1]) for name in known),
        ]  # fmt: skip
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return "".join([*lines, "</tbody></table>"])


def _cell(value: LabelValue, form: str = "") -> str:
    """A cell; numbers are ordered by their value, whatever they look like."""
    if isinstance(value, str):
        return f'<td class="text why">{html.escape(value)}</td>'
    return f'<td data-value="{value:g}">{value:{form}}</td>'


def _badge(label: str) -> str:
    return f'<span class="label {label}">{label or "unsorted"}</span>'


def _card(unit: ReportUnit) -> str:
    where = f"{unit.rate_hz:.1f} Hz, {unit.place_um[1]:,.0f} µm"
    return f'<div class="card"><h3>{unit.id} {_badge(unit.label)}<small>{where}</small></h3>{unit.svg}</div>'


def _recording_section(facts: ReportFacts) -> str:
    pairs = "".join(f"<dt>{html.escape(k)}</dt><dd>{html.escape(v)}</dd>" for k, v in facts.recording.items())
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in facts.notes)
    return section("Recording", "", f"<dl>{pairs}</dl>{f'<ul>{notes}</ul>' if notes else ''}")


def _how(facts: ReportFacts) -> str:
    """Timings, and every setting; those that are not at their default stand out."""
    times = "".join(f"<dt>{stage}</dt><dd>{html.escape(words)}</dd>" for stage, words in facts.timings.items())
    default, tables = PipelineSettings().as_dict(), []
    for table, values in facts.settings.as_dict().items():
        rows = "".join(
            f"<tr{' class=changed' if value != default[table][name] else ''}><td>{name}</td>"
            f"<td>{html.escape(json.dumps(value, ensure_ascii=False))}</td></tr>"
            for name, value in values.items()
        )
        tables.append(f"<div><h3>[{table}]</h3><table>{rows}</table></div>")
    return section(
        "How it was made", "",
        f"<dl>{times}</dl><details><summary>All settings</summary>"
        f'<div class="settings">{"".join(tables)}</div></details>',
    )  # fmt: skip


def _duration(seconds: float) -> str:
    """A length of time in words."""
    if seconds < 120:
        return f"{seconds:,.1f} seconds"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min {rest:02d} s" if hours else f"{minutes} min {rest:02d} s"
