"""The pictures of the documents: each is of a view that there is, and is there."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("PyQt5")

from phy_medicine.gui.panels import KINDS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def gallery(script) -> ModuleType:
    """The script that makes the pictures."""
    return script("gallery")


def test_the_gallery_shows_views_that_there_are(gallery):
    shown = {shot.kind for shot in gallery.SHOTS}
    assert shown - set(KINDS) == {"SpikePositionsView"}  # of a file of the simulated dataset


def test_pictures_in_the_documents_are_there_and_say_what_is_seen():
    for page in (ROOT / "docs").glob("*.md"):
        for caption, path in re.findall(r"!\[(.*?)\]\((.*?)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / path).is_file(), f"{page.name}: {path}"
            assert len(caption) > 15, f"{page.name}: {path}"


def test_pictures_are_put_under_their_headings_once(gallery):
    text = "# Views\n\nAll.\n\n## Raster\n\nRows.\n\n```python\na\n\n\nb\n```\n"
    once = gallery.with_pictures(text)
    assert "## Raster\n\n![All spikes" in once
    assert once.count("images/views/RasterView.png") == 1
    assert "a\n\n\nb" in once
    assert gallery.with_pictures(once) == once
