"""A fault in the labels in memory is found before a file is touched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from phy_medicine.base.errors import SaveError
from phy_medicine.session.session import Session
from tests.io.kwik_miniatures import Form
from tests.io.kwik_miniatures import write as write_kwik
from tests.io.miniatures import kilosort4


def swap_two_spikes(session: Session) -> None:
    """The numbers of spikes stay the same: only a comparison of all labels finds it."""
    atoms = session.manager.assignment._tree._spike_atoms
    a, b = (int(session.manager.assignment.spikes(c)[0]) for c in session.cluster_ids[-2:])
    atoms[a], atoms[b] = atoms[b], atoms[a]


def rename_a_cluster(session: Session) -> None:
    """A cluster is another one than its actions made it."""
    of_atom = session.manager.assignment._cluster_of
    of_atom[of_atom == session.cluster_ids[-1]] = 99


def exchange_two_clusters(session: Session) -> None:
    of_atom = session.manager.assignment._cluster_of
    a, b = session.cluster_ids[-2:]
    of_atom[:] = [{a: b, b: a}.get(c, c) for c in of_atom.tolist()]


def miscount(session: Session) -> None:
    """The labels are right, and what the table shows is wrong."""
    session.manager.assignment._counts[session.cluster_ids[0]] += 1


@pytest.mark.parametrize("fault", [swap_two_spikes, rename_a_cluster, exchange_two_clusters, miscount])
@pytest.mark.parametrize("make", [kilosort4, lambda folder: write_kwik(folder, Form())])
def test_a_fault_in_memory_is_found_and_nothing_is_written(
    tmp_path: Path, make: Callable[[Path], Path], fault: Callable[[Session], None]
):
    path = make(tmp_path)
    session = Session.open(path)
    session.merge(session.cluster_ids[:2])
    session.save()
    session.split(session.manager.assignment.spikes(session.cluster_ids[0])[::2])
    session.undo()
    session.redo()
    wanted = session.spike_clusters().tolist()
    files = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    fault(session)
    with pytest.raises(SaveError, match=r"nothing was written.*recover the journal"):
        session.save()
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == files
    assert session.dirty
    session.close()
    again = Session.open(path, recover=True)
    assert again.spike_clusters().tolist() == wanted
    again.save()
    again.close()
