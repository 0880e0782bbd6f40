"""Points, curves, histograms, densities and images of a picture as shapes, cut to their panels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from phy_medicine.base.types import AnyArray, BoolArray, FloatArray, IntArray
from phy_medicine.views import compiled
from phy_medicine.views.items import Bands, Cells, Density, Frame, Item, Lines, Points, Shades, Steps
from phy_medicine.views.layout import Box
from phy_medicine.views.scene import Scene
from phy_medicine.views.vector_shapes import Bitmap, Dots, Polygons, Strokes

POINT_BUDGET = 50_000
"""With more discs than this in sight some are an image: 2 MB of SVG, which drawing programs still open at once."""
CORNER_BUDGET = 300_000
"""The same for the corners of lines."""
# An image of what was over the budget has 288 dots per inch where a pixel is 1/96 inch.
_SHARPNESS = 3

ItemShape = Polygons | Strokes | Dots | Bitmap


def item_shapes(item: Item, scene: Scene) -> Iterator[ItemShape]:
    """Give the shapes of one item, panel by panel."""
    frame = Frame.of(scene.panels, (0, 0, *scene.size), scene.ratio)
    if isinstance(item, Density | Shades):
        yield from _bitmap(item, frame, np.array([item.panel]), 1)
    elif isinstance(item, Cells):
        yield from _bitmap(item, frame, np.unique(item.panels), 1)
    elif isinstance(item, Bands):
        yield from _bands(item, frame)
    elif isinstance(item, Points):
        yield from _points(item, frame)
    elif isinstance(item, Lines):
        yield from _lines(item, frame)
    else:
        yield from _steps(item, frame)


def item_bitmap(item: Item, scene: Scene) -> tuple[Bitmap, ...]:
    """Return an item as an image, finer than the screen's."""
    frame = Frame.of(scene.panels, (0, 0, *scene.size), scene.ratio)
    panels = np.array([item.panel]) if isinstance(item, Density | Shades) else np.unique(item.panels)
    return tuple(_bitmap(item, frame, panels, _SHARPNESS))


def _points(item: Points, frame: Frame) -> Iterator[ItemShape]:
    x, y = frame.to_pixels(item.x, item.y, item.panels)
    left, top, right, bottom = frame.clips[item.panels].T
    kept = np.flatnonzero((left <= x) & (x < right) & (top <= y) & (y < bottom))
    points, panels = np.stack([x[kept], y[kept]], axis=1), item.panels[kept]
    colors = item.palette[item.rows[kept]]
    radius = max(item.size * frame.ratio, 1.0) / 2
    for first, last in runs(panels):
        yield Dots(points[first:last], colors[first:last], radius, _clip(frame, int(panels[first])))


def _lines(item: Lines, frame: Frame) -> Iterator[ItemShape]:
    line = np.repeat(np.arange(item.panels.size), np.diff(item.starts))
    first = int(item.starts[0])
    x, y = item.x[first : first + line.size], item.y[first : first + line.size]
    panels = item.panels[line]
    points = np.stack(frame.to_pixels(x, y, panels), axis=1)
    whole = np.isfinite(points).all(axis=1)
    segments = np.flatnonzero(whole[:-1] & whole[1:] & (line[:-1] == line[1:]))
    starts, stops, inside = clipped(points[segments], points[segments + 1], frame.clips[panels[segments]])
    segments, starts, stops = segments[inside], starts[inside], stops[inside]
    # A piece goes on where the segment before ends.
    joined = (np.diff(segments) == 1) & (stops[:-1] == starts[1:]).all(axis=1) & (np.diff(line[segments]) == 0)
    heads = np.flatnonzero(np.concatenate([np.ones(min(segments.size, 1), dtype=bool), ~joined]))
    bounds = np.append(heads, segments.size)
    for a, b in runs(panels[segments[heads]]):
        pieces = bounds[a : b + 1]
        corners, offsets = _corners(starts, stops, pieces)
        colors = item.palette[item.rows[line[segments[pieces[:-1]]]]]
        clip = _clip(frame, int(panels[segments[pieces[0]]]))
        yield Strokes(corners, offsets, colors, max(1.0, item.width * frame.ratio), clip)


