"""Posterior predictive checks: whether the points look like those that the fitted model makes.

Source: Rubin 1984, Ann. Stat. 12:1151; Gelman, Meng & Stern 1996, Stat. Sinica 6:733.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.mixture.fit import Fit
from phy_medicine.compute.mixture.parameters import Parameters
from phy_medicine.compute.mixture.points import Points, as_points

Statistic = Callable[..., Any]
"""`T(x)` or `T(x, parameters)`: a number, or a row of numbers, of points (n, d)."""

N_SAMPLES = 1000
CHANCE = 0.05
"""How often a check is called extreme although the model is right, over all of its values together."""
_KEYS = 2**63 - 1


def _mean(x: FloatArray) -> float:
    return float(x.mean())


def _max(x: FloatArray) -> float:
    return float(x.max())


def _min(x: FloatArray) -> float:
    return float(x.min())


def _variance(x: FloatArray) -> FloatArray:
    found: FloatArray = x.var(axis=0)
    return found


def _skew(x: FloatArray) -> FloatArray:
    """Third standardised moment of each dimension; 0 where a dimension does not vary."""
    centred = x - x.mean(axis=0)
    squares = centred * centred
    spread = np.sqrt(squares.mean(axis=0))
    found: FloatArray = (squares * centred).mean(axis=0) / np.where(spread > 0, spread, 1.0) ** 3
    return found


def _overall_variance(x: FloatArray) -> float:
    return float(x.var(axis=0).mean())


STATISTICS: Mapping[str, Statistic] = {
    "mean": _mean, "max": _max, "min": _min, "variance": _variance, "skew": _skew,
}  # fmt: skip
"""Built-in statistics; variance and skew give a number for each dimension."""
BY_CLUSTER: Mapping[str, Statistic] = STATISTICS | {"variance": _overall_variance}
"""What is taken of the points of each cluster alone; the skew is that of the dimension that is skewed most."""


@dataclass(frozen=True, slots=True)
class Check:
    """One statistic of the points beside the same of data sets that the model makes.

    name : of the statistic
    replicated : (n_samples, m) float64, of the data sets that were drawn; m is 1, or the dimensions or clusters
    observed : (m,) float64, or (n_samples, m) where the statistic depends on the drawn parameters or labels
    p_values : (m,) float64, part of the samples with replicated >= observed; NaN where no sample can be compared
    by_cluster : whether m counts clusters
    """

    name: str
    replicated: FloatArray
    observed: FloatArray
    by_cluster: bool = False

    @property
    def p_values(self) -> FloatArray:
        """Return (m,), the part of the samples in which the model gives at least what was observed."""
        known = np.isfinite(self.replicated) & np.isfinite(self.observed)
        at_least = (self.replicated >= self.observed) & known
        n = known.sum(axis=0)
        return np.where(n > 0, at_least.sum(axis=0) / np.maximum(n, 1), np.nan)

    @property
    def p_value(self) -> float:
        """The p-value farthest from a half."""
        values = self.p_values
        return float("nan") if np.isnan(values).all() else float(values[np.nanargmax(np.abs(values - 0.5))])

    @property
    def extreme(self) -> FloatArray:
        """Return (m,) int: 1 where the observed value is too large for the model, -1 too small, 0 where it fits.

        Chance gives one value of all m that is not 0 in one check of twenty.
        """
        n = np.isfinite(self.replicated + self.observed).sum(axis=0)
        values, m = self.p_values, self.replicated.shape[1]
        # A p-value from n samples is not below 1 / (n + 1), however far away the observed value lies.
        least = CHANCE / (2 * m)
        above = (values * n + 1) / (n + 1) <= least
        below = ((1 - values) * n + 1) / (n + 1) <= least
        return np.where(above, 1, np.where(below, -1, 0))

    def p_text(self, value: int | None = None) -> str:
        """Return a p-value in words, "p < 0.001" where no sample is as large; None : the most extreme one."""
        p, n = self.p_value if value is None else float(self.p_values[value]), len(self.replicated)
        if np.isnan(p):
            return "p unknown"
        return f"p < {1 / n:.2g}" if p == 0 else f"p > {1 - 1 / n:.4g}" if p == 1 else f"p = {p:.3g}"

    @property
    def words(self) -> str:
        """What a check that is extreme means, in words; empty where the model fits."""
        return _words(self)


def ppc(
    fit: Fit,
    x: AnyArray,
    statistic: str | Statistic,
    n_samples: int = N_SAMPLES,
    rng: np.random.Generator | None = None,
    *,
    by_cluster: bool = False,
) -> Check:
    """Compare a statistic of points with that of as many points drawn from the model, parameters from the posterior.

    Parameters
    ----------
    x : (n, d)
    statistic : "mean", "max", "min", "variance", "skew", or a callable `T(x)` or `T(x, parameters)`
    n_samples : data sets drawn; rng : None for the same numbers each time
    by_cluster : of the points of each cluster alone, clusters drawn given the parameters

    Raises
    ------
    PhyMedError : no such statistic, one that gives no numbers, no samples, or points that do not suit the fit
    """
    name = statistic if isinstance(statistic, str) else getattr(statistic, "__name__", "statistic")
    return ppcs(fit, x, {name: statistic}, n_samples, rng, by_cluster=by_cluster)[name]


def ppcs(
    fit: Fit,
    x: AnyArray,
    statistics: Mapping[str, str | Statistic],
    n_samples: int = N_SAMPLES,
    rng: np.random.Generator | None = None,
    *,
    by_cluster: bool = False,
    told: Callable[[float], object] = lambda _fraction: None,
) -> dict[str, Check]:
    """Do several checks with the same drawn data sets; see `ppc`. told : how much is done, 0 to 1."""
    if n_samples < 1:
        raise PhyMedError(f"There must be at least one sample, not {n_samples}.")
    points = Points(as_points(x, fit.d))
    rng = rng or np.random.default_rng(0)
    each = {name: _Taken.of(statistic, by_cluster) for name, statistic in statistics.items()}
    rows: dict[str, list[tuple[FloatArray, FloatArray]]] = {name: [] for name in each}
    fixed = {} if by_cluster else {
        name: taken(points.rows) for name, taken in each.items() if not taken.of_parameters
    }  # fmt: skip
    for sample in range(n_samples):
        parameters = fit.draw(rng)
        drawn, drawn_labels = parameters.sample(points.n, rng)
        labels = _labels(points, parameters, rng) if by_cluster else None
        for name, taken in each.items():
            replicated = taken(drawn, parameters, drawn_labels)
            observed = fixed[name] if name in fixed else taken(points.rows, parameters, labels)
            rows[name].append((replicated, observed))
        told((sample + 1) / n_samples)
    return {
        name: Check(name, np.array([row[0] for row in pairs]),
                    fixed[name] if name in fixed else np.array([row[1] for row in pairs]), by_cluster)
        for name, pairs in rows.items()
    }  # fmt: skip


def _labels(points: Points, parameters: Parameters, rng: np.random.Generator) -> IntArray:
    """Draw the points' labels given the parameters, so that both data sets have labels of the same distribution."""
    labels = np.empty(points.n, dtype=np.int32)
    points.draw_labels(parameters.form(), int(rng.integers(_KEYS)), labels)
    return labels


