"""The explorer as one HTML file: the program that draws, the data, nothing that is loaded from elsewhere."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.localize.explored import PEAK, Explored
from phy_medicine.compute.localize.figure_parts import STRENGTH, span, strength_limits, wider
from phy_medicine.compute.localize.figures_space import view_limits
from phy_medicine.compute.localize.located import Located
from phy_medicine.compute.localize.settings import CENTRE, GRID, MONOPOLAR

LOOKS = {MONOPOLAR: 1, PEAK: 2, CENTRE: 3}
"""Which mark a method has; that of a network, or any other, is 0."""
NAMES = {MONOPOLAR: "monopolar", PEAK: PEAK, CENTRE: "centre of mass", GRID: "grid"}


@dataclass(frozen=True, slots=True)
class PageOptions:
    """How the page is made.

    n_background : points at most in each panel
    svg : without WebGL, for browsers that cannot
    """

    title: str
    n_background: int = 20_000
    svg: bool = False
    seed: int = 0


def make_page(located: Located, explored: Explored, options: PageOptions) -> str:
    """Return the HTML of an explorer.

    Raises
    ------
    PhyMedError : plotly is not installed, or no spike has waveforms
    """
    if not len(explored.rows):
        raise PhyMedError("No spike has both a position and waveforms; there is nothing to explore.")
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        raise PhyMedError("The explorer needs plotly: pip install 'phy-medicine[explorer]'.") from None
    rows = shown_rows(located, explored, options)
    data = json.dumps(page_data(located, explored, rows, options), separators=(",", ":"))
    page = files("phy_medicine.data")
    parts = {name: page.joinpath(f"explorer.{name}").read_text("utf-8") for name in ("html", "css", "js")}
    return Template(parts["html"]).substitute(
        title=html.escape(options.title),
        facts=html.escape(_facts(located, len(rows), len(explored.rows))),
        css=parts["css"],
        js=parts["js"],
        data=data.replace("</", "<\\/"),
        plotly=get_plotlyjs(),
    )


def shown_rows(located: Located, explored: Explored, options: PageOptions) -> IntArray:
    """Return the rows that become points: those that can be picked, then others at random."""
    others = np.setdiff1d(np.arange(located.n_spikes), explored.rows, assume_unique=True)
    n = max(0, options.n_background - len(explored.rows))
    some = np.random.default_rng(options.seed).permutation(others)[:n]
    return np.concatenate([explored.rows, some])


def _facts(located: Located, n_shown: int, n_picked: int) -> str:
    drawn = f"All {n_shown:,}" if n_shown == located.n_spikes else f"{n_shown:,} of {located.n_spikes:,}"
    how = "as observed" if located.motion is None else "motion taken out in the lower panels"
    return (
        f"{drawn} spikes are drawn, {how}. A click in a panel picks the nearest of {n_picked:,} spikes that have "
        "waveforms here; arrow keys go to the next and the previous one. Drag to move, scroll to zoom, double-click to "
        "reset."
    )


def page_data(located: Located, explored: Explored, rows: IntArray, options: PageOptions) -> dict[str, Any]:
    """Return what the page holds, arrays packed."""
    part = located.part(rows)
    steady, local = part.steady_um, part.local_um
    points = {"x": steady[:, 0], "y": steady[:, 1], "z": steady[:, 2], "a": part.log_alpha}
    points |= {f"l{axis}": local[:, k] for k, axis in enumerate("xyz")}
    spikes = located.part(explored.rows)
    raw, raw_scale = _short(explored.raw)
    denoised, denoised_scale = _short(explored.denoised)
    return {
        "n_spikes": len(explored.rows),
        "n_slots": explored.raw.shape[1],
        "n_samples": explored.raw.shape[2],
        "before": explored.before,
        "svg": options.svg,
        "dot": 2 if len(rows) > 5000 else 3,
        "ranges": _ranges(located, local),
        "points": {name: packed(values, "<f4") for name, values in points.items()},
        "contacts": packed(located.contacts_um, "<f4"),
        "methods": [_method(name, um) for name, um in explored.um.items()],
        "colors": _colors(),
        "spikes": {
            "ids": packed(spikes.spike_ids, "<i4"),
            "times": packed(spikes.times_s, "<f8"),
            "peaks": packed(explored.peak_channels, "<i4"),
            "anchors": packed(spikes.anchors_um, "<f4"),
            "amplitudes": packed(explored.amplitudes, "<f4"),
            "channels": packed(explored.channels, "<i4"),
            "raw": packed(raw, "<i2"),
            "raw_scale": packed(raw_scale, "<f4"),
            "denoised": packed(denoised, "<i2"),
            "denoised_scale": packed(denoised_scale, "<f4"),
        },
    }  # fmt: skip


def _method(name: str, um: FloatArray) -> dict[str, Any]:
    learned = name not in NAMES
    return {"name": NAMES.get(name, name), "look": LOOKS.get(name, 0), "learned": learned, "um": packed(um, "<f4")}


def _colors() -> list[tuple[float, str]]:
    """Stops of the colours of strength, the darkest left out for the dark ground."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    places = np.linspace(0, 1, 12)
    return [(round(float(at), 3), to_hex(colormaps[STRENGTH](0.15 + 0.85 * at))) for at in places]


def packed(values: AnyArray, dtype: str) -> Mapping[str, str]:
    """Return an array as text: its type, and its bytes in base 64."""
    return {"dtype": dtype, "data": base64.b64encode(np.ascontiguousarray(values, dtype).tobytes()).decode("ascii")}


def _short(waveforms: FloatArray) -> tuple[AnyArray, FloatArray]:
    """Waveforms in 16 bits, and what one unit of each spike stands for: a quarter of the text, to 1 part in 32,767."""
    scale = np.abs(waveforms).max(axis=(1, 2), initial=0) / 32767
    scale[scale == 0] = 1
    return np.rint(waveforms / scale[:, None, None]).astype(np.int16), scale


def _ranges(located: Located, local: FloatArray) -> dict[str, tuple[float, float]]:
    """Limits of the axes, and of the colours."""
    ranges = {f"l{axis}": wider(span(local[:, k], 0.002)) for k, axis in enumerate("xyz")}
    ranges |= dict(zip("xyz", view_limits(located, located.steady_um), strict=True))
    return ranges | {"a": wider(span(located.log_alpha, 0.001)), "color": strength_limits([located])}
