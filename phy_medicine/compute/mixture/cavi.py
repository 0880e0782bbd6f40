"""Coordinate ascent of the evidence lower bound of a truncated Dirichlet process mixture, with merges.

Source: Blei & Jordan 2006, Bayesian Anal. 1:121; merges as Bryant & Sudderth 2012, NIPS; minibatches as Hoffman, Blei,
Wang & Paisley 2013, J. Mach. Learn. Res. 14:1303.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.mixture.components import Components, Independent, SoftSums, Wishart
from phy_medicine.compute.mixture.points import Points
from phy_medicine.compute.mixture.prior import Prior
from phy_medicine.compute.mixture.sticks import Concentration, Sticks, evidence

_SMALLEST_CHANGE = 1e-6
_NEIGHBOURS = 3
_BETWEEN_MERGES = 6
_SETTLING = 3
_DELAY, _FORGET = 1.0, 0.6  # of the steps of minibatches, in the range for which they converge

Record = Callable[["Ascent", IntArray], object]


@dataclass(slots=True)
class Ascent:
    """The state of the ascent.

    points : (n, d), about their mean
    shares : (n, k), how much each point belongs to each component
    sums, components, sticks, alpha : the distributions given the shares
    elbo : the bound with the shares best for them; names : (k,), which component of the start each one is
    """

    points: Points
    prior: Prior
    shares: FloatArray
    sums: SoftSums
    components: Components
    sticks: Sticks
    alpha: Concentration
    names: IntArray
    elbo: float = -np.inf
    iterations: int = 0
    merges: int = field(default=0)

    @property
    def full(self) -> bool:
        """Whether components have correlations."""
        return isinstance(self.components, Wishart)

    @classmethod
    def start(
        cls, points: Points, prior: Prior, labels: IntArray, k: int, alpha: Concentration, *, full: bool, known: bool
    ) -> Ascent:
        """Begin with labels (n,) of points, of k components."""
        shares = np.zeros((points.n, k))
        shares[np.arange(points.n), labels] = 1.0
        sums = SoftSums.of_points(points, shares, full=full)
        components: Components = Wishart.start(prior, sums) if full else Independent.start(prior, sums, known=known)
        made = cls(points, prior, shares, sums, components, Sticks.of(sums.sizes, alpha.mean), alpha, np.arange(k))
        made.order()
        return made

    def order(self) -> None:
        """Put large components first where that is better, as it is unless the concentration is large."""
        places = np.argsort(-self.sums.sizes, kind="stable")
        alpha = self.alpha.mean
        if evidence(self.sums.sizes[places], alpha) > evidence(self.sums.sizes, alpha):
            self.shares, self.names = self.shares[:, places], self.names[places]
            self.sums, self.components = self.sums.take(places), self.components.take(places)
        self.sticks = Sticks.of(self.sums.sizes, alpha)
        self.alpha = self.sticks.concentration(self.alpha)

    def share(self) -> None:
        """Share the points out, and work out the bound."""
        form = self.components.form(self.sticks.mean_logs)
        shares = np.zeros(self.shares.shape)
        top, total = np.full(self.points.n, -np.inf), np.zeros(self.points.n)
        self.points.add_draw(form, shares, top, total)
        self.elbo = float((top + np.log(total)).sum()) - self.divergence()
        self.shares = shares

    def divergence(self) -> float:
        """Of all distributions from the prior."""
        return self.components.divergence(self.prior, self.sums) + self.sticks.kl(self.alpha) + self.alpha.kl

    def update(self, sums: SoftSums) -> None:
        """Update the distributions of the parameters."""
        self.sums = sums
        self.components = self.components.updated(self.prior, sums)
        self.order()

    def climb(self, n_iter: int, record: Record) -> bool:
        """Alternate until the bound stays, with merges now and then; False: out of turns."""
        while self.iterations < n_iter:
            before = self.elbo
            self.share()
            self.iterations += 1
            record(self, self.names)
            settled = self.elbo - before < _SMALLEST_CHANGE * abs(self.elbo)
            self.update(SoftSums.of_points(self.points, self.shares, full=self.full))
            merged = (settled or self.iterations % _BETWEEN_MERGES == 0) and self._merge()
            if settled and not merged:
                return True
        return False

    def _merge(self) -> bool:
        """Make the best of the merges that raise the bound, until none does."""
        merged = False
        while True:
            gains = [(self._gain(a, b), a, b) for a, b in self._pairs()]
            best = max(gains, default=(0.0, 0, 0))
            if best[0] <= 0:
                return merged
            _, a, b = best
            self.shares[:, a] += self.shares[:, b]
            self.shares[:, b] = 0.0
            self.update(SoftSums.of_points(self.points, self.shares, full=self.full))
            for _ in range(_SETTLING):  # as often as for the gain, or the bound may not have risen by that yet
                self.components = self.components.updated(self.prior, self.sums)
            self.merges += 1
            merged = True

    def _pairs(self) -> Iterator[tuple[int, int]]:
        """Components with points, each with those whose means are nearest."""
        used = np.flatnonzero(self.sums.sizes > 1e-3)
        means = self.sums.sums[used] / self.sums.sizes[used, None]
        away = ((means[:, None] - means) ** 2).sum(axis=2)
        np.fill_diagonal(away, np.inf)
        near = np.argsort(away, axis=1, kind="stable")[:, : min(_NEIGHBOURS, len(used) - 1)]
        found = {tuple(sorted((int(used[i]), int(used[j])))) for i, row in enumerate(near) for j in row}
        yield from sorted(found)  # type: ignore[misc]

    def _gain(self, a: int, b: int) -> float:
        """How much the bound rises at least when two components become one."""
        joined = self.sums.joined(a, b)
        pair = np.array([a, b])
        guess = self.components.take(pair[:1]).updated(self.prior, joined)
        for _ in range(_SETTLING):
            guess = guess.updated(self.prior, joined)
        change = float(guess.bounds(self.prior, joined)[0])
        change -= float(self.components.take(pair).bounds(self.prior, self.sums.take(pair)).sum())
        sizes = self.sums.sizes.copy()
        sizes[a], sizes[b] = sizes[a] + sizes[b], 0.0
        change += evidence(sizes, self.alpha.mean) - evidence(self.sums.sizes, self.alpha.mean)
        return change - _lost_entropy(self.shares[:, a], self.shares[:, b]) if change > 0 else change

    def climb_in_batches(self, size: int, passes: int, rng: np.random.Generator, record: Record) -> None:
        """Update from minibatches; the bound of each is an estimate that goes up and down."""
        n, step = self.points.n, 0
        rows, shares = self.points, self.shares
        for _ in range(passes):
            order = rng.permutation(n)
            for begin in range(0, n - size + 1, size):
                batch = np.sort(order[begin : begin + size])
                self.points, self.shares = Points(rows.rows[batch]), shares[batch]
                self.share()
                found = SoftSums.of(self.points.rows, self.shares, full=self.full)
                # The bound of the batch alone, were all points like it.
                self.elbo = (self.elbo + self.divergence()) * (n / size) - self.divergence()
                record(self, self.names)
                step += 1
                self._follow(found, (step + _DELAY) ** -_FORGET, n / size)
                self.iterations += 1
        self.points, self.elbo = rows, -np.inf
        self.shares = np.zeros((n, len(self.names)))

    def _follow(self, found: SoftSums, part: float, scale: float) -> None:
        self.sums = self.sums.mixed(found, part, scale)
        self.components = self.components.updated(self.prior, self.sums)
        self.sticks = Sticks.of(self.sums.sizes, self.alpha.mean)
        self.alpha = self.sticks.concentration(self.alpha)


def _lost_entropy(one: FloatArray, other: FloatArray) -> float:
    """The entropy of the labels that is lost when two components become one; shares (n,) of both."""
    both = (one > 0) & (other > 0)
    a, b = one[both], other[both]
    return float(((a + b) * np.log(a + b) - a * np.log(a) - b * np.log(b)).sum())
