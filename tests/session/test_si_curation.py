"""Our curations applied by SpikeInterface, and SpikeInterface's by us, give the same spike trains and labels."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import spikeinterface.core as si
from hypothesis import example, given, settings
from hypothesis import strategies as st
from spikeinterface.curation import apply_curation, load_curation

from phy_medicine.base.errors import ActionError, DatasetError, ReadOnlyError
from phy_medicine.io.curation_start import CurationStart, curation_start
from phy_medicine.io.export.si_curation import SiCuration, curation
from phy_medicine.io.si_curation import read_curation
from phy_medicine.session.session import Session
from tests.io.miniatures import EXPORTERS

FEW = settings(max_examples=15)
RATE = 30_000.0

Trains = dict[str, list[int]]


def _sorting(samples: Any, labels: Any, names: dict[int, Any] | None = None) -> si.NumpySorting:
    """What SpikeInterface has before the curation."""
    ids = np.unique(labels)
    vector = np.zeros(len(labels), dtype=si.base.minimum_spike_dtype)
    vector["sample_index"], vector["unit_index"] = samples, np.searchsorted(ids, labels)
    return si.NumpySorting(vector, RATE, np.array([(names or {}).get(c, c) for c in ids.tolist()]))


def _trains(sorting: Any) -> Trains:
    return {str(u): sorting.get_unit_spike_train(u, segment_index=0).tolist() for u in sorting.unit_ids}


def _ours(samples: Any, labels: Any, units: dict[int, Any] | None = None) -> Trains:
    ids = np.unique(labels).tolist()
    return {str((units or {}).get(c, c)): np.asarray(samples)[labels == c].tolist() for c in ids}


def _applied(sorting: Any, made: SiCuration) -> Any:
    """Apply through the text of the file."""
    values = json.loads(json.dumps(made.steps))
    return apply_curation(sorting, values if len(values) > 1 else values[0])


# From us to SpikeInterface

labellings = st.integers(1, 30).flatmap(
    lambda n: st.tuples(*(st.lists(st.integers(0, 5), min_size=n, max_size=n) for _ in range(2)))
)


@settings(max_examples=60)
@given(labellings, st.booleans(), st.dictionaries(st.integers(0, 5), st.sampled_from(["good", "mua", "odd"])))
@example(([0, 0, 1, 1], [2, 3, 3, 4]), False, {3: "good"})  # parts of two units joined
@example(([0, 0, 1, 1], [0, 0, 1, 2]), False, {})  # an id that stays while its unit is cut
@example(([0, 0], [1, 1]), True, {})  # a unit that has only another number
def test_any_change_of_labels_is_what_spikeinterface_makes_of_it(
    labels: tuple[list[int], list[int]], as_text: bool, groups: dict[int, str]
):
    before, after = (np.array(one, dtype=np.int32) for one in labels)
    samples = np.arange(len(before)) // 2  # some spikes at the same time
    names = {c: f"#{c}" for c in range(6)} if as_text else {}
    start = CurationStart(before, "here", names, as_text)
    living = {c: g for c, g in groups.items() if c in after}
    made = curation(start, after, {"quality": living})
    found = _applied(_sorting(samples, before, names), made)
    assert _trains(found) == _ours(samples, after, dict(made.units))
    qualities = dict(zip(map(str, found.unit_ids), found.get_property("quality").tolist(), strict=True))
    assert qualities == {str(unit): living.get(c, "") for c, unit in made.units.items()}


def test_one_curation_is_enough_where_no_part_of_a_split_is_joined():
    before, after = np.array([0, 0, 1, 2, 3]), np.array([10, 11, 12, 12, 3])
    made = curation(CurationStart(before, "here"), after, {"quality": {12: "good"}})
    assert made.units == {3: 3, 10: 10, 11: 11, 12: 12}
    assert made.steps == (
        {
            "format_version": "2",
            "unit_ids": [0, 1, 2, 3],
            "label_definitions": {
                "quality": {"name": "quality", "label_options": ["good", "mua", "noise"], "exclusive": True}
            },
            "manual_labels": [
                {"unit_id": 1, "labels": {"quality": ["good"]}},
                {"unit_id": 2, "labels": {"quality": ["good"]}},
            ],
            "removed": [],
            "merges": [{"unit_ids": [1, 2], "new_unit_id": 12}],
            "splits": [{"unit_id": 0, "mode": "indices", "indices": [[0]], "new_unit_ids": [10, 11]}],
        },
    )


@contextmanager
def _session(labels: list[int] | None = None) -> Iterator[Session]:
    """A session on a small dataset, with labels of one's own."""
    with TemporaryDirectory() as folder:
        path = EXPORTERS["kilosort4"](Path(folder))
        if labels is not None:
            n = len(np.load(path.parent / "spike_times.npy"))
            np.save(path.parent / "spike_clusters.npy", np.resize(np.array(labels, dtype=np.int32), n))
        session = Session.open(path)
        yield session
        session.close()


