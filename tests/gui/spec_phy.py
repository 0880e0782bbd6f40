"""The 118 bindings that phy 2.1.0 declares, keys and gestures, by view and action; and what became of each here."""

from __future__ import annotations

PROGRAM = {
    "enable_snippet_mode": ":", "save": "ctrl+s", "about": "?", "show_all_shortcuts": "h", "exit": "ctrl+q",
    "toggle_spike_reorder": "ctrl+r", "switch_raw_data_filter": "alt+r",
    "merge": "g", "split": "k", "label": "l",
    "move_best_to_noise": "alt+n", "move_best_to_mua": "alt+m", "move_best_to_good": "alt+g",
    "move_best_to_unsorted": "alt+u", "move_similar_to_noise": "ctrl+n", "move_similar_to_mua": "ctrl+m",
    "move_similar_to_good": "ctrl+g", "move_similar_to_unsorted": "ctrl+u", "move_all_to_noise": "ctrl+alt+n",
    "move_all_to_mua": "ctrl+alt+m", "move_all_to_good": "ctrl+alt+g", "move_all_to_unsorted": "ctrl+alt+u",
    "first": "home", "last": "end", "reset": "ctrl+alt+space", "next": "space", "previous": "shift+space",
    "unselect_similar": "backspace", "next_best": "down", "previous_best": "up", "undo": "ctrl+z",
    "redo": "ctrl+shift+z", "clear_filter": "esc",
}  # fmt: skip

VIEWS = {
    "AmplitudeView": {
        "change_marker_size": "alt+wheel", "next_amplitudes_type": "a", "previous_amplitudes_type": "shift+a",
        "select_x_dim": "shift+left click", "select_y_dim": "shift+right click", "select_time": "alt+click",
    },
    "ClusterScatterView": {
        "change_marker_size": "alt+wheel", "switch_color_scheme": "shift+wheel", "select_cluster": "click",
        "select_more": "shift+click", "add_to_lasso": "control+left click", "clear_lasso": "control+right click",
    },
    "CorrelogramView": {"change_window_size": "ctrl+wheel", "change_bin_size": "alt+wheel"},
    "FeatureView": {
        "change_marker_size": "alt+wheel", "increase": "ctrl++", "decrease": "ctrl+-", "add_lasso_point": "ctrl+click",
        "stop_lasso": "ctrl+right click", "toggle_automatic_channel_selection": "c",
    },
    "HistogramView": {"change_window_size": "ctrl+wheel"},
    "ISIView": {"change_window_size": "ctrl+wheel"},
    "FiringRateView": {"change_window_size": "ctrl+wheel"},
    "RasterView": {
        "change_marker_size": "alt+wheel", "switch_color_scheme": "shift+wheel", "decrease_marker_size": "ctrl+shift+-",
        "increase_marker_size": "ctrl+shift++", "select_cluster": "ctrl+click", "select_more": "shift+click",
    },
    "ScatterView": {"change_marker_size": "alt+wheel"},
    "TemplateView": {
        "change_template_size": "ctrl+wheel", "switch_color_scheme": "shift+wheel", "decrease": "ctrl+alt+-",
        "increase": "ctrl+alt++", "select_cluster": "ctrl+click", "select_more": "shift+click",
    },
    "TraceView": {
        "change_trace_size": "ctrl+wheel", "switch_color_scheme": "shift+wheel", "navigate": "alt+wheel",
        "decrease": "alt+down", "increase": "alt+up", "go_left": "alt+left", "go_right": "alt+right",
        "jump_left": "shift+alt+left", "jump_right": "shift+alt+right", "go_to_start": "alt+home",
        "go_to_end": "alt+end", "go_to": "alt+t", "go_to_next_spike": "alt+pgdown", "go_to_previous_spike": "alt+pgup",
        "narrow": "alt++", "select_spike": "ctrl+click", "select_channel_pcA": "shift+left click",
        "select_channel_pcB": "shift+right click", "switch_origin": "alt+o", "toggle_highlighted_spikes": "alt+s",
        "toggle_show_labels": "alt+l", "widen": "alt+-",
    },
    "TraceImageView": {
        "change_trace_size": "ctrl+wheel", "decrease": "ctrl+alt+down", "increase": "ctrl+alt+up",
        "go_left": "ctrl+alt+left", "go_right": "ctrl+alt+right", "jump_left": "ctrl+shift+alt+left",
        "jump_right": "ctrl+shift+alt+right", "go_to_start": "ctrl+alt+home", "go_to_end": "ctrl+alt+end",
        "go_to": "ctrl+alt+t", "narrow": "ctrl+alt+shift++", "widen": "ctrl+alt+shift+-",
        "switch_origin": "ctrl+alt+o",
    },
    "WaveformView": {
        "toggle_waveform_overlap": "o", "toggle_show_labels": "ctrl+l", "next_waveforms_type": "w",
        "previous_waveforms_type": "shift+w", "toggle_mean_waveforms": "m", "widen": "ctrl+right",
        "narrow": "ctrl+left", "increase": "ctrl+up", "decrease": "ctrl+down", "change_box_size": "ctrl+wheel",
        "extend_horizontally": "shift+right", "shrink_horizontally": "shift+left", "extend_vertically": "shift+up",
        "shrink_vertically": "shift+down",
    },
}  # fmt: skip

