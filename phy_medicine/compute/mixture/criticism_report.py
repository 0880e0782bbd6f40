"""The report of a fit: one HTML file that says how far the model can be believed."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.localize.figure_parts import new_figure
from phy_medicine.compute.mixture import criticism_figures as figures
from phy_medicine.compute.mixture.checks import N_SAMPLES, STATISTICS, Check, Statistic, ppcs, tails_only
from phy_medicine.compute.mixture.convergence import GIBBS, Convergence, convergence
from phy_medicine.compute.mixture.fit import Fit
from phy_medicine.compute.mixture.likelihood import (
    Criteria,
    HeldOut,
    Likelihood,
    Swept,
    criteria,
    fitted_again,
    held_out_log_likelihood,
    log_likelihood,
    mean_squared_error,
    sweep,
)
from phy_medicine.compute.mixture.points import as_points
from phy_medicine.compute.mixture.trace import Trace
from phy_medicine.compute.pipeline.page import page, section, tile
from phy_medicine.compute.pipeline.report_figures import picture
from phy_medicine.io.durable import replace_file

REPORT = "criticism.html"
MOST_POINTS = 20_000
"""Points that are checked; of more a random part is."""
_MOST_PANELS = 16
_CLUSTER_SAMPLES = 400
_DOUBTFUL = 0.6
_TAILS = (
    "Only the extremes do not fit: the tails of the model are wrong, while its means and variances are right. What is "
    "said of typical spikes holds; outliers do not, nor does a probability of a spike far away from all means."
)

Told = Callable[[float, str], object]


@dataclass(frozen=True, slots=True)
class Criticism:
    """What is known of a fit beyond its parameters.

    labels : (n,), groups of all points; certainty : (n,), probability of each one's group
    checks, by_cluster : posterior predictive checks, on `n_checked` of the points
    held_out : None, and swept empty, if not asked for
    """

    labels: IntArray
    certainty: FloatArray
    likelihood: Likelihood
    error: float
    criteria: Criteria
    convergence: Convergence
    checks: Mapping[str, Check]
    by_cluster: Mapping[str, Check]
    n_checked: int
    held_out: HeldOut | None
    swept: Sequence[Swept]

    @property
    def wrong(self) -> tuple[Check, ...]:
        """Checks that the model fails."""
        return tuple(one for one in [*self.checks.values(), *self.by_cluster.values()] if one.extreme.any())

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain values; a p-value that is not known is None."""
        return {
            "converged": self.convergence.good,
            "r_hat": {row.name: _plain(row.r_hat) for row in self.convergence.mixing},
            "effective": {row.name: _plain(row.effective) for row in self.convergence.mixing},
            "log_likelihood": self.likelihood.total, "log_density": self.likelihood.per_point, "mse": self.error,
            "bic": self.criteria.bic, "icl": self.criteria.icl,
            "held_out": None if self.held_out is None else self.held_out.mean,
            "compared": {row.k: {"bic": row.criteria.bic, "icl": row.criteria.icl} for row in self.swept},
            "p_values": {name: list(map(_plain, check.p_values)) for name, check in self.checks.items()},
            "p_values_by_cluster": {name: list(map(_plain, one.p_values)) for name, one in self.by_cluster.items()},
        }  # fmt: skip