def _curate(session: Session, draw: Any) -> None:
    """One action at random."""
    ids = list(session.cluster_ids)
    kind = draw(st.sampled_from(["merge", "split", "cut", "move", "label", "undo"]))
    some = draw(st.lists(st.sampled_from(ids), min_size=1, max_size=3, unique=True))
    if kind == "merge" and len(some) > 1:
        session.merge(some)
    elif kind == "split":
        spikes = np.sort(np.concatenate([session.facts.spikes(c) for c in some]))[:: draw(st.integers(2, 3))]
        with suppress(ActionError):  # they may happen to be one whole cluster
            session.split(spikes)
    elif kind == "cut" and len(session.facts.spikes(some[0])) > 2:
        spikes = session.facts.spikes(some[0])
        session.split(spikes, np.arange(len(spikes)) % 3)
    elif kind == "move":
        session.move(draw(st.sampled_from(["good", "mua", "noise", "axon", None])), cluster_ids=some)
    elif kind == "label":
        session.label("note", draw(st.sampled_from(["a", "b"])), some)
    elif kind == "undo" and session.can_undo:
        session.undo()


@FEW
@given(st.data())
def test_a_curation_of_a_session_is_what_spikeinterface_makes_of_it(data: st.DataObject):
    with _session([0, 1, 2, 3, 4, 1]) as session:
        before = _sorting(session.model.spike_samples, session.model.spike_clusters)
        for _ in range(data.draw(st.integers(1, 6))):
            _curate(session, data.draw)
        out = session.model.dir_path / "c.json"
        session.export("spikeinterface", out, before="opened")
        values = json.loads(out.read_text())
        found = apply_curation(before, values)
        expected = _ours(session.model.spike_samples, session.spike_clusters())
        assert sorted(_trains(found).values()) == sorted(expected.values())
        groups = {tuple(expected[str(c)]): session.manager.group(c) or "" for c in session.cluster_ids}
        qualities = found.get_property("quality").tolist()
        assert {tuple(t): q for t, q in zip(_trains(found).values(), qualities, strict=True)} == groups


# From SpikeInterface to us


@st.composite
def curations(draw: Any, trains: dict[int, int]) -> dict[str, Any]:
    """A curation of units that have so many spikes; what SpikeInterface accepts: no unit in two operations."""
    units = list(draw(st.permutations(sorted(trains))))
    quality, note = st.sampled_from(["good", "noise", "axon"]), st.sampled_from(["x", "y"])
    labels = [
        {"unit_id": u, "labels": {"quality": [draw(quality)]} | ({"note": [draw(note)]} if draw(st.booleans()) else {})}
        for u in units if draw(st.booleans())
    ]  # fmt: skip
    merges, splits, new = [], [], max(trains) + 10
    for _ in range(draw(st.integers(0, 2))):
        size = draw(st.integers(2, 3))
        group, units = units[:size], units[size:]
        if len(group) > 1:
            merges.append({"unit_ids": group, "new_unit_id": (new := new + 1)})
    for unit in [u for u in units if trains[u] > 3][: draw(st.integers(0, 2))]:
        n = trains[unit]
        if draw(st.booleans()):
            parts = [*range(3), *draw(st.lists(st.integers(0, 2), min_size=n - 3, max_size=n - 3))]
            split = {"mode": "labels", "labels": [7 * p for p in parts], "n": 3}
        else:
            order = draw(st.permutations(range(n)))
            cut = draw(st.integers(1, n - 2))
            split = {"mode": "indices", "indices": [order[:cut], order[cut : n - 1]], "n": 3}
        ids = [(new := new + 1) for _ in range(split.pop("n"))]
        splits.append({"unit_id": unit, "new_unit_ids": ids, **split})
    options = {"quality": ["good", "noise", "axon"], "note": ["x", "y"]}
    definitions = {k: {"label_options": v, "exclusive": True} for k, v in options.items()}
    made = {"format_version": "2", "unit_ids": sorted(trains), "label_definitions": definitions}
    return {**made, "manual_labels": labels, "merges": merges, "splits": splits, "removed": []}


def _counts(sorting: Any) -> dict[int, int]:
    return {int(u): len(sorting.get_unit_spike_train(u, segment_index=0)) for u in sorting.unit_ids}


