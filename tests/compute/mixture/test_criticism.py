"""Criticism: chains that agree or not, checks that are fair, tails that are noticed, a page that says so."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest, multivariate_normal, skew

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.mixture import criticism, dpmm, gmm
from phy_medicine.compute.mixture.criticism_report import REPORT
from phy_medicine.compute.mixture.prior import Prior


def clusters(n=400, k=2, d=2, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.integers(k, size=n)
    return 6.0 * z[:, None] + rng.normal(size=(n, d)), z


@pytest.fixture(scope="module")
def two():
    x, z = clusters()
    return x, z, gmm.fit(x, 2, samples=600, seed=1, chains=2)


@pytest.fixture(scope="module")
def heavy():
    rng = np.random.default_rng(3)
    x = rng.standard_t(2.5, size=(500, 2))
    return x, gmm.fit(x, 1, samples=300, seed=0)


# Convergence


def test_independent_chains_agree_and_count_as_many_as_they_are():
    draws = np.random.default_rng(0).normal(size=(4, 2000))
    assert criticism.split_r_hat(draws) == pytest.approx(1.0, abs=0.005)
    assert criticism.effective_sample_size(draws) == pytest.approx(8000, rel=0.08)


@pytest.mark.parametrize("phi", [0.9, 0.5, -0.5])
def test_effective_samples_of_correlated_draws_are_those_of_theory(phi):
    rng = np.random.default_rng(1)
    draws = np.zeros((4, 20_000))
    for t in range(1, draws.shape[1]):
        draws[:, t] = phi * draws[:, t - 1] + rng.normal(size=4)
    assert criticism.effective_sample_size(draws) == pytest.approx(80_000 * (1 - phi) / (1 + phi), rel=0.1)


def test_a_chain_that_is_stuck_elsewhere_is_noticed():
    draws = np.random.default_rng(0).normal(size=(4, 500))
    draws[3] = 5.0
    assert criticism.split_r_hat(draws) > 1.5
    assert criticism.effective_sample_size(draws) < 20


def test_a_chain_that_wanders_off_is_noticed_alone():
    draws = np.random.default_rng(0).normal(size=(1, 500)) + np.linspace(0, 5, 500)
    assert criticism.split_r_hat(draws) > 1.5


def test_chains_that_never_move_have_no_finite_r_hat():
    still = np.tile(np.array([[1.0], [2.0]]), 10)
    assert criticism.split_r_hat(still) == np.inf
    assert np.isnan(criticism.split_r_hat(still[:1])) and np.isnan(criticism.effective_sample_size(still[:1]))


@given(st.integers(1, 4), st.integers(4, 30), st.integers(0, 10_000))
def test_split_r_hat_is_what_its_definition_says(m, n, seed):
    draws = np.random.default_rng(seed).normal(size=(m, n))
    halves = [part for row in draws for part in (list(row[: n // 2]), list(row[n - n // 2 :]))]
    size = len(halves[0])
    means = [sum(half) / size for half in halves]
    within = sum(
        sum((v - mean) ** 2 for v in half) / (size - 1) for half, mean in zip(halves, means, strict=True)
    ) / len(halves)
    grand = sum(means) / len(means)
    between = size * sum((mean - grand) ** 2 for mean in means) / (len(means) - 1)
    expected = (((size - 1) / size * within + between / size) / within) ** 0.5
    assert criticism.split_r_hat(draws) == pytest.approx(expected)


def test_a_fit_that_has_converged_says_so_and_one_with_another_answer_in_each_chain_does_not(two):
    _, _, fit = two
    found = criticism.convergence(fit)
    assert found.good and [row.name for row in found.mixing] == ["log joint", "weight 1", "weight 2"]
    assert found.words[0].startswith("The 2 chains agree")
    moved = fit.chains[1].log_joint + 500
    other = type(fit.chains[1])(**fit.chains[1].arrays() | {"log_joint": moved})
    apart = criticism.convergence(_with_chains(fit, (fit.chains[0], other)))
    assert not apart.good and "Not converged: log joint." in apart.words[0]


def _with_chains(fit, chains):
    from dataclasses import replace

    return replace(fit, chains=chains)


def test_a_variational_fit_says_whether_its_bound_still_rose():
    x, _ = clusters(300, 3)
    done, begun = dpmm.fit(x, 6, engine="native"), dpmm.fit(x, 6, n_iter=2, engine="native")
    assert "stopped rising" in criticism.convergence(done).words[0] and criticism.convergence(done).good
    assert "still rising after 2 iterations" in criticism.convergence(begun).words[0]


# Likelihoods


def test_the_log_likelihood_is_the_mean_over_the_draws_of_the_densities_sum(two):
    x, _, fit = two
    found = criticism.log_likelihood(fit, x, n_draws=20)
    totals = [
        np.log(sum(
            pi * multivariate_normal(mu, np.diag(sigma2)).pdf(x)
            for pi, mu, sigma2 in zip(draw.pi, draw.mu, draw.sigma2, strict=True)
        )).sum()
        for draw in fit.draws(20)
    ]  # fmt: skip
    assert found.total == pytest.approx(np.mean(totals)) and found.spread == pytest.approx(np.std(totals))
    assert found.per_point == pytest.approx(found.total / 400)


def test_held_out_points_are_scored_by_fits_that_did_not_see_them(two):
    x, _, _ = two
    seen = []

    def fit_to(part):
        seen.append(part)
        return gmm.fit(part, 2, engine="sklearn")

    found = criticism.held_out_log_likelihood(x, fit_to, folds=4)
    assert [len(part) for part in seen] == [300] * 4 and found.per_fold.shape == (4,)
    left = [set(map(tuple, x)) - set(map(tuple, part)) for part in seen]
    assert set.union(*left) == set(map(tuple, x)) and sum(map(len, left)) == 400
    assert found.mean == pytest.approx(gmm.fit(x, 2, engine="sklearn").log_density(x).mean(), abs=0.1)
    with pytest.raises(PhyMedError, match="choose between 2"):
        criticism.held_out_log_likelihood(x, fit_to, folds=1)


@pytest.mark.parametrize("make", [
    lambda x: gmm.fit(x, 2, samples=20, chains=2, seed=4, covariance="full", burn_in=0.5),
    lambda x: gmm.fit(x, 2, seed=4, engine="sklearn"),
    lambda x: dpmm.fit(x, 4, seed=4, engine="native"),
    lambda x: dpmm.fit(x, 4, seed=4, engine="sklearn"),
])  # fmt: skip
def test_a_fit_is_made_again_with_its_own_settings(make):
    x, _ = clusters(200)
    fit = make(x)
    again = criticism.fitted_again(fit)(x)
    assert again.trace.mu.tobytes() == fit.trace.mu.tobytes() and dict(again.settings) == dict(fit.settings)


def test_the_squared_error_is_that_to_the_mean_of_each_points_component(two):
    x, z, fit = two
    order = fit.point.mu[:, 0].argsort()
    expected = ((x - fit.point.mu[order[z]]) ** 2).mean()
    assert criticism.mean_squared_error(fit, x) == pytest.approx(expected)


def test_bic_counts_every_free_parameter_and_icl_adds_overlap(two):
    x, _, fit = two
    diag, full = criticism.criteria(fit, x), criticism.criteria(gmm.fit(x, 2, samples=40, covariance="full"), x)
    assert (diag.n_parameters, full.n_parameters) == (1 + 4 + 4, 1 + 4 + 6)
    assert diag.bic == pytest.approx(9 * np.log(400) - 2 * diag.log_likelihood)
    assert 0 <= diag.icl - diag.bic < 5
    one, _ = clusters(400, 1)
    overlapping = criticism.criteria(gmm.fit(one, 2, samples=40), one)
    assert overlapping.icl - overlapping.bic > 50


def test_a_sweep_finds_the_number_of_components():
    x, _ = clusters(300, 3)
    found = criticism.sweep(x, (1, 2, 3, 4), folds=2)
    assert min(found, key=lambda row: row.criteria.bic).k == 3 == min(found, key=lambda row: row.criteria.icl).k
    held = [row.held_out.mean for row in found]
    assert held[2] > held[1] + 0.1 > held[0] + 0.1
    with pytest.raises(PhyMedError, match="at least one number"):
        criticism.sweep(x, ())


# Posterior predictive checks


def test_p_values_of_data_drawn_from_the_model_are_uniform():
    x, _ = clusters(60)
    fit = gmm.fit(x, 2, samples=60, seed=2)
    rng = np.random.default_rng(5)
    names = {"max": "max", "mean": "mean", "skew": "skew"}
    found = {name: [] for name in names}
    for _ in range(200):
        drawn, _ = fit.draw(rng).sample(60, rng)
        for name, check in criticism.ppcs(fit, drawn, names, 60, rng).items():
            found[name].append(check.p_values[0])
    for name, p_values in found.items():
        # A p-value is one of 61 steps; spread over its step it is uniform exactly.
        spread = (np.array(p_values) * 60 + rng.random(200)) / 61
        assert kstest(spread, "uniform").pvalue > 0.01, name


def test_heavy_tails_flag_the_extremes_and_the_page_says_what_they_mean(heavy):
    x, fit = heavy
    found = criticism.ppcs(fit, x, {"max": "max", "min": "min", "mean": "mean"}, 300)
    assert found["max"].p_value == 0 and found["max"].extreme.tolist() == [1]
    assert found["min"].p_value == 1 and found["min"].extreme.tolist() == [-1]
    assert found["mean"].words == "" and criticism.tails_only(found)
    assert "tails are too light" in found["max"].words and found["max"].p_text() == "p < 0.0033"


def test_gaussian_data_flag_nothing(two):
    x, _, fit = two
    found = criticism.ppcs(fit, x, {name: name for name in criticism.STATISTICS}, 300)
    assert not any(check.extreme.any() for check in found.values()) and not criticism.tails_only(found)


def test_a_p_value_is_the_part_of_drawn_data_sets_that_reach_the_statistic(two):
    x, _, fit = two
    check = criticism.ppc(fit, x, lambda points: points[:, 0].max(), 50, np.random.default_rng(1))
    reached = sum(value >= x[:, 0].max() for value in check.replicated[:, 0])
    assert check.p_value == reached / 50 and check.observed.tolist() == [x[:, 0].max()]


def test_built_in_statistics_are_those_of_numpy_and_scipy():
    x = np.random.default_rng(0).gamma(2.0, size=(50, 3))
    taken = {name: statistic(x) for name, statistic in criticism.STATISTICS.items()}
    assert (taken["mean"], taken["max"], taken["min"]) == (x.mean(), x.max(), x.min())
    np.testing.assert_allclose(taken["variance"], x.var(axis=0))
    np.testing.assert_allclose(taken["skew"], skew(x, axis=0))


def test_a_statistic_of_parameters_compares_both_data_sets_under_the_same_draw(two):
    x, _, fit = two

    def distance(points, parameters):
        return -parameters.log_density(points).mean()

    check = criticism.ppc(fit, x, distance, 40)
    assert check.observed.shape == check.replicated.shape == (40, 1) and np.ptp(check.observed) > 0
    assert 0.02 < check.p_value < 0.98


def test_checks_by_cluster_find_the_cluster_with_the_tails():
    rng = np.random.default_rng(0)
    x = np.vstack([rng.normal(size=(300, 2)), 40 + rng.standard_t(2.5, size=(300, 2))])
    fit = gmm.fit(x, 2, samples=100, prior=Prior(s0=40.0, b=0.1))
    check = criticism.ppc(fit, x, "max", 200, by_cluster=True)
    tailed = int(fit.point.mu[:, 0].argmax())
    assert check.extreme[tailed] == 1 and check.extreme[1 - tailed] == 0
    assert check.words.startswith(f"In cluster {tailed}: The largest values are larger")


def test_an_empty_cluster_is_left_out_of_its_check():
    x, _ = clusters(40)
    fit = gmm.fit(x, 6, samples=60)
    check = criticism.ppc(fit, x, "mean", 60, by_cluster=True)
    assert np.isnan(check.replicated).any() or np.isnan(check.observed).any()
    assert ((check.p_values >= 0) & (check.p_values <= 1) | np.isnan(check.p_values)).all()


@pytest.mark.parametrize(
    ("statistic", "words"),
    [("median", "There is no statistic 'median'"), (lambda x: "high", "must give numbers"),
     (lambda x: x, "a number or a row of them")],
)  # fmt: skip
def test_statistics_that_make_no_sense_are_refused(two, statistic, words):
    x, _, fit = two
    with pytest.raises(PhyMedError, match=words):
        criticism.ppc(fit, x, statistic, 5)


# Figures and the page


def test_a_panel_for_each_component_has_a_line_for_each_dimension_and_the_burn_in(two):
    _, _, fit = two
    figure = criticism.params_over_iterations(fit.trace, "mu", burn_in=0.5)
    assert [len(axes.lines) for axes in figure.axes] == [2, 2]
    assert [axes.patches[0].get_width() for axes in figure.axes] == [300.0, 300.0]
    assert [len(axes.lines) for axes in criticism.params_over_iterations(fit.trace, "pi").axes] == [1, 1]
    assert len(criticism.params_distribution(fit.trace, "sigma2").axes) == 2
    with pytest.raises(PhyMedError, match="2 panels; it was given 1"):
        criticism.params_over_iterations(fit.trace, "mu", ax=[figure.axes[0]])
    with pytest.raises(PhyMedError, match="no parameter 'nu'"):
        criticism.params_over_iterations(fit.trace, "nu")


def test_counts_are_written_on_their_bars_in_the_colours_of_the_groups():
    from phy_medicine.compute.mixture.canvas import group_color

    bars = criticism.cluster_counts([4, 4, 4, 1])
    axes = bars.patches[0].axes
    assert [text.get_text() for text in axes.texts] == ["1", "3"]
    assert [bar.get_facecolor()[:3] for bar in bars] == [group_color(1), group_color(4)]


def test_a_check_is_drawn_as_a_histogram_with_the_p_value_in_red_if_extreme(heavy):
    x, fit = heavy
    axes = criticism.ppc_plot(criticism.ppc(fit, x, "max", 200))
    assert axes.get_title() == "max: p < 0.005"
    assert axes.lines[0].get_xdata()[0] == x.max()
    calm = criticism.ppc_plot(criticism.ppc(fit, x, "mean", 200))
    assert calm.lines[0].get_color() != axes.lines[0].get_color()


def test_a_page_is_one_file_with_everything_in_it(heavy, tmp_path):
    x, fit = heavy
    told = []
    found = criticism.write_criticism(
        tmp_path / REPORT, fit, x, name="a <fit>", n_samples=90, ks=(1, 2), folds=2, params={"data": "abc"},
        statistics={"range": lambda points: np.ptp(points)}, told=lambda part, words: told.append(part),
    )  # fmt: skip
    page = (tmp_path / REPORT).read_text("utf-8")
    sources = re.findall(r'src="([^"]*)"', page)
    assert len(sources) >= 6 and all(source.startswith("data:image/png;base64,iVBOR") for source in sources)
    assert "href=" not in page and "a &lt;fit&gt;" in page and "<dd>abc</dd>" in page
    assert "tails are too light" in page and "range of the data is larger" in page
    assert found.held_out is not None and len(found.swept) == 2 and told == sorted(told)
