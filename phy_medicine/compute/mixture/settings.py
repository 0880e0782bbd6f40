"""What can be said of a mixture fitted as a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import setting
from phy_medicine.compute.mixture.fit import DPMM, GMM
from phy_medicine.compute.mixture.prior import COVARIANCES, FULL


@dataclass(frozen=True, slots=True)
class MixtureSettings:
    """Which spikes are clustered, and by what model."""

    first: ClassVar[tuple[str, ...]] = ("clusters", "model", "components", "covariance", "best_channels")

    clusters: str = setting("", "Clusters whose spikes are clustered anew, such as 3, 7; empty is all spikes")
    model: str = setting(
        DPMM.lower(), "dpmm finds how many components there are; gmm has as many as you say, and samples them",
        choices=(DPMM.lower(), GMM.lower()),
    )  # fmt: skip
    components: int = setting(6, "Components of a gmm, and the most of a dpmm", minimum=1, maximum=500)
    covariance: str = setting(FULL, "full: components may be tilted; diag: independent features", choices=COVARIANCES)
    best_channels: int = setting(8, "Channels that features are taken from, the best ones", minimum=1, maximum=384)
    most_spikes: int = setting(
        100_000, "Of more spikes so many are fitted, and the others get the labels that follow", minimum=10
    )
    samples: int = setting(2000, "Sweeps of each chain of a gmm", minimum=1, maximum=1_000_000)
    burn_in: float = setting(0.4, "Part of a chain that is left out", minimum=0.0, maximum=0.99)
    thin: int = setting(1, "Of how many sweeps one is recorded", minimum=1, maximum=10_000)
    chains: int = setting(1, "Chains of a gmm", minimum=1, maximum=100)
    alpha: float = setting(1.0, "Concentration of a dpmm; more expects more components", minimum=1e-6, maximum=1e6)
    n_iter: int = setting(500, "Most iterations of a dpmm", minimum=1, maximum=100_000)
    n_init: int = setting(3, "Starts of a dpmm, of which the best is kept", minimum=1, maximum=100)
    fixed_variance: bool = setting(False, "Every variance is 1: for diag and features in units of the noise")
    scikit_learn: bool = setting(False, "Fit by scikit-learn instead")
    seed: int = setting(0, "Seed of every random number", minimum=0)
    title: str = setting("", "Name of the fit in the registry")
    root: str = setting("", "Folder of the registry; by default .phy_medicine/mixture of the dataset", files=True)

    def cluster_ids(self) -> tuple[int, ...]:
        """Return the clusters that were typed; errors as of `clusters_of`."""
        return clusters_of(self.clusters)


@dataclass(frozen=True, slots=True)
class ReclusterSettings:
    """Which clusters are taken apart, and by what model."""

    first: ClassVar[tuple[str, ...]] = ("clusters", "model", "components", "least_depth")

    clusters: str = setting("", "Clusters that are looked at, such as 3, 7; empty is all of them")
    model: str = setting(
        DPMM.lower(), "dpmm finds how many components there are; gmm is the number of the least BIC",
        choices=(DPMM.lower(), GMM.lower()),
    )  # fmt: skip
    components: int = setting(6, "Most components that the spikes of a cluster are described by", minimum=1, maximum=50)
    least_depth: float = setting(
        0.1, "Depth of the valley between two parts, of the lower peak, from which on they count as two",
        minimum=0.0, maximum=1.0,
    )  # fmt: skip
    best_channels: int = setting(8, "Channels that features are taken from, the best ones", minimum=1, maximum=384)
    most_spikes: int = setting(
        20_000, "Of more spikes so many are fitted, and the others get the labels that follow", minimum=40
    )
    executor: str = setting(
        "", "Where clusters are looked at: local:N processes, dask:ADDRESS or ipyparallel:PROFILE; empty is as many "
        "processes as a job has threads",
    )  # fmt: skip
    seed: int = setting(0, "Seed of every random number", minimum=0)

    def cluster_ids(self) -> tuple[int, ...]:
        """Return the clusters that were typed; errors as of `clusters_of`."""
        return clusters_of(self.clusters)


def clusters_of(text: str) -> tuple[int, ...]:
    """Return the numbers of clusters that were typed, such as 3, 7.

    Raises
    ------
    PhyMedError : a word that is no number
    """
    words = text.replace(",", " ").split()
    if not all(word.lstrip("-").isdigit() for word in words):
        raise PhyMedError(f"Clusters are numbers such as 3, 7, not {text!r}.")
    return tuple(dict.fromkeys(int(word) for word in words))
