"""A window with a plugin written for phy, from a scratch folder as a user's, and what it did."""

from __future__ import annotations

import shutil
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.app.plugin_finder import PluginWish
from phy_medicine.app.plugins import PluginBook
from phy_medicine.gui.main_window import MainWindow
from phy_medicine.gui.panels import ViewPanel
from phy_medicine.session.extensions import Problem
from phy_medicine.session.session import Session

FOLDER = Path(__file__).parent / "phy_plugins"


@dataclass
class PhyDesk:
    """One window; problems : what plugins raised so far."""

    window: MainWindow
    book: PluginBook
    problems: list[Problem]
    settle: Callable[[], None]

    @property
    def session(self) -> Session:
        return self.window.session

    @property
    def controller(self) -> Any:
        return self.book.controller

    @property
    def supervisor(self) -> Any:
        return self.controller.supervisor

    @property
    def states(self) -> dict[str, str]:
        return {record.name: record.state for record in self.book.records}

    @property
    def first(self) -> int:
        """The cluster with most spikes."""
        return self.session.cluster_table.visible_ids()[0]

    @property
    def columns(self) -> list[str]:
        """Columns of the cluster table that are seen."""
        hidden = self.window.tables.clusters.hidden
        return [c.name for c in self.session.cluster_table.columns if c.name not in hidden]

    def select(self, *cluster_ids: int) -> None:
        self.session.select(list(cluster_ids))
        self.settle()

    def run(self, line: str) -> str:
        """Run a snippet line; return what went wrong, or ""."""
        said = self.window.commands.run_line(line)
        self.settle()
        return said

    def open_view(self, kind: str) -> ViewPanel:
        """Open a view from the menu View > Add."""
        assert self.run(f"add_view {kind}") == ""
        return next(p for p in self.window.panels if p.kind == kind)

    def panel(self, kind: str) -> ViewPanel:
        return next(p for p in self.window.panels if p.kind == kind)

    def plugin_view(self, kind: str) -> Any:
        """The plugin's own view in a panel."""
        return self.panel(kind).view.plugin


OpenPhy = Callable[..., PhyDesk]


def make_book(session: Session, folder: Path, *names: str, files: tuple[str, ...]) -> PluginBook:
    """Copy plugin files into a scratch folder, as a user would, and ask for some of their classes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in files:
        shutil.copy(FOLDER / name, folder / Path(name).name)
    return PluginBook(session, PluginWish(folders=(folder,), names=names))


def stand_in(monkeypatch: Any, name: str, **attributes: Any) -> None:
    """Put a small module in the place of a package that need not be installed."""
    module = types.ModuleType(name)
    module.__dict__.update(attributes)
    monkeypatch.setitem(sys.modules, name, module)


class FirstColumns:
    """In the place of UMAP: the two directions of largest variance."""

    def fit_transform(self, x: np.ndarray) -> np.ndarray:
        centred = x - x.mean(axis=0)
        # Of the few rows, not of the thousands of columns: 10 ms instead of 3.5 s.
        values, vectors = np.linalg.eigh(centred @ centred.T)
        return vectors[:, :-3:-1] * np.sqrt(values[:-3:-1])


def parts(labels_before: np.ndarray, labels_after: np.ndarray, spike_ids: np.ndarray) -> list[tuple[int, ...]]:
    """Return the spikes of each new cluster among some spikes, as tuples, sorted."""
    assert (labels_before[np.setdiff1d(np.arange(len(labels_before)), spike_ids)]
            == labels_after[np.setdiff1d(np.arange(len(labels_after)), spike_ids)]).all()  # fmt: skip
    mine = labels_after[spike_ids]
    return sorted(tuple(spike_ids[mine == label].tolist()) for label in np.unique(mine))
