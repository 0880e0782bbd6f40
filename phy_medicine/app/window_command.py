"""What the commands that open a window have in common: their options."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from phy_medicine.app.build import WindowOptions, clear_cache, configuration_for
from phy_medicine.app.cli import debug_option
from phy_medicine.base import log
from phy_medicine.base.errors import PhyMedError
from phy_medicine.gui.figure_path import check_ending


def _size(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Width and height in pixels, from 1280x800."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d{3,5})[x×](\d{3,5})", value)
    if match is None:
        raise click.BadParameter(f"{value!r} is not a size in pixels such as 1280x800.", ctx, param)
    return int(match[1]), int(match[2])


def _picture(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    """Name of a picture, whose ending is its format."""
    try:
        if value is not None:
            check_ending(value)
    except PhyMedError as error:
        raise click.BadParameter(str(error), ctx, param) from None
    return value


_FIRST = (
    click.option(
        "--do", "do", multiple=True, metavar="SNIPPET", help="Run a snippet or an action after opening; repeatable."
    ),
    click.option(
        "--screenshot",
        type=click.Path(path_type=Path),
        metavar="FILE",
        callback=_picture,
        help="Save a picture of the window: .png, .svg or .pdf.",
    ),
    click.option("--quit", "quit_after", is_flag=True, help="Close the window when the --do list is done."),
    click.option("--size", metavar="WxH", callback=_size, help="Size of the window in pixels, such as 1280x800."),
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="NAME=VALUE",
        help="Another value of a setting for this time, such as theme=light or TraceView.labels=false; repeatable.",
    ),
)
_SESSION = (
    click.option("--read-only", is_flag=True, help="Change nothing: no journal, no save."),
    click.option(
        "--recover/--discard-journal",
        default=None,
        help="Replay unsaved work of an earlier session, or leave it aside. Without either, the window asks.",
    ),
    click.option(
        "--take-over",
        is_flag=True,
        help="Curate although somebody else seems to, whose session ended without giving the dataset back.",
    ),
    click.option("--clear-cache", "clear_cache_first", is_flag=True, help="Delete the cache beside the dataset first."),
)
_LAST = (
    click.option("--clear-state", is_flag=True, help="Forget the layout and the settings of the window."),
    click.option("--no-shared-context", is_flag=True, help="One OpenGL context per view, for drivers that need it."),
    debug_option,
)


def window_options(command: Any) -> Any:
    """Give a command the options of a window: three for the session, from `read_only` on, the others for `prepared`."""
    return _with(command, (*_FIRST, *_SESSION, *_LAST))


def window_only_options(command: Any) -> Any:
    """Give a command the options of a window on which nothing is curated, for `prepared`."""
    return _with(command, (*_FIRST, *_LAST))


def _with(command: Any, options: Sequence[Callable[[Any], Any]]) -> Any:
    for option in reversed(options):
        command = option(command)
    return command


def prepared(path: Path, values: dict[str, Any], *, plugins: bool = True) -> WindowOptions:
    """Start the log, clear the cache if asked, and return what the window is to do."""
    if not click.get_current_context().meta.get("debug"):
        log.configure()
    if values.get("clear_cache_first"):
        clear_cache(path)
    configuration = configuration_for(path, values["settings"])
    return WindowOptions(
        do=values["do"],
        screenshot=values["screenshot"],
        quit=values["quit_after"],
        size=values["size"],
        shared_context=not values["no_shared_context"] and bool(configuration.get("shared_context", True)),
        clear_state=values["clear_state"],
        configuration=configuration,
        plugins=plugins,
    )