def criticize(
    fit: Fit,
    x: AnyArray,
    *,
    statistics: Mapping[str, Statistic] | None = None,
    n_samples: int = N_SAMPLES,
    folds: int = 0,
    ks: Sequence[int] = (),
    seed: int = 0,
    told: Told = lambda _fraction, _words: None,
) -> Criticism:
    """Return likelihoods, convergence and checks of a fit.

    Parameters
    ----------
    x : (n, d), the points it was fitted to
    statistics : more statistics than the built-in ones, `T(x)` or `T(x, parameters)` by name
    n_samples : data sets drawn for a check
    folds : of held-out points, each of which takes another fit; 0 for none
    ks : numbers of components to compare by their criteria
    told : how much is done, 0 to 1, and what is going on

    Raises
    ------
    PhyMedError : points that do not suit the fit, or statistics that give no numbers
    """
    points = as_points(x, fit.d)
    told(0.0, "Likelihood")
    shares = fit.responsibilities(points)
    rng = np.random.default_rng(seed)
    some = points
    if len(points) > MOST_POINTS:
        some = points[np.sort(rng.choice(len(points), MOST_POINTS, replace=False))]
    likelihood, converged = log_likelihood(fit, points), convergence(fit)
    own = criteria(fit, points)
    wanted: dict[str, str | Statistic] = {name: name for name in STATISTICS} | dict(statistics or {})
    checks = ppcs(fit, some, wanted, n_samples, rng, told=lambda part: told(0.1 + 0.4 * part, "Checks"))
    # Fewer samples could not call one of many clusters extreme.
    n_cluster = min(n_samples, max(_CLUSTER_SAMPLES, 41 * fit.k))
    names = {name: name for name in ("mean", "variance", "skew", "max", "min")}
    by_cluster = ppcs(
        fit, some, names, n_cluster, rng, by_cluster=True, told=lambda part: told(0.5 + 0.3 * part, "Checks by cluster")
    )
    held = None
    if folds:
        told(0.8, "Held-out points")
        held = held_out_log_likelihood(points, fitted_again(fit), folds=folds, seed=seed)
    told(0.9, "Numbers of components")
    swept = sweep(points, ks, seed=seed) if ks else ()
    return Criticism(
        np.asarray(shares.argmax(axis=1), dtype=np.int32), shares.max(axis=1), likelihood,
        mean_squared_error(fit, points), own, converged, checks, by_cluster, len(some), held, swept,
    )  # fmt: skip


def criticism_report(fit: Fit, found: Criticism, *, name: str, params: Mapping[str, Any] | None = None) -> str:
    """Return the page of a fit.

    Parameters
    ----------
    found : of `criticize`; name : of the fit; params : what else is known of how it was made
    """
    subtitle = f"{fit.model} fitted by {fit.engine} to {fit.n:,} points in {fit.d} dimensions"
    sections = [
        section("What stands out", "", _list(stands_out(found))), _groups(fit, found),
        _convergence(fit, found.convergence), *_parameters(fit), _checks(found), _by_cluster(found),
        _likelihood(found), _how(fit, params or {}),
    ]  # fmt: skip
    return page(f"Criticism of {name}", subtitle, _tiles(found), sections)


def write_criticism(path: Path, fit: Fit, x: AnyArray, *, name: str, **options: Any) -> Criticism:
    """Criticise a fit, write the page, and return what was found; options are those of `criticize` and `params`."""
    params = options.pop("params", None)
    found = criticize(fit, x, **options)
    replace_file(path, criticism_report(fit, found, name=name, params=params).encode())
    return found


def _tiles(found: Criticism) -> Iterable[str]:
    n_checks = len(found.checks) + len(found.by_cluster)
    yield tile(f"{len(np.unique(found.labels))}", "groups")
    yield tile(f"{found.certainty.mean():.1%}", "mean certainty of a point's group")
    yield tile(f"{found.likelihood.per_point:.3f}", "log density of a point")
    yield tile(f"{found.error:.3g}", "mean squared error")
    yield tile("yes" if found.convergence.good else "no", "converged")
    yield tile(f"{n_checks - len(found.wrong)} of {n_checks}", "checks passed")


def stands_out(found: Criticism) -> list[str]:
    """Return what a reader should know of a fit first, in sentences."""
    said = list(found.convergence.words)
    if tails_only(found.checks):
        said.append(_TAILS)
    for check in found.checks.values():
        if check.words:
            said.append(f"{_heading(check)} ({check.p_text()}). {check.words}")
    for check in found.by_cluster.values():
        if check.words:
            said.append(f"{_heading(check)}, cluster by cluster. {check.words}")
    if not found.wrong:
        said.append("No check is extreme: by these statistics, data drawn from the model look like the data.")
    doubtful = float((found.certainty < _DOUBTFUL).mean())
    said.append(f"{doubtful:.1%} of the points have a group that is less than {_DOUBTFUL:.0%} certain.")
    return said


