"""Evidence of pairs of clusters in a session: right, kept, and worked out again where it must be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from phy_medicine.base.configuration import Configuration, Configured
from phy_medicine.base.errors import ActionError
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.pairs.combine import WEIGHTS
from phy_medicine.session.extensions import Similarity
from phy_medicine.session.pair_evidence import PairFacts
from phy_medicine.session.pair_weights import SECTION
from phy_medicine.session.session import Session

from .any_steps import any_steps, take, unwritten


@pytest.fixture
def session(dataset: Path) -> Iterator[Session]:
    session = Session.open(dataset)
    yield session
    session.close()


def use(session: Session, motion: Motion | None) -> None:
    """Put a motion in use as if a run of the store had been chosen."""
    run = type("Run", (), {"id": "1", "name": "by hand", "facts": {}})()
    session.motion._current = None if motion is None else (run, motion)
    session.motion._asked = True
    session.motion.changed.emit("run")


def rising(session: Session, um: float = 60.0) -> Motion:
    """The whole probe moves evenly by so much during the recording."""
    return Motion(np.array([[0.0], [um]]), np.array([0.0, session.model.duration_s]), np.array([0.0]))


def some_pairs(session: Session, n: int = 6) -> list[tuple[int, int]]:
    """Pairs of which at least one cluster is among the newest."""
    return [(a, b) for a, b in combinations(reversed(session.cluster_ids), 2)][:n]


def same(first: PairFacts, second: PairFacts, a: int, b: int) -> None:
    one, other = first.peek(a, b), second.peek(a, b)
    assert one is not None and other is not None
    np.testing.assert_equal(astuple(one), astuple(other))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=any_steps())
def test_after_any_actions_all_is_as_if_worked_out_anew(simulated_dataset, steps):
    with unwritten(simulated_dataset) as session:
        session.pairs.compute(some_pairs(session))
        for step in steps:
            take(session, *step)
            session.pairs.compute(some_pairs(session, 3))
        anew = PairFacts(session)
        pairs = some_pairs(session)
        session.pairs.compute(pairs)
        anew.compute(pairs)
        for pair in pairs:
            same(session.pairs, anew, *pair)
        anew.close()


def test_after_a_merge_only_pairs_of_the_new_cluster_are_worked_out(session, monkeypatch):
    worked_out: list[tuple[int, int]] = []
    still = session.pairs.sides.pair
    monkeypatch.setattr(session.pairs.sides, "pair", lambda a, b: worked_out.append((a, b)) or still(a, b))
    a, b, c, d = session.cluster_ids[:4]
    session.pairs.compute([(a, b), (c, d), (b, c)])
    new = session.merge([a, b]).added[0]
    session.pairs.compute([(c, d), (c, new)])
    assert worked_out == [(a, b), (c, d), (b, c), (c, new)]
    session.undo()
    assert session.pairs.known(a, b) and session.pairs.known(b, c)


def test_the_values_are_those_of_the_definitions(session):
    model = session.model
    reference = session.cluster_ids[0]
    other = session.pairs.candidates(reference)[0]
    session.pairs.compute([(reference, other)])
    found = session.pairs.peek(reference, other)
    trains = [model.spike_samples[session.facts.spikes(c)] for c in (reference, other)]
    lags = (trains[1][:, None] + found.lag_samples - trains[0]).ravel() / model.sample_rate * 1000
    near = (abs(lags) > 0.3) & (abs(lags) < 1.5)
    shoulder = (abs(lags) >= 1.5) & (abs(lags) < 50)
    assert found.dip == pytest.approx(near.sum() / (shoulder.sum() * 1.2 / 48.5), rel=0.03)
    assert found.n_spikes == tuple(map(len, trains))
    dense = np.zeros((2, model.n_samples_template, model.n_channels))
    for row, cluster_id in enumerate((reference, other)):
        ids, counts = session.facts.template_counts(cluster_id)
        for template_id, count in zip(ids, counts, strict=True):
            shape = model.template(int(template_id))
            dense[row][:, shape.channel_ids] += count * shape.data
    of_lag = [(dense[0] * np.roll(dense[1], -lag, axis=0)).sum() for lag in range(-3, 4)]
    assert found.cosine == pytest.approx(max(of_lag) / np.linalg.norm(dense[0]) / np.linalg.norm(dense[1]), abs=0.02)


def test_the_view_of_discriminants_tells_the_same_error(session):
    from phy_medicine.views.lda_block import pair_errors

    pairs = [(a, b) for a in session.cluster_ids[:4] for b in session.pairs.candidates(a, 2)]
    session.pairs.compute(pairs)
    told = {pair: pair_errors(session.data, pair, None, [(0, 1)]) for pair in pairs}
    known = {pair: session.pairs.peek(*pair).lda_error for pair in pairs}
    assert {pair: found[0].error for pair, found in told.items() if found} == {
        pair: error for pair, error in known.items() if np.isfinite(error)
    }
    assert max(found[0].error for found in told.values() if found) > 0


def test_the_order_of_a_pair_does_not_matter(session):
    a, b = session.cluster_ids[:2]
    session.pairs.compute([(b, a)])
    one, other = session.pairs.peek(a, b), session.pairs.peek(b, a)
    assert one.swapped == other or str(one.swapped) == str(other)
    assert one.n_spikes == (len(session.facts.spikes(a)), len(session.facts.spikes(b))) == other.n_spikes[::-1]


def test_candidates_share_channels_and_come_by_similarity(session):
    reference = session.cluster_ids[0]
    found = session.pairs.candidates(reference)
    own = set(session.clusters.channels.of(reference).tolist())
    assert found and reference not in found
    assert all(own & set(session.clusters.channels.of(c).tolist()) for c in found)
    values = session.similar.template_rows(reference)
    assert [values[c] for c in found] == sorted((values[c] for c in found), reverse=True)
    assert session.pairs.candidates(reference, most=2) == found[:2]
    session.merge([reference, found[0]])
    assert session.pairs.candidates(reference) == []


def test_pairs_come_in_the_background_and_tell(session):
    told: list[frozenset[str]] = []
    session.pairs.arrived.connect(told.append)
    a, b, c = session.cluster_ids[:3]
    assert session.pairs.peek(a, b) is None
    assert session.pairs.ask([(a, b), (b, a), (a, c), (a, a)]) == 2
    assert session.pairs.wait([(a, b), (a, c)], 60) == 0
    session.pool.sync(60)
    assert session.pairs.known(b, a) and session.pairs.known(a, c) and not session.pairs.busy
    assert told and "lda_error" in told[0]
    assert session.pairs.ask([(a, b)]) == 0


def test_another_motion_changes_what_depends_on_it_alone(session):
    a, b = session.cluster_ids[:2]
    session.pairs.compute([(a, b)])
    before = session.pairs.peek(a, b)
    use(session, rising(session))
    assert not session.pairs.known(a, b)
    session.pairs.compute([(a, b)])
    after = session.pairs.peek(a, b)
    assert np.isnan(before.drift_cosine) and np.isnan(before.moved_um) and not np.isnan(after.drift_cosine)
    times = [session.model.spike_times[session.facts.pick(c, 1000)].mean() for c in (a, b)]
    assert after.moved_um == pytest.approx(60 * abs(times[0] - times[1]) / session.model.duration_s, abs=0.5)
    assert (after.cosine, after.lda_error, after.dip) == (before.cosine, before.lda_error, before.dip)


def test_the_table_has_the_values_and_filters_and_sorts_by_them(session):
    reference = session.cluster_ids[0]
    session.select([reference])
    table = session.similarity_table
    rows = table.visible_ids()
    assert not table.known(rows[0], "lda_error") and table.value(rows[0], "lda_error") is None
    session.pairs.compute((reference, c) for c in rows)
    evidence = {c: session.pairs.peek(reference, c) for c in rows}
    assert table.value(rows[0], "lda_error") == evidence[rows[0]].lda_error
    assert table.value(rows[0], "combined") == session.pairs.combined(reference, rows[0])
    limit = float(np.nanmedian([e.lda_error for e in evidence.values()]))
    table.set_filter(f"lda_error > {limit}")
    assert set(table.visible_ids()) == {c for c in rows if evidence[c].lda_error > limit} != set(rows)
    table.set_filter("")
    table.sort("distance")
    distances = [evidence[c].distance_um for c in table.visible_ids()]
    assert distances == sorted(distances)
    # Of another reference the values are others.
    session.pairs.compute((rows[1], c) for c in session.cluster_ids)
    others = table.rows_for(rows[1])
    of_others = [session.pairs.peek(rows[1], c).distance_um for c in others]
    assert of_others == sorted(of_others)


def test_the_combined_similarity_orders_the_table(session):
    reference = session.cluster_ids[0]
    session.select([reference])
    session.similar.metric = "combined"
    rows = session.similar.rows(reference)
    assert session.similar.title == "combined similarity"
    assert list(rows) and list(rows.values()) == sorted(rows.values(), reverse=True)
    assert {c: session.pairs.combined(reference, c) for c in rows} == rows
    assert set(rows) <= set(session.pairs.candidates(reference))
    new = session.merge([reference, next(iter(rows))]).added[0]
    assert new in session.similar.rows(next(iter(session.pairs.candidates(new))))


def test_weights_can_be_chosen_and_plugins_add_a_source(session):
    reference = session.cluster_ids[0]
    session.similar.metric = "combined"
    before = session.similar.rows(reference)
    named = session.pairs.candidates(reference)[-1]
    session.extensions.similarities.add(Similarity("mine", lambda c: [(named, 1.0)], weight=100.0))
    assert session.pairs.weights.current["mine"] == 100.0
    assert next(iter(session.similar.rows(reference))) == named
    session.pairs.weights.choose({"mine": 0.0})
    assert session.similar.rows(reference) == before
    session.pairs.weights.choose(None)
    assert session.similar.rows(reference) != before
    session.extensions.similarities.remove("mine")
    assert session.similar.rows(reference) == before
    session.pairs.weights.choose({name: 0.0 for name in (*WEIGHTS, "mine") if name != "distance"})
    rows = session.similar.rows(reference)
    distances = [session.pairs.peek(reference, c).distance_um for c in rows]
    assert distances == sorted(distances)
    for wrong in (-1.0, float("nan"), "2"):
        with pytest.raises(ActionError, match="weight of features"):
            session.pairs.weights.choose({"features": wrong})


def test_weights_are_configured_by_name(dataset):
    one = Configured(f"{SECTION}.features", 3.0, "file")
    session = Session.open(dataset, configuration=Configuration({one.name: one}))
    assert session.pairs.weights.current == {**WEIGHTS, "features": 3.0}
    session.close()


def test_a_source_of_a_plugin_that_fails_does_not_count(session):
    def fail(cluster_id: int) -> list[tuple[int, float]]:
        raise ValueError("not today")

    reference = session.cluster_ids[0]
    session.similar.metric = "combined"
    before = session.similar.rows(reference)
    session.extensions.similarities.add(Similarity("broken", fail, weight=5.0))
    assert session.similar.rows(reference) == before
