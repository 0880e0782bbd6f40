from __future__ import annotations

import base64
import errno
import os
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from phy_medicine.base.errors import JournalError
from phy_medicine.io.journal import (
    Journal,
    decode_ids,
    discard,
    encode_ids,
    encode_line,
    journals,
    read_journal,
    unsaved,
)


def started(folder: Path, n: int = 3, labels_hash: str = "abc") -> Journal:
    journal = Journal(folder, labels_hash=labels_hash, n_spikes=9)
    for i in range(n):
        journal.append({"kind": "merge", "cluster_ids": [i, i + 1], "spike_ids": np.array([1, 5, 900 + i])})
    return journal


def plain(records: tuple) -> list:
    return [(r["seq"], r["kind"], r["cluster_ids"], r["spike_ids"].tolist()) for r in records]


def test_no_file_before_the_first_action(tmp_path: Path):
    journal = started(tmp_path, 0)
    journal.close()
    assert journal.path is None
    assert list(tmp_path.iterdir()) == []


def test_actions_come_back_in_order_with_their_arrays(tmp_path: Path):
    journal = started(tmp_path, 2)
    back = read_journal(journal.path)
    assert plain(back.records) == [(1, "merge", [0, 1], [1, 5, 900]), (2, "merge", [1, 2], [1, 5, 901])]
    assert (back.header.labels_hash, back.header.n_spikes, back.torn, back.closed) == ("abc", 9, False, "")


def test_every_line_is_json_of_its_own(tmp_path: Path):
    import json

    lines = started(tmp_path).path.read_bytes().splitlines()
    assert [json.loads(line).get("kind") for line in lines] == [None, "merge", "merge", "merge"]
    assert all("crc32" in json.loads(line) for line in lines)


def test_cut_at_every_byte_the_longest_valid_beginning_is_read(tmp_path: Path):
    journal = started(tmp_path, 3)
    content = journal.path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(content) if byte == ord("\n")]
    cut = tmp_path / "cut.jsonl"
    for n in range(len(content) + 1):
        cut.write_bytes(content[:n])
        if n < ends[0]:
            with pytest.raises(JournalError):
                read_journal(cut)
            continue
        back = read_journal(cut)
        n_whole = sum(end <= n for end in ends)
        assert len(back.records) == n_whole - 1
        assert (back.n_bytes, back.torn) == (ends[n_whole - 1], n not in ends)


def test_a_changed_byte_anywhere_is_noticed(tmp_path: Path):
    journal = started(tmp_path, 3)
    content = bytearray(journal.path.read_bytes())
    whole = plain(read_journal(journal.path).records)
    broken = tmp_path / "broken.jsonl"
    for i in range(content.index(b"\n") + 1, len(content)):
        broken.write_bytes(content[:i] + bytes([content[i] ^ 1]) + content[i + 1 :])
        back = read_journal(broken)
        assert back.torn
        assert plain(back.records) == whole[: len(back.records)]
        assert len(back.records) < 3


def test_a_resumed_journal_goes_on_after_its_torn_end(tmp_path: Path):
    journal = started(tmp_path, 2)
    path = journal.path
    journal.close()
    with path.open("ab") as file:
        file.write(b'{"seq":3,"kind":"me')
    again = Journal.resume(path)
    assert again.append({"kind": "merge", "cluster_ids": [7], "spike_ids": np.array([2])}) == 3
    assert [r["seq"] for r in read_journal(path).records] == [1, 2, 3]


def test_saving_closes_the_journal_and_the_next_action_starts_another(tmp_path: Path):
    journal = started(tmp_path, 2)
    first = journal.path
    journal.mark_saved("new labels")
    assert read_journal(first).closed == "saved"
    assert len(read_journal(first).records) == 2
    assert unsaved(tmp_path, "abc") is None
    journal.append({"kind": "x"})
    assert journals(tmp_path) == (first, journal.path)
    assert unsaved(tmp_path, "new labels") == journal.path


def test_saving_without_actions_writes_no_journal(tmp_path: Path):
    journal = started(tmp_path, 0)
    journal.mark_saved("new labels")
    assert journals(tmp_path) == ()


def test_only_an_unsaved_journal_on_the_same_labels_is_offered(tmp_path: Path):
    started(tmp_path, 1, "other").close()
    assert unsaved(tmp_path, "abc") is None
    path = started(tmp_path, 1).path
    assert unsaved(tmp_path, "abc") == path
    discard(path)
    assert unsaved(tmp_path, "abc") is None
    assert read_journal(path).closed == "discarded"


def test_the_newest_unsaved_journal_is_offered(tmp_path: Path):
    started(tmp_path, 1).close()
    newest = started(tmp_path, 2).path
    assert unsaved(tmp_path, "abc") == newest


def test_a_journal_torn_before_its_first_action_is_not_offered(tmp_path: Path):
    path = started(tmp_path, 1).path
    path.write_bytes(path.read_bytes().split(b"\n")[0] + b"\n{")
    assert unsaved(tmp_path, "abc") is None


def test_a_full_disk_leaves_the_journal_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    journal = started(tmp_path, 1)
    before, write = journal.path.read_bytes(), os.write

    def half(descriptor: int, data: memoryview) -> int:
        write(descriptor, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(JournalError, match="no space left on device"):
        journal.append({"kind": "merge"})
    monkeypatch.undo()
    assert journal.path.read_bytes() == before
    assert journal.append({"kind": "later"}) == 2
    assert not read_journal(journal.path).torn


def test_a_full_disk_at_the_first_action_leaves_no_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    journal = started(tmp_path, 0)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(JournalError):
        journal.append({"kind": "merge"})
    monkeypatch.undo()
    assert journals(tmp_path) == ()
    assert journal.append({"kind": "merge"}) == 1
    assert len(read_journal(journal.path).records) == 1


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path):
    (tmp_path / ".phy_medicine").write_text("in the way")
    with pytest.raises(JournalError, match="nothing was changed"):
        started(tmp_path, 1)


@pytest.mark.parametrize("value", [{1, 2}, np.ones(3), np.ones((2, 2), int), object()])
def test_what_json_cannot_hold_is_refused_before_anything_is_written(tmp_path: Path, value: object):
    journal = started(tmp_path, 0)
    with pytest.raises(JournalError):
        journal.append({"kind": "x", "value": value})
    assert all(read_journal(path).records == () for path in journals(tmp_path))


@given(nps.arrays(np.int64, st.integers(0, 50), elements=st.integers(-(2**62), 2**62)))
def test_whole_numbers_come_back(ids: np.ndarray):
    assert decode_ids(encode_ids(ids)).tolist() == ids.tolist()


def test_ascending_ids_take_little_space():
    ids = np.arange(0, 1_000_000, 100)
    assert len(encode_ids(ids)) < 300
    assert decode_ids(encode_ids(ids)).tolist() == ids.tolist()


@pytest.mark.parametrize(
    "text", ["", "i2", "i9:AAAA", "i2:!!!!", "i2:AAAA", "i8:" + base64.b64encode(zlib.compress(b"x")).decode()]
)
def test_damaged_ids_are_named(text: str):
    with pytest.raises(JournalError, match="damaged"):
        decode_ids(text)


def test_text_of_any_kind_stays_on_one_line():
    assert encode_line({"value": "a\nb µ \u2028 \x00"}).count(b"\n") == 1
