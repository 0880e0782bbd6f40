"""The file of the record: it only grows, and whatever is in it is read or counted as lost."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.errors import DatasetError
from phy_medicine.io.viewing_record import (
    COLUMNS,
    Viewing,
    append_viewing,
    as_tsv,
    delete_record,
    export_record,
    read_viewings,
    record_path,
)

IDS = st.lists(st.integers(0, 2**31)).map(tuple)
VIEWINGS = st.builds(
    Viewing, st.text(), st.text(), IDS, IDS, st.floats(0, 1e6), st.integers(0, 1000), st.text(), IDS, IDS, st.text()
)
FIRST = Viewing("s", "t", (3, 7), (9,), 12.5, 4, "merge", (3, 7), (11,))
SECOND = Viewing("s", "u", (11,), (), 2.0, 1, "group", (11,), (), "good")


@given(st.lists(VIEWINGS, max_size=5))
def test_what_is_written_is_read(brief_folder, viewings):
    with brief_folder() as folder:
        for viewing in viewings:
            append_viewing(folder, viewing)
        assert read_viewings(folder) == (tuple(viewings), 0)


def test_a_file_that_is_cut_anywhere_gives_its_whole_lines_and_takes_new_ones(tmp_path):
    append_viewing(tmp_path, FIRST)
    append_viewing(tmp_path, SECOND)
    path = record_path(tmp_path)
    content = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(content) if byte == ord("\n")]
    for cut in range(len(content) + 1):
        path.write_bytes(content[:cut])
        append_viewing(tmp_path, SECOND)
        # Only the line end may be missing of a line that is whole.
        kept = [FIRST, SECOND][: sum(cut >= end - 1 for end in ends)]
        viewings, n_lost = read_viewings(tmp_path)
        assert viewings == (*kept, SECOND)
        assert n_lost == (cut not in (0, *ends, *(end - 1 for end in ends)))


@given(st.binary(max_size=200))
def test_no_content_brings_the_reader_down(brief_folder, content):
    with brief_folder() as folder:
        path = record_path(folder)
        path.parent.mkdir()
        path.write_bytes(content)
        viewings, n_lost = read_viewings(folder)
        assert len(viewings) == 0
        assert n_lost == len([line for line in content.split(b"\n") if line.strip()])


def test_a_pipe_in_its_place_is_refused_and_not_waited_for(tmp_path):
    path = record_path(tmp_path)
    path.parent.mkdir()
    os.mkfifo(path)
    with pytest.raises(OSError, match="no file"):
        append_viewing(tmp_path, FIRST)
    with pytest.raises(DatasetError, match="cannot be read"):
        read_viewings(tmp_path)


def test_the_table_has_a_row_for_each_viewing(tmp_path):
    text = as_tsv([FIRST, SECOND])
    assert text.splitlines() == [
        "\t".join(COLUMNS),
        "s\tt\t3,7\t9\t12.5\t4\tmerge\t3,7\t11\t",
        "s\tu\t11\t\t2.0\t1\tgroup\t11\t\tgood",
    ]
    export_record([FIRST, SECOND], tmp_path / "record.tsv")
    assert (tmp_path / "record.tsv").read_text() == text
    with pytest.raises(DatasetError, match="exists already"):
        export_record([], tmp_path / "record.tsv")


def test_one_call_deletes_it(tmp_path):
    append_viewing(tmp_path, FIRST)
    assert delete_record(tmp_path)
    assert not delete_record(tmp_path)
    assert read_viewings(tmp_path) == ((), 0)
