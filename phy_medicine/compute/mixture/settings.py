"""What can be said of a mixture fitted as a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import setting
from phy_medicine.compute.mixture.fit import DPMM, GMM
from phy_medicine.compute.mixture.prior import COVARIANCES, FULL

MOST_COMPONENTS = 500


@dataclass(frozen=True, slots=True)
class MixtureSettings:
    """Which spikes are clustered, and by what model."""

    first: ClassVar[tuple[str, ...]] = ("clusters", "model", "components", "covariance", "best_channels")

    clusters: str = setting("", "Clusters whose spikes are clustered anew, such as 3, 7; empty is all spikes")
    model: str = setting(
        DPMM.lower(), "dpmm finds how many components there are; gmm has as many as you say, and samples them",
        choices=(DPMM.lower(), GMM.lower()),
    )  # fmt: skip
    components: int = setting(6, "Components of a gmm, and the most of a dpmm", minimum=1, maximum=MOST_COMPONENTS)
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


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """Which numbers of components are tried, on which spikes."""

    first: ClassVar[tuple[str, ...]] = ("clusters", "components", "model", "covariance", "folds")

    clusters: str = setting("", "Clusters whose spikes are fitted together, such as 3, 7; empty is all spikes")
    components: str = setting("1-8", "Numbers of components, such as 1-8 or 2, 3, 5")
    model: str = setting(
        GMM.lower(), "gmm has exactly so many components; dpmm as many as it needs, up to so many",
        choices=(GMM.lower(), DPMM.lower()),
    )  # fmt: skip
    covariance: str = setting(FULL, "full: components may be tilted; diag: independent features", choices=COVARIANCES)
    folds: int = setting(3, "Folds of held-out spikes; 0 leaves them out", minimum=0, maximum=20)
    samples: int = setting(
        0, "Sweeps of Gibbs sampling of a gmm; 0 takes the most likely parameters", minimum=0, maximum=1_000_000
    )  # fmt: skip
    dimensions: int = setting(10, "Leading directions of the features that are fitted", minimum=1, maximum=40)
    best_channels: int = setting(8, "Channels that features are taken from, the best ones", minimum=1, maximum=384)
    most_spikes: int = setting(20_000, "Of more spikes so many are fitted", minimum=10)
    executor: str = setting(
        "", "Where fits are made: local:N processes, dask:ADDRESS or ipyparallel:PROFILE; empty is as many processes "
        "as a job has threads",
    )  # fmt: skip
    seed: int = setting(0, "Seed of every random number", minimum=0)
    title: str = setting("", "Name of the fits in the registry")
    root: str = setting("", "Folder of the registry; by default .phy_medicine/mixture of the dataset", files=True)

    def cluster_ids(self) -> tuple[int, ...]:
        """Return the clusters that were typed; errors as of `clusters_of`."""
        return clusters_of(self.clusters)

    def numbers(self) -> tuple[int, ...]:
        """Return the numbers of components, ascending; errors as of `numbers_of`."""
        return numbers_of(self.components)


def numbers_of(text: str) -> tuple[int, ...]:
    """Return numbers of components from 2-8 or 2, 3, 5, ascending.

    Raises
    ------
    PhyMedError : it is none of these, or they are not between 1 and 500
    """
    found: set[int] = set()
    try:
        for part in filter(None, text.replace(",", " ").split()):
            low, dash, high = part.partition("-")
            found |= set(range(int(low), min(int(high), MOST_COMPONENTS + 1) + 1)) if dash else {int(low)}
    except ValueError:
        raise PhyMedError(f"{text!r} is not of the form 2-8 or 2,3,5.") from None
    if not found or min(found) < 1 or max(found) > MOST_COMPONENTS:
        raise PhyMedError(f"{text!r} names no numbers of components from 1 on, up to {MOST_COMPONENTS}.")
    return tuple(sorted(found))


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
