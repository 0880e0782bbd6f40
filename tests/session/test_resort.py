"""A part of a dataset sorted anew: in a worker, compared, and taken over as one action."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.compute.sorters.resort_settings import ResortSettings
from phy_medicine.session import resort
from phy_medicine.session.session import Session

LIMIT_S = 120


@pytest.fixture
def session(dataset: Path) -> Iterator[Session]:
    session = Session.open(dataset)
    yield session
    session.close()


def found_run(session: Session, samples, units, *, start=0, stop=None, spike_ids=None):
    """A run as the job leaves it."""
    stop = session.model.traces.n_samples if stop is None else stop
    inside = (session.model.spike_samples >= start) & (session.model.spike_samples < stop)
    order = np.argsort(samples, kind="stable")
    arrays = {
        "spike_ids": np.flatnonzero(inside) if spike_ids is None else spike_ids,
        "samples": samples[order],
        "units": units[order],
        "unit_depths_um": np.arange(int(units.max()) + 1, dtype=np.float32),
        "unit_channels": np.zeros(int(units.max()) + 1, np.int64),
    }
    facts = {"start": start, "stop": stop, "ranged": stop - start < session.model.traces.n_samples}
    return session.store.add(resort.KIND, arrays, facts=facts)


def members(session: Session) -> set[frozenset[int]]:
    labels = session.spike_clusters()
    return {frozenset(np.flatnonzero(labels == c).tolist()) for c in np.unique(labels)}


def test_a_merged_cluster_is_taken_apart_as_the_new_sorting_does_and_undo_brings_it_back(session: Session):
    counts = np.bincount(session.spike_clusters())
    a, b = (int(c) for c in np.argsort(-counts)[:2])
    before, parts = session.spike_clusters(), members(session)
    merged = session.merge([a, b]).added[0]
    labels = session.spike_clusters()
    samples = session.model.spike_samples + 3  # as another sorter would place its troughs
    run = found_run(session, samples, before.astype(np.int64), spike_ids=np.flatnonzero(labels == merged))
    compared = resort.compare(session, run)
    assert compared.table.cluster_ids == (merged,) and not compared.ranged
    assert sorted(compared.table.counts[0].tolist()) == sorted([counts[a], counts[b]])
    resort.apply(session, compared, keep=False)
    assert members(session) == parts
    session.undo()
    assert session.spike_clusters().tolist() == labels.tolist()
    session.redo()
    assert members(session) == parts


def test_within_a_time_range_a_unit_that_is_a_cluster_stays_with_what_is_elsewhere(session: Session):
    counts = np.bincount(session.spike_clusters())
    a, b = (int(c) for c in np.argsort(-counts)[:2])
    model, labels = session.model, session.spike_clusters().astype(np.int64)
    half = model.traces.n_samples // 2
    wanted = labels.copy()
    early = np.flatnonzero((labels == a) & (model.spike_samples < half))
    wanted[early[:20]] = b
    inside = model.spike_samples < half
    run = found_run(session, model.spike_samples[inside], wanted[inside], stop=half)
    compared = resort.compare(session, run)
    assert compared.ranged and set(compared.same.values()) >= {a, b}
    resort.apply(session, compared, keep=True)
    now = session.spike_clusters()
    joined = now[early[0]]
    assert np.flatnonzero(now == joined).tolist() == np.flatnonzero(wanted == b).tolist()
    assert set(now[(wanted != a) & (wanted != b)]) == set(labels[(wanted != a) & (wanted != b)])


def test_units_of_a_few_spikes_become_no_cluster(session: Session):
    labels = session.spike_clusters().astype(np.int64)
    largest = int(np.argmax(np.bincount(labels)))
    chosen = np.flatnonzero(labels == largest)
    units = np.zeros(len(chosen), np.int64)
    units[: resort.FEW - 1] = 1
    compared = resort.compare(session, found_run(session, session.model.spike_samples[chosen], units, spike_ids=chosen))
    assert compared.table.counts.tolist() == [[len(chosen) - resort.FEW + 1]]
    assert compared.table.left.tolist() == [resort.FEW - 1] and compared.depths_um.tolist() == [0.0]


def test_clusters_that_changed_since_are_refused(session: Session):
    labels = session.spike_clusters().astype(np.int64)
    compared = resort.compare(session, found_run(session, session.model.spike_samples, np.arange(len(labels)) % 2))
    session.merge(session.cluster_ids[:2])
    before = session.spike_clusters()
    with pytest.raises(ActionError, match="became others since they were compared; show the result again"):
        resort.apply(session, compared, keep=False)
    assert session.spike_clusters().tolist() == before.tolist()


def test_the_dialog_begins_with_what_is_selected_and_shown(session: Session):
    session.select(session.cluster_ids[:2])
    session.set_time_range(1.0, 4.0)
    values = resort.suggested(session)
    assert values == {"clusters": ", ".join(map(str, session.cluster_ids[:2])), "start_s": 1.0, "stop_s": 4.0}
    assert ResortSettings(clusters=values["clusters"]).cluster_ids() == session.cluster_ids[:2]


def test_the_job_sorts_chosen_clusters_and_its_result_is_compared(session: Session):
    counts = np.bincount(session.spike_clusters())
    chosen = int(np.argmax(counts))
    job = session.jobs.start(
        "resort", clusters=str(chosen), start_s=1.0, device="cpu", rounds=1, learn_batches=20, drift="none"
    )
    assert session.jobs.wait(job, LIMIT_S) and job.state == "done", (job.error, list(job.log))
    compared = resort.compare(session, job.delivered)
    assert compared.table.cluster_ids == (chosen,) and compared.ranged
    matched = compared.table.counts.sum() / compared.table.cluster_counts.sum()
    assert matched > 0.8
    inside = session.model.spike_times[compared.found.spike_ids]
    assert inside.min() >= 1.0


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"clusters": "three"}, "Clusters are numbers such as 3, 7, not 'three'"),
        ({"clusters": "99999"}, "There is no cluster 99999"),
        ({"start_s": 2.0, "stop_s": 2.5}, "From 2 to 2.5 s there is less than a second"),
        ({"sorter": "nose"}, "SpikeInterface has no sorter 'nose'"),
        ({"sorter": "simple", "sorter_params": "fast"}, "'fast' is no parameter of a sorter; write name=value"),
    ],
)
def test_what_cannot_be_sorted_is_said_in_a_sentence(session: Session, settings, problem):
    job = session.jobs.start("resort", **settings)
    assert session.jobs.wait(job, LIMIT_S) and job.state == "failed"
    assert problem in job.error


def test_a_setting_of_the_sorter_is_checked_at_once(session: Session):
    with pytest.raises(PhyMedError, match=r"reach_um must lie between 0\.0 and 1000\.0 µm"):
        session.jobs.start("resort", reach_um=-1)
