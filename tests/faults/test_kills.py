"""A process that curates is killed at any moment: every action that it acknowledged is there again."""

from __future__ import annotations

import os
from pathlib import Path

from tests.faults.files import look_at_kwik_files, look_at_template_files
from tests.faults.kills import Killer
from tests.faults.replica import measured_of
from tests.faults.zygote import Zygote
from tests.io.kwik_miniatures import Form
from tests.io.kwik_miniatures import write as write_kwik
from tests.io.miniatures import kilosort4

N_KILLS = int(os.environ.get("PHY_MEDICINE_KILLS", 25))


def test_no_acknowledged_action_of_a_template_dataset_is_lost(zygote: Zygote, tmp_path: Path):
    path = kilosort4(tmp_path / "data")
    killer = Killer(zygote, path, measured_of(path), look_at_template_files)
    killer.kill(N_KILLS)
    print(dict(killer.counts))


def test_no_acknowledged_action_of_a_kwik_file_is_lost(zygote: Zygote, tmp_path: Path):
    path = write_kwik(tmp_path, Form())
    killer = Killer(zygote, path, measured_of(path), look_at_kwik_files)
    killer.kill(max(5, N_KILLS // 4))
    print(dict(killer.counts))
