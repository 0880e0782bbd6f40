"""JSON that anybody may have written."""

from __future__ import annotations

import pytest

from phy_medicine.base.json_text import DEEPEST, WRONG_CONTENT, parse_json


def test_json_is_read():
    assert parse_json('{"a": [1, 2.5, null]}') == {"a": [1, 2.5, None]}
    assert parse_json("[" * DEEPEST + "]" * DEEPEST) is not None


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 101 + "]" * 101, '{"a":' * 150 + "1" + "}" * 150, "[" * 100_000, "1" * 5000, b"\xff"]
)
def test_what_is_none_or_too_deep_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"\w"):
        parse_json(text)


def test_a_number_without_end_is_among_what_content_may_raise():
    with pytest.raises(WRONG_CONTENT):
        int(parse_json("1e999"))
