"""The examples of the documents: every line to type and every block of Python, in the order of the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
SHELL = ("", "sh", "bash", "console")
_FENCE = re.compile(r"(?ms)^(?P<indent> *)```(?P<language>[\w-]*)[^\n]*\n(?P<text>.*?)^ *```")
_MARK = re.compile(r"<!-- example: ([\w-]+) -->\s*\Z")


@dataclass(frozen=True, slots=True)
class Example:
    """A line to type, or a block of Python.

    language : "shell" or as the page says; mark : name of a comment `<!-- example: name -->` right before the block
    """

    page: str
    line: int
    language: str
    text: str
    mark: str = ""

    @property
    def place(self) -> str:
        """Page and line."""
        return f"{self.page}:{self.line}"


def examples(page: Path) -> Iterator[Example]:
    """Yield the examples of a page."""
    content = page.read_text("utf-8")
    for match in _FENCE.finditer(content):
        first = content.count("\n", 0, match.start("text")) + 1
        lines = [line.removeprefix(match["indent"]) for line in match["text"].splitlines()]
        if match["language"] in SHELL:
            for i, line in enumerate(lines):
                if line.strip() and not line.lstrip().startswith("#"):
                    yield Example(page.name, first + i, "shell", line.strip())
        else:
            mark = _MARK.search(content, 0, match.start())
            yield Example(page.name, first, match["language"], "\n".join(lines) + "\n", mark[1] if mark else "")


def mentions(page: Path) -> Iterator[Example]:
    """Yield the `phy-med ...` that a page mentions in its text."""
    content = page.read_text("utf-8")
    text = _FENCE.sub(lambda match: "\n" * match[0].count("\n"), content)
    for match in re.finditer(r"`(phy-med\s[^`]*)`", text):
        line = text.count("\n", 0, match.start()) + 1
        yield Example(page.name, line, "shell", " ".join(match[1].replace("\\|", "|").split()))
