"""Stages of a sort: kept, found again, computed again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.sorting import stages as stages_module
from phy_medicine.compute.sorting.settings import SortingSettings
from phy_medicine.compute.sorting.stages import MANIFEST, Stages

SETTINGS = SortingSettings()
USES = {"detect": ("detect_threshold",), "learn": ("rounds", "device"), "match": ("batch_s",)}


def _run(
    folder: Path | None, settings: SortingSettings = SETTINGS, source: str = "a", from_stage: str = ""
) -> list[str]:
    """Three stages of which each adds one; return the names of those that were computed."""
    stages, computed = Stages(folder, settings, {"recording": source}), list[str]()
    if from_stage:
        stages.forget(stages.from_stage(from_stage))
    value = 0.0
    for name, uses in USES.items():

        def compute(name: str = name, value: float = value) -> dict[str, np.ndarray]:
            computed.append(name)
            return {"values": np.array([value + 1, 7]), "names": np.array(["é", "b"])}

        found = stages.get(name, compute, uses=uses)
        assert found["names"].tolist() == ["é", "b"]
        value = float(found["values"][0])
    assert value == 3.0
    return computed


def test_a_second_run_computes_nothing(tmp_path: Path) -> None:
    assert _run(tmp_path) == ["detect", "learn", "match"]
    assert _run(tmp_path) == []


def test_without_a_folder_nothing_is_kept(tmp_path: Path) -> None:
    assert _run(None) == _run(None) == ["detect", "learn", "match"]


@pytest.mark.parametrize(
    ("change", "computed"),
    [
        ({"detect_threshold": 6.0}, ["detect", "learn", "match"]),
        ({"rounds": 2}, ["learn", "match"]),
        ({"batch_s": 2.0}, ["match"]),
        ({"device": "cpu"}, []),
    ],
)
def test_a_setting_computes_again_what_depends_on_it(
    tmp_path: Path, change: dict[str, float], computed: list[str]
) -> None:
    _run(tmp_path)
    assert _run(tmp_path, replace(SETTINGS, **change)) == computed


def test_another_recording_is_computed_anew(tmp_path: Path) -> None:
    _run(tmp_path)
    assert _run(tmp_path, source="b") == ["detect", "learn", "match"]


def test_a_stage_is_forgotten_with_those_after_it(tmp_path: Path) -> None:
    _run(tmp_path)
    assert _run(tmp_path, from_stage="learn") == ["learn", "match"]


def test_an_unknown_stage_is_refused_by_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(PhyMedError, match=r"no stage 'learn' to go on from; nothing is kept"):
        _run(tmp_path, from_stage="learn")
    _run(tmp_path)
    with pytest.raises(PhyMedError, match=r"no stage 'nothing' .*there are detect, learn, match\."):
        _run(tmp_path, from_stage="nothing")


def _no_manifest(stage: Path) -> None:
    (stage / MANIFEST).unlink()


def _torn_manifest(stage: Path) -> None:
    (stage / MANIFEST).write_bytes((stage / MANIFEST).read_bytes()[:-20])


def _torn_array(stage: Path) -> None:
    (stage / "values.npy").write_bytes((stage / "values.npy").read_bytes()[:-8])


def _other_array(stage: Path) -> None:
    np.save(stage / "values.npy", np.zeros(3))


@pytest.mark.parametrize("spoil", [_no_manifest, _torn_manifest, _torn_array, _other_array])
def test_a_stage_that_is_not_whole_is_computed_again(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    _run(tmp_path)
    spoil(tmp_path / "learn")
    assert _run(tmp_path) == ["learn"]
    assert _run(tmp_path) == []


@pytest.mark.parametrize("with_folder", [True, False])
def test_rows_are_appended_and_moved_into_the_stage(tmp_path: Path, with_folder: bool) -> None:
    stages = Stages(tmp_path if with_folder else None, SETTINGS)
    ran = SimpleNamespace(times=0)

    def compute() -> dict[str, np.ndarray]:
        ran.times += 1
        with stages.rows("features", (2,), np.float32) as rows:
            rows.append(np.array([[1, 2]]))
            rows.append(np.empty((0, 2)))
            rows.append(np.array([[3, 4], [5, 6]]))
        return {"features": rows.array()}

    found = stages.get("match", compute)["features"]
    assert (found.tolist(), found.dtype) == ([[1, 2], [3, 4], [5, 6]], np.float32)
    again = Stages(tmp_path if with_folder else None, SETTINGS).get("match", compute)["features"]
    assert again.tolist() == found.tolist()
    assert ran.times == (1 if with_folder else 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == (["match"] if with_folder else [])


@pytest.mark.parametrize("in_memory", [0, 1 << 20])
def test_what_is_kept_may_be_written_to_and_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: int
) -> None:
    monkeypatch.setattr(stages_module, "_IN_MEMORY", in_memory)
    for _ in range(2):
        found = Stages(tmp_path, SETTINGS).get("detect", lambda: {"values": np.arange(3)})["values"]
        assert (type(found), found.tolist()) == (np.ndarray, [0, 1, 2])
        found[0] = 9


def test_a_failure_in_a_stage_leaves_the_earlier_ones(tmp_path: Path) -> None:
    stages = Stages(tmp_path, SETTINGS)
    stages.get("detect", lambda: {"values": np.zeros(2)})
    with pytest.raises(ZeroDivisionError):
        stages.get("learn", lambda: {"values": np.array(1 // 0)})
    assert Stages(tmp_path, SETTINGS).kept() == ("detect",)


def test_scalars_and_empty_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    arrays = {"number": np.array(3.5), "empty": np.empty((0, 4), np.float32), "wide": np.arange(6).reshape(2, 3).T}
    for _ in range(2):
        found = Stages(tmp_path, SETTINGS).get("detect", lambda: arrays)
        for name, array in arrays.items():
            assert (found[name].shape, found[name].dtype) == (array.shape, array.dtype)
            assert found[name].tolist() == array.tolist()
