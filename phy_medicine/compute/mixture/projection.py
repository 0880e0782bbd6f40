"""The waveform of a channel as a few numbers: one linear map, shared by all channels."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.json_text import WRONG_CONTENT
from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.io.durable import reason, replace_file

N_FEATURES = 3
LINEAR, TANH, RELU = "linear", "tanh", "relu"
ACTIVATIONS = (LINEAR, TANH, RELU)
_FEWEST = 10  # waveforms for each of their samples
_MOST = 20_000
_TURNS = 500


@dataclass(frozen=True, slots=True)
class Projection:
    """A linear map of waveforms to features.

    weights : (n_samples, n_features) float64
    sample_rate : Hz of the waveforms, 0 if not known
    scale : (n_features,) that features are divided by, 1 until `scaled`
    kind : "pca" or "autoencoder"
    """

    weights: FloatArray
    sample_rate: float = 0.0
    scale: FloatArray = field(default_factory=lambda: np.ones(0))
    kind: str = "pca"

    def __post_init__(self) -> None:
        if not self.scale.size:
            object.__setattr__(self, "scale", np.ones(self.weights.shape[1]))

    @property
    def n_samples(self) -> int:
        """Samples of a waveform."""
        return int(self.weights.shape[0])

    def reduce(self, waveforms: AnyArray, flatten: bool = False) -> FloatArray:
        """Return the features of waveforms.

        Parameters
        ----------
        waveforms : (n, n_samples, n_channels)
        flatten : as (n, n_channels * n_features), channel by channel

        Returns
        -------
        (n, n_channels, n_features) float64

        Raises
        ------
        PhyMedError : waveforms of another window
        """
        given = np.asarray(waveforms)
        if given.ndim != 3 or given.shape[1] != self.n_samples:
            raise PhyMedError(
                f"The projection is of waveforms of {self.n_samples} samples; these have the shape {given.shape}."
            )
        found = np.einsum("nsc,sf->ncf", given, self.weights / self.scale, optimize=True)
        return found.reshape(len(found), -1) if flatten else found

    def expand(self, scores: AnyArray) -> FloatArray:
        """Return the waveforms that features stand for.

        Parameters
        ----------
        scores : (n, n_channels, n_features), or flat as `reduce` gives them

        Returns
        -------
        (n, n_samples, n_channels) float64
        """
        given = np.asarray(scores, dtype=np.float64)
        n_features = self.weights.shape[1]
        if given.shape[-1] % n_features or given.ndim not in (2, 3):
            raise PhyMedError(f"The features have the shape {given.shape}; {n_features} for each channel are needed.")
        given = given.reshape(len(given), -1, n_features) * self.scale
        return np.einsum("ncf,fs->nsc", given, np.linalg.pinv(self.weights), optimize=True)

    def scaled(self, noise: AnyArray) -> Projection:
        """Return the projection with which noise snippets (n, n_samples, n_channels) have features of variance 1.

        Raises
        ------
        PhyMedError : snippets of another window, or without noise
        """
        plain = replace(self, scale=np.ones(self.weights.shape[1]))
        deviation = plain.reduce(noise).std(axis=(0, 1)) if len(noise) else np.zeros(1)
        if not (deviation > 0).all():
            raise PhyMedError("The noise snippets do not vary, so features cannot be scaled by them.")
        return replace(self, scale=deviation)

    def save(self, path: Path) -> None:
        """Write the weights as `.npy`, and rate, window and scale beside them as `.json`.

        Raises
        ------
        PhyMedError : the files cannot be written
        """
        from phy_medicine.compute.job_context import npy_bytes

        facts = {
            "sample_rate": self.sample_rate, "n_samples": self.n_samples, "n_features": int(self.weights.shape[1]),
            "scale": self.scale.tolist(), "kind": self.kind,
        }  # fmt: skip
        try:
            replace_file(path, npy_bytes(self.weights))
            replace_file(path.with_suffix(".json"), json.dumps(facts, indent=1).encode())
        except OSError as error:
            raise PhyMedError(f"The projection could not be written to {path}: {reason(error)}.") from None


def load_projection(path: Path, *, n_samples: int = 0, sample_rate: float = 0.0) -> Projection:
    """Return a stored projection.

    Parameters
    ----------
    n_samples, sample_rate : of the waveforms it is to be used on; 0 takes any

    Raises
    ------
    PhyMedError : a file is missing or damaged, or it is of another window or rate
    """
    sidecar = path.with_suffix(".json")
    try:
        weights = np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)
        facts: dict[str, Any] = json.loads(sidecar.read_text("utf-8"))
        shape = (facts["n_samples"], facts["n_features"])
        rate, scale = float(facts["sample_rate"]), np.asarray(facts["scale"], dtype=np.float64)
        found = Projection(weights, rate, scale, str(facts["kind"]))
    except OSError as error:
        raise PhyMedError(f"{error.filename or path} cannot be read: {reason(error)}.") from None
    except (EOFError, *WRONG_CONTENT):
        raise PhyMedError(f"{path}, or {sidecar.name} beside it, is damaged; make the projection anew.") from None
    if weights.shape != shape or scale.shape != (weights.shape[-1],) or not np.isfinite(weights).all():
        raise PhyMedError(f"{path} has the shape {weights.shape}, {sidecar.name} says {shape}; make it anew.")
    if n_samples and weights.shape[0] != n_samples:
        raise PhyMedError(f"{path} is of waveforms of {weights.shape[0]} samples, these have {n_samples}.")
    if sample_rate and rate and not np.isclose(rate, sample_rate, rtol=1e-3):
        raise PhyMedError(f"{path} is of recordings at {rate:g} Hz, this one has {sample_rate:g} Hz.")
    return found


def pca(waveforms: AnyArray, n_features: int = N_FEATURES, sample_rate: float = 0.0) -> Projection:
    """Return the directions in which single-channel waveforms are largest.

    Parameters
    ----------
    waveforms : (n, n_samples), of all channels together; the mean is not taken off, as the map is linear

    Returns
    -------
    Projection with orthonormal columns, largest first; the largest entry of each is positive

    Raises
    ------
    PhyMedError : fewer waveforms than ten for each sample, or not as many directions
    """
    table = _checked(waveforms, n_features)
    values, vectors = np.linalg.eigh(table.T @ table)
    return Projection(_signed(vectors[:, np.argsort(-values, kind="stable")[:n_features]]), sample_rate)


def autoencoder(
    waveforms: AnyArray,
    n_features: int = N_FEATURES,
    *,
    noise: AnyArray | None = None,
    activation: str = LINEAR,
    tied: bool = True,
    seed: int = 0,
    sample_rate: float = 0.0,
) -> Projection:
    """Return the map from which single-channel waveforms can best be made again by another map.

    Parameters
    ----------
    waveforms : (n, n_samples), aligned; clean ones (templates) if there is noise. Of more than 20,000 as many are used
    noise : (m, n_samples), snippets that are added to what is put in, and not to what is to come out
    activation : "linear", "tanh" or "relu", of the features on their way to the second map
    tied : the second map is the transpose of the first

    Returns
    -------
    Projection; without activation its columns are orthonormal, in the order of the variance along them

    Raises
    ------
    PhyMedError : fewer waveforms than ten for each sample, noise of another window, no such activation

    Source: Baldi & Hornik 1989, Neural Networks 2:53 (the linear optimum spans the principal components); Vincent et
    al. 2008, ICML (denoising).
    """
    table = _checked(waveforms, n_features)
    if activation not in ACTIVATIONS:
        raise PhyMedError(f"The activation must be one of {', '.join(ACTIVATIONS)}, not {activation!r}.")
    rng = np.random.default_rng(seed)
    if len(table) > _MOST:
        table = table[rng.choice(len(table), _MOST, replace=False)]
    unit = float(np.sqrt((table**2).mean())) or 1.0
    target = table / unit
    given = target
    if noise is not None:
        snippets = np.asarray(noise, dtype=np.float64)
        if snippets.ndim != 2 or snippets.shape[1] != table.shape[1] or not len(snippets):
            raise PhyMedError(f"Noise has the shape {snippets.shape}; snippets of {table.shape[1]} samples are needed.")
        given = target + snippets[rng.integers(len(snippets), size=len(target))] / unit
    weights = _trained(given, target, n_features, activation, tied, rng)
    return Projection(_ordered(weights, given, activation), sample_rate, kind="autoencoder")


def _trained(
    given: FloatArray, target: FloatArray, n_features: int, activation: str, tied: bool, rng: np.random.Generator
) -> FloatArray:
    """The first map, (n_samples, n_features), after minimising the mean squared error of what comes out."""
    from scipy.optimize import minimize

    n_samples = target.shape[1]
    size = n_samples * n_features
    start = rng.normal(size=size if tied else 2 * size) / np.sqrt(n_samples)

    def error(flat: FloatArray) -> tuple[float, FloatArray]:
        first = flat[:size].reshape(n_samples, n_features)
        second = first.T if tied else flat[size:].reshape(n_features, n_samples)
        hidden = given @ first
        active, slope = _active(hidden, activation)
        missed = active @ second - target
        by_second = active.T @ missed
        by_first = given.T @ ((missed @ second.T) * slope)
        gradient = by_first + by_second.T if tied else np.concatenate([by_first.ravel(), by_second.ravel()])
        return float((missed**2).sum()) / len(target), 2 * gradient.ravel() / len(target)

    found = minimize(error, start, jac=True, method="L-BFGS-B", options={"maxiter": _TURNS, "ftol": 1e-12})
    weights: FloatArray = found.x[:size].reshape(n_samples, n_features)
    return weights


def _active(hidden: FloatArray, activation: str) -> tuple[FloatArray, FloatArray]:
    """Values of the hidden layer, and their slopes."""
    if activation == TANH:
        active = np.tanh(hidden)
        return active, 1 - active**2
    if activation == RELU:
        return np.maximum(hidden, 0), (hidden > 0).astype(np.float64)
    return hidden, np.ones_like(hidden)


def _ordered(weights: FloatArray, given: FloatArray, activation: str) -> FloatArray:
    """Columns of length 1, largest variance first; orthonormal where that changes nothing but the basis."""
    if activation == LINEAR:
        basis = np.linalg.qr(weights)[0]
        scores = given @ basis
        values, turn = np.linalg.eigh(scores.T @ scores)
        return _signed(basis @ turn[:, np.argsort(-values, kind="stable")])
    weights = weights / np.maximum(np.linalg.norm(weights, axis=0), np.finfo(float).tiny)
    order = np.argsort(-((given @ weights) ** 2).sum(axis=0), kind="stable")
    return _signed(weights[:, order])


def _signed(axes: FloatArray) -> FloatArray:
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    found: FloatArray = axes * np.where(largest < 0, -1.0, 1.0)
    return found


def _checked(waveforms: AnyArray, n_features: int) -> FloatArray:
    table = np.asarray(waveforms, dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise PhyMedError(f"Waveforms must be a finite table, a row each, not of the shape {table.shape}.")
    if not 1 <= n_features <= table.shape[1]:
        raise PhyMedError(f"Waveforms of {table.shape[1]} samples have 1 to as many features, not {n_features}.")
    if len(table) < _FEWEST * table.shape[1]:
        raise PhyMedError(f"{len(table)} waveforms are too few to learn from; {_FEWEST * table.shape[1]} are needed.")
    return table
