"""Write the tables of all settings into docs/configuration.md again: `python scripts/settings_page.py`."""

from __future__ import annotations

from pathlib import Path

from phy_medicine.app.settings_table import markdown

PAGE = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"
BEGIN, END = "<!-- settings: written by scripts/settings_page.py -->", "<!-- settings end -->"


def page() -> str:
    """Return the page with the tables as they are now."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{markdown()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
