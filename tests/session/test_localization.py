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
from phy_medicine.curation.position_similarity import combined_similarity, position_similarity
from phy_medicine.session.localization import LocalizationState, Positions
from phy_medicine.session.session import Session

COLUMNS = ("loc_x", "loc_depth", "loc_spread", "loc_z", "loc_alpha")


def positions(n: int, seed: int = 0, part_unknown: float = 0.1) -> dict[str, np.ndarray]:
    """Positions of n spikes anywhere, some not known."""
    rng = np.random.default_rng(seed)
    x, depth, z, alpha = rng.normal(20, 10, n), rng.uniform(0, 300, n), rng.uniform(1, 60, n), rng.lognormal(9, 1, n)
    unknown = rng.random(n) < part_unknown
    columns = {"x_um": x, "depth_um": depth, "z_um": z, "alpha": alpha}
    return {name: np.where(unknown, np.nan, values).astype(np.float32) for name, values in columns.items()}


class FakeStore:
    def __init__(self, **runs: dict[str, np.ndarray]) -> None:
        self.arrays, self.methods = runs, {}

    def runs(self, kind=None):
        made = self.methods
        found = (
            SimpleNamespace(id=i, name=i, kind="localization", facts={}, params={"method": made.get(i)})
            for i in self.arrays
        )
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


def brute(session: Session, cluster_id: int) -> tuple[float, ...]:
    """Median of what is known of a cluster's spikes, and median distance to the place, the slow and obvious way."""
    known, motion = session.localization.current, session.motion.current
    spikes = np.flatnonzero(session.spike_clusters() == cluster_id)
    columns = (known.x_um, known.depth_um, session.model.spike_times, known.z_um, known.alpha)
    rows = [tuple(float(column[i]) for column in columns) for i in spikes]
    rows = [row for row in rows if not np.isnan(row[0])]
    x, depth = np.median([r[0] for r in rows]), np.median([r[1] for r in rows])
    still = [r[1] - (float(motion.at(r[2], r[1])) if motion else 0.0) for r in rows]
    middle = np.median(still)
    away = [np.hypot(r[0] - x, s - middle) for r, s in zip(rows, still, strict=True)]
    z, alpha = (float(np.median([r[i] for r in rows])) for i in (3, 4))
    return float(x), float(depth), float(np.median(away)), z, alpha


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
    short = {**positions(4), "z_um": np.zeros(5)}
    state = LocalizationState(lambda: FakeStore(a=positions(5), b={"x_um": np.zeros(4)}, c=short), 4)
    for run_id, problem in (("a", "not those of the 4 spikes"), ("b", "not complete"), ("c", "not those of")):
        with pytest.raises(PhyMedError, match=problem):
            state.use(run_id)
    assert state.current is None


def test_depths_cannot_be_localized_without_positions():
    with pytest.raises(ActionError, match="No positions of spikes are in use"):
        LocalizationState(lambda: None, 3).toggle()


def test_columns_similarity_and_colours_come_and_go_with_the_run_in_use(session):
    def there() -> tuple[bool, bool, bool]:
        names = {c.name for c in session.clusters.columns}
        similar = {"position", "template_position"} <= set(session.similar.names)
        return set(COLUMNS) <= names, similar, {"loc_depth", "loc_z", "loc_alpha"} <= set(session.schemes.names)

    assert there() == (False, False, False) and session.localization.known is None
    session.localization.use("a")
    assert there() == (True, True, True)
    session.localization.use("b")
    first = session.cluster_ids[0]
    assert there() == (True, True, True) and cells(session, first) == pytest.approx(
        brute(session, first), abs=1e-4, rel=1e-6
    )
    session.localization.use(None)
    assert there() == (False, False, False)


def test_a_run_without_z_and_strength_has_no_columns_of_them(session):
    session.localization.use("a")
    arrays = positions(session.model.n_spikes)
    session.store = FakeStore(plain={name: arrays[name] for name in ("x_um", "depth_um")})
    session.localization.use("plain")
    names = {c.name for c in session.clusters.columns}
    assert {"loc_x", "loc_depth", "loc_spread"} <= names and not {"loc_z", "loc_alpha"} & names
    assert {"loc_z", "loc_alpha"}.isdisjoint(session.schemes.names) and "loc_depth" in session.schemes.names
    session.store = FakeStore(a=arrays)
    session.localization.use("a")
    assert {"loc_z", "loc_alpha"} <= {c.name for c in session.clusters.columns}


