"""Pictures of what was found show every spike at its place."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.localize.figure_parts import new_figure
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.sorting.figures_units import raster, unit_summary

TIMES = np.array([0.5, 1.0, 1.5, 2.0, 2.5])
UNITS = np.array([7, 3, 7, 3, 9])
DEPTHS = np.array([50.0, 90, 52, 88, 20])


def test_the_raster_has_a_row_for_each_unit_by_depth_under_the_drift_map():
    figure = raster(TIMES, UNITS, DEPTHS, np.arange(1.0, 6))
    above, below = figure.axes[:2]
    np.testing.assert_allclose(above.collections[0].get_offsets(), np.column_stack([TIMES, DEPTHS]))
    np.testing.assert_allclose(below.collections[0].get_offsets(), np.column_stack([TIMES, [1, 2, 1, 2, 0]]))
    assert [t.get_text() for t in below.get_yticklabels()] == ["9", "7", "3"]


def test_the_motion_is_drawn_over_the_drift_map_on_given_axes():
    axes = new_figure(4, 4).subplots(2, 1)
    motion = Motion(np.array([[0.0], [5.0]]), np.array([0.0, 2.0]), np.array([0.0]))
    assert raster(TIMES, UNITS, DEPTHS, np.ones(5), motion=motion, axes=axes) is axes[0].figure
    for line in axes[0].get_lines():
        assert np.ptp(line.get_ydata()) == pytest.approx(5.0)
    assert len(axes[0].get_lines()) == 7


def test_a_recording_without_spikes_has_an_empty_raster():
    none = np.zeros(0)
    figure = raster(none, none.astype(int), none, none)
    assert figure.axes[1].get_yticks().size == 0


def test_the_summary_of_a_unit_shows_its_channels_pairs_and_amplitudes():
    template = np.zeros((4, 30))
    template[1, 10], template[2, 10], template[0, 10] = -1.0, 0.5, 0.05
    positions = np.array([[0.0, 0], [0, 20], [0, 40], [0, 60]])
    samples, amplitudes = np.array([1000, 1100, 40_000]), np.array([9.0, 10, 11])
    figure = unit_summary(
        samples, amplitudes, template, positions, sample_rate=20_000.0, n_samples=200_000, title="Unit 4"
    )
    shape, acg, over_time, _ = figure.axes
    assert [text.get_text() for text in shape.texts] == ["1", "2"]
    main, other = (line.get_ydata() for line in shape.get_lines())
    assert main.min() == pytest.approx(20 - 30) and other.max() == pytest.approx(40 + 15)
    counted = {round(bar.get_x() + bar.get_width() / 2): bar.get_height() for bar in acg.patches if bar.get_height()}
    assert counted == {-5: 1, 5: 1}
    np.testing.assert_allclose(over_time.collections[0].get_offsets(), np.column_stack([samples / 20_000, amplitudes]))
    assert figure.get_suptitle() == "Unit 4: 3 spikes, 0.3 Hz"


def test_a_single_channel_has_a_summary_too():
    figure = unit_summary(np.array([5]), np.ones(1), np.ones((1, 20)), np.zeros((1, 2)), sample_rate=1e4, n_samples=100)
    assert len(figure.axes[0].get_lines()) == 1
