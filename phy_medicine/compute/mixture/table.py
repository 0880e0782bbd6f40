"""A table of fits, as text, HTML or a DataFrame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

_MOST_SIZES = 8


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of values by column; a cell may be missing.

    columns : names, in order
    rows : values by column
    """

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> Table:
        """Return a table of all keys of the rows, in the order in which they come up."""
        return cls(tuple(dict.fromkeys(key for row in rows for key in row)), tuple(rows))

    def only(self, *columns: str) -> Table:
        """Return the table of some columns, those that it has."""
        return Table(tuple(name for name in columns if name in self.columns), self.rows)

    def to_text(self) -> str:
        """Return lines of aligned columns."""
        cells = [list(self.columns), *([_shown(row.get(name)) for name in self.columns] for row in self.rows)]
        widths = [max(len(line[i]) for line in cells) for i in range(len(self.columns))]
        return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in cells)

    def to_html(self) -> str:
        """Return a table element."""
        head = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(_shown(row.get(name)))}</td>" for name in self.columns) + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def to_frame(self) -> Any:
        """Return a pandas DataFrame, a row for each row."""
        import pandas

        return pandas.DataFrame([dict(row) for row in self.rows], columns=list(self.columns))

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_html()


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_shown(inner)}" for name, inner in value.items() if inner is not None)
    if isinstance(value, list | tuple):
        more = f" and {len(value) - _MOST_SIZES} more" if len(value) > _MOST_SIZES else ""
        return ", ".join(map(_shown, value[:_MOST_SIZES])) + more
    return str(value)
