"""Figures of matplotlib that cells of the console make: drawn into the console, in the colours of the theme.

While a cell runs, `pyplot` has other settings, another backend and an empty list of figures; afterwards it has its own
again, so that plugins and the rest of the program notice nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from IPython.core.pylabtools import select_figure_formats

from phy_medicine.curation.colors import selection_colors
from phy_medicine.views.theme import Theme

_BACKEND = "module://matplotlib_inline.backend_inline"
_SIZE_INCHES = (6.4, 3.4)
_DPI = 96
_N_COLORS = 8


class CellFigures:
    """The `pyplot` of one console; what cells set in `rcParams` holds until the console is closed."""

    def __init__(self, shell: Any, theme: Theme) -> None:
        from matplotlib import rcParams

        self._settings = dict.copy(rcParams)
        self.set_theme(theme)
        select_figure_formats(shell, {"png"}, bbox_inches="tight")

    def set_theme(self, theme: Theme) -> None:
        """Draw figures to come in other colours."""
        self._settings.update({"backend": _BACKEND, "interactive": True, **_colors(theme)})

    @contextmanager
    def drawn_inline(self) -> Iterator[None]:
        """Let a cell draw; what it has drawn is shown at the end, and no figure stays open."""
        import matplotlib
        import matplotlib_inline.backend_inline as inline
        from matplotlib import pyplot
        from matplotlib._pylab_helpers import Gcf

        before, module, figures = dict.copy(matplotlib.rcParams), pyplot._backend_mod, Gcf.figs
        try:
            Gcf.figs = OrderedDict()
            dict.update(matplotlib.rcParams, self._settings)
            pyplot.switch_backend(_BACKEND)
            yield
            inline.show(close=True)
        finally:
            self._settings = {**dict.copy(matplotlib.rcParams), "backend": _BACKEND}
            Gcf.figs = figures
            dict.update(matplotlib.rcParams, before)
            pyplot._backend_mod = module


def _colors(theme: Theme) -> dict[str, Any]:
    """Settings of matplotlib for a theme; curves have the colours that the selected clusters have, in their order."""
    from matplotlib import cycler

    text = ("text.color", "axes.labelcolor", "axes.titlecolor", "xtick.labelcolor", "ytick.labelcolor")
    lines = ("axes.edgecolor", "xtick.color", "ytick.color")
    grounds = ("figure.facecolor", "axes.facecolor", "savefig.facecolor", "legend.facecolor")
    return {
        **dict.fromkeys(text, theme.text),
        **dict.fromkeys(lines, theme.dim),
        **dict.fromkeys(grounds, theme.view),
        "axes.prop_cycle": cycler(color=list(map(tuple, selection_colors(_N_COLORS)))),
        "grid.color": theme.line,
        "legend.edgecolor": theme.line,
        "font.size": float(theme.points),
        "figure.figsize": list(_SIZE_INCHES),
        "figure.dpi": float(_DPI),
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
