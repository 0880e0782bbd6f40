"""A plugin for phy 1."""

from phy import IPlugin


class CustomStatsPlugin(IPlugin):
    """Uses names that phy 2 does not have any more."""

    def attach_to_controller(self, c):
        @c.manual_clustering.add_column
        def isi(cluster_id):
            return len(c.spikes_per_cluster(cluster_id))
