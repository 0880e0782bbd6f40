"""How our docstrings become Markdown in the API reference: a Griffe extension, named in mkdocs.yml.

    Parameters                                  **Parameters**
    ----------
    times_s : (n_spikes,) float64, sorted, s    - `times_s`: (n_spikes,) float64, sorted, s

A paragraph of `name : meaning` lines, as in classes, becomes a list as well; indented code stays as it is.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

SECTIONS = ("Parameters", "Returns", "Raises", "Yields")
_LISTS = ("Parameters", "Raises")
_NAMES = r"[A-Za-z_*][\w*]*(?:, [A-Za-z_*][\w*]*)*"
_ITEM = re.compile(rf"(?P<names>{_NAMES}) : (?P<text>.*)", re.DOTALL)
_NEXT = re.compile(rf"; (?={_NAMES} : )")
_SOURCE = re.compile(r"Sources?: ")


class Dialect(griffe.Extension):
    """Rewrites every docstring once it is read."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)


def as_markdown(text: str) -> str:
    """Return a docstring as Markdown."""
    parts: list[str] = []
    for block in re.split(r"\n{2,}", text.strip("\n")):
        parts += _block(block.removesuffix(":") if block.endswith("::") else block)
    return "\n\n".join(parts)


def _block(block: str) -> list[str]:
    lines = block.split("\n")
    if len(lines) > 1 and lines[0] in SECTIONS and set(lines[1]) == {"-"}:
        body = lines[2:]
        return [f"**{lines[0]}**", _items(_entries(body)) if lines[0] in _LISTS else " ".join(map(str.strip, body))]
    if block.startswith((" ", "|", "- ")) or ("\n    " in block and not _ITEM.match(block)):
        return _mixed(lines)
    if _SOURCE.match(block):
        return [f"*{' '.join(map(str.strip, lines))}*"]
    if _ITEM.match(block):
        return [_items(_entries(lines))]
    return [block]


def _mixed(lines: list[str]) -> list[str]:
    """Set indented lines apart from the text before and after them, so that they are code."""
    parts: list[list[str]] = [[]]
    for line in lines:
        if parts[-1] and line.startswith("    ") != parts[-1][-1].startswith("    "):
            parts.append([])
        parts[-1].append(line)
    return ["\n".join(part) for part in parts]


def _entries(lines: list[str]) -> list[str]:
    """Return `name : meaning` entries; a line without a name of its own goes on with the one before."""
    entries: list[str] = []
    for line in lines:
        if _ITEM.match(line) or not entries:
            entries.append(line.strip())
        else:
            entries[-1] += f" {line.strip()}"
    return [part.rstrip(";") for entry in entries for part in _NEXT.split(entry)]


def _items(entries: list[str]) -> str:
    return "\n".join(f"- {_item(entry)}" for entry in entries)


def _item(entry: str) -> str:
    match = _ITEM.match(entry)
    if match is None:
        return entry
    return f"{', '.join(f'`{name}`' for name in match['names'].split(', '))}: {match['text']}"
