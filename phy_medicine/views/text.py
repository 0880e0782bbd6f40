"""Glyphs rasterised at the size in which they are shown, so that text is crisp at 9 points.

Digits all have the same width, so that changing numbers do not jump. `docs/decisions/0001-text-from-a-glyph-atlas.md`
says why this is not vispy's text.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray

_NAMES = (
    "Inter-Regular.ttf", "Inter-Regular.otf", "InterVariable.ttf", "NotoSans-Regular.ttf", "SFNS.ttf",
    "HelveticaNeue.ttc", "segoeui.ttf", "DejaVuSans.ttf", "LiberationSans-Regular.ttf",
)  # fmt: skip
_FOLDERS = {
    "win32": ("C:/Windows/Fonts",),
    "darwin": ("~/Library/Fonts", "/Library/Fonts", "/System/Library/Fonts"),
}
_UNIX = (
    "~/.local/share/fonts", "~/.fonts", "/usr/share/fonts/truetype/inter", "/usr/share/fonts/opentype/inter",
    "/usr/share/fonts/inter", "/usr/share/fonts/truetype/noto", "/usr/share/fonts/noto",
    "/usr/share/fonts/google-noto", "/usr/share/fonts/truetype/dejavu", "/usr/share/fonts/dejavu",
    "/usr/share/fonts/dejavu-sans-fonts", "/usr/share/fonts/TTF", "/usr/share/fonts/truetype/liberation",
)  # fmt: skip
_KEPT_WIDTHS = 10_000
_ATLAS_WIDTH = 512
_GAP = 1


@lru_cache(maxsize=1)
def font_path() -> Path:
    """Return a sans-serif font file; `PHY_MEDICINE_FONT` overrides the search.

    Raises
    ------
    PhyMedError : no font on this computer
    """
    chosen = os.environ.get("PHY_MEDICINE_FONT")
    if chosen:
        return Path(chosen)
    folders = [Path(folder).expanduser() for folder in _FOLDERS.get(sys.platform, _UNIX)]
    # matplotlib carries DejaVu Sans; its folder is found without importing it.
    matplotlib = find_spec("matplotlib")
    if matplotlib is not None and matplotlib.origin is not None:
        folders.append(Path(matplotlib.origin).parent / "mpl-data" / "fonts" / "ttf")
    for name in _NAMES:
        for folder in folders:
            if (folder / name).is_file():
                return folder / name
    raise PhyMedError("No font was found for the labels; set PHY_MEDICINE_FONT to the path of a .ttf file.")


@dataclass(frozen=True, slots=True)
class Glyph:
    """Place of a character in the atlas, all in px; (left, top): its bitmap relative to the pen on the baseline."""

    u: int
    v: int
    width: int
    height: int
    left: int
    top: int
    advance: int


class Atlas:
    """Glyphs of one size, added as they are first used; `version` grows with the bitmap.

    `pixels` is (h, w, 4) uint8, the coverage in every channel; its first pixel is solid, for shapes without texture.
    """

    def __init__(self, font_px: int) -> None:
        self.font_px = font_px
        self._font = ImageFont.truetype(str(font_path()), font_px, layout_engine=ImageFont.Layout.BASIC)
        self._glyphs: dict[str, Glyph] = {}
        # A frame of all views asks 2,500 times, mostly for the same labels: 10 ms.
        self._widths: dict[str, int] = {}
        self._shelf = [2, 0, 1]
        self.pixels = np.zeros((64, _ATLAS_WIDTH, 4), dtype=np.uint8)
        self.pixels[0, 0] = 255
        self.version = 0
        self.cap_height = -self._font.getbbox("H", anchor="ls")[1]
        self._digit = max(round(self._font.getlength(digit)) for digit in "0123456789")
        for character in "0123456789.,-−+ ()":
            self.glyph(character)

    def glyph(self, character: str) -> Glyph:
        """Return the glyph of a character, drawing it if it is new."""
        known = self._glyphs.get(character)
        if known is None:
            known = self._glyphs[character] = self._draw(character)
        return known

    def width(self, text: str) -> int:
        """Return the width of a line of text in px."""
        known = self._widths.get(text)
        if known is None:
            if len(self._widths) >= _KEPT_WIDTHS:
                self._widths.clear()
            known = self._widths[text] = sum(self.glyph(character).advance for character in text)
        return known

    @property
    def family(self) -> str:
        """Name of the font, "DejaVu Sans"."""
        return str(self._font.getname()[0])

    def stamp(self, text: str) -> tuple[AnyArray, int, int]:
        """Return the coverage of a line of text, (h, w) uint8, and the column and row of its pen."""
        glyphs = [self.glyph(character) for character in text]
        row = max((-g.top for g in glyphs), default=0)
        height = max(row + max((g.top + g.height for g in glyphs), default=0), 1)
        # Letters may reach beyond the pen on both sides.
        around = self.font_px
        out = np.zeros((height, self.width(text) + 2 * around), dtype=np.uint8)
        pen = around
        for g in glyphs:
            x, y = pen + g.left, row + g.top
            here = out[y : y + g.height, x : x + g.width]
            np.maximum(here, self.pixels[g.v : g.v + g.height, g.u : g.u + g.width, 0], out=here)
            pen += g.advance
        return out, around, row

    def _draw(self, character: str) -> Glyph:
        left, top, right, bottom = (int(edge) for edge in self._font.getbbox(character, anchor="ls"))
        width, height = right - left, bottom - top
        advance = round(self._font.getlength(character))
        if character.isdigit():
            left, advance = left + (self._digit - advance) // 2, self._digit
        if width <= 0 or height <= 0:
            return Glyph(0, 0, 0, 0, 0, 0, advance)
        u, v = self._place(width, height)
        tile = PilImage.new("L", (width, height))
        box = self._font.getbbox(character, anchor="ls")
        ImageDraw.Draw(tile).text((-box[0], -box[1]), character, fill=255, font=self._font, anchor="ls")
        self.pixels[v : v + height, u : u + width] = np.asarray(tile)[..., None]
        self.version += 1
        return Glyph(u, v, width, height, left, top, advance)

    def _place(self, width: int, height: int) -> tuple[int, int]:
        u, v, shelf_height = self._shelf
        if u + width > _ATLAS_WIDTH:
            u, v, shelf_height = 0, v + shelf_height + _GAP, 0
        while v + height > self.pixels.shape[0]:
            self.pixels = np.vstack([self.pixels, np.zeros_like(self.pixels)])
        self._shelf = [u + width + _GAP, v, max(shelf_height, height)]
        return u, v


@lru_cache(maxsize=8)
def atlas(font_px: int) -> Atlas:
    """Return the atlas of a font size in physical pixels; one for all canvases."""
    return Atlas(font_px)
