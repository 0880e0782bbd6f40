"""Curating a Kwik file: what is saved comes back, nothing else changes, and nothing is lost."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import DatasetError, ReadOnlyError, SaveError
from phy_medicine.io import kwik_save
from phy_medicine.io.kwik_backup import read_backup
from phy_medicine.io.kwik_model import KwikModel
from phy_medicine.io.kwik_save import KwikSaver
from phy_medicine.io.model import Curation
from phy_medicine.io.safe_write import FileChangedError
from phy_medicine.session.session import Session
from tests.io import kwik_miniatures as mini
from tests.io.kwik_miniatures import Form
from tests.io.small_disk import small_disk


def state(session: Session) -> tuple[list[int], list[dict[str, Any]]]:
    """Labels and table of a session."""
    return session.spike_clusters().tolist(), session.clusters.to_dicts()


def curate(session: Session, steps: list[tuple[str, int, int]]) -> tuple[np.ndarray, dict[int, str], dict[int, Any]]:
    """Do random actions on a session and on a slow, obvious copy: labels, groups, notes."""
    labels = session.spike_clusters()
    groups = {c: g for c, g in session.model.metadata.fields["group"].items() if c in set(labels.tolist())}
    notes: dict[int, Any] = {}
    for kind, a, b in steps:
        ids = sorted(set(labels.tolist()))
        one, two = ids[a % len(ids)], ids[b % len(ids)]
        new = max(int(labels.max()), max(session.cluster_ids)) + 1
        if kind == "merge" and one != two:
            delta = session.merge([one, two])
            new = delta.added[0]
            sizes = {c: int((labels == c).sum()) for c in (one, two)}
            largest = min(sizes, key=lambda c: (-sizes[c], c))
            for table in (groups, notes):
                old = {c: table.pop(c) for c in (one, two) if c in table}
                heir = next(iter(old.values())) if len(set(old.values())) == 1 else old.get(largest)
                if heir is not None:
                    table[new] = heir
            labels[np.isin(labels, (one, two))] = new
        elif kind == "split" and (labels == one).sum() > 1:
            spikes = np.flatnonzero(labels == one)[: 1 + b % (int((labels == one).sum()) - 1)]
            delta = session.split(spikes)
            rest = np.setdiff1d(np.flatnonzero(labels == one), spikes)
            for table in (groups, notes):
                if one in table:
                    heir = table.pop(one)
                    table.update(dict.fromkeys(delta.added, heir))
            now = session.spike_clusters()
            assert len({*now[spikes].tolist()}) == len({*now[rest].tolist()}) == 1
            labels[spikes], labels[rest] = now[spikes[0]], now[rest[0]]
        elif kind == "move":
            group = ("noise", "mua", "good", None, "Axon", "Other group", "unsorted")[b % 7]
            session.move(group, cluster_ids=[one])
            groups.pop(one, None)
            if group is not None:
                groups[one] = group
        elif kind == "label":
            value = ("text", 3, 2.5, "µ", None)[b % 5]
            session.label("note", value, [one])
            notes.pop(one, None)
            if value is not None:
                notes[one] = value
    return labels, groups, notes


STEPS = st.lists(
    st.tuples(st.sampled_from(["merge", "split", "move", "label"]), st.integers(0, 20), st.integers(0, 20)), max_size=12
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=STEPS, second=STEPS, style=st.sampled_from(["id", "name", "array"]))
def test_any_curation_comes_back_as_it_was_saved(brief_folder, first: list[Any], second: list[Any], style: str):
    with brief_folder() as folder:
        path = mini.write(folder, Form(style=style))
        for steps in (first, second):
            session = Session.open(path)
            before = dict(session.model.metadata.fields.get("note", {}))
            if before:  # the obvious copy begins without notes
                for cluster in before:
                    session.label("note", None, [cluster])
            labels, groups, notes = curate(session, steps)
            session.save()
            session.close()
            again = KwikModel.open(path)
            assert again.spike_clusters.tolist() == labels.tolist()
            assert dict(again.metadata.fields["group"]) == groups
            found = dict(again.metadata.fields.get("note", {}))
            assert found == notes and [type(v) for v in found.values()] == [type(notes[c]) for c in found]


def test_names_of_groups_are_compared_without_case(tmp_path: Path):
    path = mini.write(tmp_path, Form())
    session = Session.open(path)
    for cluster, name in ((2, "Good"), (3, "axon"), (8, "Sparse"), (9, "SPARSE")):
        session.manager.groups.get(name)  # as another file has them; two that differ in case alone are else refused
        session.move(name, cluster_ids=[cluster])
    session.label("huge", 10**30, [2])
    session.save()
    session.label("note", "x", [2])
    session.save()
    session.close()
    fields = KwikModel.open(path).metadata.fields
    assert dict(fields["group"]) == {2: "good", 3: "Axon", 5: "good", 8: "SPARSE", 9: "SPARSE"}


def test_a_saved_session_and_a_reopened_one_are_identical(tmp_path: Path):
    path = mini.write(tmp_path, Form())
    session = Session.open(path)
    session.merge([3, 5])
    session.split(np.flatnonzero(session.spike_clusters() == 2)[:4])
    session.move("good", cluster_ids=[8])
    session.move("Sparse", cluster_ids=[9])
    session.label("rank", 2, [8])
    session.save()
    expected = state(session)
    session.close()
    again = Session.open(path)
    assert state(again) == expected
    assert not again.dirty and again.storage.pending is None
    again.close()


def test_only_the_clustering_is_touched(tmp_path: Path):
    path = mini.write(tmp_path, Form(groups=(0, 1)))
    before, others = mini.content(path), {p.name: p.read_bytes() for p in tmp_path.iterdir() if p != path}
    session = Session.open(path, channel_group=1)
    session.merge([3, 5])
    session.move("Sparse", cluster_ids=[8])
    session.label("note", "x", [2])
    session.save()
    session.close()
    after = mini.content(path)
    mine = tuple(f"channel_groups/1/{part}/main" for part in ("spikes/clusters", "clusters", "cluster_groups"))
    assert {k: v for k, v in before.items() if not k.startswith(mine)} == {
        k: v for k, v in after.items() if not k.startswith(mine)
    }
    # Nodes of clusters that are gone, colours, and the parameters of the clustering stay.
    changed = {k for k, v in before.items() if k.startswith(mine) and after.get(k) != v}
    assert changed == {mine[0], "channel_groups/1/clusters/main/8@cluster_group"}
    added = {k.removeprefix("channel_groups/1/") for k in after if k not in before}
    assert {k for k in added if "@" in k} == {
        "clusters/main/10@cluster_group",
        "clusters/main/10/application_data/klustaviewa@color",
        "clusters/main/2/user_data@note",
        "cluster_groups/main/6@name",
        "cluster_groups/main/6/application_data/klustaviewa@color",
    }
    assert 2 <= after["channel_groups/1/clusters/main/10/application_data/klustaviewa@color"] <= 10
    assert {name: (tmp_path / name).read_bytes() for name in others} == others


@pytest.mark.parametrize("dtype", ["int32", "uint32", "uint16", "int64"])
def test_shape_and_dtype_of_the_labels_stay(tmp_path: Path, dtype: str):
    path = mini.write(tmp_path, Form(cluster_dtype=dtype))
    session = Session.open(path)
    session.merge([3, 5])
    session.save()
    session.close()
    with h5py.File(path) as file:
        assert file["channel_groups/0/spikes/clusters/main"].dtype == dtype


def test_a_cluster_that_the_file_cannot_hold_is_refused(tmp_path: Path):
    path = mini.write(tmp_path, Form(cluster_dtype="uint8"))
    model = KwikModel.open(path)
    labels = np.where(model.spike_clusters == 3, 300, model.spike_clusters).astype(np.int32)
    with pytest.raises(SaveError, match="uint8 and cannot take cluster 300"):
        model.saver().save(Curation(labels, tuple(np.unique(labels).tolist())))
    assert KwikModel.open(path).spike_clusters.tolist() == model.spike_clusters.tolist()


def test_a_node_left_by_an_earlier_curation_gives_nothing_to_a_new_cluster(tmp_path: Path):
    path = mini.write(tmp_path, Form())
    with h5py.File(path, "r+") as file:
        node = file.create_group("channel_groups/0/clusters/main/10")
        node.attrs["cluster_group"] = 0
        node.create_group("quality_measures").attrs["isolation_distance"] = 99.0
        node.create_group("user_data").attrs["note"] = "old"
    session = Session.open(path)
    session.merge([3, 5])
    session.save()
    row = session.clusters.row(10)
    session.close()
    again = Session.open(path)
    assert again.clusters.row(10) == row and row["isolation_distance"] is None
    again.close()


def test_tables_are_written_beside_the_file_or_apart_from_those_of_others(tmp_path: Path):
    path = mini.write(tmp_path, Form())
    session = Session.open(path)
    session.label("note", "x", [3])
    assert set(session.save().files) == {
        "rec.kwik", "cluster_isolation_distance.tsv", "cluster_note.tsv", "cluster_info.tsv"
    }  # fmt: skip
    session.close()
    assert (tmp_path / "cluster_note.tsv").read_bytes() == b"cluster_id\tnote\r\n3\tx\r\n"
    (tmp_path / "two").mkdir()
    path = mini.write(tmp_path / "two", Form(groups=(0, 1)))
    session = Session.open(path, channel_group=1)
    session.label("note", "x", [3])
    session.save()
    session.close()
    assert not list((tmp_path / "two").glob("*.tsv"))
    assert (tmp_path / "two" / "rec.1.main" / "cluster_note.tsv").exists()


def test_the_first_file_and_each_replaced_labelling_are_kept(tmp_path: Path):
    path = mini.write(tmp_path, Form())
    whole = path.read_bytes()
    session = Session.open(path)
    assert not list(tmp_path.glob("*.bak"))
    for cluster in (3, 5):
        session.label("note", "x", [cluster])
        session.merge([cluster, 2 if cluster == 3 else session.cluster_ids[-1]])
        session.save()
    session.close()
    assert (tmp_path / "rec.kwik.bak").read_bytes() == whole
    first, second = sorted((tmp_path / ".phy_medicine" / "backups").glob("*-rec.0.main.npz"))
    labels, fields = read_backup(first)
    assert labels.tolist() == mini.labels_of(0, "main").tolist()
    assert fields["group"] == mini.READ_GROUPS
    assert read_backup(second)[1]["note"] == {10: "x"}


@pytest.mark.parametrize("step", ["copy", "write", "verify", "backup", "tables", "rename"])
def test_a_save_that_fails_leaves_the_file_as_it_was(tmp_path: Path, step: str):
    path = mini.write(tmp_path, Form())
    whole, model = path.read_bytes(), KwikModel.open(path)

    def fail(at: str) -> None:
        if at == step:
            raise OSError(errno.ENOSPC, "No space left on device")

    labels = np.where(model.spike_clusters == 3, 20, model.spike_clusters).astype(np.int32)
    curation = Curation(labels, tuple(np.unique(labels).tolist()), {"group": {20: "good"}})
    saver = KwikSaver(model, on_step=fail)
    with pytest.raises(SaveError, match=r"no space left on device.*journal"):
        saver.save(curation)
    assert path.read_bytes() == whole and not list(tmp_path.glob(".*saving"))
    saver._on_step = lambda _: None
    saver.save(curation)
    assert KwikModel.open(path).metadata.fields["group"] == {20: "good"}


def many_labels(n_spikes: int) -> Curation:
    """A cluster for every spike, each with a long note."""
    clusters = tuple(range(100, 100 + n_spikes))
    return Curation(np.array(clusters, np.int32), clusters, {"note": dict.fromkeys(clusters, "long " * 2000)})


def test_a_disk_that_is_really_full_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    usage = type("usage", (), {"free": 1 << 40})
    monkeypatch.setattr(kwik_save.shutil, "disk_usage", lambda _path: usage)
    with small_disk(tmp_path / "disk", "3m") as disk:
        path = mini.write(disk, Form())
        whole, model = path.read_bytes(), KwikModel.open(path)
        saver = KwikSaver(model)
        with pytest.raises(SaveError, match=r"no space left on device.*journal"):
            saver.save(many_labels(model.n_spikes))
        assert path.read_bytes() == whole and not list(disk.glob(".*saving"))
        labels = np.where(model.spike_clusters == 3, 20, model.spike_clusters).astype(np.int32)
        saver.save(Curation(labels, tuple(np.unique(labels).tolist()), {"group": {20: "good"}}))
        assert KwikModel.open(path).metadata.fields["group"] == {20: "good"}


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_the_space_is_taken_before_hdf5_needs_it_and_given_back(
    tmp_path: Path, dtype: str, monkeypatch: pytest.MonkeyPatch
):
    path = mini.write(tmp_path, Form(cluster_dtype=dtype))
    reserved: list[int] = []
    real = kwik_save.reserve
    monkeypatch.setattr(kwik_save, "reserve", lambda at, n: (reserved.append(n), real(at, n)))
    model = KwikModel.open(path)
    KwikSaver(model).save(many_labels(model.n_spikes))
    assert path.stat().st_size < reserved[0] < path.stat().st_size + (3 << 20)


def test_another_programs_change_of_the_clustering_is_not_overwritten(tmp_path: Path):
    path = mini.write(tmp_path, Form(groups=(0, 1)))
    session = Session.open(path)
    session.merge([3, 5])
    with h5py.File(path, "r+") as file:
        file["channel_groups/0/clusters/main/8"].attrs["cluster_group"] = 0
    with pytest.raises(FileChangedError, match=r"rec\.kwik changed"):
        session.save()
    session.save(force=True)
    session.close()
    assert 8 not in KwikModel.open(path).metadata.fields["group"]


def test_another_programs_change_elsewhere_in_the_file_is_kept(tmp_path: Path):
    path = mini.write(tmp_path, Form(groups=(0, 1)))
    session = Session.open(path)
    session.merge([3, 5])
    with h5py.File(path, "r+") as file:
        file["channel_groups/1/clusters/main/8"].attrs["cluster_group"] = 0
        file["user_data/mine"] = [1, 2]
    session.save()
    session.close()
    assert KwikModel.open(path, channel_group=1).metadata.fields["group"][8] == "noise"
    with h5py.File(path) as file:
        assert file["user_data/mine"][()].tolist() == [1, 2]


def test_another_number_of_spikes_is_never_overwritten(tmp_path: Path):
    path = mini.write(tmp_path, Form())
    session = Session.open(path)
    session.merge([3, 5])
    with h5py.File(path, "r+") as file:
        del file["channel_groups/0/spikes/clusters/main"]
        file["channel_groups/0/spikes/clusters/main"] = np.zeros(5, dtype=np.int32)
    with pytest.raises(SaveError, match="5 labels for 90 spikes"):
        session.save(force=True)
    session.close()


def test_unsaved_work_is_recovered_for_the_same_group_only(tmp_path: Path):
    path = mini.write(tmp_path, Form(groups=(0, 1)))
    with h5py.File(path, "r+") as file:
        file["channel_groups/1/spikes/clusters/main"][...] = file["channel_groups/0/spikes/clusters/main"][()]
    session = Session.open(path, channel_group=1)
    session.merge([3, 5])
    expected = session.spike_clusters().tolist()
    session.close()
    assert Session.open(path, channel_group=0).storage.pending is None
    again = Session.open(path, channel_group=1, recover=True)
    assert again.spike_clusters().tolist() == expected and again.dirty
    again.close()


def test_two_sessions_on_one_file_have_one_writer(tmp_path: Path):
    path = mini.write(tmp_path, Form(groups=(0, 1)))
    first, second = Session.open(path, channel_group=0), Session.open(path, channel_group=1)
    first.merge([3, 5])
    with pytest.raises(ReadOnlyError):
        second.merge([3, 5])
    first.close()
    second.close()


def test_undo_after_a_save_can_be_saved(tmp_path: Path):
    path = mini.write(tmp_path, Form())
    session = Session.open(path)
    before = state(session)
    session.merge([3, 5])
    session.save()
    session.undo()
    session.save()
    session.close()
    again = Session.open(path)
    assert state(again) == before
    again.close()


@pytest.mark.parametrize(
    "what",
    [
        lambda m: m.template(2),
        lambda m: m.template_channels(99),
    ],
)
def test_templates_are_refused(tmp_path: Path, what: Callable[[KwikModel], object]):
    with pytest.raises(DatasetError):
        what(KwikModel.open(mini.write(tmp_path, Form())))
