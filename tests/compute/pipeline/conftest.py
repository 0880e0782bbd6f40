"""One home for all tests of the pipeline: workers take some ten seconds to compile kernels in a new one."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def kept_machine_code(own_home, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("PHY_MEDICINE_HOME", str(tmp_path_factory.getbasetemp() / "kernels"))
