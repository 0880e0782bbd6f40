"""A column of the cluster table."""

import numpy as np
from phy import IPlugin


class ExampleClusterMetricsPlugin(IPlugin):
    """Mean interval between spikes."""

    def attach_to_controller(self, controller):
        def meanisi(cluster_id):
            t = controller.get_spike_times(cluster_id).data
            return np.diff(t).mean() if len(t) > 1 else 0

        controller.cluster_metrics["meanisi"] = controller.context.memcache(meanisi)
