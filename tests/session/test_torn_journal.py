"""The journal of a real curation, cut at every byte and changed at every byte: no action lost, no wrong one done."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phy_medicine.base.errors import JournalError
from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.curation.labels import guess_measured
from phy_medicine.io.journal import rest_of
from phy_medicine.io.journal_reader import JournalFile, journals, parse_journal
from phy_medicine.session.recovery import replay
from phy_medicine.session.session import Session
from tests.io.miniatures import kilosort4

State = tuple[list[int], dict[str, dict[int, Any]]]


def state_of(manager: ClusterManager) -> State:
    table = {name: dict(values) for name, values in manager.labels.to_dict().items() if values}
    return manager.assignment.labels().tolist(), table


@dataclass
class Curation:
    """A dataset, the content of the journal of a session on it, and the state after each of its records."""

    folder: Path
    path: Path
    content: bytes
    states: list[State] = field(default_factory=list)

    @property
    def ends(self) -> list[int]:
        return [i + 1 for i, byte in enumerate(self.content) if byte == ord("\n")]

    def manager(self) -> ClusterManager:
        session = Session.open(self.folder / "params.py", read_only=True)
        fields = session.model.metadata.fields
        session.close()
        return ClusterManager(session.model.spike_clusters, fields, measured=guess_measured(fields))


@pytest.fixture(scope="module")
def curation(tmp_path_factory: pytest.TempPathFactory) -> Curation:
    """Every kind of record: merges, splits, groups, labels, undo, redo, jumps, and what comes back after a save."""
    folder = tmp_path_factory.mktemp("curated")
    kilosort4(folder)
    Session.open(folder / "params.py").close()
    session = Session.open(folder / "params.py")
    a, b, c, d = session.cluster_ids[:4]
    done = Curation(folder, Path(), b"", [state_of(session.manager)])
    steps = [
        lambda: session.merge([a, b]),
        lambda: session.move("good", cluster_ids=[c]),
        lambda: session.split(session.facts.spikes(d)[::3]),
        session.undo,
        session.redo,
        lambda: session.label("note", "fires in bursts, µ", [c]),
        lambda: session.jump_to(1),
        lambda: session.jump_to(4),
        lambda: session.split(session.facts.spikes(c), np.arange(len(session.facts.spikes(c))) % 3),
        lambda: session.label("note", None, [session.cluster_ids[-1]]),
        lambda: session.jump_to(2),
        lambda: session.merge(session.cluster_ids[:3]),
    ]
    for step in steps:
        step()
        done.states.append(state_of(session.manager))
    session.storage.close()
    (done.path,) = journals(folder)
    done.content = done.path.read_bytes()
    return done


def plain(journal: JournalFile) -> list[str]:
    """Records with their arrays as text, to be compared."""
    with np.printoptions(threshold=1 << 20):
        return [repr(dict(record)) for record in journal.records]


def test_each_beginning_of_the_journal_gives_the_state_of_then(curation: Curation):
    records = parse_journal(curation.content, curation.path).records
    assert len(records) == len(curation.states) - 1
    for n, expected in enumerate(curation.states):
        manager = curation.manager()
        assert replay(manager, records[:n]) == (n, "")
        assert state_of(manager) == expected


def test_cut_at_every_byte_it_gives_what_was_complete(curation: Curation):
    whole, ends = plain(parse_journal(curation.content, curation.path)), curation.ends
    for n in range(len(curation.content) + 1):
        if n < ends[0]:
            with pytest.raises(JournalError):
                parse_journal(curation.content[:n], curation.path)
            continue
        back = parse_journal(curation.content[:n], curation.path)
        n_complete = sum(end <= n for end in ends) - 1
        assert plain(back) == whole[:n_complete]
        assert (back.torn, back.n_lost, back.closed) == (n not in ends, 0, "")


def test_with_one_bit_changed_anywhere_it_gives_what_stands_before(curation: Curation):
    whole, ends = plain(parse_journal(curation.content, curation.path)), curation.ends
    line_of = np.searchsorted(ends, np.arange(len(curation.content)), side="right")
    for i, byte in enumerate(curation.content):
        for bit in range(8):
            changed = curation.content[:i] + bytes([byte ^ (1 << bit)]) + curation.content[i + 1 :]
            if line_of[i] == 0:
                with pytest.raises(JournalError):
                    parse_journal(changed, curation.path)
                continue
            back = parse_journal(changed, curation.path)
            assert len(back.records) == line_of[i] - 1
            assert back.torn
            assert back.closed == ""
        assert plain(back) == whole[: len(back.records)] if line_of[i] else True


@pytest.mark.parametrize("where", ["end of line", "one more byte", "one byte less"])
def test_a_session_opens_on_a_journal_that_was_cut(curation: Curation, tmp_path: Path, where: str):
    shift = {"end of line": 0, "one more byte": 1, "one byte less": -1}[where]
    for k, end in enumerate(curation.ends[1:], 1):
        n = min(end + shift, len(curation.content))
        folder = tmp_path / f"{k}"
        shutil.copytree(curation.folder, folder)
        path = journals(folder)[0]
        path.write_bytes(curation.content[:n])
        session = Session.open(folder / "params.py", recover=True)
        n_done = k if n >= end else k - 1
        assert state_of(session.manager) == curation.states[n_done]
        session.move("mua", cluster_ids=[session.cluster_ids[0]])
        expected = state_of(session.manager)
        session.storage.close()
        again = Session.open(folder / "params.py", recover=True)
        assert state_of(again.manager) == expected
        assert not rest_of(path).exists()
        again.close()


def test_a_journal_that_is_damaged_in_the_middle_gives_what_stands_before_and_is_kept(curation, tmp_path):
    for k, end in enumerate(curation.ends[:-1]):
        folder = tmp_path / f"{k}"
        shutil.copytree(curation.folder, folder)
        path = journals(folder)[0]
        damaged = bytearray(curation.content)
        damaged[end + 9] ^= 4
        path.write_bytes(damaged)
        session = Session.open(folder / "params.py")
        assert [journal.path for journal in session.storage.stale] == ([] if k else [path])
        report = session.recover()
        assert (report.n_done, report.n_left) == (k, len(curation.ends) - 1 - k)
        assert state_of(session.manager) == curation.states[k]
        assert "damaged" in report.text
        if k:
            assert str(rest_of(path)) in report.text
            assert rest_of(path).read_bytes() == damaged
        session.close()
