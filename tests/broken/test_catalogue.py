"""The catalogue itself, and the page that is made from it."""

from __future__ import annotations

from tests.broken.catalogue import CASES


def test_there_are_many_and_each_has_a_name_of_its_own():
    assert len(CASES) >= 80
    assert len({case.name for case in CASES}) == len(CASES)
    assert len({(case.topic, case.what) for case in CASES}) == len(CASES)


def test_every_refusal_is_a_sentence():
    assert [case.name for case in CASES if case.refused and len(case.says) < 20] == []


def test_the_page_is_up_to_date(script):
    module = script("broken_page")
    text = module.PAGE.read_text("utf-8")
    assert module.page(text) == text, "run: make pages"
