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
from phy_medicine.io.journal import Journal, discard, rest_of
from phy_medicine.io.journal_lines import decode_ids, encode_ids, encode_line
from phy_medicine.io.journal_reader import journals, read_journal, unsaved_work


def started(folder: Path, n: int = 3, labels_hash: str = "abc") -> Journal:
    journal = Journal(folder, labels_hash=labels_hash, n_spikes=9)
    for i in range(n):
        journal.append({"kind": "merge", "cluster_ids": [i, i + 1], "spike_ids": np.array([1, 5, 900 + i])})
    return journal


def unsaved(folder: Path, labels_hash: str) -> Path | None:
    return unsaved_work(folder, labels_hash).offered


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


def damage(path: Path, line: int) -> bytes:
    """Change one letter of a line, the header is line 0; return the content as it is then."""
    lines = path.read_bytes().split(b"\n")
    lines[line] = lines[line].replace(b"merge", b"mirge")
    path.write_bytes(b"\n".join(lines))
    return path.read_bytes()


def test_what_stands_behind_a_damaged_line_is_counted_and_kept_when_the_journal_goes_on(tmp_path: Path):
    journal = started(tmp_path, 5)
    path = journal.path
    journal.close()
    before = damage(path, 3)
    back = read_journal(path)
    assert (len(back.records), back.n_lost, back.torn) == (2, 3, True)
    again = Journal.resume(path)
    assert again.append({"kind": "merge", "cluster_ids": [7], "spike_ids": np.array([2])}) == 3
    assert rest_of(path).read_bytes() == before
    assert [r["seq"] for r in read_journal(path).records] == [1, 2, 3]
    assert journals(tmp_path) == (path,)


def test_actions_that_did_not_fit_are_cut_off_and_kept_beside(tmp_path: Path):
    journal = started(tmp_path, 4)
    path = journal.path
    journal.close()
    before = path.read_bytes()
    again = Journal.resume(path, 1)
    assert again.append({"kind": "merge", "cluster_ids": [7], "spike_ids": np.array([2])}) == 2
    assert [r["cluster_ids"] for r in read_journal(path).records] == [[0, 1], [7]]
    assert rest_of(path).read_bytes() == before


def test_a_torn_last_line_alone_is_not_kept(tmp_path: Path):
    path = started(tmp_path, 2).path
    with path.open("ab") as file:
        file.write(b'{"seq":3,"kind":"me')
    Journal.resume(path).close()
    assert not rest_of(path).exists()


@pytest.mark.parametrize("change", ["left out", "twice", "swapped", "of another journal"])
def test_lines_that_are_whole_but_not_in_their_place_are_not_read(tmp_path: Path, change: str):
    path = started(tmp_path, 4).path
    head, one, two, three, four, end = path.read_bytes().split(b"\n")
    lines = {
        "left out": [head, one, three, four],
        "twice": [head, one, one, two],
        "swapped": [head, one, three, two, four],
        "of another journal": [head, one, encode_line({"seq": 9, "kind": "merge"})[:-1], two],
    }[change]
    path.write_bytes(b"\n".join([*lines, end]))
    assert [r["seq"] for r in read_journal(path).records] == [1]


def test_a_journal_of_other_labels_is_told_and_not_offered(tmp_path: Path):
    older = started(tmp_path, 1, "other").path
    work = unsaved_work(tmp_path, "abc")
    assert (work.offered, [j.path for j in work.stale]) == (None, [older])
    discard(older)
    assert unsaved_work(tmp_path, "abc").stale == ()


def test_a_journal_of_another_file_in_the_folder_is_no_matter_here(tmp_path: Path):
    journal = Journal(tmp_path, labels_hash="other", n_spikes=9, dataset="b.kwik:0:main")
    journal.append({"kind": "merge"})
    assert unsaved_work(tmp_path, "abc", "a.kwik:0:main").stale == ()
    assert len(unsaved_work(tmp_path, "abc", "b.kwik:0:main").stale) == 1


def test_a_save_that_was_done_before_the_journal_could_say_so_counts(tmp_path: Path):
    journal = started(tmp_path, 2)
    journal.mark_saving("new labels")
    journal.close()  # the process ended; whether before or after the files were replaced, their labels tell
    assert unsaved_work(tmp_path, "abc").offered == journals(tmp_path)[0]
    assert unsaved_work(tmp_path, "new labels") == unsaved_work(tmp_path / "nothing here", "")
    started(tmp_path, 1, "new labels").mark_saved("newer")
    assert unsaved_work(tmp_path, "newer").stale == ()


def test_labels_that_a_dataset_had_before_do_not_make_a_save_done(tmp_path: Path):
    started(tmp_path, 1, "new labels").mark_saved("abc")
    journal = started(tmp_path, 2, "abc")
    journal.mark_saving("new labels")
    journal.close()  # the process ended before the files were replaced
    assert unsaved_work(tmp_path, "abc").offered == journals(tmp_path)[1]


def test_a_save_that_failed_leaves_the_journal_unsaved(tmp_path: Path):
    journal = started(tmp_path, 2)
    journal.mark_saving("new labels")
    journal.append({"kind": "merge"})
    assert unsaved_work(tmp_path, "abc").offered == journal.path
    assert [r["seq"] for r in read_journal(journal.path).records] == [1, 2, 4]
    assert [len(j.records) for j in unsaved_work(tmp_path, "new labels").stale] == [3]


def test_a_journal_that_cannot_be_closed_after_a_save_is_known_as_saved(tmp_path: Path, monkeypatch):
    journal = started(tmp_path, 2)
    first = journal.path
    journal.mark_saving("new labels")
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", fails)
        journal.mark_saved("new labels")
    journal.append({"kind": "merge"})
    assert read_journal(journal.path).header.labels_hash == "new labels"
    work = unsaved_work(tmp_path, "new labels")
    assert (work.offered, work.stale) == (journal.path, ())
    assert first != journal.path


def fails(*_: object) -> int:
    raise OSError(errno.EIO, "Input/output error")


def test_many_actions_are_written_at_once_or_not_at_all(tmp_path: Path, monkeypatch):
    journal = started(tmp_path, 1)
    before, n_syncs, fsync = journal.path.read_bytes(), [], os.fsync
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails)
        with pytest.raises(JournalError):
            journal.append_all([{"kind": "a"}, {"kind": "b"}])
    assert journal.path.read_bytes() == before
    monkeypatch.setattr(os, "fsync", lambda d: n_syncs.append(fsync(d)))
    assert journal.append_all([{"kind": "a"}, {"kind": "b"}]) == 3
    assert len(n_syncs) == 1
    assert [r["kind"] for r in read_journal(journal.path).records] == ["merge", "a", "b"]


def test_half_a_line_that_could_not_be_taken_away_goes_before_the_next(tmp_path: Path, monkeypatch):
    journal = started(tmp_path, 1)
    write = os.write

    def half(descriptor: int, data: memoryview) -> int:
        write(descriptor, data[: len(data) // 2])
        return fails()

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half)
        patch.setattr(os, "ftruncate", fails)
        with pytest.raises(JournalError):
            journal.append({"kind": "lost"})
    assert read_journal(journal.path).torn
    assert journal.append({"kind": "later"}) == 2
    back = read_journal(journal.path)
    assert ([r["kind"] for r in back.records], back.torn) == (["merge", "later"], False)
