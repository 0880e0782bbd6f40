"""Templates made of mean waveforms: means where nothing moves, functions of place where the tissue does."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.sorting.averages import Averages, Still, kernel, shapes_from
from phy_medicine.compute.sorting.learning import PAD
from phy_medicine.compute.sorting.model_arrays import arrays_of, model_from
from tests.compute.sorting.made_units import (
    CONTACTS,
    POSITIONS,
    TROUGH,
    WIDTH,
    Neuron,
    averages_of,
    model_of,
    setting,
)

NEURONS = [Neuron((8.0, 110.0)), Neuron((4.0, 60.0), period=9.0), Neuron((12.0, 175.0), late=0.05)]
SIZES, MANY = [30.0, 20.0, 25.0], 4000
SEEN = (-12.0, -6.0, 0.0, 6.0, 12.0)


def cosine(a, b):
    return float((a * b).sum() / (np.linalg.norm(a) * np.linalg.norm(b)))


def shapes(displacements=(0.0,), counts=None, **how):
    counts = np.full((3, len(displacements)), MANY) if counts is None else counts
    averages = averages_of(NEURONS, SIZES, counts, displacements, **how)
    still = len(displacements) == 1
    return shapes_from(averages, POSITIONS, CONTACTS.shanks, WIDTH, TROUGH, still=still)


def test_without_motion_templates_are_the_means():
    found, moved = shapes()
    assert moved.tolist() == [0, 0, 0]
    for neuron, template in zip(NEURONS, found.at(np.zeros(3)), strict=True):
        assert np.linalg.norm(template) == pytest.approx(1, abs=1e-6)
        assert cosine(template, neuron.at()) > 0.998


def test_channels_on_which_a_unit_is_not_seen_are_no_part_of_its_template():
    found, _ = shapes(counts=[[30], [30], [30]])
    for neuron, template in zip(NEURONS, found.at(np.zeros(3)), strict=True):
        used = np.abs(template).max(axis=1) > 0
        assert 3 <= used.sum() < len(POSITIONS) // 2
        assert np.abs(neuron.at()).max(axis=1)[used].min() > 0.02


@pytest.mark.parametrize("displacements", [(0.0,), SEEN])
@pytest.mark.parametrize("shift", [-6, 5])
def test_the_trough_of_the_main_channel_is_put_in_its_place(shift, displacements):
    found, moved = shapes(displacements, shifts=[shift, 0, -shift])
    assert moved.tolist() == [shift, 0, -shift]
    for neuron, template in zip(NEURONS, found.at(np.zeros(3)), strict=True):
        assert int(np.abs(template).max(axis=0).argmax()) == TROUGH
        assert cosine(template, neuron.at()) > 0.995


def test_a_template_is_not_moved_by_more_than_was_averaged_around_it():
    _, moved = shapes(shifts=[2 * PAD, 0, 0])
    assert moved.tolist()[1:] == [0, 0] and abs(moved[0]) <= PAD


@pytest.mark.parametrize("displacement", [-9.0, -3.0, 2.0, 9.0])
def test_templates_follow_to_displacements_that_were_not_seen(displacement):
    found, _ = shapes(SEEN)
    there = found.at(np.full(3, displacement))
    for neuron, template in zip(NEURONS, there, strict=True):
        expected = neuron.at(displacement) / np.linalg.norm(neuron.at())
        assert np.linalg.norm(template - expected) < 0.06 * np.linalg.norm(expected)


def test_each_unit_has_its_own_displacement():
    found, _ = shapes(SEEN)
    mixed = found.at(np.array([-6.0, 0.0, 6.0]))
    for k, displacement in enumerate((-6.0, 0.0, 6.0)):
        np.testing.assert_array_equal(mixed[k], found.at(np.full(3, displacement))[k])


def test_nothing_is_invented_beyond_where_a_unit_was_seen():
    found, _ = shapes((0.0, 4.0))
    far = found.at(np.full(3, 90.0))
    for k, neuron in enumerate(NEURONS):
        outside = POSITIONS[:, 1] - 90.0 < POSITIONS[:, 1].min() - 4.0 - 2.1
        assert outside.any() and (far[k, outside] == 0).all()
        inside = neuron.at(90.0) / np.linalg.norm(neuron.at())
        assert np.linalg.norm(far[k]) < 1.1 * np.linalg.norm(inside)


def test_a_unit_without_spikes_has_no_waveform():
    found, _ = shapes(counts=[[MANY], [0], [MANY]])
    assert np.abs(found.at(np.zeros(3))[1]).max() == 0
    moving, _ = shapes((0.0, 4.0), counts=[[MANY, MANY], [0, 0], [MANY, 0]])
    assert np.abs(moving.at(np.zeros(3))[1]).max() == 0


@pytest.mark.parametrize("displacements", [(0.0,), SEEN])
def test_units_are_chosen_and_put_together_and_kept_as_arrays(displacements):
    counts = np.full((3, len(displacements)), MANY)
    averages = averages_of(NEURONS, SIZES, counts, displacements)
    model = model_of(NEURONS, SIZES, [5, 6, 7], averages)
    away = np.array([-6.0, 6.0, 0.0]) if len(displacements) > 1 else np.zeros(3)
    turned = model.of(np.array([2])).and_also(model.of(np.array([0, 1])))
    np.testing.assert_array_equal(turned.shapes.at(away[[2, 0, 1]]), model.shapes.at(away)[[2, 0, 1]])
    assert turned.counts.tolist() == [7, 5, 6] and turned.n_units == 3
    again = model_from(arrays_of(model), setting())
    np.testing.assert_array_equal(again.shapes.at(away), model.shapes.at(away))
    for name in ("means", "stds", "counts", "rates", "mains"):
        np.testing.assert_array_equal(getattr(again, name), getattr(model, name))
    assert isinstance(again.shapes, Still) == (len(displacements) == 1)
    some = averages.of(np.array([2, 0]))
    np.testing.assert_array_equal(some.sums, averages.sums[[2, 0]])


def test_places_are_less_alike_the_further_apart():
    places = np.array([[0.0, 0.0], [0.0, 20.0], [20.0, 0.0], [0.0, 200.0]])
    np.testing.assert_allclose(kernel(places[:1], places)[0], [1, np.exp(-0.5), np.exp(-1), np.exp(-50)])


def test_a_waveform_that_amplitudes_made_up_for_is_put_right():
    # At the second displacement the waveform was taken to be twice as large, so the amplitudes are half of the others.
    sums = np.stack([np.full((3, 5), 4000.0), np.full((3, 5), 4000.0)])[None].astype(np.float32)
    made = Averages(
        sums, np.array([[4000.0, 2000.0]]), np.arange(3)[None], np.array([0.0, 2.0]), 0,
        np.array([[1000.0, 1000.0]]), np.array([[20_000.0, 10_000.0]]),
    )  # fmt: skip
    seen, means = made.means(0)
    assert seen.tolist() == [0, 1]
    np.testing.assert_allclose(means[1] / means[0], 1.0, rtol=0.01)