@FEW
@given(st.data())
def test_a_curation_of_spikeinterface_gives_the_same_in_a_session(data: st.DataObject):
    with _session([0, 1, 2, 3, 4, 5, 6, 1]) as session:
        sorting = _sorting(session.model.spike_samples, session.model.spike_clusters)
        steps = [data.draw(curations(_counts(sorting)))]
        found = apply_curation(sorting, copy.deepcopy(steps[0]))
        if data.draw(st.booleans()):
            steps.append(data.draw(curations(_counts(found))))
            found = apply_curation(found, copy.deepcopy(steps[1]))
        labels, n_done = session.spike_clusters(), session.history.position
        session.apply_curation(steps if len(steps) > 1 else steps[0])
        ours = _ours(session.model.spike_samples, session.spike_clusters())
        assert sorted(ours.values()) == sorted(_trains(found).values())
        for field, of_si in (("group", "quality"), ("note", "note")):
            values = {tuple(ours[str(c)]): session.manager.labels.get(field, c) or "" for c in session.cluster_ids}
            properties = found.get_property(of_si).tolist()
            assert values == {tuple(t): q for t, q in zip(_trains(found).values(), properties, strict=True)}
        while session.history.position > n_done:
            session.undo()
        assert np.array_equal(session.spike_clusters(), labels)


@pytest.fixture
def session(dataset: Path) -> Iterator[Session]:
    one = Session.open(dataset)
    yield one
    one.close()


def _curation(session: Session, **more: Any) -> dict[str, Any]:
    return {"format_version": "2", "unit_ids": list(session.cluster_ids), "label_definitions": {}, **more}


def test_removed_units_become_noise_and_are_told(session: Session):
    first, second = session.cluster_ids[:2]
    report = session.apply_curation(_curation(session, removed=[first, second]))
    assert session.manager.group(first) == session.manager.group(second) == "noise" and report.n_removed == 2
    assert report.notes == ("Removed units were moved to noise: a curation here never deletes spikes.",)
    session.undo()
    assert session.manager.group(first) is None and not session.can_undo


def test_qualities_take_the_names_of_our_groups(session: Session):
    first, second, third = session.cluster_ids[:3]
    session.move("good", cluster_ids=[third])
    labels = [
        {"unit_id": c, "labels": {"quality": [q]}} for c, q in ((first, "MUA"), (second, "Good"), (third, "unsorted"))
    ]
    definition = {"quality": {"label_options": ["MUA", "Good", "unsorted"], "exclusive": True}}
    session.apply_curation(_curation(session, label_definitions=definition, manual_labels=labels))
    assert [session.manager.group(c) for c in (first, second, third)] == ["mua", "good", None]


def test_several_labels_of_one_kind_share_a_cell(session: Session):
    first = session.cluster_ids[0]
    definition = {"looks": {"label_options": ["thin", "fast", "far"], "exclusive": False}}
    labels = [{"unit_id": first, "labels": {"looks": ["thin", "far"]}}]
    session.apply_curation(_curation(session, label_definitions=definition, manual_labels=labels))
    assert session.manager.labels.get("looks", first) == "thin, far"


def test_what_does_not_fit_changes_nothing(session: Session):
    first, second, third = session.cluster_ids[:3]
    merge = [{"unit_ids": [first, second], "new_unit_id": 900}]
    left = [c for c in session.cluster_ids if c not in (first, second)]
    n = len(session.facts.spikes(third))
    bad = _curation(session) | {
        "unit_ids": [*left, 900],
        "splits": [{"unit_id": third, "mode": "labels", "labels": [0] * n + [1], "new_unit_ids": [901, 902]}],
    }
    with pytest.raises(DatasetError, match=f"splits unit {third} by {n + 1:,} labels, but it has {n:,} spikes"):
        session.apply_curation([_curation(session, merges=merge), bad])
    assert np.array_equal(session.spike_clusters(), session.model.spike_clusters) and not session.can_undo


def test_a_curation_of_another_sorting_is_refused(session: Session):
    curation = {"format_version": "2", "unit_ids": [*session.cluster_ids, 998, 999], "merges": [[998, 999]]}
    with pytest.raises(DatasetError, match="Unit 998 of the curation is no cluster of this dataset"):
        session.apply_curation(curation)


