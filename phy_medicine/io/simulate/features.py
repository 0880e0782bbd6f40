"""What the sorter measures on every spike: component scores, amplitude, position."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.io.simulate.footprints import Footprints
from phy_medicine.io.simulate.probe import SimulatedProbe
from phy_medicine.io.simulate.sorting import Sorting

N_PCS = 3
N_LOCAL = 16


@dataclass(frozen=True, slots=True)
class Projection:
    """How a spike of each cluster is measured, in whitened units.

    components : (n_pcs, n_samples) float32, orthonormal; a trough scores positive on the first
    channels : (n_clusters, n_local) int32, nearest to the cluster's peak channel, itself first
    directions : (n_clusters, n_pcs, n_local) float32, scores of the template, of unit norm
    """

    components: FloatArray
    channels: IntArray
    directions: FloatArray

    @property
    def n_local(self) -> int:
        return int(self.channels.shape[1])


@dataclass(frozen=True, slots=True)
class Measured:
    """Measurements of some spikes.

    features : (n, n_pcs, n_local) float32
    amplitudes : (n,) float32, projection on the unit-norm template
    positions_um : (n, 2) float32, x and y by the centre of mass of the squared first score
    """

    features: FloatArray
    amplitudes: FloatArray
    positions_um: FloatArray


def make_projection(templates_uv: FloatArray, whitened: FloatArray, probe: SimulatedProbe) -> Projection:
    """Choose channels by the templates in uV, components by the whitened ones; both (n, n_samples, n_channels)."""
    peaks = np.argmax(np.ptp(templates_uv, axis=1), axis=1)
    n_local = min(N_LOCAL, probe.n_channels)
    channels = np.stack([probe.nearest_channels(int(c), n_local) for c in peaks])
    local = np.stack([whitened[i][:, c] for i, c in enumerate(channels)])
    components = _components(local[:, :, :4])
    scores = np.einsum("pt,ntk->npk", components, local)
    norms = np.linalg.norm(scores.reshape(len(scores), -1), axis=1)
    directions = scores / np.maximum(norms, 1e-9)[:, None, None]
    return Projection(frozen(components), frozen(channels), frozen(directions.astype(np.float32)))


def _components(local: FloatArray) -> FloatArray:
    """(n_pcs, n_samples) leading shapes of waveforms (n, n_samples, k) and of their shifts by one sample."""
    waves = np.concatenate([np.roll(local, shift, axis=1) for shift in (-1, 0, 1)])
    rows = waves.transpose(0, 2, 1).reshape(-1, waves.shape[1]).astype(np.float64)
    _, vectors = np.linalg.eigh(rows.T @ rows)
    components = vectors[:, ::-1][:, :N_PCS].T
    signs = np.sign(components @ rows.mean(axis=0))
    turned: FloatArray = np.ascontiguousarray(components * np.where(signs == 0, 1.0, signs)[:, None], dtype=np.float32)
    return turned


def measure(whitened: FloatArray, starts: IntArray, labels: IntArray, projection: Projection) -> FloatArray:
    """(n, n_pcs, n_local) float32 scores of spikes whose windows start at these rows of the whitened signal."""
    from phy_medicine.io.simulate._kernels_signal import project

    features = np.empty((len(starts), N_PCS, projection.n_local), dtype=np.float32)
    project(whitened, starts, labels, projection.components, projection.channels, features)
    return features


def summarise(features: FloatArray, labels: IntArray, projection: Projection, probe: SimulatedProbe) -> Measured:
    """Derive amplitude and position of spikes from their scores."""
    amplitudes = np.einsum("npk,npk->n", features, projection.directions[labels])
    # A score within the noise (one) says nothing about the place and would pull it to the middle of the contacts.
    weights = np.maximum(features[:, 0] - 1.5, 0.0) ** 2
    weights[:, 0] += 1e-3
    contacts = probe.positions_um[projection.channels].astype(np.float32)[labels]
    positions = np.einsum("nk,nkd->nd", weights, contacts) / weights.sum(axis=1, keepdims=True)
    return Measured(features, amplitudes.astype(np.float32), positions.astype(np.float32))


class FeatureModel:
    """Draws scores without a signal: the clean scores of the spike plus noise of the right covariance.

    Parameters
    ----------
    noise : (n_samples, n_channels) float32, whitened noise to take the covariance from
    whitening : (n_channels, n_channels) float64
    """

    def __init__(
        self, noise: FloatArray, whitening: FloatArray, projection: Projection, sorting: Sorting, footprints: Footprints
    ) -> None:
        self._projection = projection
        self._sorting = sorting
        self._clean = np.stack(
            [
                [_clean_scores(footprints, int(unit), whitening, projection, cluster) for unit in units]
                for cluster, units in enumerate(sorting.cluster_units)
            ]
        )
        starts = np.arange(0, len(noise) - projection.components.shape[1], 97)
        scores = measure(noise, starts, np.zeros(len(starts), np.int32), projection)
        flat = scores.transpose(0, 2, 1).reshape(-1, N_PCS)
        self._root = np.linalg.cholesky(np.cov(flat.T)).astype(np.float32)

    def draw(
        self, rng: np.random.Generator, labels: IntArray, units: IntArray, steps: FloatArray, scales: FloatArray
    ) -> FloatArray:
        """(n, n_pcs, n_local) float32 scores of spikes; arguments are per spike, (n,)."""
        which = (self._sorting.cluster_units[labels, 0] != units).astype(np.int64)
        n_steps = self._clean.shape[2]
        low = np.minimum(steps.astype(np.int64), max(n_steps - 2, 0))
        high = np.minimum(low + 1, n_steps - 1)
        upper = (scales * (steps - low))[:, None, None]
        lower = scales[:, None, None] - upper
        white = rng.standard_normal((len(labels), N_PCS, self._projection.n_local), dtype=np.float32)
        scores: FloatArray = np.einsum("pq,nqk->npk", self._root, white)
        scores += lower * self._clean[labels, which, low] + upper * self._clean[labels, which, high]
        return scores


def _clean_scores(
    footprints: Footprints, unit: int, whitening: FloatArray, projection: Projection, cluster: int
) -> FloatArray:
    """(n_steps, n_pcs, n_local) float32 noise-free scores of a unit on a cluster's channels; zeros for no unit."""
    n_steps = footprints.waveforms.shape[1]
    if unit < 0:
        return np.zeros((n_steps, N_PCS, projection.n_local), dtype=np.float32)
    used = footprints.channels[unit] >= 0
    weights = whitening[np.ix_(footprints.channels[unit, used], projection.channels[cluster])]
    scores = np.einsum("pt,stk->spk", projection.components, footprints.waveforms[unit][:, :, used], optimize=True)
    clean: FloatArray = (scores @ weights).astype(np.float32)
    return clean
