"""Write the tables of broken datasets into docs/reliability.md, from the tests: `python scripts/broken_page.py`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = (
    "<!-- written by scripts/broken_page.py from the tests -->",
    "<!-- end of what is written by the script -->",
)

sys.path.insert(0, str(ROOT))

from tests.broken.case import Case  # noqa: E402
from tests.broken.catalogue import CASES, TOPICS  # noqa: E402


def page(text: str) -> str:
    """Return the page with the tables as they must be now."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin and end, "the marks of the tables are gone"
    return f"{before}{begin}\n\n{tables()}\n{end}{after}"


def tables() -> str:
    """Return a sentence with the numbers, and a table for each topic."""
    n_refused = sum(case.refused for case in CASES)
    parts = [f"{len(CASES)} datasets: {n_refused} are refused, {len(CASES) - n_refused} open.\n"]
    for topic in TOPICS:
        rows = "\n".join(_row(case) for case in topic.cases)
        parts.append(f"### {topic.name}\n\n| what is wrong | | what is said |\n|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def _row(case: Case) -> str:
    outcome = "refused" if case.refused else "opens, read-only" if case.read_only else "opens"
    cells = (case.what, outcome, _plain(case.says))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _plain(text: str) -> str:
    """Text that Markdown leaves as it is."""
    seen = (sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
    return "".join(f"\\{sign}" if sign in "<>*[]" else sign for sign in seen)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
