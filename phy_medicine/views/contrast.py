"""Colours that can be seen on a background: moved towards white or black no further than the contrast asks for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.views.theme import RGBA

TEXT, LINE = 4.5, 3.0
"""Contrast that text and lines must have on their background."""
_STEPS = np.linspace(0, 1, 65)


def luminance(colors: AnyArray | Sequence[float]) -> FloatArray:
    """Return the relative luminance 0..1 of colours (..., 3 or 4), RGB 0..1. Source: WCAG 2.1."""
    rgb = np.asarray(colors, dtype=np.float64)[..., :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    weighted: FloatArray = linear @ np.array([0.2126, 0.7152, 0.0722])
    return weighted


def contrast(a: AnyArray | Sequence[float], b: AnyArray | Sequence[float]) -> FloatArray:
    """Return the contrast ratio 1..21 of colours, pair by pair. Source: WCAG 2.1."""
    first, second = luminance(a), luminance(b)
    ratio: FloatArray = (np.maximum(first, second) + 0.05) / (np.minimum(first, second) + 0.05)
    return ratio


def legible(colors: AnyArray, background: RGBA, ratio: float = LINE) -> FloatArray:
    """Return colours (n, 4) float32 that reach a contrast with the background, hue kept; alpha is untouched."""
    given = np.asarray(colors, dtype=np.float64).reshape(-1, 4)
    end = 1.0 if luminance(background) < 0.18 else 0.0
    rgb = given[:, None, :3] * (1 - _STEPS[None, :, None]) + end * _STEPS[None, :, None]
    enough = contrast(rgb, background) >= ratio
    # The last step is white or black, the best there is.
    enough[:, -1] = True
    chosen = rgb[np.arange(len(given)), enough.argmax(axis=1)]
    return np.hstack([chosen, given[:, 3:]]).astype(np.float32)