@dataclass(frozen=True, slots=True)
class _Taken:
    """A statistic, and what it is taken of."""

    statistic: Statistic
    of_parameters: bool
    by_cluster: bool

    @classmethod
    def of(cls, statistic: str | Statistic, by_cluster: bool) -> _Taken:
        if isinstance(statistic, str):
            known = BY_CLUSTER if by_cluster else STATISTICS
            if statistic not in known:
                raise PhyMedError(f"There is no statistic {statistic!r}; there are {', '.join(known)}, or a function.")
            return cls(known[statistic], False, by_cluster)
        return cls(statistic, _n_arguments(statistic) > 1, by_cluster)

    def __call__(
        self, x: FloatArray, parameters: Parameters | None = None, labels: IntArray | None = None
    ) -> FloatArray:
        """Return (m,) float64; NaN of a cluster without points."""
        if not self.by_cluster:
            return self._one(x, parameters)
        assert parameters is not None and labels is not None
        found = np.full(len(parameters.pi), np.nan)
        for k in range(len(found)):
            own = x[labels == k]
            if len(own):
                values = self._one(own, parameters)
                found[k] = values[np.argmax(np.abs(values))]
        return found

    def _one(self, x: FloatArray, parameters: Parameters | None) -> FloatArray:
        value = self.statistic(x, parameters) if self.of_parameters else self.statistic(x)
        try:
            found = np.atleast_1d(np.asarray(value, dtype=np.float64))
        except (TypeError, ValueError):
            raise PhyMedError(f"A statistic must give numbers, not {type(value).__name__}.") from None
        if found.ndim != 1:
            raise PhyMedError(f"A statistic must give a number or a row of them, not an array {found.shape}.")
        return found


def _n_arguments(statistic: Statistic) -> int:
    """How many arguments must or can be given by place, 1 where that cannot be known (as of numpy's)."""
    try:
        found = inspect.signature(statistic).parameters.values()
    except (TypeError, ValueError):
        return 1
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(one.kind in places and one.default is inspect.Parameter.empty for one in found)


_MEANING = {
    ("max", 1): "The largest values are larger than any that the model makes: its tails are too light. Means and "
    "variances can be right all the same; look at the outliers, and expect heavy tails to show up as extra components.",
    ("min", -1): "The smallest values are smaller than any that the model makes: its tails are too light. Means and "
    "variances can be right all the same; look at the outliers, and expect heavy tails to show up as extra components.",
    ("max", -1): "The largest values are smaller than those that the model makes: its tails are too heavy, or the "
    "data were cut off above.",
    ("min", 1): "The smallest values are larger than those that the model makes: its tails are too heavy, or the data "
    "were cut off below.",
    ("mean", 1): "The data lie higher than the model puts them; it has not converged, or a prior holds it back.",
    ("mean", -1): "The data lie lower than the model puts them; it has not converged, or a prior holds it back.",
    ("variance", 1): "The data vary more than the model lets them: components are too narrow or too few.",
    ("variance", -1): "The data vary less than the model lets them: components are too wide.",
    ("skew", 1): "The data reach farther up than the model does: clusters are not Gaussian.",
    ("skew", -1): "The data reach farther down than the model does: clusters are not Gaussian.",
}


def _words(check: Check) -> str:
    signs = check.extreme
    places = np.flatnonzero(signs)
    if not places.size:
        return ""
    said = [_MEANING.get((check.name, sign), _own_words(check.name, sign)) for sign in (1, -1) if (signs == sign).any()]
    if signs.size == 1:
        return said[0]
    kind = "cluster" if check.by_cluster else "dimension"
    which = ", ".join(str(place) for place in places[:12]) + (", ..." if places.size > 12 else "")
    return f"In {kind}{'s' if places.size > 1 else ''} {which}: " + " ".join(dict.fromkeys(said))


def _own_words(name: str, sign: int) -> str:
    return f"{name} of the data is {'larger' if sign > 0 else 'smaller'} than the model makes it."


def tails_only(checks: Mapping[str, Check]) -> bool:
    """Whether of the built-in checks of all points the extremes alone, max or min, do not fit."""
    wrong = {name for name, check in checks.items() if name in STATISTICS and check.extreme.any()}
    return bool(wrong) and wrong <= {"max", "min"}
