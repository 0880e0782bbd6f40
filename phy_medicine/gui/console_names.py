"""What the console knows of a window: its open views by name, and magics that are shorter to type than Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_magic, magics_class

from phy_medicine.gui.view_kinds import short_name
from phy_medicine.session.snippets import complete, parse
from phy_medicine.session.time_ranges import A
from phy_medicine.views.base import View

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.gui.panels import ViewPanel


class OpenViews:
    """The views that are open now, by title or by kind: `views.waveform`, `views["Waveforms"]`, `list(views)`.

    A further view of a kind has its number, `views.probe_1`, and one of the second time range its letter, `probe_b`.
    """

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def _named(self) -> dict[str, ViewPanel]:
        """Return the open panels by their names in Python, in the order in which they were opened."""
        named: dict[str, ViewPanel] = {}
        for panel in self._window.panels:
            if panel.open:
                stem = short_name(panel.kind) + ("" if panel.which == A else f"_{panel.which}")
                names = (stem, *(f"{stem}_{i}" for i in range(1, 1000)))
                named[next(name for name in names if name not in named)] = panel
        return named

    def __getattr__(self, name: str) -> View:
        if name.startswith("_"):
            raise AttributeError(name)
        named = self._named()
        if name not in named:
            raise AttributeError(f"No view {name!r} is open; there are {', '.join(named) or 'none'}.")
        return named[name].view

    def __getitem__(self, name: str) -> View:
        panel = self._named().get(name) or (self._window.panels.named(name) if name else None)
        if panel is None:
            raise KeyError(f"No view {name!r} is open; there are {', '.join(self) or 'none'}.")
        return panel.view

    def __iter__(self) -> Iterator[str]:
        return iter(self._named())

    def __len__(self) -> int:
        return len(self._named())

    def __contains__(self, name: object) -> bool:
        return name in self._named()

    def __dir__(self) -> list[str]:
        return list(self._named())

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._named())

    def __repr__(self) -> str:
        rows = [(name, panel.name, panel.view.status) for name, panel in self._named().items()]
        widths = [max((len(row[i]) for row in rows), default=0) for i in range(2)]
        lines = [f"{name:<{widths[0]}}  {title:<{widths[1]}}  {status}".rstrip() for name, title, status in rows]
        return "\n".join(lines) or "No view is open."


@magics_class
class ConsoleMagics(Magics):  # type: ignore[misc]
    """Short ways to do in the console what is done in the window."""

    def __init__(self, shell: Any, window: MainWindow) -> None:
        super().__init__(shell)
        self._window = window

    @line_magic
    def select(self, line: str) -> None:
        """Select clusters by their ids: `%select 3 5` or `%select 4-7`."""
        self._run(f"c {line}")

    @line_magic
    def snippet(self, line: str) -> None:
        """Do what the command line of the window does: `%snippet move_all good`; Tab completes."""
        self._run(line)

    @line_magic
    def views(self, line: str) -> None:
        """List the open views: name in Python, title, status."""
        print(OpenViews(self._window))

    @line_magic
    def save_curation(self, line: str) -> None:
        """Save the curation into the dataset's files, as Ctrl+S does."""
        report = self._window.session.save()
        print(f"Saved {len(self._window.session.cluster_ids):,} clusters, {len(report.files)} files.")

    def _run(self, line: str) -> None:
        parse(line, self._window.commands.table).run()

    def complete_snippet(self, _shell: Any, event: Any) -> list[str]:
        """Return how the last word of `%snippet ...` may go on."""
        typed = event.line[: len(event.text_until_cursor)].partition("snippet")[2].lstrip()
        return [line.rpartition(" ")[2] for line in complete(typed, self._window.commands.table)]