def test_units_that_nothing_is_done_to_may_differ(session: Session):
    ids = list(session.cluster_ids)
    report = session.apply_curation({"format_version": "2", "unit_ids": [*ids[1:], 999], "merges": [ids[1:3]]})
    assert report.n_merges == 1 and report.notes == (
        f"1 of {len(ids)} units of the curation are no clusters of this dataset.",
        f"1 of {len(ids)} clusters are not in the curation and stay as they are.",
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is no JSON file"),
        ("3", "is no curation of SpikeInterface"),
        ('{"format_version": "2", "unit_ids": [1, 2], "merges": [[1, 5]]}', "accepts: Merge unit .*5"),
        ('{"format_version": "2", "unit_ids": [1, 2], "merges": [[1, 2]], "removed": [1]}', "were merged and deleted"),
        ('{"format_version": "9", "unit_ids": [1]}', "9 not supported"),
        ('{"unit_ids": [1]}', "SpikeInterface accepts"),
        ("[]", "is no curation of SpikeInterface"),
    ],
)
def test_a_file_that_is_no_curation_is_one_sentence(tmp_path: Path, text: str, sentence: str):
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(DatasetError, match=sentence) as error:
        read_curation(tmp_path / "c.json")
    assert "\n" not in str(error.value)


def test_older_versions_are_read(capsys: pytest.CaptureFixture[str]):
    (old,) = read_curation({"labelsByUnit": {"1": ["accept"], "2": ["noise", "mua"]}, "mergeGroups": [[1, 2]]})
    assert old.merges[0].unit_ids == (1, 2) and old.labels == {"all_labels": {1: "accept", 2: "noise, mua"}}
    version_1 = {"format_version": "1", "unit_ids": [1, 2, 3], "merge_unit_groups": [[1, 2]], "removed_units": [3]}
    (old,) = read_curation(version_1)
    assert old.merges[0].unit_ids == (1, 2) and old.removed == (3,)
    assert capsys.readouterr().out == ""


def test_a_read_only_session_refuses(dataset: Path):
    session = Session.open(dataset, read_only=True)
    with pytest.raises(ReadOnlyError):
        session.apply_curation(_curation(session, removed=list(session.cluster_ids[:1])))
    session.close()


# Where a curation begins


def test_the_start_is_what_was_there_before_the_first_save(session: Session):
    opened = session.spike_clusters()
    for _ in range(2):
        session.merge(session.cluster_ids[:2])
        session.save()
    session.close()
    again = Session.open(session.model.path, read_only=True)
    start = curation_start(again.model)
    assert np.array_equal(start.labels, opened) and "before the first save" in start.source
    out = session.model.dir_path / "c.json"
    again.export("spikeinterface", out)
    found = apply_curation(_sorting(again.model.spike_samples, opened), load_curation(out))
    assert _trains(found) == _ours(again.model.spike_samples, again.spike_clusters())
    again.close()


def test_the_start_can_be_named(session: Session, tmp_path: Path):
    model = session.model
    np.save(tmp_path / "l.npy", np.zeros(model.n_spikes, dtype=np.int64))
    assert np.array_equal(curation_start(model, "templates").labels, model.spike_templates)
    assert np.array_equal(curation_start(model, "opened").labels, model.spike_clusters)
    assert not curation_start(model, tmp_path / "l.npy").labels.any()
    with pytest.raises(DatasetError, match=r"does not exist; name a \.npy file of labels, or templates"):
        curation_start(model, "nothing")


def test_a_dataset_that_phy_opened_begins_with_the_templates(session: Session):
    (session.model.dir_path / "phy.log").touch()
    assert curation_start(session.model).source == "the sorter's templates"


def test_units_have_the_ids_of_spikeinterface(shared_data: Path, tmp_path: Path):
    shutil.copytree(shared_data / "si_export_small", tmp_path / "si")
    names = {c: f"u{c + 3}" for c in range(14)}
    lines = "".join(f"{c}\t{unit}\n" for c, unit in names.items())
    (tmp_path / "si" / "cluster_si_unit_ids.tsv").write_text("cluster_id\tsi_unit_id\n" + lines)
    session = Session.open(tmp_path / "si")
    before = _sorting(session.model.spike_samples, session.model.spike_templates, names)
    curation = {"format_version": "2", "unit_ids": list(names.values()), "merges": [["u3", "u4"]], "removed": ["u5"]}
    merged = apply_curation(before, {**curation, "removed": []})
    session.apply_curation(curation)
    assert sorted(_ours(session.model.spike_samples, session.spike_clusters()).values()) == sorted(
        _trains(merged).values()
    )
    assert session.manager.group(2) == "noise"
    session.export("spikeinterface", tmp_path / "c.json")
    found = apply_curation(before, load_curation(tmp_path / "c.json"))
    assert sorted(_trains(found).values()) == sorted(_trains(merged).values())
    assert found.get_property("quality")[found.id_to_index("u5")] == "noise"
    session.close()
