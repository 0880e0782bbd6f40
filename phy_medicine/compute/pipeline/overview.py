"""One page over the reports of several recordings."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from phy_medicine.compute.pipeline.page import page, section, tile
from phy_medicine.compute.pipeline.stages import STAGES, facts_of
from phy_medicine.io.durable import replace_file

_Write = Callable[[Any], str]
COLUMNS: Mapping[str, tuple[str, str, _Write]] = {
    "Peaks": ("detect", "n_peaks", "{:,}".format),
    "Motion, µm": ("motion", "motion_range_um", "{:.0f}".format),
    "Good": ("metrics", "n_good", "{:,}".format),
    "Multi-unit": ("metrics", "n_mua", "{:,}".format),
    "Noise": ("metrics", "n_noise", "{:,}".format),
    "Spikes": ("metrics", "n_spikes", "{:,}".format),
    "Large peaks explained": ("metrics", "explained_large", "{:.0%}".format),
}
"""Head of a column -> stage, fact of it, and how it is written."""


def write_overview(path: Path, folders: Sequence[Path], failed: Mapping[str, str], report: str) -> Path:
    """Write a page with a row for each recording and links to their reports.

    Parameters
    ----------
    folders : output folder of each recording, in or below that of the page
    failed : folder -> why the run of its recording failed
    report : name of the file in each folder
    """
    rows, n_good, n_spikes = [], 0, 0
    for folder in folders:
        facts = facts_of(folder / "run", STAGES)
        n_good += facts.get("metrics", {}).get("n_good", 0)
        n_spikes += facts.get("metrics", {}).get("n_spikes", 0)
        rows.append(_row(folder, facts, failed.get(str(folder), ""), path.parent, report))
    heads = "".join(f"<th>{head}</th>" for head in COLUMNS)
    table = (
        f'<div class="scroll"><table class="sorted"><thead><tr><th class="text">Recording</th>{heads}'
        f'<th class="text">State</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )
    tiles = [tile(f"{len(folders) - len(failed)} of {len(folders)}", "recordings are done")]
    tiles += [tile(f"{n_good:,}", "good units"), tile(f"{n_spikes:,}", "spikes")] if n_spikes else []
    content = page(
        f"{len(folders)} recordings", str(path.parent), tiles,
        [section("Recordings", "The name of a recording leads to its report.", table)],
    )  # fmt: skip
    replace_file(path, content.encode())
    return path


def _row(folder: Path, facts: Mapping[str, Mapping[str, Any]], why: str, beside: Path, report: str) -> str:
    name = html.escape(folder.name)
    if (folder / report).exists():
        name = f'<a href="{html.escape((folder / report).relative_to(beside).as_posix())}">{name}</a>'
    cells = [f'<td class="text">{name}</td>']
    for stage, fact, write in COLUMNS.values():
        value = facts.get(stage, {}).get(fact)
        cells.append("<td></td>" if value is None else f'<td data-value="{value:g}">{write(value)}</td>')
    state = html.escape(why) if why else "done"
    return f'<tr>{"".join(cells)}<td class="text why">{state}</td></tr>'
