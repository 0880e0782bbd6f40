"""What a plugin needs, in one module: `from phy_medicine.plugin import Plugin, View, Metric, ...`.

A plugin is a file in `~/.phy/plugins` with a subclass of `Plugin`; its method `attach(session)` adds what it has to
the registries of `session.extensions`:

| registry | item | shows as |
|---|---|---|
| `views` | subclass of `View` | a view like the program's own: menu View > Add, keys, settings, layouts |
| `metrics` | `Metric` | a column of the cluster table |
| `similarities` | `Similarity` | a way to compare clusters in the similarity table and the wizard |
| `color_schemes` | `ClusterColors` | a way to colour clusters |
| `actions` | `Action` | a menu entry with key, snippet and help |
| `splitters` | `Splitter` | an entry of the menu Edit > Split by |
| `filters` | `TraceFilter` | a filter of the signal in the trace views |
| `jobs` | `JobKind` | a heavy computation of the menu Jobs, in a process of its own |

Names are looked up when they are first used: importing this module loads neither Qt, vispy, torch nor numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from phy_medicine.base.errors import ActionError, PhyMedError
    from phy_medicine.base.log import logger
    from phy_medicine.base.params import setting
    from phy_medicine.compute.job_context import JobContext
    from phy_medicine.compute.job_kinds import JobKind
    from phy_medicine.session.actions import Action, Arg
    from phy_medicine.session.blocks import DataMissing
    from phy_medicine.session.extensions import ClusterColors, Metric, Similarity, Splitter, TraceFilter
    from phy_medicine.session.plugin import Plugin
    from phy_medicine.session.session import Session
    from phy_medicine.session.view_host import ViewHost, ViewRequest
    from phy_medicine.views.axes import Axes
    from phy_medicine.views.base import View, ViewAction
    from phy_medicine.views.interact import Click
    from phy_medicine.views.layout import Panels, grid
    from phy_medicine.views.widget_view import WidgetView

_WHERE = {
    "Action": "session.actions",
    "ActionError": "base.errors",
    "Arg": "session.actions",
    "Axes": "views.axes",
    "Click": "views.interact",
    "ClusterColors": "session.extensions",
    "DataMissing": "session.blocks",
    "JobContext": "compute.job_context",
    "JobKind": "compute.job_kinds",
    "Metric": "session.extensions",
    "Panels": "views.layout",
    "PhyMedError": "base.errors",
    "Plugin": "session.plugin",
    "Session": "session.session",
    "Similarity": "session.extensions",
    "Splitter": "session.extensions",
    "TraceFilter": "session.extensions",
    "View": "views.base",
    "ViewAction": "views.base",
    "ViewHost": "session.view_host",
    "ViewRequest": "session.view_host",
    "WidgetView": "views.widget_view",
    "grid": "views.layout",
    "logger": "base.log",
    "setting": "base.params",
}

__all__ = [
    "Action",
    "ActionError",
    "Arg",
    "Axes",
    "Click",
    "ClusterColors",
    "DataMissing",
    "JobContext",
    "JobKind",
    "Metric",
    "Panels",
    "PhyMedError",
    "Plugin",
    "Session",
    "Similarity",
    "Splitter",
    "TraceFilter",
    "View",
    "ViewAction",
    "ViewHost",
    "ViewRequest",
    "WidgetView",
    "grid",
    "logger",
    "setting",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"phy_medicine.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