OTHER_NAMES = {"reset": "reset_wizard", "about": "help_here"}
"""`reset` is no action of phy, so its key is dead there; `?` tells of the program where no view has the keyboard."""

DEAD = {
    ("AmplitudeView", "shift+left click"): "listed by phy, but nothing is done; the feature view chooses dimensions",
    ("AmplitudeView", "shift+right click"): "as above",
}
"""What phy lists without doing it, and is left out here."""

GESTURE_NAMES = {
    ("AmplitudeView", "alt+wheel"): "Alt+wheel", ("AmplitudeView", "alt+click"): "Alt+click",
    ("ClusterScatterView", "alt+wheel"): "Alt+wheel", ("ClusterScatterView", "shift+wheel"): "Shift+wheel",
    ("ClusterScatterView", "click"): "Click, Shift+click", ("ClusterScatterView", "shift+click"): "Click, Shift+click",
    ("ClusterScatterView", "control+left click"): "Ctrl+click",
    ("ClusterScatterView", "control+right click"): "Ctrl+right click",
    ("CorrelogramView", "ctrl+wheel"): "Ctrl+wheel", ("CorrelogramView", "alt+wheel"): "Alt+wheel",
    ("FeatureView", "alt+wheel"): "Alt+wheel", ("FeatureView", "ctrl+click"): "Ctrl+click",
    ("FeatureView", "ctrl+right click"): "Ctrl+right click",
    ("HistogramView", "ctrl+wheel"): "Ctrl+wheel", ("ISIView", "ctrl+wheel"): "Ctrl+wheel",
    ("FiringRateView", "ctrl+wheel"): "Ctrl+wheel",
    ("RasterView", "alt+wheel"): "Alt+wheel", ("RasterView", "shift+wheel"): "Shift+wheel",
    ("RasterView", "ctrl+click"): "Ctrl+click, Ctrl+Shift+click",
    ("RasterView", "shift+click"): "Ctrl+click, Ctrl+Shift+click",
    ("ScatterView", "alt+wheel"): "Alt+wheel",
    ("TemplateView", "ctrl+wheel"): "Ctrl+wheel", ("TemplateView", "shift+wheel"): "Shift+wheel",
    ("TemplateView", "ctrl+click"): "Click, Ctrl+click", ("TemplateView", "shift+click"): "Click, Ctrl+click",
    ("TraceView", "ctrl+wheel"): "Ctrl+wheel", ("TraceView", "shift+wheel"): "Shift+wheel",
    ("TraceView", "alt+wheel"): "Alt+wheel", ("TraceView", "ctrl+click"): "Ctrl+click",
    ("TraceView", "shift+left click"): "Shift+click, Shift+right click",
    ("TraceView", "shift+right click"): "Shift+click, Shift+right click",
    ("TraceImageView", "ctrl+wheel"): "Ctrl+wheel", ("WaveformView", "ctrl+wheel"): "Ctrl+wheel",
}  # fmt: skip
"""What the help calls a gesture of phy; its lasso gestures stand there under all views."""

HEIRS = {"ScatterView": ("TemplateFeatureView", "Spike...View")}
"""Views of phy that are the base of others."""
