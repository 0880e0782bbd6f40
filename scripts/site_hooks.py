"""What mkdocs.yml cannot say: the decisions are in the navigation one by one, and links to files outside of docs/ work.

Files of `plugins/` that a page links to become pages of the site; in the source the same link leads to the file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
_PLUGIN = re.compile(r"\]\(\.\./(plugins/(\w+)\.py)\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put every decision into the section Decisions, in the order of their numbers."""
    docs = Path(config.docs_dir)
    decisions = [f"decisions/{path.name}" for path in sorted((docs / "decisions").glob("*.md"))]
    _fill(config.nav, "Decisions", decisions)
    _fill(config.nav, "Examples of plugins", [f"{path.removesuffix('.py')}.md" for path in _linked(docs)])
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Make a page of each linked file of `plugins/`."""
    for path in _linked(Path(config.docs_dir)):
        code = (ROOT / path).read_text("utf-8")
        text = f"# {Path(path).name}\n\n```python\n{code}```\n"
        files.append(File.generated(config, f"{path.removesuffix('.py')}.md", content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links to files of `plugins/` lead to their pages."""
    return _PLUGIN.sub(r"](plugins/\2.md)", markdown)


def _linked(docs: Path) -> list[str]:
    """Return the files of `plugins/` that pages link to, such as `plugins/mains_notch.py`."""
    texts = (path.read_text("utf-8") for path in docs.glob("*.md"))
    return sorted({path for text in texts for path, _ in _PLUGIN.findall(text)})


def _fill(nav: Any, title: str, pages: list[str]) -> None:
    """Give an empty section its pages, and take it away where there are none."""
    for item in list(nav):
        for name, content in item.items() if isinstance(item, dict) else ():
            if name == title:
                item[name] = pages
                if not pages:
                    nav.remove(item)
            elif isinstance(content, list):
                _fill(content, title, pages)
