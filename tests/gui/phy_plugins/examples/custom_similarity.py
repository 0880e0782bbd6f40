"""A way to compare clusters."""

import numpy as np
from phy import IPlugin
from phy.apps.template import from_sparse


class ExampleSimilarityPlugin(IPlugin):
    """Scalar product of normalised mean waveforms."""

    def attach_to_controller(self, controller):
        @controller.context.memcache
        def normalised(cluster_id):
            b = controller._get_mean_waveforms(cluster_id)
            data, channel_ids = b.data[0], b.channel_ids
            data /= np.abs(data).max()
            return data.T, channel_ids

        def mean_waveform_similarity(cluster_id):
            n_channels = controller.model.n_channels
            data, channels = normalised(cluster_id)
            mine = from_sparse(data.T, np.tile(channels, (data.shape[1], 1)), np.arange(n_channels)).ravel()
            pairs = []
            for other in controller.supervisor.clustering.cluster_ids:
                data, channels = normalised(other)
                theirs = from_sparse(data.T, np.tile(channels, (data.shape[1], 1)), np.arange(n_channels)).ravel()
                norm = np.linalg.norm(mine) * np.linalg.norm(theirs)
                pairs.append((int(other), float(mine @ theirs / norm)))
            return sorted(pairs, key=lambda pair: -pair[1])

        controller.similarity_functions["mean_waveform"] = mean_waveform_similarity
        controller.similarity = "mean_waveform"
