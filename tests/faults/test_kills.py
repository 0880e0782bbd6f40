"""A process that curates is killed at any moment: every action that it acknowledged is there again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.amount import LONG, parts
from tests.faults.files import look_at_kwik_files, look_at_template_files
from tests.faults.kills import Killer
from tests.faults.replica import measured_of
from tests.faults.zygote import Zygote
from tests.io.kwik_miniatures import Form
from tests.io.kwik_miniatures import write as write_kwik
from tests.io.miniatures import kilosort4

pytestmark = pytest.mark.timeout(0 if LONG else 180)


@pytest.mark.parametrize("part", parts(4))
def test_no_acknowledged_action_of_a_template_dataset_is_lost(zygote: Zygote, tmp_path: Path, counted, part: int):
    path = kilosort4(tmp_path / "data")
    killer = Killer(zygote, path, measured_of(path), look_at_template_files, seed=part)
    killer.kill(200 if LONG else 18)
    counted("kills, template dataset", killer.counts)


@pytest.mark.parametrize("part", parts(2))
def test_no_acknowledged_action_of_a_kwik_file_is_lost(zygote: Zygote, tmp_path: Path, counted, part: int):
    path = write_kwik(tmp_path, Form())
    killer = Killer(zygote, path, measured_of(path), look_at_kwik_files, seed=part)
    killer.kill(100 if LONG else 7)
    counted("kills, Kwik file", killer.counts)