def _corners(starts: FloatArray, stops: FloatArray, pieces: IntArray) -> tuple[FloatArray, IntArray]:
    """Return the corners of pieces of joined segments, and where those of each piece begin."""
    n_pieces, n_segments = len(pieces) - 1, int(pieces[-1] - pieces[0])
    offsets = pieces - pieces[0] + np.arange(n_pieces + 1)
    corners = np.empty((n_segments + n_pieces, 2))
    corners[offsets[:-1]] = starts[pieces[:-1]]
    rest = np.ones(len(corners), dtype=bool)
    rest[offsets[:-1]] = False
    corners[rest] = stops[pieces[0] : pieces[-1]]
    return corners, offsets


def clipped(starts: FloatArray, stops: FloatArray, boxes: IntArray) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Cut segments to their boxes; the last array tells which of them have something inside.

    Source: Liang & Barsky 1984, ACM Trans. Graphics 3:1.
    """
    along = stops - starts
    with np.errstate(divide="ignore", invalid="ignore"):
        crossings = np.stack([(boxes[:, :2] - starts) / along, (boxes[:, 2:] - starts) / along])
    within = (boxes[:, :2] <= starts) & (starts <= boxes[:, 2:])
    # A segment parallel to an edge crosses it never: from minus to plus infinity inside, or nowhere.
    parallel = along == 0
    enter = np.where(parallel, np.where(within, -np.inf, np.inf), crossings.min(axis=0)).max(axis=1)
    leave = np.where(parallel, np.inf, crossings.max(axis=0)).min(axis=1)
    t0, t1 = np.maximum(enter, 0.0)[:, None], np.minimum(leave, 1.0)[:, None]
    inside: BoolArray = (t0 <= t1)[:, 0]
    cut_starts = np.where(t0 > 0, starts + np.where(inside[:, None], t0, 0) * along, starts)
    cut_stops = np.where(t1 < 1, starts + np.where(inside[:, None], t1, 0) * along, stops)
    return cut_starts, cut_stops, inside


def _steps(item: Steps, frame: Frame) -> Iterator[ItemShape]:
    u, v = (1, 0) if item.sideways else (0, 1)
    n_bins = item.values.shape[1]
    for i, panel in enumerate(item.panels.tolist()):
        transform, clip = frame.transforms[panel], frame.clips[panel]
        edges = np.linspace(*item.edges[i], n_bins + 1) * transform[u] + transform[u + 2]
        zero = float(transform[v + 2])
        tips = np.nan_to_num(item.values[i].astype(np.float64)) * transform[v] + zero
        edges = np.clip(edges, clip[u], clip[u + 2])
        shown = np.flatnonzero((edges[1:] != edges[:-1]) & (item.values[i] != 0))
        tips = np.clip(tips, clip[v], clip[v + 2])
        base = float(np.clip(zero, clip[v], clip[v + 2]))
        outlines = [
            _outline(edges[a : b + 1], tips[a:b], base, sideways=item.sideways)
            for a, b in ((int(shown[p]), int(shown[q - 1]) + 1) for p, q in runs(shown - np.arange(shown.size)))
        ]
        if outlines:
            starts = np.cumsum([0, *(len(points) for points in outlines)])
            colors = np.repeat(item.palette[item.rows[i]][None], len(outlines), axis=0)
            yield Polygons(np.concatenate(outlines), starts, colors, _clip(frame, panel))


def _bands(item: Bands, frame: Frame) -> Iterator[ItemShape]:
    """Give each band as one outline for each stretch without a gap: along the upper curve, back along the lower."""
    for i, panel in enumerate(item.panels.tolist()):
        (a, b, c, d), clip = frame.transforms[panel], frame.clips[panel]
        x = np.linspace(*item.spans[i], item.low.shape[1]) * a + c
        # The ends of what is in sight lie between points.
        seen = np.unique(np.clip(x, clip[0], clip[2]))
        upper, lower = (np.interp(seen, x, curve[i]) * b + d for curve in (item.high, item.low))
        whole = np.isfinite(upper) & np.isfinite(lower)
        for first, last in runs(whole):
            if whole[first] and last - first > 1:
                ends = np.clip(np.concatenate([upper[first:last], lower[first:last][::-1]]), clip[1], clip[3])
                along = np.concatenate([seen[first:last], seen[first:last][::-1]])
                color = item.palette[item.rows[i]][None]
                outline = np.stack([along, ends], axis=1)
                yield Polygons(outline, np.array([0, len(outline)]), color, _clip(frame, panel))


def _outline(edges: FloatArray, tips: FloatArray, base: float, *, sideways: bool) -> FloatArray:
    """Return the outline of neighbouring bars, (n, 2) px; corners between bars of one height are left out."""
    changes = np.flatnonzero(np.diff(tips)) + 1
    bars = np.concatenate([[0], changes])
    ends = np.concatenate([edges[bars], edges[-1:]])
    along = np.concatenate([ends[:1], np.repeat(ends, 2)[1:-1], ends[-1:]])
    across = np.concatenate([[base], np.repeat(tips[bars], 2), [base]])
    return np.stack([across, along] if sideways else [along, across], axis=1)


def _bitmap(item: Item, frame: Frame, panels: IntArray, sharpness: int) -> Iterator[Bitmap]:
    """Draw an item into an image, as it is drawn on the screen, with so many pixels for one."""
    clips = frame.clips[panels]
    (left, top), (right, bottom) = clips[:, :2].min(axis=0), clips[:, 2:].max(axis=0)
    if not (right > left and bottom > top):
        return
    corner = np.array([left, top])
    transforms = frame.transforms * sharpness
    transforms[:, 2:] -= sharpness * corner
    moved = (frame.clips - np.tile(corner, 2)) * sharpness
    size = np.array([right - left, bottom - top]) * sharpness
    fine = Frame(transforms, np.clip(moved, 0, np.tile(size, 2)), frame.ratio * sharpness)
    yield Bitmap(rendered((item,), fine, (int(size[1]), int(size[0]))), (left, top, right, bottom))


def rendered(parts: tuple[Item, ...], frame: Frame, shape: tuple[int, int]) -> AnyArray:
    """Return items drawn one over the other, (h, w, 4) uint8 premultiplied."""
    compiled.warm_up()
    pixels = np.zeros(shape, dtype=np.uint32)
    compiled.render(parts, frame, pixels)
    words: AnyArray = pixels.view(np.uint8).reshape(*shape, 4)
    return words


def heat_bitmaps(scene: Scene) -> Iterator[Bitmap]:
    """Return the images under the items as they lie in their panels: the cell under each pixel."""
    for heat in scene.picture.heats():
        bitmap = _heat_bitmap(scene, *heat)
        if bitmap is not None:
            yield bitmap


def _heat_bitmap(scene: Scene, panel: int, pixels: AnyArray, box: tuple[float, float, float, float]) -> Bitmap | None:
    """One image, finer for large cells; None where it is not in sight."""
    x0, x1, y0, y1 = box
    (a, c), (b, d) = scene.panels.to_pixels(panel, np.array([x0, x1]), np.array([y1, y0]))
    clip = np.clip(scene.panels.rects[panel], 0, np.tile(scene.size, 2))
    left, right = np.clip((a, c), clip[0], clip[2])
    top, bottom = np.clip((b, d), clip[1], clip[3])
    if not (right > left and bottom > top):
        return None
    n_rows, n_columns = pixels.shape[:2]
    columns, left, right = _cells(float(left), float(right), (float(a), float(c)), n_columns)
    rows, top, bottom = _cells(float(top), float(bottom), (float(b), float(d)), n_rows)
    return Bitmap(np.ascontiguousarray(pixels[rows[:, None], columns]), (left, top, right, bottom))


def _cells(low: float, high: float, span: tuple[float, float], n: int) -> tuple[IntArray, float, float]:
    """Return the cell under the middle of each pixel, or part of one, from `low` to `high`, and these ends."""
    fine = 4 if abs(span[1] - span[0]) > 1.5 * n else 1
    # Whole pixels, as on the screen, unless a fraction of one is asked for.
    low, high = (round(low), round(high)) if fine == 1 else (low, high)
    count = max(round((high - low) * fine), 1)
    middles = low + (np.arange(count) + 0.5) * ((high - low) / count)
    cells = np.floor((middles - span[0]) / (span[1] - span[0]) * n).astype(np.int64)
    return np.clip(cells, 0, n - 1), low, high


def _clip(frame: Frame, panel: int) -> Box:
    left, top, right, bottom = (float(edge) for edge in frame.clips[panel])
    return left, top, right, bottom


def runs(values: AnyArray) -> list[tuple[int, int]]:
    """Return first and past-the-last index of each run of equal values."""
    if not len(values):
        return []
    edges = np.flatnonzero(np.diff(values.astype(np.int64))) + 1
    return list(zip([0, *edges.tolist()], [*edges.tolist(), len(values)], strict=True))
