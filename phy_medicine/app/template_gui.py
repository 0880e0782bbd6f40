"""`phy-med template-gui`: the main job."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import click

from phy_medicine.app.build import WindowOptions, clear_cache, open_session, run_window
from phy_medicine.app.cli import debug_option
from phy_medicine.base import log


def _size(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Width and height in pixels, from 1280x800."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d{3,5})[x×](\d{3,5})", value)
    if match is None:
        raise click.BadParameter(f"{value!r} is not a size in pixels such as 1280x800.", ctx, param)
    return int(match[1]), int(match[2])


@click.command("template-gui")
@click.argument("params_py", type=click.Path(path_type=Path))
@click.option(
    "--do", "do", multiple=True, metavar="SNIPPET", help="Run a snippet or an action after opening; repeatable."
)
@click.option("--screenshot", type=click.Path(path_type=Path), metavar="PNG", help="Save a picture of the window.")
@click.option("--quit", "quit_after", is_flag=True, help="Close the window when the --do list is done.")
@click.option("--size", metavar="WxH", callback=_size, help="Size of the window in pixels, such as 1280x800.")
@click.option("--read-only", is_flag=True, help="Change nothing: no journal, no save.")
@click.option(
    "--recover/--discard-journal",
    default=None,
    help="Replay unsaved work of an earlier session, or leave it aside. Without either, the window asks.",
)
@click.option("--clear-cache", "clear_cache_first", is_flag=True, help="Delete the cache beside the dataset first.")
@click.option("--clear-state", is_flag=True, help="Forget the layout and the settings of the window.")
@click.option("--no-shared-context", is_flag=True, help="One OpenGL context per view, for drivers that need it.")
@debug_option
def command(
    params_py: Path,
    *,
    do: tuple[str, ...],
    screenshot: Path | None,
    quit_after: bool,
    size: tuple[int, int] | None,
    read_only: bool,
    recover: bool | None,
    clear_cache_first: bool,
    clear_state: bool,
    no_shared_context: bool,
) -> None:
    """Open the phy or Kilosort dataset of PARAMS_PY and curate it.

    \b
    phy-med template-gui params.py
    phy-med template-gui params.py --do "c 3 5" --do merge --do save --quit
    """
    context = click.get_current_context()
    if not context.meta.get("debug"):
        log.configure()
    options = WindowOptions(do, screenshot, quit_after, size, not no_shared_context, clear_state)
    if clear_cache_first:
        clear_cache(params_py)
    code = run_window(partial(open_session, params_py, read_only=read_only, recover=recover), options)
    context.exit(code)