def _heading(check: Check) -> str:
    return check.name[:1].upper() + check.name[1:]


def _groups(fit: Fit, found: Criticism) -> str:
    figure = new_figure(10.4, 2.8)
    figures.cluster_counts(found.labels, ax=figure.subplots())
    rows = []
    for group in range(fit.k):
        own = found.labels == group
        certainty = f"{found.certainty[own].mean():.1%}" if own.any() else ""
        rows.append((f"{group}", f"{own.sum():,}", f"{own.mean():.1%}", f"{fit.point.pi[group]:.1%}", certainty))
    table = _table(("Group", "Points", "Share", "Weight", "Mean certainty"), rows)
    return section(
        "Groups", "Each point belongs to its most probable component. Share: of the points; weight: of the component "
        "in the model. Where the two differ much, components overlap.", _image(figure, "Sizes of the groups") + table,
    )  # fmt: skip


def _convergence(fit: Fit, found: Convergence) -> str:
    figure = new_figure(10.4, 2.8)
    if fit.engine == GIBBS:
        figures.joint_plot(fit.chains, burn_in=fit.burn_in, ax=figure.subplots())
        rows = [
            (row.name, f"{row.r_hat:.3f}", f"{row.effective:,.0f}", "yes" if row.good else "no") for row in found.mixing
        ]
        words = (
            "Log density of points, labels and parameters together, a colour for each chain; the shaded part is left "
            "out. R-hat compares halves of chains, 1 is converged; effective samples are independent ones that would "
            "tell as much about the mean."
        )
        table = _table(("Quantity", "R-hat", "Effective samples", "Good"), rows)
    else:
        figures.bound_plot(found.bound, ax=figure.subplots())
        words, table = "What the fit climbed, iteration by iteration.", ""
    return section("Convergence", words, _image(figure, "Convergence") + table)


def _parameters(fit: Fit) -> Iterable[str]:
    if not fit.chains:
        return
    gibbs = fit.engine == GIBBS
    trace, burn_in = fit.trace, fit.burn_in if gibbs else 0.0
    if gibbs:
        trace = trace.relabel(fit.point.mu)
    some = _first_components(trace)
    more = "" if some is trace else f" The {_MOST_PANELS} first components of {trace.pi.shape[1]} are shown."
    style: dict[str, Any] = {"burn_in": burn_in, "columns": 5}
    parts = [
        _image(figures.params_over_iterations(some, name, **style), f"{name} over iterations") for name in ("pi", "mu")
    ]
    for name, words in (("pi", "the weights"), ("mu", "the means")) if gibbs else ():
        picture_of = _image(figures.params_distribution(some, name, **style), f"Distribution of {name}")
        parts.append(f"<details><summary>Distribution of {words} after the burn-in</summary>{picture_of}</details>")
    yield section(
        "Parameters", "Weights, and means with a line for each dimension, over the iterations of the first chain; the "
        f"burn-in is shaded. Lines that drift or jump are not converged.{more}", "".join(parts),
    )  # fmt: skip


def _first_components(trace: Trace) -> Trace:
    if trace.pi.shape[1] <= _MOST_PANELS:
        return trace
    arrays = trace.arrays()
    return Trace(**{
        name: array if name == "log_joint" else array[:, :_MOST_PANELS] for name, array in arrays.items()
    })  # fmt: skip


