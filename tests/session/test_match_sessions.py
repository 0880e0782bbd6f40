"""Sessions of the same simulated neurons matched, shown as a table, and labels carried over."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from phy_medicine.app.cli import cli
from phy_medicine.base.errors import ActionError, DatasetError
from phy_medicine.compute.sessions.shift import Shift
from phy_medicine.io.simulate import SimulationSettings, simulate
from phy_medicine.session.carry_labels import CarriedLabel, carry_labels, plan_labels
from phy_medicine.session.match_sessions import SessionMatch, match_sessions
from phy_medicine.session.match_text import as_json, as_tsv, export_match, summary
from phy_medicine.session.session import Session

MOVED_UM = 30.0
UNITS = 12


@pytest.fixture(scope="module")
def folders(brief_folder) -> Iterator[list[Path]]:
    with brief_folder() as place:
        yield [
            simulate(place / name, SimulationSettings(
                channels=24, units=UNITS, duration_s=20.0, rate_hz=5.0, oversplit=0.0, overmerge=0.0, seed=2,
                session=k, moved_um=MOVED_UM * k, turnover=0.25 if k else 0.0,
            )).parent
            for k, name in enumerate(("monday", "tuesday"))
        ]  # fmt: skip


@pytest.fixture(scope="module")
def matched(folders) -> SessionMatch:
    sessions = [Session.open(folder / "params.py", read_only=True) for folder in folders]
    found = match_sessions(sessions)
    for session in sessions:
        session.close()
    return found


@pytest.fixture
def sessions(folders, tmp_path) -> Iterator[list[Session]]:
    """The first may be changed."""
    shutil.copytree(folders[0], tmp_path / "monday")
    opened = [Session.open(tmp_path / "monday" / "params.py"), Session.open(folders[1] / "params.py", read_only=True)]
    yield opened
    for session in opened:
        session.close()


def neurons(folder):
    truth = np.load(folder / "ground_truth.npz")
    return truth["unit_names"][truth["cluster_units"][:, 0]].tolist()


def test_most_neurons_are_found_again_and_none_is_mistaken(folders, matched):
    first, second = map(neurons, folders)
    pairs = [(first[u.clusters[0]], second[u.clusters[1]]) for u in matched.matched]
    shared = set(first) & set(second)
    assert len(shared) == 0.75 * UNITS
    assert all(a == b for a, b in pairs)
    assert len(pairs) >= len(shared) - 2
    assert all(0.5 <= u.certainty <= 1 and 0 < u.score <= 1 for u in matched.matched)
    rigid = matched.sessions[1].shift.rigid_um
    assert rigid == pytest.approx(MOVED_UM, abs=8)


def test_every_cluster_that_is_compared_is_in_the_table_once(matched):
    rows = [line.split("\t") for line in as_tsv(matched).splitlines()]
    assert rows[0] == ["unit", "n_sessions", "certainty", "score", "cluster monday", "depth_um monday",
                       "cluster tuesday", "depth_um tuesday"]  # fmt: skip
    for column, session in zip((4, 6), matched.sessions, strict=True):
        ids = sorted(int(row[column]) for row in rows[1:] if row[column])
        assert ids == session.units.cluster_ids.tolist()
    assert sum(row[1] == "2" for row in rows[1:]) == len(matched.matched)


def test_it_is_written_as_a_table_or_as_json(matched, tmp_path):
    export_match(matched, tmp_path / "m.tsv")
    assert (tmp_path / "m.tsv").read_text() == as_tsv(matched)
    export_match(matched, tmp_path / "m.json")
    values = json.loads((tmp_path / "m.json").read_text())
    assert values == json.loads(as_json(matched))
    assert len(values["matched"]) == len(matched.matched)
    with pytest.raises(DatasetError, match="exists already"):
        export_match(matched, tmp_path / "m.tsv")
    assert f"{len(matched.matched)} units matched" in summary(matched)


@pytest.mark.parametrize(
    ("values", "rigid", "said"),
    [
        ([-0.4, 0.3], 0.2, "where it lay in monday."),
        ([24.2, 36.0], 30.1, "+30 µm from where it lay in monday (+24 to +36 along the probe)."),
        ([-3.0, -0.2], -1.4, "-1 µm from where it lay in monday (-3 to 0 along the probe)."),
    ],
)
def test_how_far_the_tissue_moved_is_said_in_whole_micrometres(matched, values, rigid, said):
    shift = Shift(np.array([0.0, 100.0]), np.array(values), rigid)
    sessions = (matched.sessions[0], replace(matched.sessions[1], shift=shift))
    assert f"tuesday: the tissue lies {said}" in summary(replace(matched, sessions=sessions)).splitlines()


def test_labels_are_carried_to_the_same_neurons_and_taken_back(sessions, matched):
    monday, tuesday = sessions
    unit, other, third = matched.matched[:3]
    tuesday.manager.do(tuesday.manager.plan_group([unit.clusters[1], third.clusters[1]], "good"))
    tuesday.manager.do(tuesday.manager.plan_label("area", [other.clusters[1]], "CA1"))
    monday.label("group", "mua", [third.clusters[0]])
    plan = plan_labels(matched, sessions, 1, 0)
    found = {(p.cluster, p.field, p.before, p.after) for p in plan}
    assert found == {(unit.clusters[0], "group", None, "good"), (other.clusters[0], "area", None, "CA1")}
    every = plan_labels(matched, sessions, 1, 0, replace=True)
    assert {(p.cluster, p.before) for p in every} - {(p.cluster, p.before) for p in plan} == {
        (third.clusters[0], "mua")
    }
    done = monday.history.position
    assert carry_labels(monday, plan) == 2
    assert monday.manager.group(unit.clusters[0]) == "good"
    assert monday.manager.labels.get("area", other.clusters[0]) == "CA1"
    assert monday.manager.group(third.clusters[0]) == "mua"
    while monday.history.position > done:
        monday.undo()
    assert monday.manager.group(unit.clusters[0]) is None
    with pytest.raises(ActionError, match="no label"):
        carry_labels(monday, [])


def test_clusters_that_are_gone_get_nothing(sessions, matched):
    monday, tuesday = sessions
    a, b = matched.matched[:2]
    tuesday.manager.do(tuesday.manager.plan_group([a.clusters[1], b.clusters[1]], "good"))
    monday.merge([a.clusters[0], b.clusters[0]])
    assert plan_labels(matched, sessions, 1, 0) == ()


def test_a_label_that_cannot_be_given_takes_all_back(sessions):
    monday, _ = sessions
    wrong = [CarriedLabel(0, 0, "group", None, "good", 1.0), CarriedLabel(999, 1, "group", None, "mua", 1.0)]
    with pytest.raises(ActionError):
        carry_labels(monday, wrong)
    assert monday.manager.group(0) is None
    assert not monday.can_undo


def copied(folder, place):
    shutil.copytree(folder, place, ignore=shutil.ignore_patterns("recording.dat", ".phy_medicine"))
    return place


def test_another_probe_or_rate_is_refused_in_a_sentence(folders, tmp_path):
    probe, rate = copied(folders[1], tmp_path / "probe"), copied(folders[1], tmp_path / "rate")
    np.save(probe / "channel_positions.npy", np.load(probe / "channel_positions.npy") * 1.5)
    (rate / "params.py").write_text((rate / "params.py").read_text().replace("30000.0", "25000.0"))
    first = folders[0] / "params.py"
    for other, words in ((probe, "one probe only"), (rate, "one sampling rate only")):
        result = CliRunner().invoke(cli, ["match", str(first), str(other / "params.py")])
        assert result.exit_code == 1
        assert words in result.output
        assert len(result.output.strip().splitlines()) == 1
    alone = CliRunner().invoke(cli, ["match", str(first)])
    assert alone.exit_code == 1
    assert "two sessions" in alone.output


def test_the_command_prints_the_table(folders, matched, tmp_path):
    paths = [str(folder / "params.py") for folder in folders]
    result = CliRunner().invoke(cli, ["match", *paths])
    assert result.exit_code == 0, result.output
    assert result.stdout == as_tsv(matched)
    assert "units matched" in result.stderr
    strict = CliRunner().invoke(cli, ["match", *paths, "--threshold", "0.999", "--json"])
    assert len(json.loads(strict.stdout)["matched"]) <= len(matched.matched)


def test_without_recordings_templates_are_compared_and_that_is_said(folders, tmp_path):
    places = [copied(folder, tmp_path / folder.name) for folder in folders]
    sessions = [Session.open(place / "params.py", read_only=True) for place in places]
    found = match_sessions(sessions)
    first, second = map(neurons, folders)
    pairs = [(first[u.clusters[0]], second[u.clusters[1]]) for u in found.matched]
    assert sum(a == b for a, b in pairs) >= len(pairs) - 1 > 4
    assert len(found.notes) == 2
    assert "monday has no recording" in found.notes[0]
    for session in sessions:
        session.close()
