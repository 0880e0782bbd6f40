"""The frame of the pages that a run writes: one file, nothing that is loaded from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.resources import files
from string import Template

import phy_medicine


def page(title: str, subtitle: str, tiles: Iterable[str], sections: Iterable[str]) -> str:
    """Return the HTML of a page; tiles and sections are HTML already."""
    data = files("phy_medicine.data")
    parts = {name: data.joinpath(f"report.{name}").read_text("utf-8") for name in ("html", "css", "js")}
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Template(parts["html"]).substitute(
        title=html.escape(title), css=parts["css"], js=parts["js"], sections="\n".join(sections),
        subtitle=html.escape(subtitle), tiles="".join(tiles),
        footer=html.escape(f"phy-medicine {phy_medicine.__version__}, {made}"),
    )  # fmt: skip


def tile(value: str, words: str) -> str:
    """Return a figure that people look for first."""
    return f'<div class="tile"><b>{value}</b><span>{words}</span></div>'


def section(title: str, words: str, content: str) -> str:
    """Return a part of a page; words and content are HTML already."""
    said = f"<p>{words}</p>" if words else ""
    return f"<section><h2>{title}</h2>{said}{content}</section>"
