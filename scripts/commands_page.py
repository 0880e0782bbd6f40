"""Write docs/commands.md, all commands and options, from the program itself: `python scripts/commands_page.py`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click

from phy_medicine.app.cli import cli

PAGE = Path(__file__).resolve().parent.parent / "docs" / "commands.md"
TOP = """# Commands

<!-- written by scripts/commands_page.py from the program's own help -->

`phy-med COMMAND --help` says the same in the terminal. Exit codes of every command: **0** when all went well, **1**
with one sentence on stderr when it did not, **2** when the command line could not be understood. Every command also
has `--debug`, which adds the log and the traceback. What can be configured in a file instead is in
[Configuration](configuration.md).
"""
EXAMPLE = "\b"
"""Before a paragraph that click leaves as it is: lines to type."""


def page() -> str:
    """Return the whole page."""
    parent = click.Context(cli, info_name="phy-med")
    parts = [TOP]
    for name in cli.list_commands(parent):
        command = cli.get_command(parent, name)
        assert command is not None
        parts += _command(command, name, parent, "##")
    return "\n".join(parts)


def _command(command: click.Command, name: str, parent: click.Context, heading: str) -> Iterator[str]:
    """Yield heading, usage, text and options of a command, then its own commands."""
    context = click.Context(command, info_name=name, parent=parent)
    yield f"{heading} {' '.join(word for word in context.command_path.split()[1:] if not word.isupper())}\n"
    yield f"```text\n{_usage(command, context)}\n```\n"
    yield from _text(command)
    rows = [
        _row(option, context)
        for option in command.params
        if isinstance(option, click.Option) and option.name != "debug"
    ]
    if rows:
        yield "| option | default | |\n|---|---|---|"
        yield "\n".join(rows) + "\n"
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            found = command.get_command(context, sub)
            assert found is not None
            yield from _command(found, sub, context, heading + "#")


def _usage(command: click.Command, context: click.Context) -> str:
    path = context.command_path
    return " ".join([path, *command.collect_usage_pieces(context)])


def _text(command: click.Command) -> Iterator[str]:
    """Yield the paragraphs of the help; those that click leaves as they are hold lines to type."""
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        if paragraph.startswith(EXAMPLE):
            yield f"```\n{paragraph.removeprefix(EXAMPLE).strip()}\n```\n"
        else:
            yield f"{' '.join(paragraph.split())}\n"


def _row(option: click.Option, context: click.Context) -> str:
    names = "/".join(f"`{n}`" for n in (*option.opts, *option.secondary_opts))
    value = "" if option.is_flag or option.count else f" `{_words(option.make_metavar(context))}`"
    more = " Repeatable." if option.multiple and "repeatable" not in (option.help or "") else ""
    needed = " Needed." if option.required else ""
    cells = (f"{names}{value}", _default(option), f"{_words(option.help or '')}{needed}{more}")
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _words(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _default(option: click.Option) -> str:
    value = option.default
    if option.is_flag and option.secondary_opts and isinstance(value, bool):
        return f"`{(option.opts if value else option.secondary_opts)[0]}`"
    shown = option.show_default and not option.is_flag and value not in (None, "", ())
    words = (
        ", ".join(map(str, value)) if isinstance(value, tuple) else f"{value:g}" if isinstance(value, float) else value
    )
    return f"`{words}`" if shown else ""


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
