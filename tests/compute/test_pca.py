"""Principal components of waveforms, against numpy's singular values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.compute.pca import principal_components


def waveforms_of(seed, n=200, n_samples=20, n_channels=3):
    """Four shapes of falling size, in a little noise."""
    rng = np.random.default_rng(seed)
    shapes = rng.normal(size=(4, n_samples, n_channels)) * np.array([8, 4, 2, 0.5])[:, None, None]
    mixed = np.einsum("nk,ksc->nsc", rng.normal(size=(n, 4)), shapes) + 5
    return (mixed + 0.05 * rng.normal(size=mixed.shape)).astype(np.float32)


def by_svd(rows, n_components=3):
    """Slow and obvious: scores of one channel, the largest entry of each axis positive."""
    centered = rows.astype(np.float64) - rows.astype(np.float64).mean(axis=0)
    axes = np.linalg.svd(centered, full_matrices=False)[2][:n_components]
    axes = axes * np.array([np.sign(a[np.argmax(abs(a))]) for a in axes])[:, None]
    return centered @ axes.T


@given(st.integers(0, 10_000))
def test_the_scores_are_those_of_the_singular_value_decomposition(seed):
    waveforms = waveforms_of(seed)
    scores = principal_components(waveforms).project(waveforms)
    assert scores.shape == (200, 3, 3) and scores.dtype == np.float32
    for channel in range(3):
        expected = by_svd(waveforms[:, :, channel])
        assert scores[:, channel] == pytest.approx(expected, abs=1e-4 * np.abs(expected).max())


def test_signs_do_not_depend_on_the_order_or_the_sign_of_the_noise():
    waveforms = waveforms_of(1)
    axes = principal_components(waveforms).axes
    assert principal_components(waveforms[::-1]).axes == pytest.approx(axes, abs=1e-5)
    peaks = np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0)
    assert (peaks > 0).all()


def test_other_waveforms_go_through_the_same_axes():
    waveforms = waveforms_of(2)
    found = principal_components(waveforms[:100])
    assert found.project(waveforms)[150] == pytest.approx(found.project(waveforms[150:151])[0], rel=1e-4)


def test_too_few_waveforms_give_scores_of_zero_where_nothing_varies():
    two = np.zeros((2, 5, 1), dtype=np.float32)
    two[1, 3] = 4
    scores = principal_components(two).project(two)
    assert scores[:, 0].tolist() == [[-2, 0, 0], [2, 0, 0]]
    assert principal_components(two[:1]).project(two[:1]).tolist() == [[[0, 0, 0]]]
    assert principal_components(two[:0]).project(two).shape == (2, 1, 3)


def test_a_waveform_that_is_not_finite_spoils_no_other():
    waveforms = waveforms_of(3)
    broken = waveforms.copy()
    broken[7, 4, 0] = np.nan
    found = principal_components(broken)
    assert found.axes[:, 0] == pytest.approx(principal_components(np.delete(waveforms, 7, axis=0)).axes[:, 0], abs=1e-6)
    assert np.isfinite(found.project(broken)).all()
