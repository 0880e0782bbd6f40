"""The scoreboard on positions whose figures are known, and the files that it writes."""

import csv
import math

import numpy as np
import pytest

from phy_medicine.compute.localize.pictures import Grid
from phy_medicine.compute.localize.scoreboard import Known, Method, scoreboard, text_table, write_csv
from phy_medicine.compute.motion.motion import Motion

# Two units, in turn, drift by 1 µm a second for 20 s.
TIMES = (np.arange(800) + 0.5) / 40
UNITS = np.arange(800) % 2
TRUTH = np.column_stack([np.where(UNITS, 30.0, 0.0), np.where(UNITS, 60.0, 20.0) + TIMES, np.full(800, 10.0)])
MOTION = Motion(np.array([[0.0], [20.0]]), np.array([0.0, 20.0]), np.array([0.0]))
GRID = Grid.around(np.array([[0.0, 0.0], [32.0, 100.0]]))
KNOWN = Known(TRUTH + np.array([3.0, 0.0, 4.0]), np.zeros((800, 2)), TRUTH, UNITS)


def board():
    off = TRUTH + np.array([0.0, 2.0, 0.0])
    methods = [Method("raw", TRUTH), Method("base", TRUTH, MOTION), Method("off", off, MOTION)]
    return scoreboard(TIMES, methods, KNOWN, GRID, baseline="base")


def test_taking_out_the_motion_makes_the_picture_the_same_at_all_times():
    raw, base, off = board()
    assert base.rho == pytest.approx(1.0)
    assert raw.rho < 0.6
    assert raw.gain == pytest.approx(raw.rho - 1.0)
    assert (base.spread_um, off.spread_um) == pytest.approx((0.0, 0.0), abs=1e-9)
    assert raw.spread_um == pytest.approx(20 / math.sqrt(12), rel=1e-3)


def test_errors_are_counted_from_the_truth_and_from_the_monopolar_positions():
    raw, _, off = board()
    assert (raw.error_3d_um, raw.error_xy_um, raw.error_depth_um, raw.rmse_um) == pytest.approx((0, 0, 0, 5.0))
    assert (off.error_3d_um, off.error_depth_um, off.rmse_um) == pytest.approx((2.0, 2.0, math.sqrt(29)))
    assert (raw.r_x, raw.r_y) == pytest.approx((1.0, 1.0))
    assert math.isnan(raw.r_z)


def test_a_part_of_the_spikes_and_spikes_without_a_position():
    um = TRUTH.copy()
    um[:100] = np.nan
    (row,) = scoreboard(TIMES, [Method("a", um)], KNOWN, GRID, baseline="a", part=TIMES < 10)
    assert row.n_spikes == 300


def test_the_table_and_the_file_leave_out_what_is_not_known(tmp_path):
    write_csv(tmp_path / "scoreboard.csv", board())
    lines = list(csv.DictReader((tmp_path / "scoreboard.csv").open(encoding="utf-8")))
    assert [line["method"] for line in lines] == ["raw", "base", "off"]
    assert (lines[2]["error_depth_um"], lines[2]["r_z"]) == ("2.0", "")
    head, *rows = text_table(board()).splitlines()
    assert head.split()[:4] == ["method", "n_spikes", "rho", "entropy"]
    assert "r_z" not in head
    assert rows[1].split()[:3] == ["base", "800", "1.000"]
