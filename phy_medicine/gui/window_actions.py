"""The actions that need the window: save with feedback, exit, help, snippet line, pictures, panels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError
from phy_medicine.gui.taking_over import take_over_action
from phy_medicine.session.actions import Action, Arg
from phy_medicine.views.theme import THEMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from phy_medicine.gui.arrangement import Arrangement
    from phy_medicine.gui.main_window import MainWindow


def file_actions(w: MainWindow) -> tuple[Action, ...]:
    """Return the File menu."""
    return (
        Action("save", "Save", w.save, "Write the curation into the dataset's files, with a backup of what they held.",
               "File", "save", ("Ctrl+S",), icon="fa5s.save", toolbar=True),
        Action("about_dataset", "About this dataset", w.about_dataset.show,
               "What the dataset holds, and what was found odd in it.", "File", "dataset"),
        take_over_action(w),
        *w.sorting.actions(),
        *picture_actions(w),
        Action("exit", "Quit", w.close, "Close the window; unsaved work is asked about.", "File", "exit",
               ("Ctrl+Q",)),
    )  # fmt: skip


def picture_actions(w: MainWindow) -> tuple[Action, ...]:
    """Return what makes pictures."""
    return (
        Action("picture_of_window", "Screenshot...", w.pictures.ask_window,
               "Save a picture of the whole window as PNG, SVG or PDF.", "File", "picture", ("F12",)),
        Action("picture_of_view", "Picture of the view...", w.pictures.ask_view,
               "Save a picture of the view that has the keyboard, at any size, as PNG, SVG or PDF.", "File", "picture",
               ("Shift+F12",)),
        Action("screenshot", "Screenshot", w.pictures.save_window,
               "Save a picture of the window; its name ends with .png, .svg or .pdf.", "", "picture",
               args=(Arg("path", "rest", optional=True),)),
        Action("save_view", "Save view", w.pictures.save_view,
               "Save a picture of a view: name with .png, .svg or .pdf, then if wanted size (600x400), scale (2x), "
               "background (white or screen) and name of the view.", "", "picture",
               args=(Arg("path", optional=True), Arg("options", "rest", optional=True))),
    )  # fmt: skip


def edit_actions(w: MainWindow) -> tuple[Action, ...]:
    """Return what the Edit menu has beside the session's own actions."""
    return (
        *w.lasso_split.actions(),
        *w.model_split.actions(),
        *w.what_if.actions(),
        *w.odd_spikes.actions(),
        *w.splitting.actions(),
        Action("groups", "Groups...", w.show_groups, "Make groups with a colour and a key of their own.", "Edit",
               "groups"),
        Action("add_group", "Add group", w.groups.add,
               "Add a group: name, letter that moves clusters to it, colour as #RRGGBB.", "", "groups",
               args=(Arg("name"), Arg("key", optional=True), Arg("color", optional=True))),
    )  # fmt: skip


def view_actions(w: MainWindow) -> tuple[Action, ...]:
    """Return the window's part of the View menu."""
    place = w.arrangement
    return (
        Action("enable_snippet_mode", "Command line", w.open_snippet_line, "Type an action by name.", "View", "line",
               (":",)),
        Action("command_palette", "All commands...", w.open_palette, "Find an action by a few letters of its name.",
               "View", "line", ("Ctrl+Shift+P",)),
        Action("switch_raw_data_filter", "Filter of the signal", w.switches.toggle_filter,
               "Show the raw or the high-passed signal in all views.", "View", "data", ("Alt+R",)),
        Action("toggle_spike_reorder", "Reordered spike times", w.switches.toggle_times,
               "Show spikes at the times of spike_times_reordered.npy, or at those of the recording.", "View", "data",
               ("Ctrl+R",)),
        Action("toggle_event_lines", "Event lines", w.switches.toggle_events,
               "Mark the events of the experiment in all views over time, or leave them out.", "View", "data"),
        Action("toggle_motion_correction", "Motion-corrected depths", w.motion.toggle,
               "Take the motion of the probe out of all depths, or show them as observed.", "View", "data", ("D",),
               "mc"),
        Action("use_motion", "Use motion...", w.motion.use,
               "Use a motion of the store by its name; without one, none.", "", "data",
               args=(Arg("name", "rest", optional=True, choices=w.motion.names),)),
        Action("toggle_localized_depths", "Localized depths", w.localization.toggle,
               "Take the depths of spikes from the localization in use, or from the sorter.", "View", "data",
               alias="ld"),
        Action("use_localization", "Use localization...", w.localization.use,
               "Use positions of spikes of the store by the name of the run; without one, none.", "", "data",
               args=(Arg("name", "rest", optional=True, choices=w.localization.names),)),
        Action("reset_layout", "Reset layout", place.reset, "Put all panels back where they were at first.", "View",
               "layout"),
        Action("rebuild_views", "Draw all views anew", w.host.rebuild_all,
               "Give the graphics card everything again, for a driver that lost it.", "View", "layout"),
        Action("focus_mode", "Focus mode", w.focus_mode.toggle,
               "Let the panel that has the keyboard fill the window, or bring back all others.", "View", "layout",
               ("F11",)),
        Action("theme", "Theme", w.set_theme, "Use dark or light colours.", "", "layout",
               args=(Arg("name", choices=tuple(THEMES)),)),
        Action("add_view", "Add view", place.add, "Open one more view of a kind.", "", "layout",
               args=(Arg("kind", choices=lambda: place.kinds),)),
        Action("size", "Window size", _resize(place), "Give the window a size in pixels: 1280x800.", "", "layout",
               args=(Arg("size"),)),
        Action("next_panel", "Next panel", lambda: place.focus_panel(1), "Give the keyboard to the next panel.",
               "View", "focus", ("F6",)),
        Action("previous_panel", "Previous panel", lambda: place.focus_panel(-1),
               "Give the keyboard to the panel before.", "View", "focus", ("Shift+F6",)),
    )  # fmt: skip


def help_actions(w: MainWindow) -> tuple[Action, ...]:
    """Return the Help menu."""
    return (
        Action("show_all_shortcuts", "All actions and shortcuts", w.show_help, "Search all actions, keys and snippets.",
               "Help", "help", ("H", "F1")),
        Action("help_here", "Help on this view", w.show_help_here,
               "What the view that has the keyboard shows and what can be done in it; elsewhere, what the program is.",
               "Help", "help", ("?",)),
        Action("about", "About phy-medicine", w.show_about, "What this is.", "Help", "help"),
    )  # fmt: skip


def _resize(arrangement: Arrangement) -> Callable[[str], None]:
    def resize(size: str) -> None:
        match = re.fullmatch(r"(\d{3,5})[x×](\d{3,5})", size)
        if match is None:
            raise ActionError(f"{size!r} is not a size in pixels such as 1280x800.")
        arrangement.resize(int(match[1]), int(match[2]))

    return resize
