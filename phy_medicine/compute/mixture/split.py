"""Split by a model: how many kinds of spikes a cluster has, which spike is of which, and how strong the evidence is.

Components of a mixture describe the shape of a cluster, and a single neuron seldom has the shape of one Gaussian: it
drifts, bursts and collides. Components are therefore parts of one kind until a valley in the density of the spikes lies
between them, along the line that separates them best, found on other spikes. A valley of the model itself on the way
from one component to another is no such evidence: wide components fill it between neurons that are well apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.discriminant import discriminant
from phy_medicine.compute.mixture.features import rotation
from phy_medicine.compute.mixture.fit import DPMM, Fit, Progress
from phy_medicine.compute.mixture.points import as_points
from phy_medicine.compute.mixture.split_mixture import mixture_of
from phy_medicine.compute.pairs.bimodality import bimodality

TRUNCATION = 6
MOST_FITTED = 20_000
DIMENSIONS = 10
SMALLEST_PART, FEWEST = 0.01, 20
LEAST_DEPTH = 0.1
"""Depth of the valley, of the lower peak, from which on two parts are of two kinds."""
SMALL, MOST_SCATTER = 0.2, 2.5
"""A part of less than a fifth of the spikes with a variance so many times that of the largest part is none.
Simulated neurons put together have 0.6 to 1.4, collisions 3.7 to 16."""
_CERTAIN = 0.6


@dataclass(frozen=True, slots=True)
class ModelSplit:
    """The parts of a cluster.

    labels : (n,) int32, the part of each spike, 0 the largest; certainty : (n,) float64, its probability
    shares : (n, n_parts) float64, probabilities of all parts
    sizes : spikes of each part
    depth : of the shallowest valley between any two parts, 0 to 1; 0 with one part
    log_evidence : log evidence of the parts less that of one Gaussian; with one part, of the best two. Below 0 one is
        more probable
    fit : the mixture, of the leading directions of the features; parts are groups of its components
    fitted : rows that it was fitted to; points : (n_fitted, d) float64, what it was fitted to
    """

    labels: IntArray
    certainty: FloatArray
    shares: FloatArray
    sizes: tuple[int, ...]
    depth: float
    log_evidence: float
    fit: Fit
    fitted: IntArray
    points: FloatArray

    @property
    def supported(self) -> bool:
        """Whether there is more than one part."""
        return len(self.sizes) > 1

    @property
    def reason(self) -> str:
        """What was found, in a sentence."""
        evidence = f"log evidence difference {self.log_evidence:+,.0f}"
        if self.supported:
            sizes = ", ".join(f"{size:,}" for size in self.sizes)
            return (
                f"{len(self.sizes)} parts of {sizes} spikes; the shallowest valley between them is {self.depth:.0%} "
                f"deep, {evidence}, {self.n_uncertain:,} spikes are less than {_CERTAIN:.0%} certain."
            )
        if self.log_evidence > 0:
            return f"No split supported ({evidence}): no valley parts the spikes, though they are not one Gaussian."
        return f"No split supported ({evidence}): one Gaussian explains the spikes best."

    @property
    def n_uncertain(self) -> int:
        """Spikes whose part is less probable than 0.6."""
        return int((self.certainty < _CERTAIN).sum())


def split_by_model(
    features: AnyArray,
    *,
    model: str = DPMM,
    truncation_level: int = TRUNCATION,
    least_depth: float = LEAST_DEPTH,
    most_fitted: int = MOST_FITTED,
    seed: int = 0,
    progress: Progress | None = None,
) -> ModelSplit:
    """Say of which parts a cluster is made.

    Parameters
    ----------
    features : (n, ...) float, of its spikes, such as scores on the best channels; one that is not a number counts as 0
    model : "DPMM", a Dirichlet process mixture, or "GMM", the number of Gaussians of the least BIC
    truncation_level : most components of the mixture
    least_depth : of a valley between parts
    most_fitted : spikes that the mixture is fitted to; the others get the labels that follow
    progress : what it raises ends the work

    Returns
    -------
    ModelSplit; parts of less than 1 % or 20 spikes, and small scattered ones, are folded into the nearest

    Raises
    ------
    PhyMedError : fewer than 40 spikes, so that no two parts can be told apart; an unknown model
    """
    table = np.nan_to_num(np.asarray(features, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    n = len(table)
    if n < 2 * FEWEST:
        raise PhyMedError(f"{n} spikes are too few to be split by a model; {2 * FEWEST} are needed.")
    table = table.reshape(n, -1)
    rng = np.random.default_rng(seed)
    fitted = np.arange(n) if n <= most_fitted else np.sort(rng.choice(n, most_fitted, replace=False))
    x = as_points(rotation(table[fitted], DIMENSIONS).apply(table))
    mixture, log_evidence = mixture_of(x[fitted], model, truncation_level, seed, progress)
    shares = mixture.responsibilities(x)
    groups, depth = _parts(x[fitted], shares[fitted], least_depth)
    grouped = _folded(x, np.stack([shares[:, group].sum(axis=1) for group in groups], axis=1))
    labels = grouped.argmax(axis=1)
    order = np.argsort(-np.bincount(labels, minlength=grouped.shape[1]), kind="stable")
    grouped = grouped[:, order]
    labels = grouped.argmax(axis=1).astype(np.int32)
    sizes = np.bincount(labels, minlength=grouped.shape[1])
    return ModelSplit(
        labels, grouped.max(axis=1), grouped, tuple(sizes.tolist()), depth if len(sizes) > 1 else 0.0,
        log_evidence, mixture, fitted, x[fitted],
    )  # fmt: skip


def _parts(x: FloatArray, shares: FloatArray, least_depth: float) -> tuple[list[list[int]], float]:
    """Groups of components that no valley parts, and the depth of the shallowest valley that is left."""
    labels = shares.argmax(axis=1)
    groups = {k: [k] for k in range(shares.shape[1])}
    depths: dict[tuple[int, int], float] = {}
    while len(groups) > 1:
        names = sorted(groups)
        for i, a in enumerate(names):
            for b in names[i + 1 :]:
                if (a, b) not in depths:
                    own, other = (x[np.isin(labels, groups[name])] for name in (a, b))
                    depths[a, b] = valley(own, other)
        (a, b), least = min(depths.items(), key=lambda pair: pair[1])
        if least >= least_depth:
            return list(groups.values()), least
        groups[a] += groups.pop(b)
        depths = {pair: depth for pair, depth in depths.items() if a not in pair and b not in pair}
    return list(groups.values()), 0.0


def valley(one: FloatArray, other: FloatArray) -> float:
    """Depth of the valley between two groups along the line that separates them; each half shows on the other's."""
    if min(len(one), len(other)) < FEWEST:
        return 0.0
    places: tuple[list[FloatArray], list[FloatArray]] = ([], [])
    for learned, seen in ((0, 1), (1, 0)):
        axis = discriminant(one[learned::2], other[learned::2])
        places[0].append(axis.along(one[seen::2]))
        places[1].append(axis.along(other[seen::2]))
    a, b = map(np.concatenate, places)
    low, high = sorted((float(np.median(a)), float(np.median(b))))
    return bimodality(np.concatenate([a, b]), between=(low, high), fewest=1).depth


