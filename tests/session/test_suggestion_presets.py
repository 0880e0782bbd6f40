"""Presets find the merges that SpikeInterface finds; rejections and the walk do not depend on the one in use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.corrupted import corrupt
from phy_medicine.base.configuration import Configuration, Configured
from phy_medicine.base.errors import ActionError
from phy_medicine.compute.suggesting.auto_merge import N_NEIGHBOURS, PRESETS
from phy_medicine.compute.suggesting.neighbours import SpikeCloud
from phy_medicine.io.simulate import SimulationSettings, simulate
from phy_medicine.session.preset_pairs import PresetPairs
from phy_medicine.session.session import Session

from .any_steps import unwritten

N_CHANNELS = 16


@pytest.fixture(scope="module")
def params(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = SimulationSettings(
        channels=N_CHANNELS, units=10, duration_s=240, sample_rate_hz=10_000.0, oversplit=0, overmerge=0,
        raw=False, seed=3, rate_hz=5.0,
    )  # fmt: skip
    return simulate(tmp_path_factory.mktemp("presets") / "dataset", made, sorter=corrupt)


@pytest.fixture
def session(params: Path) -> Iterator[Session]:
    with unwritten(params) as session:
        yield session


def ours(session: Session, name: str) -> set[tuple[int, int]]:
    pairs = PresetPairs(session, name)
    return {(c, o) for c in session.cluster_ids for o in pairs.partners(c) if o > c}


@pytest.fixture(scope="module")
def analyzer(params: Path):
    """The same spikes and templates for SpikeInterface, on a recording without any signal."""
    import spikeinterface.core as si

    with unwritten(params) as session:
        model, labels = session.model, session.spike_clusters()
        sides = [session.pairs.sides.of(c) for c in session.cluster_ids]
        signal = np.zeros((session.pairs.sides.recorded.n_samples + 1, N_CHANNELS), np.int16)
        recording = si.NumpyRecording([signal], model.sample_rate)
        recording.set_dummy_probe_from_locations(np.asarray(model.channel_positions, float))
        recording.set_channel_gains(1.0)
        recording.set_channel_offsets(0.0)
        sorting = si.NumpySorting.from_samples_and_labels([model.spike_samples], [labels], model.sample_rate)
    made = si.create_sorting_analyzer(sorting, recording, sparse=False)
    made.compute("random_spikes", max_spikes_per_unit=1)
    made.compute("templates", progress_bar=False)
    dense = np.zeros((len(sides), len(sides[0].template.waveform), N_CHANNELS), np.float32)
    for row, side in zip(dense, sides, strict=True):
        row[:, side.template.channel_ids] = side.template.waveform
    made.get_extension("templates").data["average"] = dense
    # What SpikeInterface compiles takes longer to compile than to compute here.
    made.compute("correlograms", method="numpy")
    similarity = import_module("spikeinterface.postprocessing.template_similarity")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similarity, "_compute_similarity_matrix", similarity._compute_similarity_matrix_numpy)
        made.compute("template_similarity", method="l1")
    return made


def theirs(analyzer, name: str) -> set[tuple[int, int]]:
    from spikeinterface.curation import compute_merge_unit_groups

    pairs = compute_merge_unit_groups(analyzer, preset=name, resolve_graph=False, force_copy=False, progress_bar=False)
    return {(int(min(p)), int(max(p))) for p in pairs}


@pytest.mark.parametrize("name", [n for n in PRESETS if n != "feature_neighbors"])
def test_a_preset_finds_the_pairs_of_spikeinterface(session: Session, analyzer, name: str) -> None:
    """Of the same spikes and templates.

    SpikeInterface would average waveforms where ours has the sorter's templates, and what noise is left in an average
    makes templates differ by more.
    """
    assert ours(session, name) == theirs(analyzer, name) != set()


def test_neighbours_are_those_of_spikeinterface() -> None:
    """Given the same amplitudes and places: SpikeInterface localizes spikes itself, ours takes what the dataset has."""
    from spikeinterface.curation.auto_merge import get_pairs_via_nntree

    rng = np.random.default_rng(2)
    labels = np.sort(rng.integers(0, 6, 600))
    columns = [rng.normal(3 * labels if i == 1 else labels, 1.0) * scale for i, scale in enumerate((90.0, 12.0, 40.0))]
    found = SpikeCloud(columns, N_NEIGHBOURS, 10_000)
    near = {c: set(labels[found.nearest(np.flatnonzero(labels == c))].tolist()) for c in range(6)}
    asked = _Analyzer(labels, columns)
    mask = get_pairs_via_nntree(asked, k_nn=N_NEIGHBOURS, pair_mask=np.triu(np.ones((6, 6), bool), 1))
    assert {(i, j) for i in range(6) for j in near[i] if j > i} == {(int(i), int(j)) for i, j in np.argwhere(mask)}
    assert 0 < mask.sum() < 15


class _Analyzer:
    """As much of a SortingAnalyzer as SpikeInterface's search for neighbours asks for."""

    def __init__(self, labels: np.ndarray, columns: list[np.ndarray]) -> None:
        import spikeinterface.core as si

        self.sorting = si.NumpySorting.from_samples_and_labels([np.arange(len(labels))], [labels], 10_000.0)
        self._data = {"spike_amplitudes": columns[0], "spike_locations": {"x": columns[1], "y": columns[2]}}

    def get_extension(self, name: str) -> _Extension:
        return _Extension(self._data[name])


