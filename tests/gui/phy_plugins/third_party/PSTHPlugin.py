"""Spikes around events, from two files beside the dataset."""

import os

import numpy as np
from phy import IPlugin
from phy.cluster.views import ManualClusteringView
from phy.plot.visuals import HistogramVisual, ScatterVisual, TextVisual
from phy.utils.color import selected_cluster_color


class PSTHView(ManualClusteringView):
    """Raster above, histogram below."""

    def __init__(self, controller=None):
        super().__init__()
        self.controller = controller
        self.canvas.set_layout("stacked", n_plots=2)
        self.canvas.enable_axes()
        self.raster, self.histogram, self.text = ScatterVisual(), HistogramVisual(), TextVisual()
        for visual in (self.raster, self.histogram, self.text):
            self.canvas.add_visual(visual)
        self.events = None
        if os.path.exists("events.csv"):
            import pandas as pd

            self.events = pd.read_csv("events.csv", header=None)[0].to_numpy(dtype=float)
            self.labels = pd.read_csv("event_labels.csv", header=None)[0].tolist()

    def on_select(self, cluster_ids=(), **kwargs):
        self.cluster_ids = cluster_ids
        if not cluster_ids or self.events is None:
            return
        for visual in (self.raster, self.histogram, self.text):
            visual.reset_batch()
        edges = np.linspace(-0.5, 0.5, 51)
        for i, cluster_id in enumerate(cluster_ids):
            t = self.controller.get_spike_times(cluster_id)
            rows = [(t[(t > e - 0.5) & (t < e + 0.5)] - e, n) for n, e in enumerate(self.events)]
            x = np.concatenate([r for r, _ in rows])
            y = np.concatenate([np.full(len(r), n) for r, n in rows])
            color = selected_cluster_color(i, 0.75)
            bounds = (-0.5, 0, 0.5, len(self.events))
            self.raster.add_batch_data(x=x, y=y, color=color, size=2.0, data_bounds=bounds, box_index=1)
            hist, _ = np.histogram(x, edges)
            self.histogram.add_batch_data(
                hist=hist, bin_edges=edges, color=color, ylim=hist.max() + 1,
                data_bounds=(-0.5, 0, 0.5, hist.max() + 1), box_index=0,
            )  # fmt: skip
        self.text.add_batch_data(
            text=self.labels[:1], pos=[(-0.45, 0.8)], anchor=(1, 1), data_bounds=(-0.5, 0, 0.5, 1), box_index=1
        )
        for visual in (self.raster, self.histogram, self.text):
            self.canvas.update_visual(visual)
        self.canvas.update()


class PSTHPlugin(IPlugin):
    """Peri-stimulus time histogram."""

    def attach_to_controller(self, controller):
        import neo  # noqa: F401

        controller.view_creator["PSTHView"] = lambda: PSTHView(controller=controller)
