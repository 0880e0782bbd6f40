"""What a fit knows of the parameters, and what follows for points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Protocol

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.mixture.parameters import Parameters
from phy_medicine.compute.mixture.points import Points
from phy_medicine.compute.mixture.trace import Trace


class Posterior(Protocol):
    """The distribution of the parameters that a fit arrived at."""

    kind: ClassVar[str]

    @property
    def point(self) -> Parameters:
        """The parameters on average."""

    def draw(self, rng: np.random.Generator) -> Parameters:
        """Draw parameters."""

    def draws(self, at_most: int = 0) -> Iterator[Parameters]:
        """Go through equally likely parameters in a fixed order; at_most : evenly chosen ones, 0 for all."""

    def evaluate(self, x: AnyArray) -> tuple[FloatArray, FloatArray]:
        """Return the probabilities (n, k) of the components for points (n, d), and the log densities (n,)."""

    def arrays(self) -> Mapping[str, AnyArray]:
        """Return what it takes to make it anew, besides the chains."""


class Sampled:
    """Samples of chains after the burn-in, their components in the order of a reference.

    Parameters
    ----------
    chains : as they were drawn
    burn_in : part of each that is left out
    reference : (k, d) means
    """

    kind: ClassVar[str] = "sampled"

    def __init__(self, chains: Sequence[Trace], burn_in: float, reference: FloatArray) -> None:
        self.reference = reference
        kept = [chain.from_on(first_kept(len(chain), burn_in)).relabel(reference) for chain in chains]
        self.kept = kept[0] if len(kept) == 1 else _joined(kept)

    @property
    def point(self) -> Parameters:
        """The parameters, averaged over the kept samples."""
        return Parameters(self.kept.pi.mean(axis=0), self.kept.mu.mean(axis=0), self.kept.sigma2.mean(axis=0))

    def draw(self, rng: np.random.Generator) -> Parameters:
        """Draw one of the kept samples."""
        return self.kept.at(int(rng.integers(len(self.kept))))

    def draws(self, at_most: int = 0) -> Iterator[Parameters]:
        """Go through the kept samples in order."""
        n = len(self.kept)
        places = np.arange(n) if not at_most or at_most >= n else np.linspace(0, n - 1, at_most).round().astype(int)
        for place in places:
            yield self.kept.at(int(place))

    def evaluate(self, x: AnyArray) -> tuple[FloatArray, FloatArray]:
        """Return probabilities and densities, averaged over the kept samples."""
        points = Points(x)
        shares = np.zeros((points.n, self.kept.pi.shape[1]))
        top, total = np.full(points.n, -np.inf), np.zeros(points.n)
        for parameters in self.draws():
            points.add_draw(parameters.form(), shares, top, total)
        n = len(self.kept)
        return shares / n, top + np.log(total / n)

    def arrays(self) -> Mapping[str, AnyArray]:
        """The reference; all else is in the chains."""
        return {"reference": self.reference}


def first_kept(n: int, burn_in: float) -> int:
    """Return the first of n samples after the burn-in; one at least is kept."""
    return min(int(np.floor(n * burn_in)), n - 1)


def _joined(traces: Sequence[Trace]) -> Trace:
    columns = zip(*(trace.arrays().values() for trace in traces), strict=True)
    return Trace(*(np.concatenate(arrays) for arrays in columns))
