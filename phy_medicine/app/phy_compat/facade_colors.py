"""Colour schemes of a view of the program, with phy's names; a plugin's schemes are schemes of all views."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.native_facade import NativeFacade, Setting
from phy_medicine.base.params import params_of
from phy_medicine.base.types import FloatArray
from phy_medicine.session.extensions import ClusterColors


class ColorSchemes:
    """The schemes of a view by name, one of which is current."""

    def __init__(self, view: Any) -> None:
        self._view = view

    def keys(self) -> list[str]:
        """Return all names."""
        native = self._view.native
        found = [] if native is None else [p for p in params_of(native.settings) if p.name == "colors"]
        return [str(choice) for p in found for choice in p.choices]

    @property
    def current(self) -> str | None:
        """Name of the current one."""
        return getattr(self._view, "color_scheme", None)

    def get(self, name: str | None = None) -> Any:
        """Return what the plugin gave under a name, None for a scheme of the program."""
        extensions = self._view.extensions
        return None if extensions is None else extensions.color_schemes.get(name or self.current or "")

    def set(self, name: str) -> Any:
        """Use a scheme; return it."""
        self._view.color_scheme = name
        return self.get(name)

    def add(self, name: str, value: Any = None) -> None:
        """Add a scheme; value : a `ClusterColorSelector`."""
        self._view.add_color_scheme(
            value._get_cluster_value, name=name, colormap=value._colormap, categorical=value._categorical,
            logarithmic=value._logarithmic,
        )  # fmt: skip

    def _neighbor(self, dir: int = 1) -> str | None:
        names = self.keys()
        if names:
            place = names.index(self.current) if self.current in names else 0
            self.set(names[(place + dir) % len(names)])
        return self.current


class ColorFacade(NativeFacade):
    """A view of all clusters, each in a colour."""

    color_scheme: Any = Setting("colors")

    @property
    def extensions(self) -> Any:
        """Of the session, None outside of a window."""
        return getattr(getattr(self.gui, "controller", None), "extensions", None)

    @property
    def color_schemes(self) -> ColorSchemes:
        """All schemes."""
        return ColorSchemes(self)

    def add_color_scheme(
        self,
        fun: Callable[[int], Any] | Any = None,
        name: str | None = None,
        cluster_ids: Any = None,
        colormap: Any = None,
        categorical: bool | None = None,
        logarithmic: bool | None = None,
    ) -> Any:
        """Add a scheme for all views; without a function it is a decorator of one.

        fun : cluster id -> value; colormap : a name of phy's, or (n, 3) RGB; categorical : a value is a row of it
        """
        look = {"colormap": colormap, "categorical": categorical, "logarithmic": logarithmic}
        if fun is None:
            return partial(self.add_color_scheme, name=name, cluster_ids=cluster_ids, **look)
        known, field = self.extensions, name or fun.__name__
        # A plugin adds its scheme to every view that is attached.
        if known is not None and not (
            field in known.color_schemes and known.color_schemes.owner_of(field) == known.adding
        ):
            function = fun if callable(fun) else partial(_always, fun)
            colors = "linear" if colormap is None and not categorical else colormap
            colors = "categorical" if colors is None else colors
            known.color_schemes.add(
                ClusterColors(field, function, colors, bool(categorical), bool(logarithmic), help=_help(fun))
            )
        return fun

    def get_cluster_colors(self, cluster_ids: Any, alpha: float = 1.0) -> FloatArray:
        """Return the colours of clusters in the scheme of now, (n, 4)."""
        rgba = np.array(self.native.host.data.table.colors(self.color_scheme, list(cluster_ids)), dtype=np.float64)
        rgba[:, 3] = alpha
        return rgba

    def next_color_scheme(self) -> None:
        """Use the next scheme."""
        self.color_schemes._neighbor(1)

    def previous_color_scheme(self) -> None:
        """Use the scheme before."""
        self.color_schemes._neighbor(-1)

    def update_color(self) -> None:
        """Draw the clusters again."""
        self.canvas.update()

    update_select_color = update_color


def _always(value: Any, cluster_id: int) -> Any:
    return value


def _help(fun: Any) -> str:
    return str(getattr(fun, "__doc__", None) or "").strip().split("\n")[0] if callable(fun) else ""
