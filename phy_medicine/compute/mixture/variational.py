"""The posterior of a variational fit: distributions of sticks and components that are independent of each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.mixture.components import Components, Independent, Wishart
from phy_medicine.compute.mixture.parameters import Parameters
from phy_medicine.compute.mixture.points import Points
from phy_medicine.compute.mixture.sticks import Sticks

N_DRAWS = 200


class Variational:
    """Sticks and components; those of less than one expected point are left out.

    Parameters
    ----------
    sticks, components : of all k components that were allowed
    kept : (g,), those that are used, largest weight first
    """

    kind: ClassVar[str] = "variational"

    def __init__(self, sticks: Sticks, components: Components, kept: AnyArray) -> None:
        self.sticks, self.components, self.kept = sticks, components, np.asarray(kept, dtype=np.int64)
        self._used = components.take(self.kept)

    @property
    def point(self) -> Parameters:
        """The expected weights and means; variances are the inverses of the expected precisions."""
        return self._used.means_of(self._weights(self.sticks.means))

    def _weights(self, weights: FloatArray) -> FloatArray:
        used: FloatArray = weights[self.kept]
        return used / used.sum()

    def draw(self, rng: np.random.Generator) -> Parameters:
        """Draw parameters."""
        return self._used.draw(rng, self._weights(self.sticks.draw(rng)))

    def draws(self, at_most: int = 0) -> Iterator[Parameters]:
        """Draw parameters, 200 of them unless another number is given, always the same."""
        rng = np.random.default_rng(0)
        for _ in range(at_most or N_DRAWS):
            yield self.draw(rng)

    def evaluate(self, x: AnyArray) -> tuple[FloatArray, FloatArray]:
        """Return the shares of the components in each point, and the log density at the parameters on average."""
        points = Points(x)
        shares = np.zeros((points.n, len(self.kept)))
        top, total = np.full(points.n, -np.inf), np.zeros(points.n)
        points.add_draw(self._used.form(self.sticks.mean_logs[self.kept]), shares, top, total)
        return shares, self.point.log_density(points.rows)

    def arrays(self) -> Mapping[str, AnyArray]:
        """Return what it takes to make it anew."""
        own = {"first": self.sticks.first, "second": self.sticks.second, "n": np.array(self.sticks.k)}
        return own | {"kept": self.kept} | dict(self.components.arrays())

    @classmethod
    def of(cls, arrays: Mapping[str, AnyArray]) -> Variational:
        """Return what `arrays` gave."""
        sticks = Sticks(arrays["first"], arrays["second"], int(arrays["n"]))
        if "nu" in arrays:
            found: Components = Wishart(*(arrays[name] for name in ("mean", "kappa", "nu", "scale")))
        else:
            known = bool(arrays["known"])
            found = Independent(*(arrays[name] for name in ("mean", "spread", "shape", "scale")), known)
        return cls(sticks, found, arrays["kept"])
