from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.io.metadata import format_cluster_info, format_field, read_metadata


def fields(folder: Path, **files: str) -> dict:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_bytes(text.encode())
    return {key: dict(values) for key, values in read_metadata(folder)[0].fields.items()}


def test_values_are_whole_numbers_numbers_or_text(tmp_path: Path):
    got = fields(tmp_path, cluster_x__tsv="cluster_id\tx\n1\t3\n2\t0.5\n3\tgood\n4\t\n5\t1_0\n")
    assert got == {"x": {1: 3, 2: 0.5, 3: "good", 5: "1_0"}}


def test_fields_are_named_by_the_header_and_files_may_have_many(tmp_path: Path):
    got = fields(tmp_path, whatever__csv="a,cluster_id,b\r\n1,7,x\r\n,8,y\r\n")
    assert got == {"a": {7: 1}, "b": {7: "x", 8: "y"}}


def test_a_later_file_replaces_the_whole_field(tmp_path: Path):
    got = fields(tmp_path, a__csv="cluster_id,q\n1,5\n2,6\n", b__tsv="cluster_id\tq\n1\t9\n")
    assert got == {"q": {1: 9}}


def test_the_file_that_a_save_writes_is_never_replaced_by_another(tmp_path: Path):
    got = fields(tmp_path, cluster_q__tsv="cluster_id\tq\n1\t5\n", metrics__tsv="cluster_id\tq\tr\n1\t0\t2\n")
    assert got == {"q": {1: 5}, "r": {1: 2}}


def test_numbers_of_legacy_groups_are_names(tmp_path: Path):
    got = fields(tmp_path, cluster_groups__csv="cluster_id,group\n1,0\n2,1\n3,2\n4,3\n5,good\n6,9\n")
    assert got["group"] == {1: "noise", 2: "mua", 3: "good", 4: "unsorted", 5: "good", 6: "9"}


def test_info_other_tables_and_empty_files_are_no_labels(tmp_path: Path):
    got = fields(tmp_path, cluster_info__tsv="cluster_id\tx\n1\t2\n", probe__csv="channel,x\n1,2\n", empty__tsv="")
    assert got == {}


def test_rows_without_a_number_are_told(tmp_path: Path):
    (tmp_path / "cluster_x.tsv").write_text("cluster_id\tx\none\t3\n\n2\t4\n")
    metadata, checks = read_metadata(tmp_path)
    assert dict(metadata.fields["x"]) == {2: 4}
    assert [check.message for check in checks] == ["1 rows have no cluster number and are left out."]


def test_byte_order_mark_and_other_letters_are_read(tmp_path: Path):
    (tmp_path / "cluster_note.tsv").write_bytes("\ufeffcluster_id\tnote\n3\tPurkinje µ\n".encode())
    assert dict(read_metadata(tmp_path)[0].fields["note"]) == {3: "Purkinje µ"}


def test_a_field_is_written_as_phy_does():
    text = format_field("group", {5: "good", 2: "mua", 9: "noise", 3: None}, np.array([5, 3, 2]))
    assert text == "cluster_id\tgroup\r\n2\tmua\r\n5\tgood\r\n"


def test_cluster_info_has_the_id_then_ascii_order_and_8_digits():
    rows = [
        {"cluster_id": 2, "fr": 1.5, "KSLabel": "good", "n_spikes": np.int64(7), "is_masked": True, "group": None},
        {"cluster_id": 3, "fr": np.float32(0.25), "amp": 1.0, "n_spikes": 1},
    ]
    assert format_cluster_info(rows).split("\r\n") == [
        "cluster_id\tKSLabel\tamp\tfr\tgroup\tn_spikes",
        "2\tgood\t\t1.50000000\t\t7",
        "3\t\t1.00000000\t0.25000000\t\t1",
        "",
    ]


@pytest.mark.parametrize("field", ["group", "ContamPct"])
def test_a_field_is_byte_for_byte_that_of_phylib(tmp_path: Path, field: str):
    model = pytest.importorskip("phylib.io.model")
    values = {3: "good", 1: 0.1, 7: 12, 8: 'a "b"'}
    model.save_metadata(tmp_path / "x.tsv", field, values)
    assert (tmp_path / "x.tsv").read_bytes() == format_field(field, values, values).encode()


def test_cluster_info_is_byte_for_byte_that_of_phylib(tmp_path: Path):
    misc = pytest.importorskip("phylib.utils._misc")
    rows = [
        {"cluster_id": 1, "ch": "3", "fr": 2.5, "x": None, "N": 4, "is_masked": False},
        {"cluster_id": 2, "y": 1e-9},
    ]
    misc.write_tsv(
        tmp_path / "x.tsv", rows, first_field="cluster_id", exclude_fields=("is_masked",), n_significant_figures=8
    )
    assert (tmp_path / "x.tsv").read_bytes() == format_cluster_info(rows).encode()


label_text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
label_values = st.one_of(st.integers(-(2**60), 2**60), st.floats(allow_nan=False), label_text)


@given(st.dictionaries(st.integers(0, 10**6), label_values, max_size=6))
def test_what_is_written_is_read_back(brief_folder, values: dict):
    with brief_folder() as folder:
        (folder / "cluster_x.tsv").write_text(format_field("x", values, values), encoding="utf-8", newline="")
        back = dict(read_metadata(folder)[0].fields.get("x", {}))
        assert {k: str(v) for k, v in back.items()} == {k: str(same_value(v)) for k, v in values.items()}


def same_value(value: object) -> object:
    """What a text that looks like a number comes back as."""
    if isinstance(value, str) and "_" not in value:
        for kind in (int, float):
            try:
                return kind(value)
            except ValueError:
                continue
    return value
