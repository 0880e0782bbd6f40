"""The table of kinds of jobs: its order does not depend on what was imported first."""

from __future__ import annotations

import subprocess
import sys


def test_kinds_of_the_program_stand_in_its_order_whatever_was_imported_first():
    code = (
        "import phy_medicine.compute.localize.job\n"
        "from phy_medicine.compute import job_kinds as k\n"
        "print([kind.name for kind in k.kinds()], all(k.is_own(kind.name) for kind in k.kinds()))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    names = "motion localization localization_network resort sorting mixture recluster mixture_sweep"
    assert said.split("]")[0] == str(names.split())[:-1] and said.strip().endswith("True")
