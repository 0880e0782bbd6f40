"""Pictures of the model: data and spikes, templates, likelihood, what is left of the data.

Every function returns its figure, and draws on the axes it is given or on a figure of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.localize.figure_parts import ACCENT, EITHER_WAY, MUTED, SECOND, clean, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WINDOW_S = 0.2
MAIN_SHARE = 0.4
"""Of the largest channel of a template: a spike is coloured on the channels that have as much."""
_SPACING = 6.0
"""Between two channels, in units of their median deviation from 0."""
_PALETTE = "tab20"


def traces(
    data: FloatArray,
    templates: FloatArray,
    amplitudes: FloatArray,
    *,
    sample_rate: float,
    start_s: float = 0.0,
    window_s: float = WINDOW_S,
    axis: Axes | None = None,
) -> Figure:
    """Draw the channels one above the other, each spike in the colour of its unit on its main channels.

    Parameters
    ----------
    data, templates, amplitudes : (N, T), (K, N, D), (K, T)
    sample_rate : Hz; start_s, window_s : s
    """
    figure, axis = _axis(axis, 11, 7)
    first = round(start_s * sample_rate)
    stop = min(data.shape[1], first + round(window_s * sample_rate))
    spacing = _spacing(data[:, first:stop])
    _lines(axis, data[:, first:stop], first / sample_rate, sample_rate, spacing, color=MUTED)
    width = templates.shape[2]
    for k, template in enumerate(templates):
        size = np.abs(template).max(axis=1)
        shape = np.abs(template).max(axis=0)
        seen = np.flatnonzero(shape >= 0.05 * shape.max())
        near = max(0, first - width)
        for time in (np.flatnonzero(amplitudes[k, near:stop]) + near).tolist():
            low, high = max(first, time + seen[0]), min(stop, time + seen[-1] + 1)
            for channel in np.flatnonzero(size >= MAIN_SHARE * size.max()) if low < high else ():
                x = np.arange(low, high) / sample_rate
                axis.plot(x, data[channel, low:high] + channel * spacing, color=unit_color(k), linewidth=1.1)
    axis.set(xlabel="Time (s)", ylabel="Channel", title="Spikes by unit")
    _channel_ticks(axis, len(data), spacing)
    return figure


def template_grid(templates: FloatArray, *, others: FloatArray | None = None, figure: Figure | None = None) -> Figure:
    """Draw each template in a panel of its own, (K, N, D), over another one when there are others."""
    n = len(templates)
    columns = int(np.ceil(np.sqrt(n * 1.6)))
    rows = -(-n // columns)
    figure = figure or new_figure(1.5 * columns + 0.5, 2.0 * rows + 0.5)
    axes = np.atleast_1d(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)).ravel()
    spacing = 0.5 * max(float(np.abs(t).max()) for t in (templates, *([] if others is None else [others])))
    for k, axis in enumerate(axes):
        if k >= n:
            axis.set_axis_off()
            continue
        if others is not None:
            _lines(axis, others[k], 0.0, 1.0, spacing, color=(SECOND, 0.6), linewidth=2.2)
        _lines(axis, templates[k], 0.0, 1.0, spacing, color="black" if others is not None else unit_color(k))
        axis.set_title(f"{k}", fontsize=8, pad=2)
        _channel_ticks(axis, templates.shape[1], spacing, most=4)
        clean(axis)
    figure.supxlabel("Sample", fontsize=9)
    figure.supylabel("Channel", fontsize=9)
    if others is not None:
        figure.legend(handles=_keys({"true": SECOND, "found": "black"}), loc="outside upper right", ncols=2, fontsize=8)
    return figure


def true_and_found(true: FloatArray, found: FloatArray, partner: IntArray) -> Figure:
    """Draw found templates over the true ones, each moved by the lag at which the two are most alike.

    Parameters
    ----------
    true, found : (K, N, D); partner : found unit of each true one, -1 for none
    """
    moved = np.zeros_like(true)
    for k, j in enumerate(partner.tolist()):
        if j >= 0:
            moved[k] = _aligned(found[j], true[k])
    return template_grid(moved, others=true)


def _aligned(template: FloatArray, like: FloatArray) -> FloatArray:
    width = template.shape[1]
    padded = np.pad(template, ((0, 0), (width - 1, width - 1)))
    views = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1)
    return np.asarray(views[:, int(np.einsum("nlw,nw->l", views, like).argmax())])


def model_panel(
    data: FloatArray,
    templates: FloatArray,
    amplitudes: FloatArray,
    scores: FloatArray,
    *,
    start: int = 0,
    n_samples: int = 1000,
    figure: Figure | None = None,
) -> Figure:
    """Draw what the model is made of: templates, amplitudes, scores and data in a stretch.

    Parameters
    ----------
    data, templates, amplitudes, scores : (N, T), (K, N, D), (K, T), (K, T)
    start, n_samples : stretch shown
    """
    figure = figure or new_figure(12, 7)
    grid = figure.add_gridspec(3, 2, width_ratios=(1, 3.5))
    shapes = figure.add_subplot(grid[:, 0])
    panels = [figure.add_subplot(grid[row, 1]) for row in range(3)]
    part = slice(start, start + n_samples)
    x = np.arange(start, start + data[:, part].shape[1])
    _image(shapes, np.concatenate(list(templates), axis=1), 1.0)
    shapes.set_xticks((np.arange(len(templates)) + 0.5) * templates.shape[2], range(len(templates)), fontsize=7)
    shapes.set(title="Templates", xlabel="Unit", ylabel="Channel")
    height = float(max(np.abs(scores[:, part]).max(initial=0), amplitudes[:, part].max(initial=0))) or 1.0
    for k in range(len(templates)):
        times = np.flatnonzero(amplitudes[k, part])
        panels[0].vlines(x[times], k, k + 0.9 * amplitudes[k, part][times] / height, color=unit_color(k), linewidth=1.5)
        panels[1].plot(x, k + 0.9 * scores[k, part] / height, color=unit_color(k), linewidth=0.7)
    panels[0].set(title="Amplitudes", ylabel="Unit", ylim=(-0.1, len(templates)))
    panels[1].set(title="Scores of the data", ylabel="Unit")
    _image(panels[2], data[:, part], 0.995, extent=(x[0] - 0.5, x[-1] + 0.5, -0.5, len(data) - 0.5))
    panels[2].set(title="Data", xlabel="Sample", ylabel="Channel")
    for panel in panels:
        panel.set_xlim(x[0], x[-1])
    clean(shapes, *panels)
    return figure


def _image(axis: Axes, values: FloatArray, quantile: float, **options: Any) -> None:
    """Channels by samples in colours for either sign."""
    limit = float(np.quantile(np.abs(values), quantile)) or 1.0
    axis.imshow(values, aspect="auto", origin="lower", cmap=EITHER_WAY, vmin=-limit, vmax=limit, **options)


def likelihood(values: FloatArray, *, true_value: float | None = None, axis: Axes | None = None) -> Figure:
    """Draw the log likelihood per data point after each pass, with a line at that of the truth when it is known."""
    figure, axis = _axis(axis, 6, 4)
    axis.plot(np.arange(len(values)), values, "o-", color=ACCENT, markersize=4, label="found")
    if true_value is not None:
        axis.axhline(true_value, color=SECOND, linestyle="--", linewidth=1, label="truth")
        axis.legend(frameon=False, fontsize=8)
    axis.set(xlabel="Pass", ylabel="Log likelihood per data point (nats)", title="Likelihood")
    axis.xaxis.get_major_locator().set_params(integer=True)
    clean(axis)
    return figure


def similarity(matrix: FloatArray, *, axis: Axes | None = None) -> Figure:
    """Draw the similarity of true units (rows) and found ones, those found in the order of their partners."""
    from scipy.optimize import linear_sum_assignment

    figure, axis = _axis(axis, 5.5, 4.8)
    columns = linear_sum_assignment(matrix, maximize=True)[1]
    order = [*columns, *np.setdiff1d(np.arange(matrix.shape[1]), columns)]
    picture = axis.imshow(matrix[:, order], vmin=-1, vmax=1, cmap=EITHER_WAY, aspect="auto")
    axis.set_xticks(range(len(order)), order, fontsize=7)
    axis.set(xlabel="Found unit", ylabel="True unit", title="Similarity of templates")
    figure.colorbar(picture, ax=axis, label="Cosine at the best lag")
    return figure


def residuals(
    data: FloatArray, residual: FloatArray, *, start: int = 0, n_samples: int = 1000, axes: Sequence[Axes] | None = None
) -> Figure:
    """Draw the data before and after the spikes have been taken out, on the same scale; (N, T) each."""
    if axes is None:
        figure = new_figure(11, 7)
        axes = figure.subplots(2, 1, sharex=True)
    part = slice(start, start + n_samples)
    spacing = _spacing(data[:, part])
    for axis, values, title in zip(axes, (data, residual), ("Before", "After"), strict=True):
        _lines(axis, values[:, part], float(start), 1.0, spacing, color="black")
        axis.set(title=f"{title}: variance {values[:, part].var():.2f}", ylabel="Channel")
        _channel_ticks(axis, len(data), spacing)
        clean(axis)
    axes[-1].set_xlabel("Sample")
    return _figure_of(axes[0])


def _axis(axis: Axes | None, width: float, height: float) -> tuple[Figure, Axes]:
    if axis is None:
        figure = new_figure(width, height)
        axis = figure.subplots()
    clean(axis)
    return _figure_of(axis), axis


def _figure_of(axis: Axes) -> Any:
    return axis.figure


def _spacing(data: FloatArray) -> float:
    return _SPACING * float(np.median(np.abs(data))) / 0.6745 or 1.0


def _lines(
    axis: Axes, data: FloatArray, start: float, rate: float, spacing: float, *, color: Any, linewidth: float = 0.6
) -> None:
    """Channels one above the other, the first at the bottom."""
    x = start + np.arange(data.shape[1]) / rate
    axis.plot(x, data.T + np.arange(len(data)) * spacing, color=color, linewidth=linewidth)
    axis.margins(x=0.01, y=0.02)


def _channel_ticks(axis: Axes, n_channels: int, spacing: float, most: int = 12) -> None:
    shown = np.arange(0, n_channels, -(-n_channels // most))
    axis.set_yticks(shown * spacing, shown)


def unit_color(k: int) -> Any:
    """Return the colour of a unit."""
    from matplotlib import colormaps

    # tab20 has pairs of a dark and a light colour; the dark ones come first
    return colormaps[_PALETTE]((2 * k + k // 10) % 20)


def _keys(colors: dict[str, str]) -> list[Any]:
    from matplotlib.lines import Line2D

    return [Line2D([], [], color=color, label=name) for name, color in colors.items()]
