"""Which positions of spikes are in use, and what they say of spikes and clusters."""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.curation.position_similarity import position_similarity
from phy_medicine.session.localization import LocalizationState
from phy_medicine.session.session import Session

COLUMNS = ("loc_x", "loc_depth", "loc_spread")


def positions(n: int, seed: int = 0, part_unknown: float = 0.1) -> dict[str, np.ndarray]:
    """Positions of n spikes anywhere, some not known."""
    rng = np.random.default_rng(seed)
    x, depth = rng.normal(20, 10, n), rng.uniform(0, 300, n)
    x[rng.random(n) < part_unknown] = np.nan
    depth[np.isnan(x)] = np.nan
    return {"x_um": x.astype(np.float32), "depth_um": depth.astype(np.float32)}


class FakeStore:
    def __init__(self, **runs: dict[str, np.ndarray]) -> None:
        self.arrays = runs

    def runs(self, kind=None):
        found = (SimpleNamespace(id=i, name=i, kind="localization", facts={}) for i in self.arrays)
        return tuple(run for run in found if run.kind == kind)

    def read(self, run_id):
        return self.arrays[run_id]


@pytest.fixture
def session(dataset):
    session = Session.open(dataset)
    n = session.model.n_spikes
    session.store = FakeStore(a=positions(n, 1), b=positions(n, 2))
    yield session
    session.close()
    session.pool.sync(20)


def brute(session: Session, cluster_id: int) -> tuple[float, float, float]:
    """Median x and depth of a cluster's spikes, and median distance to these, the slow and obvious way."""
    known, motion = session.localization.current, session.motion.current
    spikes = np.flatnonzero(session.spike_clusters() == cluster_id)
    rows = [(float(known.x_um[i]), float(known.depth_um[i]), float(session.model.spike_times[i])) for i in spikes]
    rows = [row for row in rows if not np.isnan(row[0])]
    x, depth = np.median([r[0] for r in rows]), np.median([r[1] for r in rows])
    still = [r[1] - (float(motion.at(r[2], r[1])) if motion else 0.0) for r in rows]
    middle = np.median(still)
    away = [np.hypot(r[0] - x, s - middle) for r, s in zip(rows, still, strict=True)]
    return float(x), float(depth), float(np.median(away))


def cells(session: Session, cluster_id: int) -> tuple[float, ...]:
    row = session.clusters.row(cluster_id)
    return tuple(row[name] for name in COLUMNS)


def test_the_newest_run_is_in_use_until_one_is_chosen_and_that_is_remembered(tmp_path):
    store = FakeStore(a=positions(5), b=positions(5, 1))
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"version": 1, "values": {"motion": "x"}}))
    state = LocalizationState(lambda: store, 5, path)
    assert state.known is None and state.run.id == "b"
    state.use("a")
    assert json.loads(path.read_text())["values"] == {"motion": "x", "localization": "a"}
    assert LocalizationState(lambda: store, 5, path).run.id == "a"


def test_positions_of_other_spikes_are_not_taken():
    state = LocalizationState(lambda: FakeStore(a=positions(5), b={"x_um": np.zeros(4)}), 4)
    for run_id in "ab":
        with pytest.raises(PhyMedError, match="not those of the 4 spikes"):
            state.use(run_id)
    assert state.current is None


def test_depths_cannot_be_localized_without_positions():
    with pytest.raises(ActionError, match="No positions of spikes are in use"):
        LocalizationState(lambda: None, 3).toggle()


def test_columns_similarity_and_colours_come_and_go_with_the_run_in_use(session):
    def there() -> tuple[bool, bool, bool]:
        names = {c.name for c in session.clusters.columns}
        return set(COLUMNS) <= names, "position" in session.similar.names, "loc_depth" in session.schemes.names

    assert there() == (False, False, False) and session.localization.known is None
    session.localization.use("a")
    assert there() == (True, True, True)
    session.localization.use("b")
    first = session.cluster_ids[0]
    assert there() == (True, True, True) and cells(session, first) == pytest.approx(brute(session, first), abs=1e-4)
    session.localization.use(None)
    assert there() == (False, False, False)


def test_a_run_that_a_view_has_read_already_is_still_told_of(session):
    assert session.depths.source == "localization" and "position" not in session.similar.names
    session.localization.restore()
    assert "position" in session.similar.names


def test_a_finished_job_is_followed(session):
    session.jobs.imported.emit(SimpleNamespace(id="a", kind="localization"))
    assert session.localization.run.id == "a" and session.motion.known is None