def _folded(x: FloatArray, shares: FloatArray) -> FloatArray:
    """The shares without parts that are none; their spikes go where they would most probably be otherwise."""
    while shares.shape[1] > 1:
        labels = shares.argmax(axis=1)
        none = _no_part(x, labels, np.bincount(labels, minlength=shares.shape[1]))
        if none is None:
            break
        rest = np.delete(shares, none, axis=1)
        total = rest.sum(axis=1, keepdims=True)
        away = np.stack(
            [((x - x[labels == k].mean(axis=0)) ** 2).sum(axis=1) for k in range(shares.shape[1]) if k != none]
        )
        nearest = np.eye(rest.shape[1])[away.argmin(axis=0)]
        shares = np.where(total > 1e-12, rest / np.maximum(total, 1e-300), nearest)
    return shares


def _no_part(x: FloatArray, labels: IntArray, sizes: IntArray) -> int | None:
    """The smallest part that has too few spikes, or is small and scattered: collisions, not a neuron."""
    largest = int(sizes.argmax())
    for k in np.argsort(sizes, kind="stable").tolist():
        if k == largest:
            continue
        if sizes[k] < max(FEWEST, SMALLEST_PART * len(x)):
            return int(k)
        if sizes[k] < SMALL * len(x) and _scatter(x[labels == largest], x[labels == k]) > MOST_SCATTER:
            return int(k)
    return None


def _scatter(one: FloatArray, other: FloatArray) -> float:
    """How many times wider the other is than one, on average over all directions; the noise is the same in both."""
    ridge = 1e-6 * np.trace(np.cov(one.T).reshape(one.shape[1], -1)) * np.eye(one.shape[1])
    logs = [np.linalg.slogdet(np.cov(part.T).reshape(ridge.shape) + ridge)[1] for part in (one, other)]
    return float(np.exp((logs[1] - logs[0]) / one.shape[1]))
