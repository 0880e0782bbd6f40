"""What tests of the names of phy share: a bus that forgets, and code that runs as a plugin's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from phy_medicine.app.phy_compat import events, plugin
from phy_medicine.app.phy_compat.controller import TemplateController, make_controller
from phy_medicine.app.phy_compat.finder import plugin_builtins, uninstall
from phy_medicine.app.plugin_files import run_file
from phy_medicine.session.session import Session

RunPlugin = Callable[..., ModuleType]


@pytest.fixture(autouse=True)
def clean_names() -> Iterator[None]:
    """Leave neither callbacks, plugin classes nor modules of phy behind."""
    modules, finders, plugins = set(sys.modules), list(sys.meta_path), list(plugin.IPluginRegistry.plugins)
    connections = list(events.bus._connections)
    yield
    events.bus._connections = connections
    events.bus.is_silent = False
    plugin.IPluginRegistry.plugins[:] = plugins
    uninstall()
    sys.meta_path[:] = finders
    for name in set(sys.modules) - modules:
        if name.partition(".")[0] in ("phy", "phycontrib") or name.startswith("plugin_of_test"):
            del sys.modules[name]


@pytest.fixture
def run_plugin(tmp_path: Path) -> RunPlugin:
    """Runs source text as a plugin's file and returns the module."""

    def run(source: str, name: str = "plugin_of_test") -> ModuleType:
        path = tmp_path / f"{name}.py"
        path.write_text(source)
        return run_file(path, plugin_builtins())

    return run


@pytest.fixture
def session(dataset: Path) -> Iterator[Session]:
    """A session on a dataset that is free to be changed."""
    made = Session.open(dataset)
    yield made
    made.close()


@pytest.fixture
def controller(session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[TemplateController]:
    """What plugins are given, not finished: they attach first."""
    monkeypatch.chdir(session.model.dir_path.parent)
    made = make_controller(session)
    assert isinstance(made, TemplateController)
    yield made
    made.close()


@pytest.fixture
def ready(controller: TemplateController) -> TemplateController:
    """The controller with its supervisor and selector."""
    controller.finish()
    return controller


Heard = list[tuple[Any, ...]]


@pytest.fixture
def heard(ready: TemplateController) -> Heard:
    """What plugins hear of actions and selections: (event, who sent it, what)."""
    said: Heard = []
    names = {
        id(ready.supervisor): "supervisor", id(ready.supervisor.clustering): "clustering",
        id(ready.supervisor.cluster_meta): "cluster_meta",
    }  # fmt: skip
    for event in ("cluster", "select", "request_undo_state"):

        def hear(sender: Any, what: Any, event: str = event) -> None:
            said.append((event, names[id(sender)], what))

        events.connect(hear, event=event, owner="")
    return said
