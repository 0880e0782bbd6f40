"""Which clusters fire alike."""

import numpy as np
from phy import IPlugin, connect
from phy.cluster.views import ManualClusteringView
from phy.plot.visuals import ScatterVisual, TextVisual
from phy.utils import emit


class CorrelationView(ManualClusteringView):
    """Correlation of binned rates with all good clusters."""

    def __init__(self, controller=None):
        super().__init__()
        self.controller = controller
        self.visual, self.text = ScatterVisual(), TextVisual()
        self.canvas.add_visual(self.visual)
        self.canvas.add_visual(self.text)

    def rate(self, cluster_id):
        edges = np.arange(0, self.controller.model.duration + 1.0, 1.0)
        return np.histogram(self.controller.get_spike_times(cluster_id), edges)[0].astype(float)

    def on_select(self, cluster_ids):
        self.cluster_ids = cluster_ids
        if not cluster_ids:
            return
        supervisor = self.controller.supervisor
        group = supervisor.get_labels("group")
        ids = [int(c) for c in supervisor.clustering.cluster_ids if group[int(c)] != "noise"]
        mine = self.rate(cluster_ids[0])
        self.values = np.array([np.corrcoef(mine, self.rate(c))[0, 1] for c in ids])
        order = np.argsort(self.values)[::-1].tolist()
        self.best = supervisor.clustering.cluster_ids[order]
        self.ids = ids
        x = np.arange(len(ids), dtype=float)
        self.visual.set_data(x=x, y=self.values, size=5.0, data_bounds=(0, -1, len(ids), 1))
        self.text.set_data(pos=[(0, 0.9)], text=["correlation"], data_bounds=(0, -1, len(ids), 1))
        self.canvas.update()


class CorrelationPlugin(IPlugin):
    """The view, a snippet that filters, and one that selects."""

    def attach_to_controller(self, controller):
        controller.view_creator["CorrelationView"] = lambda: CorrelationView(controller=controller)

        @connect
        def on_gui_ready(sender, gui):
            @gui.view_actions.add(alias="two")
            def show_two(a, b):
                """Show two clusters only."""
                controller.supervisor.filter(f"id=={a} || id=={b}")

            @gui.view_actions.add(alias="sel")
            def select_one(a):
                """Select a cluster in all views."""
                emit("select", controller.supervisor, [int(a)])
