"""The two ways in: `phy_medicine.open`, and a window on what it gives."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import phy_medicine
from phy_medicine.app import build
from phy_medicine.app.build import WindowOptions, run_window
from phy_medicine.base.errors import DatasetError, ReadOnlyError


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Stand in for the window: opens the session and its plugins as the window does, and keeps its options."""
    seen: dict[str, object] = {}

    def run(open_it, plugins, **options: object) -> int:
        seen.update(options, session=open_it(), plugins=plugins())
        return 3

    gui = ModuleType("phy_medicine.gui.app")
    gui.run = run
    monkeypatch.setitem(sys.modules, "phy_medicine.gui.app", gui)
    monkeypatch.setattr(build, "check_display", lambda: None)
    monkeypatch.setattr(build, "plugin_book", lambda session: f"plugins of {session}")
    return seen


def test_window_gets_the_session_and_its_options(window: dict[str, object]):
    assert run_window(lambda: "session", WindowOptions(do=("merge",), size=(1280, 800))) == 3
    assert (window["session"], window["plugins"]) == ("session", "plugins of session")
    assert window["do"] == ("merge",)
    assert window["size"] == (1280, 800)


def test_session_is_opened_while_the_window_is_loaded(window: dict[str, object]):
    run_window(threading.current_thread, WindowOptions())
    assert window["session"] is not threading.main_thread()


def test_dataset_that_cannot_be_opened_ends_the_window(window: dict[str, object]):
    def fail() -> None:
        raise DatasetError("No params.py here.")

    with pytest.raises(DatasetError, match=r"No params\.py here"):
        run_window(fail, WindowOptions())


def test_open_gives_a_session_that_merges_and_takes_back(dataset: Path):
    session = phy_medicine.open(dataset)
    before = session.spike_clusters()
    session.select(session.cluster_ids[:2])
    session.merge()
    session.undo()
    assert (session.spike_clusters() == before).all()
    session.close()


def test_read_only_session_refuses_changes(dataset: Path):
    session = phy_medicine.open(dataset, read_only=True)
    session.select(session.cluster_ids[:2])
    with pytest.raises(ReadOnlyError):
        session.merge()
    session.close()


def test_opening_changes_no_file(dataset: Path):
    before = {path: path.stat().st_mtime_ns for path in dataset.parent.rglob("*")}
    phy_medicine.open(dataset).close()
    assert {path: path.stat().st_mtime_ns for path in dataset.parent.rglob("*")} == before


def test_runs_of_the_store_are_in_use_without_a_window(dataset):
    session = phy_medicine.open(dataset)
    n, truth = session.model.n_spikes, np.load(dataset.parent / "ground_truth.npz")
    moved = {name: truth[name] for name in ("displacement", "temporal_bins_s", "spatial_bins_um")}
    ids = [
        session.store.add("motion", moved).id,
        session.store.add("localization", {name: np.ones(n, np.float32) for name in ("x_um", "depth_um", "z_um")}).id,
    ]
    assert session.localization.known is None
    session.close()
    session = phy_medicine.open(dataset)
    assert [session.motion.known_run.id, session.localization.known_run.id] == ids
    assert session.clusters.row(session.cluster_ids[0])["loc_z"] == 1.0
    assert session.similar.metric == "drift" and "template_position" in session.similar.names
    first = session.cluster_ids[0]
    assert session.similar.rows(first) == session.similar.aware_rows(first) != session.similar.template_rows(first)
    assert session.similar.title == "drift-aware similarity"
    session.close()
    session = phy_medicine.open(dataset, use_runs=False)
    assert session.motion.known is session.localization.known is None
    session.close()
