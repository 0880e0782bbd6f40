"""What is left of a status where there is little room."""

from __future__ import annotations

import pytest

from phy_medicine.views.status import shortened

WAVEFORMS = "waveforms · high-pass · 300 of 3,796"


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (40, WAVEFORMS),
        (35, "waveforms · 300 of 3,796"),
        (23, "300 of 3,796"),
        (11, "300 of 3,7…"),
        (1, "…"),
    ],
)
def test_whole_parts_go_first_and_how_many_are_drawn_goes_last(room, shown):
    assert shortened(WAVEFORMS, lambda text: len(text) <= room) == shown


def test_without_a_subsample_the_first_part_stays():
    assert shortened("observed · no motion yet · 21,967 spikes", lambda text: len(text) <= 12) == "observed"


def test_a_text_without_parts_is_cut_at_its_end_between_words():
    assert shortened("template similarity", lambda text: len(text) <= 10) == "template…"
