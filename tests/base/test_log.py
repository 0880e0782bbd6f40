"""The log: silent by default, once on stderr when asked for."""

from __future__ import annotations

import pytest

from phy_medicine.base.log import configure, logger


def test_configuring_twice_writes_each_line_once(capsys: pytest.CaptureFixture[str]):
    configure()
    configure()
    logger.info("Merge clusters 3, 7 to 412.")
    assert capsys.readouterr().err.count("Merge clusters 3, 7 to 412.") == 1
