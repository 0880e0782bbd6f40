"""A column for what the sorter and the curator agree on."""

from phy import IPlugin


class GoodLabelsPlugin(IPlugin):
    """1 for a good cluster, as saved."""

    def attach_to_controller(self, controller):
        def good_labels(cluster_id):
            labels = controller.model.metadata["group"]
            return int(labels.get(cluster_id) == "good")

        controller.cluster_metrics["good_labels"] = good_labels
