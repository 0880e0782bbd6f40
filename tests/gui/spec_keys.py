"""Every key of the program and of its views, as data: those of phy, which stay, and those beyond them.

A row: kind of view or "" for the program, key, id of the action, what it changes ("+" grows, "-" falls, "!" is another
afterwards) as a path from the view, or from `EFFECTS` of the tests, and what must be so before it.
"""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    kind: str
    key: str
    action: str
    effect: str
    before: str = ""


BEST, SIMILAR, GROUPS, CLUSTERS = "!best", "!similar", "!groups", "!clusters"

PROGRAM = (
    # File, help, global
    Key("", "Ctrl+S", "save", "!dirty", "moved"),
    Key("", "H", "show_all_shortcuts", "+dialogs"),
    Key("", "F1", "show_all_shortcuts", "+dialogs"),
    # On a view it shows the help of the view; elsewhere it tells of the program, as in phy.
    Key("", "?", "help_here", "+about"),
    Key("", ":", "enable_snippet_mode", "!line"),
    Key("", "Ctrl+R", "toggle_spike_reorder", "!reordered"),
    Key("", "Alt+R", "switch_raw_data_filter", "!filters"),
    # Edit
    Key("", "G", "merge", CLUSTERS),
    Key("", "K", "split", CLUSTERS, "lasso"),
    Key("", "L", "label", "!line"),
    Key("", "Ctrl+Z", "undo", GROUPS, "moved"),
    Key("", "Ctrl+Shift+Z", "redo", GROUPS, "undone"),
    Key("", "Ctrl+Y", "redo", GROUPS, "undone"),
    Key("", "Shift+Ctrl+K", "split_init", CLUSTERS, "merged"),
    *(
        Key("", f"{held}+{group[0].upper()}", f"move_{which}_to_{group}", GROUPS, "good" if group == "unsorted" else "")
        for which, held in (("best", "Alt"), ("similar", "Ctrl"), ("all", "Ctrl+Alt"))
        for group in ("noise", "mua", "good", "unsorted")
    ),
    # Select
    Key("", "Esc", "clear_filter", "!filter", "filtered"),
    Key("", "Space", "next", SIMILAR),
    Key("", "Shift+Space", "previous", SIMILAR),
    Key("", "Down", "next_best", BEST),
    Key("", "Up", "previous_best", BEST),
    Key("", "Home", "first", BEST),
    Key("", "End", "last", BEST),
    Key("", "Backspace", "unselect_similar", SIMILAR),
    Key("", "Ctrl+Alt+Space", "reset_wizard", BEST),
    Key("", "Ctrl+Space", "select_first_similar", SIMILAR),
)
"""Without Ctrl+Q, which ends the window and has a test of its own."""

VIEWS = (
    Key("WaveformView", "O", "toggle_waveform_overlap", "!settings.overlap"),
    Key("WaveformView", "Ctrl+L", "toggle_show_labels", "!settings.labels"),
    Key("WaveformView", "W", "next_waveforms_type", "!settings.kind"),
    Key("WaveformView", "Shift+W", "previous_waveforms_type", "!settings.kind"),
    Key("WaveformView", "M", "toggle_mean_waveforms", "!settings.kind"),
    Key("WaveformView", "Ctrl+Right", "widen", "+settings.box_width"),
    Key("WaveformView", "Ctrl+Left", "narrow", "-settings.box_width"),
    Key("WaveformView", "Ctrl+Up", "increase", "+settings.box_height"),
    Key("WaveformView", "Ctrl+Down", "decrease", "-settings.box_height"),
    Key("WaveformView", "Shift+Right", "extend_horizontally", "+settings.probe_width"),
    Key("WaveformView", "Shift+Left", "shrink_horizontally", "-settings.probe_width"),
    Key("WaveformView", "Shift+Up", "extend_vertically", "+settings.probe_height"),
    Key("WaveformView", "Shift+Down", "shrink_vertically", "-settings.probe_height"),
    Key("FeatureView", "Ctrl++", "FeatureView_increase", "+settings.scaling"),
    Key("FeatureView", "Ctrl+-", "FeatureView_decrease", "-settings.scaling"),
    Key("FeatureView", "C", "toggle_automatic_channel_selection", "!settings.fixed_channels"),
    Key("AmplitudeView", "A", "next_amplitudes_type", "!settings.kind"),
    Key("AmplitudeView", "Shift+A", "previous_amplitudes_type", "!settings.kind"),
    Key("CorrelogramView", "N", "toggle_normalization", "!settings.same_scale"),
    Key("RasterView", "Ctrl+Shift++", "increase_marker_size", "+settings.marker_size"),
    Key("RasterView", "Ctrl+Shift+-", "decrease_marker_size", "-settings.marker_size"),
    Key("TemplateView", "Ctrl+Alt++", "increase_templates", "+settings.scaling"),
    Key("TemplateView", "Ctrl+Alt+-", "decrease_templates", "-settings.scaling"),
    Key("TraceView", "Alt+Left", "go_left", "-interval.center_s"),
    Key("TraceView", "Alt+Right", "go_right", "+interval.center_s"),
    Key("TraceView", "Shift+Alt+Left", "jump_left", "-interval.center_s"),
    Key("TraceView", "Shift+Alt+Right", "jump_right", "+interval.center_s"),
    Key("TraceView", "Alt+Home", "go_to_start", "-interval.center_s"),
    Key("TraceView", "Alt+End", "go_to_end", "+interval.center_s"),
    Key("TraceView", "Alt+T", "go_to", "!line"),
    Key("TraceView", "Alt+PgDown", "go_to_next_spike", "+interval.center_s"),
    Key("TraceView", "Alt+PgUp", "go_to_previous_spike", "-interval.center_s"),
    Key("TraceView", "Alt++", "TraceView_narrow", "-interval.length_s"),
    Key("TraceView", "Alt+-", "TraceView_widen", "+interval.length_s"),
    Key("TraceView", "Alt+Up", "TraceView_increase", "+settings.scaling"),
    Key("TraceView", "Alt+Down", "TraceView_decrease", "-settings.scaling"),
    Key("TraceView", "Alt+O", "switch_origin", "!settings.origin_top"),
    Key("TraceView", "Alt+S", "toggle_highlighted_spikes", "!settings.all_spikes"),
    Key("TraceView", "Alt+L", "TraceView_toggle_show_labels", "!settings.labels"),
    Key("TraceImageView", "Ctrl+Alt+Left", "image_left", "-interval.center_s"),
    Key("TraceImageView", "Ctrl+Alt+Right", "image_right", "+interval.center_s"),
    Key("TraceImageView", "Ctrl+Shift+Alt+Left", "image_jump_left", "-interval.center_s"),
    Key("TraceImageView", "Ctrl+Shift+Alt+Right", "image_jump_right", "+interval.center_s"),
    Key("TraceImageView", "Ctrl+Alt+Home", "image_start", "-interval.center_s"),
    Key("TraceImageView", "Ctrl+Alt+End", "image_end", "+interval.center_s"),
    Key("TraceImageView", "Ctrl+Alt+T", "image_go_to", "!line"),
    Key("TraceImageView", "Ctrl+Alt+O", "image_switch_origin", "!settings.origin_top"),
    Key("TraceImageView", "Ctrl+Alt+Shift++", "image_narrow", "-interval.length_s"),
    Key("TraceImageView", "Ctrl+Alt+Shift+-", "image_widen", "+interval.length_s"),
    Key("TraceImageView", "Ctrl+Alt+Up", "image_increase", "+settings.scaling"),
    Key("TraceImageView", "Ctrl+Alt+Down", "image_decrease", "-settings.scaling"),
)
"""Those of phy's views."""

