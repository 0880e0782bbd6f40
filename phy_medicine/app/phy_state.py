"""What phy remembers of its views, to start from: its `state.json` in `~/.phy/TemplateGUI` and beside a dataset.

Taken over are parameters of views that mean the same here, and the order of the cluster table; not the geometry of the
window, which is Qt's, nor sizes on the screen, whose units differ. Source: phy 2.1, `state_attrs` of its views.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from phy_medicine.app.config_files import Given
from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.json_text import WRONG_CONTENT
from phy_medicine.io.plain_file import read_json

_Read = Callable[[Any], Any]
"""Turns a value of phy into ours; None: it cannot be used."""


def _switch(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _milliseconds(value: Any) -> float | None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return 1000 * float(value) if number and isfinite(value) and 0 < value < 100 else None


def _one_of(*known: str) -> _Read:
    return lambda value: value if isinstance(value, str) and value in known else None


def _at_top(value: Any) -> bool | None:
    return value == "top" if value in ("top", "bottom") else None


_LABELS = ("labels", _switch)
_ORIGIN = ("origin_top", _at_top)
_COLUMNS = ("amp", "depth", "fr", "n_spikes", "ch", "sh")
_COLUMN = _one_of(*_COLUMNS)
VIEWS: Mapping[str, Mapping[str, tuple[str, _Read]]] = {
    "WaveformView": {
        "do_show_labels": _LABELS, "overlap": ("overlap", _switch),
        "waveforms_type": ("kind", _one_of("waveforms", "mean_waveforms", "templates")),
    },
    "FeatureView": {"fixed_channels": ("fixed_channels", _switch)},
    "AmplitudeView": {"amplitudes_type": ("kind", _one_of("template", "feature", "template_feature", "raw"))},
    "CorrelogramView": {
        "bin_size": ("bin_ms", _milliseconds), "window_size": ("window_ms", _milliseconds),
        "refractory_period": ("refractory_ms", _milliseconds), "uniform_normalization": ("same_scale", _switch),
    },
    "ProbeView": {"do_show_labels": _LABELS},
    "TraceView": {
        "do_show_labels": _LABELS, "origin": _ORIGIN, "auto_scale": ("auto_scale", _switch),
        "show_all_spikes": ("all_spikes", _switch),
    },
    "TraceImageView": {"origin": _ORIGIN, "auto_scale": ("auto_scale", _switch)},
    "ClusterScatterView": {
        "x_axis": ("x_column", _COLUMN), "y_axis": ("y_column", _COLUMN), "size": ("size_column", _COLUMN),
        "x_axis_log_scale": ("x_log", _switch), "y_axis_log_scale": ("y_log", _switch),
        "size_log_scale": ("size_log", _switch),
    },
}  # fmt: skip
"""View -> what phy remembers of it -> the setting here."""


def read_phy_state(path: Path) -> Given:
    """Read what can be taken over; what cannot be understood is left out, since nobody wrote it by hand.

    Raises
    ------
    PhyMedError : it is no JSON file, or cannot be read
    """
    try:
        content = read_json(path)
    except (OSError, *WRONG_CONTENT):
        raise PhyMedError(f"{path} cannot be read, so that nothing of phy's views is taken over.") from None
    return Given(path, tuple(_entries(content if isinstance(content, dict) else {})))


def _entries(content: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    known = {name: part for name, part in content.items() if isinstance(part, dict)}
    for view, names in VIEWS.items():
        remembered = known.get(view, {})
        for name, (ours, read) in names.items():
            value = read(remembered.get(name))
            if value is not None:
                yield view, ours, value
    match known.get("ClusterView", {}).get("current_sort"):
        case [str(column), ("asc" | "desc") as way] if column in ("id", *_COLUMNS):
            yield "", "sort", [column if way == "asc" else f"-{column}"]
