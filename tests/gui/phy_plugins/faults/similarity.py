"""Replaces the similarity, badly."""

from phy import IPlugin


class BadSimilarityPlugin(IPlugin):
    def attach_to_controller(self, controller):
        def similarity(cluster_id):
            raise LookupError(f"no idea what resembles {cluster_id}")

        controller.similarity_functions["bad"] = similarity
        controller.similarity = "bad"
