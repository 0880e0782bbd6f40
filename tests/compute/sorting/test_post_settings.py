"""The thresholds of post-processing are documented as they are."""

from __future__ import annotations

from pathlib import Path

from phy_medicine.base.params import params_of
from phy_medicine.compute.sorting.post_settings import PostSettings

PAGE = Path(__file__).resolve().parents[3] / "docs" / "sorting.md"


def test_every_threshold_is_on_the_page():
    lines = PAGE.read_text("utf-8").splitlines()
    rows = [f"| `{p.name}` | {f'{p.default} {p.unit}'.strip()} | {p.help} |" for p in params_of(PostSettings)]
    assert len(rows) == 20
    assert [row for row in rows if row not in lines] == []