BEYOND_PHY = (
    Key("", "F12", "picture_of_window", "+dialogs"),
    Key("", "Shift+F12", "picture_of_view", "+dialogs", "a view"),
    Key("", "Ctrl+Shift+P", "command_palette", "+dialogs"),
    Key("", "D", "toggle_motion_correction", "!message"),
    Key("", "T", "what_if", "!message"),
    Key("", "V", "model_split", "!message"),
    Key("", "Shift+O", "find_outliers", "!message"),
    Key("", "Shift+N", "split_to_noise", GROUPS, "lasso"),
    Key("", "Shift+R", "reassign", "!message"),
    Key("", "B", "collect", BEST),
    Key("", "Shift+Backspace", "take_out", BEST, "workspace"),
    Key("", "Ctrl+Shift+B", "turn_workspace", BEST, "workspace"),
    Key("", "Shift+B", "leave_workspace", BEST, "workspace"),
    Key("", "F11", "focus_mode", "!shown"),
    Key("", "F6", "next_panel", "!focus"),
    Key("", "Shift+F6", "previous_panel", "!focus"),
    Key("", "Ctrl+J", "show_jobs", "!focus"),
    Key("", "Ctrl+Shift+I", "show_console", "!focus"),
    Key("", "Ctrl+Shift+H", "show_history", "!focus"),
    Key("", "Ctrl+Shift+T", "training_report", "+dialogs", "training"),
    Key("", "Ctrl+Shift+L", "show_workspace", "!focus"),
    Key("", "Q", "show_suggestions", "!focus", "suggested"),
    Key("", "Shift+Q", "show_rejected", "!focus", "suggested"),
    Key("", "J", "next_suggestion", BEST, "suggested"),
    Key("", "Shift+J", "previous_suggestion", BEST, "suggested"),
    Key("", "Y", "accept_suggestion", GROUPS, "suggested"),
    Key("", "X", "reject_suggestion", BEST, "suggested"),
    Key("", "Z", "postpone_suggestion", BEST, "suggested"),
    Key("", "Shift+X", "take_back_suggestion", BEST, "rejected"),
    Key("TraceView", "Alt+A", "toggle_all_channels", "!settings.all_channels"),
    Key("TraceView", "Shift+Alt+PgDown", "go_to_next_violation", "!interval.center_s", "violations"),
    Key("TraceView", "Shift+Alt+PgUp", "go_to_previous_violation", "!interval.center_s", "violations"),
    Key("ExplorerView", ".", "next_explored_spike", "!picked", "localized"),
    Key("ExplorerView", ",", "previous_explored_spike", "!picked", "localized"),
    Key("ExplorerView", "Ctrl+Shift+Left", "turn_frame_left", "-panels.angles_deg"),
    Key("ExplorerView", "Ctrl+Shift+Right", "turn_frame_right", "+panels.angles_deg"),
    Key("ExplorerView", "Ctrl+Shift+Up", "turn_frame_up", "-panels.angles_deg"),
    Key("ExplorerView", "Ctrl+Shift+Down", "turn_frame_down", "+panels.angles_deg"),
    Key("LDAView", "]", "more_nearest", "+settings.n_nearest"),
    Key("LDAView", "[", "fewer_nearest", "-settings.n_nearest"),
    Key("DriftView", "Shift+D", "next_drift_colors", "!settings.color"),
    Key("DriftView", "Shift+Alt+D", "toggle_whole_probe", "!settings.whole_probe"),
    Key("PositionView", "P", "next_position_plane", "!settings.plane"),
    Key("PositionView", "Shift+P", "next_position_colors", "!settings.color"),
    Key("PositionView", "Shift+Alt+P", "toggle_position_shifts", "!settings.shifts", "localized twice"),
)

KEYS = (*PROGRAM, *VIEWS, *BEYOND_PHY)
