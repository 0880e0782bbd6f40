"""A window with the façade of phy on it, for tests: a supervisor and façades of views that do just what they must."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from phy_medicine.app.phy_compat import events
from phy_medicine.app.phy_compat.gui import GUI, announce, open_gui
from phy_medicine.app.phy_compat.tables import ClusterView

from ...gui.conftest import (  # noqa: F401
    open_window,
    press,
    press_keys_in,
    press_now,
    qapp,
    session,
    settle,
    window,
)


class Supervisor:
    """Passes on to the session."""

    def __init__(self, of_session: Any) -> None:
        self.session = of_session
        self.calls: list[tuple[Any, ...]] = []

    def merge(self, cluster_ids: Any = None, to: Any = None) -> Any:
        return self.session.merge(cluster_ids)

    def split(self, spike_ids: Any, labels: Any = None) -> Any:
        return self.session.split(spike_ids, labels)

    def move(self, group: str, which: str) -> Any:
        return self.session.move(group, which)

    def select(self, *cluster_ids: Any) -> None:
        self.session.select(cluster_ids[0] if isinstance(cluster_ids[0], list) else cluster_ids)

    def filter(self, text: str) -> None:
        self.session.filter(text)


class Facade:
    """Stands for a view of the program, under the name of its class."""

    actions: Any = None

    def __init__(self, native: Any) -> None:
        self.native = native


def facade_of(native: Any) -> Any:
    return type(type(native).__name__, (Facade,), {})(native)


def stand_in_controller(of_session: Any) -> Any:
    events.bus.use(of_session.extensions)
    supervisor = Supervisor(of_session)
    return SimpleNamespace(gui_name="TemplateGUI", supervisor=supervisor, view_creator={}, default_views=())


@pytest.fixture
def controller(session: Any) -> Iterator[Any]:  # noqa: F811
    yield stand_in_controller(session)
    events.bus.leave(session.extensions)


@pytest.fixture(autouse=True)
def styles_as_before() -> Iterator[None]:
    before = ClusterView._styles
    yield
    ClusterView._styles = before


@pytest.fixture
def gui(window: Any, controller: Any) -> GUI:  # noqa: F811
    """The façade, told of all views."""
    gui = open_gui(controller, window, facade_of)
    announce(gui)
    return gui


@pytest.fixture
def problems(session: Any) -> list[Any]:  # noqa: F811
    """What went wrong in plugins."""
    found: list[Any] = []
    session.extensions.problem.connect(found.append)
    return found


@pytest.fixture
def plugin(session: Any) -> Callable[[], Any]:  # noqa: F811
    """What is done in this context is done by a plugin."""
    return lambda: session.extensions.owned_by("Mine")