def test_clusters_are_sorted_filtered_and_saved_by_z_and_strength(session):
    session.localization.use("a")
    ids = session.cluster_ids
    alpha = {c: brute(session, c)[4] for c in ids}
    session.clusters.to_dicts()
    session.sort("loc_alpha", ascending=True)
    assert list(session.cluster_table.visible_ids()) == sorted(ids, key=lambda c: alpha[c])
    limit = sorted(alpha.values())[len(ids) // 2]
    session.filter(f"loc_alpha > {limit}")
    assert set(session.cluster_table.visible_ids()) == {c for c in ids if alpha[c] > limit}
    session.save(force=True)
    lines = (session.model.dir_path / "cluster_info.tsv").read_text().splitlines()
    header = lines[0].split("\t")
    row = dict(zip(header, lines[1].split("\t"), strict=True))
    first = int(row[header[0]])
    assert float(row["loc_z"]) == pytest.approx(brute(session, first)[3], rel=1e-3)
    assert float(row["loc_alpha"]) == pytest.approx(alpha[first], rel=1e-3)


def test_numbers_of_spikes_are_given_by_name_and_strength_as_its_logarithm():
    known = Positions(*(np.array(v, np.float32) for v in ([1, 2], [3, 4], [5, 6], [100, -1])))
    assert [known.values(q, np.array([1, 0])).tolist() for q in ("x", "depth", "z")] == [[2, 1], [4, 3], [6, 5]]
    assert known.values("alpha", np.array([0, 1])) == pytest.approx([2.0, np.nan], nan_ok=True)
    bare = Positions(known.x_um, known.depth_um)
    assert not bare.has("z") and np.isnan(bare.values("z", slice(None))).tolist() == [True, True]


def test_a_run_is_compared_with_the_newest_monopolar_one_or_else_the_newest():
    store = FakeStore(a=positions(5), b=positions(5, 1), c=positions(5, 2), d=positions(5, 3))
    state = LocalizationState(lambda: store, 5)
    assert state.run.id == "d" and [run.id for run in state.others()] == ["c", "b", "a"]
    assert state.usual_baseline() == "c"
    store.methods = {"a": "monopolar", "b": "monopolar", "d": "monopolar"}
    assert state.usual_baseline() == "b"
    assert np.array_equal(state.named("b").x_um, store.arrays["b"]["x_um"], equal_nan=True)
    assert state.named("b") is state.named("b") and state.run.id == "d"
    with pytest.raises(PhyMedError, match="no positions 'x' in the store; there are: a, b, c, d"):
        state.named("x")
    with pytest.raises(ActionError, match="no other positions of spikes to compare with"):
        LocalizationState(lambda: FakeStore(a=positions(5)), 5).usual_baseline()


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
            assert cells(curated, cluster_id) == pytest.approx(brute(curated, cluster_id), abs=1e-4, rel=1e-6)
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


def two_shapes(session, places: dict[int, tuple[float, float]]) -> None:
    """Localize each cluster around a place."""
    rng, labels = np.random.default_rng(0), session.spike_clusters()
    xy = np.array([places[c] for c in labels]) + rng.normal(0, 4, (len(labels), 2))
    session.store = FakeStore(a={"x_um": xy[:, 0].astype(np.float32), "depth_um": xy[:, 1].astype(np.float32)})
    session.localization.use("a")


def test_templates_and_positions_together_are_their_geometric_mean(session):
    two_shapes(session, {c: (3.0 * i, 100.0) for i, c in enumerate(session.cluster_ids)})
    first = session.cluster_ids[1]
    session.similar.metric = "template_position"
    templates, near = session.similar.template_rows(first), dict(session.positions.similar(first))
    expected = {c: np.sqrt(max(t, 0.0) * near[c]) for c, t in templates.items()}
    row = session.similar.rows(first)
    assert row == pytest.approx(expected) and list(row) == sorted(row, key=lambda c: -row[c])
    assert session.similar.title == "template and position similarity"
    session.select([first])
    session.next()
    assert session.selection.similar_ids == (next(iter(row)),)


def test_a_cluster_that_is_alike_and_far_gives_way_to_one_that_is_alike_and_near(session):
    first = session.cluster_ids[0]
    by_template = list(session.similar.template_rows(first))
    places = dict.fromkeys(session.cluster_ids, (0.0, 100.0))
    places[by_template[0]] = (0.0, 400.0)
    two_shapes(session, places)
    session.similar.metric = "template_position"
    row = session.similar.rows(first)
    assert next(iter(row)) != by_template[0] and row[by_template[0]] < 0.1


def test_the_combined_similarity_takes_the_motion_out_of_templates_as_well(session):
    two_shapes(session, {c: (3.0 * i, 100.0) for i, c in enumerate(session.cluster_ids)})
    truth = np.load(session.model.dir_path / "ground_truth.npz")
    motion = Motion(truth["displacement"], truth["temporal_bins_s"], truth["spatial_bins_um"]).centred()
    session.motion._current, session.motion._asked = (SimpleNamespace(id="m", name="m", facts={}), motion), True
    first = session.cluster_ids[0]
    before = session.similar.template_rows(first)
    session.similar.metric = "template_position"
    session.motion.changed.emit("run")
    row, near = session.similar.rows(first), dict(session.positions.similar(first))
    aware = session.similar.aware_rows(first)
    assert aware != before
    assert row == pytest.approx({c: np.sqrt(max(aware[c], 0.0) * near[c]) for c in aware}, abs=1e-6)


def test_pairs_without_a_position_count_half_way():
    found = combined_similarity(np.array([0.64, -0.5, 0.5]), np.array([1.0, 1.0, np.nan]))
    assert found == pytest.approx([0.8, 0.0, 0.5])


def test_without_positions_their_similarities_say_how_to_get_some(session):
    for name in ("position", "template_position"):
        with pytest.raises(ActionError, match="No positions of spikes are in use: compute them"):
            session.similar.metric = name
    said: list[str] = []
    session.message.connect(said.append)
    for name in ("position", "template_position"):
        session.localization.use("a")
        session.similar.metric = name
        session.localization.use(None)
        assert said[-1] == (
            "No positions of spikes are in use any more: clusters are compared by template similarity. "
            "Choose some with use_localization."
        )
        assert session.similar.metric == "template"


def test_a_similarity_that_is_not_there_yet_is_chosen_when_it_comes_unless_another_was_before(session):
    session.similar.choose_when_there("position")
    assert session.similar.metric == "template"
    session.localization.use("a")
    assert session.similar.metric == "position"
    session.localization.use(None)
    session.similar.choose_when_there("template_position")
    session.similar.metric = "auto"
    session.localization.use("a")
    assert session.similar.metric == "template"
    session.similar.choose_when_there("template_position")
    assert session.similar.metric == "template_position"
