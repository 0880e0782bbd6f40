"""Which motion is in use, what is remembered of it, and the depths of spikes and clusters with it taken out."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.base.paths import OwnFiles
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.session.motion import MotionState
from phy_medicine.session.session import Session


class FakeStore:
    """Runs in memory, oldest first."""

    def __init__(self, **motions: Motion) -> None:
        self.motions, self.n_reads = motions, 0
        self.facts = {name: {} for name in motions}

    def runs(self, kind=None):
        return tuple(SimpleNamespace(id=i, name=i, kind="motion", facts=self.facts[i]) for i in self.motions)

    def read(self, run_id):
        self.n_reads += 1
        return self.motions[run_id].to_arrays()


def shift(um: float) -> Motion:
    """The whole probe moved by as much in the second half of 20 s."""
    return Motion(np.array([[-um / 2], [-um / 2], [um / 2], [um / 2]]), np.array([0, 9.9, 10.1, 20]), np.array([0.0]))


def true_motion(params) -> Motion:
    """The motion of a simulated dataset."""
    truth = np.load(params.parent / "ground_truth.npz")
    return Motion(truth["displacement"], truth["temporal_bins_s"], truth["spatial_bins_um"])


@pytest.fixture
def session(dataset):
    session = Session.open(dataset)
    session.store = FakeStore(a=shift(10), b=true_motion(dataset))
    yield session
    session.close()
    session.pool.sync(20)


@pytest.fixture
def features_only(dataset):
    """The dataset as of a sorter that gives no positions."""
    (dataset.parent / "spike_positions.npy").unlink()
    return dataset


@pytest.fixture
def state(tmp_path):
    return MotionState(lambda: FakeStore(a=shift(10), b=shift(30)), tmp_path / "state.json")


def test_the_newest_motion_is_in_use_until_one_is_chosen(state):
    assert state.known is None and state.run is not None and state.run.id == "b"
    assert state.current.displacement[3, 0] == 15 and state.known is state.current


def test_the_chosen_motion_is_used_the_next_time(tmp_path):
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"version": 1, "values": {"docks": "x"}}))
    store = FakeStore(a=shift(10), b=shift(30))
    MotionState(lambda: store, path).use("a")
    assert MotionState(lambda: store, path).run.id == "a"
    assert json.loads(path.read_text())["values"] == {"docks": "x", "motion": "a"}
    MotionState(lambda: store, path).use(None)
    assert MotionState(lambda: store, path).current is None


def test_a_motion_that_is_gone_is_replaced_by_the_newest(tmp_path):
    MotionState(lambda: FakeStore(a=shift(10), b=shift(30)), tmp_path / "s.json").use("a")
    assert MotionState(lambda: FakeStore(b=shift(30)), tmp_path / "s.json").run.id == "b"
    assert MotionState(lambda: FakeStore(), tmp_path / "s.json").current is None


def test_nothing_is_written_where_that_is_not_allowed(tmp_path):
    state = MotionState(lambda: FakeStore(a=shift(1)), tmp_path / "state.json", writable=lambda: False)
    state.use("a")
    assert state.run.id == "a" and not (tmp_path / "state.json").exists()


def test_a_run_that_does_not_exist_leaves_the_one_before(state):
    state.use("a")
    with pytest.raises(PhyMedError, match="no motion x"):
        state.use("x")
    assert state.run.id == "a"


def test_a_store_that_cannot_be_read_means_no_motion(tmp_path):
    class Broken(FakeStore):
        def read(self, run_id):
            raise PhyMedError("damaged")

    assert MotionState(lambda: Broken(a=shift(1))).current is None


def test_each_change_is_told_once(state):
    told = []
    state.changed.connect(told.append)
    state.restore()
    state.restore()
    state.corrected = True
    state.corrected = True
    state.preview = shift(3)
    state.preview = None
    state.preview = None
    state.use("a")
    assert told == ["run", "corrected", "preview", "preview", "run"]


def test_depths_cannot_be_corrected_without_a_motion():
    state = MotionState(lambda: None)
    with pytest.raises(ActionError, match="No motion is known yet"):
        state.toggle()
    state.preview = shift(1)
    assert state.toggle() and state.corrected and not state.toggle()


def test_the_preview_is_shown_while_a_job_runs(state):
    preview = shift(3)
    state.preview = preview
    assert state.shown is preview and state.current is not preview


def test_nothing_is_computed_when_a_session_opens(session):
    assert not session.depths.ready and session.motion.known is None and session.store.n_reads == 0


def test_depths_of_features_are_the_centre_of_mass_of_their_squared_scores(features_only, session):
    model = session.model
    spikes = np.array([3, 300, 700])
    expected = []
    for spike in spikes:
        channels = model.features.local_channels(int(model.spike_templates[spike]))
        weights = np.maximum(model.features.get(np.array([spike]), channels)[0, :, 0], 0).astype(float) ** 2
        expected.append((weights * model.channel_positions[channels, 1]).sum() / weights.sum())
    assert session.depths.source == "centre of mass of features"
    assert np.allclose(session.depths.raw[spikes], expected, atol=1e-3)
    assert session.depths.raw.dtype == np.float32 and not session.depths.raw.flags.writeable


def test_depths_of_features_are_kept_until_a_file_changes(features_only, session, dataset, monkeypatch):
    raw = session.depths.raw.copy()
    (kept,) = OwnFiles(dataset.parent).cache.glob("spike_depths_*.npy")
    monkeypatch.setattr(type(session.model.features), "depths_um", None)
    again = Session.open(dataset, read_only=True)
    assert np.array_equal(again.depths.raw, raw, True)
    again.close()
    positions = np.load(dataset.parent / "channel_positions.npy")
    np.save(dataset.parent / "channel_positions.npy", positions + 100)
    monkeypatch.undo()
    moved = Session.open(dataset)
    assert np.allclose(moved.depths.raw, raw + 100, atol=1e-2) and not kept.exists()
    moved.close()


def test_depths_come_from_positions_where_the_sorter_gives_them(dataset):
    n = len(np.load(dataset.parent / "spike_times.npy"))
    positions = np.stack([np.zeros(n), np.arange(n)], axis=1)
    positions[4] = np.nan
    np.save(dataset.parent / "spike_positions.npy", positions)
    session = Session.open(dataset)
    assert session.depths.source == "spike positions"
    assert np.array_equal(session.depths.raw, positions[:, 1].astype(np.float32), True)
    assert session.depths.measured.tolist() == [i != 4 for i in range(n)]
    session.close()


def test_depths_without_features_are_those_of_the_templates(features_only, dataset):
    (dataset.parent / "pc_features.npy").unlink()
    session = Session.open(dataset)
    assert session.depths.source == "templates" and not session.depths.measured.any()
    peaks = session.model.channel_positions[session.model.template_peak_channels[session.model.spike_templates], 1]
    assert np.abs(session.depths.raw - peaks).max() < 60
    session.close()


def test_corrected_depths_lack_the_motion(session):
    session.motion.use("a")
    late = session.model.spike_times > 10.1
    assert np.allclose((session.depths.raw - session.depths.corrected)[late], 5)
    assert session.depths.shown is session.depths.raw
    session.motion.corrected = True
    assert session.depths.shown is session.depths.corrected
    some = np.array([5, 600])
    assert np.array_equal(session.depths.of(some, session.motion.current), session.depths.corrected[some])


def test_the_true_motion_makes_units_narrower(session, dataset):
    session.motion.use("b")
    units = np.load(dataset.parent / "ground_truth.npz")["spike_units"]
    spread = [[np.std(d[units == u]) for u in np.unique(units)] for d in (session.depths.raw, session.depths.corrected)]
    assert np.median(spread[1]) < 0.7 * np.median(spread[0])


def test_rows_of_clusters_have_the_corrected_depth_when_a_motion_exists(session):
    assert "depth_corrected" not in session.clusters.to_dicts()[0]
    session.motion.use("b")
    row = session.clusters.to_dicts()[0]
    own = session.depths.corrected[session.facts.spikes(row["id"])]
    assert row["depth_corrected"] == pytest.approx(float(np.median(own)))
    session.filter(f"depth_corrected == {row['depth_corrected']!r}")
    assert session.cluster_table.visible_ids() == (row["id"],)


def test_the_corrected_depth_is_shown_in_place_of_the_observed_one(session):
    def shown():
        return [c.title for c in session.similarity_table.columns if c.name.startswith("depth")]

    session.motion.use("b")
    session.clusters.corrected_depths.compute(session.clusters.ids)
    assert shown() == ["Depth"]
    session.motion.corrected = True
    assert shown() == ["Depth corr."]


def test_a_merged_cluster_has_a_corrected_depth_at_once(session):
    session.motion.use("b")
    session.clusters.corrected_depths.compute(session.clusters.ids)
    new_id = session.merge(session.cluster_ids[:2]).added[0]
    own = session.depths.corrected[session.facts.spikes(new_id)]
    assert session.clusters.value(new_id, "depth_corrected") == pytest.approx(float(np.median(own)))


def test_the_saved_table_keeps_its_columns(session, dataset):
    session.motion.use("b")
    session.move("good", cluster_ids=session.cluster_ids[:1])
    session.save()
    header = (dataset.parent / "cluster_info.tsv").read_text().splitlines()[0].split("\t")
    assert "depth" in header and "depth_corrected" not in header


def test_a_job_is_followed_from_its_previews_to_its_run(session):
    job = SimpleNamespace(kind=SimpleNamespace(name="motion"))
    session.jobs.preview.emit(job, shift(4).to_arrays())
    assert session.motion.preview.displacement[3, 0] == 2
    session.jobs.imported.emit(SimpleNamespace(id="a", kind="motion"))
    session.jobs.finished.emit(job)
    assert session.motion.run.id == "a" and session.motion.preview is None


def test_jobs_of_other_kinds_leave_the_motion_alone(session):
    job = SimpleNamespace(kind=SimpleNamespace(name="localization"))
    session.jobs.preview.emit(job, {"positions": np.zeros(3)})
    session.jobs.imported.emit(SimpleNamespace(id="c", kind="localization"))
    session.jobs.finished.emit(job)
    assert session.motion.known is None and session.motion.preview is None


def test_a_motion_in_the_store_is_found_when_the_dataset_is_opened_again(dataset):
    session = Session.open(dataset)
    run = session.store.add("motion", true_motion(dataset).to_arrays(), name="truth", facts={"hints": ["Look."]})
    session.store.add("motion", shift(1).to_arrays())
    session.motion.use(run.id)
    session.close()
    again = Session.open(dataset)
    assert again.motion.run.name == "truth" and again.motion.hints == ("Look.",)
    assert np.array_equal(again.motion.current.displacement, true_motion(dataset).displacement)
    again.close()
