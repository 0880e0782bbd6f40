"""The monopole fit: exact on its own amplitudes, as a general optimizer finds it, one result on every device."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from phy_medicine.compute.localize.contacts import Contacts, Neighbours, decrease, within
from phy_medicine.compute.localize.localizers import centre_of_mass
from phy_medicine.compute.localize.monopole import FitLimits, fit, objective
from phy_medicine.compute.localize.monopole_torch import fit_batched
from phy_medicine.compute.localize.spikes import fall_off

EXACT = FitLimits(penalty=0.0, tolerance_um=1e-6)


def probe(n_rows: int = 30) -> Contacts:
    """Four staggered columns."""
    x, y = np.tile([0.0, 32.0, 16.0, 48.0], n_rows // 2), np.repeat(np.arange(n_rows) * 20.0, 2)
    return Contacts.of(np.stack([x, y], axis=1))


def sources(neighbours: Neighbours, n: int, noise: float = 0.0, *, seed: int = 0):
    """Peak channels, places and amplitudes of point sources near their channels."""
    rng = np.random.default_rng(seed)
    channel_ids = rng.integers(0, neighbours.contacts.n_channels, n)
    place = np.column_stack([neighbours.contacts.positions_um[channel_ids] + rng.normal(0, 8, (n, 2)),
                             rng.uniform(5, 60, n)])  # fmt: skip
    away = neighbours.positions_um[channel_ids] - place[:, None, :2]
    exact = rng.uniform(500, 9000, n)[:, None] / np.sqrt((away**2).sum(2) + place[:, 2:] ** 2)
    amplitudes = np.abs(exact * (1 + noise * rng.normal(size=exact.shape))).astype(np.float32)
    return channel_ids, place, amplitudes


def test_sources_are_recovered_exactly_at_the_ends_of_the_probe_too():
    neighbours = within(probe(), 75)
    channel_ids, place, amplitudes = sources(neighbours, 400)
    found = fit(amplitudes, channel_ids, neighbours, EXACT)
    assert found.converged.all()
    assert np.abs(found.um - place).max() < 0.01
    ends = (channel_ids < 4) | (channel_ids > 55)
    assert ends.sum() > 20


@pytest.mark.parametrize("power", [2, 4])
def test_sources_that_fall_off_faster_are_recovered_exactly(power):
    neighbours = within(probe(), 75)
    channel_ids, place, amplitudes = sources(neighbours, 200)
    amplitudes = (amplitudes / np.nanmax(amplitudes)) ** power
    found = fit(amplitudes, channel_ids, neighbours, EXACT, power=power)
    assert found.converged.all()
    assert np.abs(found.um - place).max() < 0.01


def test_the_strength_is_amplitude_times_distance():
    neighbours = within(probe(), 75)
    place = np.array([20.0, 300.0, 15.0])
    away = neighbours.positions_um[[30]] - place[:2]
    amplitudes = (777 / np.sqrt((away**2).sum(2) + 15.0**2)).astype(np.float32)
    assert fit(amplitudes, np.array([30]), neighbours, EXACT).alpha[0] == pytest.approx(777, rel=1e-4)


@pytest.mark.parametrize("power", [1, 3])
def test_the_gradient_is_that_of_finite_differences(power):
    neighbours = within(probe(), 75)
    channel_ids, place, amplitudes = sources(neighbours, 50, noise=0.2)
    _, gradient = objective(amplitudes, channel_ids, neighbours, place, power=power)
    for axis in range(3):
        step = np.zeros(3)
        step[axis] = 1e-4
        high, low = (objective(amplitudes, channel_ids, neighbours, place + k * step, power=power)[0] for k in (1, -1))
        assert gradient[:, axis] == pytest.approx((high - low) / 2e-4, abs=1e-8, rel=1e-5)


def test_it_finds_what_a_general_optimizer_finds():
    neighbours = within(probe(), 75)
    channel_ids, _, amplitudes = sources(neighbours, 50, noise=0.15)
    found = fit(amplitudes, channel_ids, neighbours)
    centre, _ = centre_of_mass(amplitudes, channel_ids, neighbours)
    for i in range(50):
        one = amplitudes[i : i + 1], channel_ids[i : i + 1], neighbours

        def value(p, one=one):
            f, g = objective(*one, p[None])
            return f[0], g[0]

        bounds = [(centre[i, 0] - 150, centre[i, 0] + 150), (centre[i, 1] - 150, centre[i, 1] + 150), (1, 1500)]
        best = minimize(value, [*centre[i], 20.0], jac=True, bounds=bounds, options={"ftol": 1e-15, "gtol": 1e-12})
        assert objective(*one, found.um[i : i + 1])[0][0] <= best.fun + 1e-9
        assert found.um[i] == pytest.approx(best.x, abs=0.05)


def test_the_batched_form_takes_the_same_steps():
    neighbours = within(probe(), 75)
    channel_ids, _, amplitudes = sources(neighbours, 300, noise=0.3)
    amplitudes[7, 3:] = np.nan
    amplitudes[8] = 0
    one, other = fit(amplitudes, channel_ids, neighbours), fit_batched(amplitudes, channel_ids, neighbours, block=128)
    assert np.nanmax(np.abs(one.um - other.um)) < 2e-3
    assert one.alpha == pytest.approx(other.alpha, rel=1e-4, nan_ok=True)
    assert np.array_equal(one.converged, other.converged)
    assert np.isnan(other.um[[7, 8]]).all() and np.isfinite(np.delete(other.um, [7, 8], axis=0)).all()


@pytest.mark.gpu
def test_a_graphics_card_gives_the_same_positions():
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no graphics card")
    neighbours = within(probe(), 75)
    channel_ids, _, amplitudes = sources(neighbours, 5000, noise=0.2)
    one, card = (
        fit(amplitudes, channel_ids, neighbours),
        fit_batched(amplitudes, channel_ids, neighbours, device="cuda:0"),
    )
    assert np.median(np.abs(one.um - card.um)) < 1e-4 and np.nanmax(np.abs(one.um - card.um)) < 0.1


def test_a_source_stays_within_its_bounds():
    neighbours = within(probe(), 75)
    flat = np.ones((1, neighbours.n_slots), dtype=np.float32)
    sharp = np.zeros((1, neighbours.n_slots), dtype=np.float32)
    peak = np.flatnonzero(neighbours.channel_ids[30] == 30)[0]
    sharp[0, peak] = 1
    far = fit(flat, np.array([30]), neighbours)
    near = fit(sharp, np.array([30]), neighbours, FitLimits(penalty=0.0))
    assert 500 < far.um[0, 2] <= 1500
    assert near.um[0, 2] == 1 and near.converged[0]
    assert near.um[0, :2] == pytest.approx(neighbours.contacts.positions_um[30], abs=0.01)


def test_too_few_contacts_or_no_amplitude_give_no_position():
    neighbours = within(Contacts.of(np.stack([np.zeros(4), np.arange(4) * 40.0], axis=1)), 75)
    found = fit(np.ones((4, neighbours.n_slots), np.float32), np.arange(4), neighbours)
    assert np.isnan(found.um).all() and np.isnan(found.alpha).all() and not found.converged.any()


def test_amplitudes_fall_off_outwards():
    contacts = Contacts.of(np.stack([np.zeros(11), np.arange(11) * 20.0], axis=1))
    amplitudes = np.array([[9, 8, 3, 4, 2, 10, 5, 2, 6, 7, 1]], dtype=np.float32)
    fall_off(amplitudes, np.array([5]), decrease(within(contacts, 100)))
    # The third contact in a direction still has the peak within reach, and so may be larger than the second.
    assert amplitudes.tolist() == [[4, 4, 3, 4, 2, 10, 5, 2, 6, 6, 1]]


def test_without_amplitude_a_contact_is_nobody_s_parent():
    contacts = Contacts.of(np.stack([np.zeros(7), np.arange(7) * 20.0], axis=1))
    amplitudes = np.array([[9, np.nan, np.nan, np.nan, 5, 7, 6]], dtype=np.float32)
    fall_off(amplitudes, np.array([3]), decrease(within(contacts, 60)))
    assert amplitudes[0, [0, 4, 5, 6]].tolist() == [9, 5, 5, 5]
