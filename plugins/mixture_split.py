"""A splitter: the spikes of the selected clusters as a mixture of Gaussians in feature space."""

from functools import partial

import numpy as np

from phy_medicine.plugin import ActionError, Arg, Plugin, Splitter

N_CHANNELS = 4


def by_mixture(session, cluster_ids, n=2):
    """Return all spikes that have features on the best channels, and to which of n Gaussians each belongs."""
    from sklearn.mixture import GaussianMixture

    if not isinstance(n, int) or not 2 <= n <= 20:
        raise ActionError(f"A mixture has 2 to 20 parts, not {n}.")
    spike_ids = np.concatenate([session.data.spikes(cluster_id) for cluster_id in cluster_ids])
    features = session.data.features_of(spike_ids, session.data.best_channels(cluster_ids[0])[:N_CHANNELS])
    scores = features.data.reshape(len(features.spike_ids), -1)
    known = np.isfinite(scores).all(axis=1)
    if known.sum() < 10 * n:
        raise ActionError(f"Only {known.sum()} spikes have features on these channels; that is too few.")
    mixture = GaussianMixture(n, covariance_type="full", n_init=3, random_state=0)
    return features.spike_ids[known], mixture.fit_predict(scores[known])


class MixtureSplit(Plugin):
    """Adds Gaussian mixture to Edit > Split by."""

    def attach(self, session):
        session.extensions.splitters.add(
            Splitter(
                "mixture",
                partial(by_mixture, session),
                title="Gaussian mixture",
                help="Split the selected clusters by a mixture of Gaussians in feature space; 2, or as many as typed.",
                alias="gm",
                args=(Arg("n", "value", optional=True),),
            )
        )
