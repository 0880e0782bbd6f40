"""The parameters at each kept iteration of a fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.mixture.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Trace:
    """One chain of samples, or the iterations of an optimisation, in order.

    pi : (t, k) float64
    mu : (t, k, d) float64
    sigma2 : (t, k, d) float64, or (t, k, d, d) for covariances
    log_joint : (t,) float64, log density of points, labels and parameters together; the evidence lower bound of a
        variational fit
    sizes : (t, k) float64, points of each component, expected ones for a variational fit
    """

    pi: FloatArray
    mu: FloatArray
    sigma2: FloatArray
    log_joint: FloatArray
    sizes: FloatArray

    def __len__(self) -> int:
        return len(self.pi)

    @classmethod
    def empty(cls, n: int, k: int, d: int, *, full: bool) -> Trace:
        """Return a trace to be filled."""
        spread = (n, k, d, d) if full else (n, k, d)
        return cls(np.zeros((n, k)), np.zeros((n, k, d)), np.zeros(spread), np.zeros(n), np.zeros((n, k)))

    def put(self, place: int, parameters: Parameters, log_joint: float, sizes: FloatArray) -> None:
        """Write one iteration."""
        self.pi[place], self.mu[place], self.sigma2[place] = parameters.pi, parameters.mu, parameters.sigma2
        self.log_joint[place], self.sizes[place] = log_joint, sizes

    def at(self, place: int) -> Parameters:
        """Return the parameters of one iteration."""
        return Parameters(self.pi[place], self.mu[place], self.sigma2[place])

    def from_on(self, start: int) -> Trace:
        """Return the trace without the iterations before `start`."""
        return Trace(*(array[start:] for array in self.arrays().values()))

    def relabel(self, reference: FloatArray) -> Trace:
        """Return the trace with the components of each iteration in the order of a reference, (k, d) means.

        Labels of components mean nothing, and can switch from one sample to the next.
        """
        places = matched(self.mu, reference)
        rows = np.arange(len(self))[:, None]
        moved = (array[rows, places] for array in (self.pi, self.mu, self.sigma2))
        return Trace(*moved, self.log_joint, self.sizes[rows, places])

    def arrays(self) -> dict[str, FloatArray]:
        """Return all arrays by name."""
        return {name: getattr(self, name) for name in ("pi", "mu", "sigma2", "log_joint", "sizes")}


def relabel(trace: Trace, reference: FloatArray | None = None) -> Trace:
    """Return a trace with the components of all iterations in one order, that of the last unless another is given."""
    return trace.relabel(trace.mu[-1] if reference is None else reference)


def matched(mu: FloatArray, reference: FloatArray) -> IntArray:
    """Return which component of each sample stands for each one of a reference.

    Parameters
    ----------
    mu : (t, k, d); reference : (k, d)

    Returns
    -------
    (t, k) int64, the assignment with the least sum of squared distances of means

    Raises
    ------
    PhyMedError : the reference has another shape

    Source: Kuhn 1955, Nav. Res. Logist. Q. 2:83; Stephens 2000, J. R. Stat. Soc. B 62:795.
    """
    from scipy.optimize import linear_sum_assignment

    if mu.shape[1:] != reference.shape:
        raise PhyMedError(f"The reference has the shape {reference.shape}, the samples have {mu.shape[1:]}.")
    found = np.empty(mu.shape[:2], dtype=np.int64)
    in_place = np.arange(len(reference))
    squared = (reference**2).sum(axis=1)[:, None]
    for t, means in enumerate(mu):
        costs = squared + (means**2).sum(axis=1) - 2 * reference @ means.T
        # Mostly nothing moved: then each one's nearest is itself, and that is the least sum.
        found[t] = in_place if np.array_equal(costs.argmin(axis=1), in_place) else linear_sum_assignment(costs)[1]
    return found
