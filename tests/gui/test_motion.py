"""Motion in the window: real keys, tables, the drift view, and what is remembered."""

from __future__ import annotations

import json

import numpy as np
import pytest

from phy_medicine.base.paths import OwnFiles
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.session.session import Session


def true_motion(params) -> Motion:
    truth = np.load(params.parent / "ground_truth.npz")
    return Motion(truth["displacement"], truth["temporal_bins_s"], truth["spatial_bins_um"])


@pytest.fixture
def session(dataset):
    """A session on a dataset whose store holds the true motion."""
    session = Session.open(dataset)
    session.store.add("motion", true_motion(dataset).to_arrays(), name="truth")
    yield session
    session.close()


@pytest.fixture
def with_motion(window, session, qtbot):
    """The window once the motion was read, as it is some time after opening."""
    window.motion.restore()
    qtbot.waitUntil(lambda: session.clusters.corrected_depths.ready, timeout=20_000)
    return window


@pytest.fixture
def drift(with_motion, settle):
    panel = with_motion.panels.nth_or_new("DriftView", 0)
    panel.dock.raise_()
    settle()
    return panel


def _titles(panel):
    return [c.title for c in panel.model.columns]


@pytest.fixture(autouse=True)
def without_metrics(session):
    """Drift is a metric, for which depths are read in the background."""
    session.quality.hold()


def test_nothing_of_the_motion_is_read_when_the_window_opens(window, session):
    assert not session.depths.ready and session.motion.known is None
    panel = next(p for p in window.panels if p.kind == "DriftView")
    assert panel.view.block is None


def test_a_motion_that_was_in_use_before_the_window_is_followed_as_well(session, open_window, qtbot):
    session.motion.restore()
    assert not session.clusters.corrected_depths.ready
    open_window(session).motion.restore()
    qtbot.waitUntil(lambda: session.clusters.corrected_depths.ready, timeout=20_000)


def test_the_key_d_takes_the_motion_out_of_every_depth(with_motion, session, drift, press):
    session.select(session.cluster_ids[:1])
    press("D")
    assert session.motion.corrected and drift.view.block.removed is session.motion.current
    assert "Depth corr." in _titles(with_motion.tables.clusters) and "Depth" not in _titles(with_motion.tables.similar)
    press("D")
    assert not session.motion.corrected and drift.view.block.removed is None
    assert "Depth" in _titles(with_motion.tables.clusters)


def test_without_a_motion_the_action_says_what_to_do(window, session, press):
    session.store.delete(session.store.runs("motion")[0].id)
    press("D")
    assert not session.motion.corrected
    assert "No motion is known yet" in window.commands.run_line("mc")


def test_a_sort_by_depth_goes_over_to_the_corrected_depth(with_motion, session, press):
    session.sort("depth", ascending=True)
    press("D")
    depths = [session.clusters.value(c, "depth_corrected") for c in session.cluster_table.visible_ids()]
    assert session.cluster_table.sort_keys[0].column == "depth_corrected" and depths == sorted(depths)
    press("D")
    assert session.cluster_table.sort_keys[0].column == "depth"


def test_another_motion_gives_other_cells(with_motion, session, press, settle, qtbot):
    press("D")
    model = with_motion.tables.clusters.model
    before = [model.text(row, model.column_of("depth_corrected")) for row in range(len(model.ids))]
    still = Motion(np.full((2, 1), 7.0), np.array([0.0, 20.0]), np.array([0.0]))
    with_motion.session.store.add("motion", still.to_arrays(), name="still")
    assert with_motion.commands.run_line("use_motion still") == ""
    qtbot.waitUntil(lambda: session.clusters.corrected_depths.ready, timeout=20_000)
    settle()
    after = [model.text(row, model.column_of("depth_corrected")) for row in range(len(model.ids))]
    assert before != after and all(after)
    assert "There is no motion 'x'" in with_motion.commands.run_line("use_motion x")


def test_a_result_of_a_job_appears_in_the_open_view(with_motion, session, drift, qtbot):
    run = session.store.add("motion", true_motion(session.model.path).to_arrays(), name="new")
    session.pool.submit("job", session.jobs.imported.emit, run).result()  # as jobs do, in another thread
    qtbot.waitUntil(lambda: "new" in drift.view.status, timeout=20_000)
    assert session.motion.run.id == run.id


def test_previews_of_a_job_move_the_curves(with_motion, session, drift, settle):
    before = drift.view.block.curves.depths_um
    motion = true_motion(session.model.path)
    session.motion.preview = Motion(3 * motion.displacement, motion.temporal_bins_s, motion.spatial_bins_um)
    settle()
    assert np.ptp(drift.view.block.curves.depths_um) != np.ptp(before) and "estimating" in drift.view.status
    session.motion.preview = None
    settle()
    assert np.array_equal(drift.view.block.curves.depths_um, before)


def test_a_lasso_splits_with_the_key(with_motion, session, drift, settle, press):
    from phy_medicine.views.interact import Click

    first = session.cluster_ids[0]
    session.select([first])
    press("D")
    half = session.model.duration_s / 2
    for x, y in ((half, -1e4), (1e6, -1e4), (1e6, 1e4), (half, 1e4)):
        drift.view.add_lasso_corner(Click(0, 0, 0, x, y, 1, frozenset({"control"})))
    expected = session.facts.spikes(first)
    expected = expected[session.model.spike_times[expected] > half]
    press("K")
    assert np.array_equal(session.facts.spikes(session.selection.best_ids[0]), expected)


def test_the_view_survives_floating_and_docking_again(with_motion, session, drift, settle):
    session.select(session.cluster_ids[:2])
    settle()
    for floating in (True, False):
        drift.dock.setFloating(floating)
        drift.dock.show()
        drift.dock.raise_()
        settle()
        image = drift.view.render()
        assert drift.view.canvas.error is None and image.max() > 150
        assert np.count_nonzero((image[:, :, 2] > 200) & (image[:, :, 0] < 60)) > 20


def test_the_chosen_motion_and_the_window_are_remembered_together(session, open_window, dataset):
    window = open_window(session, scripted=False)
    run = session.store.runs("motion")[0]
    session.motion.use(run.id)
    window.close()
    values = json.loads(OwnFiles(dataset.parent).state.read_text())["values"]
    assert values["motion"] == run.id and "selection" in values


def test_the_cluster_scatter_shows_the_depth_that_the_table_shows(with_motion, session, press, settle, qtbot):
    view = with_motion.panels.reopen_or_add("ClusterScatterView").view
    qtbot.waitUntil(lambda: view.block is not None, timeout=20_000)
    ids = view.block.cluster_ids.tolist()
    assert view.block.y.values.tolist() == [session.clusters.value(c, "depth") for c in ids]
    press("D")
    qtbot.waitUntil(lambda: view.block.y.column.name == "depth_corrected", timeout=20_000)
    assert view.scene.axes.y == "Depth corr. (µm)"
    by_id = dict(zip(view.block.cluster_ids.tolist(), view.block.y.values.tolist(), strict=True))
    assert by_id == {c: session.clusters.value(c, "depth_corrected") for c in ids}
