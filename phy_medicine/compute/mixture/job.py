"""The job "mixture": spikes of a dataset, or points of a file, clustered by a model in a child process.

Inputs: "dataset", a description that `io.dataset_file` wrote, and "clusters", the present cluster of each spike; or
"points", (n, d). The fit is written into the registry; labels and certainties come back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from phy_medicine.compute.job_kinds import JobKind, register

if TYPE_CHECKING:
    from pathlib import Path

    from phy_medicine.base.types import AnyArray, FloatArray, IntArray
    from phy_medicine.compute.job_context import JobContext
    from phy_medicine.compute.mixture.fit import Fit, Progress
    from phy_medicine.compute.mixture.settings import MixtureSettings, SweepSettings

FOLDER = "mixture"
_READ, _FITTED = 0.2, 0.9

register(
    JobKind(
        "mixture",
        "Cluster by a model",
        "phy_medicine.compute.mixture.settings:MixtureSettings",
        "phy_medicine.compute.mixture.job:run",
        help="Clusters spikes by a mixture of Gaussians. The fit goes into a registry, and nothing of the clusters "
        "changes before you say so.",
        inputs=("dataset", "clusters"),
    )
)


def run(context: JobContext) -> Mapping[str, AnyArray]:
    """Fit a model to the inputs; see `compute.worker`.

    Returns `spike_ids` (n,), which are the rows of the file for points, `labels` (n,) int32 without gaps, and
    `certainty` (n,) float32.
    """
    import numpy as np

    from phy_medicine.compute.mixture.assignments import find_cluster_assignments
    from phy_medicine.compute.mixture.experiments import save_experiment

    settings: MixtureSettings = context.settings
    x, spike_ids, root = points_of(context)
    rng = np.random.default_rng(context.seed)
    n = len(x)
    rows = np.arange(n) if n <= settings.most_spikes else np.sort(rng.choice(n, settings.most_spikes, replace=False))
    context.log(f"{n:,} spikes, {x.shape[1]} features; {len(rows):,} are fitted.")
    fit = _fit(settings, x[rows], context.seed, lambda f, m: context.progress(_READ + (_FITTED - _READ) * f, m))
    context.progress(_FITTED, "Labels")
    burn_in = fit.burn_in if fit.burn_in < 1 else 0.0
    fitted = find_cluster_assignments(fit, x[rows], burn_in)
    everyone = fitted if len(rows) == n else find_cluster_assignments(fit, x, burn_in)
    context.check_cancelled()
    name = save_experiment(root, fit, x[rows], name=settings.title, spike_ids=spike_ids[rows], assignments=fitted)
    sizes = np.bincount(everyone.labels, minlength=len(everyone.components)).tolist()
    groups = "1 group" if len(sizes) == 1 else f"{len(sizes)} groups"
    context.log(f"{groups} of {', '.join(f'{size:,}' for size in sizes)} spikes.")
    context.facts.update(
        experiment=name, root=str(root), method=settings.model, n_groups=len(sizes), sizes=sizes,
        mean_certainty=float(everyone.certainty.mean()), **{k: v for k, v in fit.facts.items() if k == "elbo"},
    )  # fmt: skip
    return {
        "spike_ids": spike_ids, "labels": everyone.labels, "certainty": everyone.certainty.astype(np.float32)
    }  # fmt: skip


def points_of(context: JobContext) -> tuple[FloatArray, IntArray, Path]:
    """Return points (n, d) of the inputs, their spikes, and the folder of the registry, as the settings say.

    Raises
    ------
    PhyMedError : no such cluster, nothing to make points of, or points of a file without a folder for the registry
    """
    from pathlib import Path

    import numpy as np

    from phy_medicine.base.errors import PhyMedError
    from phy_medicine.compute.mixture.dataset_features import dataset_features
    from phy_medicine.compute.mixture.points import as_points
    from phy_medicine.io.dataset_file import open_dataset

    settings: MixtureSettings | SweepSettings = context.settings
    if "points" in context.inputs:
        if not settings.root:
            raise PhyMedError("Points of a file have no dataset beside them: name a folder for the registry, root.")
        points = as_points(np.asarray(context.inputs["points"]))
        return points, np.arange(len(points)), Path(settings.root)
    described = context.inputs["dataset"]
    assert isinstance(described, Path)
    model = open_dataset(described)
    labels = np.asarray(context.inputs["clusters"])
    wanted = settings.cluster_ids()
    missing = [c for c in wanted if not np.any(labels == c)]
    if missing:
        raise PhyMedError(f"There is no cluster {missing[0]}.")
    spikes = np.flatnonzero(np.isin(labels, wanted)) if wanted else np.arange(len(labels))
    found = dataset_features(
        model, spikes, settings.best_channels, seed=context.seed,
        progress=lambda fraction, message: context.progress(_READ * fraction, message),
    )  # fmt: skip
    channels = ", ".join(map(str, found.channel_ids.tolist()))
    context.log(f"By the {found.source} on the channels {channels}.")
    context.facts["channel_ids"] = found.channel_ids.tolist()
    root = Path(settings.root) if settings.root else model.dir_path / ".phy_medicine" / FOLDER
    return found.x, found.spike_ids, root


def _fit(settings: MixtureSettings, x: FloatArray, seed: int, progress: Progress) -> Fit:
    from phy_medicine.compute.mixture import dpmm, gmm
    from phy_medicine.compute.mixture.fit import DPMM

    if settings.model == DPMM.lower():
        return dpmm.fit(
            x, min(settings.components, len(x)), settings.alpha, n_iter=settings.n_iter, n_init=settings.n_init,
            covariance=settings.covariance, fixed_variance=settings.fixed_variance,
            engine=dpmm.SKLEARN if settings.scikit_learn else dpmm.NATIVE, seed=seed, progress=progress,
        )  # fmt: skip
    return gmm.fit(
        x, settings.components, samples=settings.samples, burn_in=settings.burn_in, thin=settings.thin,
        chains=settings.chains, covariance=settings.covariance,
        engine=gmm.SKLEARN if settings.scikit_learn else gmm.GIBBS, seed=seed, progress=progress,
    )  # fmt: skip
