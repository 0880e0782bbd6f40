"""Which test does each gesture of the help with the mouse; a gesture without one fails."""

from __future__ import annotations

import ast
from pathlib import Path

from phy_medicine.gui.gestures import GESTURES

SHARED = "spec_gestures: drags_wheel_and_keys_move_the_view_and_a_double_click_or_r_resets_it"
LASSO = "spec_gestures: clicks_draw_a_lasso_and_a_right_click_clears_it"
WHEEL = "spec_gestures: a_wheel_turned_with_a_key_held_changes_what_the_help_says"
MOMENT = "spec_clicks: alt_and_click_show_that_moment_in_the_traces_and_select_nothing"
SELECT = "spec_clicks: a_click_selects_and_shift_adds"
CHANNELS = "waveform_view: clicks_take_channels_for_the_feature_view"
PROBE_CHANNELS = "probe: control_clicks_and_a_held_digit_choose_channels_for_the_features"
RANGE = "time_ranges: a_drag_in_a_view_over_time_marks_a_range"
SCATTER = "all_cluster_views: the_scatter_selects_by_click_and_lasso"
BIN = "spec_clicks: clicks_on_a_bin_show_its_values_in_the_traces_one_by_one"
PAIRS = "correlogram_view: clicks_on_a_bin_show_its_pairs_in_the_traces"
IMAGE = "spec_clicks: dragging_and_the_wheel_in_the_trace_image_move_the_traces_too"
TITLE_CLICK = "spec_clicks: a_click_on_a_title_sorts_again_the_other_way_and_with_shift_as_a_further_key"
TITLE_MENU = "spec_clicks: a_right_click_on_a_title_chooses_columns_and_a_drag_moves_one"

