"""Pictures of the model show what they are given."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.sorting import figures
from phy_medicine.compute.sorting.evaluate import best_lag_similarity
from phy_medicine.compute.sorting.simulate import simulate


@pytest.fixture(scope="module")
def sim():
    return simulate(600, 6, 31, 3, rate_hz=8.0, seed=2)


def test_traces_colour_every_spike_of_the_window_on_its_main_channels(sim):
    axis = figures.traces(sim.data, sim.templates, sim.amplitudes, sample_rate=1000.0, window_s=0.3).axes[0]
    lines = axis.get_lines()[6:]
    expected = 0
    for k, template in enumerate(sim.templates):
        size = np.abs(template).max(axis=1)
        expected += np.count_nonzero(sim.amplitudes[k, :270]) * np.count_nonzero(size >= 0.4 * size.max())
    assert expected > 0 and len(lines) >= expected
    assert all(0 <= x <= 0.3 for line in lines for x in line.get_xdata())


def test_templates_are_drawn_each_in_its_panel_and_over_others(sim):
    alone = figures.template_grid(sim.templates)
    assert [a.get_title() for a in alone.axes if a.axison] == ["0", "1", "2"]
    both = figures.true_and_found(sim.templates, np.roll(sim.templates[::-1], 2, axis=2), np.array([2, 1, -1]))
    first, last = both.axes[0].get_lines(), both.axes[2].get_lines()
    np.testing.assert_allclose(first[6].get_ydata()[2:-2], first[0].get_ydata()[2:-2], atol=0.05)
    assert np.ptp(last[6].get_ydata()) == 0 < np.ptp(last[0].get_ydata())


def test_the_model_panel_has_a_stroke_for_each_amplitude(sim):
    figure = figures.model_panel(sim.data, sim.templates, sim.amplitudes, sim.amplitudes, n_samples=400)
    strokes = [len(c.get_segments()) for c in figure.axes[1].collections]
    assert strokes == np.count_nonzero(sim.amplitudes[:, :400], axis=1).tolist()


def test_the_likelihood_has_a_line_at_the_truth():
    axis = figures.likelihood(np.array([-1.9, -1.5, -1.45]), true_value=-1.42).axes[0]
    found, truth = axis.get_lines()
    assert found.get_ydata().tolist() == [-1.9, -1.5, -1.45] and set(truth.get_ydata()) == {-1.42}


def test_similar_units_lie_on_the_diagonal(sim):
    matrix = best_lag_similarity(sim.templates, sim.templates[[2, 0, 1]])
    shown = figures.similarity(matrix).axes[0].get_images()[0].get_array()
    np.testing.assert_allclose(np.diag(shown), 1, rtol=1e-6)


def test_the_residual_is_on_the_scale_of_the_data_and_axes_may_be_given(sim):
    from phy_medicine.compute.localize.figure_parts import new_figure

    own = new_figure(4, 4)
    axes = own.subplots(2, 1)
    assert figures.residuals(sim.data, 0.1 * sim.data, axes=axes) is own
    assert axes[0].get_yticks().tolist() == axes[1].get_yticks().tolist()
    assert figures.likelihood(np.zeros(2), axis=axes[0]) is own
