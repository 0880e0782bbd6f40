"""A movie of positions: one frame for each second, with the raster and the likeness of the stretches beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.compute.localize.figure_parts import (
    ACCENT,
    LABELS,
    SECOND,
    STRENGTH,
    binned_mean,
    clean,
    new_figure,
    pixel_counts,
    span,
)
from phy_medicine.compute.localize.figures_space import contacts_on, corner_axes, view_limits
from phy_medicine.compute.localize.likeness import Likeness
from phy_medicine.compute.localize.located import Located

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from matplotlib.lines import Line2D

FRAMES_PER_S = 10
PIXELS = 100
MOVIE_DPI, GIF_DPI = 100, 65
_PLANES = ((0, 1), (0, 2), (2, 1))


def write_movie(
    folder: Path,
    located: Located,
    likeness: Likeness,
    check: Callable[[float], object] = lambda fraction: None,
) -> Path:
    """Write `localization_movie.mp4`, or a GIF where there is no encoder.

    A frame is a stretch of the likeness: a second, or more in recordings of more than 300 seconds.

    check : called before each frame with the fraction done; may raise to end the work
    """
    from matplotlib.animation import FFMpegWriter, PillowWriter

    n_frames = len(likeness.times_s)
    encoder = FFMpegWriter.isAvailable()
    path = folder / ("localization_movie.mp4" if encoder else "localization_movie.gif")
    writer = FFMpegWriter(fps=FRAMES_PER_S) if encoder else PillowWriter(fps=FRAMES_PER_S)
    scene = Scene(located, likeness)
    with writer.saving(scene.figure, str(path), MOVIE_DPI if encoder else GIF_DPI):
        for k in range(n_frames):
            check(k / n_frames)
            scene.show(k)
            writer.grab_frame()
    return path


class Scene:
    """The picture whose data change from frame to frame."""

    def __init__(self, located: Located, likeness: Likeness) -> None:
        self.located, self.likeness = located, likeness
        self.um = located.steady_um
        self.limits = view_limits(located, self.um)
        order = np.argsort(located.times_s, kind="stable")
        self.spikes = np.split(order, np.searchsorted(located.times_s[order], likeness.edges_s[1:-1]))
        self.figure: Figure = new_figure(12, 7.5)
        left, right = self.figure.subfigures(1, 2, width_ratios=(1, 1))
        self.images = self._projections(left)
        self.cursors = self._courses(right)
        self.title.set_text("0 s")
        # The layout costs as much as all the rest of a frame, and does not change.
        self.figure.canvas.draw()
        self.figure.set_layout_engine("none")

    def show(self, k: int) -> None:
        """Put in the spikes of a stretch."""
        spikes = self.spikes[k]
        for image, (i, j) in zip(self.images, _PLANES, strict=True):
            counts = pixel_counts(self.um[spikes, i], self.um[spikes, j], self.limits[i], self.limits[j], PIXELS)
            image.set_data(counts.T)
        time = float(self.likeness.times_s[k])
        for cursor in self.cursors:
            cursor.set_xdata([time, time])
        self.title.set_text(f"{self.likeness.edges_s[k]:,.1f} s, {len(spikes):,} spikes")

    def _projections(self, figure: Figure) -> list[AxesImage]:
        axes = corner_axes(figure)
        spikes = max(self.spikes, key=len)
        images = []
        for axis, (i, j) in zip(axes, _PLANES, strict=True):
            extent = (*self.limits[i], *self.limits[j])
            counts = pixel_counts(self.um[spikes, i], self.um[spikes, j], self.limits[i], self.limits[j], PIXELS)
            most = max(2.0, float(np.quantile(counts[counts > 0], 0.99)) if counts.any() else 2.0)
            images.append(
                axis.imshow(counts.T, origin="lower", extent=extent, aspect="auto", cmap="magma", vmin=0, vmax=most)
            )
        contacts_on(axes[0], self.located)
        self.title = figure.suptitle("", fontsize=11)
        clean(*axes)
        return images

    def _courses(self, figure: Figure) -> list[Line2D]:
        raster, alike, spread = figure.subplots(3, 1, sharex=True, height_ratios=(3, 1, 1))
        located, likeness = self.located, self.likeness
        across = float(located.times_s.min()), float(located.times_s.max())
        mean = binned_mean(located.times_s, self.um[:, 1], located.log_alpha, across, self.limits[1])
        low, high = span(located.log_alpha)
        extent = (*across, *self.limits[1])
        raster.imshow(mean, origin="lower", extent=extent, aspect="auto", cmap=STRENGTH, vmin=low, vmax=high)
        raster.set(ylabel=LABELS["y"], title=located.name)
        alike.plot(likeness.times_s, likeness.around(), color=ACCENT, linewidth=1)
        alike.set_ylabel("Correlation\nwithin 30 s", fontsize=8)
        spread.plot(likeness.times_s, likeness.entropy, color=ACCENT, linewidth=1)
        spread.set_xlabel("Time (s)")
        spread.set_ylabel("Entropy\n(nats)", fontsize=8)
        clean(raster, alike, spread)
        return [self._cursor(axis) for axis in (raster, alike, spread)]

    def _cursor(self, axis: Axes) -> Line2D:
        return axis.axvline(float(self.likeness.times_s[0]), color=SECOND, linewidth=1.2)
