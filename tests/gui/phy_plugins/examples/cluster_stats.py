"""A histogram of every selected cluster."""

from phy import Bunch, IPlugin
from phy.cluster.views import HistogramView


class FeatureHistogramView(HistogramView):
    n_bins = 100
    x_max = 10
    alias_char = "fh"


class ExampleClusterStatsPlugin(IPlugin):
    """Distribution of the first principal component on the best channel."""

    def attach_to_controller(self, controller):
        def feature_histogram(cluster_id):
            return Bunch(data=controller.get_features(cluster_id).data[:, 0, 0])

        def create_view():
            return FeatureHistogramView(cluster_stat=feature_histogram)

        controller.view_creator["FeatureHistogram"] = create_view