class _Extension:
    def __init__(self, data: object) -> None:
        self._data = data

    def get_data(self) -> object:
        return self._data


# Choosing


def _about(session: Session) -> set[tuple[int, ...]]:
    return {s.cluster_ids for s in session.suggestions.queue.waiting if s.kind == "merge"}


@pytest.mark.parametrize("name", list(PRESETS))
def test_the_merges_suggested_are_those_of_the_preset(session: Session, name: str) -> None:
    session.suggestions.choose_preset(name)
    session.suggestions.compute()
    assert _about(session) == ours(session, name)
    for suggestion in session.suggestions.queue.waiting:
        assert suggestion.reasons
        if suggestion.kind == "merge":
            assert suggestion.source.startswith(f"{name}, ")
            assert suggestion.reasons[0].speaks == "for"


def test_splits_and_labels_stay_when_the_preset_changes(session: Session) -> None:
    session.suggestions.compute()
    others = {s.about for s in session.suggestions.queue.waiting if s.kind != "merge"}
    session.suggestions.choose_preset("slay")
    assert {s.about for s in session.suggestions.queue.waiting} == others
    session.suggestions.compute()
    assert {s.about for s in session.suggestions.queue.waiting if s.kind != "merge"} == others


def test_in_the_background_a_preset_finds_the_same_also_after_a_merge(session: Session) -> None:
    session.suggestions.ask_all()
    session.pool.sync(60)
    session.suggestions.choose_preset("x_contaminations")
    session.pool.sync(60)
    assert _about(session) == ours(session, "x_contaminations")
    session.merge(min(_about(session)))
    session.pool.sync(60)
    assert _about(session) == ours(session, "x_contaminations")


def test_a_preset_that_is_not_there_is_refused(session: Session) -> None:
    with pytest.raises(ActionError, match="There is no preset 'fast'; there are default, model, similarity"):
        session.suggestions.choose_preset("fast")
    assert session.suggestions.preset == "default"


@pytest.mark.parametrize("wanted", ["slay", "default"])
def test_the_setting_chooses_it(params: Path, wanted: str) -> None:
    chosen = Configuration({"suggestion_preset": Configured("suggestion_preset", wanted, "a file")})
    with closing(Session.open(params, read_only=True, configuration=chosen)) as session:
        assert session.suggestions.preset == wanted


_CHOICES = st.sampled_from(["default", "temporal_splits", "x_contaminations"])
_STEPS = st.sampled_from(["accept", "reject", "later", "undo", "take_back"])


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(_CHOICES, _STEPS), max_size=6))
def test_decisions_hold_whatever_preset_is_chosen(params: Path, steps: list[tuple[str, str]]) -> None:
    with unwritten(params) as session:
        suggestions = session.suggestions
        suggestions._write = lambda: None  # type: ignore[method-assign]
        for name, step in steps:
            suggestions.choose_preset(name)
            suggestions.compute()
            queue = suggestions.queue
            queue.kinds = frozenset({"merge"})
            before, looked = queue.rejected, queue.current
            if step == "undo" and session.can_undo:
                session.undo()
            elif step != "undo" and (looked is not None or step == "take_back"):
                with suppress(ActionError):
                    getattr(suggestions, step)()
            expected = before | {queue.key(looked)} if step == "reject" and looked is not None else before
            assert queue.rejected == expected or (step == "take_back" and len(before - queue.rejected) == 1)
            assert not {queue.key(s) for s in queue.waiting} & queue.rejected
            assert {s.source.split(",")[0] for s in queue.waiting} <= {name}
            suggestions.choose_preset("default")
            assert queue.rejected == suggestions.queue.rejected
