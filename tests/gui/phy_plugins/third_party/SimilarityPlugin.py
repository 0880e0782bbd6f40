"""All pairs of clusters as points."""

import numpy as np
from phy import IPlugin
from phy.cluster.views import ManualClusteringView
from phy.plot.visuals import ScatterVisual


class PairsView(ManualClusteringView):
    """Similarity against distance, very many points in batches."""

    def __init__(self, controller=None):
        super().__init__()
        self.controller = controller
        self.canvas.enable_axes()
        self.visual = ScatterVisual()
        self.canvas.add_visual(self.visual)

    def on_select(self, cluster_ids):
        self.cluster_ids = cluster_ids
        similarity = self.controller.similarity_functions["template"]
        self.visual.reset_batch()
        self.n = 0
        for a in self.controller.supervisor.clustering.cluster_ids:
            pairs = similarity(a)
            if not pairs:
                continue
            depth = self.controller.get_probe_depth(a)
            x = np.array([abs(self.controller.get_probe_depth(b) - depth) for b, _ in pairs], dtype=float)
            y = np.array([s for _, s in pairs], dtype=float)
            self.n += len(x)
            self.visual.add_batch_data(x=x, y=y, color=(1, 1, 1, 0.3), size=3.0, data_bounds=(0, 0, 2000, 1))
        self.canvas.update_visual(self.visual)
        self.canvas.update()


class SimilarityPlugin(IPlugin):
    """The view of all pairs."""

    def attach_to_controller(self, controller):
        controller.view_creator["PairsView"] = lambda: PairsView(controller=controller)
