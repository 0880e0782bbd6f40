"""`Snippets`: the command line of the window as plugins call it."""

from __future__ import annotations

from typing import Any


class Snippets:
    """Runs lines such as `:fr 10`, opens and closes the command line."""

    cursor = "\u200a\u258c"

    def __init__(self, gui: Any) -> None:
        self.gui = gui

    @property
    def actions(self) -> Any:
        """The group that opens the command line."""
        return self.gui.file_actions

    @property
    def command(self) -> str:
        """What is typed in the command line."""
        return str(self.gui.main.line.text())

    @command.setter
    def command(self, text: str) -> None:
        self.gui.main.line.open(text.removeprefix(":"))

    def run(self, snippet: str) -> None:
        """Run a line."""
        self.gui.main.commands.run_line(snippet)

    def is_mode_on(self) -> bool:
        """Say whether the command line is open."""
        return not self.gui.main.line.isHidden()

    def mode_on(self) -> None:
        """Open the command line."""
        self.gui.main.open_snippet_line()

    def mode_off(self) -> None:
        """Close the command line."""
        if self.is_mode_on():
            self.gui.main.line.leave()
