"""The record of a fit: labels, probabilities and densities of points, new points, and the way to the disk and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import phy_medicine
from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.json_text import WRONG_CONTENT
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.mixture.parameters import Parameters
from phy_medicine.compute.mixture.points import as_points
from phy_medicine.compute.mixture.posterior import Posterior, Sampled
from phy_medicine.compute.mixture.prior import Prior
from phy_medicine.compute.mixture.trace import Trace, relabel
from phy_medicine.compute.mixture.variational import Variational
from phy_medicine.io.durable import reason
from phy_medicine.io.npz_file import read_npz

__all__ = ["Fit", "Parameters", "Trace", "relabel", "restore"]

FIT, TRACE = "fit.npz", "trace.npz"
FORMAT = 1
GMM, DPMM = "GMM", "DPMM"
_FEWEST_DRAWS = 1000

Progress = Callable[[float, str], object]
"""Told how much is done, 0 to 1, and what is going on; what it raises ends a fit."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A mixture model fitted to points.

    model : "GMM", "DPMM", or the name of a user's model
    engine : what fitted it, "gibbs", "cavi" or "sklearn"
    prior : of the parameters; settings : all other arguments of the fit, plain values
    posterior : the distribution of the parameters
    chains : the parameters iteration by iteration, of each chain or of the best start; empty if not recorded
    burn_in : part of each chain that the posterior leaves out
    counts : (n, k) int32, in how many kept iterations each point had each label, in the order of the posterior's
        components; None if labels are not drawn
    n : points that it was fitted to
    facts : what else came out, plain values ("elbo", "converged", ...)
    """

    model: str
    engine: str
    prior: Prior
    settings: Mapping[str, Any]
    posterior: Posterior
    chains: tuple[Trace, ...]
    burn_in: float
    counts: IntArray | None
    n: int
    seed: int
    seconds: float
    facts: Mapping[str, Any] = field(default_factory=dict)
    version: str = phy_medicine.__version__

    @property
    def point(self) -> Parameters:
        """The parameters on average, components in the order of `predict`."""
        return self.posterior.point

    @property
    def k(self) -> int:
        """Number of components."""
        return len(self.point.pi)

    @property
    def d(self) -> int:
        """Number of dimensions."""
        return int(self.point.mu.shape[1])

    @property
    def trace(self) -> Trace:
        """The first chain.

        Raises
        ------
        PhyMedError : no iterations were recorded
        """
        if not self.chains:
            raise PhyMedError(f"No iterations were recorded by {self.engine}; fit with the native engine instead.")
        return self.chains[0]

    def responsibilities(self, x: AnyArray) -> FloatArray:
        """Return the probability of each component for each point.

        Parameters
        ----------
        x : (n, d), in the unit of the points fitted

        Returns
        -------
        (n, k) float64, rows sum to 1; averaged over the posterior

        Raises
        ------
        PhyMedError : another number of dimensions, or a point that is not finite
        """
        return self.evaluate(x)[0]

    def log_density(self, x: AnyArray) -> FloatArray:
        """Return (n,) float64, the log of the posterior predictive density of points (n, d); errors as above."""
        return self.evaluate(x)[1]

    def predict(self, x: AnyArray) -> IntArray:
        """Return (n,) int32, the most probable component of each point (n, d), the first of equals; errors as above."""
        return np.asarray(self.responsibilities(x).argmax(axis=1), dtype=np.int32)

    def evaluate(self, x: AnyArray) -> tuple[FloatArray, FloatArray]:
        """Return responsibilities and log densities at the cost of one."""
        return self.posterior.evaluate(as_points(x, self.d))

    def sample(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Return (n, d) float64, new points from the posterior predictive distribution.

        Every point is of parameters drawn from the posterior; from 1,000 on, several may share one draw.
        """
        n_draws = min(n, _FEWEST_DRAWS)
        shares = np.bincount(rng.integers(n_draws, size=n), minlength=n_draws) if n else np.zeros(0, int)
        parts = [self.draw(rng).sample(int(share), rng)[0] for share in shares if share]
        points = np.concatenate(parts) if parts else np.zeros((0, self.d))
        rng.shuffle(points)
        return points

    def draw(self, rng: np.random.Generator) -> Parameters:
        """Draw parameters from the posterior."""
        return self.posterior.draw(rng)

    def draws(self, at_most: int = 0) -> Iterator[Parameters]:
        """Go through equally likely parameters of the posterior in a fixed order; 0 : through all there are."""
        return self.posterior.draws(at_most)

    def save(self, folder: Path) -> None:
        """Write `fit.npz` and `trace.npz` into a folder.

        Raises
        ------
        PhyMedError : the folder cannot be written
        """
        described = {
            "format": FORMAT, "model": self.model, "engine": self.engine, "prior": self.prior.to_dict(),
            "settings": dict(self.settings), "posterior": self.posterior.kind, "n_chains": len(self.chains),
            "burn_in": self.burn_in, "n": self.n, "seed": self.seed, "seconds": self.seconds,
            "facts": dict(self.facts), "version": self.version,
        }  # fmt: skip
        arrays = dict(self.posterior.arrays()) | ({} if self.counts is None else {"counts": self.counts})
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / TRACE).open("wb") as file:
                np.savez(file, **_named(self.chains))  # type: ignore[arg-type]
            with (folder / FIT).open("wb") as file:
                np.savez(file, described=np.array(json.dumps(described)), **arrays)  # type: ignore[arg-type]
        except OSError as error:
            raise PhyMedError(f"The fit could not be written to {folder}: {reason(error)}.") from None


def restore(folder: Path) -> Fit:
    """Return the fit that `Fit.save` wrote into a folder; it predicts the same to the bit.

    Raises
    ------
    PhyMedError : files are missing, damaged, or of a version of the program that this one does not know
    """
    arrays = read_npz(folder / FIT)
    try:
        facts = json.loads(str(arrays.pop("described")))
        if facts["format"] > FORMAT:
            raise PhyMedError(
                f"{folder / FIT} was written by phy-medicine {facts['version']}, whose fits this version "
                f"({phy_medicine.__version__}) does not know; use that version or a newer one."
            )
        chains = _chains(read_npz(folder / TRACE), facts["n_chains"])
        posterior = _posterior(facts["posterior"], chains, facts["burn_in"], arrays)
        same = ("model", "engine", "settings", "burn_in", "n", "seed", "seconds", "facts", "version")
        return Fit(
            prior=Prior.from_dict(facts["prior"]), posterior=posterior, chains=chains, counts=arrays.get("counts"),
            **{name: facts[name] for name in same},
        )  # fmt: skip
    except WRONG_CONTENT as error:
        raise PhyMedError(f"{folder / FIT} does not hold a fit ({error!r}); fit anew.") from None


def _posterior(kind: str, chains: tuple[Trace, ...], burn_in: float, arrays: Mapping[str, AnyArray]) -> Posterior:
    if kind == Sampled.kind:
        return Sampled(chains, burn_in, arrays["reference"])
    if kind == Variational.kind:
        return Variational.of(arrays)
    raise ValueError(kind)


def _named(chains: tuple[Trace, ...]) -> dict[str, AnyArray]:
    """The arrays of chains by name, those of the second as `pi.1` and so on."""
    return {
        f"{name}.{i}" if i else name: array for i, chain in enumerate(chains) for name, array in chain.arrays().items()
    }


def _chains(arrays: Mapping[str, AnyArray], n: int) -> tuple[Trace, ...]:
    names = ("pi", "mu", "sigma2", "log_joint", "sizes")
    return tuple(Trace(*(arrays[f"{name}.{i}" if i else name] for name in names)) for i in range(n))