TESTS = {
    ("All views", "Drag left"): SHARED,
    ("All views", "Drag right"): SHARED,
    ("All views", "Wheel"): SHARED,
    ("All views", "Double click, R"): SHARED,
    ("All views", "Left, Right, + and -"): SHARED,
    ("All views", "Ctrl+click"): LASSO,
    ("All views", "Ctrl+right click"): LASSO,
    ("Views over time", "Shift+Alt+drag left"): RANGE,
    ("Views over time", "Shift+Alt+drag right"): RANGE,
    ("WaveformView", "Ctrl+click, Ctrl+right click"): CHANNELS,
    ("WaveformView", "Digit held + click"): CHANNELS,
    ("WaveformView", "Alt+click twice"): "waveform_view: a_line_splits_off_every_spike_that_crosses_it",
    ("WaveformView", "Alt+click three times or more"):
        "waveform_view: a_polygon_splits_off_every_spike_with_a_sample_inside",
    ("WaveformView", "Alt+right click"): "waveform_view: alt_right_click_clears_the_line",
    ("FeatureView", "Alt+click, Alt+right click"): "feature_view: alt_clicks_show_a_dimension_in_the_amplitude_view",
    ("AmplitudeView", "Alt+click"): MOMENT,
    ("DriftView", "Click, Shift+click"): SELECT,
    ("DriftView", "Alt+click"): MOMENT,
    ("LDAView", "Shift+click"): "spec_clicks: shift_and_click_add_a_nearest_cluster_to_the_selection",
    ("ClusterGridView", "Click, Shift+click"): SELECT,
    ("ClusterGridView", "Click in the strip"): "spec_clicks: a_click_in_the_strip_of_the_grid_shows_that_part",
    ("SteadinessView", "Click, Shift+click"): "localization: clicks_in_the_steadiness_show_that_moment_in_the_traces",
    ("ExplorerView", "Click"): "explorer: a_click_in_each_panel_picks_the_nearest_spike_and_marks_it_in_all",
    ("ExplorerView", "Ctrl+click, Ctrl+Shift+click"):
        "explorer: control_click_selects_the_cluster_and_with_shift_adds_it",
    ("ExplorerView", "Alt+click"): "explorer: alt_click_shows_the_moment_in_the_traces",
    ("ExplorerView", "Drag left in the frame"):
        "explorer: dragging_and_keys_turn_the_frame_and_the_wheel_magnifies_it",
    ("CorrelogramView", "Click on a bin"): PAIRS,
    ("CorrelogramView", "Right click on a bin"): PAIRS,
    ("ClusterScatterView", "Click, Shift+click"): SCATTER,
    ("ClusterScatterView", "Ctrl+click"): SCATTER,
    ("TemplateView", "Click, Ctrl+click"):
        f"{SELECT}, all_cluster_views: the_template_view_selects_by_click_and_follows_a_merge",
    ("Spike...View", "Alt+click"): f"{MOMENT}, cluster_view_gestures: alt_and_click_over_an_attribute_show_that_moment",
    ("SimilarityMatrixView", "Click, Ctrl+click"):
        f"{SELECT}, all_cluster_views: the_matrix_selects_a_pair_and_follows_undo",
    ("HistogramView, ISIView", "Click on a bin"): BIN,
    ("HistogramView, ISIView", "Right click on a bin"): BIN,
    ("FiringRateView", "Alt+click"): MOMENT,
    ("FiringRateView", "Click on a bin"): "spec_clicks: a_click_on_a_bin_of_the_firing_rate_tells_its_spikes",
    ("RasterView", "Ctrl+click, Ctrl+Shift+click"): f"{SELECT}, raster_view: rows_follow_the_table_and_clicks_select",
    ("RasterView", "Alt+click"): MOMENT,
    ("EventView", "Alt+click in the raster"):
        "event_view: events_are_chosen_in_the_command_line_and_shown_in_the_traces",
    ("ProbeView", "Click, Shift+click"):
        "probe: a_click_on_a_ring_selects_and_shift_adds, "
        "probe: a_click_on_a_contact_selects_the_clusters_whose_peak_it_is",
    ("ProbeView", "Alt+click, Alt+right click"): "probe: alt_clicks_select_a_region_and_alt_right_click_clears_it",
    ("ProbeView", "Ctrl+click, Ctrl+right click"): PROBE_CHANNELS,
    ("ProbeView", "Digit held + click"): PROBE_CHANNELS,
    ("ProbeView", "Click in the overview"): "spec_clicks: a_click_in_the_overview_of_the_probe_shows_that_part",
    ("TraceView", "Drag left, wheel"):
        "trace_view: dragging_scrolls, trace_view: the_wheel_zooms_in_time_and_with_alt_scrolls",
    ("TraceView", "Ctrl+click"): "trace_view: ctrl_click_on_a_spike_selects_its_cluster",
    ("TraceView", "Shift+click, Shift+right click"):
        "trace_view: shift_click_chooses_the_channels_of_the_feature_view",
    ("TraceImageView", "Drag left, wheel"): IMAGE,
    ("TraceImageView", "Ctrl+click"): "trace_image: the_mouse_scrolls_strengthens_and_picks",
    ("TraceImageView", "Shift+click, Shift+right click"):
        "spec_clicks: shift_and_click_in_the_trace_image_choose_channels_for_the_feature_view",
    ("Tables", "Click"): "tables: clicks_reach_the_session",
    ("Tables", "Ctrl+click"): "tables: clicks_reach_the_session",
    ("Tables", "Shift+click"): "tables: clicks_reach_the_session",
    ("Tables", "Ctrl+right click"): "tables: ctrl_right_click_sends_a_cluster_to_the_other_table",
    ("Tables", "Click on a title"): TITLE_CLICK,
    ("Tables", "Right click on a title"): TITLE_MENU,
}  # fmt: skip
"""Views and gesture as in the help, without the wheels with a key held: file and test, or several with commas."""


def functions_of(path: Path) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


def names_in(node: ast.AST) -> set[str]:
    """Return every name that a function says: of functions, of attributes, of fixtures."""
    said = (getattr(n, "id", "") or getattr(n, "attr", "") or getattr(n, "arg", "") or "" for n in ast.walk(node))
    return set(said)


def test_every_gesture_of_the_help_has_one_line_and_a_test():
    in_help = [(views, gesture) for views, gesture, _ in GESTURES]
    assert len(in_help) == len(set(in_help)), "said twice"
    wheels = {row for row in in_help if row[1].endswith("+wheel")}
    assert set(in_help) - wheels == set(TESTS)


def test_the_tests_of_gestures_exist_and_use_the_mouse():
    here = Path(__file__).parent
    for test in {name for names in TESTS.values() for name in names.split(", ")} | {WHEEL}:
        module, _, name = test.partition(": ")
        functions = functions_of(here / f"test_{module}.py")
        assert f"test_{name}" in functions, test
        said = " ".join(names_in(functions[f"test_{name}"])).lower()
        assert any(word in said for word in ("click", "drag", "wheel", "mouse")), test
