"""Where the cells of a grid of all clusters are: rows from the top, in data units of one panel."""

from __future__ import annotations

from dataclasses import dataclass

from phy_medicine.views.layout import Box


@dataclass(frozen=True, slots=True)
class GridPlaces:
    """A cell is 1 by 1; the first row lies highest.

    n : cells; n_columns : cells beside each other; n_shown : rows that a page of the view shows
    """

    n: int
    n_columns: int = 1
    n_shown: int = 1

    @property
    def n_rows(self) -> int:
        """All rows."""
        return -(-self.n // self.n_columns)

    def corner(self, place: int) -> tuple[int, int]:
        """Return the left and the lower edge of a cell."""
        row, column = divmod(place, self.n_columns)
        return column, self.n_rows - row - 1

    def page(self, place: int) -> tuple[float, float]:
        """Return the lowest and the highest y of the page that a cell is on; the last page is full where it can be."""
        row = place // self.n_columns
        top = min(row // self.n_shown * self.n_shown, max(self.n_rows - self.n_shown, 0))
        return float(self.n_rows - top - self.n_shown), float(self.n_rows - top)

    def in_sight(self, place: int, y: tuple[float, float]) -> bool:
        """Tell whether a range of y shows the whole height of a cell."""
        low = self.corner(place)[1]
        return y[0] <= low + 1e-6 and low + 1 <= y[1] + 1e-6

    def wanted(self, ranges: Box) -> range:
        """Return the places of all rows in sight; ranges : x0, x1, y0, y1 shown."""
        first = max(int(self.n_rows - ranges[3] + 1e-6), 0)
        last = min(int(-(-(self.n_rows - ranges[2] - 1e-6) // 1)), self.n_rows)
        return range(min(first * self.n_columns, self.n), min(max(last, 0) * self.n_columns, self.n))

    def at(self, x: float, y: float) -> int | None:
        """Return the cell at a point, None where there is none."""
        column, row = int(x // 1), self.n_rows - 1 - int(y // 1)
        place = row * self.n_columns + column
        inside = 0 <= column < self.n_columns and 0 <= row < self.n_rows and place < self.n
        return place if inside else None
