"""What phy remembers of its views is where a first window starts from."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from phy_medicine.app.config import read_configuration
from phy_medicine.app.phy_state import VIEWS, read_phy_state
from phy_medicine.base.configuration import settings_of
from phy_medicine.base.paths import phy_dir, user_dir
from phy_medicine.views.cluster_scatter import ClusterScatterSettings
from phy_medicine.views.correlogram_controls import CorrelogramSettings
from phy_medicine.views.trace_settings import TraceSettings

STATE = {
    "AmplitudeView": {"auto_update": True, "amplitudes_type": "raw"},
    "ClusterView": {"current_sort": ["depth", "asc"]},
    "CorrelogramView": {"bin_size": 0.0005, "window_size": 0.1, "refractory_period": 0.003,
                        "uniform_normalization": True},
    "FeatureView": {"fixed_channels": True, "scaling": 0.04},
    "TraceView": {"do_show_labels": False, "interval": [1.0, 2.0], "origin": "top", "scaling": 25.5},
    "WaveformView": {"do_show_labels": False, "overlap": True, "waveforms_type": "templates", "box_scaling": [3, 6]},
    "ClusterScatterView": {"x_axis": "fr", "x_axis_log_scale": True},
    "geometry_state": {"state": {"__qbytearray__": "QUFB"}},
    "view_count": {"WaveformView": 1},
}  # fmt: skip
TAKEN = {
    "AmplitudeView.kind": "raw", "sort": [["depth", True]], "CorrelogramView.bin_ms": 0.5,
    "CorrelogramView.window_ms": 100.0, "CorrelogramView.refractory_ms": 3.0, "CorrelogramView.same_scale": True,
    "FeatureView.fixed_channels": True, "TraceView.labels": False, "TraceView.origin_top": True,
    "WaveformView.labels": False, "WaveformView.overlap": True, "WaveformView.kind": "templates",
    "ClusterScatterView.x_column": "fr", "ClusterScatterView.x_log": True,
}  # fmt: skip


def write(folder: Path, content: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "state.json").write_text(json.dumps(content))
    return folder / "state.json"


def values(dataset_dir: Path | None = None) -> dict[str, object]:
    return {name: found.value for name, found in read_configuration(dataset_dir).values.items()}


def test_parameters_of_views_and_the_order_of_the_table_are_taken_over():
    write(phy_dir() / "TemplateGUI", STATE)
    assert values() == TAKEN
    assert read_configuration().problems == ()


def test_every_name_is_a_setting_of_its_view():
    """Also those that no state of a test has."""
    from phy_medicine.gui.view_kinds import view_class

    for view, names in VIEWS.items():
        known = {field.name for field in fields(view_class(view).settings_type)}
        assert {ours for ours, _ in names.values()} <= known, view


@pytest.mark.parametrize(
    ("view", "settings"),
    [
        ("CorrelogramView", CorrelogramSettings),
        ("TraceView", TraceSettings),
        ("ClusterScatterView", ClusterScatterSettings),
    ],
)
def test_the_view_takes_them(view, settings):
    write(phy_dir() / "TemplateGUI", STATE)
    made, problems = settings_of(read_configuration(), view, settings())
    assert problems == ()
    assert all(getattr(made, name.partition(".")[2]) == v for name, v in TAKEN.items() if name.startswith(view))


def test_the_state_of_the_dataset_counts_more_and_a_configured_line_most(tmp_path: Path):
    write(phy_dir() / "TemplateGUI", {"CorrelogramView": {"bin_size": 0.001, "window_size": 0.05}})
    write(tmp_path / ".phy", {"CorrelogramView": {"bin_size": 0.002}})
    assert values(tmp_path) == {"CorrelogramView.bin_ms": 2.0, "CorrelogramView.window_ms": 50.0}
    (tmp_path / "phy_medicine.toml").write_text("[CorrelogramView]\nbin_ms = 0.25\n")
    assert values(tmp_path)["CorrelogramView.bin_ms"] == 0.25


def test_it_is_a_start_only_so_what_this_program_remembers_ends_it():
    write(phy_dir() / "TemplateGUI", STATE)
    write(user_dir(), {})
    assert values() == {}


@pytest.mark.parametrize(
    "content",
    [[], 3, {"TraceView": 3, "ClusterView": []}, {"CorrelogramView": {"bin_size": -1, "window_size": True}},
     {"CorrelogramView": {"bin_size": 1e400, "refractory_period": "x"}}, {"WaveformView": {"waveforms_type": ["a"]}},
     {"TraceView": {"origin": None, "do_show_labels": "yes"}}, {"ClusterView": {"current_sort": ["nothing", "asc"]}},
     {"ClusterView": {"current_sort": ["depth"]}}, {"ClusterScatterView": {"x_axis": {}}}],
)  # fmt: skip
def test_what_cannot_be_used_is_left_out_in_silence(content):
    path = write(phy_dir() / "TemplateGUI", content)
    assert read_phy_state(path).entries == ()
    assert read_configuration().problems == ()


def test_a_damaged_file_is_told_of_and_costs_nothing():
    write(phy_dir() / "TemplateGUI", {}).write_text("{")
    found = read_configuration()
    assert len(found.problems) == 1 and "nothing of phy's views is taken over" in found.problems[0]
    assert not found.values
