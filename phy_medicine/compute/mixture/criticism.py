"""Criticism of a fit, in one place: traces, sizes, likelihoods, convergence, posterior predictive checks, a report."""

from phy_medicine.compute.mixture.checks import STATISTICS, Check, ppc, ppcs, tails_only
from phy_medicine.compute.mixture.convergence import (
    Convergence,
    Mixing,
    convergence,
    effective_sample_size,
    split_r_hat,
)
from phy_medicine.compute.mixture.criticism_figures import (
    bound_plot,
    cluster_counts,
    joint_plot,
    p_values_plot,
    params_distribution,
    params_over_iterations,
    ppc_plot,
    sweep_plot,
)
from phy_medicine.compute.mixture.criticism_report import (
    Criticism,
    criticism_report,
    criticize,
    stands_out,
    write_criticism,
)
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

__all__ = [
    "STATISTICS", "Check", "Convergence", "Criteria", "Criticism", "HeldOut", "Likelihood", "Mixing", "Swept",
    "bound_plot", "cluster_counts", "convergence", "criteria", "criticism_report", "criticize",
    "effective_sample_size", "fitted_again", "held_out_log_likelihood", "joint_plot", "log_likelihood",
    "mean_squared_error", "p_values_plot", "params_distribution", "params_over_iterations", "ppc", "ppc_plot",
    "ppcs", "split_r_hat", "stands_out", "sweep", "sweep_plot", "tails_only", "write_criticism",
]  # fmt: skip