def _checks(found: Criticism) -> str:
    single = [check for check in found.checks.values() if check.replicated.shape[1] == 1]
    several = [check for check in found.checks.values() if check.replicated.shape[1] > 1]
    panels = len(single) + len(several)
    columns = min(panels, 3)
    figure = new_figure(10.4, 2.7 * -(-panels // columns))
    axes = figures.grid_for(figure.subplots(-(-panels // columns), columns, squeeze=False), panels)
    for check, axis in zip(single, axes, strict=False):
        figures.ppc_plot(check, ax=axis)
    for check, axis in zip(several, axes[len(single) :], strict=True):
        figures.p_values_plot(check, ax=axis)
    n_samples = len(next(iter(found.checks.values())).replicated)
    return section(
        "Posterior predictive checks", f"{n_samples:,} data sets of {found.n_checked:,} points were drawn from the "
        "model; the line is the statistic of the data. p is the part of the data sets with at least as large a "
        "statistic. p-values of what the model was fitted to, such as the mean, gather near a half even where the "
        "model is wrong; those near 0 or 1 are what to look at, and are red where chance alone would give them in "
        "fewer than one check of twenty.", _image(figure, "Posterior predictive checks"),
    )  # fmt: skip


def _by_cluster(found: Criticism) -> str:
    names = list(found.by_cluster)
    rows = []
    for cluster in range(next(iter(found.by_cluster.values())).replicated.shape[1]):
        cells = [f"{cluster}"]
        for check in found.by_cluster.values():
            value, wrong = check.p_values[cluster], bool(check.extreme[cluster])
            text = "" if np.isnan(value) else f"{value:.3f}"
            cells.append(f"<b style='color:#d1495b'>{text}</b>" if wrong else text)
        rows.append(tuple(cells))
    table = _table(("Cluster", *names), rows)
    return section(
        "Checks by cluster", "p-values of the same statistics of the points of each cluster, clusters drawn given the "
        "parameters; of the skew, that of the dimension which is skewed most. Red ones are extreme: such a cluster is "
        "not Gaussian, or is more than one.", f'<div class="scroll">{table}</div>',
    )  # fmt: skip


def _likelihood(found: Criticism) -> str:
    likelihood, own = found.likelihood, found.criteria
    rows = [
        ("Log likelihood, mean over the posterior", f"{likelihood.total:,.1f} ± {likelihood.spread:,.1f}"),
        ("of a point", f"{likelihood.per_point:.4f}"),
        ("highest", f"{own.log_likelihood:,.1f}"),
        ("Free parameters", f"{own.n_parameters:,}"),
        ("BIC", f"{own.bic:,.1f}"),
        ("ICL", f"{own.icl:,.1f}"),
        ("Mean squared error", f"{found.error:.5g}"),
    ]
    if found.held_out is not None:
        held = found.held_out
        rows.append((
            f"Held-out log density of a point, {len(held.per_fold)} folds",
            f"{held.mean:.4f} ± {held.standard_error:.4f}",
        ))  # fmt: skip
    content = _table(("", "Value"), rows)
    if found.swept:
        figure = new_figure(10.4, 3.2)
        figures.sweep_plot(found.swept, ax=figure.subplots())
        content += _image(figure, "Numbers of components")
    return section(
        "Likelihood", "Labels are summed out. BIC and ICL are lower for better numbers of components; ICL counts "
        "overlap against a model. Held-out points were not seen by the fit that they are scored by.", content,
    )  # fmt: skip


def _how(fit: Fit, params: Mapping[str, Any]) -> str:
    facts = {
        "model": fit.model, "engine": fit.engine, "points": fit.n, "dimensions": fit.d, "seed": fit.seed,
        "seconds": round(fit.seconds, 2), "version": fit.version, **dict(fit.settings), "prior": fit.prior.to_dict(),
        **dict(fit.facts), **dict(params),
    }  # fmt: skip
    pairs = "".join(
        f"<dt>{html.escape(str(name))}</dt><dd>{html.escape(_text(value))}</dd>" for name, value in facts.items()
    )
    return section("How it was made", "", f"<dl>{pairs}</dl>")


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _image(figure: Any, words: str) -> str:
    return f'<img alt="{html.escape(words)}" src="{picture(figure)}">'


def _list(sentences: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{html.escape(sentence)}</li>' for sentence in sentences)}</ul>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th{' class=text' if not k else ''}>{one}</th>" for k, one in enumerate(heads))
    body = "".join(
        "<tr>" + "".join(f"<td{' class=text' if not k else ''}>{cell}</td>" for k, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
