"""The site: it builds, no link leads nowhere, no page is left out, and nothing is fetched from elsewhere."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("mkdocs")
pytest.importorskip("mkdocstrings_handlers.python")

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

ROOT = Path(__file__).resolve().parents[2]
FETCHED = re.compile(r"""<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=["']?((?:https?:)?//[^"'\s>]+)""")
CANONICAL = re.compile(r"""<link[^>]*rel=["']?canonical""")


@pytest.fixture(scope="module")
def site(brief_folder) -> Iterator[Path]:
    """The whole site, built as `make docs` does."""
    with brief_folder() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("NO_MKDOCS_2_WARNING", "1")
        build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder)))
        yield folder


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Builds a site of two pages with the options of ours; the second page's text is given."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Home\n\n## Here\n")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)

    def build_it(text: str, nav: tuple[str, ...] = ("index.md", "page.md")) -> None:
        (tmp_path / "docs" / "page.md").write_text(text)
        config = load_config(
            str(tmp_path / "mkdocs.yml"), nav=list(nav), plugins=[], hooks=[], site_dir=str(tmp_path / "site"),
        )  # fmt: skip
        build(config)

    return build_it


def test_the_site_builds_without_a_warning(site: Path):
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert pages <= {path.stem for path in site.glob("*.html")}
    assert (site / "decisions" / "0001-text-from-a-glyph-atlas.html").exists()


def test_a_small_site_builds(small):
    small("# Page\n\n[here](index.md#here)\n")


@pytest.mark.parametrize(
    "text", ["[gone](gone.md)", "[no such heading](index.md#there)", "![no picture](gone.png)", "[out](../README.md)"]
)
def test_a_link_that_leads_nowhere_ends_the_build(small, text: str):
    with pytest.raises(Abort):
        small(f"# Page\n\n{text}\n")


def test_a_page_that_is_not_in_the_navigation_ends_the_build(small):
    with pytest.raises(Abort):
        small("# Page\n", nav=("index.md",))


def test_nothing_is_fetched_from_elsewhere(site: Path):
    for page in site.rglob("*.html"):
        fetched = FETCHED.findall(CANONICAL.sub("", page.read_text("utf-8")))
        assert fetched == [], page.name


def test_pictures_and_links_between_files_are_there(site: Path):
    for page in site.rglob("*.html"):
        for target in re.findall(r"""(?:src|href)=["']([^"'#:?]+)["'#?]""", page.read_text("utf-8")):
            if page.name != "404.html":
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_function_of_the_reference_says_what_it_does(site: Path):
    text = (site / "api.html").read_text("utf-8")
    bodies = re.findall(
        r'<h[34] id="phy_medicine\.([\w.]+)".*?<div class="doc doc-contents[^>]*>(.*?)</div>', text, re.S
    )
    assert len(bodies) > 100
    silent = [name for name, body in bodies if "<p>" not in body]
    assert silent == []


def test_parameters_are_lists_in_the_reference(site: Path):
    text = (site / "api.html").read_text("utf-8")
    assert "<strong>Parameters</strong>" in text
    assert "----" not in re.sub(r"<[^>]+>", "", text)