@pytest.fixture(scope="module")
def curated(simulated_dataset, brief_folder):
    """A session that is curated in one example after another."""
    with brief_folder() as folder:
        shutil.copytree(simulated_dataset.parent, folder / "dataset")
        session = Session.open(folder / "dataset" / simulated_dataset.name)
        session.store = FakeStore(a=positions(session.model.n_spikes, 3, 0.02))
        session.localization.use("a")
        yield session
        session.close()
        session.pool.sync(20)


@given(st.lists(st.tuples(st.sampled_from(["merge", "split", "undo", "redo"]), st.integers(0, 1000)), max_size=8))
@settings(max_examples=25)
def test_positions_of_clusters_follow_merges_splits_and_undo(curated, actions):
    for what, number in actions:
        ids = curated.cluster_ids
        if what == "merge":
            curated.merge([ids[number % len(ids)], ids[(number + 1) % len(ids)]])
        elif what == "split" and len(own := curated.facts.spikes(ids[number % len(ids)])) > 20:
            curated.split(own[number % 5 :: 3])
        elif what in ("undo", "redo") and getattr(curated, f"can_{what}"):
            getattr(curated, what)()
        for cluster_id in curated.cluster_ids[:: 1 + number % 3]:
            assert cells(curated, cluster_id) == pytest.approx(brute(curated, cluster_id), abs=1e-4)
    while curated.can_undo:
        curated.undo()


def test_depths_are_localized_and_those_of_the_sorter_where_a_spike_has_no_position(session):
    session.localization.use(None)
    sorter = session.depths.raw
    session.localization.use("a")
    found = session.localization.current.depth_um
    known = np.isfinite(found)
    assert 0 < known.sum() < len(known) and session.depths.source == "localization"
    assert np.array_equal(session.depths.raw[known], found[known])
    assert np.array_equal(session.depths.raw[~known], sorter[~known])
    assert session.localization.toggle() is False and np.array_equal(session.depths.raw, sorter)
    assert session.localization.toggle() is True and not np.array_equal(session.depths.raw, sorter)


def test_the_motion_is_taken_out_of_localized_depths(session):
    motion = Motion(np.array([[-5.0], [5.0]]), np.array([0.0, 20.0]), np.array([0.0]))
    session.localization.use("a")
    expected = session.depths.raw - motion.at(session.model.spike_times, np.nan_to_num(session.depths.raw))
    assert np.allclose(session.depths.without(motion), expected, atol=1e-3)
    session.localization.gives_depths = False
    assert not np.allclose(session.depths.without(motion), expected, atol=1e-3)


def test_the_corrected_depth_of_a_cluster_is_that_of_the_depths_in_use(session):
    motion = Motion(np.array([[-5.0], [5.0]]), np.array([0.0, 20.0]), np.array([0.0]))
    session.motion._current, session.motion._asked = (SimpleNamespace(id="m", name="m", facts={}), motion), True
    corrected, first = session.clusters.corrected_depths, session.cluster_ids[0]
    corrected.compute(session.cluster_ids)
    before = corrected.get(first)
    session.localization.use("a")
    assert not corrected.ready
    spikes = session.facts.spikes(first)
    assert corrected.get(first) == pytest.approx(float(np.median(session.depths.of(spikes, motion)))) != before
    corrected.compute(session.cluster_ids)
    assert corrected.ready and corrected.get(first) != before


def test_the_nearest_cluster_by_position_is_the_most_similar(session):
    n = session.model.n_spikes
    labels, rng = session.spike_clusters(), np.random.default_rng(0)
    places = {c: (10.0 * i, 100.0) for i, c in enumerate(session.cluster_ids)}
    xy = np.array([places[c] for c in labels]) + rng.normal(0, 4, (n, 2))
    session.store = FakeStore(a={"x_um": xy[:, 0].astype(np.float32), "depth_um": xy[:, 1].astype(np.float32)})
    session.localization.use("a")
    session.similar.metric = "position"
    ids = session.cluster_ids
    row = list(session.similar.rows(ids[0]).items())
    assert [c for c, _ in row[:3]] == list(ids[1:4]) and 0 < row[1][1] < row[0][1] < 0.5
    mine = session.positions.get(ids[0])
    assert (mine.x_um, mine.depth_um, mine.spread_um) == pytest.approx((0, 100, 4 * 1.1774), abs=0.8)


def test_the_similarity_of_one_place_is_one_and_falls_off_with_the_distance():
    places = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 1e4]])
    found = position_similarity((0.0, 0.0), 1.17741, places, np.array([5.0, 1.17741 * 7, 3.0]))
    assert found == pytest.approx([1.0, 1 / 3, 0.0], abs=1e-4)
