"""Merges that a model suggests: those of the plain rule, right on simulated mistakes, and ordinary suggestions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.corrupted import Corrupted
from benchmarks.suggestions import Truth
from phy_medicine.base.errors import ActionError
from phy_medicine.compute.mixture.one_or_two import OneOrTwo, one_or_two
from phy_medicine.compute.pairs.evidence import PairEvidence
from phy_medicine.compute.suggesting.model_merging import model_merge_probability
from phy_medicine.session.session import Session
from tests.io.miniatures import kilosort4

from .any_steps import unwritten


@pytest.fixture
def mistaken(corrupted_dataset: Corrupted) -> Iterator[Session]:
    with unwritten(corrupted_dataset.params) as session:
        session.suggestions.choose_preset("model")
        yield session


def by_the_plain_rule(session: Session) -> dict[tuple[int, ...], float]:
    """Every pair of a cluster and one of its three nearest, judged one after another."""
    found: dict[tuple[int, ...], float] = {}
    for c in session.cluster_ids:
        for rows in (session.similar.template_rows(c), session.similar.aware_rows(c)):
            for other in list(rows)[:3]:
                pair = (min(c, other), max(c, other))
                a, b = (side.scores for side in session.pairs.sides.pair(*pair))
                session.pairs.compute([pair])
                evidence = session.pairs.peek(*pair)
                if min(len(a), len(b)) >= 20 and (likely := model_merge_probability(one_or_two(a, b), evidence)) >= 0.5:
                    found[pair] = likely
    return found


def test_the_suggestions_are_those_of_the_plain_rule_and_right(
    mistaken: Session, corrupted_dataset: Corrupted
) -> None:  # fmt: skip
    mistaken.suggestions.compute()
    found = [s for s in mistaken.suggestions.queue.waiting if s.kind == "merge"]
    assert {s.cluster_ids: s.confidence for s in found} == by_the_plain_rule(mistaken)
    assert [s.gain for s in found] == sorted((s.gain for s in found), reverse=True)
    truth = Truth(corrupted_dataset.units)
    assert all(truth.of(mistaken, a) == truth.of(mistaken, b) for a, b in (s.cluster_ids for s in found))
    assert len(found) >= 3
    for s in found:
        names = [reason.name for reason in s.reasons]
        assert names[:3] == ["log_evidence", "depth", "lda_error"] and len(names) == len(set(names))
        assert s.reasons[0].value > 0 and "better than two, log evidence +" in s.reasons[0].text
        assert s.source.startswith("model, ")


def test_one_is_accepted_as_a_merge_and_undone(mistaken: Session) -> None:
    mistaken.suggestions.ask_all()
    mistaken.pool.sync(60)
    before = mistaken.spike_clusters()
    first = mistaken.suggestions.queue.waiting[0]
    while first.kind != "merge":
        mistaken.suggestions.later()
        first = mistaken.suggestions.queue.current
    (new,) = mistaken.suggestions.accept().added
    assert (mistaken.spike_clusters() == np.where(np.isin(before, first.cluster_ids), new, before)).all()
    mistaken.undo()
    assert (mistaken.spike_clusters() == before).all()
    assert first.about in {s.about for s in mistaken.suggestions.queue.waiting}


def test_noise_is_not_asked(mistaken: Session) -> None:
    mistaken.suggestions.compute()
    a, b = next(s.cluster_ids for s in mistaken.suggestions.queue.waiting if s.kind == "merge")
    mistaken.suggestions.choose_preset("default")
    mistaken.move("noise", cluster_ids=[b])
    mistaken.suggestions.choose_preset("model")
    mistaken.suggestions.compute([a])
    assert (a, b) not in {s.cluster_ids for s in mistaken.suggestions.queue.waiting}


def test_without_features_it_is_refused(tmp_path: Path) -> None:
    kilosort4(tmp_path)
    for name in ("pc_features.npy", "pc_feature_ind.npy"):
        (tmp_path / name).unlink(missing_ok=True)
    session = Session.open(tmp_path / "params.py", read_only=True)
    with pytest.raises(ActionError, match="need features of the spikes"):
        session.suggestions.choose_preset("model")
    assert session.suggestions.preset == "default"
    session.close()


def test_the_model_and_the_valley_are_conditions_and_the_refractory_time_decides() -> None:
    one = OneOrTwo(200.0, 1000, 0.0, 0.3)
    silent = PairEvidence(dip=0.0, dip_lower=0.0, dip_upper=0.1, cosine=0.99)
    firing = PairEvidence(dip=0.9, dip_lower=0.7, dip_upper=1.2, cosine=0.99)
    assert model_merge_probability(one, silent) > 0.95 > 0.5 > model_merge_probability(one, firing)
    assert model_merge_probability(one, replace(firing, dip=float("nan"), cosine=0.86)) < 0.5
    for two in (OneOrTwo(-1.0, 1000, 0.0, 0.3), OneOrTwo(200.0, 1000, 0.2, 0.3), OneOrTwo(200.0, 9, 0.0, float("nan"))):
        assert model_merge_probability(two, silent) == 0
