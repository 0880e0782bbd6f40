"""Suggestions of a session: done as ordinary actions, undone, and remembered beside the dataset."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.corrupted import Corrupted
from benchmarks.suggestions import Truth, accept_all
from phy_medicine.base.errors import ActionError, ReadOnlyError
from phy_medicine.base.paths import OwnFiles
from phy_medicine.curation.suggestions import Suggestion
from phy_medicine.session.session import Session

from .any_steps import unwritten


@pytest.fixture
def session(dataset: Path) -> Iterator[Session]:
    session = Session.open(dataset)
    yield session
    session.close()


def _offer(session: Session, kind: str, *ids: int, gain: float = 1e9, parts: np.ndarray | None = None) -> Suggestion:
    made = Suggestion(kind, ids, gain, 0.9, parts=parts)  # type: ignore[arg-type]
    session.suggestions.offer([made])
    return made


def test_an_accepted_merge_is_an_action_whose_undo_brings_the_suggestion_back(session: Session) -> None:
    a, b = session.cluster_ids[:2]
    _offer(session, "merge", a, b)
    delta = session.suggestions.accept()
    assert (delta.kind, delta.removed) == ("merge", (a, b))
    assert ("merge", (a, b)) not in [s.about for s in session.suggestions.queue.waiting]
    session.undo()
    assert session.suggestions.queue.waiting[0].about == ("merge", (a, b))


def test_an_accepted_split_gives_each_spike_to_its_part(session: Session) -> None:
    a = session.cluster_ids[0]
    spikes = session.facts.spikes(a)
    _offer(session, "split", a, parts=np.arange(len(spikes)) % 2)
    delta = session.suggestions.accept()
    assert [session.facts.spikes(c).tolist() for c in delta.added] == [spikes[::2].tolist(), spikes[1::2].tolist()]


def test_a_cluster_that_goes_before_it_is_looked_at_is_not_waited_for(session: Session) -> None:
    session.suggestions.ask_all()
    session.pool.sync()
    go_on = threading.Event()
    for i in range(8):  # more than the pool has threads
        session.pool.submit(("held up", i), go_on.wait, 20)
    session.split(session.facts.spikes(session.cluster_ids[0])[:50])
    assert session.suggestions.splits.busy
    session.undo()
    go_on.set()
    session.pool.sync()
    assert not session.suggestions.splits.busy and session.suggestions.splits.n_left == 0


def test_accepted_noise_is_moved_and_its_undo_brings_the_suggestion_back(session: Session) -> None:
    a = session.cluster_ids[0]
    session.move("good", cluster_ids=[a])
    _offer(session, "noise", a)
    session.suggestions.accept()
    assert session.manager.group(a) == "noise"
    assert session.suggestions.queue.current is None
    session.undo()
    assert session.manager.group(a) == "good"
    assert [s.about for s in session.suggestions.queue.waiting] == [("noise", (a,))]


def test_a_rejected_one_does_not_come_back_after_opening_again(dataset: Path) -> None:
    with_session = Session.open(dataset)
    a, b, c = with_session.cluster_ids[:3]
    for pair in ((a, b), (b, c)):
        _offer(with_session, "merge", *pair, gain=2e9 if pair == (a, b) else 1e9)
    assert with_session.suggestions.reject().cluster_ids == (a, b)
    with_session.close()
    again = Session.open(dataset)
    _offer(again, "merge", a, b)
    _offer(again, "merge", b, c)
    assert [s.about for s in again.suggestions.queue.waiting] == [("merge", (b, c))]
    again.close()


def test_a_rejection_taken_back_is_forgotten_on_the_disk_too(dataset: Path) -> None:
    session = Session.open(dataset)
    a = session.cluster_ids[0]
    _offer(session, "mua", a)
    session.suggestions.reject()
    assert session.suggestions.take_back().about == ("mua", (a,))
    session.close()
    again = Session.open(dataset)
    _offer(again, "mua", a)
    assert [s.about for s in again.suggestions.queue.waiting] == [("mua", (a,))]
    again.close()


def test_a_read_only_session_keeps_nothing_on_the_disk(dataset: Path) -> None:
    session = Session.open(dataset, read_only=True)
    a, b = session.cluster_ids[:2]
    _offer(session, "merge", a, b)
    with pytest.raises(ReadOnlyError):
        session.suggestions.accept()
    session.suggestions.reject()
    assert session.suggestions.queue.current is None
    session.close()
    assert not OwnFiles(dataset.parent).suggestions.exists()


def test_with_nothing_to_decide_on_it_says_so(session: Session) -> None:
    for decide in (session.suggestions.accept, session.suggestions.reject, session.suggestions.later):
        with pytest.raises(ActionError, match="No suggestion"):
            decide()


def test_merges_of_the_sorter_join_the_queue_while_their_units_are_whole(dataset: Path) -> None:
    first = Session.open(dataset)
    whole = [c for c in first.cluster_ids if first.facts.template_counts(c)[0].tolist() == [c]]
    first.close()
    a, b, c = whole[:3]
    rows = ["first\tsecond\tscore\treason", f"{b}\t{a}\t0.5\tcosine 0.93, dip", f"{a}\t{c}\t0.4\t", f"{c}\t99999\t1\t"]
    (dataset.parent / "suggested_merges.tsv").write_text("\n".join(rows))
    session = Session.open(dataset)
    session.split(session.facts.spikes(c)[:1])
    session.undo()
    session.suggestions.compute()
    found = {s.cluster_ids: s for s in session.suggestions.queue.waiting if s.source.startswith("sorter")}
    assert set(found) == {(a, b), (a, c)}
    best = found[a, b]
    assert best.gain == 0.5 * min(session.facts.stats(i).n_spikes for i in (a, b))
    assert best.reasons[0].text == "the sorter found: cosine 0.93, dip"
    session.merge([a, b])
    assert [s for s in session.suggestions.queue.waiting if s.source.startswith("sorter")] == []
    session.close()


# Found by the program itself


@pytest.fixture
def mistaken(corrupted_dataset: Corrupted) -> Iterator[Session]:
    """Its journal stays in memory, so that others find the dataset as it was."""
    with unwritten(corrupted_dataset.params) as session:
        yield session


def _found(session: Session) -> dict[tuple[str, tuple[int, ...]], float]:
    return {s.about: round(s.confidence, 6) for s in session.suggestions.queue.waiting}


def test_mistakes_are_found_and_accepting_all_makes_the_sorting_right(
    mistaken: Session, corrupted_dataset: Corrupted
) -> None:
    course = accept_all(mistaken, Truth(corrupted_dataset.units))
    assert course.n_wrong == 0 < course.n_merges
    assert course.gain > 0.9


def test_in_the_background_the_same_is_found_as_at_once(mistaken: Session, corrupted_dataset: Corrupted) -> None:
    mistaken.suggestions.ask_all()
    mistaken.pool.sync(60)
    assert not mistaken.suggestions.busy
    with unwritten(corrupted_dataset.params) as other:
        other.suggestions.compute()
        assert _found(mistaken) == _found(other) != {}


def test_after_an_action_the_same_is_found_as_from_the_beginning(
    mistaken: Session, corrupted_dataset: Corrupted
) -> None:
    mistaken.suggestions.ask_all()
    mistaken.pool.sync(60)
    pair = next(s.cluster_ids for s in mistaken.suggestions.queue.waiting if s.kind == "merge")
    mistaken.merge(pair)
    mistaken.pool.sync(60)
    with unwritten(corrupted_dataset.params) as other:
        other.merge(pair)
        other.suggestions.compute()
        assert _found(mistaken) == _found(other) != {}


def test_every_suggestion_says_why(mistaken: Session) -> None:
    mistaken.suggestions.compute()
    for suggestion in mistaken.suggestions.queue.waiting:
        assert suggestion.reasons, suggestion
        assert suggestion.reasons[0].speaks == "for"
        assert 0.5 <= suggestion.confidence <= 1
        assert 0 < suggestion.gain <= sum(mistaken.facts.stats(c).n_spikes for c in suggestion.cluster_ids)


def test_the_parts_of_a_split_are_known_when_it_is_looked_at(mistaken: Session) -> None:
    mistaken.suggestions.compute()
    queue = mistaken.suggestions.queue
    split = next(s for s in queue.waiting if s.kind == "split")
    queue.go_to(split)
    looked = mistaken.suggestions.look()
    assert looked is not None and looked.parts is not None
    assert len(looked.parts) == len(mistaken.facts.spikes(split.cluster_ids[0]))
    assert set(looked.parts.tolist()) == {0, 1}


def test_a_closed_session_looks_for_nothing_more(corrupted_dataset: Corrupted) -> None:
    session = Session.open(corrupted_dataset.params, read_only=True)
    session.suggestions.ask_all()
    session.close()
    session.suggestions.ask_all()
    assert session.pool is not None


def test_accuracy_is_that_of_the_comparison_of_spikeinterface(corrupted_dataset: Corrupted) -> None:
    import spikeinterface.comparison as sc
    import spikeinterface.core as si

    session = Session.open(corrupted_dataset.params, read_only=True)
    samples, labels = session.model.spike_samples, session.spike_clusters()
    true = si.NumpySorting.from_samples_and_labels([samples], [corrupted_dataset.units], 30_000.0)
    found = si.NumpySorting.from_samples_and_labels([samples], [labels], 30_000.0)
    session.close()
    # Spikes of other neurons within the tolerance would count too, so that there is none.
    compared = sc.compare_sorter_to_ground_truth(true, found, exhaustive_gt=True, delta_time=0.01)
    theirs = compared.get_performance(method="by_unit")["accuracy"].to_numpy(float)
    assert Truth(corrupted_dataset.units).accuracies(labels) == pytest.approx(theirs, abs=2e-3)
