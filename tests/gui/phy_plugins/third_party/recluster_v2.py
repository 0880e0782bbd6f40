"""Clusters an embedding of the features."""

import numpy as np
from phy import IPlugin, connect


class ReclusterUMAP(IPlugin):
    """UMAP, then a mixture of two."""

    def attach_to_controller(self, controller):
        @connect
        def on_gui_ready(sender, gui):
            @controller.supervisor.actions.add(shortcut="alt+z", prompt=True, prompt_default=lambda: 2)
            def umap_gmm_clustering(n_clusters):
                """Split the selection in feature space. Example: `2`"""
                from sklearn.mixture import GaussianMixture
                from umap import UMAP

                spike_ids = controller.supervisor.clustering.spikes_in_clusters(controller.supervisor.selected)
                data = controller.model._load_features().data[spike_ids]
                embedding = UMAP().fit_transform(np.reshape(data, (len(data), -1)))
                labels = GaussianMixture(n_components=int(n_clusters), random_state=0).fit_predict(embedding)
                controller.supervisor.actions.split(spike_ids, labels)
